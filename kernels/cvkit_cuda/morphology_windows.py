"""Erosion and dilation on the GPU by elements of any size, one launch for each growth of windows.

The image is laid out with its border around it. Windows of 4, 16, 64 ... values grow from each other, first along the
rows, then down the columns for a rectangle; for any other element each length of run grows from the one before, and its
runs are taken into the result. The last launch writes the difference from another image, where one is wanted.
"""

import numpy as np
from cvkit_math.borders import source_index
from numba import cuda, int32, uint32

from cvkit_cuda.morphology_pixels import ALONE, best, beyond, channel_of, finished, value_of

BLOCK = (32, 8)


@cuda.jit
def lay_out(src, laid, top, left, cn, border, outside):
    """src (h, w*cn) with what lies outside around it, from ``top`` rows above and ``left`` pixels before on."""
    i = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    j = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if i >= int32(laid.shape[1]) or j >= int32(laid.shape[0]):
        return
    h, length = int32(src.shape[0]), int32(src.shape[1])
    y, e = int32(j - top), int32(i - int32(left * cn))
    if beyond(y, e, h, length, border):
        laid[uint32(j), uint32(i)] = outside[uint32(channel_of(e, left, cn))]
    else:
        p, q = int32(source_index(y, h, border)), value_of(e, length, left, cn, border)
        laid[uint32(j), uint32(i)] = src[uint32(p), uint32(q)]


@cuda.jit
def grow(src, other, dst, first, second, third, down, rows, columns, most, how):
    """The best of each value and of those at three distances behind it, or below it; ``rows`` x ``columns`` of them."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if x >= columns or y >= rows:
        return
    v, u = int32(0), int32(1)
    if down != int32(0):
        v, u = int32(1), int32(0)
    a = src[uint32(y), uint32(x)]
    b = src[uint32(y + int32(first * v)), uint32(x + int32(first * u))]
    c = src[uint32(y + int32(second * v)), uint32(x + int32(second * u))]
    d = src[uint32(y + int32(third * v)), uint32(x + int32(third * u))]
    m = best(best(a, b, most), best(c, d, most), most)
    if how == int32(ALONE):
        dst[uint32(y), uint32(x)] = m
    else:
        dst[uint32(y), uint32(x)] = finished(m, other[uint32(y), uint32(x)], how)


@cuda.jit
def take_runs(windows, other, dst, places, begin, end, fresh, most, how):
    """Take windows that start at places[begin:end], (row, column), into the result, or begin it with them."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if x >= int32(dst.shape[1]) or y >= int32(dst.shape[0]):
        return
    m = windows[
        uint32(y + int32(places[uint32(begin), uint32(0)])), uint32(x + int32(places[uint32(begin), uint32(1)]))
    ]
    for k in range(int32(begin + int32(1)), end):
        row, column = int32(places[uint32(k), uint32(0)]), int32(places[uint32(k), uint32(1)])
        m = best(m, windows[uint32(y + row), uint32(x + column)], most)
    if fresh == int32(0):
        m = best(m, dst[uint32(y), uint32(x)], most)
    if how == int32(ALONE):
        dst[uint32(y), uint32(x)] = m
    else:
        dst[uint32(y), uint32(x)] = finished(m, other[uint32(y), uint32(x)], how)


def step(gpu, src, other, dst, outside, cn, element, border, most, how):
    """One step, and the difference of its result and the other image as ``how`` says."""
    h, n = src.shape
    wide, high = n + (element.width - 1) * cn, h + element.height - 1
    here, there = gpu.empty((high, wide), src.dtype), gpu.empty((high, wide), src.dtype)
    numbers = (np.int32(v) for v in (element.y, element.x, cn, border))
    gpu.launch(lay_out, _grid((high, wide)), BLOCK, (src, here, *numbers, outside))
    if element.runs is None:
        _grow_rectangle(gpu, here, there, other, dst, cn, element, most, how)
    else:
        _grow_runs(gpu, here, there, other, dst, cn, element, most, how)


def _grid(shape):
    return (-(-shape[1] // BLOCK[0]), -(-shape[0] // BLOCK[1]))


def _windows(k):
    """Three distances for each launch that makes windows of k, the last one's windows overlapping."""
    span = 1
    while span * 4 < k:
        yield span, 2 * span, 3 * span
        span *= 4
    yield min(span, k - span), min(2 * span, k - span), k - span


def _grow(gpu, src, other, dst, distances, down, rows, columns, most, how=ALONE):
    numbers = (np.int32(v) for v in (*distances, down, rows, columns, most, how))
    gpu.launch(grow, _grid((rows, columns)), BLOCK, (src, other, dst, *numbers))


def _grow_rectangle(gpu, here, there, other, dst, cn, element, most, how):
    """Along the rows, then down the columns."""
    h, n = dst.shape
    rows, reach = h + element.height - 1, element.width
    for distances in _windows(element.width):
        reach -= distances[2]
        columns = n + (reach - 1) * cn
        _grow(gpu, here, other, there, [d * cn for d in distances], False, rows, columns, most)
        here, there = there, here
    down = list(_windows(element.height))
    for distances in down[:-1]:
        rows -= distances[2]
        _grow(gpu, here, other, there, distances, True, rows, n, most)
        here, there = there, here
    _grow(gpu, here, other, dst, down[-1], True, h, n, most, how)


def _grow_runs(gpu, here, there, other, dst, cn, element, most, how):
    """Each length of run from the one before, and its runs into the result."""
    order = sorted((length, row, column) for row, column, length in element.runs)
    places = gpu.upload(np.array([(row, column * cn) for _, row, column in order], np.int32))
    rows, grid = dst.shape[0] + element.height - 1, _grid(dst.shape)
    length, begin = 1, 0
    while begin < len(order):
        wanted = order[begin][0]
        while length < wanted:
            longer = min(4 * length, wanted)
            distances = [min(i * length, longer - length) * cn for i in (1, 2, 3)]
            columns = dst.shape[1] + (element.width - longer) * cn
            _grow(gpu, here, other, there, distances, False, rows, columns, most)
            here, there, length = there, here, longer
        end = begin + sum(each == wanted for each, _, _ in order)
        numbers = (np.int32(v) for v in (begin, end, begin == 0, most, how if end == len(order) else ALONE))
        gpu.launch(take_runs, grid, BLOCK, (here, other, dst, places, *numbers))
        begin = end
