"""Proofs and benchmarks of the box filters."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.box import BORDERS, BOX_DEPTHS, DEPTHS, REDUCED, SQUARE_DEPTHS, blur, box_filter, sqr_box_filter
from cvkit.check import BORDERS as NUMBERS
from cvkit.check import DEPTHS as CV2_DEPTHS
from cvkit.parity.images import SMALL, TINY, Images, layouts
from cvkit.parity.proof import EQUAL, Arguments, Duel, Reference, benchmark, proof, warm_ups

Array = NDArray[Any]
Case = tuple[Arguments, Reference]
Sides = tuple[int, int]

# Sides below and above what is summed anew for each pixel, even and odd, larger than small images; the last one's sums
# leave 16 bits, with a few more pixels than one row.
SIZES = ((3, 3), (5, 5), (1, 1), (2, 1), (4, 4), (7, 3), (5, 2), (1, 9), (15, 16), (16, 16), (6, 31), (12, 33), (70, 5))
LARGE = ((129, 65), (2, 300), (300, 2), (41, 700))
ANCHORS = ((-1, -1), (0, 0), (-1, 0))


def _wide(images: Images, dtype: str, channels: int, sizes: tuple[Sides, ...]) -> Iterator[Array]:
    """Noise; floats of both signs and of magnitudes so far apart that the order of a sum shows."""
    for image in images.noise(dtype, channels, sizes):
        if np.issubdtype(dtype, np.floating):
            yield ((image - 0.4) * 10.0 ** (images.random("float64", image.shape) * 12 - 6)).astype(dtype)
        else:
            yield image


def _extremes(dtype: str, shape: tuple[int, ...]) -> Iterator[Array]:
    """The largest and the smallest value everywhere, where rounding and saturation show."""
    limits = np.iinfo(dtype)
    for value in (limits.max, limits.min):
        yield np.full(shape, value, dtype)


def _blur(src: Array, ksize: Sides, anchor: tuple[int, int], border: str) -> Case:
    arguments = {"src": src, "ksize": ksize, "anchor": anchor, "border": border}
    return arguments, lambda cv2: cv2.blur(src, ksize, anchor=anchor, borderType=NUMBERS[border])


@proof(blur, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """All dtypes, channels and borders; sizes around the vector widths; windows of one to thousands of pixels."""
    turn = count()
    for dtype in DEPTHS:
        for channels in (1, 2, 3, 4):
            for image in _wide(images, dtype, channels, TINY + SMALL):
                for border in BORDERS:
                    i = next(turn)
                    ksize = SIZES[i % len(SIZES)]
                    yield _blur(image, ksize, ANCHORS[i % 3], border)
        for image in _wide(images, dtype, 1, ((1, 1), (3, 5), (17, 33), (22, 65))):
            for ksize in SIZES + LARGE:
                yield _blur(image, ksize, (-1, -1), BORDERS[next(turn) % 4])
        for image in _wide(images, dtype, 3, ((17, 33),)):
            for view in layouts(image):
                yield _blur(view, (5, 4), (1, 3), "reflect")
    for dtype in ("float32", "float64"):
        for channels in (1, 2, 3):
            for image in _wide(images, dtype, channels, ((1, 1), (3, 5), (17, 33))):
                for ksize in ((5, 5), (3, 2), (1, 4)):
                    yield _blur(image, ksize, (-1, -1), "wrap")
    for dtype in ("uint8", "uint16", "int16", "int32"):
        for image in _extremes(dtype, (6, 37)):
            for ksize in ((1, 1), (2, 1), (1, 2), (5, 5), (16, 16), (16, 17), (181, 181), (300, 40)):
                yield _blur(image, ksize, (-1, -1), "replicate")
    for channels in (1, 3):
        for image in (*images.photographs(channels), *images.synthetic(channels)):
            for ksize in ((5, 5), (8, 3), (31, 31)):
                yield _blur(image, ksize, (-1, -1), BORDERS[next(turn) % 4])


def _box(
    name: str, src: Array, dtype: str, ksize: Sides, normalize: bool, anchor: tuple[int, int], border: str
) -> Case:
    same: dict[str, Any] = {"normalize": normalize, "anchor": anchor}
    arguments = {"src": src, "ksize": ksize, "dtype": dtype, "border": border, **same}
    depth, code = CV2_DEPTHS.index(dtype), NUMBERS[border]
    return arguments, lambda cv2: getattr(cv2, name)(src, depth, ksize, borderType=code, **same)


def _pairs(images: Images, name: str, depths: Any) -> Iterator[Case]:
    """Every pair of dtypes: mean and sum, borders, channels, sizes around the vector widths, the ends of the range."""
    turn = count()
    for dtype in depths:
        for result in depths[dtype]:
            for image in _wide(images, dtype, 1 + next(turn) % 4, TINY + SMALL):
                i = next(turn)
                if np.issubdtype(dtype, np.floating):
                    image = image * np.asarray(10.0 ** (i % 4), dtype)
                yield _box(name, image, result, SIZES[i % len(SIZES)], i % 3 > 0, ANCHORS[i % 3], BORDERS[i % 4])
            for image in _wide(images, dtype, 1, ((17, 33), (3, 5))):
                for ksize in ((3, 3), (7, 2), (31, 18)):
                    for normalize in (False, True):
                        yield _box(name, image, result, ksize, normalize, (-1, -1), BORDERS[next(turn) % 4])
            if not np.issubdtype(dtype, np.floating):
                for image in _extremes(dtype, (3, 21)):
                    for normalize in (False, True):
                        for ksize in ((1, 1), (4, 3), (140, 140)):
                            yield _box(name, image, result, ksize, normalize, (-1, -1), "replicate")


@proof(box_filter, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every pair of dtypes, and sums in float64 of whole numbers, which a window of many pixels takes."""
    yield from _pairs(images, "boxFilter", BOX_DEPTHS)
    for dtype, ksize in (("uint8", (3000, 2800)), ("uint16", (200, 170)), ("int16", (300, 220))):
        for result in REDUCED:
            for image in images.noise(dtype, 3, ((5, 7),)):
                yield _box("boxFilter", image, result, ksize, True, (-1, -1), "reflect")
                yield _box("boxFilter", image, result, ksize, False, (-1, -1), "constant")
    for dtype in ("float32", "float64"):
        for image in _wide(images, dtype, 2, ((3, 5), (17, 33))):
            yield _box("boxFilter", image, dtype, (4, 5), False, (0, 1), "wrap")


