"""Proofs and benchmarks of the linear filters."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.check import BORDERS as CODES
from cvkit.check import DEPTHS
from cvkit.linear import BORDERS, PLANAR_RESULTS, SEPARABLE_RESULTS, filter2d, sep_filter2d
from cvkit.parity.images import Images, layouts
from cvkit.parity.proof import EQUAL, Arguments, Criterion, Duel, Reference, benchmark, disputed, proof, warm_ups

Array = NDArray[Any]
Case = tuple[Arguments, Reference] | tuple[Arguments, Reference, Criterion]

# Around the 4, 8, 16 and 32 elements at which OpenCV's vectors end, and smaller than most kernels.
SIZES = ((1, 1), (1, 7), (7, 1), (2, 3), (3, 5), (5, 4), (6, 17), (17, 33), (5, 37), (9, 64), (4, 95), (11, 130))
DELTAS = (0, 0, 0.5, -3.3, 100)

# Rows of weights: averages, derivatives, those that OpenCV has code of its own for, and those without any symmetry.
ROWS = (
    (1.0,),
    (0.3,),
    (1, 2, 1),
    (1, -2, 1),
    (-1, 0, 1),
    (1, 0, -1),
    (0.25, 0.5, 0.25),
    (0.1, 0.8, 0.1),
    (3, 10, 3),
    (-1, 2, -1),
    (-0.5, 0, 0.5),
    (0.1, 0.2, 0.3),
    (1, 4, 6, 4, 1),
    (0.0625, 0.25, 0.375, 0.25, 0.0625),
    (-1, -2, 0, 2, 1),
    (1, 0, -2, 0, 1),
    (0.1, -0.3, 0, 0.3, -0.1),
    (0.1, 0.2, 0.3, 0.25, 0.15),
    (0.5, 0.5),
    (1, -1),
    (0.1, 0.2, 0.3, 0.1, 0.1, 0.2),
    (-0.1, -0.2, -0.3, 0, 0.3, 0.2, 0.1),
    (0.1, 0.1, 0.1, 0.2, 0.2, 0.2, 0.05, 0.05),
    (1 / 9,) * 9,
    tuple((i % 7) / 40 for i in range(31)),
)


def _direct_weights(source: str, result: str) -> int:
    """From how many weights on OpenCV goes by way of a Fourier transform."""
    return 130 if (source, result) in (("uint8", "uint8"), ("uint8", "int16"), ("float32", "float32")) else 50


def _images(images: Images, dtype: str, channels: int) -> Iterator[Array]:
    """Noise; that of the float dtypes from 0 to 1 and, where their results are saturated, far beyond."""
    for i, image in enumerate(images.noise(dtype, channels, SIZES)):
        floats = np.issubdtype(dtype, np.floating)
        yield (image * (1, 300, 70000)[i % 3] - (0, 20)[i % 2]).astype(dtype) if floats else image


@proof(sep_filter2d, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every pair of dtypes, 1 to 4 channels, all borders, rows of weights of every class with any other, anchors."""
    number = 0
    for source, results in SEPARABLE_RESULTS.items():
        for result in results:
            for channels in (1, 2, 3, 4):
                for image in _images(images, source, channels):
                    kernel_x = ROWS[number % len(ROWS)]
                    kernel_y = kernel_x if number % 3 == 0 else ROWS[number * 7 % len(ROWS)]
                    yield _separable(image, kernel_x, kernel_y, result, number)
                    number += 1
    for image in (*images.photographs(1), *images.photographs(3), *images.synthetic(1)):
        if image.size > 100_000:
            continue
        for kernel in ROWS:
            yield _separable(image, kernel, kernel, "uint8", 0)
            yield _separable(image, kernel, kernel[::-1], "int16", 0)
    for image in images.noise("float32", 3, ((17, 33), (5, 37))):
        for view in layouts(image):
            yield _separable(view, ROWS[13], ROWS[6], "float32", 0)


