"""Proofs and benchmarks of derivatives."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.check import BORDERS as CODES
from cvkit.check import DEPTHS
from cvkit.derivatives import (
    BORDERS,
    LAPLACIAN_SIZES,
    SIZES,
    get_deriv_kernels,
    laplacian,
    scharr,
    sobel,
    sobel_diagonal,
)
from cvkit.derivatives_arguments import DTYPES, LAPLACIAN_RESULTS, SEPARABLE_RESULTS, SIGNED, WINDOW_RESULTS
from cvkit.parity.images import Images, layouts
from cvkit.parity.proof import EQUAL, Arguments, Duel, Reference, benchmark, proof, warm_ups

Array = NDArray[Any]
Case = tuple[Arguments, Reference]

# Around the 4, 8, 16 and 32 elements at which OpenCV's vectors end, and smaller than most kernels.
SIZES_OF_IMAGES = ((1, 1), (1, 7), (7, 1), (2, 3), (2, 1), (3, 5), (5, 4), (6, 17), (17, 33), (5, 37), (9, 64), (4, 95))
# ksize, dx, dy: first derivatives, those of higher orders, without smoothing, mixed ones, the largest.
ORDERS = (
    (3, 1, 0),
    (3, 0, 1),
    (5, 1, 0),
    (5, 0, 1),
    (-1, 1, 0),
    (-1, 0, 1),
    (3, 2, 0),
    (3, 1, 1),
    (1, 1, 0),
    (1, 0, 1),
    (1, 0, 2),
    (3, 2, 2),
    (7, 1, 0),
    (7, 0, 1),
    (5, 2, 3),
    (5, 0, 4),
    (9, 3, 0),
    (7, 6, 6),
    (13, 0, 2),
    (31, 1, 0),
    (31, 5, 2),
)
SCALES = (1, 1, 0.25, 3, -0.1, 1, 1 / 3)
DELTAS = (0, 0, 0.5, -3.3, 100)


def noise(images: Images, dtype: str, channels: int) -> Iterator[Array]:
    """Noise; that of the float dtypes from 0 to 1 and, where their results are saturated, far beyond."""
    for i, image in enumerate(images.noise(dtype, channels, SIZES_OF_IMAGES)):
        floats = np.issubdtype(dtype, np.floating)
        yield (image * (1, 300, 70000)[i % 3] - (0, 20)[i % 2]).astype(dtype) if floats else image


def samples(images: Images, views: bool = True) -> Iterator[Array]:
    """uint8 for the results that have code of their own: photographs, synthetic images, any strides, wider rows."""
    for channels in (1, 3):
        for image in (*images.photographs(channels), *images.synthetic(channels)):
            if image.size <= 200_000:
                yield image
    for channels in (1, 2, 3, 4):
        for image in images.noise("uint8", channels, ((3, 2), (4, 63), (5, 66), (3, 130), (2, 257))):
            yield image
    for image in images.noise("uint8", 3, ((17, 33),) if views else ()):
        yield from layouts(image)


def _options(number: int, result: str, source: str) -> tuple[Arguments, Arguments]:
    """Scale, delta, border and dtype for cvkit, and for cv2; the default of dtype every second time where it can be."""
    scale, delta = SCALES[number % len(SCALES)], DELTAS[number // 2 % len(DELTAS)]
    border = BORDERS[number % 4]
    mine: Arguments = {"scale": scale, "delta": delta, "border": border}
    if SIGNED[source] != result or number % 2:
        mine["dtype"] = result
    return mine, {"scale": scale, "delta": delta, "borderType": CODES[border]}


def _sobel(src: Array, ksize: int, dx: int, dy: int, result: str, number: int) -> Case:
    mine, theirs = _options(number, result, src.dtype.name)
    plain, depth = np.ascontiguousarray(src), DEPTHS.index(result)
    reference = lambda cv2: cv2.Sobel(plain, depth, dx, dy, ksize=ksize, **theirs)  # noqa: E731
    return {"src": src, "dx": dx, "dy": dy, "ksize": ksize} | mine, reference


@proof(sobel, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every pair of dtypes, 1 to 4 channels, all borders, orders, sizes, scales and deltas in turn; uint8 to int16 and
    float32 to itself with each derivative and border that has a loop of its own.
    """
    number = 0
    for source, results in SEPARABLE_RESULTS.items():
        for result in results:
            for channels in (1, 2, 3, 4):
                for image in noise(images, source, channels):
                    yield _sobel(image, *ORDERS[number % len(ORDERS)], result, number)
                    number += 1
    for image in samples(images):
        for ksize, dx, dy in ORDERS[:6]:
            yield _sobel(image, ksize, dx, dy, "int16", number * 35)
            number += 1
            yield _sobel(image.astype(np.float32), ksize, dx, dy, "float32", number * (1, 35)[number % 2])
        number += 1
    for ksize in SIZES[1:]:
        for image in images.noise("uint8", 1, ((9, 40),)):
            for result in ("int16", "float32", "float64"):
                yield _sobel(image, ksize, min(number % 3 + 1, max(ksize, 3) - 1), number % 2, result, number)
                number += 1


