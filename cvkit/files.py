"""Files written whole or not at all, and why one could not be read or written."""

import contextlib
import os
import secrets
import stat


def store(target: str, content: bytes) -> None:
    """Write a file beside its place under another name, then move it there: it is complete or absent."""
    target = os.path.realpath(target)  # through a link, as open() writes: the link itself stays
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):  # a folder fails here; /dev/null and pipes must not be replaced
        with open(target, "wb") as file:
            file.write(content)
        return
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError
    temporary = os.path.join(os.path.dirname(target), f".cvkit-{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
        if mode is not None:
            os.chmod(temporary, stat.S_IMODE(mode))
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def why_unwritable(target: str, error: OSError) -> str:
    """The end of a sentence about a file that could not be written."""
    folder = os.path.dirname(target) or "."
    if os.path.isdir(target):
        return "it is a folder. Add a file name."
    if not os.path.exists(folder):
        return f"the folder {folder!r} does not exist. Create it first."
    if not os.path.isdir(folder):
        return f"{folder!r} is a file, not a folder. Choose another folder."
    if isinstance(error, PermissionError):
        return "you have no permission. Choose another folder, or change the permissions."
    return f"{error.strerror}."


def why_unreadable(path: str, error: OSError) -> str:
    """The end of a sentence about a file that could not be read."""
    if os.path.isdir(path):
        return "it is a folder. Name one file in it."
    if isinstance(error, FileNotFoundError):
        return "there is no such file. Check the name, and the folder from which relative paths start."
    if isinstance(error, PermissionError):
        return "you have no permission. Check those of the file and of the folders above it."
    return f"{error.strerror}."
