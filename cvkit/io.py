"""Image files in and out: PNG, JPEG, TIFF, BMP, WebP and PNM, with OpenCV as the codec.

cv2 is imported by the first call, not by this module.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvkit._headers import Header, describe, inspect
from cvkit.check import listed, shown
from cvkit.errors import ArgumentError, DtypeError, ImageIOError
from cvkit.files import store, why_unreadable, why_unwritable

Image = NDArray[Any]
Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO

MAX_PIXELS = 400_000_000  # far above any camera; three 8-bit channels of it are 1.2 GB


class _Writer(NamedTuple):
    dtypes: tuple[str, ...]
    channels: tuple[int, ...]


_JPEG = _Writer(("uint8",), (1, 3))
_TIFF = _Writer(("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"), (1, 3, 4))
_EIGHT_BITS = _Writer(("uint8",), (1, 3, 4))
# What OpenCV writes and reads back unchanged; it converts everything else without a word.
_WRITERS = {
    ".png": _Writer(("uint8", "uint16"), (1, 3, 4)),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".bmp": _EIGHT_BITS,
    ".webp": _EIGHT_BITS,
    ".pgm": _Writer(("uint8", "uint16"), (1,)),
    ".ppm": _Writer(("uint8", "uint16"), (3,)),
    ".pnm": _Writer(("uint8", "uint16"), (1, 3)),
    ".pbm": _Writer(("uint8",), (1,)),
}
EXTENSIONS = tuple(_WRITERS)


def imread(
    source: Source, *, gray: bool | None = False, alpha: bool = False, max_pixels: int | None = MAX_PIXELS
) -> Image:
    """Read an image from a file, from bytes, or from an open binary file.

    Equal to ``cv2.imread(source, IMREAD_COLOR | IMREAD_ANYDEPTH)``, and with `gray` to
    ``cv2.imread(source, IMREAD_GRAYSCALE | IMREAD_ANYDEPTH)``: 16-bit and float pixels keep their dtype, EXIF
    orientation is applied. Where OpenCV would return None, the first of several frames or part of an image, this
    raises.

    Parameters
    ----------
    source
        Path, the content of a file, or a binary file object, which is read to its end. PNG, JPEG, TIFF, BMP, WebP or
        PNM (.pgm .ppm .pbm); the content decides, not the extension.
    gray
        Return (H, W) instead of (H, W, 3); with None only where the file is gray, as IMREAD_ANYCOLOR does.
    alpha
        Return BGRA (H, W, 4) where the file has an alpha channel, else BGR as ever. The first three channels are
        those of the default.
    max_pixels
        Refuse a file that declares more than this, before anything is decoded. None lifts the limit; OpenCV's own,
        2**30 pixels and 2**20 a side, remains.

    Returns
    -------
    New C-contiguous array (H, W, 3) in BGR order, or as `gray` and `alpha` say.

    Raises
    ------
    ImageIOError
        The file is missing, unreadable, empty, not an image, cut, damaged, too large, or holds several frames.
        Only PNG and zlib-compressed TIFF carry checksums: bytes changed inside other pixel data can go unnoticed.
    ArgumentError, DtypeError
        An argument is wrong in itself.

    Notes
    -----
    32-bit and 64-bit TIFFs go further than ``cv2.imread``, which fails on gray ones in colour and on ones with alpha:
    gray values are repeated in B, G and R, alpha is left out. TIFFs with an orientation of 5 to 8 are
    equal to ``cv2.imdecode``, as ``cv2.imread`` fails on them.

    Examples
    --------
    >>> import numpy as np
    >>> imread(encode(np.full((2, 3), 7, np.uint8), ".png"), gray=True)
    array([[7, 7, 7],
           [7, 7, 7]], dtype=uint8)
    """
    if gray and alpha:
        raise ArgumentError("imread: gray and alpha exclude each other. Choose one: a gray image has no alpha channel.")
    if max_pixels is not None and (isinstance(max_pixels, bool) or not isinstance(max_pixels, int | np.integer)):
        raise DtypeError(f"imread: max_pixels is {max_pixels!r}; it takes a positive integer, or None for no limit.")
    if max_pixels is not None and max_pixels <= 0:
        raise ArgumentError(f"imread: max_pixels is {max_pixels}; it takes a positive integer, or None for no limit.")
    data, name = _load(source)
    header = _checked_header(data, name, max_pixels)
    if gray:
        return _decode_gray(data, name, header)
    if alpha and header.format not in ("JPEG", "PNM"):
        return _decode_alpha(data, name, header, any_color=gray is None)
    return _decode_color(data, name, header, any_color=gray is None)


def imwrite(path: str | os.PathLike[str], image: Image, *, quality: int | None = None, overwrite: bool = True) -> None:
    """Write an image to a file; the extension names the format.

    The file holds what ``cv2.imencode`` gives, and is complete or absent: it is written beside its place under
    another name and then moved there.

    Parameters
    ----------
    path
        Ends in .png .jpg .jpeg .tif .tiff .bmp .webp .pgm .ppm .pnm or .pbm.
    image
        (H, W), (H, W, 1), BGR (H, W, 3) or BGRA (H, W, 4) with any strides; never written to. A dtype or number of
        channels that the format does not hold is an error, never converted. .png .pgm .ppm .pnm take uint8 and uint16,
        .tif also signed, 32-bit and float pixels, the others uint8; .pbm only the values 0 and 255. WebP has no gray
        and stores a gray image as three equal channels.
    quality
        1 to 100, for .jpg (None: 95) and .webp (None: lossless).
    overwrite
        False: a file that already exists is an error. True: it is replaced and its permissions are kept.

    Raises
    ------
    ImageIOError
        The file cannot be written; what was there before is unchanged.
    ArgumentError, DtypeError
        An argument is wrong in itself, or the format cannot hold the image.

    Examples
    --------
    >>> import numpy as np, tempfile, os
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "seven.png")
    ...     imwrite(path, np.full((2, 3), 7, np.uint8))
    ...     imread(path).shape
    (2, 3, 3)
    """
    if not isinstance(path, str | os.PathLike):
        raise DtypeError(f"imwrite: path is {shown(path)}; it takes a path. encode() gives the bytes of a file.")
    target = os.fsdecode(path)
    content = _encode("imwrite", image, os.path.splitext(target)[1], quality, f"path {target!r}")
    if not overwrite and os.path.lexists(target):
        raise ImageIOError(f"imwrite: {target!r} already exists. Choose another name or pass overwrite=True.")
    try:
        store(target, content)
    except OSError as error:
        raise ImageIOError(f"imwrite: cannot write {target!r}: {why_unwritable(target, error)}") from error
    except ValueError as error:
        raise ArgumentError(f"imwrite: path {target!r} is no valid file name: {error}.") from error


def encode(image: Image, extension: str, *, quality: int | None = None) -> bytes:
    """The content that ``imwrite`` would write, for a pipe, a socket or a database.

    Equal to ``cv2.imencode(extension, image)``; .webp is lossless, transparent pixels included, unless `quality` is
    given. Takes the same images and raises the same errors as ``imwrite``.

    Examples
    --------
    >>> import numpy as np
    >>> encode(np.zeros((2, 3), np.uint8), ".pgm")
    b'P5\\n3 2\\n255\\n\\x00\\x00\\x00\\x00\\x00\\x00'
    """
    if not isinstance(extension, str):
        raise DtypeError(f"encode: extension is {shown(extension)}; it takes a string such as '.png'.")
    dotted = extension if extension.startswith(".") else "." + extension
    return _encode("encode", image, dotted, quality, f"extension {extension!r}")


def _load(source: Source) -> tuple[bytes, str]:
    """Content, and how an error names it."""
    if isinstance(source, str | os.PathLike):
        path = os.fsdecode(source)
        try:
            with open(path, "rb") as file:
                return file.read(), repr(path)
        except OSError as error:
            raise ImageIOError(f"imread: cannot read {path!r}: {why_unreadable(path, error)}") from error
        except ValueError as error:  # a null character, or one that the file system's encoding lacks
            raise ArgumentError(f"imread: path {path!r} is no valid file name: {error}.") from error
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), f"source ({type(source).__name__})"
    if not hasattr(source, "read"):
        raise DtypeError(f"imread: source is {shown(source)}; it takes a path, bytes or a binary file object.")
    label = getattr(source, "name", None)
    name = repr(label) if isinstance(label, str) else "source (file object)"
    try:
        content = source.read()
    except (OSError, ValueError) as error:  # ValueError: closed, or text that is not in the expected encoding
        raise ImageIOError(f"imread: cannot read {name}: {error}. Open the file in binary mode, 'rb'.") from error
    if not isinstance(content, bytes | bytearray | memoryview):
        raise DtypeError(f"imread: {name} gives {type(content).__name__}, not bytes. Open it in binary mode, 'rb'.")
    return bytes(content), name


def _checked_header(data: bytes, name: str, max_pixels: int | None) -> Header:
    if not data:
        raise ImageIOError(f"imread: {name} is empty. Copy or download it again.")
    header = inspect(data)
    if header is None:
        raise ImageIOError(f"imread: {name} is {describe(data)}; it takes PNG, JPEG, TIFF, BMP, WebP and PNM images.")
    size = f"{header.width} x {header.height} pixels"
    if max_pixels is not None and header.width * header.height > max_pixels:
        raise ImageIOError(
            f"imread: {name} declares {size}, more than max_pixels={max_pixels}. If you trust the file, raise it, "
            "or pass max_pixels=None (on the command line --max-pixels 0)."
        )
    if header.problem:
        raise ImageIOError(
            f"imread: {name} is a damaged or incomplete {header.format} file: {header.problem}. "
            "Copy or download it again."
        )
    if header.width <= 0 or header.height <= 0:
        raise ImageIOError(f"imread: {name} is a {header.format} file that declares {size}: there is nothing to read.")
    if header.frames > 1:
        raise ImageIOError(
            f"imread: {name} is a {header.format} file with {header.frames} frames; imread reads files with one. "
            "cv2.imreadmulti reads them all."
        )
    return header


def _decode_color(data: bytes, name: str, header: Header, *, any_color: bool) -> Image:
    import cv2

    image = _imdecode(data, name, (cv2.IMREAD_ANYCOLOR if any_color else cv2.IMREAD_COLOR) | cv2.IMREAD_ANYDEPTH)
    if image is None and header.format == "TIFF":  # OpenCV fails to bring 32-bit and 64-bit pixels to three channels
        image = _imdecode(data, name, cv2.IMREAD_UNCHANGED)
        if image is not None and image.ndim == 2 and not any_color:
            image = np.repeat(image[:, :, np.newaxis], 3, axis=2)
        elif image is not None and image.ndim == 3:
            image = np.ascontiguousarray(image[:, :, :3])
    return _decoded(image, name, header)


def _decode_gray(data: bytes, name: str, header: Header) -> Image:
    import cv2

    image = _imdecode(data, name, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH)
    if image is None and header.format == "TIFF":
        color = _imdecode(data, name, cv2.IMREAD_UNCHANGED)
        if color is not None:
            raise ImageIOError(
                f"imread: {name} is a colour TIFF of {color.dtype}, which OpenCV does not read as gray. "
                "Read it in colour and convert it."
            )
    return _decoded(image, name, header)


def _decode_alpha(data: bytes, name: str, header: Header, *, any_color: bool) -> Image:
    import cv2

    image = _decoded(_imdecode(data, name, cv2.IMREAD_UNCHANGED), name, header)
    four = image.ndim == 3 and image.shape[2] == 4
    if four and (header.alpha or header.format != "TIFF"):  # OpenCV gives a CMYK TIFF a fourth channel too
        return _oriented(image, header.orientation)
    if header.alpha:
        raise ImageIOError(
            f"imread: {name} is a gray {header.format} file with transparency, which OpenCV does not read. "
            "Leave alpha=True out."
        )
    return _decode_color(data, name, header, any_color=any_color)


def _oriented(image: Image, orientation: int) -> Image:
    """Upright image; OpenCV's unchanged mode ignores the orientation of PNG and WebP."""
    if orientation >= 5:  # 5 to 8 are 1 to 4 after a transposition
        image, orientation = image.swapaxes(0, 1), orientation - 4
    if orientation in (2, 3):
        image = image[:, ::-1]
    if orientation in (3, 4):
        image = image[::-1]
    return np.ascontiguousarray(image)


