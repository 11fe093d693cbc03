"""imread, imwrite and encode against cv2.imread, cv2.imdecode and cv2.imencode, and every error they promise."""

import contextlib
import io
import os
import pathlib
import stat
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from cvkit.errors import ArgumentError, CvkitError, DtypeError, ImageIOError
from cvkit.io import encode, imread, imwrite

COLOR = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH
GRAY = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH
DATA = pathlib.Path(__file__).parent.parent / "data"
EXTENSIONS = (".png", ".jpg", ".tif", ".bmp", ".webp", ".ppm")


def picture(shape=(24, 37, 3), dtype=np.uint8):
    """Smooth enough for JPEG, different in every channel and direction."""
    coarse = np.random.default_rng(7).integers(0, 256, (5, 6, *shape[2:]), dtype=np.uint8)
    smooth = cv2.resize(coarse, shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return smooth if dtype == np.uint8 else (smooth.astype(np.float64) * 200.5).astype(dtype)


def content(extension, image=None):
    return cv2.imencode(extension, picture() if image is None else image)[1].tobytes()


def by_cv2(data, flags):
    return cv2.imdecode(np.frombuffer(data, np.uint8), flags)


def by_pil(image, format, **options):
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, format, **options)
    return file.getvalue()


def by_tifffile(image, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, image, **options)
    return file.getvalue()


def png_chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(header, *chunks, pixels=b""):
    body = b"".join(png_chunk(name, data) for name, data in chunks)
    packed = png_chunk(b"IDAT", zlib.compress(pixels))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + body + packed + png_chunk(b"IEND", b"")


def exif(orientation):
    tags = Image.Exif()
    tags[0x112] = orientation
    return tags


def same(got, want):
    assert want is not None
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)
    assert got.shape == want.shape
    assert got.flags.c_contiguous
    assert got.flags.writeable


def fails(kind, call, *parts):
    """The call raises `kind` with one line that holds all parts; returned for more."""
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    message = str(caught.value)
    assert "\n" not in message
    assert message[-1] == "."
    assert message.startswith(("imread: ", "imwrite: ", "encode: "))
    for part in parts:
        assert part in message, message
    return message


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("shape", [(24, 37, 3), (24, 37), (1, 1), (1, 9, 3), (9, 1)])
def test_a_file_reads_as_cv2_reads_it(tmp_path, extension, shape):
    extension = ".pgm" if extension == ".ppm" and len(shape) == 2 else extension
    path = tmp_path / f"image{extension}"
    path.write_bytes(content(extension, picture(shape)))
    same(imread(path), cv2.imread(str(path), COLOR))
    same(imread(str(path), gray=True), cv2.imread(str(path), GRAY))
    same(imread(path, alpha=True), cv2.imread(str(path), COLOR))


@pytest.mark.parametrize("path", sorted([*DATA.glob("*.png"), *DATA.glob("*.jpg")]), ids=lambda path: path.name)
def test_the_images_in_data_read_as_cv2_reads_them(path):
    same(imread(path), cv2.imread(str(path), COLOR))
    same(imread(path, gray=True), cv2.imread(str(path), GRAY))


def test_the_images_in_data_are_what_their_table_says():
    assert imread(DATA / "camera.png", gray=True).shape == (512, 512)
    assert imread(DATA / "coffee_orientation6.jpg").shape == (400, 600, 3)
    assert imread(DATA / "chelsea_alpha.png", alpha=True).shape == (100, 100, 4)
    for name in ("camera16.png", "coffee16.png"):
        deep = imread(DATA / name)
        assert deep.dtype == np.uint16
        assert np.count_nonzero(deep % 257) > deep.size * 0.9


@pytest.mark.parametrize("extension", [".png", ".tif", ".ppm"])
@pytest.mark.parametrize("gray", [False, True])
def test_16_bits_stay_16_bits(extension, gray):
    data = content(extension, picture(dtype=np.uint16))
    same(imread(data, gray=gray), by_cv2(data, GRAY if gray else COLOR))
    assert imread(data, gray=gray).dtype == np.uint16


@pytest.mark.parametrize("dtype", [np.int8, np.int16])
@pytest.mark.parametrize("shape", [(8, 9), (8, 9, 3)])
def test_signed_tiff(dtype, shape):
    data = by_tifffile(picture(shape).astype(dtype), photometric="rgb" if len(shape) == 3 else "minisblack")
    same(imread(data), by_cv2(data, COLOR))
    same(imread(data, gray=True), by_cv2(data, GRAY))


