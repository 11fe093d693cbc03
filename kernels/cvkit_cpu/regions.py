"""Regions on the CPU: flood fill and connected components."""

import numpy as np

from cvkit_cpu.regions_components import (
    bits_band,
    join_at,
    join_band,
    measure,
    measure_background,
    number,
    write_band,
)
from cvkit_cpu.regions_flood import close_rows, comes_to, paint_band, plant, reach, replant, ways_band

FIRST_ROWS = 32


def flood_fill(cpu, src, dst, marks, mask, cn, seed, lower, upper, value, mark, eight, fixed, only_mask):
    """Plan: planes of ways by bands and what the seed reaches in them by one thread, in as many rows as the fill comes
    to; then both results by bands.

    src, dst: (h, w*cn); mask: (h + 2, w + 2) or None, marks the same with what was filled. seed: x and y; lower, upper,
    value: an element for each channel. Returns the number of pixels filled, and their least and greatest x and y.
    Beyond the results, 5 to 11 bits a pixel.
    """
    h, n = src.shape
    w = n // cn
    x, y = seed
    if mask is not None and mask[y + 1, x + 1]:
        _copy(src, mask, dst, marks)
        return 0, w, h, -1, -1
    words, stride = (w + 63) // 64, h + 2
    size = (words + 2) * stride
    alike = bool((lower == upper).all())
    directions = 4 if eight else 2
    pairs = 1 if fixed else directions * (1 if alike else 2)
    block = cpu.take(8 * (3 * size + (1 if fixed else pairs * size)))
    whole = block.view(np.uint64)
    sides, planes = whole[: 3 * size], whole[3 * size :]
    if fixed:
        planes[0] = ~np.uint64(0)
    masked = mask is not None
    given = mask if masked else np.zeros((1, 1), np.uint8)
    given.flags.writeable = False
    rows = np.empty((4, w, cn), src.dtype)
    for row, values in zip(rows, (src[y, x * cn : x * cn + cn], lower, upper, value), strict=True):
        row[:] = values
    *bounds, painted = rows.reshape(4, n)
    keep, back = 0 if fixed else -1, 0 if alike or fixed else directions * size
    tiles = (words + 2) * ((h + 63) // 64)
    waiting, queue = np.zeros(tiles, np.uint64), np.empty(tiles + 1, np.int64)
    row_ns = n * src.itemsize * 0.03 * (pairs + 1) + words * 6
    top = bottom = y
    for first, last in _reaches(h, y):
        for start, end in ((first, top), (bottom, last)):
            bands = [(start + y0, start + y1) for y0, y1 in cpu.split(end - start, row_ns)]
            scratch = ((n, np.uint8), (64 * words, np.uint8))
            cpu.bands(
                ways_band,
                *(src, cn, eight, fixed, alike, *bounds, given, masked, planes, sides, stride),
                bands=bands,
                scratch=scratch,
            )
        close_rows(sides, stride, first, last)
        if top == bottom:
            tail = plant(sides, stride, waiting, queue, x, y)
        else:
            tail = replant(sides, stride, waiting, queue, 0, top)
            tail = replant(sides, stride, waiting, queue, tail, bottom - 1)
        reach(planes, keep, back, eight, sides, stride, waiting, queue, tail)
        top, bottom = first, last
        on = (top > 0 and comes_to(sides, stride, top)) or (bottom < h and comes_to(sides, stride, bottom - 1))
        if not on:
            break
    copied = bottom - top < h
    if copied:
        _copy(src, mask, dst, marks)
    found = cpu.bands(
        paint_band,
        *(src, cn, only_mask, painted, given, masked, np.uint8(mark), sides, stride, copied, dst, marks),
        bands=[(top + y0, top + y1) for y0, y1 in cpu.split(bottom - top, (n * src.itemsize + w) * 0.08 + words * 4)],
        scratch=((64 * words, np.uint8), (n, np.uint8), (words, np.uint64)),
    )
    cpu.give(block)
    area, left, top, right, bottom = zip(*found, strict=True)
    return sum(area), min(left), min(top), max(right), max(bottom)


def _reaches(h, y):
    """First and last of the rows to look at: FIRST_ROWS around row y, then four times as many, at last all."""
    count = FIRST_ROWS
    while 2 * count < h:
        first = max(0, min(y - count // 2, h - count))
        yield first, first + count
        count *= 4
    yield 0, h


def _copy(src, mask, dst, marks):
    """Both results where nothing is filled."""
    dst[...] = src
    marks[...] = 0 if mask is None else mask
    marks[0] = marks[-1] = 1
    marks[:, 0] = marks[:, -1] = 1


def connected_components(cpu, src, dst, near):
    """Plan: label the pixels that are not 0 in dst, int32; returns the number of labels, the background's included.

    near: 1 where diagonal neighbours touch, else 0. src: (h, w), uint8 or int8.
    """
    return _label(cpu, src, dst, near, None)[0]


def connected_components_with_stats(cpu, src, dst, near):
    """Plan: as connected_components; returns the number of labels, their boxes and areas, and their centroids."""
    return _label(cpu, src, dst, near, _measured)


def _label(cpu, src, dst, near, then):
    """Runs of strips of 1 + near rows, joined by bands, then at their edges by one thread, which numbers them; labels
    by bands.
    """
    h, w = src.shape
    src = src.view(np.uint8)
    count, words = (h + near) >> near, (w + 63) // 64
    block = cpu.take(8 * (count * (2 + near) if near else count) * (words + 1))
    whole = block.view(np.uint64).reshape(-1, words + 1)
    strips, bits = whole[:count], whole[count:] if near else whole[:count]
    firsts = np.zeros(count + 1, np.int64)
    bands = cpu.split(count, (1 + near) * (w * 0.03 + words * 3))
    cpu.bands(bits_band, src, bits, strips, firsts, near, bands=bands, scratch=((64, np.uint8),))
    np.cumsum(firsts, out=firsts)
    runs = int(firsts[-1])
    store = cpu.take(4 * runs)
    parents = store.view(np.int32)
    bands = cpu.split(count, words * 8 + runs / count * 8)
    cpu.bands(join_band, bits, strips, firsts, parents, near, bands=bands)
    for y, _ in bands[1:]:
        join_at(bits, strips, firsts, parents, near, y)
    found = 1 + number(parents)
    bands = cpu.split(count, (1 + near) * (w * 0.2 + runs / count * 2))
    cpu.bands(write_band, bits, strips, firsts, parents, dst, near, bands=bands)
    rest = then(found, bits, strips, firsts, parents, near, h, w) if then else ()
    cpu.give(block)
    cpu.give(store)
    return (found, *rest)


def _measured(count, bits, strips, firsts, labels, near, h, w):
    """Boxes and areas, int32 (count, 5), and centroids, float64 (count, 2).

    A label without a pixel, which only the background can be, gets what OpenCV gives it.
    """
    stats, sums = np.zeros((count, 5), np.int32), np.zeros((count, 2), np.int64)
    stats[:, :2] = np.iinfo(np.int32).max
    measure(bits, strips, firsts, labels, near, w, stats, sums)
    measure_background(bits, h, w, stats, sums)
    stats[:, 2:4] -= stats[:, :2]
    if not stats[0, 4]:
        stats[0] = -1, np.iinfo(np.int32).max, 0, 0, 0
    with np.errstate(invalid="ignore"):
        return stats, sums / stats[:, 4:]
