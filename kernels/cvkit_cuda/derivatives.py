"""Image derivatives on the GPU, equal to the CPU in every element.

From uint8 it is one launch on tiles in shared memory: first and higher derivatives in int16 with up to 7 x 7 weights.
The rest goes through the linear filters, whose windows are one launch too. A block makes TILE_W x TILE_H elements of
rows of w * cn values, each thread one of a column in each step. Sizes: w * cn below 2**31 - 2**16 and at most 524,280
rows (65,535 blocks of 8).
"""

import numpy as np
from numba import cuda, float32, float64, int16, int32, uint8, uint32

from cvkit_cuda.linear import element, filter2d, line, sep_filter2d
from cvkit_cuda.linear_values import fused, pixel, total

BLOCK = (32, 8)
TILE_W, TILE_H = 64, 16
UINT8, INT16 = np.dtype(np.uint8), np.dtype(np.int16)


@cuda.jit(device=True)
def load_tile(src, tile, radius, cn, border):
    """Fill tile with the block's part of src and ``radius`` pixels around it; the caller puts a barrier behind it."""
    h, n = int32(src.shape[0]), int32(src.shape[1])
    x0 = int32(int32(cuda.blockIdx.x * TILE_W) - int32(radius * cn))
    y0 = int32(int32(cuda.blockIdx.y * TILE_H) - radius)
    reach = int32(int32(TILE_W) + radius)
    width, height = int32(int32(TILE_W) + int32(int32(2) * radius) * cn), int32(int32(TILE_H) + int32(2) * radius)
    for j in range(int32(cuda.threadIdx.y), height, int32(BLOCK[1])):
        y = line(h, int32(y0 + int32(j)), border)
        for i in range(int32(cuda.threadIdx.x), width, int32(BLOCK[0])):
            e = element(n, int32(x0 + int32(i)), reach, cn, border)
            p = uint8(0)
            if y >= int32(0) and e >= int32(0):
                p = src[uint32(y), uint32(e)]
            tile[uint32(j), uint32(i)] = p


