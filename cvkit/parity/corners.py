"""Proofs and benchmarks of the corner detectors."""

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
    corner_sub_pix,
    good_features_to_track,
)
from cvkit.parity.images import Images, layouts
from cvkit.parity.proof import EQUAL, Arguments, Criterion, Duel, Reference, benchmark, close, proof, warm_ups

Array = NDArray[Any]
Case = tuple[Arguments, Reference] | tuple[Arguments, Reference, Criterion]

# block_size and ksize: small and large, odd and even windows, every way to sum them, every kind of derivative
SETTINGS = ((2, 3), (3, 3), (5, 3), (1, 3), (4, -1), (7, 3), (2, 5), (3, 1), (9, 7), (2, -1), (16, 5), (3, 31), (1, 1))

# Sums over windows, which OpenCV moves over the whole image: the CPU does as well and is equal, on the GPU each window
# is summed anew in float64, and its last bit in float32 may differ.
SUMS = close(1e-6)

# Where an image is flat, what is left of such a moving sum decides on a vector's direction and length.
FLAT = close(2e-2)


def _images(images: Images) -> Iterator[Array]:
    """Noise of both dtypes, photographs, float32 around zero and large."""
    for dtype in ("uint8", "float32"):
        for i, image in enumerate(images.noise(dtype, 1)):
            yield image if dtype == "uint8" else (image * 2 - 1, image * 100, image)[i % 3]
    for i, image in enumerate(images.photographs(1)):
        yield image if i % 2 == 0 else image.astype(np.float32) / 255


def _plain(src: Array) -> Array:
    return np.ascontiguousarray(src)


def _cases(images: Images, make: Any) -> Iterator[Case]:
    """Sizes around the vector widths, one-pixel axes, every border, window and derivative; photographs; any strides."""
    turns = cycle(SETTINGS)
    for image in _images(images):
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


@proof(corner_harris, criterion=SUMS)
def _(images: Images) -> Iterator[Case]:
    """Sizes around the vector widths, one-pixel axes, every border, window and derivative; photographs, flat parts; any
    strides; several constants.
    """
    factors = cycle((0.04, 0.06, 0.0, 0.15, -0.3))

    def make(src: Array, block: int, ksize: int, border: str) -> Case:
        k = next(factors)
        arguments = {"src": src, "block_size": block, "ksize": ksize, "k": k, "border": border}
        return arguments, lambda cv2: cv2.cornerHarris(_plain(src), block, ksize, k, borderType=NUMBERS[border])

    yield from _cases(images, make)
    for image in images.synthetic(1):
        yield make(image, 2, 3, "reflect101")
        yield make(image, 3, 5, "constant")


@proof(corner_min_eigen_val, criterion=SUMS)
def _(images: Images) -> Iterator[Case]:
    """As of corner_harris."""

    def make(src: Array, block: int, ksize: int, border: str) -> Case:
        arguments = {"src": src, "block_size": block, "ksize": ksize, "border": border}
        return arguments, lambda cv2: cv2.cornerMinEigenVal(_plain(src), block, ksize=ksize, borderType=NUMBERS[border])

    yield from _cases(images, make)
    for image in images.synthetic(1):
        yield make(image, 3, 3, "reflect101")
        yield make(image, 2, 5, "constant")


@proof(corner_eigen_vals_and_vecs, criterion=SUMS)
def _(images: Images) -> Iterator[Case]:
    """As of corner_harris."""

    def make(src: Array, block: int, ksize: int, border: str) -> Case:
        arguments = {"src": src, "block_size": block, "ksize": ksize, "border": border}
        return arguments, lambda cv2: cv2.cornerEigenValsAndVecs(_plain(src), block, ksize, borderType=NUMBERS[border])

    yield from _cases(images, make)
    for image in images.synthetic(1):
        yield (*make(image, 3, 3, "reflect101")[:2], FLAT)
        yield (*make(image, 2, 5, "constant")[:2], FLAT)


# max_corners, quality_level, min_distance, block_size, gradient_size, harris
FEATURES = (
    (0, 0.01, 10, 3, 3, False),
    (500, 0.01, 5.5, 3, 3, True),
    (20, 0.2, 1, 2, 3, False),
    (0, 1e-3, 0, 3, 5, False),
    (0, 0.05, 30, 5, 3, True),
    (0, 1e-6, 1.5, 2, -1, True),
    (3, 0.01, 2.4, 3, 7, False),
    (0, 0.9, 1e5, 3, 3, False),
    (10, 1.5, 3, 3, 3, False),
    (0, 1e-9, 0.99, 7, 1, False),
)


