"""Proofs and benchmarks of the corner responses."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.check import BORDERS as NUMBERS
from cvkit.corners import (
    BORDERS,
    corner_eigen_vals_and_vecs,
    corner_harris,
    corner_min_eigen_val,
)
from cvkit.parity.images import Images, layouts
from cvkit.parity.proof import Arguments, Criterion, Duel, Reference, benchmark, close, proof, warm_ups

Array = NDArray[Any]
Case = tuple[Arguments, Reference] | tuple[Arguments, Reference, Criterion]

# block_size and ksize: small and large, odd and even windows, every way to sum them, every kind of derivative
SETTINGS = ((2, 3), (3, 3), (5, 3), (1, 3), (4, -1), (7, 3), (2, 5), (3, 1), (9, 7), (2, -1), (16, 5), (3, 31), (1, 1))

# Sums over windows, which OpenCV moves over the whole image: the CPU does as well and is equal, on the GPU each window
# is summed anew in float64, and its last bit in float32 may differ.
SUMS = close(1e-6)

# Harris's response of uint8 in whole numbers on the CPU; OpenCV rounds derivatives on the way.
WHOLE = close(4e-6)

# Where an image is flat, what is left of such a moving sum decides on a vector's direction and length.
FLAT = close(2e-2)


def noise_and_photographs(images: Images) -> Iterator[Array]:
    """Noise of both dtypes, photographs, float32 around zero and large."""
    for dtype in ("uint8", "float32"):
        for i, image in enumerate(images.noise(dtype, 1)):
            yield image if dtype == "uint8" else (image * 2 - 1, image * 100, image)[i % 3]
    for i, image in enumerate(images.photographs(1)):
        yield image if i % 2 == 0 else image.astype(np.float32) / 255


def plain(src: Array) -> Array:
    """As cv2 takes it."""
    return np.ascontiguousarray(src)


def _cases(images: Images, make: Any) -> Iterator[Case]:
    """Sizes around the vector widths, one-pixel axes, every border, window and derivative; photographs; any strides."""
    turns = cycle(SETTINGS)
    for image in noise_and_photographs(images):
        large = image.size > 1e5
        for border in BORDERS if not large else ("reflect101",):
            for _ in range(2 if large else 3):
                yield make(image, *next(turns), border)
    for dtype in ("uint8", "float32"):
        for image in images.noise(dtype, 1, ((9, 33), (21, 64))):
            for view in layouts(image):
                yield make(view, 2, 3, "reflect101")
    for image in images.noise("uint8", 1, ((5, 4), (17, 33))):
        for border in BORDERS:
            yield make(image, 40, 3, border)  # larger than the image
    for image in images.noise("uint8", 1, ((7, 1100), (3, 2063))):
        yield make(image, 2, 3, "reflect101")


@proof(corner_harris, criterion=WHOLE)
def _(images: Images) -> Iterator[Case]:
    """Sizes around the vector widths, one-pixel axes, every border, window and derivative; photographs, flat parts; any
    strides; several constants.
    """
    factors = cycle((0.04, 0.06, 0.0, 0.15, -0.3))

    def make(src: Array, block: int, ksize: int, border: str) -> Case:
        k = next(factors)
        arguments = {"src": src, "block_size": block, "ksize": ksize, "k": k, "border": border}
        criterion = WHOLE if src.dtype == np.uint8 and (block, ksize) == (2, 3) else SUMS
        return (
            arguments,
            lambda cv2: cv2.cornerHarris(plain(src), block, ksize, k, borderType=NUMBERS[border]),
            criterion,
        )

    yield from _cases(images, make)
    for image in images.synthetic(1):
        yield make(image, 2, 3, "reflect101")
        yield make(image, 3, 5, "constant")


@proof(corner_min_eigen_val, criterion=SUMS)
def _(images: Images) -> Iterator[Case]:
    """As of corner_harris."""

    def make(src: Array, block: int, ksize: int, border: str) -> Case:
        arguments = {"src": src, "block_size": block, "ksize": ksize, "border": border}
        return arguments, lambda cv2: cv2.cornerMinEigenVal(plain(src), block, ksize=ksize, borderType=NUMBERS[border])

    yield from _cases(images, make)
    for image in images.synthetic(1):
        yield make(image, 3, 3, "reflect101")
        yield make(image, 2, 5, "constant")


@proof(corner_eigen_vals_and_vecs, criterion=SUMS)
def _(images: Images) -> Iterator[Case]:
    """As of corner_harris."""

    def make(src: Array, block: int, ksize: int, border: str) -> Case:
        arguments = {"src": src, "block_size": block, "ksize": ksize, "border": border}
        return arguments, lambda cv2: cv2.cornerEigenValsAndVecs(plain(src), block, ksize, borderType=NUMBERS[border])

    yield from _cases(images, make)
    for image in images.synthetic(1):
        yield (*make(image, 3, 3, "reflect101")[:2], FLAT)
        yield (*make(image, 2, 5, "constant")[:2], FLAT)


def tiny(**options: Any) -> Iterator[Arguments]:
    """Arguments with a small image of each dtype."""
    for dtype in ("uint8", "float32"):
        yield {"src": np.zeros((16, 16), dtype), **options}


@warm_ups(corner_harris)
def _() -> Iterator[Arguments]:
    for ksize in (3, 5):
        yield from tiny(block_size=2, ksize=ksize, k=0.04)


@warm_ups(corner_min_eigen_val)
def _() -> Iterator[Arguments]:
    for ksize in (3, 5):
        yield from tiny(block_size=2, ksize=ksize)


@warm_ups(corner_eigen_vals_and_vecs)
def _() -> Iterator[Arguments]:
    for ksize in (3, 5):
        yield from tiny(block_size=2, ksize=ksize)


def gray_of(photo: Array) -> Array:
    """A photo in colour as one of a single channel."""
    import cv2

    return cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)


@benchmark(corner_harris)
def _(photo: Array) -> Iterator[Duel]:
    gray = gray_of(photo)

    def skimage_harris() -> Any:
        from skimage.feature import corner_harris as reference

        return reference(gray, k=0.04, sigma=1)

    yield Duel(
        "block 2, ksize 3",
        {"src": gray, "block_size": 2, "ksize": 3, "k": 0.04},
        np.empty(gray.shape, np.float32),
        lambda cv2, dst: cv2.cornerHarris(gray, 2, 3, 0.04, dst),
        skimage_harris,
    )


@benchmark(corner_min_eigen_val)
def _(photo: Array) -> Iterator[Duel]:
    gray = gray_of(photo)
    out = np.empty(gray.shape, np.float32)
    arguments = {"src": gray, "block_size": 3}
    yield Duel("block 3, ksize 3", arguments, out, lambda cv2, dst: cv2.cornerMinEigenVal(gray, 3, dst, 3))


@benchmark(corner_eigen_vals_and_vecs)
def _(photo: Array) -> Iterator[Duel]:
    gray = gray_of(photo)
    out = np.empty((*gray.shape, 6), np.float32)
    arguments = {"src": gray, "block_size": 3}
    yield Duel("block 3, ksize 3", arguments, out, lambda cv2, dst: cv2.cornerEigenValsAndVecs(gray, 3, 3, dst))
