"""Distances with labels on the GPU, equal to the CPU without its passes, which go from pixel to pixel.

In a pass a pixel takes the label of the first neighbour, in OpenCV's order, that offers the least distance. What the
distances are after each pass is known beforehand: after the second they are the shortest ways to any zero, after the
first the shortest among ways that only go down, by any step, or to the right, which come up to two columns to the left
for each row. So each pixel can tell from whom it has its label, and following that is pointer jumping, which halves all
ways at once. The parts of the zeros are sets of pixels whose root is the first one.
"""

import numpy as np
from numba import cuda, float32, int32, int64, uint32

from cvkit_cuda.distance_chamfer import BLOCK, NONE, SCALE, THREADS, column_distances, nearest, way
from cvkit_cuda.regions_components import CHUNK, NOBODY, count_roots, number_roots
from cvkit_cuda.regions_sets import find_root, grid, join

UINT_MAX = (1 << 32) - 1


@cuda.jit
def start_zeros(src, sets):
    """Each zero in a set of its own, other pixels NOBODY; one thread a pixel."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, w = int32(src.shape[0]), int32(src.shape[1])
    if x < w and y < h:
        i = int32(int32(y * w) + x)
        sets[uint32(i)] = i if src[uint32(y), uint32(x)] == 0 else int32(NOBODY)


@cuda.jit
def link_zeros(src, sets):
    """Join each zero with the zeros among its neighbours before it; one thread a pixel."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, w = int32(src.shape[0]), int32(src.shape[1])
    if x >= w or y >= h or src[uint32(y), uint32(x)] != 0:
        return
    i = int32(int32(y * w) + x)
    if x > int32(0) and src[uint32(y), uint32(int32(x - int32(1)))] == 0:
        join(sets, i, int32(i - int32(1)))
    if y > int32(0):
        for u in range(max(int32(x - int32(1)), int32(0)), min(int32(x + int32(2)), w)):
            if src[uint32(int32(y - int32(1))), uint32(u)] == 0:
                join(sets, i, int32(int32(int32(y - int32(1)) * w) + int32(u)))


