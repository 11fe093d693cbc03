"""Morphology on the CPU.

An operation of two steps, such as opening, goes over the image once: some rows of the first step are made, kept in a
ring, and used by the second while they are in the processor's cache.
"""

from functools import lru_cache

import numpy as np
from cvkit_math.borders import REFLECT, REFLECT101

from cvkit_cpu import morphology_rectangles as rectangles
from cvkit_cpu import morphology_runs as runs
from cvkit_cpu.jit import kernel
from cvkit_cpu.morphology_rectangles import rectangle_rows
from cvkit_cpu.morphology_rows import (
    LEAST,
    MOST,
    keep_without,
    read,
    sealed,
    take_away,
    take_from,
    written,
)
from cvkit_cpu.morphology_runs import runs_rows

# What becomes of two steps: the second one's result, its difference from the source, or that of two of the source.
CHAIN, SOURCE_LESS_CHAIN, CHAIN_LESS_SOURCE, SECOND_LESS_FIRST = 0, 1, 2, 3

STRIP = 200_000  # bytes of rows that the first step is ahead of the second

STEPS = {
    "open": (LEAST, MOST, CHAIN),
    "close": (MOST, LEAST, CHAIN),
    "gradient": (LEAST, MOST, SECOND_LESS_FIRST),
    "tophat": (LEAST, MOST, SOURCE_LESS_CHAIN),
    "blackhat": (MOST, LEAST, CHAIN_LESS_SOURCE),
}


@kernel
def needed(y0, y1, h, kh, ay, border):
    """The first and last row of an image of h rows in the windows of rows [y0, y1)."""
    top, bottom = y0 - ay, y1 - 1 - ay + kh - 1
    low, high = max(top, 0), min(bottom, h - 1)
    if border in (REFLECT, REFLECT101):
        if top < 0:
            high = max(high, min(-top, h - 1))
        if bottom >= h:
            low = min(low, max(2 * (h - 1) - bottom, 0))
    return low, high


@kernel
def finish(src, dst, ring, mask, n, how, y0, y1):
    """The differences of rows [y0, y1), of which dst holds the second step and ring the first."""
    for y in range(y0, y1):
        out = written(dst, y * n, n)
        if how == SOURCE_LESS_CHAIN:
            take_from(read(src, y * n, n), out)
        elif how == CHAIN_LESS_SOURCE:
            take_away(read(src, y * n, n), out)
        elif how == SECOND_LESS_FIRST:
            take_away(read(ring, (y & mask) * n, n), out)


@kernel
def rectangle_steps(
    src, dst, kw, kh, ax, ay, cn, border, outside_1, outside_2, first, second, how, strip, ring, scratch, starts, y0, y1
):
    """Two steps by one rectangle, ``strip`` rows at a time."""
    h, n = dst.shape
    mask = ring.shape[0] - 1
    kept = sealed(ring)
    every = -h // h  # all bits set: row y is number y; as a literal it would compile kernels of its own
    made = needed(y0, y1, h, kh, ay, border)[0]
    for y in range(y0, y1, strip):
        end = min(y + strip, y1)
        upto = end
        if how == SECOND_LESS_FIRST:
            made = y
        else:
            upto = needed(y, end, h, kh, ay, border)[1] + 1
        if made < upto:
            rectangle_rows(
                src, every, h, ring, mask, kw, kh, ax, ay, cn, border, outside_1, first, scratch, starts, made, upto
            )
            made = upto
        image, its = (src, every) if how == SECOND_LESS_FIRST else (kept, mask)
        rectangle_rows(
            image, its, h, dst, every, kw, kh, ax, ay, cn, border, outside_2, second, scratch, starts, y, end
        )
        if how != CHAIN:
            finish(src, dst, ring, mask, n, how, y, end)


