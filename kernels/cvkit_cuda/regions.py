"""Regions on the GPU: flood fill and connected components."""

import numpy as np

from cvkit_cuda.regions_components import label, statistics
from cvkit_cuda.regions_flood import WAYS, fill_sets, fill_tiles, paint
from cvkit_cuda.regions_sets import BLOCK, grid


def flood_fill(gpu, src, dst, marks, mask, cn, seed, lower, upper, value, mark, eight, fixed, only_mask):
    """Plan: from where each pixel may be entered, what the seed reaches, then both results.

    src, dst: (h, w*cn); mask: (h + 2, w + 2) or None, marks the same with what was filled. seed: x and y; lower, upper,
    value: an element for each channel. Returns the number of pixels filled, and their least and greatest x and y.
    """
    h, n = src.shape
    w = n // cn
    masked = np.int32(mask is not None)
    if mask is None:
        mask = gpu.upload(np.zeros((1, 1), np.uint8))
    place = np.int32(seed[0]), np.int32(seed[1])
    entries, reached = gpu.empty((h, w), np.uint8), gpu.empty((h, w), np.uint8)
    bounds = np.float32 if src.dtype == np.float32 else np.int32
    limits = gpu.upload(lower.astype(bounds)), gpu.upload(upper.astype(bounds))
    flags = np.int32(cn), masked, np.int32(bool(eight)), np.int32(bool(fixed))
    gpu.launch(WAYS[np.dtype(src.dtype).name], grid(w, h), BLOCK, (src, mask, *limits, entries, *flags, *place))
    fill = fill_sets if fixed or (lower == upper).all() else fill_tiles
    fill(gpu, entries, mask, masked, place, reached)
    found = gpu.upload(np.array([0, *[-(2**31) + 1] * 4], np.int32))
    options = masked, np.int32(bool(only_mask)), np.int32(mark), np.int32(cn)
    arrays = src, reached, gpu.upload(value), mask
    gpu.launch(paint, grid(w + 2, h + 2), BLOCK, (*arrays, *options, dst, marks, found))
    area, left, right, top, bottom = (int(v) for v in gpu.download(found))
    return area, -left, -top, right, bottom


def connected_components(gpu, src, dst, near):
    """Plan: label the pixels that are not 0 in dst, int32; returns the number of labels, the background's included.

    near: 1 where diagonal neighbours touch, else 0. src: (h, w), uint8 or int8.
    """
    return label(gpu, src, dst, near)


def connected_components_with_stats(gpu, src, dst, near):
    """Plan: as connected_components; returns the number of labels, their boxes and areas, and their centroids."""
    count = label(gpu, src, dst, near)
    return (count, *statistics(gpu, dst, count))
