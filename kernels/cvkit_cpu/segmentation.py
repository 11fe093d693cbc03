"""Segmentation on the CPU: watersheds from markers, and the steps that find markers."""

import numpy as np

from cvkit_cpu.regions import connected_components
from cvkit_cpu.segmentation_flooding import CHUNK, LEVELS, costs_band, flood
from cvkit_cpu.segmentation_markers import chamfer, gray_band, masks


def watershed(cpu, src, markers, dst, cn):
    """Plan: costs between neighbours by bands, then the flooding by one thread.

    src: (h, w*cn), uint8; markers and dst: (h, w), int32. Beyond them two bytes a pixel and 4 for those that wait, at
    most all of them (8 from 2**31 pixels on).
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
