"""Proofs and benchmarks of the edge detectors."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.edges import APERTURES, canny, canny_from_gradients
from cvkit.parity.images import Images, layouts
from cvkit.parity.proof import EQUAL, Arguments, Duel, Reference, benchmark, proof

# Thresholds for aperture 3; the derivatives of the larger ones are larger.
THRESHOLDS = ((50, 150), (0, 0), (-3, 40), (300, 100.5), (199.5, 199.5), (20, 2000))
SCALE = {3: 1, 5: 12, 7: 160}

Array = NDArray[Any]
Case = tuple[Arguments, Reference]


def _canny(src: Array, low: float, high: float, aperture: int, l2: bool) -> Case:
    low, high = low * SCALE[aperture], high * SCALE[aperture]
    arguments = {"src": src, "low": low, "high": high, "aperture": aperture, "l2_gradient": l2}
    return arguments, lambda cv2: cv2.Canny(src, low, high, apertureSize=aperture, L2gradient=l2)


@proof(canny, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Sizes around the vector widths, one-pixel axes; 1 to 4 channels, apertures, norms, thresholds in any order; any
    strides.
    """
    for channels in (1, 2, 3, 4):
        every = [*images.noise("uint8", channels), *images.photographs(channels), *images.synthetic(channels)]
        for i, image in enumerate(every):
            for j, (aperture, l2) in enumerate((a, n) for a in APERTURES for n in (False, True)):
                low, high = THRESHOLDS[(i + j) % len(THRESHOLDS)]
                yield _canny(image, low, high, aperture, l2)
    for low, high in (*THRESHOLDS, (1e9, 1e12), (0.1, 0.9), (40000, 50000)):
        for l2 in (False, True):
            for image in images.noise("uint8", 1, ((17, 33), (64, 97))):
                yield _canny(image // 4, low, high, 3, l2)
    for channels in (1, 3):
        for image in images.noise("uint8", channels, ((17, 33), (21, 64))):
            for view in layouts(image):
                yield _canny(view, 90, 400, 3, False)


@proof(canny_from_gradients, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Derivatives over the whole range of int16 but -32768, small ones with many ties, and those of photographs."""

    def case(dx: Array, dy: Array, low: float, high: float, l2: bool) -> Case:
        arguments = {"dx": dx, "dy": dy, "low": low, "high": high, "l2_gradient": l2}
        # cv2 takes 1 or 3 channels, contiguous
        planes = np.ascontiguousarray(dx), np.ascontiguousarray(dy)
        return arguments, lambda cv2: cv2.Canny(*planes, low, high, L2gradient=l2)

    for channels in (1, 3):
        for l2 in (False, True):
            for dx in images.noise("int16", channels):
                dx = np.maximum(dx, -32767)
                dy = np.maximum(images.random("int16", dx.shape), -32767)
                yield case(dx, dy, 8000, 30000, l2)
                yield case(dx // 4096, dy // 4096, 3, 8, l2)
                yield case(dx // 128, dy // 128, 300.5, 100, l2)
            for image in (*images.photographs(channels), *images.synthetic(channels)):
                dx = image.astype(np.int16) * 3
                yield case(dx - np.roll(dx, 1, axis=1), np.roll(dx, 1, axis=0) - dx, 60, 150, l2)
        for dx in images.noise("int16", channels, ((17, 33), (21, 64))):
            dx = np.maximum(dx, -32767)
            for view in layouts(dx):
                yield case(view, view[::-1], 8000, 30000, False)


@benchmark(canny)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    for label, src, options in (
        ("gray", gray, {}),
        ("gray L2", gray, {"l2": True}),
        ("gray aperture 5", gray, {"aperture": 5}),
        ("gray aperture 7", gray, {"aperture": 7}),
        ("BGR", photo, {}),
    ):
        yield _canny_duel(label, src, **options)


def _canny_duel(label: str, src: Array, aperture: int = 3, l2: bool = False) -> Duel:
    low, high = 50 * SCALE[aperture], 150 * SCALE[aperture]

    def skimage_canny() -> Any:
        from skimage.feature import canny as reference

        return reference(src, sigma=0, low_threshold=low / 4, high_threshold=high / 4)

    return Duel(
        label,
        {"src": src, "low": low, "high": high, "aperture": aperture, "l2_gradient": l2},
        np.empty(src.shape[:2], np.uint8),
        lambda cv2, dst: cv2.Canny(src, low, high, dst, aperture, l2),
        skimage_canny if label == "gray" else None,
    )


@benchmark(canny_from_gradients)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    dx, dy = cv2.Sobel(gray, cv2.CV_16S, 1, 0), cv2.Sobel(gray, cv2.CV_16S, 0, 1)
    yield Duel(
        "gray",
        {"dx": dx, "dy": dy, "low": 50, "high": 150},
        np.empty(gray.shape, np.uint8),
        lambda cv2, dst: cv2.Canny(dx, dy, 50, 150, dst),
    )
