"""Fill device arrays and pack strided ones, one kernel for every dtype."""

from numba import cuda, int32, uint32

BLOCK = (32, 8)
THREADS = BLOCK[0] * BLOCK[1]


@cuda.jit
def fill(dst, value):
    """Set every element of C-contiguous dst, of any number of axes; one thread an element, fewer than 2**32 of them."""
    k = uint32(cuda.blockIdx.x * THREADS + cuda.threadIdx.x)
    if k < uint32(dst.size):
        dst.flat[k] = value


@cuda.jit
def pack(src, dst):
    """Copy src (h, w, c) of any strides into C-contiguous dst; one thread an element, x along a row of w * c."""
    column = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, w, channels = int32(dst.shape[0]), int32(dst.shape[1]), int32(dst.shape[2])
    if column >= int32(w * channels) or y >= h:
        return
    x, c = uint32(uint32(column) // uint32(channels)), uint32(uint32(column) % uint32(channels))
    dst[uint32(y), x, c] = src[uint32(y), x, c]