def _imdecode(data: bytes, name: str, flags: int) -> Image | None:
    import cv2

    try:
        with _quiet_cv2():
            return cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        if "CV_IO_MAX_IMAGE" in str(error):
            raise ImageIOError(
                f"imread: {name} is over OpenCV's own limit of 2**30 pixels and 2**20 a side. Set OPENCV_IO_MAX_IMAGE_"
                "PIXELS, _WIDTH and _HEIGHT in the environment before Python starts."
            ) from error
        return None


def _decoded(image: Image | None, name: str, header: Header) -> Image:
    if image is None:
        raise ImageIOError(
            f"imread: OpenCV cannot decode {name}: its pixel data is damaged, or it is a kind of {header.format} "
            "that OpenCV does not support. Copy it again or save it in another way."
        )
    return image


_quiet_lock = threading.Lock()
_quiet_depth = 0
_quiet_level = 0


@contextlib.contextmanager
def _quiet_cv2() -> Iterator[None]:
    """Keep OpenCV's codecs from logging what an exception will say. Its log level is one for the whole process, so
    calls in several threads count themselves: the first in sets it, the last out restores it."""
    import cv2

    global _quiet_depth, _quiet_level
    with _quiet_lock:
        if not _quiet_depth:
            _quiet_level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        _quiet_depth += 1
    try:
        yield
    finally:
        with _quiet_lock:
            _quiet_depth -= 1
            if not _quiet_depth:
                cv2.utils.logging.setLogLevel(_quiet_level)


