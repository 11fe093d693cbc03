"""Where a pixel outside the image is read from. Compiled into CPU and CUDA kernels alike."""

from numba import njit

# OpenCV's values, so that a border code means the same on both sides of a comparison.
CONSTANT, REPLICATE, REFLECT, WRAP, REFLECT101 = 0, 1, 2, 3, 4


@njit(inline="always")
def source_index(p, n, border):
    """Index in [0, n) that stands for p under REPLICATE, REFLECT, WRAP or REFLECT101; n >= 1.

    A reflection is repeated until it falls inside, so a kernel may be larger than the image. CONSTANT has no source:
    its callers test the range themselves and never ask.
    """
    if border == REPLICATE:
        return min(max(p, 0), n - 1)
    while p < 0 or p >= n:
        if n == 1:
            return 0
        if border == WRAP:
            p = p + n if p < 0 else p - n
        elif border == REFLECT101:
            p = -p if p < 0 else 2 * n - 2 - p
        else:
            p = -p - 1 if p < 0 else 2 * n - 1 - p
    return p
