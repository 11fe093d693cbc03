"""The adaptive Wiener filter on the GPU, and filters in the frequency domain through CuPy.

The local sums of the Wiener filter, of values and of squares, are float64 as on the CPU: the variance is a small
difference of them. Columns first, then rows, each a direct sum over the window.
"""

import numpy as np
from numba import cuda, float64, int32, types, uint32

BLOCK = (32, 8)
MODES_OF_PAD = {"reflect": "symmetric", "zero": "constant"}


def product(a, b):
    """a * b, rounded: never fused with the subtraction behind it, so that a flat part has no variance."""
    return a * b


if not cuda.config.ENABLE_CUDASIM:
    from numba.cuda import libdevice
    from numba.extending import overload

    @overload(product, target="cuda")
    def _product(a, b):
        if a == types.float64 and b == types.float64:
            return lambda a, b: libdevice.dmul_rn(a, b)
        return None


@cuda.jit
def column_sums(src, sums, squares, up, down):
    """Sums of the values and squares in the rows from `up` above to `down` below; one thread an element."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, n = int32(src.shape[0]), int32(src.shape[1])
    if x >= n or y >= h:
        return
    total, square = float64(0), float64(0)
    for v in range(max(int32(y - up), int32(0)), min(int32(y + down), int32(h - int32(1))) + int32(1)):
        value = float64(src[uint32(v), uint32(x)])
        total += value
        square += product(value, value)
    sums[uint32(y), uint32(x)] = total
    squares[uint32(y), uint32(x)] = square


@cuda.jit
def moments(sums, squares, means, variances, cn, left, right, area):
    """Mean and variance of the window from `left` pixels before to `right` behind, out of the sums down the columns."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, n = int32(sums.shape[0]), int32(sums.shape[1])
    if x >= n or y >= h:
        return
    total, square = float64(0), float64(0)
    e = int32(x - int32(left * cn))
    for _ in range(int32(left + right) + int32(1)):
        if e >= int32(0) and e < n:
            total += sums[uint32(y), uint32(e)]
            square += squares[uint32(y), uint32(e)]
        e = int32(e + cn)
    mean = total / area
    means[uint32(y), uint32(x)] = mean
    variances[uint32(y), uint32(x)] = square / area - product(mean, mean)


@cuda.jit
def channel_totals(values, totals, cn):
    """totals[c, y] = the sum of channel c in row y; a warp a row, the grid's second axis for the channels.

    Each lane adds up every 32nd pixel, then the lanes add up in halves: the same order in every run.
    """
    lanes = cuda.shared.array((8, 32), float64)
    lane, row = int32(cuda.threadIdx.x), int32(cuda.threadIdx.y)
    y, c = int32(cuda.blockIdx.x * BLOCK[1] + row), int32(cuda.blockIdx.y)
    h, n = int32(values.shape[0]), int32(values.shape[1])
    total = float64(0)
    if y < h:
        for x in range(int32(c + int32(lane * cn)), n, int32(int32(BLOCK[0]) * cn)):
            total += values[uint32(y), uint32(x)]
    lanes[uint32(row), uint32(lane)] = total
    half = int32(BLOCK[0] // 2)
    while half > int32(0):
        cuda.syncthreads()
        if lane < half:
            lanes[uint32(row), uint32(lane)] += lanes[uint32(row), uint32(lane + half)]
        half = int32(half >> int32(1))
    if lane == int32(0) and y < h:
        totals[uint32(c), uint32(y)] = lanes[uint32(row), uint32(0)]


@cuda.jit
def shrink(src, variances, totals, pixels, dst, cn):
    """dst holds the local means and gets the result; the noise of a channel is totals[0, c] / pixels."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, n = int32(src.shape[0]), int32(src.shape[1])
    if x >= n or y >= h:
        return
    noise = totals[uint32(0), uint32(uint32(x) % uint32(cn))] / pixels
    variance = variances[uint32(y), uint32(x)]
    if variance <= noise:
        return
    mean = dst[uint32(y), uint32(x)]
    kept = float64(1) - noise / variance
    dst[uint32(y), uint32(x)] = product(float64(src[uint32(y), uint32(x)]) - mean, kept) + mean


def wiener(gpu, src, dst, cn, width, height, noise):
    """Plan: columns, rows, without a given noise its estimate in two launches, and the result."""
    h, n = src.shape
    w = n // cn
    left, right = min(width // 2, w - 1), min((width - 1) // 2, w - 1)  # further out there are zeros only
    up, down = min(height // 2, h - 1), min((height - 1) // 2, h - 1)
    grid = (-(-n // BLOCK[0]), -(-h // BLOCK[1]))
    channels = np.int32(cn)
    sums, squares, variances = (gpu.empty((h, n), np.float64) for _ in range(3))
    gpu.launch(column_sums, grid, BLOCK, (src, sums, squares, np.int32(up), np.int32(down)))
    window = (channels, np.int32(left), np.int32(right), np.float64(width * height))
    gpu.launch(moments, grid, BLOCK, (sums, squares, dst, variances, *window))
    if noise is None:
        rows, totals = gpu.empty((cn, h), np.float64), gpu.empty((1, cn), np.float64)
        gpu.launch(channel_totals, (-(-h // BLOCK[1]), cn), BLOCK, (variances, rows, channels))
        gpu.launch(channel_totals, (1, 1), BLOCK, (rows, totals, np.int32(1)))
        pixels = np.float64(h * w)
    else:
        totals, pixels = gpu.upload(np.full((1, cn), noise)), np.float64(1)
    gpu.launch(shrink, grid, BLOCK, (src, variances, totals, pixels, dst, channels))


def frequency_filter(gpu, src, dst, cn, transfer, padding):
    """Plan: cuFFT's real transforms, one channel after the other, on CuPy's stream between two waits.

    The arguments are those of the twin on the CPU; transfer comes from the host.
    """
    import cupy

    h, n = src.shape
    w = n // cn
    gpu.synchronize()
    pixels, result = cupy.asarray(src).reshape(h, w, cn), cupy.asarray(dst).reshape(h, w, cn)
    factor = cupy.asarray(transfer).T
    for c in range(cn):
        plane = pixels[..., c].astype(np.float64)
        if padding:
            plane = cupy.pad(plane, ((0, h), (0, w)), mode=MODES_OF_PAD[padding])
        spectrum = cupy.fft.rfft2(plane)
        spectrum *= factor
        result[..., c] = cupy.fft.irfft2(spectrum, plane.shape)[:h, :w]
    cupy.cuda.get_current_stream().synchronize()