@pytest.mark.parametrize("dtype", [np.uint32, np.int32, np.float32, np.float64])
def test_wide_tiff_pixels_are_kept(dtype):
    gray, color, four = (picture(shape, dtype) for shape in [(8, 9), (8, 9, 3), (8, 9, 4)])
    data = by_tifffile(gray)
    same(imread(data, gray=True), by_cv2(data, GRAY))
    same(imread(data), np.repeat(gray[..., None], 3, axis=2))
    data = by_tifffile(color, photometric="rgb")
    same(imread(data), by_cv2(data, COLOR))
    fails(ImageIOError, lambda: imread(data, gray=True), "colour TIFF", "convert it")
    data = by_tifffile(four, photometric="rgb")
    same(imread(data), by_cv2(data, cv2.IMREAD_UNCHANGED)[..., :3])
    same(imread(data, alpha=True), by_cv2(data, cv2.IMREAD_UNCHANGED))


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "zlib"},
        {"compression": "zlib", "predictor": True},
        {"rowsperstrip": 5, "compression": "zlib"},
        {"bigtiff": True},
        {"byteorder": ">"},
        {"bigtiff": True, "byteorder": ">"},
        {"rowsperstrip": 3},
    ],
    ids=str,
)
def test_tiff_layouts(options):
    data = by_tifffile(picture(), photometric="rgb", **options)
    same(imread(data), by_cv2(data, COLOR))


def test_tiff_planes_and_tiles():
    planes = by_tifffile(np.ascontiguousarray(picture().transpose(2, 0, 1)), photometric="rgb", planarconfig="separate")
    same(imread(planes), by_cv2(planes, COLOR))
    tiles = by_tifffile(picture((64, 48)), tile=(32, 32))
    same(imread(tiles), by_cv2(tiles, COLOR))


@pytest.mark.parametrize(
    ("format", "mode"),
    [
        *[("PNG", mode) for mode in ("1", "L", "P", "RGB", "LA", "RGBA", "I;16")],
        *[("TIFF", mode) for mode in ("1", "L", "P", "RGB", "LA", "RGBA", "CMYK", "I;16")],
        *[("BMP", mode) for mode in ("1", "L", "P", "RGB", "RGBA")],
        *[("JPEG", mode) for mode in ("L", "RGB", "CMYK")],
    ],
)
def test_pil_modes(format, mode):
    deep = mode == "I;16"
    data = by_pil(picture((24, 37), np.uint16) if deep else Image.fromarray(picture()).convert(mode), format)
    same(imread(data), by_cv2(data, COLOR))
    same(imread(data, gray=True), by_cv2(data, GRAY))


@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_blocks": 2}, {"subsampling": 0}], ids=str)
def test_jpeg_variants(options):
    data = by_pil(picture((80, 90, 3)), "JPEG", **options)
    same(imread(data), by_cv2(data, COLOR))
    same(imread(data + b"what a camera adds"), by_cv2(data, COLOR))


@pytest.mark.parametrize(
    "data",
    [
        b"P1\n# comment\n3 2\n0 1 0\n1 0 1\n",
        b"P2\n3 2\n255\n0 1 2\n3 4 5\n",
        b"P3\n1 2\n255\n0 1 2\n3 4 5\n",
        b"P4\n9 2\n\xaa\x80\x55\x00",
        b"P5 3 2 255\n" + bytes(range(6)),
        b"P5 3 2 1000\n" + bytes(range(12)),
        b"P6\n# comment\n1 2 # another\n255\n" + bytes(range(6)),
        b"P5 3 2 255\n" + bytes(range(6)) + b"\n",
    ],
)
def test_pnm_variants(data):
    same(imread(data), by_cv2(data, COLOR))
    same(imread(data, gray=True), by_cv2(data, GRAY))


def test_bmp_variants():
    upside_down = bytearray(content(".bmp"))
    struct.pack_into("<i", upside_down, 22, -24)
    for data in (
        bytes(upside_down),
        by_pil(Image.fromarray(picture()).convert("1"), "BMP"),
        content(".bmp", picture((5, 7))),
    ):
        same(imread(data), by_cv2(data, COLOR))