def _encode(caller: str, image: Image, extension: str, quality: int | None, given: str) -> bytes:
    import cv2

    extension = extension.lower()
    if extension not in _WRITERS:
        what = f"the unknown extension {extension!r}" if len(extension) > 1 else "no extension"
        raise ArgumentError(f"{caller}: {given} has {what}; it takes {listed(tuple(_WRITERS))}.")
    pixels = _checked_pixels(caller, image, extension)
    parameters = _parameters(caller, extension, quality)
    try:
        with _quiet_cv2():
            done, content = cv2.imencode(extension, pixels, parameters)
    except cv2.error:
        done = False
    if not done:
        h, w = pixels.shape[:2]
        raise ImageIOError(
            f"{caller}: OpenCV cannot encode {w} x {h} pixels as {extension}. The longest side is 65500 for .jpg, "
            "16383 for .webp and 1000000 for .png; .tif holds more."
        )
    return content.tobytes()


def _parameters(caller: str, extension: str, quality: int | None) -> list[int]:
    import cv2

    if quality is None:
        if extension == ".webp":
            return [cv2.IMWRITE_WEBP_LOSSLESS_MODE, cv2.IMWRITE_WEBP_LOSSLESS_PRESERVE_COLOR]
        return []
    if isinstance(quality, bool) or not isinstance(quality, int | np.integer):
        raise DtypeError(f"{caller}: quality is {shown(quality)}; it takes an integer from 1 to 100.")
    if not 1 <= quality <= 100:
        raise ArgumentError(f"{caller}: quality is {quality}; it takes an integer from 1 to 100.")
    if extension not in (".jpg", ".jpeg", ".webp"):
        raise ArgumentError(f"{caller}: quality is for .jpg and .webp; {extension} loses nothing. Leave it out.")
    return [cv2.IMWRITE_WEBP_QUALITY if extension == ".webp" else cv2.IMWRITE_JPEG_QUALITY, int(quality)]


