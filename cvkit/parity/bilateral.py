"""Proof and benchmark of the bilateral filter."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.bilateral import bilateral_filter
from cvkit.check import BORDERS
from cvkit.parity.images import SMALL, TINY, Images, layouts
from cvkit.parity.proof import EQUAL, Arguments, Criterion, Duel, Reference, benchmark, close, proof

Array = NDArray[Any]
Case = tuple[Arguments, Reference] | tuple[Arguments, Reference, Criterion]
Setting = tuple[int, float, float]

# d, sigma_color in grey levels, sigma_space: every small radius, one from sigma_space, weights of almost one and of
# almost zero, and what leaves the image as it is.
SETTINGS: tuple[Setting, ...] = (
    (9, 75, 75),
    (5, 30, 3),
    (5, 200, 1.5),
    (3, 12.5, 0.8),
    (0, 40, 1.7),
    (7, 25, 5),
    (-1, 90, 0.2),
    (1, 1000, 1000),
    (4, 3, 2),
    (15, 50, 4),
    (6, 1e6, 1e5),
    (9, 0.3, 75),
    (11, 100, 0.4),
    (25, 60, 9),
)
UNCHANGED: tuple[Setting, ...] = ((5, 0, 3), (5, 20, 1e-6), (0, -1, -1), (-2, 20, -5), (9, 1e-6, 2))

# Which sums cv2 rounds once and which twice depends on the width of the processor's vectors; cvkit does as with AVX2,
# and is equal there. (With AVX-512 the order of sums of gray bytes and d 4 or 5 differs, too, in the last w % 64 pixels
# of a row, and one in tens of millions is rounded to another side.)
ROUNDING = close(2e-6)


def _case(src: Array, d: int, sigma_color: float, sigma_space: float, border: str) -> Case:
    if src.dtype == np.float32:
        sigma_color = sigma_color / 255 * (float(np.nanmax(src)) - float(np.nanmin(src)) or 1.0)
    arguments = {"src": src, "d": d, "sigma_color": sigma_color, "sigma_space": sigma_space, "border": border}
    plain = np.ascontiguousarray(src)

    def reference(cv2: Any) -> Any:
        return cv2.bilateralFilter(plain, d, sigma_color, sigma_space, borderType=BORDERS[border])

    return (arguments, reference, ROUNDING) if src.dtype == np.float32 else (arguments, reference)


@proof(bilateral_filter, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Sizes around the vector widths, one-pixel axes, all borders and diameters; noise, photographs, ties; NaN; any
    strides.
    """
    for channels in (1, 3):
        turns = cycle((*SETTINGS, UNCHANGED[0], *SETTINGS, UNCHANGED[1]))
        every = [*images.noise("uint8", channels), *images.synthetic(channels)]
        for image in (*every, *(i for i in images.photographs(channels) if i.size < 1e5)):
            for border in BORDERS:
                yield _case(image, *next(turns), border)
        for image in images.photographs(channels):
            if image.size >= 1e5:
                yield _case(image[:240], 5, 60, 5, "reflect101")
        turns = cycle((*SETTINGS[::-1], *UNCHANGED[:2]))
        for i, image in enumerate(images.noise("float32", channels)):
            for border in BORDERS:
                # around zero, far from it, small, and with the few values that bytes have
                values = (image * 2 - 1, image * 100 + 50, image * 1e-3, np.rint(image * 255))[i % 4]
                if border == "constant" and values.shape[1] % 32:
                    # Zeros around an image without: in the last pixels of a row, as many as the processor's vectors
                    # make it, cv2 clips differences to its table.
                    values.flat[0] = 0
                yield _case(values, *next(turns), border)
        for image in images.photographs(channels):
            if image.size < 1e5:
                yield _case(image.astype(np.float32) / 255, *next(turns), "reflect101")
        # cv2's search for the range loses what stands before a NaN, hence least and largest in the last rows.
        for image in images.noise("float32", channels, ((17, 33), (20, 63), (21, 64))):
            image[images.random("float32", image.shape) < 0.02] = np.nan
            image[-2], image[-1] = 0, 1
            for setting in SETTINGS[:4]:
                yield _case(image, *setting, "reflect")
        for dtype in ("uint8", "float32"):
            for image in images.noise(dtype, channels, ((5, 4), (9, 33))):
                # a neighbourhood many times the image, and larger than what fits in a GPU's shared memory
                yield _case(image, 141, 80, 50, "reflect101")
                yield _case(image, 0, 80, 47, "wrap")
            for image in images.noise(dtype, channels, ((17, 33), (21, 64))):
                for view in layouts(image):
                    yield _case(view, 5, 60, 3, "reflect101")
            for size in (*TINY, *SMALL):
                for setting in UNCHANGED if images.fits(size) else ():
                    yield _case(images.random(dtype, (*size, 3)[: 2 + channels // 3]), *setting, "replicate")


@benchmark(bilateral_filter)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    yield _duel("gray, d 9", gray)
    yield _duel("BGR, d 9", photo)


def _duel(label: str, src: Array) -> Duel:
    def skimage_bilateral() -> Any:
        from skimage.restoration import denoise_bilateral

        return denoise_bilateral(src, win_size=9, sigma_color=75 / 255, sigma_spatial=75)

    return Duel(
        label,
        {"src": src, "d": 9, "sigma_color": 75, "sigma_space": 75},
        np.empty_like(src),
        lambda cv2, dst: cv2.bilateralFilter(src, 9, 75, 75, dst),
        skimage_bilateral if src.ndim == 2 and src.shape[0] <= 512 else None,
    )
