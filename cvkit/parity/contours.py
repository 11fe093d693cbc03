"""Proofs and benchmarks of contours and curves."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from cvkit.contours import METHODS, MODES, OF_LABELS, approx_poly_dp, arc_length, contour_area, find_contours
from cvkit.parity.images import SMALL, TINY, Images, layouts, spiral
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
    plain,
    square,
)
from cvkit.parity.proof import EQUAL, Arguments, Duel, benchmark, proof, warm_ups


def _contours(cv2: Any, src: Array, mode: int, method: int) -> Any:
    contours, hierarchy = cv2.findContours(np.ascontiguousarray(src), mode, method)
    nothing = np.empty((0, 4), np.int32)
    return [c[:, 0] for c in contours], nothing if hierarchy is None else hierarchy[0]


def _labels(images: Images) -> Iterator[Array]:
    """Labels in pixels, blocks and rings, with holes in holes; some 128 apart or as large as they may be."""
    some = np.array([[0, 1, 2, 3], [0, 0, 0, 7], [1, 1, 1, 0], [5, 133, 0, 2**30 - 1], [1, 2, 3, 4], [0, 128, 0, 256]])
    for i, (h, w) in enumerate(TINY + SMALL):
        if not images.fits((h, w)):
            continue
        values = some[i % len(some)].astype(np.int32)
        noise = images.random("uint8", (h, w)) >> 6
        y, x = np.mgrid[:h, :w]
        ring = np.minimum(np.minimum(x, w - 1 - x), np.minimum(y, h - 1 - y))
        yield values[noise]
        for k in (2, 5):
            blocks = np.kron(noise, np.ones((k, k), np.uint8))[:h, :w]
            yield values[blocks]
            yield np.where(images.random("uint8", (h, w)) < 25, values[noise], values[blocks])
        yield values[ring // (1 + i % 2) % 4]
        yield values[np.where(spiral(h, w), 2, noise & 1)]


@proof(find_contours, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every contour and the hierarchy, in all modes and methods, of objects and of labels."""
    for i, labels in enumerate(_labels(images)):
        for k, (way, method) in enumerate(METHODS.items()):
            word = OF_LABELS[(i + k) % 2]
            mode = MODES[word]
            arguments = {"src": labels, "mode": word, "method": way}
            yield arguments, late(lambda cv2, s, a, b: _contours(cv2, s, a, b), labels, mode, method)
    for view in layouts((np.arange(21 * 64).reshape(21, 64) ** 2 // 2500 % 3).astype(np.int32)):
        yield {"src": view, "mode": 4, "method": 1}, late(lambda cv2, s: _contours(cv2, s, 4, 1), view)
    for i, binary in enumerate(binary_images(images)):
        src = binary.astype(np.uint8) * np.uint8((1, 255, 7)[i % 3])
        for word in ("external", "list", "ccomp", "tree"):
            mode = MODES[word]
            for way, method in METHODS.items():
                arguments = {"src": src, "mode": word, "method": way}
                yield arguments, late(lambda cv2, s, a, b: _contours(cv2, s, a, b), src, mode, method)
    for image in images.noise("uint8", 1, ((21, 64),)):
        for view in layouts(image // 100):
            yield {"src": view, "mode": 3, "method": 1}, late(lambda cv2, s: _contours(cv2, s, 3, 1), view)


@proof(contour_area, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Clouds of points of any scale and contours of objects, with and without a sign."""
    for i, curve in enumerate(curves(images)):
        oriented = i % 2 == 0
        yield (
            {"contour": curve, "oriented": oriented},
            late(lambda cv2, c, o: cv2.contourArea(plain(c), oriented=o), curve, oriented),
        )


@proof(arc_length, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Clouds of points of any scale and contours of objects, open and closed."""
    for i, curve in enumerate(curves(images)):
        closed = i % 2 == 0
        yield {"curve": curve, "closed": closed}, late(lambda cv2, c, o: cv2.arcLength(plain(c), o), curve, closed)


@proof(approx_poly_dp, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Clouds of points and contours of objects, open and closed, near and far."""
    for i, curve in enumerate(curves(images)):
        scale = 1.0 if curve.dtype == np.int32 else max(float(abs(curve).max()) / 50, 1e-30)
        for epsilon in (0.0, 0.7, 2.0, 9.5)[i % 2 :: 2]:
            if epsilon * scale >= 1e29:
                continue
            for closed in (False, True):
                arguments = {"curve": curve, "epsilon": epsilon * scale, "closed": closed}
                yield (
                    arguments,
                    late(lambda cv2, c, e, o: cv2.approxPolyDP(plain(c), e, o)[:, 0], curve, epsilon * scale, closed),
                )


@warm_ups(find_contours)
def _() -> Iterator[Arguments]:
    for mode in ("external", "tree"):
        yield {"src": np.ones((3, 3), np.uint8), "mode": mode}
    yield {"src": np.ones((3, 3), np.int32), "mode": "floodfill"}
    yield {"src": np.ones((3, 3), np.uint8), "method": "tc89_l1"}


@warm_ups(contour_area)
def _() -> Iterator[Arguments]:
    for dtype in DTYPES:
        yield {"contour": square(dtype)}


@warm_ups(arc_length)
def _() -> Iterator[Arguments]:
    for dtype in DTYPES:
        yield {"curve": square(dtype), "closed": True}


@warm_ups(approx_poly_dp)
def _() -> Iterator[Arguments]:
    for dtype in DTYPES:
        yield {"curve": square(dtype), "epsilon": 0.5, "closed": True}


@benchmark(find_contours)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    noise = np.random.default_rng(0).integers(0, 2, photo.shape[:2], np.uint8)
    for label, src in (("photograph", objects(photo)), ("noise", noise)):
        for word in ("external", "tree"):
            yield Duel(
                f"{label}, {word}",
                {"src": src, "mode": word},
                NO_OUT,
                late(lambda cv2, dst, s, m: cv2.findContours(s, m, cv2.CHAIN_APPROX_SIMPLE), src, MODES[word]),
            )
    labels = np.asarray(cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY) // 32, np.int32)
    yield Duel(
        "levels, floodfill",
        {"src": labels, "mode": "floodfill"},
        NO_OUT,
        lambda cv2, dst: cv2.findContours(labels, cv2.RETR_FLOODFILL, cv2.CHAIN_APPROX_SIMPLE),
    )


@benchmark(contour_area)
def _(photo: Array) -> Iterator[Duel]:
    contour = longest_contour(photo)
    yield Duel("longest contour", {"contour": contour}, NO_OUT, lambda cv2, dst: cv2.contourArea(contour))


@benchmark(arc_length)
def _(photo: Array) -> Iterator[Duel]:
    contour = longest_contour(photo)
    arguments = {"curve": contour, "closed": True}
    yield Duel("longest contour", arguments, NO_OUT, lambda cv2, dst: cv2.arcLength(contour, True))


@benchmark(approx_poly_dp)
def _(photo: Array) -> Iterator[Duel]:
    contour = longest_contour(photo)
    arguments = {"curve": contour, "epsilon": 3.0, "closed": True}
    yield Duel("longest contour, 3", arguments, NO_OUT, lambda cv2, dst: cv2.approxPolyDP(contour, 3.0, True))
