"""Proofs and benchmarks of hulls, of what encloses points, and of moments."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from cvkit.parity.images import Images
from cvkit.parity.points import (
    DTYPES,
    NO_OUT,
    Array,
    Case,
    binary_images,
    curves,
    late,
    longest_contour,
    objects,
    outlines,
    plain,
    points_of_all_kinds,
    square,
)
from cvkit.parity.proof import EQUAL, Arguments, Duel, benchmark, proof, warm_ups
from cvkit.shapes import Moments, bounding_rect, convex_hull, convexity_defects, min_area_rect, moments


@proof(convex_hull, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Corners and indices in both directions; many equal points, lines, circles, floats of any scale."""
    for i, points in enumerate(points_of_all_kinds(images)):
        for clockwise in (False, True):
            as_points = (i % 2 == 0) != clockwise
            arguments = {"points": points, "clockwise": clockwise, "return_points": as_points}
            yield (
                arguments,
                late(lambda cv2, p, c, r: cv2.convexHull(plain(p), None, c, r)[:, 0], points, clockwise, as_points),
            )


@proof(convexity_defects, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Contours of objects, with hulls in both directions."""
    import cv2

    for contour in outlines(images, 1):
        for clockwise in (False, True):
            hull = cv2.convexHull(contour, clockwise=clockwise, returnPoints=False)
            shape = hull if clockwise else hull[:, 0]
            if _goes_around(hull[:, 0]):

                def reference(cv2: Any, c: Array = contour, h: Array = hull) -> Any:
                    found = cv2.convexityDefects(c, h)
                    return np.empty((0, 4), np.int32) if found is None else found.reshape(-1, 4)

                yield {"contour": contour, "hull": shape}, reference


def _goes_around(hull: Array) -> bool:
    return hull.size < 3 or np.count_nonzero(np.roll(hull, -1) > hull) in (1, hull.size - 1)


@proof(bounding_rect, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Clouds of points and masks."""
    for points in points_of_all_kinds(images):
        if abs(points).max() < 1e9:
            yield {"array": points}, late(lambda cv2, p: cv2.boundingRect(plain(p)), points)
    for binary in binary_images(images):
        mask = binary.astype(np.uint8) * np.uint8(8)
        yield {"array": mask}, late(lambda cv2, m: cv2.boundingRect(m), mask)


def _fields(found: dict[str, float]) -> Moments:
    return Moments(**found)


@proof(moments, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Contours of objects, clouds of points of any scale, and images of every dtype as they are and as masks."""
    for curve in curves(images):
        if abs(curve).max() < 1e15:
            yield {"array": curve}, late(lambda cv2, c: _fields(cv2.moments(plain(c))), curve)
    for dtype in ("uint8", "uint16", "int16", "float32", "float64"):
        for image in images.noise(dtype, 1):
            if image.shape[1] == 2:
                continue
            for binary in (False, True):
                src = image * (image > 0.5) if binary else image
                yield (
                    {"array": src, "binary": binary},
                    late(lambda cv2, s, b: _fields(cv2.moments(np.ascontiguousarray(s), b)), src, binary),
                )


@proof(min_area_rect, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Clouds of points of moderate scale and contours of objects."""
    for curve in curves(images):
        if curve.dtype == np.int32 or 1e-3 < abs(curve).max() < 1e6:
            yield {"points": curve}, late(lambda cv2, c: cv2.minAreaRect(plain(c)), curve)


@warm_ups(convex_hull)
def _() -> Iterator[Arguments]:
    for dtype in DTYPES:
        yield {"points": square(dtype)}
        yield {"points": np.tile(square(dtype), (20_000, 1))}


@warm_ups(min_area_rect)
def _() -> Iterator[Arguments]:
    for dtype in DTYPES:
        yield {"points": square(dtype)}


@warm_ups(convexity_defects)
def _() -> Iterator[Arguments]:
    yield {"contour": square("int32"), "hull": np.array([0, 1, 2, 4])}


@warm_ups(bounding_rect)
def _() -> Iterator[Arguments]:
    for dtype in DTYPES:
        yield {"array": square(dtype)}
    yield {"array": np.ones((3, 3), np.uint8)}


@warm_ups(moments)
def _() -> Iterator[Arguments]:
    for dtype in DTYPES:
        yield {"array": square(dtype)}
    for dtype in ("uint8", "uint16", "int16", "float32", "float64"):
        yield {"array": np.ones((3, 3), dtype)}


@benchmark(convex_hull)
def _(photo: Array) -> Iterator[Duel]:
    random = np.random.default_rng(0)
    many = random.integers(0, 10_000, (photo[..., 0].size // 2, 2), np.int32)
    for label, points in (("int32", many), ("float32", random.random(many.shape, np.float32)), ("1000", many[:1000])):
        yield Duel(label, {"points": points}, NO_OUT, late(lambda cv2, dst, p: cv2.convexHull(p), points))


@benchmark(convexity_defects)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    contour = longest_contour(photo)
    hull = cv2.convexHull(contour, returnPoints=False)
    arguments = {"contour": contour, "hull": hull}
    yield Duel("longest contour", arguments, NO_OUT, lambda cv2, dst: cv2.convexityDefects(contour, hull))


@benchmark(bounding_rect)
def _(photo: Array) -> Iterator[Duel]:
    contour, mask = longest_contour(photo), objects(photo)
    yield Duel("longest contour", {"array": contour}, NO_OUT, lambda cv2, dst: cv2.boundingRect(contour))
    yield Duel("mask", {"array": mask}, NO_OUT, lambda cv2, dst: cv2.boundingRect(mask))


@benchmark(moments)
def _(photo: Array) -> Iterator[Duel]:
    contour, mask = longest_contour(photo), objects(photo)
    yield Duel("longest contour", {"array": contour}, NO_OUT, lambda cv2, dst: cv2.moments(contour))
    yield Duel("image", {"array": mask}, NO_OUT, lambda cv2, dst: cv2.moments(mask))


@benchmark(min_area_rect)
def _(photo: Array) -> Iterator[Duel]:
    contour = longest_contour(photo)
    yield Duel("longest contour", {"points": contour}, NO_OUT, lambda cv2, dst: cv2.minAreaRect(contour))
