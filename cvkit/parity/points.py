"""Points, contours and binary images that proofs of shapes and contours are made of."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.parity.images import SMALL, TINY, Images, layouts, spiral
from cvkit.parity.proof import Arguments, Reference

Array = NDArray[Any]
Case = tuple[Arguments, Reference]

COUNTS = (1, 2, 3, 4, 5, 8, 31, 32, 33, 100, 511, 513, 1500)
DTYPES = ("int32", "float32")
NO_OUT = np.empty(0, np.uint8)  # of operations whose results have a size of their own


def _whole(images: Images, low: int, high: int, shape: tuple[int, ...]) -> Array:
    """Whole numbers from low to high."""
    return np.asarray(np.floor(images.random("float64", shape) * (high - low + 1)) + low, np.int64)


def clouds(images: Images) -> Iterator[Array]:
    """Points of every kind, int64: squares small and large, with many equal ones; lines; circles, sorted and not; ways
    that go to and fro.
    """
    for n in COUNTS:
        if not images.fits((n, 2)):
            continue
        for reach in (1, 3, 20, 1000, 10**6):
            yield _whole(images, -reach, reach, (n, 2))
        step = _whole(images, -2, 2, (2,))
        yield _whole(images, -9, 9, (n, 1)) * step
        yield np.arange(n)[:, None] * step + 5
        angle = images.random("float64", (n,)) * 2 * np.pi
        for turned in (angle, np.sort(angle), -np.sort(angle)):
            yield np.rint(np.stack([np.cos(turned), np.sin(turned)], 1) * (3 if n % 2 else 1e4)).astype(np.int64)
        half = _whole(images, -50, 50, ((n + 1) // 2, 2))
        yield np.concatenate([half, half[::-1]])
        yield np.repeat(half, 2, axis=0)
        yield np.full((n, 2), 7)
        yield np.cumsum(_whole(images, -1, 1, (n, 2)), axis=0)


def points_of_all_kinds(images: Images) -> Iterator[Array]:
    """The clouds as int32 and as float32 of many scales, rounded and not; in any layout."""
    scales = (1.0, 0.1, 1e-20, 1e10, 1 / 3, 1e-35, 1e25)
    for i, cloud in enumerate(clouds(images)):
        yield cloud.astype(np.int32)
        noise = images.random("float64", cloud.shape) if i % 2 else 0.0
        yield ((cloud + noise) * scales[i % len(scales)]).astype(np.float32)
    for dtype in DTYPES:
        for view in layouts(_whole(images, -40, 40, (60, 2)).astype(dtype)):
            if view.shape[1] == 2:
                yield view
                yield view[:, None]


def late(reference: Callable[..., Any], *values: Any) -> Callable[..., Any]:
    """A reference with the values that it is to be called with, whatever their names hold by then."""
    return lambda *modules: reference(*modules, *values)


def plain(points: Array) -> Array:
    return np.ascontiguousarray(points).reshape(-1, 1, 2)


def outlines(images: Images, fewest: int) -> Iterator[Array]:
    """Contours of objects in images of noise and of circles, that go either way and start anywhere."""
    import cv2

    for h, w in (*SMALL, *SMALL) if images.fits((64, 97)) else ((9, 15), (8, 16)):
        smooth = cv2.GaussianBlur(images.random("uint8", (h, w)), (0, 0), 2)
        smooth[[0, -1]] = smooth[:, [0, -1]] = 0
        for level in (100, 118, 127, 135):
            for method in (1, 2):
                for k, contour in enumerate(cv2.findContours((smooth > level).astype(np.uint8), 1, method)[0]):
                    if len(contour) >= fewest:
                        yield np.roll(contour[:, 0][:: -1 if k % 2 else 1], k % 7, axis=0)


def binary_images(images: Images) -> Iterator[Array]:
    """Noise of several densities, smooth objects, boards, spirals, combs, nested rings; sizes around word widths."""
    import cv2

    for i, (h, w) in enumerate(TINY + SMALL + ((1, 64), (64, 1), (40, 63), (41, 65))):
        if not images.fits((h, w)):
            continue
        noise = images.random("uint8", (h, w))
        y, x = np.mgrid[:h, :w]
        yield noise > (250, 128, 20, 90)[i % 4]
        yield cv2.GaussianBlur(noise, (0, 0), 1.5) > 127
        yield (x // (1 + i % 3) + y) % 2 == 0
        yield spiral(h, w)
        yield (x % 2 == 0) | (y == h // 2)
        ring = np.minimum(np.minimum(x, w - 1 - x), np.minimum(y, h - 1 - y))
        yield ring // (1 + i % 2) % 2 == 0
        yield np.full((h, w), i % 2 == 0)


def curves(images: Images) -> Iterator[Array]:
    yield from points_of_all_kinds(images)
    for i, contour in enumerate(outlines(images, 3)):
        yield contour.astype(DTYPES[i % 2])


def square(dtype: str) -> Array:
    return np.array([[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]], dtype)


def objects(photo: Array) -> Array:
    import cv2

    return (cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY) > 128).astype(np.uint8)


def longest_contour(photo: Array) -> Array:
    """The longest contour of a photograph's bright parts."""
    import cv2

    contours = cv2.findContours(objects(photo), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    return max(contours, key=len)
