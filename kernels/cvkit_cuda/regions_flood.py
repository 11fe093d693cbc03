"""Flood fill on the GPU: which neighbours a pixel may be entered from, then everything that the seed reaches.

With bounds that are the same in both directions, or with a fixed range, reachability is membership of one set, and
union-find gives it in two launches. With others it has a direction: tiles are filled in shared memory until nothing
changes, in four launches whose tiles don't touch, again and again until no tile has changed. A round brings every way
through at least one more tile.

Scratch: a byte and an int32 a pixel. Sizes: below 2**31 pixels.
"""

import numpy as np
from numba import cuda, float32, int32, int64, uint8, uint32

from cvkit_cuda.regions_sets import BLOCK, find_root, grid, join

# A neighbour's place by its bit: the first four come before the pixel in raster order, bit 7 - k is opposite to k.
LEFT, UP, UP_LEFT, UP_RIGHT = 1, 2, 4, 8

TILE = 32
PADDED = (TILE + 2, TILE + 2)
ROWS_PER_THREAD = TILE // BLOCK[1]


@cuda.jit(device=True)
def within_u8(a, b, lower, upper):
    """Whether -lower <= a - b <= upper."""
    d = int32(int32(a) - int32(b))
    return d >= int32(-lower) and d <= upper


@cuda.jit(device=True)
def within_i32(a, b, lower, upper):
    """As above, with a difference that wraps."""
    d = int64(int64(a) - int64(b))
    if d > int64(2147483647):
        d = int64(d - int64(4294967296))
    elif d < int64(-2147483648):
        d = int64(d + int64(4294967296))
    return d >= int64(-int64(lower)) and d <= int64(upper)


@cuda.jit(device=True)
def within_f32(a, b, lower, upper):
    """As above, with a difference that is rounded; NaN is never within."""
    d = float32(float32(a) - float32(b))
    return d >= float32(-lower) and d <= upper


def _ways(name, within):
    """The kernel of one dtype."""

    @cuda.jit(device=True)
    def alike(src, y, x, other_y, other_x, lower, upper, cn):
        """Whether every channel of a pixel is within bounds of another's."""
        for c in range(cn):
            a = src[uint32(y), uint32(int32(x * cn) + int32(c))]
            b = src[uint32(other_y), uint32(int32(other_x * cn) + int32(c))]
            if not within(a, b, lower[uint32(c)], upper[uint32(c)]):
                return False
        return True

    def ways(src, mask, lower, upper, entries, cn, masked, eight, fixed, seed_x, seed_y):
        """For each pixel (h, w) a bit for each neighbour from which it may be entered; one thread a pixel.

        lower, upper: the bounds of each channel. mask: (h + 2, w + 2), pixels that are not 0 there are closed.
        """
        h, w = int32(entries.shape[0]), int32(entries.shape[1])
        x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
        y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
        if x >= w or y >= h:
            return
        found = int32(0)
        closed = masked != int32(0) and mask[uint32(y + int32(1)), uint32(x + int32(1))] != uint8(0)
        if not closed and fixed != int32(0):
            closed = not alike(src, y, x, seed_y, seed_x, lower, upper, cn)
        if not closed:
            for k in range(8):
                # left, up, up left, up right, down left, down right, down, right
                side = int32(0)
                if k == 0 or k == 2 or k == 4:
                    side = int32(-1)
                elif k == 3 or k == 5 or k == 7:
                    side = int32(1)
                step = int32(0)
                if k == 1 or k == 2 or k == 3:
                    step = int32(-1)
                elif k == 4 or k == 5 or k == 6:
                    step = int32(1)
                u, v = int32(x + side), int32(y + step)
                if (side != int32(0) and step != int32(0)) and eight == int32(0):
                    continue
                if u < int32(0) or v < int32(0) or u >= w or v >= h:
                    continue
                if masked != int32(0) and mask[uint32(v + int32(1)), uint32(u + int32(1))] != uint8(0):
                    continue
                if fixed != int32(0):
                    open_way = alike(src, v, u, seed_y, seed_x, lower, upper, cn)
                else:
                    open_way = alike(src, y, x, v, u, lower, upper, cn)
                if open_way:
                    found = int32(found | int32(int32(1) << int32(k)))
        entries[uint32(y), uint32(x)] = uint8(found)

    ways.__name__ = ways.__qualname__ = name
    return cuda.jit(ways)


ways_u8 = _ways("ways_u8", within_u8)
ways_i32 = _ways("ways_i32", within_i32)
ways_f32 = _ways("ways_f32", within_f32)
WAYS = {"uint8": ways_u8, "int32": ways_i32, "float32": ways_f32}


