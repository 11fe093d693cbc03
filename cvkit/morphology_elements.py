"""Structuring elements: as callers give them, and as the plans take them, rectangles by their size and all others by
their runs of pixels.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvkit import check
from cvkit.check import Operation
from cvkit.errors import ArgumentError, DtypeError
from cvkit.operation import spec_of

Array = NDArray[Any]

CENTRE = (-1, -1)  # the default anchor
LARGEST = 32767  # side of an element


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


def elements(operation: Operation, op: str, kernel: Any, iterations: Any, anchor: Any) -> tuple[Element | None, ...]:
    """One element, or for hit or miss one of the set pixels and one of the others, None where there are no such."""
    if anchor is CENTRE and type(kernel) is np.ndarray and kernel.ndim == 2 and type(iterations) is int:
        return _centred(operation, op == "hitmiss", kernel.tobytes(), kernel.shape, kernel.dtype, iterations)
    return _read(operation, op, kernel, iterations, anchor)


@lru_cache(maxsize=64)
def _centred(
    operation: Operation, hitmiss: bool, kernel: bytes, shape: tuple[int, ...], dtype: Any, iterations: int
) -> tuple[Element | None, ...]:
    """The elements of the usual call, which take longer to make than a small image takes."""
    values = np.frombuffer(kernel, dtype).reshape(shape) if dtype.kind in "biuf" else np.empty(shape, dtype)
    return _read(operation, "hitmiss" if hitmiss else "", values, iterations, CENTRE)


def _read(operation: Operation, op: str, kernel: Any, iterations: Any, anchor: Any) -> tuple[Element | None, ...]:
    """The elements of any call."""
    times = check.whole(operation, iterations, "iterations", least=0)
    values = np.ones((3, 3), np.uint8) if kernel is None else _mask(operation, kernel)
    height, width = values.shape
    x, y = check.anchor(operation, anchor, (width, height))
    bounded(operation, times, width, height)
    if op != "hitmiss":
        return (element(values != 0, x, y, times),)
    if not values.any():
        return UNIT, None
    masks = values == 1, values == -1
    return tuple(element(mask, x, y, times) if mask.any() else None for mask in masks)


def _mask(operation: Operation, kernel: Any) -> Array:
    """The values of a structuring element; one dimension is a row, as in cv2."""
    name = spec_of(operation).name
    wanted = "an array (height, width) of numbers"
    try:
        values = np.asarray(kernel)
    except (TypeError, ValueError):
        values = np.asarray(None)
    if values.dtype.kind not in "biuf":
        raise DtypeError(f"{name}: kernel is {check.shown(kernel)}; it takes {wanted}, or None.")
    if values.ndim == 1:
        values = values[None]
    if values.ndim != 2 or not values.size:
        raise ArgumentError(f"{name}: kernel has shape {np.shape(kernel)}; it takes {wanted}.")
    return values


def bounded(operation: Operation, iterations: int, width: int, height: int) -> int:
    """Iterations that make no element too large for a distance to be an int32."""
    if (iterations > 1 and iterations * max(width, height) > LARGEST) or max(width, height) > LARGEST:
        raise ArgumentError(
            f"{spec_of(operation).name}: kernel is {width} x {height} and iterations is {iterations}; together they "
            f"make elements of at most {LARGEST} pixels a side."
        )
    return iterations
