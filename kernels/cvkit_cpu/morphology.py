"""Morphology on the CPU.

Steps that follow each other, such as the two of an opening, go over the image once, some rows of each in turn.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from cvkit_cpu import morphology_gradient as gradient
from cvkit_cpu import morphology_rectangles as rectangles
from cvkit_cpu import morphology_runs as runs
from cvkit_cpu.morphology_rectangles import rectangle_rows
from cvkit_cpu.morphology_rows import ALONE, FROM_OTHER, LEAST, LESS_OTHER, MOST, turns
from cvkit_cpu.morphology_runs import runs_rows
from cvkit_cpu.morphology_steps import (
    chained_rows,
    mask_rows,
)

# As many steps go over the image in one go as have rings in so many bytes a thread, and as have windows that together
# are no higher than a band, beyond whose ends their rows are made twice; but at least two.
RINGS = 4 << 20

STRIP = 200_000  # bytes of rows that a step by a rectangle makes in its turn: they are still in the cache then

STEPS = {
    "open": (LEAST, MOST, ALONE),
    "close": (MOST, LEAST, ALONE),
    "tophat": (LEAST, MOST, FROM_OTHER),
    "blackhat": (MOST, LEAST, LESS_OTHER),
}


def erode(cpu, src, dst, cn, element, border, value):
    """Plan: the least in the element's place; ``value`` (cn,) lies outside, None for what never wins."""
    _steps(cpu, src, dst, cn, element, border, value, (LEAST,) * element.passes)


def dilate(cpu, src, dst, cn, element, border, value):
    """Plan: the greatest in the element's place."""
    _steps(cpu, src, dst, cn, element, border, value, (MOST,) * element.passes)


def morphology_ex(cpu, src, dst, cn, op, elements, border, value):
    """Plan: one element, or for "hitmiss" the one of the pixels that are set and the one of those that are not."""
    if op == "hitmiss":
        _hit_or_miss(cpu, src, dst, cn, *elements, border, value)
    elif op == "erode":
        erode(cpu, src, dst, cn, *elements, border, value)
    elif op == "dilate":
        dilate(cpu, src, dst, cn, *elements, border, value)
    elif op == "gradient":
        _gradient(cpu, src, dst, cn, *elements, border, value)
    else:
        (element,) = elements
        first, second, how = STEPS[op]
        _steps(cpu, src, dst, cn, element, border, value, (first,) * element.passes + (second,) * element.passes, how)


def get_structuring_element(cpu, dst, shape, x, y):
    """Plan: host arithmetic."""
    h, w = dst.shape
    r, c = h // 2, w // 2
    dst[...] = 0
    if shape == "rect" or dst.size == 1:
        dst[...] = 1
    elif shape == "cross":
        dst[y] = dst[:, x] = 1
    else:
        for i in range(h):
            dy = i - r
            if abs(dy) > r:
                continue
            if shape == "diamond":
                dx = r - abs(dy)
            else:
                dx = round(c * np.sqrt((r * r - dy * dy) * (1.0 / (r * r)))) if r else 0
            dst[i, max(c - dx, 0) : min(c + dx + 1, w)] = 1


def _read_only(array):
    view = array.view()
    view.flags.writeable = False
    return view


def _outside(length, cn, dtype, value, which):
    """A row of what lies outside: by default what is never the best, of floats among the finite ones, as in OpenCV."""
    if value is None:
        return _never_wins(length, dtype, which is LEAST)
    return _read_only(np.resize(value, length))


@lru_cache(maxsize=16)
def _never_wins(length, dtype, least):
    limits = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
    return _read_only(np.full(length, limits.max if least else limits.min, dtype))


def _turned_outside(length, cn, dtype, value, which):
    """What lies outside a step that takes values turned around, and the best of them as ``which`` says."""
    if value is None:  # what is never the best of values turned around stands for what is not of the others
        return _never_wins(length, dtype, which is LEAST)
    by = turns(dtype)[1]
    return _read_only((np.resize(value, length).view(by.dtype) ^ by).view(dtype))