@cuda.jit
def single_sets(labels):
    """Each pixel in a set of its own; one thread a pixel, in blocks of a row."""
    p = int64(cuda.blockIdx.x) * int64(cuda.blockDim.x) + int64(cuda.threadIdx.x)
    if p < int64(labels.shape[0]):
        labels[uint32(p)] = int32(p)


@cuda.jit
def link_ways(entries, labels):
    """Join each pixel with the neighbours before it from which it may be entered; one thread a pixel."""
    h, w = int32(entries.shape[0]), int32(entries.shape[1])
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if x >= w or y >= h:
        return
    p = int32(int32(y * w) + x)
    found = int32(entries[uint32(y), uint32(x)])
    if found & int32(LEFT):
        join(labels, p, int32(p - int32(1)))
    if found & int32(UP):
        join(labels, p, int32(p - w))
    if found & int32(UP_LEFT):
        join(labels, p, int32(p - w - int32(1)))
    if found & int32(UP_RIGHT):
        join(labels, p, int32(p - w + int32(1)))


@cuda.jit
def plant(labels, mask, masked, seed_x, seed_y, w, root):
    """The root of the seed's set, or -1 where the mask closes the seed; one thread."""
    if masked != int32(0) and mask[uint32(seed_y + int32(1)), uint32(seed_x + int32(1))] != uint8(0):
        root[0] = int32(-1)
    else:
        root[0] = find_root(labels, int32(int32(seed_y * w) + seed_x))


@cuda.jit
def gather(labels, root, reached):
    """1 for each pixel of the seed's set, 0 for the others; one thread a pixel."""
    h, w = int32(reached.shape[0]), int32(reached.shape[1])
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if x >= w or y >= h:
        return
    inside = find_root(labels, int32(int32(y * w) + x)) == root[0]
    reached[uint32(y), uint32(x)] = uint8(1) if inside else uint8(0)


@cuda.jit
def sow(mask, masked, seed_x, seed_y, reached):
    """1 for the seed unless the mask closes it, 0 for the others; one thread a pixel."""
    h, w = int32(reached.shape[0]), int32(reached.shape[1])
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    if x >= w or y >= h:
        return
    value = uint8(0)
    if (
        x == seed_x
        and y == seed_y
        and (masked == int32(0) or mask[uint32(y + int32(1)), uint32(x + int32(1))] == uint8(0))
    ):
        value = uint8(1)
    reached[uint32(y), uint32(x)] = value


@cuda.jit(device=True)
def entered(tile, j, i, found):
    """Whether one of the neighbours from which pixel (j, i) of a padded tile may be entered has been reached."""
    up, down = uint32(j - int32(1)), uint32(j + int32(1))
    left, right = uint32(i - int32(1)), uint32(i + int32(1))
    j, i = uint32(j), uint32(i)
    near = int32(tile[j, left])
    near |= int32(tile[up, i]) << int32(1)
    near |= int32(tile[up, left]) << int32(2)
    near |= int32(tile[up, right]) << int32(3)
    near |= int32(tile[down, left]) << int32(4)
    near |= int32(tile[down, right]) << int32(5)
    near |= int32(tile[down, i]) << int32(6)
    near |= int32(tile[j, right]) << int32(7)
    return int32(near & found) != int32(0)


@cuda.jit
def spread(entries, reached, odd_x, odd_y, changed):
    """Fill a tile as far as its own and its neighbours' reached pixels lead; one block a tile of every second column
    and row of tiles, so that none reads what another writes.
    """
    tile = cuda.shared.array(PADDED, uint8)
    h, w = int32(reached.shape[0]), int32(reached.shape[1])
    x0 = int32(int32(int32(cuda.blockIdx.x) * int32(2) + odd_x) * int32(TILE))
    y0 = int32(int32(int32(cuda.blockIdx.y) * int32(2) + odd_y) * int32(TILE))
    for j in range(int32(cuda.threadIdx.y), int32(TILE + 2), int32(BLOCK[1])):
        for i in range(int32(cuda.threadIdx.x), int32(TILE + 2), int32(BLOCK[0])):
            x, y = int32(x0 + int32(i) - int32(1)), int32(y0 + int32(j) - int32(1))
            value = uint8(0)
            if x >= int32(0) and y >= int32(0) and x < w and y < h:
                value = reached[uint32(y), uint32(x)]
            tile[uint32(j), uint32(i)] = value
    cuda.syncthreads()
    x = int32(x0 + int32(cuda.threadIdx.x))
    i = int32(int32(cuda.threadIdx.x) + int32(1))
    fresh = int32(0)
    go = int32(1)
    while go != int32(0):
        new = int32(0)
        for k in range(ROWS_PER_THREAD):
            j = int32(int32(cuda.threadIdx.y) + int32(int32(k) * int32(BLOCK[1])))
            y = int32(y0 + j)
            j = int32(j + int32(1))
            if x < w and y < h and tile[uint32(j), uint32(i)] == uint8(0):
                found = int32(entries[uint32(y), uint32(x)])
                if found != int32(0) and entered(tile, j, i, found):
                    new = int32(new | int32(int32(1) << int32(k)))
        cuda.syncthreads()
        for k in range(ROWS_PER_THREAD):
            if int32(new >> int32(k)) & int32(1):
                j = int32(int32(cuda.threadIdx.y) + int32(int32(k) * int32(BLOCK[1])) + int32(1))
                tile[uint32(j), uint32(i)] = uint8(1)
        fresh = int32(fresh | new)
        go = int32(cuda.syncthreads_or(new))
    for k in range(ROWS_PER_THREAD):
        if int32(fresh >> int32(k)) & int32(1):
            y = int32(y0 + int32(cuda.threadIdx.y) + int32(int32(k) * int32(BLOCK[1])))
            reached[uint32(y), uint32(x)] = uint8(1)
    if fresh != int32(0):
        cuda.atomic.max(changed, 0, int32(1))


