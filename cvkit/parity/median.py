"""Proof and benchmark of the median filter."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.median import LARGEST, median_blur
from cvkit.parity.images import SMALL, TINY, Images, layouts
from cvkit.parity.proof import EQUAL, Arguments, Duel, Reference, benchmark, proof, warm_ups

Array = NDArray[Any]
Case = tuple[Arguments, Reference]

SIZES = (3, 5, 7, 9, 11, 15, 31)


def _case(src: Array, ksize: int) -> Case:
    """cv2 takes uint8 of 1, 3 and 4 channels, and the others up to 5; beyond, it gives the medians of the channels one
    by one, or SciPy the medians.
    """
    arguments = {"src": src, "ksize": ksize}
    planes = np.ascontiguousarray(src)
    if ksize <= 5 or (src.dtype == np.uint8 and planes.shape[2:] != (2,)):
        return arguments, lambda cv2: cv2.medianBlur(planes, ksize)
    if src.dtype == np.uint8:
        both = [np.ascontiguousarray(planes[..., c]) for c in (0, 1)]
        return arguments, lambda cv2: np.dstack([cv2.medianBlur(plane, ksize) for plane in both])

    def by_scipy(_: Any) -> Array:
        from scipy.ndimage import median_filter

        return np.asarray(median_filter(planes, (ksize, ksize, 1)[: planes.ndim], mode="nearest"))

    return arguments, by_scipy


@proof(median_blur, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Sizes around the vector widths and one-pixel axes with windows smaller and larger than the image; noise, noise of
    few levels, photographs; 1 to 4 channels; any strides. 7 and 9 of the wide dtypes are compared with SciPy.
    """
    for channels in (1, 2, 3, 4):
        for image in images.noise("uint8", channels):
            for ksize in (1, *SIZES):
                yield _case(image, ksize)
        every = [*images.photographs(channels), *images.synthetic(channels)]
        for i, image in enumerate(every):
            for j in range(3):
                yield _case(image, SIZES[(i + 2 * j) % len(SIZES)])
        for image in images.noise("uint8", channels, ((3, 5), (33, 33), (21, 64))):
            for ksize in (63, 127, LARGEST["uint8"]):
                yield _case(image, ksize)
            yield _case(image // 64, 15)
        # rows longer than a chunk or a tile of the kernels
        for image in images.noise("uint8", channels, ((3, 1300), (9, 530))):
            for ksize in SIZES:
                yield _case(image, ksize)
    for dtype in ("uint16", "int16", "float32"):
        for channels in (1, 2, 3, 4):
            for image in images.noise(dtype, channels):
                signed = image - np.float32(0.5) if dtype == "float32" else image
                for ksize in (1, 3, 5):
                    yield _case(signed, ksize)
                    yield _case(np.asarray(signed // 2**13 if dtype != "float32" else np.round(signed, 1)), ksize)
            for image in images.noise(dtype, channels, (*TINY, *SMALL[::4])):
                for ksize in (7, 9):
                    yield _case(image, ksize)
    for dtype in LARGEST:
        for channels in (1, 3):
            for image in images.noise(dtype, channels, ((17, 33), (21, 64))):
                for view in layouts(image):
                    yield _case(view, 5)
                    if dtype == "uint8":
                        yield _case(view, 11)


@benchmark(median_blur)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    for ksize in (3, 5, 7, 9, 15, 31):
        yield _duel(f"gray {ksize}x{ksize}", gray, ksize)
    yield _duel("BGR 5x5", photo, 5)


def _duel(label: str, src: Array, ksize: int) -> Duel:
    def by_skimage() -> Any:
        from skimage.filters import median

        return median(src, np.ones((ksize, ksize)), mode="nearest")

    return Duel(
        label,
        {"src": src, "ksize": ksize},
        np.empty_like(src),
        lambda cv2, dst: cv2.medianBlur(src, ksize, dst),
        by_skimage if src.ndim == 2 and ksize <= 5 else None,
    )


@warm_ups(median_blur)
def _() -> Iterator[Arguments]:
    """Each dtype with its networks, 7 and 9 among them, which take longest, and the histograms."""
    for dtype, sizes in (("uint8", (3, 5, 7, 9, 15)), ("uint16", (3, 5)), ("int16", (3, 5)), ("float32", (3, 5))):
        for ksize in sizes:
            yield {"src": np.zeros((24, 24), dtype), "ksize": ksize}