@pytest.mark.parametrize(
    "data",
    [
        content(".png", picture((8, 9, 4))),
        content(".png", picture((8, 9, 4), np.uint16)),
        content(".tif", picture((8, 9, 4))),
        content(".tif", picture((8, 9, 4), np.uint16)),
        content(".bmp", picture((8, 9, 4))),
        by_pil(picture((8, 9, 4)), "WEBP", lossless=True, exact=True),
        by_pil(picture((8, 9, 4)), "WEBP"),
        by_pil(Image.fromarray(picture((8, 9, 4))).convert("LA"), "PNG"),
        by_pil(Image.fromarray(picture((8, 9, 3))).convert("P"), "PNG", transparency=bytes(range(0, 256, 3))),
        by_pil(picture((8, 9, 3)), "PNG", transparency=(5, 5, 5)),
        by_tifffile(picture((8, 9, 4)), photometric="rgb", extrasamples=["assocalpha"]),
        by_tifffile(picture((8, 9, 4)), photometric="rgb", extrasamples=["unassalpha"]),
    ],
)
def test_alpha(data):
    got = imread(data, alpha=True)
    same(got, by_cv2(data, cv2.IMREAD_UNCHANGED))
    assert got.shape == (8, 9, 4)
    np.testing.assert_array_equal(got[..., :3], by_cv2(data, COLOR))


@pytest.mark.parametrize(
    "data",
    [content(e) for e in EXTENSIONS] + [content(".png", picture((5, 6))), by_pil(Image.new("CMYK", (3, 4)), "TIFF")],
)
def test_alpha_without_alpha_is_the_default(data):
    same(imread(data, alpha=True), by_cv2(data, COLOR))


def test_alpha_that_opencv_drops_is_an_error():
    gray_key = by_pil(picture((8, 9)), "PNG", transparency=5)
    gray_alpha = by_pil(Image.fromarray(picture((8, 9, 4))).convert("LA"), "TIFF")
    for data in (gray_key, gray_alpha):
        fails(ImageIOError, lambda data=data: imread(data, alpha=True), "transparency", "Leave alpha=True out")
        same(imread(data), by_cv2(data, COLOR))


UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a.swapaxes(0, 1), 2),
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("orientation", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_orientation_with_alpha(format, orientation):
    bgra = picture((8, 9, 4), np.uint8)
    bgra[..., 3] |= 1  # a pixel of alpha 0 may lose its colour
    rgba = np.ascontiguousarray(bgra[..., [2, 1, 0, 3]])
    if format == "TIFF":
        tag = [(274, "H", 1, orientation, True)]
        data = by_tifffile(rgba, photometric="rgb", extrasamples=["assocalpha"], extratags=tag)
    else:
        data = by_pil(rgba, format, exif=exif(orientation), lossless=True, exact=True)
    want = UPRIGHT.get(orientation, UPRIGHT[1])(bgra)
    same(imread(data, alpha=True), np.ascontiguousarray(want))
    same(imread(data), by_cv2(data, COLOR))
    same(imread(data), np.ascontiguousarray(want[..., :3]))
    same(imread(data, gray=True), by_cv2(data, GRAY))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_orientation_without_alpha(tmp_path, format, orientation):
    path = tmp_path / "turned"
    path.write_bytes(by_pil(picture(), format, exif=exif(orientation)))
    for alpha in (False, True):
        same(imread(path, alpha=alpha), cv2.imread(str(path), COLOR))
    same(imread(path, gray=True), cv2.imread(str(path), GRAY))
    assert imread(path).shape[:2] == ((24, 37) if orientation < 5 else (37, 24))


TAG = struct.pack("<HHII", 0x112, 3, 1, 6)


@pytest.mark.parametrize(
    "block",
    [
        b"MM\0*" + struct.pack(">IH", 8, 1) + struct.pack(">HHIHH", 0x112, 3, 1, 6, 0) + bytes(4),
        b"II*\0" + struct.pack("<IH", 8, 1) + struct.pack("<HHII", 0x112, 4, 1, 6) + bytes(4),
        b"II*\0" + struct.pack("<IH", 8, 0) + bytes(4),
        b"II*\0" + struct.pack("<IH", 8000, 1) + TAG,
        b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + TAG + bytes(4),
        b"",
        b"nonsense",
    ],
)
@pytest.mark.parametrize("place", [33, -12])
def test_exif_blocks_turn_alpha_as_they_turn_the_default(block, place):
    plain = content(".png", picture((8, 9, 4)))
    data = plain[:place] + png_chunk(b"eXIf", block) + plain[place:]
    default = by_cv2(data, COLOR)
    same(imread(data), default)
    same(np.ascontiguousarray(imread(data, alpha=True)[..., :3]), default)


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview, io.BytesIO])
def test_sources(wrap):
    data = content(".png")
    same(imread(wrap(data)), by_cv2(data, COLOR))


