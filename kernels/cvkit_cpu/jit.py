"""``@kernel``: the one decorator of CPU kernels. It compiles on the first call and keeps the machine code on disk.

Numba's own cache looks at the kernel's file alone and misses an edit in a file that the kernel imports. This one is
stamped over the kernel's import closure: the sources of its module and of every ``cvkit_*`` module that those import.
"""

import contextlib
import hashlib
import importlib.util
import os
import pickle
import platform
import re
import sys
import tempfile
from functools import cache
from pathlib import Path

import llvmlite
import numba
from numba.core import config
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

on_compile = []  # callables that take the name of a kernel that is about to be compiled, having been in no cache


def kernel(function):
    """Compile lazily, release the GIL, cache on disk. Kernels get arrays, scalars and scratch; they allocate and raise
    nothing.
    """
    if function.__closure__:
        raise TypeError(
            f"{function.__qualname__}: a kernel is a module-level function, so that it can be cached and tested alone"
        )
    dispatcher = numba.njit(nogil=True, error_model="numpy", _nrt=False)(function)
    # A private attribute of Numba. Without it kernels still work and are compiled once a process; a test watches it.
    if hasattr(dispatcher, "_cache"):
        dispatcher._cache = KernelCache(function)
    return dispatcher


def inlined(function):
    """Compile into each kernel that calls it: for what returns an array, which a kernel can't."""
    return numba.njit(inline="always")(function)


class KernelCache:
    """What a Numba dispatcher asks of its cache: one file for each kernel, signature, processor and import closure.

    There is no index to fall out of step with the data when several processes write at once. Whatever is wrong with the
    folder or a file (missing, not ours, damaged) counts as 'not in the cache'.
    """

    def __init__(self, function):
        self._name = f"{function.__module__}.{function.__qualname__}"
        # Now, while the files still hold what has been imported.
        self._stamp = closure_stamp(function.__module__)

    @property
    def cache_path(self):
        """Numba prints this in diagnostics."""
        return str(folder())

    def load_overload(self, signature, target):
        target.refresh()
        path = self._path(signature, target.codegen())
        payload = None if path is None else _read(path)
        if payload is None:
            for callback in on_compile:
                callback(self._name)
            return None
        return CompileResult._rebuild(target, *pickle.loads(payload))

    def save_overload(self, signature, compiled):
        path = self._path(signature, compiled.codegen)
        if path is not None and not compiled.lifted and not compiled.library.has_dynamic_globals:
            _write(path, dumps(compiled._reduce()))

    def enable(self):
        """Always on."""

    def disable(self):
        """Always on."""

    def flush(self):
        """Nothing is kept in memory."""

    def _path(self, signature, codegen):
        where = folder()
        if self._stamp is None or where is None:
            return None
        options = (
            config.OPT,
            config.BOUNDSCHECK,
            config.LOOP_VECTORIZE,
            config.SLP_VECTORIZE,
            config.DEBUGINFO_DEFAULT,
        )
        versions = (sys.version, platform.machine(), numba.__version__, llvmlite.__version__)
        key = repr((self._name, self._stamp, str(signature), codegen.magic_tuple(), options, versions))
        return where / f"{self._name}-{hashlib.sha256(key.encode()).hexdigest()[:32]}.kernel"


@cache
def folder():
    """Folder of compiled kernels, or None when there is none that only this user can write.

    Its files are machine code and are executed, so a folder of another user or one that others may write is not used.
    """
    path = os.environ.get("CVKIT_CACHE_DIR") or _user_cache() / "cvkit"
    try:
        path = Path(path).expanduser() / "kernels"
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.stat()
        with tempfile.TemporaryFile(dir=path):
            pass
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        return None
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
        return None
    return path


def _user_cache():
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local"))
    if sys.platform == "darwin":
        return Path("~/Library/Caches")
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")


@cache
def closure_stamp(module):
    """SHA-256 over the sources of ``module`` and of all ``cvkit_*`` modules it imports, or None without sources."""
    sources = {}
    todo = {module}
    while todo:
        name = todo.pop()
        sources[name] = _source(name)  # None where `from module import name` names no module
        todo |= _imports(sources[name] or b"") - sources.keys()
    if sources[module] is None:
        return None
    digest = hashlib.sha256()
    for name, source in sorted(sources.items()):
        if source is not None:
            digest.update(f"{name}\0{len(source)}\0".encode() + source)
    return digest.hexdigest()


@cache
def _source(name):
    try:
        spec = importlib.util.find_spec(name)
        return Path(spec.origin).read_bytes() if spec and spec.origin else None
    except (ImportError, AttributeError, OSError, ValueError):  # ValueError: a script has no spec
        return None


def _imports(source):
    """Names of ``cvkit_*`` modules in a source's import statements, and names that may be modules of them.

    Kernels import absolutely. A regular expression takes a twentieth of the time of a parser, at every start.
    """
    found = set()
    imports_from = rb"^[ \t]*from[ \t]+(cvkit_[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)"
    for module, names in re.findall(imports_from, source, re.MULTILINE):
        found.add(module)
        found.update(module + b"." + name for name in re.findall(rb"\w+", names))
    for names in re.findall(rb"^[ \t]*import[ \t]+([^\n]*)", source, re.MULTILINE):
        found.update(re.findall(rb"\bcvkit_[\w.]*", names))
    return {name.decode() for name in found}


def _read(path):
    """The payload of a cache file, or None when it is missing, cut short or altered."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    digest, payload = data[:32], data[32:]
    return payload if hashlib.sha256(payload).digest() == digest else None


def _write(path, payload):
    """Write to a temporary file, then rename: a reader never sees half a file. A full or vanished folder costs time
    only.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(payload).digest() + payload)
        os.replace(name, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name)
