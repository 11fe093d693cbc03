"""Proofs and benchmarks of integral images."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.check import DEPTHS
from cvkit.integrals import SUMS, integral, integral2, integral3
from cvkit.parity.images import SMALL, TINY, Images, layouts
from cvkit.parity.proof import EQUAL, Arguments, Duel, Reference, benchmark, proof, warm_ups

Array = NDArray[Any]
Case = tuple[Arguments, Reference]

# float32 holds no whole number above 2**24: from here on the sums of uint8 in it are rounded.
BRIGHT = ((300, 257), (301, 290), (299, 352))


def _images(images: Images, dtype: str) -> Iterator[Array]:
    """1 to 4 channels; floats of both signs and of magnitudes so far apart that the order of a sum shows."""
    for channels in (1, 2, 3, 4):
        for image in images.noise(dtype, channels, TINY + SMALL):
            if np.issubdtype(dtype, np.floating):
                yield ((image - 0.4) * 10.0 ** (images.random("float64", image.shape) * 12 - 6)).astype(dtype)
            else:
                yield image
    for image in images.noise(dtype, 3, ((17, 33),)):
        yield from layouts(image)
    if dtype == "uint8":
        for channels in (1, 3):
            yield from images.photographs(channels)


def _integral(src: Array, dtype: str) -> Case:
    return {"src": src, "dtype": dtype}, lambda cv2: cv2.integral(src, sdepth=DEPTHS.index(dtype))


def _several(name: str, src: Array, dtype: str, sq_dtype: str) -> Case:
    depths = {"sdepth": DEPTHS.index(dtype), "sqdepth": DEPTHS.index(sq_dtype)}
    return {"src": src, "dtype": dtype, "sq_dtype": sq_dtype}, lambda cv2: getattr(cv2, name)(src, **depths)


def _triples(images: Images, name: str) -> Iterator[Case]:
    for dtype, sums in SUMS.items():
        for result, squares in ((r, q) for r in sums for q in sums[r]):
            for image in _images(images, dtype):
                yield _several(name, image, result, squares)


@proof(integral, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every pair of dtypes; 1 to 4 channels; sums of uint8 that float32 rounds."""
    for dtype, sums in SUMS.items():
        for result in sums:
            for image in _images(images, dtype):
                yield _integral(image, result)
    for channels in (1, 2, 3, 4):
        for image in images.noise("uint8", channels, BRIGHT):
            yield _integral(255 - image // 4, "float32")


@proof(integral2, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every triple of dtypes."""
    yield from _triples(images, "integral2")


@proof(integral3, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every triple of dtypes."""
    yield from _triples(images, "integral3")


def _gray(photo: Array) -> Array:
    import cv2

    return cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)


def _duel(label: str, src: Array, call: Callable[[Any, Any], Any]) -> Duel:
    height, width = src.shape[:2]
    dtype = np.int32 if src.dtype == np.uint8 else np.float64
    return Duel(label, {"src": src}, np.empty((height + 1, width + 1, *src.shape[2:]), dtype), call)


@benchmark(integral)
def _(photo: Array) -> Iterator[Duel]:
    gray = _gray(photo)
    yield _duel("gray", gray, lambda cv2, dst: cv2.integral(gray, dst))
    yield _duel("BGR", photo, lambda cv2, dst: cv2.integral(photo, dst))


@benchmark(integral2)
def _(photo: Array) -> Iterator[Duel]:
    gray = _gray(photo)
    yield _duel("gray", gray, lambda cv2, dst: cv2.integral2(gray))


@benchmark(integral3)
def _(photo: Array) -> Iterator[Duel]:
    gray = _gray(photo)
    yield _duel("gray", gray, lambda cv2, dst: cv2.integral3(gray))


@warm_ups(integral)
def _() -> Iterator[Arguments]:
    """Each pair of dtypes."""
    for dtype, sums in SUMS.items():
        for result in sums:
            yield {"src": np.zeros((2, 3), dtype), "dtype": result}


def _every_triple() -> Iterator[Arguments]:
    """Each triple of dtypes."""
    for dtype, sums in SUMS.items():
        for result, squares in ((r, q) for r in sums for q in sums[r]):
            yield {"src": np.zeros((2, 3), dtype), "dtype": result, "sq_dtype": squares}


warm_ups(integral2)(_every_triple)
warm_ups(integral3)(_every_triple)