@cuda.jit
def paint(src, reached, value, mask, masked, only_mask, mark, cn, dst, marks, found):
    """Both results, one thread a pixel of the mask; found: area, -least and greatest x, -least and greatest y.

    value: of each channel. found starts with 0 and four numbers below all others.
    """
    totals = cuda.shared.array(5, int32)
    h, w = int32(reached.shape[0]), int32(reached.shape[1])
    thread = int32(cuda.threadIdx.y * BLOCK[0] + cuda.threadIdx.x)
    if thread < int32(5):
        totals[uint32(thread)] = int32(0) if thread == int32(0) else int32(-2147483647)
    cuda.syncthreads()
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x) - int32(1)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y) - int32(1)
    if x >= int32(0) and y >= int32(0) and x < w and y < h:
        inside = reached[uint32(y), uint32(x)] != uint8(0)
        for c in range(cn):
            k = uint32(int32(x * cn) + int32(c))
            if inside and only_mask == int32(0):
                dst[uint32(y), k] = value[uint32(c)]
            else:
                dst[uint32(y), k] = src[uint32(y), k]
        label = uint8(0)
        if masked != int32(0):
            label = mask[uint32(y + int32(1)), uint32(x + int32(1))]
        if inside:
            label = uint8(mark)
            cuda.atomic.add(totals, 0, int32(1))
            cuda.atomic.max(totals, 1, int32(-x))
            cuda.atomic.max(totals, 2, x)
            cuda.atomic.max(totals, 3, int32(-y))
            cuda.atomic.max(totals, 4, y)
        marks[uint32(y + int32(1)), uint32(x + int32(1))] = label
    elif x <= w and y <= h:
        marks[uint32(y + int32(1)), uint32(x + int32(1))] = uint8(1)
    cuda.syncthreads()
    if thread == int32(0) and totals[0] != int32(0):
        cuda.atomic.add(found, 0, totals[0])
        for k in range(1, 5):
            cuda.atomic.max(found, uint32(k), totals[uint32(k)])


def fill_sets(gpu, entries, mask, masked, seed, reached):
    """What the seed reaches where every way leads in both directions."""
    h, w = reached.shape
    labels, root = gpu.empty((h * w,), np.int32), gpu.empty((1,), np.int32)
    blocks = grid(w, h)
    gpu.launch(single_sets, (-(-h * w // 256),), (256,), (labels,))
    gpu.launch(link_ways, blocks, BLOCK, (entries, labels))
    gpu.launch(plant, (1,), (1,), (labels, mask, masked, *seed, np.int32(w), root))
    gpu.launch(gather, blocks, BLOCK, (labels, root, reached))


def fill_tiles(gpu, entries, mask, masked, seed, reached):
    """What the seed reaches where ways have a direction; the host waits after each round."""
    h, w = reached.shape
    gpu.launch(sow, grid(w, h), BLOCK, (mask, masked, *seed, reached))
    blocks = grid(w, h, (2 * TILE, 2 * TILE))
    again = True
    while again:
        changed = gpu.upload(np.zeros(1, np.int32))
        for odd_y in (0, 1):
            for odd_x in (0, 1):
                gpu.launch(spread, blocks, BLOCK, (entries, reached, np.int32(odd_x), np.int32(odd_y), changed))
        again = bool(gpu.download(changed)[0])