class _Layout(NamedTuple):
    """What the kernels take for an element on images of one size, and what a row of a step costs."""

    core: Any
    """for one step alone"""
    window: tuple[int, int, int, int]
    low: int | None
    tall: int | None
    runs: Any
    scratch: tuple[Any, Any]
    row_ns: float
    strip: int
    """rows that a step makes in its turn"""
    ring: int
    """rows that it keeps: for the next one's windows there and at the border, and for what that may be behind"""


@lru_cache(maxsize=64)
def _layout(h, n, cn, dtype, element):
    kw, kh, _, _ = window = element[:4]
    size = dtype.itemsize
    if element.runs is None:
        core, kind = rectangle_rows, (*rectangles.kind_of(kh), None)
        values = rectangles.scratch_size(n, kw, kh, cn)
        # Of an image that the last level of the cache holds; from the memory a row takes half as long again.
        down = 26 if kh <= 5 else 55
        along = 0 if kw == 1 else 12 * kw.bit_length()
        row_ns = 25 + n * size * (down + along) / 1000
        strip = max(kh, min(60, STRIP // (n * size)) // kh * kh)  # whole windows
    else:
        lengths, table = runs.plan_of(element)
        tile = runs.tile_width(n, lengths, element, cn, size)
        core, kind = runs_rows, (None, None, (lengths, table, tile))
        values = runs.scratch_size(tile, lengths, element, cn)
        row_ns = 60 + 12 * len(table) + n * size * (20 * len(lengths) + 24 * len(table)) / 1000
        strip = max(32, 4 * kh)  # the windows of the element's first rows are made again each time
    strip = min(strip, h)
    ring = 1 << (min(strip + 3 * kh, h) - 1).bit_length()
    return _Layout(core, window, *kind, (values, dtype), row_ns, strip, ring)


def _steps(cpu, src, dst, cn, element, border, value, steps, how=ALONE, other=None):
    """Erosions and dilations one after the other, and the difference of the last one's result and another image."""
    h, n = src.shape
    layout = _layout(h, n, cn, src.dtype, element)
    if len(steps) == 1 and how == ALONE:
        _single(cpu, src, dst, cn, layout, border, value, steps[0])
        return
    other = src if other is None else other
    together = _together(cpu, layout, dst, len(steps))
    spares = [cpu.take(dst.nbytes) for _ in range(min(-(-len(steps) // together) - 1, 2))]
    source = src
    for begin in range(0, len(steps), together):
        some = steps[begin : begin + together]
        if begin + together >= len(steps):
            _chain(cpu, source, other, dst, cn, layout, border, value, some, how)
        else:
            target = spares[begin // together % 2].view(dst.dtype).reshape(dst.shape)
            _chain(cpu, source, other, target, cn, layout, border, value, some, ALONE)
            source = _read_only(target)
    for spare in spares:
        cpu.give(spare)


def _gradient(cpu, src, dst, cn, element, border, value):
    """The dilated image less the eroded one, both made in one go."""
    h, n = src.shape
    if gradient.serves(element, h):
        _low_gradient(cpu, src, dst, cn, element[:4], border, value)
        return
    layout = _layout(h, n, cn, src.dtype, element)
    passes = element.passes
    if 2 * passes <= _together(cpu, layout, dst, 2 * passes):
        _chain(cpu, src, src, dst, cn, layout, border, value, (LEAST,) * passes, LESS_OTHER, MOST)
        return
    spare = cpu.take(dst.nbytes)
    eroded = spare.view(dst.dtype).reshape(dst.shape)
    erode(cpu, src, eroded, cn, element, border, value)
    _steps(cpu, src, dst, cn, element, border, value, (MOST,) * passes, LESS_OTHER, _read_only(eroded))
    cpu.give(spare)


def _low_gradient(cpu, src, dst, cn, window, border, value):
    """As _gradient, by a rectangle that has kernels of its own."""
    h, n = src.shape
    fours = h // gradient.TOGETHER
    bands = cpu.split(fours, gradient.TOGETHER * (20 + n * src.itemsize * 0.1))
    bands = [(gradient.TOGETHER * a, h if b == fours else gradient.TOGETHER * b) for a, b in bands]
    cpu.bands(
        gradient.gradient_band,
        src,
        dst,
        window,
        cn,
        border,
        _outside(n, cn, src.dtype, value, LEAST),
        _outside(n, cn, src.dtype, value, MOST),
        bands=bands,
        scratch=gradient.scratch(n, src.dtype, window, cn, -(-h // len(bands)) + gradient.TOGETHER),
    )


def _together(cpu, layout, dst, steps):
    """How many steps go over the image in one go: two or more."""
    if steps <= 2:
        return 2
    h, n = dst.shape
    rings = RINGS // (layout.ring * n * dst.itemsize)
    band = -(-h // len(cpu.split(h, layout.row_ns * steps)))
    return 1 + max(min(rings, band // layout.window[1]), 1)


def _single(cpu, src, dst, cn, layout, border, value, which):
    h, n = src.shape
    bands = cpu.split(h, layout.row_ns)
    rows = -(-h // len(bands)) + layout.window[1]
    cpu.bands(
        layout.core,
        src,
        -1,
        h,
        dst,
        -1,
        layout.window,
        *((layout.low, layout.tall) if layout.runs is None else (layout.runs,)),
        cn,
        border,
        _outside(n, cn, src.dtype, value, which),
        which,
        turns(src.dtype)[0],
        None,
        bands=bands,
        scratch=(layout.scratch, (rows, np.intp)),
    )


def _chain(cpu, src, other, dst, cn, layout, border, value, steps, how, opposite=None):
    """Steps in one go. With ``opposite`` as many steps of that kind as well, and the difference."""
    h, n = dst.shape
    dtype = dst.dtype
    first = steps[0]
    outside = _outside(n, cn, dtype, value, first)
    if opposite is None:
        outside_2 = _turned_outside(n, cn, dtype, value, first)
        rings = len(steps) - 1
    else:
        outside_2 = _outside(n, cn, dtype, value, opposite)
        rings = 2 * len(steps) - 1
    bands = cpu.split(h, layout.row_ns * (rings + 1))
    scratch = (
        ((max(rings, 1), layout.ring, n), dtype),
        ((2, len(steps)), np.intp),
        layout.scratch,
        (layout.strip + 3 * layout.window[1], np.intp),
    )
    cpu.bands(
        chained_rows,
        src,
        other,
        dst,
        layout.window,
        layout.low,
        layout.tall,
        layout.runs,
        cn,
        border,
        outside,
        outside_2,
        first,
        opposite,
        *_turning(dtype, tuple([each is not first for each in steps])),
        how,
        layout.strip,
        bands=bands,
        scratch=scratch,
    )


@lru_cache(maxsize=64)
def _turning(dtype, turned):
    """How each step turns its results, and whether it takes values turned around; the last result is as it is."""
    its = np.array(turned)
    neither, around = turns(dtype)
    return np.where(its != np.append(its[1:], False), around, neither), its


def _hit_or_miss(cpu, src, dst, cn, hits, misses, border, value):
    """Eroded by the hits, and its complement by the misses, which is the complement of a dilation."""
    if misses is None:
        if hits is None:
            dst[...] = 255
        else:
            erode(cpu, src, dst, cn, hits, border, value)
        return
    dilate(cpu, src, dst, cn, misses, border, None if value is None else 255 - value)
    hit = cpu.take(dst.nbytes)
    image = hit.reshape(dst.shape)
    if hits is None:
        image[...] = 255
    else:
        erode(cpu, src, image, cn, hits, border, value)
    cpu.bands(mask_rows, _read_only(image), dst, bands=cpu.split(dst.shape[0], dst.shape[1] * 0.05))
    cpu.give(hit)
