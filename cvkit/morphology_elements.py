"""Structuring elements as the plans take them: rectangles by their size, all others by their runs of pixels."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Element(NamedTuple):
    """A structuring element and where it is applied."""

    width: int
    height: int
    x: int
    """of the anchor"""
    y: int
    runs: tuple[tuple[int, int, int], ...] | None = None
    """row, first column and length of each run of pixels; None where all are set"""
    passes: int = 1
    """how many times in a row"""


UNIT = Element(1, 1, 0, 0)


@lru_cache(maxsize=256)
def rectangle(width: int, height: int, x: int, y: int, iterations: int) -> Element:
    """Several passes of a rectangle are one of a larger one."""
    if iterations == 0 or width == height == 1:
        return UNIT
    n = iterations - 1
    return Element(width + n * (width - 1), height + n * (height - 1), x * iterations, y * iterations)


def element(mask: Array, x: int, y: int, iterations: int) -> Element:
    """The element of the places where the mask is set."""
    height, width = mask.shape
    if mask.all() or iterations == 0 or mask.size == 1:
        return rectangle(width, height, x, y, iterations)
    return _of_runs(mask.tobytes(), width, height, x, y, iterations)


@lru_cache(maxsize=64)
def _of_runs(mask: bytes, width: int, height: int, x: int, y: int, iterations: int) -> Element:
    places = np.frombuffer(mask, bool).reshape(height, width)
    edges = np.diff(places.astype(np.int8), axis=1, prepend=0, append=0)
    starts, ends = np.argwhere(edges == 1), np.argwhere(edges == -1)
    runs = [(int(row), int(a), int(b - a)) for (row, a), b in zip(starts, ends[:, 1], strict=True)]
    if not runs:  # nothing is set: OpenCV takes the first place for set
        runs = [(0, 0, 1)]
    first, last = min(row for row, _, _ in runs), max(row for row, _, _ in runs)
    left, right = min(a for _, a, _ in runs), max(a + n for _, a, n in runs)
    # Empty margins cost time; the anchor may then lie beyond the element, where it stays as it is.
    top, bottom = min(first, y), max(last, y) + 1
    left, right = min(left, x), max(right, x + 1)
    moved = tuple((row - top, a - left, n) for row, a, n in runs)
    return Element(right - left, bottom - top, x - left, y - top, moved, iterations)
