"""Connected components on the GPU: union-find over pixels, or over blocks of 2 x 2 where diagonal neighbours touch,
since all pixels of such a block do (S. Allegretti, F. Bolelli, C. Grana, Optimized block-based algorithms to label
connected components on GPUs, 2020).

The root of a set is its first node in raster order, so that counting roots gives OpenCV's order of labels.
"""

import numpy as np
from numba import cuda, float64, int32, int64, uint32

from cvkit_cuda.regions_sets import BLOCK, THREADS, find_root, grid, join

NODES_PER_THREAD = 4
CHUNK = THREADS * NODES_PER_THREAD
SEGMENT = 32
NOBODY = -1


@cuda.jit
def start_nodes(src, near, columns, parents):
    """Each node that has a pixel in a set of its own, the others NOBODY; one thread a node.

    near: 1 for blocks of 2 x 2, 0 for pixels. columns: nodes of a row.
    """
    h, w = int32(src.shape[0]), int32(src.shape[1])
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    left, top = int32(x << near), int32(y << near)
    if x >= columns or top >= h:
        return
    label = int32(NOBODY)
    for v in range(top, min(int32(top + int32(1) + near), h)):
        for u in range(left, min(int32(left + int32(1) + near), w)):
            if src[uint32(v), uint32(u)] != 0:
                label = int32(int32(y * columns) + x)
    parents[uint32(int32(int32(y * columns) + x))] = label


@cuda.jit(device=True)
def join_pixels(src, near, columns, parents, y, x, v, u):
    """Join the nodes of a pixel and of a neighbour if that is not 0."""
    if src[uint32(v), uint32(u)] != 0:
        a = int32(int32(int32(y >> near) * columns) + int32(x >> near))
        b = int32(int32(int32(v >> near) * columns) + int32(u >> near))
        if a != b:
            join(parents, a, b)


@cuda.jit
def link_nodes(src, near, columns, parents):
    """Join the node of each pixel that is not 0 with those of its neighbours before it; one thread a pixel."""
    h, w = int32(src.shape[0]), int32(src.shape[1])
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if x >= w or y >= h or src[uint32(y), uint32(x)] == 0:
        return
    one = int32(1)
    if x > int32(0):
        join_pixels(src, near, columns, parents, y, x, y, int32(x - one))
    if y > int32(0):
        up = int32(y - one)
        join_pixels(src, near, columns, parents, y, x, up, x)
        if near != int32(0):
            if x > int32(0):
                join_pixels(src, near, columns, parents, y, x, up, int32(x - one))
            if x < int32(w - one):
                join_pixels(src, near, columns, parents, y, x, up, int32(x + one))


@cuda.jit(device=True)
def roots_from(parents, first):
    """How many of the next NODES_PER_THREAD nodes are roots."""
    count = int32(0)
    for k in range(NODES_PER_THREAD):
        node = int32(first + int32(k))
        if node < int32(parents.shape[0]) and parents[uint32(node)] == node:
            count = int32(count + int32(1))
    return count


@cuda.jit
def count_roots(parents, counts):
    """Roots in each chunk of nodes; one block a chunk."""
    total = cuda.shared.array(1, int32)
    thread = int32(cuda.threadIdx.x)
    if thread == int32(0):
        total[0] = int32(0)
    cuda.syncthreads()
    first = int32(int32(cuda.blockIdx.x) * int32(CHUNK) + thread * int32(NODES_PER_THREAD))
    count = roots_from(parents, first)
    if count != int32(0):
        cuda.atomic.add(total, 0, count)
    cuda.syncthreads()
    if thread == int32(0):
        counts[uint32(cuda.blockIdx.x)] = total[0]


@cuda.jit
def number_roots(parents, before, numbers):
    """The label of each root: 1, 2, ... in the order of nodes; one block a chunk.

    before: how many roots the chunks before have.
    """
    sums = cuda.shared.array(THREADS, int32)
    thread = int32(cuda.threadIdx.x)
    first = int32(int32(cuda.blockIdx.x) * int32(CHUNK) + thread * int32(NODES_PER_THREAD))
    own = roots_from(parents, first)
    sums[uint32(thread)] = own
    step = int32(1)
    while step < int32(THREADS):
        cuda.syncthreads()
        more = int32(0)
        if thread >= step:
            more = sums[uint32(thread - step)]
        cuda.syncthreads()
        sums[uint32(thread)] = int32(sums[uint32(thread)] + more)
        step = int32(step << int32(1))
    label = int32(before[uint32(cuda.blockIdx.x)] + sums[uint32(thread)] - own)
    for k in range(NODES_PER_THREAD):
        node = int32(first + int32(k))
        if node < int32(parents.shape[0]) and parents[uint32(node)] == node:
            label = int32(label + int32(1))
            numbers[uint32(node)] = label


