"""Morphology on the GPU.

By a small rectangle an operation is one launch, both its steps with it: a block copies its part of the image and what
lies around it into shared memory and works there, down the columns and along the rows in turn. Other elements take
several launches on the image laid out with its border around it: windows of 4, 16, 64 ... values grow from each other,
first along the rows, then down the columns for a rectangle; for any other element each length of run grows from the
one before, and its runs are taken into the result.

Sizes: a laid out image has fewer than 2**31 values, and at most 524,280 rows (65,535 blocks of 8).
"""

import numpy as np
from cvkit_math.borders import CONSTANT, REFLECT, REFLECT101, source_index
from numba import cuda, float32, float64, int16, int32, uint8, uint16, uint32

BLOCK = (32, 8)

# What becomes of two steps, as on the CPU; ONE is a single step.
CHAIN, SOURCE_LESS_CHAIN, CHAIN_LESS_SOURCE, SECOND_LESS_FIRST, FIRST_WITHOUT_SECOND, ONE = 0, 1, 2, 3, 4, 5

# The first step takes the greatest, and what becomes of both.
STEPS = {
    "open": (False, CHAIN),
    "close": (True, CHAIN),
    "gradient": (False, SECOND_LESS_FIRST),
    "tophat": (False, SOURCE_LESS_CHAIN),
    "blackhat": (True, CHAIN_LESS_SOURCE),
}

# By the bytes of a value: width and height of what a block makes, rows and columns of what it works on, in values.
TILES = {
    1: (64, 16, 48, 160),
    2: (64, 16, 48, 160),
    4: (32, 16, 40, 96),
    8: (32, 16, 32, 62),
}


@cuda.jit(device=True)
def best(a, b, most):
    """The lesser of two values, or the greater."""
    if most != int32(0):
        return a if a > b else b
    return a if a < b else b


@cuda.jit(device=True)
def less_whole(a, b, low, high):
    """a - b, saturated."""
    return min(max(int32(int32(a) - int32(b)), low), high)


@cuda.jit(device=True)
def less_real(a, b, low, high):
    """a - b."""
    return a - b


@cuda.jit(device=True)
def beyond(y, e, h, length, cn, border):
    """Whether a value lies outside the image, where that has a value of its own."""
    return border == int32(CONSTANT) and (y < int32(0) or y >= h or e < int32(0) or e >= length)


@cuda.jit(device=True)
def channel_of(e, margin, cn):
    """The channel of value e of a row, which lies at most ``margin`` pixels before it."""
    return int32(uint32(e + int32(margin * cn)) % uint32(cn))