@kernel
def runs_steps(
    src,
    dst,
    lengths,
    runs,
    kw,
    kh,
    ax,
    ay,
    cn,
    border,
    outside_1,
    outside_2,
    first,
    second,
    how,
    strip,
    tile,
    ring,
    scratch,
    starts,
    y0,
    y1,
):
    """Two steps by one element of runs, ``strip`` rows at a time."""
    h, n = dst.shape
    mask = ring.shape[0] - 1
    kept = sealed(ring)
    every = -h // h  # all bits set: row y is number y; as a literal it would compile kernels of its own
    made = needed(y0, y1, h, kh, ay, border)[0]
    for y in range(y0, y1, strip):
        end = min(y + strip, y1)
        upto = end
        if how == SECOND_LESS_FIRST:
            made = y
        else:
            upto = needed(y, end, h, kh, ay, border)[1] + 1
        if made < upto:
            runs_rows(
                src,
                every,
                h,
                ring,
                mask,
                lengths,
                runs,
                kw,
                kh,
                ax,
                ay,
                cn,
                border,
                outside_1,
                first,
                tile,
                scratch,
                starts,
                made,
                upto,
            )
            made = upto
        image, its = (src, every) if how == SECOND_LESS_FIRST else (kept, mask)
        runs_rows(
            image,
            its,
            h,
            dst,
            every,
            lengths,
            runs,
            kw,
            kh,
            ax,
            ay,
            cn,
            border,
            outside_2,
            second,
            tile,
            scratch,
            starts,
            y,
            end,
        )
        if how != CHAIN:
            finish(src, dst, ring, mask, n, how, y, end)


@kernel
def combine_rows(a, dst, how, y0, y1):
    """Rows [y0, y1) of dst and of a image of its size as ``how`` says."""
    n = dst.shape[1]
    for y in range(y0, y1):
        out = written(dst, y * n, n)
        if how in (SECOND_LESS_FIRST, CHAIN_LESS_SOURCE):
            take_away(read(a, y * n, n), out)
        else:
            take_from(read(a, y * n, n), out)


@kernel
def mask_rows(a, dst, y0, y1):
    """Rows [y0, y1) of a & ~dst, of bytes, in dst."""
    n = dst.shape[1]
    for y in range(y0, y1):
        keep_without(read(a, y * n, n), written(dst, y * n, n))


def erode(cpu, src, dst, cn, element, border, value):
    """Plan: the least in the element's place; ``value`` (cn,) lies outside, None for what never wins."""
    _step(cpu, src, dst, cn, element, border, value, LEAST)


def dilate(cpu, src, dst, cn, element, border, value):
    """Plan: the greatest in the element's place."""
    _step(cpu, src, dst, cn, element, border, value, MOST)


def morphology_ex(cpu, src, dst, cn, op, elements, border, value):
    """Plan: one element, or for "hitmiss" the one of the pixels that are set and the one of those that are not."""
    if op == "hitmiss":
        _hit_or_miss(cpu, src, dst, cn, *elements, border, value)
        return
    (element,) = elements
    if op in ("erode", "dilate"):
        _step(cpu, src, dst, cn, element, border, value, LEAST if op == "erode" else MOST)
        return
    first, second, how = STEPS[op]
    if element.passes == 1:
        _two_steps(cpu, src, dst, cn, element, border, value, first, second, how)
        return
    h, n = src.shape
    between = cpu.take(dst.nbytes)
    image = between.view(src.dtype).reshape(h, n)
    _step(cpu, src, image, cn, element, border, value, first)
    _step(cpu, src if how == SECOND_LESS_FIRST else _read_only(image), dst, cn, element, border, value, second)
    if how != CHAIN:
        other = _read_only(image) if how == SECOND_LESS_FIRST else src
        cpu.bands(combine_rows, other, dst, how, bands=cpu.split(h, n * dst.itemsize * 0.05))
    cpu.give(between)


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


def _row_ns(n, itemsize, element, which_runs=None):
    """About how long a row takes, in nanoseconds."""
    if which_runs is None:
        down = 20 if element.height <= 5 else 45
        along = 0 if element.width == 1 else 12 * element.width.bit_length()
        return 25 + n * itemsize * (down + along) / 1000
    lengths, table = which_runs
    return 60 + 12 * len(table) + n * itemsize * (20 * len(lengths) + 24 * len(table)) / 1000


