"""Regions on the CPU: flood fill, connected components, watershed, and the chamfer distances that seed one."""

import numpy as np

from cvkit_cpu.regions_components import (
    bits_band,
    join_rows,
    measure,
    number_in_blocks,
    number_in_rows,
    runs_band,
    write_band,
)
from cvkit_cpu.regions_flood import paint_band, reach, ways_band
from cvkit_cpu.regions_segment import chamfer, gray_band, masks
from cvkit_cpu.regions_watershed import CHUNK, LEVELS, costs_band, flood


def flood_fill(cpu, src, dst, marks, mask, cn, seed, lower, upper, value, mark, eight, fixed, only_mask):
    """Plan: planes of ways by bands, what the seed reaches by one thread, both results by bands.

    src, dst: (h, w*cn); mask: (h + 2, w + 2) or None, marks the same with what was filled. seed: x and y; lower, upper,
    value: an element for each channel. Returns the number of pixels filled, and their least and greatest x and y.
    Beyond the results, 5 to 11 bits a pixel.
    """
    h, n = src.shape
    w = n // cn
    x, y = seed
    if mask is not None and mask[y + 1, x + 1]:
        dst[...] = src
        marks[...] = 1
        marks[1:-1, 1:-1] = mask[1:-1, 1:-1]
        return 0, w, h, -1, -1
    words, stride = (w + 63) // 64, h + 2
    size = (words + 2) * stride
    alike = bool((lower == upper).all())
    directions = 4 if eight else 2
    count = 1 if fixed else directions * size * (1 if alike else 2)
    block = cpu.take(8 * (3 * size + count))
    whole = block.view(np.uint64)
    sides, planes = whole[: 3 * size], whole[3 * size :]
    if fixed:
        planes[0] = ~np.uint64(0)
    given = np.zeros((1, 1), np.uint8) if mask is None else mask
    given.flags.writeable = False
    pixel = src[y, x * cn : x * cn + cn]
    rows = [np.tile(values, w) for values in (pixel, lower, upper, value)]
    masked = mask is not None
    pairs = 1 if fixed else directions * (1 if alike else 2)
    row_ns = n * src.itemsize * 0.03 * (pairs + 1) + words * 6
    cpu.bands(
        ways_band,
        *(src, cn, eight, fixed, alike, *rows[:3], given, masked, planes, sides, stride),
        bands=cpu.split(h, row_ns),
        scratch=((n, np.uint8), (64 * words, np.uint8)),
    )
    tiles = (words + 2) * ((h + 63) // 64)
    back = 0 if alike or fixed else directions * size
    keep = 0 if fixed else -1
    reach(planes, keep, back, eight, sides, stride, np.zeros(tiles, np.uint64), np.empty(tiles + 1, np.int64), x, y)
    found = cpu.bands(
        paint_band,
        *(src, cn, only_mask, rows[3], given, masked, np.uint8(mark), sides, stride, dst, marks),
        bands=cpu.split(h, (n * src.itemsize + w) * 0.08 + words * 4),
        scratch=((64 * words, np.uint8), (n, np.uint8), (words, np.uint64), (w, np.uint8)),
    )
    cpu.give(block)
    area, left, top, right, bottom = zip(*found, strict=True)
    return sum(area), min(left), min(top), max(right), max(bottom)


def connected_components(cpu, src, dst, near):
    """Plan: label the pixels that are not 0 in dst, int32; returns the number of labels, the background's included.

    near: 1 where diagonal neighbours touch, else 0. src: (h, w), uint8 or int8.
    """
    return _label(cpu, src, dst, near, None)[0]


def connected_components_with_stats(cpu, src, dst, near):
    """Plan: as connected_components; returns the number of labels, their boxes and areas, and their centroids."""
    return _label(cpu, src, dst, near, _measured)


def _label(cpu, src, dst, near, then):
    """Runs by bands of two rows each, which one thread joins at their edges and numbers; labels by bands."""
    h, w = src.shape
    src = src.view(np.uint8)
    words = (w + 63) // 64
    block = cpu.take(8 * h * words)
    bits = block.view(np.uint64).reshape(h, words)
    firsts = np.zeros(h + 1, np.int64)
    cpu.bands(bits_band, src, bits, firsts, bands=cpu.split(h, w * 0.03 + words * 2), scratch=((64, np.uint8),))
    np.cumsum(firsts, out=firsts)
    runs = int(firsts[-1])
    store = cpu.take(16 * runs)
    numbers = store.view(np.int32)
    ends, parents, labels = numbers[: 2 * runs], numbers[2 * runs : 3 * runs], numbers[3 * runs :]
    bands = cpu.split((h + 1) // 2, 2 * (words * 3 + runs / h * 10))
    cpu.bands(runs_band, bits, w, firsts, ends, parents, near, bands=bands)
    for y, _ in bands[1:]:
        join_rows(ends, parents, firsts[2 * y - 1], firsts[2 * y], firsts[2 * y + 1], near)
    count = 1 + (number_in_blocks(firsts, ends, parents, labels) if near else number_in_rows(parents, labels))
    cpu.bands(write_band, firsts, ends, labels, dst, bands=cpu.split(h, w * 0.2 + runs / h * 4))
    rest = then(count, firsts, ends, labels, h, w) if then else ()
    cpu.give(block)
    cpu.give(store)
    return (count, *rest)


def _measured(count, firsts, ends, labels, h, w):
    """Boxes and areas, int32 (count, 5), and centroids, float64 (count, 2).

    A label without a pixel, which only the background can be, gets what OpenCV gives it.
    """
    stats, sums = np.zeros((count, 5), np.int32), np.zeros((count, 2), np.int64)
    stats[:, :2] = np.iinfo(np.int32).max
    measure(firsts, ends, labels, h, w, stats, sums)
    stats[:, 2:4] -= stats[:, :2]
    if not stats[0, 4]:
        stats[0] = -1, np.iinfo(np.int32).max, 0, 0, 0
    with np.errstate(invalid="ignore"):
        return stats, sums / stats[:, 4:]


def watershed(cpu, src, markers, dst, cn):
    """Plan: costs between neighbours by bands, then the flooding by one thread.

    src: (h, w*cn), uint8; markers and dst: (h, w), int32. Beyond them two bytes a pixel and 8 for those that wait, at
    most all of them.
    """
    h, w = dst.shape
    block = cpu.take(2 * h * w)
    across, down = block[: h * w], block[h * w :]
    cpu.bands(
        costs_band,
        *(src, cn, markers, dst, across, down),
        bands=cpu.split(h, w * (cn * 0.1 + 0.3)),
        scratch=((w * cn, np.uint8),),
    )
    if min(h, w) >= 3:
        chunks = h * w // CHUNK + 2 * LEVELS
        spare = np.empty(chunks + 1, np.int64)
        spare[0] = chunks - LEVELS
        spare[1 : chunks - LEVELS + 1] = np.arange(chunks - 1, LEVELS - 1, -1)
        index = np.int32 if h * w < 2**31 else np.int64
        put = np.arange(LEVELS) * CHUNK
        items, links = np.empty(chunks * CHUNK, index), np.empty(chunks, np.int64)
        flood(dst.reshape(-1), across, down, h, w, items, links, spare, put, put.copy(), np.zeros(4, np.uint64))
    cpu.give(block)


def watershed_segment(cpu, src, dst, cn, gradient, threshold, invert, opening, dilations, level):
    """Plan: masks, distances, cores, markers, and the flooding into dst, int32 (h, w); returns what led to it."""
    h, w = dst.shape
    gray = np.empty((h, w), np.uint8) if cn == 3 else src.copy()
    if cn == 3:
        cpu.bands(gray_band, src, gray, bands=cpu.split(h, w * 0.5))
    relief, foreground, opened, wide = masks(gray, gradient, threshold, invert, opening, dilations)
    distance = np.empty((h, w), np.float32)
    chamfer(opened, np.empty((h + 4, w + 4), np.int32), np.empty(w, np.int32), distance)
    cores = np.where(distance > np.float32(level * float(distance.max())), 255, 0).astype(np.uint8)
    cores.flags.writeable = False
    markers = np.empty((h, w), np.int32)
    connected_components(cpu, cores, markers, 1)
    markers += 1
    markers[(wide != 0) & (cores == 0)] = 0
    markers.flags.writeable = False
    watershed(cpu, src, markers, dst, cn)
    return gray, relief, foreground, opened, distance, cores, markers
