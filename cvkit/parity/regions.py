"""Proofs and benchmarks of regions."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.parity.images import SMALL, TINY, Images, layouts, spiral
from cvkit.parity.proof import EQUAL, Arguments, Duel, Reference, benchmark, proof, warm_ups
from cvkit.regions import connected_components, connected_components_with_stats, flood_fill

Array = NDArray[Any]
Case = tuple[Arguments, Reference]

FIXED, MASK_ONLY = 1 << 16, 1 << 17

# lo_diff, up_diff in steps between levels: nothing, the same in both directions, one direction only, everything.
BOUNDS = ((0, 0), (1, 1), (0, 1), (2, 1), (1, 0), (3, 3))
# What a level is in each dtype; int32 differences wrap.
STEPS = {"uint8": 20, "int32": 600_000_000, "float32": 0.3}


def levels_of(images: Images, shape: tuple[int, ...], count: int) -> Array:
    """Noise of a few levels, so that regions of every size hang together."""
    return (images.random("uint8", shape) % np.uint16(count)).astype(np.uint8)


def shape_of(size: tuple[int, int], channels: int) -> tuple[int, ...]:
    return size if channels == 1 else (*size, channels)


def mazes(h: int, w: int) -> Iterator[NDArray[np.bool_]]:
    """Ways of one pixel's width: a spiral, serpentines along rows and along columns, a comb, a checkerboard, and a
    labyrinth: cells in every other row and column, each with a door to the cell on its left or above it.
    """
    yield spiral(h, w)
    for tall, wide in ((h, w), (w, h)):
        way = np.zeros((tall, wide), bool)
        way[::2] = True
        way[1::4, -1] = way[3::4, 0] = True
        yield way if tall == h and wide == w else way.T
    comb = np.zeros((h, w), bool)
    comb[:, ::2] = comb[h // 2] = True
    yield comb
    yield (np.arange(h)[:, np.newaxis] + np.arange(w)) % 2 == 0
    labyrinth = np.zeros((h, w), bool)
    labyrinth[::2, ::2] = True
    to_the_left = np.random.default_rng(0).random(labyrinth[::2, ::2].shape) < 0.5
    to_the_left[0], to_the_left[:, 0] = True, False
    labyrinth[::2, 1:-1:2] = to_the_left[:, 1:]
    labyrinth[1:-1:2, ::2] = ~to_the_left[1:]
    yield labyrinth


def _flood(src: Array, seed: tuple[int, int], value: Any, low: Any, up: Any, **options: Any) -> Case:
    flags = options.get("connectivity", 4) | options.get("mask_value", 1) << 8
    flags |= FIXED * options.get("fixed_range", False) | MASK_ONLY * options.get("mask_only", False)
    mask = options.get("mask")

    def reference(cv2: Any) -> Any:
        given = None if mask is None else np.ascontiguousarray(mask).copy()
        return cv2.floodFill(np.ascontiguousarray(src).copy(), given, seed, value, low, up, flags)

    return {"src": src, "seed": seed, "value": value, "lo_diff": low, "up_diff": up, **options}, reference


@proof(flood_fill, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every dtype, 1 and 3 channels, both connectivities and ranges, bounds with and without a direction, masks; mazes,
    photographs, NaN; any strides.
    """
    rng = np.random.default_rng(6)
    lowest = {"uint8": 0.0, "int32": 2.0, "float32": 1.0}
    for dtype, step in STEPS.items():
        for channels in (1, 3):
            for size in TINY + SMALL:
                if not images.fits(size):
                    continue
                shape = shape_of(size, channels)
                for i, (low, up) in enumerate(BOUNDS):
                    for connectivity in (4, 8):
                        src = (levels_of(images, shape, 3 + i % 3) - lowest[dtype]) * step
                        src = src.astype(dtype)
                        if dtype == "float32" and i == 1:
                            src[rng.random(shape) < 0.1] = rng.choice([np.nan, np.inf, -np.inf])
                        options: dict[str, Any] = {
                            "connectivity": connectivity,
                            "fixed_range": bool(rng.random() < 0.3),
                        }
                        if rng.random() < 0.4:
                            options["mask"] = (rng.random((size[0] + 2, size[1] + 2)) < 0.15).astype(np.uint8) * 9
                            options["mask_value"] = int(rng.integers(1, 256))
                            options["mask_only"] = bool(rng.random() < 0.3)
                        seed = int(rng.integers(size[1])), int(rng.integers(size[0]))
                        bounds = [tuple(v * step + rng.random() * step / 2 for _ in range(3)) for v in (low, up)]
                        yield _flood(src, seed, (77.5, -3, 300), *bounds, **options)
    yield from _long_ways(images)
    for view in layouts(levels_of(images, (33, 40), 3)):
        yield _flood(view, (5, 9), 200, 1, 1, mask=layouts_mask(view))
    for channels in (1, 3):
        for photo in images.photographs(channels):
            for bound, fixed in ((4, False), (12, False), (60, True)):
                yield _flood(photo, (3, 5), (255, 0, 0), (bound,) * 3, (bound + 1,) * 3, fixed_range=fixed)
                yield _flood(photo, (9, 2), (255, 0, 0), (bound,) * 3, (bound,) * 3, connectivity=8)


