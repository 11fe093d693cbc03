"""Proofs and benchmarks of segmentation."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.parity.images import SMALL, TINY, Images, layouts
from cvkit.parity.proof import EQUAL, Arguments, Duel, Reference, benchmark, proof, warm_ups
from cvkit.parity.regions import levels_of, shape_of
from cvkit.segmentation import watershed
from cvkit.segmentation import watershed_segment as segment

Array = NDArray[Any]
Case = tuple[Arguments, Reference]


def _in_colour(image: Array) -> Array:
    """An image as cv2.watershed takes it."""
    return np.ascontiguousarray(image if image.ndim == 3 else np.repeat(image[..., np.newaxis], 3, axis=2))


def _watershed(src: Array, markers: Array) -> Case:
    def reference(cv2: Any) -> Any:
        return cv2.watershed(_in_colour(src), np.ascontiguousarray(markers).copy())

    return {"src": src, "markers": markers}, reference


@proof(watershed, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Few and many levels, few and many markers, negative and huge ones, none at all; photographs; any strides."""
    rng = np.random.default_rng(10)
    for channels in (1, 3):
        for size in TINY + SMALL:
            if not images.fits(size):
                continue
            for levels in (1, 2, 7, 256):
                for density in (0.0, 0.01, 0.1, 0.5):
                    src = levels_of(images, shape_of(size, channels), levels)
                    markers = rng.choice([-7, -2, -1, 1, 2, 3, 2**31 - 1], size) * (rng.random(size) < density)
                    yield _watershed(src, markers.astype(np.int32))
        for image in (*images.synthetic(channels), *images.photographs(channels)):
            points = rng.random(image.shape[:2]) < 0.002
            yield _watershed(image, np.cumsum(points, dtype=np.int32).reshape(points.shape) * points)
        src = levels_of(images, shape_of((33, 40), channels), 5)
        markers = (rng.integers(0, 4, (33, 40)) * (rng.random((33, 40)) < 0.05)).astype(np.int32)
        for view, marks in zip(layouts(src), layouts(markers), strict=False):
            yield _watershed(view, marks)


def _segment(image: Array, **options: Any) -> Case:
    def reference(cv2: Any) -> Any:
        colour = _in_colour(image)
        gradient = options.get("method") == "gradient"
        gray = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else np.ascontiguousarray(image)
        square = np.ones((3, 3), np.uint8)
        relief = cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, square) if gradient else gray
        threshold = options.get("threshold")
        kind = cv2.THRESH_BINARY if options.get("invert", False) == gradient else cv2.THRESH_BINARY_INV
        kind |= cv2.THRESH_OTSU if threshold is None else 0
        foreground = cv2.threshold(relief, threshold or 0, 255, kind)[1]
        opened = cv2.morphologyEx(foreground, cv2.MORPH_OPEN, square, iterations=options.get("opening", 2))
        wide = cv2.dilate(opened, square, iterations=options.get("dilations", 3))
        distance = cv2.distanceTransform(opened, cv2.DIST_L2, 5)
        cores = cv2.threshold(distance, options.get("level", 0.5) * distance.max(), 255, 0)[1].astype(np.uint8)
        markers = cv2.connectedComponents(cores)[1] + 1
        markers[((wide == 255) | gradient) & (cores == 0)] = 0
        return cv2.watershed(colour, markers)

    return {"image": image, **options}, reference


SEGMENTATIONS: tuple[dict[str, Any], ...] = (
    {},
    {"method": "gradient"},
    {"threshold": 99.7, "invert": True, "opening": 1, "level": 0.3},
    {"method": "gradient", "threshold": 200, "opening": 0},
    {"opening": 0, "dilations": 0, "level": 0.7},
    {"method": "gradient", "invert": True, "opening": 1, "level": 0.1},
    {"threshold": -1, "dilations": 1},
    {"threshold": 300, "level": 0.0},
)


@proof(segment, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Both methods with thresholds of every kind, with and without opening; noise, blobs, photographs; any strides."""
    turns = cycle(SEGMENTATIONS)
    for channels in (1, 3):
        for size in TINY + SMALL:
            if images.fits(size):
                for options in SEGMENTATIONS:
                    blocks = images.random("uint8", shape_of((size[0] // 6 + 1, size[1] // 6 + 1), channels))
                    blobs = np.repeat(np.repeat(blocks, 6, axis=0), 6, axis=1)[: size[0], : size[1]]
                    yield _segment(blobs, **options)
                    yield _segment(images.random("uint8", shape_of(size, channels)), **options)
        for image in (*images.synthetic(channels), *images.photographs(channels)):
            yield _segment(image, **next(turns))
        for view in layouts(images.random("uint8", shape_of((33, 40), channels))):
            yield _segment(view, **next(turns))


@benchmark(watershed)
def _(photo: Array) -> Iterator[Duel]:
    markers = np.zeros(photo.shape[:2], np.int32)
    points = markers[10::50, 10::50]
    points[:] = np.arange(points.size).reshape(points.shape) + 1
    arguments = {"src": photo, "markers": markers}
    yield Duel("BGR", arguments, np.empty_like(markers), lambda cv2, dst: cv2.watershed(photo, markers.copy()))


@benchmark(segment)
def _(photo: Array) -> Iterator[Duel]:
    arguments, reference = _segment(photo)
    yield Duel("BGR", arguments, np.empty(photo.shape[:2], np.int32), lambda cv2, dst: reference(cv2))


@warm_ups(watershed)
def _() -> Iterator[Arguments]:
    """One call compiles everything."""
    yield {"src": np.zeros((3, 3), np.uint8), "markers": np.zeros((3, 3), np.int32)}


@warm_ups(segment)
def _() -> Iterator[Arguments]:
    """One call compiles everything."""
    yield {"image": np.zeros((4, 4), np.uint8)}