def test_a_source_is_not_changed():
    data = bytearray(content(".png"))
    before = bytes(data)
    imread(data)
    assert bytes(data) == before


@pytest.mark.parametrize("name", ["mañana.png", "日本 語.png", "Ωmega'\".png", "\U0001f431.png"])
def test_names_beyond_ascii(tmp_path, name):
    imwrite(tmp_path / name, picture())
    same(imread(tmp_path / name), picture())
    with open(tmp_path / name, "rb") as file:
        same(imread(file), picture())
    (tmp_path / name).write_bytes(b"")
    fails(ImageIOError, lambda: imread(tmp_path / name), repr(str(tmp_path / name)), "empty")


def test_the_content_decides_not_the_extension(tmp_path):
    (tmp_path / "image.jpg").write_bytes(content(".png"))
    same(imread(tmp_path / "image.jpg"), picture())


def test_import_loads_neither_cv2_nor_numba():
    code = "import sys, cvkit.io; sys.exit(bool({'cv2', 'numba'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=DATA.parent)


def test_missing_file_folder_and_path_through_a_file(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    fails(ImageIOError, lambda: imread(tmp_path / "no.png"), "no.png", "no such file")
    fails(ImageIOError, lambda: imread(""), "no such file")
    fails(ImageIOError, lambda: imread(tmp_path), str(tmp_path), "is a folder")
    fails(ImageIOError, lambda: imread(tmp_path / "file" / "a.png"), "a.png", "Not a directory")


def test_unreadable_file(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "secret.png"
    path.write_bytes(content(".png"))
    monkeypatch.setattr("builtins.open", refuse)
    fails(ImageIOError, lambda: imread(path), "secret.png", "permission")


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "is empty"),
        (b"Dear all,\n", "is text"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x93NUMPY\x01\0", "NumPy"),
        (b"GIF89a" + bytes(20), "GIF"),
        (b"<!DOCTYPE html>", "HTML"),
        (b"PK\x03\x04" + bytes(9), "zip"),
        (bytes(100), "unknown kind"),
        (b"BMW is a make of cars and not an image", "is text"),
        (b"\0\0\0\x20ftypavif" + bytes(9), "AVIF"),
    ],
)
def test_not_an_image(tmp_path, data, part):
    path = tmp_path / "thing.png"
    path.write_bytes(data)
    fails(ImageIOError, lambda: imread(path), "thing.png", part)


TRUNCATED = {
    **{extension: content(extension) for extension in EXTENSIONS},
    ".pgm": content(".pgm", picture((24, 37), np.uint16)),
    ".pbm": b"P4\n9 3\n" + bytes(6),
    ".tif strips": by_tifffile(picture(), photometric="rgb", rowsperstrip=4),
    ".tif planes": by_tifffile(
        np.ascontiguousarray(picture().transpose(2, 0, 1)), photometric="rgb", planarconfig="separate"
    ),
    ".tif big": by_tifffile(picture(), photometric="rgb", bigtiff=True),
    ".tif zlib": by_tifffile(picture(), photometric="rgb", compression="zlib"),
    ".jpg progressive": by_pil(picture(), "JPEG", progressive=True),
    ".webp lossy": by_pil(picture(), "WEBP"),
    ".webp alpha": by_pil(picture((24, 37, 4)), "WEBP"),
    ".png palette": by_pil(Image.fromarray(picture()).convert("P"), "PNG"),
    ".bmp palette": content(".bmp", picture((24, 37))),
}


