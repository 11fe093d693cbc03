"""What an image file says about itself, read without decoding it.

OpenCV returns an image from some cut or damaged files, and only the first frame of several. So ``imread`` first walks
the file's own structure: this module finds the size, counts the frames and says what is wrong.
"""

import re
import struct
import zlib
from dataclasses import dataclass

PREVIEW_OR_MASK = 1 | 4  # bits of a TIFF page's NewSubfileType
DEFLATE = (8, 32946)  # the two numbers for zlib compression in TIFF
UNSIGNED = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}  # TIFF field type -> struct code

JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # in entropy-coded data: neither a stuffed byte nor a restart
PNM_NUMBER = re.compile(rb"(?:\s|#[^\n]*\n)+(\d{1,19})")
PNM_MAGIC = re.compile(rb"\s*P[1-6][\s#]")

# Files that people give to imread by mistake, so that the error can say what came.
OTHER_FILES = (
    (0, b"%PDF", "a PDF document"),
    (0, b"GIF8", "a GIF image"),
    (0, b"\x93NUMPY", "a NumPy array file (np.load reads it)"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"<", "an HTML, XML or SVG text"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"v/1\x01", "an OpenEXR image"),
    (0, b"P7\n", "a PAM image"),
    (4, b"jP  ", "a JPEG 2000 image"),
    (4, b"ftyp", "an AVIF, HEIC or MP4 file"),
)


class DamagedError(Exception):
    """The file contradicts itself or ends too early."""


@dataclass
class Header:
    """What a file declares; `problem` says why its pixels cannot be trusted, empty if nothing is known against them."""

    format: str
    width: int = 0
    height: int = 0
    frames: int = 1
    orientation: int = 1  # EXIF 1..8, of PNG and WebP only: OpenCV applies TIFF's itself and JPEG has no alpha
    alpha: bool = False  # PNG and TIFF only
    problem: str = ""