def _separable(src: Array, kernel_x: Any, kernel_y: Any, result: str, number: int) -> Case:
    border, delta = BORDERS[number % 4], DELTAS[number % 5]
    anchor = (-1, -1) if number % 4 else (number // 4 % len(kernel_x), number // 8 % len(kernel_y))
    kind = (np.float32, np.float64)[number % 2]
    x, y = np.array(kernel_x, kind), np.array(kernel_y, kind)
    arguments = {"src": src, "kernel_x": x, "kernel_y": y, "dtype": result, "delta": delta, "anchor": anchor}
    depth, code = DEPTHS.index(result), CODES[border]

    def reference(cv2: Any) -> Any:
        cv2.setNumThreads(1)  # with more, the anchor of a large image's last tile is wrong in cv2
        options = {"anchor": anchor, "delta": delta, "borderType": code}
        return cv2.sepFilter2D(np.ascontiguousarray(src), depth, x, y, **options)

    return arguments | {"border": border}, reference


REASON = (
    "cv2 sums large kernels by blocks in the frequency domain, in float32 unless the source is float64: its rounding "
    "depends on the size of its blocks and on the FFT library; cvkit sums them directly"
)
IN_FREQUENCY = {
    "uint8": disputed(REASON, steps=1),
    "uint16": disputed(REASON, steps=1),
    "int16": disputed(REASON, steps=1),
    "float32": disputed(REASON, bound=4e-6),
    "float64": disputed(REASON, bound=4e-6),
}
SHAPES = ((1, 1), (3, 3), (2, 2), (1, 5), (5, 1), (3, 4), (5, 5), (7, 3), (7, 7), (4, 9), (2, 24))


@proof(filter2d, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every pair of dtypes, 1 to 4 channels, all borders, kernels with and without zeros, anchors; large kernels."""
    number = 0
    for source, results in PLANAR_RESULTS.items():
        for result in results:
            for channels in (1, 2, 3, 4):
                for image in _images(images, source, channels):
                    kernel = _weights(images, SHAPES[number % len(SHAPES)], number)
                    yield _planar(image, kernel, result, number)
                    number += 1
            for image in images.noise(source, 3, ((17, 33), (31, 40))):
                for shape in ((10, 13), (15, 17), (41, 45)):
                    yield _planar(image, _weights(images, shape, number), result, number)
                    number += 1
    for image in (*images.photographs(1), *images.photographs(3), *images.synthetic(1)):
        if image.size > 100_000:
            continue
        for shape in ((3, 3), (5, 5)):
            for result in ("uint8", "int16"):
                kernel = images.random("int16", shape) // 4096 / 10
                yield _planar(image, kernel, result, number)
                number += 1
    for image in images.noise("float32", 3, ((17, 33), (5, 37))):
        for view in layouts(image):
            yield _planar(view, _weights(images, (3, 3), 0), "float32", 0)


def _weights(images: Images, shape: tuple[int, int], number: int) -> Array:
    """Weights in tenths, of which every third set is half zeros, and every fourth is not in tenths."""
    weights = images.random("uint8", shape) % 21 / 10.0 - 1
    if number % 3 == 0:
        weights[images.random("uint8", shape) % 2 == 0] = 0
    if number % 4 == 3:
        weights = images.random("float64", shape) - 0.4
    weights = weights / (1 if weights.size < 30 else weights.size / 10)
    return np.asarray(weights.astype((np.float32, np.float64)[number % 2]))


def _planar(src: Array, kernel: Array, result: str, number: int) -> Case:
    border, delta = BORDERS[number % 4], DELTAS[number % 5]
    height, width = kernel.shape
    anchor = (-1, -1) if number % 4 else (number // 4 % width, number // 8 % height)
    arguments = {"src": src, "kernel": kernel, "dtype": result, "delta": delta, "anchor": anchor, "border": border}
    depth, code = DEPTHS.index(result), CODES[border]

    def reference(cv2: Any) -> Any:
        cv2.setNumThreads(1)  # as for the separable filters
        options = {"anchor": anchor, "delta": delta, "borderType": code}
        return cv2.filter2D(np.ascontiguousarray(src), depth, kernel, **options)

    if kernel.size >= _direct_weights(src.dtype.name, result):
        strict = src.dtype == np.float64
        return arguments, reference, disputed(REASON, bound=1e-14) if strict else IN_FREQUENCY[result]
    return arguments, reference


@benchmark(filter2d)
def _(photo: Array) -> Iterator[Duel]:
    for dtype in ("uint8", "float32"):
        src = photo.astype(dtype)
        for side in (3, 5):
            kernel = np.linspace(-0.2, 0.4, side * side).reshape(side, side).astype(np.float32)
            label = f"BGR {dtype}, {side} x {side}"
            yield Duel(label, {"src": src, "kernel": kernel}, np.empty_like(src), _by_filter2d(src, kernel))


def _by_filter2d(src: Array, kernel: Array) -> Any:
    return lambda cv2, dst: cv2.filter2D(src, -1, kernel, dst)


@benchmark(sep_filter2d)
def _(photo: Array) -> Iterator[Duel]:
    for dtype in ("uint8", "float32"):
        src = photo.astype(dtype)
        for side in (5, 9):
            x = np.arange(side) - side // 2
            kernel = np.exp(-(x**2) / 4.0).astype(np.float32)
            kernel /= kernel.sum()
            arguments = {"src": src, "kernel_x": kernel, "kernel_y": kernel}
            yield Duel(f"BGR {dtype}, {side} taps", arguments, np.empty_like(src), _by_sep_filter2d(src, kernel))


def _by_sep_filter2d(src: Array, kernel: Array) -> Any:
    return lambda cv2, dst: cv2.sepFilter2D(src, -1, kernel, kernel, dst)


@warm_ups(filter2d)
def _() -> Iterator[Arguments]:
    """Each dtype to itself, with a small kernel."""
    for dtype in ("uint8", "uint16", "int16", "float32", "float64"):
        yield {"src": np.zeros((8, 40), dtype), "kernel": np.full((3, 3), 0.1)}


@warm_ups(sep_filter2d)
def _() -> Iterator[Arguments]:
    """Each dtype to itself, with a symmetric kernel and one that is not."""
    for dtype in ("uint8", "uint16", "int16", "float32", "float64"):
        for kernel in (np.array([0.2, 0.6, 0.2]), np.array([0.1, 0.2, 0.3, 0.4])):
            yield {"src": np.zeros((8, 40), dtype), "kernel_x": kernel, "kernel_y": kernel}
