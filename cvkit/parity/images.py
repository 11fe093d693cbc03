"""Images that proofs are made of: noise, photographs and synthetic ones, at sizes around the widths of vectors."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.errors import CvkitError

Array = NDArray[Any]

TINY = ((1, 1), (1, 7), (7, 1), (2, 3), (3, 5), (5, 4), (17, 33))
SMALL = ((9, 15), (8, 16), (31, 17), (16, 31), (16, 32), (33, 33), (20, 63), (21, 64), (22, 65), (64, 97), (31, 130))


class Images:
    """The images of one run; those of more than ``max_pixels`` pixels are left out."""

    def __init__(self, max_pixels: int | None = None) -> None:
        self._limit = max_pixels
        self._random = np.random.default_rng(20240229)

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether an image of this shape belongs to the run."""
        return self._limit is None or shape[0] * shape[1] <= self._limit

    def noise(self, dtype: str, channels: int, sizes: tuple[tuple[int, int], ...] = TINY + SMALL) -> Iterator[Array]:
        """Values over the whole range of the dtype, one image a size."""
        for size in sizes:
            if self.fits(size):
                yield self.random(dtype, _shape(size, channels))

    def random(self, dtype: str, shape: tuple[int, ...]) -> Array:
        """One image of noise over the whole range of an integer dtype, or over 0 to 1."""
        if np.issubdtype(dtype, np.integer):
            limits = np.iinfo(dtype)
            return self._random.integers(limits.min, limits.max, shape, dtype, endpoint=True)
        return self._random.random(shape).astype(dtype)

    def photographs(self, channels: int) -> Iterator[Array]:
        """uint8 photographs, whole and in parts."""
        for name in ("camera", "astronaut", "coffee", "coins"):
            whole = photograph(name, channels)
            for crop in (whole, whole[100:221, 60:257], whole[40:57, 200:233]):
                if self.fits(crop.shape):
                    yield np.ascontiguousarray(crop)

    def synthetic(self, channels: int) -> Iterator[Array]:
        """uint8 images with flat parts, steps, ramps, thin lines and repeated values: ties everywhere."""
        for h, w in ((16, 33), (61, 64), (70, 131)):
            if not self.fits((h, w)):
                continue
            y, x = np.mgrid[:h, :w]
            layers = [
                np.full((h, w), 77),
                (y // 5 + x // 5) % 2 * 255,
                np.hypot(y - h / 2, x - w / 2) // 3 % 2 * 200,
                (x * 4 + y) % 256,
                np.where((y % 8 == 0) | (x % 11 == 0), 255, 0),
                np.where(spiral(h, w), 200, 20),
            ]
            for i in range(len(layers)):
                planes = [layers[(i + c) % len(layers)] for c in range(channels)]
                yield np.stack(planes, -1).reshape(_shape((h, w), channels)).astype(np.uint8)


def layouts(image: Array) -> Iterator[Array]:
    """The same kind of image in other places of memory: flipped, transposed, strided, cut out, unaligned rows,
    read-only, Fortran.
    """
    yield image[::-1, ::-1]
    yield np.swapaxes(image, 0, 1)
    yield np.repeat(np.repeat(image, 2, axis=0), 3, axis=1)[::2, ::3]
    yield np.pad(image, ((2, 3), (5, 4)) + ((0, 0),) * (image.ndim - 2))[2:-3, 5:-4]
    yield np.asfortranarray(image)
    frozen = image.copy()
    frozen.flags.writeable = False
    yield frozen
    if image.ndim == 3:
        yield np.concatenate([image, image[..., :1]], axis=2)[..., : image.shape[2]]


def spiral(h: int, w: int) -> NDArray[np.bool_]:
    """One line of a pixel's width that winds inwards, with gaps: the longest way that hysteresis can go."""
    line = np.zeros((h, w), bool)
    for ring in range(0, (min(h, w) + 1) // 2, 4):
        top, left, bottom, right = ring, ring, h - 1 - ring, w - 1 - ring
        if bottom - top < 4 or right - left < 4:
            break
        line[top, max(left - 4, 0) : right + 1] = True
        line[top : bottom + 1, right] = True
        line[bottom, left : right + 1] = True
        line[top + 4 : bottom + 1, left] = True
    return line


@cache
def photograph(name: str, channels: int) -> Array:
    """A photograph that scikit-image ships, uint8, with 1 to 4 channels (BGR order, then gray)."""
    try:
        from skimage import data
    except ImportError:
        raise CvkitError(
            "The photographs come with scikit-image: install the parity extra, pip install '.[parity]'."
        ) from None
    import cv2

    pixels = getattr(data, name)()
    colour = pixels[..., ::-1] if pixels.ndim == 3 else np.dstack([pixels, pixels[:, ::-1], pixels[::-1]])
    gray = cv2.cvtColor(np.ascontiguousarray(colour), cv2.COLOR_BGR2GRAY) if pixels.ndim == 3 else pixels
    image = gray if channels == 1 else np.dstack([colour, gray])[..., :channels]
    image = np.ascontiguousarray(image)
    image.flags.writeable = False
    return image


def _shape(size: tuple[int, int], channels: int) -> tuple[int, ...]:
    return size if channels == 1 else (*size, channels)