@proof(sqr_box_filter, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every pair of dtypes."""
    for arguments, reference in _pairs(images, "sqrBoxFilter", SQUARE_DEPTHS):
        one = 1 in arguments["src"].shape[:2]  # there cv2 shortens the window before it looks at the anchor
        if not one or arguments["anchor"] == (-1, -1):
            yield arguments, reference


def _duel(label: str, operation: str, src: Array, side: int) -> Duel:
    return Duel(
        label,
        {"src": src, "ksize": (side, side)},
        np.empty(src.shape, np.float32 if operation == "sqrBoxFilter" else src.dtype),
        lambda cv2, dst: (
            cv2.blur(src, (side, side), dst)
            if operation == "blur"
            else getattr(cv2, operation)(src, -1, (side, side), dst)
        ),
    )


@benchmark(blur)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    for side in (3, 5, 31):
        yield _duel(f"gray {side} x {side}", "blur", gray, side)
    yield _duel("BGR 5 x 5", "blur", photo, 5)
    yield _duel("float32 5 x 5", "blur", gray.astype(np.float32), 5)


@benchmark(box_filter)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    yield _duel("int16 5 x 5", "boxFilter", gray.astype(np.int16), 5)


@benchmark(sqr_box_filter)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    yield _duel("gray 5 x 5", "sqrBoxFilter", gray, 5)


@warm_ups(blur)
def _() -> Iterator[Arguments]:
    """Each dtype, and of uint8 the windows that have kernels of their own."""
    for dtype in DEPTHS:
        for side in (5, 31):
            yield {"src": np.zeros((5, 6), dtype), "ksize": side}
    yield {"src": np.zeros((5, 6, 3), np.uint8), "ksize": 5}


@warm_ups(box_filter)
def _() -> Iterator[Arguments]:
    """Each pair of dtypes."""
    for dtype in DEPTHS:
        for result in BOX_DEPTHS[dtype]:
            yield {"src": np.zeros((5, 6), dtype), "ksize": 3, "dtype": result, "normalize": False}


@warm_ups(sqr_box_filter)
def _() -> Iterator[Arguments]:
    """Each pair of dtypes."""
    for dtype in REDUCED:
        for result in SQUARE_DEPTHS[dtype]:
            yield {"src": np.zeros((5, 6), dtype), "ksize": 3, "dtype": result}