def _checked_pixels(caller: str, image: Image, extension: str) -> Image:
    """The image as cv2.imencode takes it: C-contiguous, native byte order. Nothing about its values changes."""
    if not isinstance(image, np.ndarray):
        raise DtypeError(f"{caller}: image is {shown(image)}; it takes a NumPy array. np.asarray may give one.")
    dtypes, channels = _WRITERS[extension]
    if image.dtype.name not in dtypes:
        raise DtypeError(
            f"{caller}: image has dtype {image.dtype}; {extension} takes {listed(dtypes)}. "
            "Convert it yourself: cvkit never rescales pixel values."
        )
    if image.size == 0:
        raise ArgumentError(f"{caller}: image is empty, its shape is {image.shape}; it takes at least one pixel.")
    cn = image.shape[2] if image.ndim == 3 else 1
    if image.ndim not in (2, 3) or cn not in channels:
        advice = "Split or convert it yourself."
        if image.ndim == 3 and cn > 4 and image.shape[0] in channels:
            advice = "Channels come last: np.moveaxis(image, 0, -1)."
        elif cn == 4:
            advice = "Drop the alpha channel yourself, image[..., :3], or write a .png."
        shapes = {1: "(H, W)", 3: "(H, W, 3)", 4: "(H, W, 4)"}
        takes = listed(tuple(shapes[c] for c in channels))
        raise ArgumentError(f"{caller}: image has shape {image.shape}; {extension} takes {takes}. {advice}")
    if extension == ".pbm" and np.any((image != 0) & (image != 255)):
        raise ArgumentError(f"{caller}: image has values other than 0 and 255; .pbm takes only these. Threshold it.")
    return np.ascontiguousarray(image, image.dtype.newbyteorder("="))
