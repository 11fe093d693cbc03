"""Proofs and benchmarks of hulls, contours and their measures."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.parity.images import SMALL, TINY, Images, layouts, spiral
from cvkit.parity.proof import EQUAL, Arguments, Duel, Reference, benchmark, proof, warm_ups
from cvkit.shapes import (
    METHODS,
    MODES,
    Moments,
    approx_poly_dp,
    arc_length,
    bounding_rect,
    contour_area,
    convex_hull,
    convexity_defects,
    find_contours,
    min_area_rect,
    moments,
)

Array = NDArray[Any]
Case = tuple[Arguments, Reference]

COUNTS = (1, 2, 3, 4, 5, 8, 31, 32, 33, 100, 511, 513, 1500)
DTYPES = ("int32", "float32")
NO_OUT = np.empty(0, np.uint8)  # of operations whose results have a size of their own


def _whole(images: Images, low: int, high: int, shape: tuple[int, ...]) -> Array:
    """Whole numbers from low to high."""
    return np.asarray(np.floor(images.random("float64", shape) * (high - low + 1)) + low, np.int64)


def _clouds(images: Images) -> Iterator[Array]:
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


def _points(images: Images) -> Iterator[Array]:
    """The clouds as int32 and as float32 of many scales, rounded and not; in any layout."""
    scales = (1.0, 0.1, 1e-20, 1e10, 1 / 3, 1e-35, 1e25)
    for i, cloud in enumerate(_clouds(images)):
        yield cloud.astype(np.int32)
        noise = images.random("float64", cloud.shape) if i % 2 else 0.0
        yield ((cloud + noise) * scales[i % len(scales)]).astype(np.float32)
    for dtype in DTYPES:
        for view in layouts(_whole(images, -40, 40, (60, 2)).astype(dtype)):
            if view.shape[1] == 2:
                yield view
                yield view[:, None]


def _late(reference: Callable[..., Any], *values: Any) -> Callable[..., Any]:
    """A reference with the values that it is to be called with, whatever their names hold by then."""
    return lambda *modules: reference(*modules, *values)


def _plain(points: Array) -> Array:
    return np.ascontiguousarray(points).reshape(-1, 1, 2)


@proof(convex_hull, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Corners and indices in both directions; many equal points, lines, circles, floats of any scale."""
    for i, points in enumerate(_points(images)):
        for clockwise in (False, True):
            as_points = (i % 2 == 0) != clockwise
            arguments = {"points": points, "clockwise": clockwise, "return_points": as_points}
            yield (
                arguments,
                _late(lambda cv2, p, c, r: cv2.convexHull(_plain(p), None, c, r)[:, 0], points, clockwise, as_points),
            )


def _outlines(images: Images, fewest: int) -> Iterator[Array]:
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