def layouts_mask(image: Array) -> Array:
    """An empty mask for an image, with strides of its own."""
    return np.zeros((2 * image.shape[0] + 4, image.shape[1] + 2), np.uint8)[::2]


def _long_ways(images: Images) -> Iterator[Case]:
    """Mazes from either end, numbers alone for bounds and value, and differences at the ends of int32."""
    for size in ((16, 33), (61, 64), (130, 131)):
        if not images.fits(size):
            continue
        for maze in mazes(*size):
            places = np.argwhere(maze)
            for y, x in (places[0], places[-1]):
                for connectivity in (4, 8):
                    src = np.where(maze, 200, 20).astype(np.uint8)
                    yield _flood(src, (int(x), int(y)), 7, 3, 5, connectivity=connectivity)
                    yield _flood(src, (int(x), int(y)), 7, connectivity=connectivity, low=0, up=0, fixed_range=True)
    wide = images.random("int32", (9, 15))
    for low, up in ((2**30, 2**30), (2**31 - 1, 0), (0, 2**31 - 1), (2**31 - 1, 2**31 - 1)):
        yield _flood(wide, (7, 4), 2.5, low, up)
        yield _flood(wide, (7, 4), -1e12, low, up, connectivity=8)


def _components_cases(images: Images, name: str) -> Iterator[Case]:
    def case(src: Array, connectivity: int) -> Case:
        plain = np.ascontiguousarray(src)
        arguments = {"src": src, "connectivity": connectivity}
        return arguments, lambda cv2: getattr(cv2, name)(plain, connectivity=connectivity)

    rng = np.random.default_rng(8)
    for connectivity in (4, 8):
        for dtype in ("uint8", "int8"):
            for size in TINY + SMALL:
                for density in (0.0, 0.05, 0.3, 0.5, 0.7, 1.0):
                    if images.fits(size):
                        flags = rng.random(size) < density
                        yield case((flags * rng.integers(1, 100, size)).astype(dtype), connectivity)
        for size in ((16, 33), (61, 64), (130, 131)):
            if images.fits(size):
                for maze in mazes(*size):
                    yield case(maze.astype(np.uint8), connectivity)
                    yield case((~maze).astype(np.uint8), connectivity)
        for view in layouts((images.random("uint8", (33, 40)) > 128).astype(np.uint8)):
            yield case(view, connectivity)
        for photo in images.photographs(1):
            yield case((photo > 120).astype(np.uint8), connectivity)


@proof(connected_components, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Noise of every density, mazes, photographs; all and nothing; any strides."""
    yield from _components_cases(images, "connectedComponents")


@proof(connected_components_with_stats, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Noise of every density, mazes, photographs; all and nothing; any strides."""
    yield from _components_cases(images, "connectedComponentsWithStats")


def _gray(photo: Array) -> Array:
    import cv2

    return cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)


@benchmark(flood_fill)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    gray = _gray(photo)
    noise = np.random.default_rng(0).integers(0, 256, gray.shape, np.uint8)
    smooth = cv2.GaussianBlur(noise, (5, 5), 0)
    for label, src, bound, connectivity in (
        ("gray, whole frame", gray, 40, 4),
        ("gray, 8 neighbours", gray, 40, 8),
        ("noise", smooth, 20, 4),
        ("BGR, whole frame", photo, 40, 4),
        ("float32, whole frame", gray.astype(np.float32), 40, 4),
    ):
        yield _flood_duel(label, src, (bound,) * 3, connectivity)


def _flood_duel(label: str, src: Array, bounds: tuple[int, ...], connectivity: int) -> Duel:
    middle = src.shape[1] // 2, src.shape[0] // 2
    arguments = {"src": src, "seed": middle, "value": 255, "lo_diff": bounds, "up_diff": bounds}

    def theirs(cv2: Any, dst: Any) -> Any:
        return cv2.floodFill(src.copy(), None, middle, 255, bounds, bounds, connectivity)

    return Duel(label, {**arguments, "connectivity": connectivity}, np.empty_like(src), theirs)


def _components_duels(photo: Array, name: str) -> Iterator[Duel]:
    gray = _gray(photo)
    noise = np.random.default_rng(0).integers(0, 2, gray.shape, np.uint8)
    for label, src, connectivity in (
        ("objects, 8 neighbours", (gray > 120).astype(np.uint8), 8),
        ("objects, 4 neighbours", (gray > 120).astype(np.uint8), 4),
        ("noise, 8 neighbours", noise, 8),
    ):
        yield _components_duel(label, name, src, connectivity)


def _components_duel(label: str, name: str, src: Array, connectivity: int) -> Duel:
    arguments = {"src": src, "connectivity": connectivity}
    out = np.empty(src.shape, np.int32)
    return Duel(label, arguments, out, lambda cv2, dst: getattr(cv2, name)(src, connectivity=connectivity))


@benchmark(connected_components)
def _(photo: Array) -> Iterator[Duel]:
    yield from _components_duels(photo, "connectedComponents")


@benchmark(connected_components_with_stats)
def _(photo: Array) -> Iterator[Duel]:
    yield from _components_duels(photo, "connectedComponentsWithStats")


@warm_ups(flood_fill)
def _() -> Iterator[Arguments]:
    """Each dtype."""
    for dtype in STEPS:
        yield {"src": np.zeros((2, 3), dtype), "seed": (0, 0), "value": 1}