def _step(cpu, src, dst, cn, element, border, value, which):
    """Erosion or dilation, as many times as the element says."""
    if element.passes == 1:
        _pass(cpu, src, dst, cn, element, border, value, which)
        return
    spare = cpu.take(dst.nbytes)
    image = spare.view(dst.dtype).reshape(dst.shape)
    source = src
    for turn in range(element.passes):
        target = dst if (element.passes - turn) % 2 else image
        _pass(cpu, source, target, cn, element, border, value, which)
        source = _read_only(target)
    cpu.give(spare)


def _pass(cpu, src, dst, cn, element, border, value, which):
    h, n = src.shape
    kw, kh, x, y = element[:4]
    dtype = src.dtype
    outside = _outside(n, cn, dtype, value, which)
    if element.runs is None:
        bands = cpu.split(h, _row_ns(n, dtype.itemsize, element))
        rows = -(-h // len(bands)) + kh
        scratch = ((rectangles.scratch_size(n, kw, kh, cn), dtype), (rows, np.intp))
        cpu.bands(
            rectangle_rows, src, -1, h, dst, -1, kw, kh, x, y, cn, border, outside, which, bands=bands, scratch=scratch
        )
        return
    lengths, table = runs.plan_of(element)
    bands = cpu.split(h, _row_ns(n, dtype.itemsize, element, (lengths, table)))
    tile = runs.tile_width(n, lengths, element, cn, dtype.itemsize)
    rows = -(-h // len(bands)) + kh
    scratch = ((runs.scratch_size(tile, lengths, element, cn), dtype), (rows, np.intp))
    cpu.bands(
        runs_rows,
        src,
        -1,
        h,
        dst,
        -1,
        lengths,
        table,
        kw,
        kh,
        x,
        y,
        cn,
        border,
        outside,
        which,
        tile,
        bands=bands,
        scratch=scratch,
    )


def _two_steps(cpu, src, dst, cn, element, border, value, first, second, how):
    h, n = src.shape
    kw, kh, x, y = element[:4]
    dtype = src.dtype
    outsides = [_outside(n, cn, dtype, value, which) for which in (first, second)]
    made = None if element.runs is None else runs.plan_of(element)
    bands = cpu.split(h, 2 * _row_ns(n, dtype.itemsize, element, made))
    # Whole windows, and no more than the cache holds; short strips make more of the element's first rows.
    rows = min(60, STRIP // (n * dtype.itemsize))
    strip = max(kh, rows // kh * kh) if made is None else max(32, 4 * kh)
    strip = min(strip, h)
    kept = min(strip + 2 * kh, h)
    ring = ((1 << (kept - 1).bit_length(), n), dtype)
    starts = (strip + 3 * kh + 4, np.intp)
    if made is None:
        scratch = (ring, (rectangles.scratch_size(n, kw, kh, cn), dtype), starts)
        cpu.bands(
            rectangle_steps,
            src,
            dst,
            kw,
            kh,
            x,
            y,
            cn,
            border,
            *outsides,
            first,
            second,
            how,
            strip,
            bands=bands,
            scratch=scratch,
        )
        return
    lengths, table = made
    tile = runs.tile_width(n, lengths, element, cn, dtype.itemsize)
    scratch = (ring, (runs.scratch_size(tile, lengths, element, cn), dtype), starts)
    cpu.bands(
        runs_steps,
        src,
        dst,
        lengths,
        table,
        kw,
        kh,
        x,
        y,
        cn,
        border,
        *outsides,
        first,
        second,
        how,
        strip,
        tile,
        bands=bands,
        scratch=scratch,
    )


def _hit_or_miss(cpu, src, dst, cn, hits, misses, border, value):
    """Eroded by the hits, and its complement by the misses, which is the complement of a dilation."""
    if misses is None:
        if hits is None:
            dst[...] = 255
        else:
            _step(cpu, src, dst, cn, hits, border, value, LEAST)
        return
    _step(cpu, src, dst, cn, misses, border, None if value is None else 255 - value, MOST)
    hit = cpu.take(dst.nbytes)
    image = hit.reshape(dst.shape)
    if hits is None:
        image[...] = 255
    else:
        _step(cpu, src, image, cn, hits, border, value, LEAST)
    cpu.bands(mask_rows, _read_only(image), dst, bands=cpu.split(dst.shape[0], dst.shape[1] * 0.05))
    cpu.give(hit)
