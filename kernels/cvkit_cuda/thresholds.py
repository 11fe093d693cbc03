"""Thresholds on the GPU: comparisons of single elements, and histograms by integer atomics, whose order does not show.

The value is chosen on the host from the histogram, which is the only thing that comes back to it. Images of fewer than
2**31 - 2**18 elements.
"""

import numpy as np
from cvkit_math.borders import REPLICATE
from cvkit_math.thresholds import otsu_value, triangle_value
from numba import cuda, float32, int32, uint8, uint32

from cvkit_cuda.box import box_filter
from cvkit_cuda.box_rounding import put
from cvkit_cuda.gaussian import gaussian_blur

BLOCK = (32, 8)
THREADS = 256
MOST_BLOCKS = 1024  # of a histogram: each ends with one addition a bin
BINARY, BINARY_INV, TRUNC, TOZERO, TOZERO_INV = range(5)  # cv2's numbers
BINS = {"uint8": 256, "uint16": 65536}
CHOICES = {"otsu": otsu_value, "triangle": triangle_value}


@cuda.jit
def level_elements(src, dst, mode, level, value, zero):
    """One thread an element; level, value and zero have the dtype of the image. NaN is neither above nor not above."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if x >= int32(src.shape[1]) or y >= int32(src.shape[0]):
        return
    v = src[uint32(y), uint32(x)]
    if mode == int32(TRUNC):
        result = v if v < level else level
    else:
        inverse = mode == int32(BINARY_INV) or mode == int32(TOZERO_INV)
        kept = v <= level if inverse else v > level
        given = value if mode == int32(BINARY) or mode == int32(BINARY_INV) else v
        result = given if kept else zero
    dst[uint32(y), uint32(x)] = result


@cuda.jit
def counts_u8(src, counts):
    """How often each of 256 values occurs in src (h, n); a histogram a block in shared memory, then one in counts."""
    own = cuda.shared.array(THREADS, int32)
    t = int32(cuda.threadIdx.x)
    own[uint32(t)] = int32(0)
    cuda.syncthreads()
    h, n = int32(src.shape[0]), int32(src.shape[1])
    for y in range(int32(cuda.blockIdx.x), h, int32(cuda.gridDim.x)):
        for x in range(t, n, int32(THREADS)):
            cuda.atomic.add(own, uint32(src[uint32(y), uint32(x)]), int32(1))
    cuda.syncthreads()
    count = own[uint32(t)]
    if count > int32(0):
        cuda.atomic.add(counts, uint32(t), count)


@cuda.jit
def counts_u16(src, counts):
    """As counts_u8, of 65536 values, which shared memory does not hold: counted where they end up."""
    h, n = int32(src.shape[0]), int32(src.shape[1])
    for y in range(int32(cuda.blockIdx.x), h, int32(cuda.gridDim.x)):
        for x in range(int32(cuda.threadIdx.x), n, int32(THREADS)):
            cuda.atomic.add(counts, uint32(src[uint32(y), uint32(x)]), int32(1))


@cuda.jit
def above_mean(src, dst, limit, value, inverse):
    """One thread a pixel: value where src exceeds dst, which holds the mean, by more than limit, or where not."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if x >= int32(src.shape[1]) or y >= int32(src.shape[0]):
        return
    row, column = uint32(y), uint32(x)
    above = int32(int32(src[row, column]) - int32(dst[row, column])) > limit
    dst[row, column] = value if above != (inverse != int32(0)) else uint8(0)


@cuda.jit
def round_means(means, dst):
    """One thread a pixel: float32 rounded half to even and clamped to uint8."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if x < int32(dst.shape[1]) and y < int32(dst.shape[0]):
        dst[uint32(y), uint32(x)] = put(means[uint32(y), uint32(x)], False, dst)


@cuda.jit
def widen(src, floats):
    """One thread an element, as float32."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if x < int32(src.shape[1]) and y < int32(src.shape[0]):
        floats[uint32(y), uint32(x)] = float32(src[uint32(y), uint32(x)])


def _grid(shape):
    return -(-shape[1] // BLOCK[0]), -(-shape[0] // BLOCK[1])


def threshold(gpu, src, dst, mode, level, value):
    """Plan: one launch."""
    kind = np.dtype(src.dtype).type
    with np.errstate(over="ignore"):  # what float32 does not hold is infinite
        numbers = kind(level), kind(value), kind(0)
    gpu.launch(level_elements, _grid(src.shape), BLOCK, (src, dst.reshape(src.shape), np.int32(mode), *numbers))


def threshold_value(gpu, src, method):
    """Plan: a histogram on the GPU, the choice on the host."""
    bins = BINS[np.dtype(src.dtype).name]
    counts = gpu.upload(np.zeros(bins, np.int32))
    kernel = counts_u8 if bins == 256 else counts_u16
    gpu.launch(kernel, (min(src.shape[0], MOST_BLOCKS),), (THREADS,), (src, counts))
    return CHOICES[method](gpu.download(counts).tolist())


def adaptive_threshold(gpu, src, dst, kernel_x, kernel_y, limit, value, inverse):
    """Plan: the mean around each pixel, by an unweighted window where the kernels are its sides and by Gaussian ones
    where they are float32 weights, then the comparison in place.
    """
    grid = _grid(src.shape)
    if isinstance(kernel_x, int):
        box_filter(gpu, src, dst, 1, (kernel_x, kernel_y), (kernel_x // 2, kernel_y // 2), REPLICATE, True)
    else:
        wide, means = gpu.empty(src.shape, np.float32), gpu.empty(src.shape, np.float32)
        gpu.launch(widen, grid, BLOCK, (src, wide))
        gaussian_blur(gpu, wide, means, 1, kernel_x, kernel_y, REPLICATE)
        gpu.launch(round_means, grid, BLOCK, (means, dst))
    gpu.launch(above_mean, grid, BLOCK, (src, dst, np.int32(limit), np.uint8(value), np.int32(inverse)))
