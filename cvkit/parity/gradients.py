"""Proofs and benchmarks of gradients."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.check import BORDERS as CODES
from cvkit.gradients import BORDERS, gradient_magnitude, spatial_gradient
from cvkit.parity.derivatives import gray_of, noise, samples
from cvkit.parity.images import Images
from cvkit.parity.proof import EQUAL, Arguments, Duel, Reference, benchmark, proof, warm_ups

Array = NDArray[Any]
Case = tuple[Arguments, Reference]


def _both(src: Array, border: str) -> Case:
    plain, code = np.ascontiguousarray(src), CODES[border]

    def reference(cv2: Any) -> Any:
        if src.ndim == 2 and border in ("replicate", "reflect101"):
            return cv2.spatialGradient(plain, ksize=3, borderType=code)
        orders = ((1, 0), (0, 1))
        return tuple(cv2.Sobel(plain, cv2.CV_16S, dx, dy, borderType=code) for dx, dy in orders)

    return {"src": src, "border": border}, reference


@proof(spatial_gradient, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """All borders, 1 to 4 channels, sizes around the vector widths, photographs, any strides."""
    for border in BORDERS:
        for channels in (1, 2, 3, 4):
            for image in images.noise("uint8", channels):
                yield _both(image, border)
        for image in samples(images):
            yield _both(image, border)


def _magnitude(src: Array, ksize: int, norm: str, border: str) -> Case:
    plain, code = np.ascontiguousarray(src), CODES[border]

    def reference(cv2: Any) -> Any:
        orders = ((1, 0), (0, 1))
        dx, dy = (cv2.Sobel(plain, cv2.CV_32F, *order, ksize=ksize, borderType=code) for order in orders)
        result = cv2.magnitude(dx, dy) if norm == "l2" else cv2.add(np.abs(dx), np.abs(dy))
        return result.reshape(src.shape)

    return {"src": src, "ksize": ksize, "norm": norm, "border": border}, reference


@proof(gradient_magnitude, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Each dtype, 1 to 4 channels, both norms, all borders and sizes in turn; photographs, any strides."""
    number = 0
    for source in ("uint8", "uint16", "int16", "float32"):
        for channels in (1, 2, 3, 4):
            for image in noise(images, source, channels):
                for ksize in (3, -1, 5, (1, 7, 9, 31)[number % 4]):
                    yield _magnitude(image, ksize, ("l2", "l1")[number // 4 % 2], BORDERS[number // 5 % 4])
                    number += 1
    for image in samples(images):
        for ksize in (3, -1, 5):
            yield _magnitude(image, ksize, ("l2", "l1")[number % 2], BORDERS[number % 4])
            number += 1


@benchmark(gradient_magnitude)
def _(photo: Array) -> Iterator[Duel]:
    gray = gray_of(photo)
    for ksize in (3, 5):
        yield _magnitude_duel(gray, ksize)


def _magnitude_duel(gray: Array, ksize: int) -> Duel:
    out = np.empty(gray.shape, np.float32)
    dx, dy = np.empty_like(out), np.empty_like(out)

    def by_cv2(cv2: Any, dst: Array) -> Any:
        cv2.Sobel(gray, cv2.CV_32F, 1, 0, dx, ksize)
        cv2.Sobel(gray, cv2.CV_32F, 0, 1, dy, ksize)
        return cv2.magnitude(dx, dy, dst)

    return Duel(f"gray, ksize {ksize}", {"src": gray, "ksize": ksize}, out, by_cv2)


@benchmark(spatial_gradient)
def _(photo: Array) -> Iterator[Duel]:
    gray = gray_of(photo)
    yield Duel("gray, new arrays", {"src": gray}, np.empty(0), lambda cv2, dst: cv2.spatialGradient(gray))


@warm_ups(gradient_magnitude)
def _() -> Iterator[Arguments]:
    """Each dtype, and of uint8 the sizes that have kernels of their own."""
    for dtype in ("uint8", "uint16", "int16", "float32"):
        for ksize in (3, 5, 7):
            yield {"src": np.zeros((8, 40), dtype), "ksize": ksize}