@cuda.jit
def write_labels(src, near, columns, parents, numbers, dst):
    """The label of each pixel's root, 0 for the background; one thread a pixel."""
    h, w = int32(src.shape[0]), int32(src.shape[1])
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if x >= w or y >= h:
        return
    label = int32(0)
    if src[uint32(y), uint32(x)] != 0:
        node = int32(int32(int32(y >> near) * columns) + int32(x >> near))
        label = numbers[uint32(find_root(parents, node))]
    dst[uint32(y), uint32(x)] = label


@cuda.jit
def start_stats(boxes, sums):
    """Empty boxes and sums; one thread a label."""
    k = int32(cuda.blockIdx.x * THREADS + cuda.threadIdx.x)
    if k < int32(boxes.shape[0]):
        for j in range(5):
            boxes[uint32(k), uint32(j)] = int32(2147483647) if j < 2 else int32(0)
        for j in range(2):
            sums[uint32(k), uint32(j)] = int64(0)


@cuda.jit
def measure(labels, boxes, sums):
    """Left, top, right, bottom and area of each label, and sums of x and y.

    One thread a pixel; those where a run of a label starts, or a segment of a row, count it to its end.
    """
    h, w = int32(labels.shape[0]), int32(labels.shape[1])
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if x >= w or y >= h:
        return
    label = labels[uint32(y), uint32(x)]
    if int32(x & int32(SEGMENT - 1)) != int32(0) and labels[uint32(y), uint32(x - int32(1))] == label:
        return
    limit = int32(min(int32(int32(x | int32(SEGMENT - 1)) + int32(1)), w))
    end = int32(x + int32(1))
    while end < limit and labels[uint32(y), uint32(end)] == label:
        end = int32(end + int32(1))
    k, length = uint32(label), int32(end - x)
    cuda.atomic.min(boxes, (k, uint32(0)), x)
    cuda.atomic.min(boxes, (k, uint32(1)), y)
    cuda.atomic.max(boxes, (k, uint32(2)), end)
    cuda.atomic.max(boxes, (k, uint32(3)), int32(y + int32(1)))
    cuda.atomic.add(boxes, (k, uint32(4)), length)
    twice = int64(int64(int32(x + end) - int32(1)) * int64(length))
    cuda.atomic.add(sums, (k, uint32(0)), int64(twice >> int64(1)))
    cuda.atomic.add(sums, (k, uint32(1)), int64(int64(y) * int64(length)))


@cuda.jit
def finish_stats(boxes, sums, centroids):
    """Widths and heights instead of right and bottom, and centroids; one thread a label.

    A label without a pixel, which only the background can be, gets what OpenCV gives it.
    """
    k = int32(cuda.blockIdx.x * THREADS + cuda.threadIdx.x)
    if k >= int32(boxes.shape[0]):
        return
    row = uint32(k)
    area = boxes[row, 4]
    if area == int32(0):
        boxes[row, 0] = int32(-1)
        boxes[row, 2] = int32(0)
        boxes[row, 3] = int32(0)
        centroids[row, 0] = float64(np.nan)
        centroids[row, 1] = float64(np.nan)
        return
    boxes[row, 2] = int32(boxes[row, 2] - boxes[row, 0])
    boxes[row, 3] = int32(boxes[row, 3] - boxes[row, 1])
    centroids[row, 0] = float64(sums[row, 0]) / float64(area)
    centroids[row, 1] = float64(sums[row, 1]) / float64(area)


def label(gpu, src, dst, near):
    """Label the pixels that are not 0; returns the number of labels, for which the host waits."""
    h, w = src.shape
    columns, rows = (w + near) >> near, (h + near) >> near
    parents, numbers = gpu.empty((rows * columns,), np.int32), gpu.empty((rows * columns,), np.int32)
    nodes = src, np.int32(near), np.int32(columns), parents
    gpu.launch(start_nodes, grid(columns, rows), BLOCK, nodes)
    gpu.launch(link_nodes, grid(w, h), BLOCK, nodes)
    chunks = -(-rows * columns // CHUNK)
    counts = gpu.empty((chunks,), np.int32)
    gpu.launch(count_roots, (chunks,), (THREADS,), (parents, counts))
    ends = np.cumsum(gpu.download(counts), dtype=np.int32)
    before = gpu.upload(np.concatenate([np.zeros(1, np.int32), ends[:-1]]))
    gpu.launch(number_roots, (chunks,), (THREADS,), (parents, before, numbers))
    gpu.launch(write_labels, grid(w, h), BLOCK, (*nodes, numbers, dst))
    return int(ends[-1]) + 1


def statistics(gpu, labels, count):
    """Boxes and areas, int32 (count, 5), and centroids, float64 (count, 2)."""
    h, w = labels.shape
    boxes, sums = gpu.empty((count, 5), np.int32), gpu.empty((count, 2), np.int64)
    centroids = gpu.empty((count, 2), np.float64)
    blocks = (-(-count // THREADS),)
    gpu.launch(start_stats, blocks, (THREADS,), (boxes, sums))
    gpu.launch(measure, grid(w, h), BLOCK, (labels, boxes, sums))
    gpu.launch(finish_stats, blocks, (THREADS,), (boxes, sums, centroids))
    return boxes, centroids