def inspect(data: bytes) -> Header | None:
    """Header of an image file, or None where the content is of no known format. Size comes before `problem`, so an
    enormous file can be refused by its size even when it is cut."""
    for matches, name, walk in (
        (data.startswith(b"\x89PNG\r\n\x1a\n"), "PNG", _walk_png),
        (data.startswith(b"\xff\xd8\xff"), "JPEG", _walk_jpeg),
        (data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")), "TIFF", _walk_tiff),
        (data.startswith(b"RIFF") and data[8:12] == b"WEBP", "WebP", _walk_webp),
        (data.startswith(b"BM") and data[14:18] in BMP_HEADERS, "BMP", _walk_bmp),
        (data.startswith(b"P") and PNM_MAGIC.match(data), "PNM", _walk_pnm),
    ):
        if matches:
            header = Header(name)
            try:
                walk(data, header)
            except DamagedError as damage:
                header.problem = str(damage)
            except (struct.error, IndexError, OverflowError):  # an offset outside the file, or outside any file
                header.problem = "it ends too early"
            return header
    return None


def describe(data: bytes) -> str:
    """What a file that is no known image seems to be."""
    for start, magic, name in OTHER_FILES:
        if data.startswith(magic, start):
            return name
    return "text" if data[:512].isascii() and b"\0" not in data[:512] else "of an unknown kind"


def _walk_png(data: bytes, header: Header) -> None:
    view, position, name = memoryview(data), 8, b""
    while name != b"IEND":
        size, name = struct.unpack_from(">I4s", data, position)
        start, end = position + 8, position + 8 + size
        if name == b"IHDR":
            header.width, header.height = struct.unpack_from(">II", data, start)
            header.alpha = data[start + 9] in (4, 6)
        elif position == 8:
            raise DamagedError("it does not begin with a header chunk")
        (checksum,) = struct.unpack_from(">I", data, end)
        if zlib.crc32(view[position + 4 : end]) != checksum:
            raise DamagedError(f"the checksum of the chunk at byte {position} is wrong")
        if name == b"tRNS":
            header.alpha = True
        elif name == b"eXIf":
            header.orientation = _exif_orientation(data[start:end])
        elif name == b"acTL":
            (header.frames,) = struct.unpack_from(">I", data, start)
        position = end + 4


def _walk_jpeg(data: bytes, header: Header) -> None:
    position, scans = 2, 0
    while True:
        if data[position] != 0xFF:
            raise DamagedError(f"there is no marker at byte {position}")
        while data[position] == 0xFF:
            position += 1
        marker = data[position]
        position += 1
        if marker == 0xD9:  # end of image
            if not scans:
                raise DamagedError("it holds no picture data")
            return
        (size,) = struct.unpack_from(">H", data, position)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            header.height, header.width = struct.unpack_from(">HH", data, position + 3)
        position += size
        if marker == 0xDA:  # start of a scan: its header, then entropy-coded data up to the next marker
            scans += 1
            found = JPEG_MARKER.search(data, position)
            if not found:
                raise DamagedError("it ends too early")
            position = found.start()


def _walk_webp(data: bytes, header: Header) -> None:
    (size,) = struct.unpack_from("<I", data, 4)
    if size + 8 > len(data):
        raise DamagedError(f"it ends too early: {len(data)} of {size + 8} bytes are there")
    position, pictures, frames = 12, 0, 0
    while position + 8 <= size + 8:
        name, length = struct.unpack_from("<4sI", data, position)
        start, end = position + 8, position + 8 + length
        if end > size + 8:
            raise DamagedError(f"the chunk at byte {position} reaches past its end")
        if name == b"VP8X":
            header.width = 1 + int.from_bytes(data[start + 4 : start + 7], "little")
            header.height = 1 + int.from_bytes(data[start + 7 : start + 10], "little")
        elif name == b"VP8 ":
            pictures += 1
            width, height = struct.unpack_from("<HH", data, start + 6)
            header.width, header.height = header.width or width & 0x3FFF, header.height or height & 0x3FFF
        elif name == b"VP8L":
            pictures += 1
            (packed,) = struct.unpack_from("<I", data, start + 1)
            header.width = header.width or 1 + (packed & 0x3FFF)
            header.height = header.height or 1 + (packed >> 14 & 0x3FFF)
        elif name == b"ANMF":
            frames += 1
        elif name == b"EXIF":
            header.orientation = _exif_orientation(data[start:end])
        position = end + (length & 1)
    if not pictures and not frames:
        raise DamagedError("it holds no picture data")
    header.frames = max(frames, 1)


BMP_HEADERS = {size.to_bytes(4, "little") for size in (12, 16, 40, 52, 56, 64, 108, 124)}


def _walk_bmp(data: bytes, header: Header) -> None:
    first, size = struct.unpack_from("<II", data, 10)
    compression = 0
    if size == 12:
        width, height, _, depth = struct.unpack_from("<HHHH", data, 18)
    else:
        width, height, _, depth = struct.unpack_from("<iiHH", data, 18)
    if size >= 40:
        (compression,) = struct.unpack_from("<I", data, 30)
    header.width, header.height = width, abs(height)  # a negative height means that the first row comes first
    raw = compression in (0, 3, 6)
    needed = first + (width * depth + 31) // 32 * 4 * abs(height) if raw else first + 1
    if needed > len(data):
        raise DamagedError(f"it ends too early: {len(data)} of {needed} bytes are there")


def _walk_pnm(data: bytes, header: Header) -> None:
    position = frames = 0
    while found := PNM_MAGIC.match(data, position):
        kind = data[found.end() - 2 : found.end() - 1]
        position, numbers = found.end() - 1, []
        for _ in range(2 if kind in b"14" else 3):
            number = PNM_NUMBER.match(data, position)
            if not number:
                raise DamagedError("its header is not complete")
            numbers.append(int(number[1]))
            position = number.end()
        width, height, largest = numbers if len(numbers) == 3 else (*numbers, 1)
        if not frames:
            header.width, header.height = width, height
        frames += 1
        if kind in b"123":  # numbers as text: OpenCV refuses too few of them, and the format has no second image
            return
        row = (width + 7) // 8 if kind == b"4" else width * (3 if kind == b"6" else 1) * (2 if largest > 255 else 1)
        position += 1 + row * height
        if position > len(data):
            raise DamagedError(f"it ends too early: {len(data)} of {position} bytes are there")
    header.frames = frames


def _walk_tiff(data: bytes, header: Header) -> None:
    order, big = "<" if data[:2] == b"II" else ">", data[2:4] in (b"+\0", b"\0+")
    (offset,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    pages: list[dict[int, tuple[int, ...]]] = []
    seen: set[int] = set()
    while offset:
        if offset in seen:
            raise DamagedError("its list of pages runs in a circle")
        seen.add(offset)
        page, offset = _directory(data, offset, order, big)
        pages.append(page)
        if len(pages) == 1:
            header.width, header.height = page.get(256, (0,))[0], page.get(257, (0,))[0]
    if not pages:
        raise DamagedError("it holds no page")
    first = pages[0]
    photometric, samples = first.get(262, (0,))[0], first.get(277, (1,))[0]
    header.alpha = (photometric, samples) in ((0, 2), (1, 2), (2, 4))
    if first.get(254, (0,))[0] & PREVIEW_OR_MASK:
        raise DamagedError("its first page is only a preview, as in a camera's raw file")
    header.frames = sum(not page.get(254, (0,))[0] & PREVIEW_OR_MASK for page in pages)
    for offsets, sizes in ((273, 279), (324, 325)):  # strips, tiles
        for start, size in zip(first.get(offsets, ()), first.get(sizes, ()), strict=False):
            if start + size > len(data):
                raise DamagedError(f"pixel data at byte {start} reaches past its end")
            if first.get(259, (1,))[0] in DEFLATE and size:
                _check_deflate(memoryview(data)[start : start + size])


def _check_deflate(piece: bytes | memoryview) -> None:
    """libtiff only logs a bad checksum and hands the pixels out; a MiB at a time, so that no bomb fills the memory."""
    inflate = zlib.decompressobj()
    try:
        while not inflate.eof:
            if not inflate.decompress(piece, 1 << 20) and not inflate.eof:
                raise DamagedError("its compressed pixel data ends too early")
            piece = inflate.unconsumed_tail
    except zlib.error:
        raise DamagedError("its compressed pixel data is damaged") from None


def _directory(data: bytes, offset: int, order: str, big: bool) -> tuple[dict[int, tuple[int, ...]], int]:
    """Unsigned integer fields of one TIFF directory by tag, and the offset of the next directory."""
    number, inline = ("Q", 8) if big else ("I", 4)
    count_format = order + ("Q" if big else "H")
    (count,) = struct.unpack_from(count_format, data, offset)
    offset += struct.calcsize(count_format)
    fields = {}
    for _ in range(count):
        tag, kind, length = struct.unpack_from(f"{order}HH{number}", data, offset)
        position = offset + 4 + inline
        if kind in UNSIGNED:
            values = f"{order}{length}{UNSIGNED[kind]}"
            if struct.calcsize(values) > inline:
                (position,) = struct.unpack_from(order + number, data, position)
            fields[tag] = struct.unpack_from(values, data, position)
        offset += 4 + 2 * inline
    return fields, struct.unpack_from(order + number, data, offset)[0]


def _exif_orientation(exif: bytes) -> int:
    """Orientation 1..8; 1, as OpenCV takes it, where the tag is missing or EXIF is damaged."""
    if not exif.startswith((b"II*\0", b"MM\0*")):
        return 1
    order = "<" if exif[:2] == b"II" else ">"
    try:
        (offset,) = struct.unpack_from(order + "I", exif, 4)
        (orientation, *_) = _directory(exif, offset, order, big=False)[0].get(0x112, (1,))
    except (struct.error, ValueError):
        return 1
    return orientation if 1 <= orientation <= 8 else 1