def _scharr(src: Array, dx: int, result: str, number: int) -> Case:
    mine, theirs = _options(number, result, src.dtype.name)
    plain, depth = np.ascontiguousarray(src), DEPTHS.index(result)
    return {"src": src, "dx": dx, "dy": 1 - dx} | mine, lambda cv2: cv2.Scharr(plain, depth, dx, 1 - dx, **theirs)


@proof(scharr, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every pair of dtypes, 1 to 4 channels, both directions, all borders, scales and deltas in turn."""
    number = 0
    for source, results in SEPARABLE_RESULTS.items():
        for result in results:
            for channels in (1, 2, 3, 4):
                for image in noise(images, source, channels):
                    yield _scharr(image, number // 3 % 2, result, number)
                    number += 1
    for image in samples(images, views=False):
        for dx in (0, 1):
            yield _scharr(image, dx, "int16", number * 35)
            yield _scharr(image.astype(np.float32), dx, "float32", number * 35)
            number += 1


def _laplacian(src: Array, ksize: int, result: str, number: int) -> Case:
    mine, theirs = _options(number, result, src.dtype.name)
    plain, depth = np.ascontiguousarray(src), DEPTHS.index(result)
    return {"src": src, "ksize": ksize} | mine, lambda cv2: cv2.Laplacian(plain, depth, ksize=ksize, **theirs)


@proof(laplacian, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every pair of dtypes, 1 to 4 channels, all borders, sizes, scales and deltas in turn; all sizes."""
    number = 0
    for sizes, pairs in (((1, 3), WINDOW_RESULTS), ((5, 7, 5, 9, 15), LAPLACIAN_RESULTS)):
        for source, results in pairs.items():
            for result in results:
                for channels in (1, 2, 3, 4):
                    for image in noise(images, source, channels):
                        yield _laplacian(image, sizes[number % len(sizes)], result, number)
                        number += 1
    for image in samples(images):
        for ksize in (1, 3, 5):
            yield _laplacian(image, ksize, "int16", number * 35)
            number += 1
    for ksize in LAPLACIAN_SIZES:
        for dtype in DTYPES:
            for image in images.noise(dtype, 1, ((9, 40),)):
                yield _laplacian(image, ksize, SIGNED[dtype], number)
                number += 1


KERNELS = {45: ((-2, -1, 0), (-1, 0, 1), (0, 1, 2)), 135: ((0, -1, -2), (1, 0, -1), (2, 1, 0))}


def _diagonal(src: Array, angle: int, result: str, number: int) -> Case:
    mine, theirs = _options(number, result, src.dtype.name)
    plain, depth = np.ascontiguousarray(src), DEPTHS.index(result)
    kind = "float64" if "float64" in (src.dtype.name, result) else "float32"
    kernel: Array = np.array(KERNELS[angle], kind) * np.array(theirs.pop("scale"), kind)
    return {"src": src, "angle": angle} | mine, lambda cv2: cv2.filter2D(plain, depth, kernel, **theirs)


@proof(sobel_diagonal, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every pair of dtypes, 1 to 4 channels, both angles, all borders, scales and deltas in turn."""
    number = 0
    for source, results in WINDOW_RESULTS.items():
        for result in results:
            for channels in (1, 2, 3, 4):
                for image in noise(images, source, channels):
                    yield _diagonal(image, (45, 135)[number // 3 % 2], result, number)
                    number += 1
    for image in samples(images):
        for angle in KERNELS:
            yield _diagonal(image, angle, "int16", number * 35)
            number += 1


@proof(get_deriv_kernels, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every size, orders up to the highest, normalized and not, both dtypes."""
    for ksize in SIZES:
        orders = sorted({0, 1, 2, 3, ksize // 2, ksize - 2, ksize - 1} & set(range(max(ksize, 3))))
        pairs = ((1, 0), (0, 1)) if ksize == -1 else [(x, y) for x in orders for y in orders if x + y]
        for dx, dy in pairs:
            for normalize in (False, True):
                for dtype in ("float32", "float64"):
                    yield _weights(dx, dy, ksize, normalize, dtype)


def _weights(dx: int, dy: int, ksize: int, normalize: bool, dtype: str) -> Case:
    depth = DEPTHS.index(dtype)
    arguments = {"dx": dx, "dy": dy, "ksize": ksize, "normalize": normalize, "dtype": dtype}
    return arguments, lambda cv2: cv2.getDerivKernels(dx, dy, ksize, None, None, normalize, depth)


def gray_of(photo: Array) -> Array:
    import cv2

    return cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)


def _by_sobel(src: Array, dx: int, ksize: int = 3) -> Any:
    return lambda cv2, dst: cv2.Sobel(src, DEPTHS.index(dst.dtype.name), dx, 1 - dx, dst, ksize)


@benchmark(sobel)
def _(photo: Array) -> Iterator[Duel]:
    gray = gray_of(photo)
    for src, label in ((gray, "gray"), (photo, "BGR")):
        out = np.empty(src.shape, np.int16)
        yield Duel(f"{label} 3 x 3, dx", {"src": src, "dx": 1, "dy": 0}, out, _by_sobel(src, 1))
    out = np.empty(gray.shape, np.int16)
    yield Duel("gray 3 x 3, dy", {"src": gray, "dx": 0, "dy": 1}, out, _by_sobel(gray, 0))
    yield Duel("gray 5 x 5, dx", {"src": gray, "dx": 1, "dy": 0, "ksize": 5}, out, _by_sobel(gray, 1, 5))
    real = gray.astype(np.float32)
    yield Duel("float32 3 x 3, dx", {"src": real, "dx": 1, "dy": 0}, np.empty_like(real), _by_sobel(real, 1))


@benchmark(scharr)
def _(photo: Array) -> Iterator[Duel]:
    gray = gray_of(photo)
    out = np.empty(gray.shape, np.int16)
    by_cv2 = lambda cv2, dst: cv2.Scharr(gray, cv2.CV_16S, 1, 0, dst)  # noqa: E731
    yield Duel("gray, dx", {"src": gray, "dx": 1, "dy": 0}, out, by_cv2)


@benchmark(laplacian)
def _(photo: Array) -> Iterator[Duel]:
    gray = gray_of(photo)
    for ksize in (1, 3, 5):
        yield _laplacian_duel(gray, ksize)


def _laplacian_duel(gray: Array, ksize: int) -> Duel:
    out = np.empty(gray.shape, np.int16)
    by_cv2 = lambda cv2, dst: cv2.Laplacian(gray, cv2.CV_16S, dst, ksize)  # noqa: E731
    return Duel(f"gray, ksize {ksize}", {"src": gray, "ksize": ksize}, out, by_cv2)


@benchmark(sobel_diagonal)
def _(photo: Array) -> Iterator[Duel]:
    gray, kernel = gray_of(photo), np.array(KERNELS[45], np.float32)
    out = np.empty(gray.shape, np.int16)
    by_cv2 = lambda cv2, dst: cv2.filter2D(gray, cv2.CV_16S, kernel, dst)  # noqa: E731
    yield Duel("gray, 45 degrees", {"src": gray, "angle": 45}, out, by_cv2)


@benchmark(get_deriv_kernels)
def _(photo: Array) -> Iterator[Duel]:
    arguments = {"dx": 1, "dy": 0, "ksize": 7}
    yield Duel("7 weights", arguments, np.empty(0), lambda cv2, dst: cv2.getDerivKernels(1, 0, 7))


@warm_ups(sobel)
def _() -> Iterator[Arguments]:
    """Each dtype to its default, with a small kernel and a large one."""
    for dtype in DTYPES:
        for ksize in (3, 5, 7):
            yield {"src": np.zeros((8, 40), dtype), "dx": 1, "dy": 0, "ksize": ksize}


@warm_ups(scharr)
def _() -> Iterator[Arguments]:
    """Each dtype to its default."""
    for dtype in DTYPES:
        yield {"src": np.zeros((8, 40), dtype), "dx": 1, "dy": 0}


@warm_ups(laplacian)
def _() -> Iterator[Arguments]:
    """Each dtype to its default, as a window and as a sum of separable kernels."""
    for dtype in DTYPES:
        for ksize in (1, 5):
            yield {"src": np.zeros((8, 40), dtype), "ksize": ksize}


@warm_ups(sobel_diagonal)
def _() -> Iterator[Arguments]:
    """Each dtype to its default."""
    for dtype in DTYPES:
        yield {"src": np.zeros((8, 40), dtype), "angle": 45}


@warm_ups(get_deriv_kernels)
def _() -> Iterator[Arguments]:
    """None: it is host work."""
    yield {"dx": 1, "dy": 0, "ksize": 3}
