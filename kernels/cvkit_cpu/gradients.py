"""Gradients of images on the CPU: both first derivatives of uint8 in one pass, and magnitudes of any derivatives."""

import numpy as np

from cvkit_cpu.derivatives import UINT8, beyond, sobel
from cvkit_cpu.gradients_rows import both_band, magnitude3_band, magnitude5_band, magnitude_band


def spatial_gradient(cpu, src, dx, dy, cn, border):
    """Plan: both first derivatives of uint8 with 3 x 3 weights in one pass, int16."""
    h, n = src.shape
    bands, ring = cpu.split(h, n * 0.1), ((4, 2 * n), np.int16)
    args = src, beyond(src, border), cn, border, np.int16(1), np.int16(2), dx, dy
    cpu.bands(both_band, *args, bands=bands, scratch=(ring,))


def gradient_magnitude(cpu, src, dst, cn, slope, smooth, l1, border):
    """Plan: float32 magnitude of both first derivatives; slope and smooth are float64 arrays of whole numbers."""
    h, n = src.shape
    lines = (2, n), np.int16
    if src.dtype == UINT8 and slope.size == smooth.size == 3:
        args = src, beyond(src, border), cn, border, np.int16(smooth[0]), np.int16(smooth[1]), l1, dst
        bands, ring = cpu.split(h, n * 0.16), ((4, 2 * n), np.int16)
        cpu.bands(magnitude3_band, *args, bands=bands, scratch=(ring, lines))
        return
    if src.dtype == UINT8 and slope.size == 5:
        bands, line = cpu.split(h, n * 0.4), (n + 4 * cn, np.int16)
        args = src, beyond(src, border), cn, border, l1, dst
        cpu.bands(magnitude5_band, *args, bands=bands, scratch=(line, lines))
        return
    block = cpu.take(h * n * 4)
    down = block.view(np.float32).reshape(h, n)
    sobel(cpu, src, dst, cn, slope, smooth, 0.0, border)
    sobel(cpu, src, down, cn, smooth, slope, 0.0, border)
    cpu.bands(magnitude_band, dst, down, l1, dst, bands=cpu.split(h, n * 0.3))
    cpu.give(block)