@proof(good_features_to_track, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """The same points in the same order: noise, photographs, and images that repeat, so that responses tie; masks."""

    def make(src: Array, setting: Any, mask: Array | None = None) -> Case:
        most, quality, distance, block, size, harris = setting
        arguments = {
            "src": src,
            "max_corners": most,
            "quality_level": quality,
            "min_distance": distance,
            "mask": mask,
            "block_size": block,
            "gradient_size": size,
            "harris": harris,
        }

        def reference(cv2: Any) -> Any:
            seen = None if mask is None else np.ascontiguousarray(mask)
            options = {"blockSize": block, "gradientSize": size, "useHarrisDetector": harris, "k": 0.04}
            found = cv2.goodFeaturesToTrack(_plain(src), most, quality, distance, mask=seen, **options)
            return np.empty((0, 2), np.float32) if found is None else found[:, 0]

        return arguments, reference

    turns = cycle(FEATURES)
    every = [*_images(images), *images.synthetic(1)]
    for image in every:
        for i in range(5 if image.size > 1e5 else 10):
            mask = images.random("uint8", image.shape) // 128 if i % 3 == 1 else None
            yield make(image, next(turns), mask)
    for image in images.noise("uint8", 1, ((21, 64), (33, 33))):
        for view in layouts(image):
            yield make(view, FEATURES[0], np.asfortranarray(view > 40))
        yield make(image, FEATURES[0], np.zeros(image.shape, np.uint8))
        yield make(image * 0, FEATURES[0])


WINDOWS: tuple[Any, ...] = (
    ((5, 5), (-1, -1), 30, 0.01),
    ((2, 3), (-1, -1), 10, 0.001),
    ((5, 4), (1, 1), 100, 0.0),
    ((1, 1), (-1, -1), 40, 0.01),
    ((11, 9), (3, 2), 5, 0.1),
    ((3, 3), (5, 5), 1, -1.0),
)


@proof(corner_sub_pix, criterion=close(1e-4))
def _(images: Images) -> Iterator[Case]:
    """Corners anywhere in the image, on its border too; windows of many sizes with and without a zone."""

    def make(src: Array, corners: Array, setting: Any) -> Case:
        window, zone, most, eps = setting
        arguments = {
            "src": src,
            "corners": corners,
            "win_size": window,
            "zero_zone": zone,
            "max_iter": most,
            "eps": eps,
        }

        def reference(cv2: Any) -> Any:
            return cv2.cornerSubPix(_plain(src), corners.reshape(-1, 2).copy(), window, zone, (3, most, eps))

        return arguments, reference

    def places(src: Array, count: int) -> Array:
        size = np.array(src.shape[::-1], np.float32)
        return np.minimum(images.random("float32", (count, 2)) * size, np.nextafter(size, np.float32(0)))

    for image in _images(images):
        for setting in WINDOWS:
            if image.shape[1] >= 2 * setting[0][0] + 5 and image.shape[0] >= 2 * setting[0][1] + 5:
                yield make(image, places(image, 12), setting)
                yield make(image, np.floor(places(image, 3)).reshape(-1, 1, 2), setting)
    for dtype in ("uint8", "float32"):
        for image in images.noise(dtype, 1, ((17, 33), (21, 64), (20, 30), (25, 25))):
            for view in layouts(image):
                if min(view.shape) >= 15:
                    for setting in WINDOWS[:4]:
                        yield make(view, places(view, 5), setting)


def _tiny(**options: Any) -> Iterator[Arguments]:
    for dtype in ("uint8", "float32"):
        yield {"src": np.zeros((16, 16), dtype), **options}


@warm_ups(corner_harris)
def _() -> Iterator[Arguments]:
    for ksize in (3, 5):
        yield from _tiny(block_size=2, ksize=ksize, k=0.04)


@warm_ups(corner_min_eigen_val)
def _() -> Iterator[Arguments]:
    for ksize in (3, 5):
        yield from _tiny(block_size=2, ksize=ksize)


@warm_ups(corner_eigen_vals_and_vecs)
def _() -> Iterator[Arguments]:
    for ksize in (3, 5):
        yield from _tiny(block_size=2, ksize=ksize)


@warm_ups(good_features_to_track)
def _() -> Iterator[Arguments]:
    for harris in (False, True):
        yield from _tiny(max_corners=1, quality_level=0.1, min_distance=1, harris=harris)


@warm_ups(corner_sub_pix)
def _() -> Iterator[Arguments]:
    yield from _tiny(corners=np.ones((1, 2), np.float32), win_size=(1, 1))


def _gray(photo: Array) -> Array:
    import cv2

    return cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)


@benchmark(corner_harris)
def _(photo: Array) -> Iterator[Duel]:
    gray = _gray(photo)

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
    gray = _gray(photo)
    out = np.empty(gray.shape, np.float32)
    arguments = {"src": gray, "block_size": 3}
    yield Duel("block 3, ksize 3", arguments, out, lambda cv2, dst: cv2.cornerMinEigenVal(gray, 3, dst, 3))


@benchmark(corner_eigen_vals_and_vecs)
def _(photo: Array) -> Iterator[Duel]:
    gray = _gray(photo)
    out = np.empty((*gray.shape, 6), np.float32)
    arguments = {"src": gray, "block_size": 3}
    yield Duel("block 3, ksize 3", arguments, out, lambda cv2, dst: cv2.cornerEigenValsAndVecs(gray, 3, 3, dst))


@benchmark(good_features_to_track)
def _(photo: Array) -> Iterator[Duel]:
    gray = _gray(photo)
    arguments = {"src": gray, "max_corners": 500, "quality_level": 0.01, "min_distance": 10}
    # cv2 makes its own array, too
    yield Duel("500 corners", arguments, np.empty(0), lambda cv2, dst: cv2.goodFeaturesToTrack(gray, 500, 0.01, 10))


@benchmark(corner_sub_pix)
def _(photo: Array) -> Iterator[Duel]:
    import cv2 as library

    gray = _gray(photo)
    corners = library.goodFeaturesToTrack(gray, 500, 0.01, 10)[:, 0]
    yield Duel(
        "500 corners, 11 x 11",
        {"src": gray, "corners": corners, "win_size": (5, 5)},
        np.empty_like(corners),
        lambda cv2, dst: cv2.cornerSubPix(gray, corners.copy(), (5, 5), (-1, -1), (3, 30, 0.01)),
    )