def number_zeros(gpu, src, parts):
    """Sets of the zeros, one a part or one a zero, and the numbers of their roots in raster order."""
    h, w = src.shape
    sets, numbers = gpu.empty((h * w,), np.int32), gpu.empty((h * w,), np.int32)
    gpu.launch(start_zeros, grid(w, h), BLOCK, (src, sets))
    if parts:
        gpu.launch(link_zeros, grid(w, h), BLOCK, (src, sets))
    chunks = -(-h * w // CHUNK)
    counts = gpu.empty((chunks,), np.int32)
    gpu.launch(count_roots, (chunks,), (THREADS,), (sets, counts))
    ends = np.cumsum(gpu.download(counts), dtype=np.int32)
    before = gpu.upload(np.concatenate([np.zeros(1, np.int32), ends[:-1]]))
    gpu.launch(number_roots, (chunks,), (THREADS,), (sets, before, numbers))
    return sets, numbers


@cuda.jit
def start_distances(src, dst, most):
    """Distances before the first pass: 0 of zeros, ``most`` elsewhere."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if x < int32(src.shape[1]) and y < int32(src.shape[0]):
        dst[uint32(y), uint32(x)] = uint32(0) if src[uint32(y), uint32(x)] == 0 else most


@cuda.jit
def columns_above(src, above):
    """Distance to the nearest zero of the same column at or above a pixel, NONE without one; one thread a column."""
    x = int32(cuda.blockIdx.x * THREADS + cuda.threadIdx.x)
    if x >= int32(src.shape[1]):
        return
    d = int32(NONE)
    for y in range(int32(src.shape[0])):
        d = int32(0) if src[uint32(y), uint32(x)] == 0 else int32(min(int32(d + int32(1)), int32(NONE)))
        above[uint32(y), uint32(x)] = d


@cuda.jit
def first_pass(above, dst, straight, diagonal, knight, most):
    """Distances after the first pass; one thread a pixel."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, w = int32(above.shape[0]), int32(above.shape[1])
    if x >= w or y >= h:
        return
    best = int64(most)
    dx = int32(0)
    while dx < w and int64(int64(dx) * int64(straight)) < best:
        if x >= dx:
            dy = above[uint32(y), uint32(int32(x - dx))]
            if dy < int32(NONE):
                best = int64(min(best, way(dx, dy, straight, diagonal, knight)))
        rows = int32(int32(dx + int32(1)) >> int32(1))
        if int32(x + dx) < w and y >= rows:
            dy = above[uint32(int32(y - rows)), uint32(int32(x + dx))]
            if dy < int32(NONE):
                best = int64(min(best, way(dx, int32(dy + rows), straight, diagonal, knight)))
        dx = int32(dx + int32(1))
    dst[uint32(y), uint32(x)] = uint32(best)


@cuda.jit
def second_pass(along, dst, straight, diagonal, knight, most):
    """Distances after the second pass; one thread a pixel."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if x < int32(along.shape[1]) and y < int32(along.shape[0]):
        dst[uint32(y), uint32(x)] = nearest(along, x, y, straight, diagonal, knight, most)


@cuda.jit(device=True)
def offers(distances, x, y, dx, dy, cost):
    """Whether a pixel has its distance from the neighbour at (dx, dy)."""
    u, v = int32(x + dx), int32(y + dy)
    if u < int32(0) or v < int32(0) or u >= int32(distances.shape[1]) or v >= int32(distances.shape[0]):
        return False
    there = int64(int64(distances[uint32(v), uint32(u)]) + int64(cost))
    return there == int64(distances[uint32(y), uint32(x)])


@cuda.jit
def choose_neighbours(own, distances, side, straight, diagonal, knight, most, chosen):
    """The index of the pixel from which each one has its label in a pass; one thread a pixel.

    It is the pixel itself where ``own``, its distance before the pass, is the one after it. side: 1 for the first pass,
    -1 for the second, which looks at neighbours in mirrored order.
    """
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, w = int32(distances.shape[0]), int32(distances.shape[1])
    if x >= w or y >= h:
        return
    here = distances[uint32(y), uint32(x)]
    dx, dy = int32(0), int32(0)
    if here != own[uint32(y), uint32(x)] and here != most:
        one, two = side, int32(side + side)
        if offers(distances, x, y, -one, -two, knight):
            dx, dy = -one, -two
        elif offers(distances, x, y, one, -two, knight):
            dx, dy = one, -two
        elif offers(distances, x, y, -two, -one, knight):
            dx, dy = -two, -one
        elif offers(distances, x, y, -one, -one, diagonal):
            dx, dy = -one, -one
        elif offers(distances, x, y, int32(0), -one, straight):
            dx, dy = int32(0), -one
        elif offers(distances, x, y, one, -one, diagonal):
            dx, dy = one, -one
        elif offers(distances, x, y, two, -one, knight):
            dx, dy = two, -one
        else:
            dx, dy = -one, int32(0)
    chosen[uint32(int32(int32(y * w) + x))] = int32(int32(int32(y + dy) * w) + int32(x + dx))


@cuda.jit
def jump(chosen, dst):
    """From each pixel twice as far; one thread a pixel."""
    i = uint32(cuda.blockIdx.x * THREADS + cuda.threadIdx.x)
    if i < uint32(chosen.shape[0]):
        dst[i] = chosen[uint32(chosen[i])]


@cuda.jit
def write_both(fixed, first, second, sets, numbers, dst, labels):
    """Distances, and the number of the set of the zero from which a pixel has its label, 0 without one."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, w = int32(dst.shape[0]), int32(dst.shape[1])
    if x >= w or y >= h:
        return
    dst[uint32(y), uint32(x)] = float32(float32(fixed[uint32(y), uint32(x)]) * float32(SCALE))
    zero = first[uint32(second[uint32(int32(int32(y * w) + x))])]
    label = int32(0)
    if sets[uint32(zero)] != int32(NOBODY):
        label = numbers[uint32(find_root(sets, zero))]
    labels[uint32(y), uint32(x)] = label


def label_pixels(gpu, src, dst, labels, steps, knight, parts):
    """Distances in dst and labels; steps: straight, diagonal and knight's, 0 for one that is no shorter than two.

    parts: whether zeros that touch have one label. Memory is 32 bytes a pixel; launches grow with the logarithm of the
    sides.
    """
    h, w = src.shape
    columns, tiles, line = (-(-w // THREADS),), grid(w, h), (-(-h * w // THREADS),)
    sets, numbers = number_zeros(gpu, src, parts)
    most = np.uint32(UINT_MAX - knight)
    costs = (*steps[:2], np.int32(knight))
    along = gpu.empty((h, w), np.int32)
    before, first, second = (gpu.empty((h, w), np.uint32) for _ in range(3))
    gpu.launch(columns_above, columns, (THREADS,), (src, along))
    gpu.launch(first_pass, tiles, BLOCK, (along, first, *steps, most))
    gpu.launch(column_distances, columns, (THREADS,), (src, along))
    gpu.launch(second_pass, tiles, BLOCK, (along, second, *steps, most))
    gpu.launch(start_distances, tiles, BLOCK, (src, before, most))
    spare = gpu.empty((h * w,), np.int32)
    found = []
    for side, own, distances in ((1, before, first), (-1, first, second)):
        chosen = gpu.empty((h * w,), np.int32)
        gpu.launch(choose_neighbours, tiles, BLOCK, (own, distances, np.int32(side), *costs, most, chosen))
        reach = 1
        while reach < h + w:
            gpu.launch(jump, line, (THREADS,), (chosen, spare))
            chosen, spare = spare, chosen
            reach *= 2
        found.append(chosen)
    gpu.launch(write_both, tiles, BLOCK, (second, *found, sets, numbers, dst, labels))
