"""Distance transforms on the GPU, equal to the CPU: of each column, then along the rows, every pixel for itself."""

import math

import numpy as np
from cvkit_math.distance import COSTS, UINT_MAX, farthest, has_knights
from numba import cuda, float32, int32, int64, uint32

from cvkit_cuda.distance_chamfer import BLOCK, NONE, THREADS, chamfer_rows, column_distances
from cvkit_cuda.distance_labels import label_pixels


@cuda.jit
def euclidean_rows(along, dst, most):
    """One thread a pixel. The root of a square below 2**24 is rounded once, as on the CPU."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, w = int32(along.shape[0]), int32(along.shape[1])
    if x >= w or y >= h:
        return
    best = int64(most)
    dx = int32(0)
    while dx < w and int64(int64(dx) * int64(dx)) < best:
        square = int64(int64(dx) * int64(dx))
        if x >= dx:
            dy = int64(along[uint32(y), uint32(int32(x - dx))])
            if dy < int64(NONE):
                best = int64(min(best, int64(square + int64(dy * dy))))
        if int32(x + dx) < w:
            dy = int64(along[uint32(y), uint32(int32(x + dx))])
            if dy < int64(NONE):
                best = int64(min(best, int64(square + int64(dy * dy))))
        dx = int32(dx + int32(1))
    dst[uint32(y), uint32(x)] = math.sqrt(float32(uint32(best)))


def distance_transform(gpu, src, dst, metric):
    """Plan: one of COSTS or "precise"; columns, then rows."""
    h, w = src.shape
    along = gpu.empty((h, w), np.int32)
    gpu.launch(column_distances, (-(-w // THREADS),), (THREADS,), (src, along))
    grid = (-(-w // BLOCK[0]), -(-h // BLOCK[1]))
    if metric == "precise":
        gpu.launch(euclidean_rows, grid, BLOCK, (along, dst, np.uint32(UINT_MAX)))
        return
    gpu.launch(chamfer_rows, grid, BLOCK, (along, dst, *_steps(metric), np.uint32(farthest(COSTS[metric]))))


def distance_transform_labels(gpu, src, dst, labels, metric, parts):
    """Plan: the numbers of the zeros, both passes' distances, and from whom each pixel has its label."""
    label_pixels(gpu, src, dst, labels, _steps(metric), COSTS[metric][2], parts)


def _steps(metric):
    """The costs of steps, of a knight's move 0 where it is no shorter than the two that it is made of."""
    costs = COSTS[metric]
    return tuple(np.int32(c) for c in (*costs[:2], costs[2] if has_knights(costs) else 0))
