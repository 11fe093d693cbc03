"""Transfer functions of filters in the frequency domain.

The formulas are those of R. C. Gonzalez and R. E. Woods, Digital Image Processing, chapter 4.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MODES = ("low", "high", "band", "stop", "all", "notch")
SHAPES = ("gaussian", "butterworth", "ideal")
ROWS = 32  # computed at a time


class Design(NamedTuple):
    """Checked parameters of a transfer function."""

    mode: str
    shape: str
    cutoff: float
    width: float
    order: int
    centers: tuple[tuple[float, float], ...]


def half_transfer(size: tuple[int, int], design: Design, padding: str) -> Array:
    """The transfer function at non-negative horizontal frequencies, which determine the others: row u, column v."""
    unit = 2 if padding else 1  # samples of the spectrum in a cycle per image
    h, w = unit * size[0], unit * size[1]
    u = np.arange(w // 2 + 1)[:, None] / unit
    v = np.fft.fftfreq(h, 1 / h)[None, :] / unit
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        if design.mode == "all":
            return _lag(u, w, design) * _lag(v, h, design)
        values = np.empty((w // 2 + 1, h))
        # Radial functions depend on |v| alone: half of the columns are computed, the others are copies.
        near = h if design.mode == "notch" else h // 2 + 1
        for i in range(0, len(u), ROWS):  # what lies between stays in the cache
            block = values[i : i + ROWS]
            block[:, :near] = _at(u[i : i + ROWS], v[:, :near], design)
            if near < h:
                block[:, near:] = block[:, (h - 1) // 2 : 0 : -1]
        if design.mode == "notch":
            _take_both_signs(values, u, v, w, design)
        return values


def _take_both_signs(values: Array, u: Array, v: Array, w: int, design: Design) -> None:
    """The highest frequency of an even length has one sample for both signs: it takes the mean."""
    h = v.size
    if w % 2 == 0:
        values[-1] = (values[-1] + _notches(-u[-1:], v, design)[0]) / 2
    if h % 2 == 0:
        opposite = -v[:, h // 2, None]
        other = _notches(u, opposite, design)[:, 0]
        if w % 2 == 0:
            other[-1] = (other[-1] + _notches(-u[-1:], opposite, design)[0, 0]) / 2
        values[:, h // 2] = (values[:, h // 2] + other) / 2


def _at(u: Array, v: Array, design: Design) -> Array:
    """The transfer function at frequencies (u, v), for all modes but "all"."""
    if design.mode == "notch":
        return _notches(u, v, design)
    distance = np.sqrt(u**2 + v**2)
    if design.mode == "low":
        return _low(distance, design)
    if design.mode == "high":
        return _high(distance, design)
    stop = _stop(distance, design)
    return stop if design.mode == "stop" else 1 - stop


def _low(distance: Array, design: Design) -> Array:
    if design.shape == "ideal":
        return (distance <= design.cutoff).astype(np.float64)
    squared = (distance / design.cutoff) ** 2
    return np.asarray(np.exp(squared / -2) if design.shape == "gaussian" else 1 / (1 + squared**design.order))


def _high(distance: Array, design: Design) -> Array:
    if design.shape != "butterworth":
        return 1 - _low(distance, design)
    return np.asarray(1 / (1 + ((design.cutoff / distance) ** 2) ** design.order))


def _stop(distance: Array, design: Design) -> Array:
    if design.shape == "ideal":
        return (np.abs(distance - design.cutoff) > design.width / 2).astype(np.float64)
    off = (distance - design.cutoff) / design.width * ((distance + design.cutoff) / distance)
    off[distance == 0] = math.inf  # zero frequency passes
    squared = off**2
    return np.asarray(1 - np.exp(-squared) if design.shape == "gaussian" else 1 / (1 + (1 / squared) ** design.order))


def _notches(u: Array, v: Array, design: Design) -> Array:
    """The product of high-passes about the centers and their mirror images."""
    values = np.ones((u.size, v.size))
    for u0, v0 in design.centers:
        values *= _high(np.sqrt((u - u0) ** 2 + (v - v0) ** 2), design)
        values *= _high(np.sqrt((u + u0) ** 2 + (v + v0) ** 2), design)
    return values


def _lag(f: Array, length: int, design: Design) -> Array:
    """One axis of the all-pass filter."""
    factor = np.asarray(np.exp(-2j * design.order * np.arctan(f / design.cutoff)))
    if length % 2 == 0:
        factor.reshape(-1)[length // 2] = 1
    return factor