@cuda.jit(device=True)
def value_of(e, length, margin, cn, border):
    """The value of a row that stands for e, which lies at most ``margin`` pixels before it or somewhere behind."""
    if e >= int32(0) and e < length:
        return e
    c = channel_of(e, margin, cn)
    pixel = int32(int32(uint32(e + int32(margin * cn)) // uint32(cn)) - margin)
    w = int32(uint32(length) // uint32(cn))
    return int32(int32(int32(source_index(pixel, w, border)) * cn) + c)


def _tile(pixel, itemsize, less, lowest, highest):
    """The kernel for small rectangles."""
    width, height, rows, columns = TILES[itemsize]
    shape = (rows, columns)

    def tile(src, dst, outside_1, outside_2, kw, kh, ax, ay, cn, border, most, how):
        """One or two steps by a kw x kh rectangle with its anchor at ax, ay; a block makes ``width`` x ``height``."""
        one = cuda.shared.array(shape, pixel)
        two = cuda.shared.array(shape, pixel)
        h, length = int32(src.shape[0]), int32(src.shape[1])
        tx, ty = int32(cuda.threadIdx.x), int32(cuda.threadIdx.y)
        x0, y0 = int32(cuda.blockIdx.x * width), int32(cuda.blockIdx.y * height)
        made_w, made_h = int32(min(int32(width), int32(length - x0))), int32(min(int32(height), int32(h - y0)))
        halo_w, halo_h = int32(int32(kw - int32(1)) * cn), int32(kh - int32(1))
        chain = how <= int32(CHAIN_LESS_SOURCE)
        turns = int32(2) if chain or how == int32(SECOND_LESS_FIRST) else int32(1)
        steps = int32(2) if chain else int32(1)
        top, left = int32(y0 - int32(steps * ay)), int32(x0 - int32(int32(steps * ax) * cn))
        margin = int32(int32(2) * ax)
        for j in range(ty, int32(made_h + int32(steps * halo_h)), int32(BLOCK[1])):
            y = int32(top + int32(j))
            for i in range(tx, int32(made_w + int32(steps * halo_w)), int32(BLOCK[0])):
                e = int32(left + int32(i))
                if beyond(y, e, h, length, cn, border):
                    value = outside_1[uint32(channel_of(e, margin, cn))]
                else:
                    p, q = int32(source_index(y, h, border)), value_of(e, length, margin, cn, border)
                    value = src[uint32(p), uint32(q)]
                one[uint32(j), uint32(i)] = value
        cuda.syncthreads()
        top, left = int32(y0 - ay), int32(x0 - int32(ax * cn))
        for turn in range(turns):
            kept = chain and int32(turn) == int32(0)  # for the second step, with what that needs around it
            high, wide = made_h, made_w
            if kept:
                high, wide = int32(made_h + halo_h), int32(made_w + halo_w)
            for j in range(ty, high, int32(BLOCK[1])):
                for i in range(tx, int32(wide + halo_w), int32(BLOCK[0])):
                    m = one[uint32(j), uint32(i)]
                    for k in range(int32(1), kh):
                        m = best(m, one[uint32(int32(j) + int32(k)), uint32(i)], most)
                    two[uint32(j), uint32(i)] = m
            cuda.syncthreads()
            for j in range(ty, high, int32(BLOCK[1])):
                for i in range(tx, wide, int32(BLOCK[0])):
                    m = two[uint32(j), uint32(i)]
                    for k in range(int32(1), kw):
                        m = best(m, two[uint32(j), uint32(int32(i) + int32(int32(k) * cn))], most)
                    if kept:
                        one[uint32(j), uint32(i)] = m
                    else:
                        y, x = uint32(y0 + int32(j)), uint32(x0 + int32(i))
                        if how == int32(SOURCE_LESS_CHAIN):
                            m = pixel(less(src[y, x], m, int32(lowest), int32(highest)))
                        elif how == int32(CHAIN_LESS_SOURCE):
                            m = pixel(less(m, src[y, x], int32(lowest), int32(highest)))
                        elif int32(turn) == int32(1) and not chain:  # where this thread wrote the least before
                            m = pixel(less(m, dst[y, x], int32(lowest), int32(highest)))
                        dst[y, x] = m
            cuda.syncthreads()
            if int32(turn + 1) < turns:
                # What the first step makes of places outside counts for nothing: the border is put around its result.
                for j in range(ty, int32(made_h + halo_h), int32(BLOCK[1])):
                    y = int32(top + int32(j))
                    for i in range(tx, int32(made_w + halo_w), int32(BLOCK[0])):
                        e = int32(left + int32(i))
                        if y < int32(0) or y >= h or e < int32(0) or e >= length:
                            if border == int32(CONSTANT):
                                one[uint32(j), uint32(i)] = outside_2[uint32(channel_of(e, margin, cn))]
                            elif chain:
                                p, q = int32(source_index(y, h, border)), value_of(e, length, margin, cn, border)
                                one[uint32(j), uint32(i)] = one[uint32(p - top), uint32(q - left)]
                cuda.syncthreads()
                most = int32(int32(1) - most)

    tile.__name__ = tile.__qualname__ = f"tile_{pixel}"
    return cuda.jit(tile)


tile_uint8 = _tile(uint8, 1, less_whole, 0, 255)
tile_uint16 = _tile(uint16, 2, less_whole, 0, 65535)
tile_int16 = _tile(int16, 2, less_whole, -32768, 32767)
tile_float32 = _tile(float32, 4, less_real, 0, 0)
tile_float64 = _tile(float64, 8, less_real, 0, 0)

TILED = {
    np.dtype(np.uint8): tile_uint8,
    np.dtype(np.uint16): tile_uint16,
    np.dtype(np.int16): tile_int16,
    np.dtype(np.float32): tile_float32,
    np.dtype(np.float64): tile_float64,
}


@cuda.jit
def lay_out(src, laid, top, left, cn, border, outside):
    """src (h, w*cn) with what lies outside around it, from ``top`` rows above and ``left`` pixels before on."""
    i = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    j = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if i >= int32(laid.shape[1]) or j >= int32(laid.shape[0]):
        return
    h, length = int32(src.shape[0]), int32(src.shape[1])
    y, e = int32(j - top), int32(i - int32(left * cn))
    if beyond(y, e, h, length, cn, border):
        laid[uint32(j), uint32(i)] = outside[uint32(channel_of(e, left, cn))]
    else:
        p, q = int32(source_index(y, h, border)), value_of(e, length, left, cn, border)
        laid[uint32(j), uint32(i)] = src[uint32(p), uint32(q)]


@cuda.jit
def grow(src, dst, first, second, third, down, rows, columns, most):
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
    dst[uint32(y), uint32(x)] = best(best(a, b, most), best(c, d, most), most)


@cuda.jit
def take_runs(windows, dst, places, begin, end, fresh, most):
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
    dst[uint32(y), uint32(x)] = m


@cuda.jit
def combine_whole(a, dst, how, low, high):
    """The difference of an image and dst, saturated, or a & ~dst of bytes, in dst; one thread a value."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if x >= int32(dst.shape[1]) or y >= int32(dst.shape[0]):
        return
    p, q = int32(a[uint32(y), uint32(x)]), int32(dst[uint32(y), uint32(x)])
    if how == int32(FIRST_WITHOUT_SECOND):
        dst[uint32(y), uint32(x)] = int32(p & int32(int32(255) - q))
    elif how == int32(SOURCE_LESS_CHAIN):
        dst[uint32(y), uint32(x)] = less_whole(p, q, low, high)
    else:
        dst[uint32(y), uint32(x)] = less_whole(q, p, low, high)


@cuda.jit
def combine_real(a, dst, how):
    """The difference of an image and dst, in dst; one thread a value."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if x >= int32(dst.shape[1]) or y >= int32(dst.shape[0]):
        return
    p, q = a[uint32(y), uint32(x)], dst[uint32(y), uint32(x)]
    dst[uint32(y), uint32(x)] = p - q if how == int32(SOURCE_LESS_CHAIN) else q - p


def erode(gpu, src, dst, cn, element, border, value):
    """Plan: the least in the element's place; ``value`` (cn,) lies outside, None for what never wins."""
    _step(gpu, src, dst, cn, element, border, value, False)


def dilate(gpu, src, dst, cn, element, border, value):
    """Plan: the greatest in the element's place."""
    _step(gpu, src, dst, cn, element, border, value, True)


def morphology_ex(gpu, src, dst, cn, op, elements, border, value):
    """Plan: one element, or for "hitmiss" the one of the pixels that are set and the one of those that are not."""
    if op == "hitmiss":
        _hit_or_miss(gpu, src, dst, cn, *elements, border, value)
        return
    (element,) = elements
    if op in ("erode", "dilate"):
        _step(gpu, src, dst, cn, element, border, value, op == "dilate")
        return
    most, how = STEPS[op]
    if _fits(element, src.dtype, cn, border, how):
        _launch_tile(gpu, src, dst, cn, element, border, value, most, how)
        return
    first = gpu.empty(src.shape, src.dtype)
    _step(gpu, src, first, cn, element, border, value, most)
    _step(gpu, src if how == SECOND_LESS_FIRST else first, dst, cn, element, border, value, not most)
    if how != CHAIN:
        _combine(gpu, first if how == SECOND_LESS_FIRST else src, dst, how)


def _combine(gpu, a, dst, how):
    grid = _grid(dst.shape)
    if np.dtype(dst.dtype).kind == "f":
        gpu.launch(combine_real, grid, BLOCK, (a, dst, np.int32(how)))
        return
    limits = np.iinfo(dst.dtype)
    gpu.launch(combine_whole, grid, BLOCK, (a, dst, np.int32(how), np.int32(limits.min), np.int32(limits.max)))


def _hit_or_miss(gpu, src, dst, cn, hits, misses, border, value):
    """Eroded by the hits, and its complement by the misses, which is the complement of a dilation."""
    if misses is None:
        if hits is None:
            gpu.fill(dst, 255)
        else:
            _step(gpu, src, dst, cn, hits, border, value, False)
        return
    hit = gpu.empty(src.shape, src.dtype)
    if hits is None:
        gpu.fill(hit, 255)
    else:
        _step(gpu, src, hit, cn, hits, border, value, False)
    _step(gpu, src, dst, cn, misses, border, None if value is None else 255 - value, True)
    _combine(gpu, hit, dst, FIRST_WITHOUT_SECOND)


def _grid(shape):
    return (-(-shape[1] // BLOCK[0]), -(-shape[0] // BLOCK[1]))


def _outside(gpu, cn, dtype, value, most):
    """What lies outside, one value a channel: by default what never wins, of floats among the finite ones."""
    if value is not None:
        return gpu.upload(np.asarray(value, dtype))
    limits = np.iinfo(dtype) if np.dtype(dtype).kind in "iu" else np.finfo(dtype)
    return gpu.upload(np.full(cn, limits.min if most else limits.max, dtype))


def _fits(element, dtype, cn, border, how):
    """Whether a block's part of the image and what it needs around it fit in its shared memory."""
    width, height, rows, columns = TILES[np.dtype(dtype).itemsize]
    steps = 2 if how <= CHAIN_LESS_SOURCE else 1
    if element.runs is not None or element.passes > 1:
        return False
    # Off its middle an element reaches pixels whose mirror images other blocks make.
    centred = 2 * element.x == element.width - 1 and 2 * element.y == element.height - 1
    if steps == 2 and border in (REFLECT, REFLECT101) and not centred:
        return False
    return height + steps * (element.height - 1) <= rows and width + steps * (element.width - 1) * cn <= columns


def _launch_tile(gpu, src, dst, cn, element, border, value, most, how):
    width, height, _, _ = TILES[np.dtype(src.dtype).itemsize]
    grid = (-(-src.shape[1] // width), -(-src.shape[0] // height))
    beyond_1, beyond_2 = (_outside(gpu, cn, src.dtype, value, each) for each in (most, not most))
    numbers = (element.width, element.height, element.x, element.y, cn, border, most, how)
    kernel = TILED[np.dtype(src.dtype)]
    gpu.launch(kernel, grid, BLOCK, (src, dst, beyond_1, beyond_2, *(np.int32(v) for v in numbers)))


def _step(gpu, src, dst, cn, element, border, value, most):
    """Erosion or dilation, as many times as the element says."""
    if _fits(element, src.dtype, cn, border, ONE):
        _launch_tile(gpu, src, dst, cn, element, border, value, most, ONE)
        return
    h, n = src.shape
    outside = _outside(gpu, cn, src.dtype, value, most)
    wide, high = n + (element.width - 1) * cn, h + element.height - 1
    here, there = gpu.empty((high, wide), src.dtype), gpu.empty((high, wide), src.dtype)
    source = src
    if element.passes > 1:
        spare = gpu.empty(src.shape, src.dtype)
    for turn in range(element.passes):
        target = dst if (element.passes - turn) % 2 else spare
        numbers = (np.int32(v) for v in (element.y, element.x, cn, border))
        gpu.launch(lay_out, _grid((high, wide)), BLOCK, (source, here, *numbers, outside))
        if element.runs is None:
            _grow_rectangle(gpu, here, there, target, cn, element, most)
        else:
            _grow_runs(gpu, here, there, target, cn, element, most)
        source = target


def _windows(k):
    """Three distances for each launch that makes windows of k, the last one's windows overlapping."""
    span = 1
    while span * 4 < k:
        yield span, 2 * span, 3 * span
        span *= 4
    yield min(span, k - span), min(2 * span, k - span), k - span


def _launch_grow(gpu, src, dst, distances, down, rows, columns, most):
    numbers = (np.int32(v) for v in (*distances, down, rows, columns, most))
    gpu.launch(grow, _grid((rows, columns)), BLOCK, (src, dst, *numbers))


def _grow_rectangle(gpu, here, there, dst, cn, element, most):
    """Along the rows, then down the columns."""
    h, n = dst.shape
    rows, reach = h + element.height - 1, element.width
    for distances in _windows(element.width):
        reach -= distances[2]
        columns = n + (reach - 1) * cn
        _launch_grow(gpu, here, there, [d * cn for d in distances], False, rows, columns, most)
        here, there = there, here
    down = list(_windows(element.height))
    for distances in down[:-1]:
        rows -= distances[2]
        _launch_grow(gpu, here, there, distances, True, rows, n, most)
        here, there = there, here
    _launch_grow(gpu, here, dst, down[-1], True, h, n, most)


def _grow_runs(gpu, here, there, dst, cn, element, most):
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
            _launch_grow(gpu, here, there, distances, False, rows, columns, most)
            here, there, length = there, here, longer
        end = begin + sum(each == wanted for each, _, _ in order)
        numbers = (np.int32(v) for v in (begin, end, begin == 0, most))
        gpu.launch(take_runs, grid, BLOCK, (here, dst, places, *numbers))
        begin = end
