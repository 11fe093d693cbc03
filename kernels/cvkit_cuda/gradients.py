"""Gradients of images on the GPU: both first derivatives of uint8 in one launch, and their magnitude.

Tiles, blocks and sizes are those of derivatives.py, through which all other magnitudes go.
"""

import math

import numpy as np
from numba import cuda, float32, int16, int32, uint8, uint32

from cvkit_cuda.derivatives import BLOCK, TILE_H, TILE_W, UINT8, grid, load_tile, sobel
from cvkit_cuda.edges_gradients import at, sobel5
from cvkit_cuda.linear_values import fused, product, total

TILE_3 = (TILE_H + 2, TILE_W + 8)


@cuda.jit(device=True)
def both3(tile, j, i, cn, outer, middle):
    """Both first derivatives at element (j, i); outer and middle are the smoothing weights across them.

    d0 and d1 are the differences along the diagonals: their sum and their difference hold the corners of both windows.
    """
    above, below = int32(j - int32(1)), int32(j + int32(1))
    left, right = int32(i - cn), int32(i + cn)
    d0 = int32(at(tile, below, right) - at(tile, above, left))
    d1 = int32(at(tile, above, right) - at(tile, below, left))
    dx = int32(int32(outer * int32(d0 + d1)) + int32(middle * int32(at(tile, j, right) - at(tile, j, left))))
    dy = int32(int32(outer * int32(d0 - d1)) + int32(middle * int32(at(tile, below, i) - at(tile, above, i))))
    return dx, dy


@cuda.jit(device=True)
def both5(tile, j, i, cn, outer, middle):
    """As both3 with 5 x 5 weights, which are Sobel's: outer and middle are not looked at."""
    return sobel5(tile, j, i, cn)


@cuda.jit
def both_derivatives(src, dx, dy, cn, border):
    """Both first derivatives by Sobel's 3 x 3 weights, one block a tile."""
    tile = cuda.shared.array(TILE_3, uint8)
    load_tile(src, tile, int32(1), cn, border)
    cuda.syncthreads()
    h, n = int32(src.shape[0]), int32(src.shape[1])
    for j in range(int32(cuda.threadIdx.y), int32(TILE_H), int32(BLOCK[1])):
        for i in range(int32(cuda.threadIdx.x), int32(TILE_W), int32(BLOCK[0])):
            x = int32(int32(cuda.blockIdx.x * TILE_W) + int32(i))
            y = int32(int32(cuda.blockIdx.y * TILE_H) + int32(j))
            if x < n and y < h:
                across, down = both3(tile, int32(int32(j) + int32(1)), int32(int32(i) + cn), cn, int32(1), int32(2))
                dx[uint32(y), uint32(x)] = int16(across)
                dy[uint32(y), uint32(x)] = int16(down)


@cuda.jit(device=True)
def norm_of(dx, dy, l1):
    """|dx| + |dy|, or the root of dx * dx + dy * dy with the first product not rounded, in float32."""
    if l1 != int32(0):
        return total(float32(abs(dx)), float32(abs(dy)))
    return float32(math.sqrt(fused(dx, dx, product(dy, dy))))


def _magnitude_kernel(size, both):
    """The kernel for magnitudes of derivatives with ``size`` x ``size`` weights, which ``both`` gives."""
    radius = size // 2
    source = (TILE_H + 2 * radius, TILE_W + 8 * radius)

    def magnitude_of_tile(src, dst, cn, border, outer, middle, l1):
        """Magnitude of both first derivatives, one block a tile."""
        tile = cuda.shared.array(source, uint8)
        load_tile(src, tile, int32(radius), cn, border)
        cuda.syncthreads()
        h, n = int32(src.shape[0]), int32(src.shape[1])
        for j in range(int32(cuda.threadIdx.y), int32(TILE_H), int32(BLOCK[1])):
            for i in range(int32(cuda.threadIdx.x), int32(TILE_W), int32(BLOCK[0])):
                x = int32(int32(cuda.blockIdx.x * TILE_W) + int32(i))
                y = int32(int32(cuda.blockIdx.y * TILE_H) + int32(j))
                if x < n and y < h:
                    column = int32(int32(i) + int32(int32(radius) * cn))
                    dx, dy = both(tile, int32(int32(j) + int32(radius)), column, cn, outer, middle)
                    dst[uint32(y), uint32(x)] = norm_of(float32(dx), float32(dy), l1)

    magnitude_of_tile.__name__ = magnitude_of_tile.__qualname__ = f"magnitude_{size}"
    return cuda.jit(magnitude_of_tile)


magnitude_3 = _magnitude_kernel(3, both3)
magnitude_5 = _magnitude_kernel(5, both5)
MAGNITUDES = {3: magnitude_3, 5: magnitude_5}


@cuda.jit
def magnitude(dx, dy, dst, l1):
    """Magnitude of given derivatives, one thread an element; dst may be one of them."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, n = int32(dst.shape[0]), int32(dst.shape[1])
    if x >= n or y >= h:
        return
    dst[uint32(y), uint32(x)] = norm_of(dx[uint32(y), uint32(x)], dy[uint32(y), uint32(x)], l1)


def spatial_gradient(gpu, src, dx, dy, cn, border):
    """Plan: both first derivatives of uint8 with 3 x 3 weights in one launch, int16."""
    args = src, dx, dy, np.int32(cn), np.int32(border)
    gpu.launch(both_derivatives, grid(dx.shape, (TILE_W, TILE_H)), BLOCK, args)


def gradient_magnitude(gpu, src, dst, cn, slope, smooth, l1, border):
    """Plan: float32 magnitude of both first derivatives; slope and smooth are float64 arrays of whole numbers."""
    norm = np.int32(bool(l1))
    if src.dtype == UINT8 and slope.size == smooth.size and slope.size in MAGNITUDES:
        weights = np.int32(smooth[0]), np.int32(smooth[slope.size // 2])
        args = src, dst, np.int32(cn), np.int32(border), *weights, norm
        gpu.launch(MAGNITUDES[slope.size], grid(dst.shape, (TILE_W, TILE_H)), BLOCK, args)
        return
    across, down = gpu.empty(dst.shape, dst.dtype), gpu.empty(dst.shape, dst.dtype)
    sobel(gpu, src, across, cn, slope, smooth, 0.0, border)
    sobel(gpu, src, down, cn, smooth, slope, 0.0, border)
    gpu.launch(magnitude, grid(dst.shape, BLOCK), BLOCK, (across, down, dst, norm))