def _mirrored(size):
    """Sums of 3, 5 or 7 values that lie ``step`` elements apart, along a row or down a column of a shared array."""

    @cuda.jit(device=True)
    def mirrored_sum(values, j, i, down, across, k0, k1, k2, k3, sign):
        """k0 times the middle, element (j, i), and each weight times a pair; sign is that of the earlier of a pair."""
        s = int32(k0 * int32(values[uint32(j), uint32(i)]))
        for r in range(1, size // 2 + 1):
            k = k1 if r == 1 else k2 if r == 2 else k3
            before = int32(values[uint32(j - int32(r * down)), uint32(i - int32(r * across))])
            behind = int32(values[uint32(j + int32(r * down)), uint32(i + int32(r * across))])
            s = int32(s + int32(k * int32(behind + int32(sign * before))))
        return s

    return mirrored_sum


def _derivative_kernel(size):
    """The kernel for derivatives with ``size`` x ``size`` weights."""
    radius = size // 2
    source, sums = (TILE_H + 2 * radius, TILE_W + 8 * radius), (TILE_H + 2 * radius, TILE_W)
    mirrored_sum = _mirrored(size)

    def derivative(src, dst, cn, border, x0, x1, x2, x3, x_sign, y0, y1, y2, y3, y_sign):
        """One block a tile: sums along the rows, then down the columns, then saturated.

        x0 to x3: weights along the rows from the middle outwards; y0 to y3: down the columns.
        """
        tile = cuda.shared.array(source, uint8)
        rows = cuda.shared.array(sums, int32)
        load_tile(src, tile, int32(radius), cn, border)
        cuda.syncthreads()
        for j in range(int32(cuda.threadIdx.y), int32(TILE_H + 2 * radius), int32(BLOCK[1])):
            for i in range(int32(cuda.threadIdx.x), int32(TILE_W), int32(BLOCK[0])):
                column = int32(int32(i) + int32(int32(radius) * cn))
                s = mirrored_sum(tile, int32(j), column, int32(0), cn, x0, x1, x2, x3, x_sign)
                rows[uint32(j), uint32(i)] = s
        cuda.syncthreads()
        h, n = int32(dst.shape[0]), int32(dst.shape[1])
        for j in range(int32(cuda.threadIdx.y), int32(TILE_H), int32(BLOCK[1])):
            for i in range(int32(cuda.threadIdx.x), int32(TILE_W), int32(BLOCK[0])):
                x, y = (
                    int32(int32(cuda.blockIdx.x * TILE_W) + int32(i)),
                    int32(int32(cuda.blockIdx.y * TILE_H) + int32(j)),
                )
                if x < n and y < h:
                    row = int32(int32(j) + int32(radius))
                    s = mirrored_sum(rows, row, int32(i), int32(1), int32(0), y0, y1, y2, y3, y_sign)
                    dst[uint32(y), uint32(x)] = int16(min(max(s, int32(-32768)), int32(32767)))

    derivative.__name__ = derivative.__qualname__ = f"derivative_{size}"
    return cuda.jit(derivative)


derivative_3 = _derivative_kernel(3)
derivative_5 = _derivative_kernel(5)
derivative_7 = _derivative_kernel(7)
DERIVATIVES = {3: derivative_3, 5: derivative_5, 7: derivative_7}


def _sum_kernel(number, whole, name):
    """The sum of two images, of whole numbers or of floats, scaled in one type."""

    @cuda.jit(device=True)
    def both(a, b):
        if whole:
            return number(min(max(int32(int32(a) + int32(b)), int32(-32768)), int32(32767)))
        return number(total(a, b))

    def scaled_sum(first, second, dst, scale, delta):
        """One thread an element; sums of int16 are saturated."""
        x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
        y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
        h, n = int32(dst.shape[0]), int32(dst.shape[1])
        if x >= n or y >= h:
            return
        s = both(first[uint32(y), uint32(x)], second[uint32(y), uint32(x)])
        dst[uint32(y), uint32(x)] = pixel(fused(s, scale, delta), dst)

    scaled_sum.__name__ = scaled_sum.__qualname__ = name
    return cuda.jit(scaled_sum)


sum_whole_f32 = _sum_kernel(float32, True, "sum_whole_f32")
sum_whole_f64 = _sum_kernel(float64, True, "sum_whole_f64")
sum_f32 = _sum_kernel(float32, False, "sum_f32")
sum_f64 = _sum_kernel(float64, False, "sum_f64")
SUMS = {
    (True, "float32"): sum_whole_f32,
    (True, "float64"): sum_whole_f64,
    (False, "float32"): sum_f32,
    (False, "float64"): sum_f64,
}


def grid(shape, tile):
    """Blocks that cover an image of this shape, x first."""
    return -(-shape[1] // tile[0]), -(-shape[0] // tile[1])


def _half(kernel):
    """Weights of a mirrored kernel as the kernels above take them, or nothing where it is not one, or too large."""
    size, sign = kernel.size, 1 if (kernel == kernel[::-1]).all() else -1
    whole = (kernel == np.rint(kernel)).all() and np.abs(kernel).sum() <= 2**16
    if size > 7 or not whole or not (kernel == sign * kernel[::-1]).all():
        return ()
    weights = [*kernel[size // 2 :], 0, 0, 0][:4]
    return tuple(np.int32(int(k)) for k in (*weights, sign))


def sobel(gpu, src, dst, cn, kernel_x, kernel_y, delta, border):
    """Plan: kernels are one-dimensional float64 arrays whose numbers are those of the type of the sums."""
    if src.dtype == UINT8 and dst.dtype == INT16 and delta == 0:
        x, y = _half(kernel_x), _half(kernel_y)
        # Up to this size no sum exceeds what float32 holds, in which the linear filter adds up some of them.
        if x and y and np.abs(kernel_x).sum() * np.abs(kernel_y).sum() <= 2**16:
            size = max(kernel_x.size, kernel_y.size, 3)
            args = src, dst, np.int32(cn), np.int32(border), *x, *y
            gpu.launch(DERIVATIVES[size], grid(dst.shape, (TILE_W, TILE_H)), BLOCK, args)
            return
    middle = kernel_x.size // 2, kernel_y.size // 2
    sep_filter2d(gpu, src, dst, cn, kernel_x, kernel_y, *middle, delta, border)


def scharr(gpu, src, dst, cn, kernel_x, kernel_y, delta, border):
    """Plan: as sobel, whose kernels say what they are."""
    sobel(gpu, src, dst, cn, kernel_x, kernel_y, delta, border)


def laplacian(gpu, src, dst, cn, second, smooth, scale, delta, border):
    """Plan: the sum of the second derivatives along both axes; second and smooth are float64 arrays of one odd size."""
    if second.size == 3:
        window = scale * (np.outer(smooth, second) + np.outer(second, smooth))
        filter2d(gpu, src, dst, cn, window, 1, 1, delta, border)
        return
    short = src.dtype == UINT8 and second.size == 5
    kind = INT16 if short else np.dtype(np.float64) if src.dtype == np.float64 else np.dtype(np.float32)
    across, down = gpu.empty(dst.shape, kind), gpu.empty(dst.shape, kind)
    sobel(gpu, src, across, cn, second, smooth, 0.0, border)
    sobel(gpu, src, down, cn, smooth, second, 0.0, border)
    number = _number(kind, dst.dtype, scale == 1 and delta == 0)
    args = across, down, dst, number(scale), number(delta)
    gpu.launch(SUMS[short, np.dtype(number).name], grid(dst.shape, BLOCK), BLOCK, args)


def _number(kind, result, plain):
    """The type in which sums are scaled: as OpenCV, not that of float64 sums that become integers, unless plain."""
    if np.float64 not in (kind, result):
        return np.float32
    return np.float64 if plain or result.kind == "f" else np.float32


def sobel_diagonal(gpu, src, dst, cn, kernel, delta, border):
    """Plan: kernel is a 3 x 3 float64 array whose numbers are those of the type of the sums."""
    filter2d(gpu, src, dst, cn, kernel, 1, 1, delta, border)