@pytest.mark.parametrize("kind", TRUNCATED)
def test_a_cut_file_is_an_error_wherever_it_is_cut(kind, capfd):
    """Each length from the signature on, in steps that reach the last bytes; nothing may spill on stderr either."""
    data = TRUNCATED[kind]
    size = len(data)
    lengths = {*range(20, size, max(1, size // 60)), *range(size - 4, size)}
    for length in sorted(lengths):
        fails(ImageIOError, lambda length=length: imread(data[:length]), "source (bytes)", "damaged or incomplete")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("mode", [{"gray": True}, {"alpha": True}])
@pytest.mark.parametrize("kind", TRUNCATED)
def test_a_cut_file_is_an_error_in_every_mode(kind, mode):
    data = TRUNCATED[kind]
    fails(ImageIOError, lambda: imread(data[: len(data) * 2 // 3], **mode))


def test_a_file_with_too_few_numbers_is_an_error(capfd):
    fails(ImageIOError, lambda: imread(b"P2\n3 2\n255\n0 1 2\n3\n"), "OpenCV cannot decode", "PNM")
    fails(ImageIOError, lambda: imread(b"P5 3\n"), "header is not complete")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("compression", ["zlib", None])
def test_a_changed_byte_in_checked_pixels_is_an_error(compression, capfd):
    """PNG and zlib in TIFF carry checksums; of the latter libtiff would log a complaint and go on."""
    data = bytearray(
        by_tifffile(picture(), photometric="rgb", compression=compression) if compression else content(".png")
    )
    data[len(data) // 2] ^= 0xFF
    fails(ImageIOError, lambda: imread(data), "damaged")
    assert capfd.readouterr().err == ""


def test_contradictions_in_the_structure():
    cyclic = bytearray(by_tifffile(picture((4, 5))))
    (offset,) = struct.unpack_from("<I", cyclic, 4)
    (count,) = struct.unpack_from("<H", cyclic, offset)
    struct.pack_into("<I", cyclic, offset + 2 + 12 * count, offset)
    fails(ImageIOError, lambda: imread(cyclic), "circle")
    fails(ImageIOError, lambda: imread(b"II*\0" + bytes(20)), "no page")
    fails(ImageIOError, lambda: imread(b"\xff\xd8\xff\xd9" + bytes(20)), "no picture data")
    fails(ImageIOError, lambda: imread(b"RIFF\4\0\0\0WEBP"), "no picture data")
    fails(ImageIOError, lambda: imread(b"P5 0 2 255\n"), "0 x 2")
    fails(ImageIOError, lambda: imread(by_tifffile(picture((4, 5)), subfiletype=1)), "preview")
    fails(ImageIOError, lambda: imread(by_tifffile(picture((4, 5)).astype(np.float16))), "OpenCV cannot decode", "TIFF")


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_several_frames_are_an_error(format):
    frames = [Image.fromarray(np.roll(picture(), 5 * k, 1)) for k in range(4)]
    data = by_pil(frames[0], format, save_all=True, append_images=frames[1:])
    fails(ImageIOError, lambda: imread(data), "4 frames", "cv2.imreadmulti")


@pytest.mark.parametrize("offset", [2**31, 2**63, 2**64 - 1])
def test_offsets_outside_the_file(offset):
    fails(ImageIOError, lambda: imread(b"II+\0\x08\0\0\0" + struct.pack("<Q", offset) + bytes(20)), "too early")


def test_several_pnm_images_are_an_error():
    fails(ImageIOError, lambda: imread(content(".ppm") * 3), "3 frames")


def test_a_reduced_copy_in_a_tiff_is_no_second_frame():
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(picture(), photometric="rgb")
        writer.write(picture()[::2, ::2], photometric="rgb", subfiletype=1)
    same(imread(file.getvalue()), by_cv2(file.getvalue(), COLOR))


BOMBS = {
    "png": png(struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0), pixels=bytes(99)),
    "bmp": b"BM" + struct.pack("<IIIIiiHHIIIIII", 0, 0, 54, 40, 60000, 60000, 1, 24, 0, 0, 0, 0, 0, 0),
    "pgm": b"P5 60000 60000 255\n",
    "text": b"P2 60000 60000 255\n0 0",
    "jpg": b"\xff\xd8\xff\xc0\x00\x11\x08" + struct.pack(">HH", 60000, 60000) + bytes(20),
    "webp": b"RIFF\x3c\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + b"\x5f\xea\0" * 2 + bytes(40),
    "tif": b"II*\0\x08\0\0\0\x02\0" + struct.pack("<HHIIHHII", 256, 4, 1, 60000, 257, 4, 1, 60000) + bytes(4),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_enormous_images_are_refused_before_decoding(kind):
    fails(ImageIOError, lambda: imread(BOMBS[kind]), "60000 x 60000 pixels", "max_pixels=None")


def test_max_pixels(capfd):
    data = content(".png", picture((4, 5)))
    same(imread(data, max_pixels=20), by_cv2(data, COLOR))
    fails(ImageIOError, lambda: imread(data, max_pixels=19), "5 x 4 pixels", "max_pixels=19")
    same(imread(data, max_pixels=None), by_cv2(data, COLOR))
    fails(ImageIOError, lambda: imread(BOMBS["png"], max_pixels=None), "OPENCV_IO_MAX_IMAGE_PIXELS")
    fails(ArgumentError, lambda: imread(data, max_pixels=0), "max_pixels is 0")
    fails(DtypeError, lambda: imread(data, max_pixels=1e6), "max_pixels is 1000000.0")
    fails(DtypeError, lambda: imread(data, max_pixels=True), "max_pixels is True")


@pytest.mark.parametrize("source", [None, 3, 0, 2.5, np.zeros((3, 4), np.uint8), [1, 2], object()])
def test_wrong_sources(source):
    fails(DtypeError, lambda: imread(source), "source is", "it takes a path, bytes or a binary file object")


def test_text_and_closed_file_objects(tmp_path):
    (tmp_path / "a.png").write_bytes(content(".png"))
    fails(DtypeError, lambda: imread(io.StringIO("abc")), "gives str", "'rb'")
    with open(tmp_path / "a.png", encoding="utf-8") as file:
        fails(ImageIOError, lambda: imread(file), "a.png", "'rb'")
    with open(tmp_path / "a.png", "rb") as file:
        pass
    fails(ImageIOError, lambda: imread(file), "a.png", "closed")


def test_arguments_of_imread():
    fails(ArgumentError, lambda: imread(content(".png"), gray=True, alpha=True), "exclude each other")
    for name in ("a\0b.png", "\ud800.png"):
        fails(ArgumentError, lambda name=name: imread(name), repr(name), "no valid file name")


LOSSLESS = [
    *[(e, d, s) for e in (".png",) for d in ("uint8", "uint16") for s in [(5, 7), (5, 7, 1), (5, 7, 3), (5, 7, 4)]],
    *[(e, "uint8", s) for e in (".bmp", ".webp") for s in [(5, 7), (5, 7, 3), (5, 7, 4)]],
    *[(".tif", d, s) for d in ("uint8", "int8", "uint16", "int16") for s in [(5, 7), (5, 7, 3), (5, 7, 4)]],
    *[(".tiff", d, s) for d in ("uint32", "int32", "float32", "float64") for s in [(5, 7), (5, 7, 3), (5, 7, 4)]],
    *[(e, d, (5, 7)) for e in (".pgm", ".pnm") for d in ("uint8", "uint16")],
    *[(e, d, (5, 7, 3)) for e in (".ppm", ".pnm") for d in ("uint8", "uint16")],
]


@pytest.mark.parametrize(("extension", "dtype", "shape"), LOSSLESS)
def test_lossless_formats_give_every_pixel_back(tmp_path, extension, dtype, shape):
    image = picture(shape[:2] + tuple(c for c in shape[2:] if c > 1), dtype).reshape(shape)
    before = image.copy()
    path = tmp_path / f"image{extension}"
    imwrite(path, image)
    np.testing.assert_array_equal(image, before)
    got = by_cv2(path.read_bytes(), GRAY if extension == ".webp" and len(shape) == 2 else cv2.IMREAD_UNCHANGED)
    same(got, image[..., 0] if shape[-1] == 1 else image)
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("extension", [".png", ".PNG", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".ppm", ".pnm"])
def test_a_file_holds_what_cv2_encodes(tmp_path, extension):
    imwrite(tmp_path / f"a{extension}", picture())
    want = content(extension)
    assert (tmp_path / f"a{extension}").read_bytes() == want
    assert encode(picture(), extension) == want
    assert encode(picture(), extension[1:]) == want


def test_webp_keeps_the_colour_under_transparent_pixels():
    image = picture((5, 7, 4))
    image[..., 3] = 0
    same(by_cv2(encode(image, ".webp"), cv2.IMREAD_UNCHANGED), image)


def test_pbm():
    mask = np.where(picture((5, 13)) > 128, 255, 0).astype(np.uint8)
    same(by_cv2(encode(mask, ".pbm"), GRAY), mask)
    fails(ArgumentError, lambda: encode(mask // 255, ".pbm"), "0 and 255", "Threshold")


def test_quality():
    image = picture((50, 60, 3))
    for extension, flag in ((".jpg", cv2.IMWRITE_JPEG_QUALITY), (".webp", cv2.IMWRITE_WEBP_QUALITY)):
        assert encode(image, extension, quality=30) == cv2.imencode(extension, image, [flag, 30])[1].tobytes()
    for wrong in (0, 101, -3):
        fails(ArgumentError, lambda wrong=wrong: encode(image, ".jpg", quality=wrong), f"quality is {wrong}")
    for wrong in ("90", 90.0, True):
        fails(DtypeError, lambda wrong=wrong: encode(image, ".jpg", quality=wrong), "integer from 1 to 100")
    fails(ArgumentError, lambda: imwrite("a.png", image, quality=50), "quality is for .jpg and .webp")


def test_any_strides_and_byte_order():
    image = picture((40, 60, 3), np.uint16)
    views = (image[::2, ::-3], image.swapaxes(0, 1), np.asfortranarray(image), image.astype(">u2"), image[..., ::-1])
    for view in views:
        read_only = view.view()
        read_only.flags.writeable = False
        before = view.copy()
        same(by_cv2(encode(read_only, ".png"), COLOR), np.ascontiguousarray(view, np.uint16))
        np.testing.assert_array_equal(view, before)


@pytest.mark.parametrize(
    ("extension", "image", "kind", "parts"),
    [
        (".png", np.zeros((4, 5)), DtypeError, ["dtype float64", ".png takes uint8 or uint16", "never rescales"]),
        (".png", np.zeros((4, 5), np.float32), DtypeError, ["dtype float32"]),
        (".png", np.zeros((4, 5), bool), DtypeError, ["dtype bool"]),
        (".png", np.zeros((4, 5), np.int16), DtypeError, ["dtype int16"]),
        (".jpg", np.zeros((4, 5), np.uint16), DtypeError, ["dtype uint16", ".jpg takes uint8."]),
        (".webp", np.zeros((4, 5), np.uint16), DtypeError, ["dtype uint16"]),
        (".bmp", np.zeros((4, 5), np.uint16), DtypeError, ["dtype uint16"]),
        (".tif", np.zeros((4, 5), np.float16), DtypeError, ["dtype float16"]),
        (".tif", np.zeros((4, 5), complex), DtypeError, ["dtype complex128"]),
        (".pgm", np.zeros((4, 5), np.int32), DtypeError, ["dtype int32"]),
        (".png", np.array([["a"]]), DtypeError, ["dtype <U1"]),
        (".png", np.zeros((4, 5, 2), np.uint8), ArgumentError, ["shape (4, 5, 2)", "(H, W), (H, W, 3) or (H, W, 4)"]),
        (".png", np.zeros((3, 40, 50), np.uint8), ArgumentError, ["shape (3, 40, 50)", "np.moveaxis"]),
        (".png", np.zeros((1, 2, 4, 3), np.uint8), ArgumentError, ["shape (1, 2, 4, 3)"]),
        (".png", np.zeros(4, np.uint8), ArgumentError, ["shape (4,)"]),
        (".png", np.zeros((), np.uint8), ArgumentError, ["shape ()"]),
        (".jpg", np.zeros((4, 5, 4), np.uint8), ArgumentError, ["(H, W) or (H, W, 3)", "Drop the alpha channel"]),
        (".pgm", np.zeros((4, 5, 3), np.uint8), ArgumentError, [".pgm takes (H, W)."]),
        (".ppm", np.zeros((4, 5), np.uint8), ArgumentError, [".ppm takes (H, W, 3)."]),
        (".png", np.zeros((0, 5), np.uint8), ArgumentError, ["empty", "(0, 5)"]),
        (".png", np.zeros((4, 5, 0), np.uint8), ArgumentError, ["empty", "(4, 5, 0)"]),
        (".png", [[1, 2]], DtypeError, ["a list", "NumPy array"]),
        (".png", None, DtypeError, ["None"]),
        (".png", Image.new("L", (3, 3)), DtypeError, ["a PIL.Image"]),
        (".xyz", np.zeros((4, 5), np.uint8), ArgumentError, ["unknown extension '.xyz'", ".png", ".pbm"]),
        (".gif", np.zeros((4, 5), np.uint8), ArgumentError, ["'.gif'"]),
        ("", np.zeros((4, 5), np.uint8), ArgumentError, ["no extension"]),
        (".jpg", np.zeros((1, 65501), np.uint8), ImageIOError, ["65501 x 1", "65500 for .jpg"]),
    ],
)
def test_what_a_format_cannot_hold(tmp_path, extension, image, kind, parts):
    message = fails(kind, lambda: imwrite(tmp_path / f"a{extension}", image), *parts)
    assert os.listdir(tmp_path) == []
    assert message.startswith("imwrite: ")
    assert fails(kind, lambda: encode(image, extension), *parts).startswith("encode: ")


def test_wrong_paths_and_extensions(tmp_path):
    image = picture((4, 5))
    for path in (None, 3, b"a.png", io.BytesIO()):
        fails(DtypeError, lambda path=path: imwrite(path, image), "path is")
    for name in ("a\0.png", "\ud800.png"):
        fails(ArgumentError, lambda name=name: imwrite(name, image), repr(name), "no valid file name")
    fails(DtypeError, lambda: encode(image, None), "extension is None")
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "folder.png").mkdir()
    fails(ImageIOError, lambda: imwrite(tmp_path / "no" / "a.png", image), "a.png", "does not exist", "Create it")
    fails(ImageIOError, lambda: imwrite(tmp_path / "file" / "a.png", image), "is a file, not a folder")
    fails(ImageIOError, lambda: imwrite(tmp_path / "folder.png", image), "is a folder")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.png"]


def test_overwrite(tmp_path):
    path = tmp_path / "a.png"
    imwrite(path, picture((4, 5)), overwrite=False)
    fails(ImageIOError, lambda: imwrite(path, picture((6, 7)), overwrite=False), "already exists", "overwrite=True")
    assert imread(path).shape == (4, 5, 3)
    imwrite(path, picture((6, 7)))
    assert imread(path).shape == (6, 7, 3)


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(28, "No space left on device")])
@pytest.mark.parametrize("step", ["builtins.open", "os.replace"])
def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch, error, step):
    def refuse(*args, **kwargs):
        raise error

    path = tmp_path / "a.png"
    path.write_bytes(b"before")
    monkeypatch.setattr(step, refuse)
    part = "permission" if isinstance(error, PermissionError) else "No space left"
    fails(ImageIOError, lambda: imwrite(path, picture()), "a.png", part)
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["a.png"]
    assert path.read_bytes() == b"before"


def test_a_write_protected_file_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"before")
    monkeypatch.setattr(os, "access", lambda *args, **kwargs: False)
    fails(ImageIOError, lambda: imwrite(path, picture()), "permission")
    assert path.read_bytes() == b"before"


def test_permissions_are_those_of_open_or_of_the_replaced_file(tmp_path):
    before = os.umask(0o027)
    try:
        imwrite(tmp_path / "new.png", picture())
        (tmp_path / "old.png").write_bytes(b"")
        os.chmod(tmp_path / "old.png", 0o604)
        imwrite(tmp_path / "old.png", picture())
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(tmp_path / "new.png").st_mode) == 0o640
    assert stat.S_IMODE(os.stat(tmp_path / "old.png").st_mode) == 0o604


def test_links_and_devices_stay_what_they_are(tmp_path):
    (tmp_path / "link.png").symlink_to(tmp_path / "file.png")
    imwrite(tmp_path / "link.png", picture())
    assert (tmp_path / "link.png").is_symlink()
    assert imread(tmp_path / "file.png").shape == (24, 37, 3)
    os.mkfifo(tmp_path / "pipe.png")
    with ThreadPoolExecutor(1) as pool:
        got = pool.submit(imread, tmp_path / "pipe.png")
        imwrite(tmp_path / "pipe.png", picture())
        same(got.result(20), picture())
    assert (tmp_path / "pipe.png").is_fifo()


def test_many_threads_read_write_and_fail_at_once(tmp_path):
    level = cv2.utils.logging.getLogLevel()
    images = {extension: picture() for extension in EXTENSIONS}
    wants = {extension: by_cv2(content(extension, image), COLOR) for extension, image in images.items()}
    wants[".webp"] = images[".webp"]

    def work(k):
        extension = EXTENSIONS[k % len(EXTENSIONS)]
        path = tmp_path / f"{k % 12}{extension}"  # several threads share a path: each sees a whole file
        imwrite(path, images[extension])
        same(imread(path), wants[extension])
        with contextlib.suppress(CvkitError):
            imread(b"P2\n3 2\n255\n0 1 2\n3\n")
            raise AssertionError("a cut file was read")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(96)))
    assert len(os.listdir(tmp_path)) == 12
    assert cv2.utils.logging.getLogLevel() == level


@pytest.mark.parametrize("name", ["camera.png", "chelsea.png", "camera16.png", "coffee_orientation6.jpg"])
def test_own_channels(name):
    """gray=None: a gray file is (H, W), a colour file (H, W, 3)."""
    path = os.path.join(os.path.dirname(__file__), "..", "data", name)
    want = cv2.imread(path, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
    got = imread(path, gray=None)
    assert got.dtype == want.dtype
    assert np.array_equal(got, want)