@proof(convexity_defects, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Contours of objects, with hulls in both directions."""
    import cv2

    for contour in _outlines(images, 1):
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


def _binary(images: Images) -> Iterator[Array]:
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


def _contours(cv2: Any, src: Array, mode: int, method: int) -> Any:
    contours, hierarchy = cv2.findContours(np.ascontiguousarray(src), mode, method)
    nothing = np.empty((0, 4), np.int32)
    return [c[:, 0] for c in contours], nothing if hierarchy is None else hierarchy[0]


@proof(find_contours, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every contour and the hierarchy, in all modes and methods."""
    for i, binary in enumerate(_binary(images)):
        src = binary.astype(np.uint8) * np.uint8((1, 255, 7)[i % 3])
        for word, mode in MODES.items():
            for way, method in METHODS.items():
                arguments = {"src": src, "mode": word, "method": way}
                yield arguments, _late(lambda cv2, s, a, b: _contours(cv2, s, a, b), src, mode, method)
    for image in images.noise("uint8", 1, ((21, 64),)):
        for view in layouts(image // 100):
            yield {"src": view, "mode": 3, "method": 1}, _late(lambda cv2, s: _contours(cv2, s, 3, 1), view)


def _curves(images: Images) -> Iterator[Array]:
    yield from _points(images)
    for i, contour in enumerate(_outlines(images, 3)):
        yield contour.astype(DTYPES[i % 2])


@proof(contour_area, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Clouds of points of any scale and contours of objects, with and without a sign."""
    for i, curve in enumerate(_curves(images)):
        oriented = i % 2 == 0
        yield (
            {"contour": curve, "oriented": oriented},
            _late(lambda cv2, c, o: cv2.contourArea(_plain(c), oriented=o), curve, oriented),
        )


@proof(arc_length, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Clouds of points of any scale and contours of objects, open and closed."""
    for i, curve in enumerate(_curves(images)):
        closed = i % 2 == 0
        yield {"curve": curve, "closed": closed}, _late(lambda cv2, c, o: cv2.arcLength(_plain(c), o), curve, closed)


@proof(bounding_rect, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Clouds of points and masks."""
    for points in _points(images):
        if abs(points).max() < 1e9:
            yield {"array": points}, _late(lambda cv2, p: cv2.boundingRect(_plain(p)), points)
    for binary in _binary(images):
        mask = binary.astype(np.uint8) * np.uint8(8)
        yield {"array": mask}, _late(lambda cv2, m: cv2.boundingRect(m), mask)


def _fields(found: dict[str, float]) -> Moments:
    return Moments(**found)


@proof(moments, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Contours of objects, clouds of points of any scale, and images of every dtype as they are and as masks."""
    for curve in _curves(images):
        if abs(curve).max() < 1e15:
            yield {"array": curve}, _late(lambda cv2, c: _fields(cv2.moments(_plain(c))), curve)
    for dtype in ("uint8", "uint16", "int16", "float32", "float64"):
        for image in images.noise(dtype, 1):
            if image.shape[1] == 2:
                continue
            for binary in (False, True):
                src = image * (image > 0.5) if binary else image
                yield (
                    {"array": src, "binary": binary},
                    _late(lambda cv2, s, b: _fields(cv2.moments(np.ascontiguousarray(s), b)), src, binary),
                )


@proof(approx_poly_dp, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Clouds of points and contours of objects, open and closed, near and far."""
    for i, curve in enumerate(_curves(images)):
        scale = 1.0 if curve.dtype == np.int32 else max(float(abs(curve).max()) / 50, 1e-30)
        for epsilon in (0.0, 0.7, 2.0, 9.5)[i % 2 :: 2]:
            if epsilon * scale >= 1e29:
                continue
            for closed in (False, True):
                arguments = {"curve": curve, "epsilon": epsilon * scale, "closed": closed}
                yield (
                    arguments,
                    _late(lambda cv2, c, e, o: cv2.approxPolyDP(_plain(c), e, o)[:, 0], curve, epsilon * scale, closed),
                )


@proof(min_area_rect, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Clouds of points of moderate scale and contours of objects."""
    for curve in _curves(images):
        if curve.dtype == np.int32 or 1e-3 < abs(curve).max() < 1e6:
            yield {"points": curve}, _late(lambda cv2, c: cv2.minAreaRect(_plain(c)), curve)


def _square(dtype: str) -> Array:
    return np.array([[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]], dtype)


@warm_ups(convex_hull)
def _() -> Iterator[Arguments]:
    for dtype in DTYPES:
        yield {"points": _square(dtype)}
        yield {"points": np.tile(_square(dtype), (20_000, 1))}


@warm_ups(min_area_rect)
def _() -> Iterator[Arguments]:
    for dtype in DTYPES:
        yield {"points": _square(dtype)}


@warm_ups(convexity_defects)
def _() -> Iterator[Arguments]:
    yield {"contour": _square("int32"), "hull": np.array([0, 1, 2, 4])}


@warm_ups(find_contours)
def _() -> Iterator[Arguments]:
    for mode in ("external", "tree"):
        yield {"src": np.ones((3, 3), np.uint8), "mode": mode}


@warm_ups(contour_area)
def _() -> Iterator[Arguments]:
    for dtype in DTYPES:
        yield {"contour": _square(dtype)}


@warm_ups(arc_length)
def _() -> Iterator[Arguments]:
    for dtype in DTYPES:
        yield {"curve": _square(dtype), "closed": True}


@warm_ups(bounding_rect)
def _() -> Iterator[Arguments]:
    for dtype in DTYPES:
        yield {"array": _square(dtype)}
    yield {"array": np.ones((3, 3), np.uint8)}


@warm_ups(moments)
def _() -> Iterator[Arguments]:
    for dtype in DTYPES:
        yield {"array": _square(dtype)}
    for dtype in ("uint8", "uint16", "int16", "float32", "float64"):
        yield {"array": np.ones((3, 3), dtype)}


@warm_ups(approx_poly_dp)
def _() -> Iterator[Arguments]:
    for dtype in DTYPES:
        yield {"curve": _square(dtype), "epsilon": 0.5, "closed": True}


def _objects(photo: Array) -> Array:
    import cv2

    return (cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY) > 128).astype(np.uint8)


def _longest(photo: Array) -> Array:
    """The longest contour of a photograph's bright parts."""
    import cv2

    contours = cv2.findContours(_objects(photo), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    return max(contours, key=len)


@benchmark(convex_hull)
def _(photo: Array) -> Iterator[Duel]:
    random = np.random.default_rng(0)
    many = random.integers(0, 10_000, (photo[..., 0].size // 2, 2), np.int32)
    for label, points in (("int32", many), ("float32", random.random(many.shape, np.float32)), ("1000", many[:1000])):
        yield Duel(label, {"points": points}, NO_OUT, _late(lambda cv2, dst, p: cv2.convexHull(p), points))


@benchmark(convexity_defects)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    contour = _longest(photo)
    hull = cv2.convexHull(contour, returnPoints=False)
    arguments = {"contour": contour, "hull": hull}
    yield Duel("longest contour", arguments, NO_OUT, lambda cv2, dst: cv2.convexityDefects(contour, hull))


@benchmark(find_contours)
def _(photo: Array) -> Iterator[Duel]:
    noise = np.random.default_rng(0).integers(0, 2, photo.shape[:2], np.uint8)
    for label, src in (("photograph", _objects(photo)), ("noise", noise)):
        for word in ("external", "tree"):
            yield Duel(
                f"{label}, {word}",
                {"src": src, "mode": word},
                NO_OUT,
                _late(lambda cv2, dst, s, m: cv2.findContours(s, m, cv2.CHAIN_APPROX_SIMPLE), src, MODES[word]),
            )


@benchmark(contour_area)
def _(photo: Array) -> Iterator[Duel]:
    contour = _longest(photo)
    yield Duel("longest contour", {"contour": contour}, NO_OUT, lambda cv2, dst: cv2.contourArea(contour))


@benchmark(arc_length)
def _(photo: Array) -> Iterator[Duel]:
    contour = _longest(photo)
    arguments = {"curve": contour, "closed": True}
    yield Duel("longest contour", arguments, NO_OUT, lambda cv2, dst: cv2.arcLength(contour, True))


@benchmark(bounding_rect)
def _(photo: Array) -> Iterator[Duel]:
    contour, mask = _longest(photo), _objects(photo)
    yield Duel("longest contour", {"array": contour}, NO_OUT, lambda cv2, dst: cv2.boundingRect(contour))
    yield Duel("mask", {"array": mask}, NO_OUT, lambda cv2, dst: cv2.boundingRect(mask))


@benchmark(moments)
def _(photo: Array) -> Iterator[Duel]:
    contour, mask = _longest(photo), _objects(photo)
    yield Duel("longest contour", {"array": contour}, NO_OUT, lambda cv2, dst: cv2.moments(contour))
    yield Duel("image", {"array": mask}, NO_OUT, lambda cv2, dst: cv2.moments(mask))


@benchmark(approx_poly_dp)
def _(photo: Array) -> Iterator[Duel]:
    contour = _longest(photo)
    arguments = {"curve": contour, "epsilon": 3.0, "closed": True}
    yield Duel("longest contour, 3", arguments, NO_OUT, lambda cv2, dst: cv2.approxPolyDP(contour, 3.0, True))


@benchmark(min_area_rect)
def _(photo: Array) -> Iterator[Duel]:
    contour = _longest(photo)
    yield Duel("longest contour", {"points": contour}, NO_OUT, lambda cv2, dst: cv2.minAreaRect(contour))
