"""Canny's edge detector on the GPU (Canny, A computational approach to edge detection, 1986), in three launches.

`classes_*` computes gradient, magnitude and non-maximum suppression on tiles in shared memory and leaves each pixel's
class in dst: 0 dropped, 1 weak, 2 strong. Hysteresis is union-find over the kept pixels (Komura, GPU-based cluster-
labeling algorithm without the use of conventional iteration, 2015; Playne and Hawick, A new algorithm for parallel
connected-component labelling on GPUs, 2018): a weak pixel starts as its own set, all strong pixels are members of one
set from the start, whose root STRONG_ROOT is below every index. `link_neighbours` joins the sets of adjacent pixels,
`write_edges` keeps what ended in that one. Labels only ever fall and a root is the smallest member, so neither the
order of threads nor a stale read shows in the result, and no relaunch is needed: the host never waits.

Scratch: one int32 label a pixel, written and read only where a pixel is kept. Sizes: below 2**31 pixels, w * cn below
2**31 - 512, at most 524,280 rows (the grid's y limit of 65,535 blocks of 8).
"""

import numpy as np
from numba import cuda, int16, int32, uint8, uint32

from cvkit_cuda.edges_gradients import BLOCK, load_rows, sobel3, sobel5, sobel7

THREADS = BLOCK[0] * BLOCK[1]

# Output pixels of a block in the class kernels: wide for the 32-byte sectors of uint8 rows, and four pixels a thread
# keep the recomputed ring small (66 * 18 magnitudes for 64 * 16 pixels).
TILE_W, TILE_H = 64, 16
RING_W, RING_H = TILE_W + 2, TILE_H + 2
RING = (RING_H, RING_W)
# Bytes of a tile's row: room for 72 pixels of 4 channels, and the next row starts on a bank that keeps 1 and 3 channels
# free of conflicts where a warp goes on from one row of the ring to the next.
PITCH = 328

WEAK, STRONG = 1, 2
STRONG_ROOT = -1

TG22 = 27146  # tan(22.5 degrees) in Q16; tan(67.5 degrees) is 2 more
# Largest |dx| whose tan(67.5 degrees) * |dx| OpenCV computes in int32 without wrapping (79109 * 27145 < 2**31 in Q15);
# beyond it the product is negative there, and what is not horizontal counts as vertical.
MOST_DX = 27145


@cuda.jit(device=True)
def magnitude(dx, dy, l2):
    """|dx| + |dy|, or dx^2 + dy^2: at most 2 * 32767^2, which int32 holds."""
    if l2 != int32(0):
        return int32(int32(dx * dx) + int32(dy * dy))
    return int32(abs(dx) + abs(dy))


@cuda.jit(device=True)
def local_maximum(mag, dx, dy, j, i):
    """Whether ring position (j, i) is a maximum across the edge, the direction being quantised to four.

    |dx| and |dy| are at most 32767, so |dx| * TG22 stays below 2**31. Of two equal neighbours along an axis the later
    one gives way; on a diagonal both do.
    """
    m = mag[uint32(j), uint32(i)]
    ax, ay = int32(abs(dx)), int32(abs(dy))
    limit = int32(int32(ax * int32(TG22)) >> int32(16))
    up, down = int32(j - int32(1)), int32(j + int32(1))
    left, right = int32(i - int32(1)), int32(i + int32(1))
    if ay <= limit:
        return m > mag[uint32(j), uint32(left)] and m >= mag[uint32(j), uint32(right)]
    if int32(ay - int32(2) * ax) > limit or ax > int32(MOST_DX):
        return m > mag[uint32(up), uint32(i)] and m >= mag[uint32(down), uint32(i)]
    if int32(dx ^ dy) < int32(0):
        return m > mag[uint32(up), uint32(right)] and m > mag[uint32(down), uint32(left)]
    return m > mag[uint32(up), uint32(left)] and m > mag[uint32(down), uint32(right)]


@cuda.jit(device=True)
def write_classes(mag, dxs, dys, dst, labels, x0, y0, low, high):
    """Second half of a class kernel: classify the block's pixels from the ring of magnitudes in shared memory."""
    h, w = int32(dst.shape[0]), int32(dst.shape[1])
    for j in range(int32(cuda.threadIdx.y), int32(TILE_H), int32(BLOCK[1])):
        for i in range(int32(cuda.threadIdx.x), int32(TILE_W), int32(BLOCK[0])):
            x, y = int32(x0 + int32(i)), int32(y0 + int32(j))
            if x < w and y < h:
                rj, ri = int32(int32(j) + int32(1)), int32(int32(i) + int32(1))
                m = mag[uint32(rj), uint32(ri)]
                kept = int32(0)
                if m > low:
                    dx, dy = int32(dxs[uint32(rj), uint32(ri)]), int32(dys[uint32(rj), uint32(ri)])
                    if local_maximum(mag, dx, dy, rj, ri):
                        p = int32(int32(y * w) + x)
                        if m > high:
                            kept = int32(STRONG)
                            labels[uint32(p)] = int32(STRONG_ROOT)
                        else:
                            kept = int32(WEAK)
                            labels[uint32(p)] = p
                dst[uint32(y), uint32(x)] = uint8(kept)


def _classes_from_u8(aperture, sobel):
    """The class kernel for one aperture: a kernel for all three needs 63 registers, this one for 3 half of that."""
    radius = aperture // 2
    rows, columns = RING_H + 2 * radius, RING_W + 2 * radius
    source = (rows, PITCH)

    def classes_u8(src, dst, labels, cn, low, high, l2):
        """Classes and first labels from a uint8 image (h, w*cn); of its channels the first of largest magnitude counts.

        One block a tile of TILE_W x TILE_H pixels. Each source pixel is read once a block; the gradient is computed
        for the tile and a ring of one pixel around it, whose magnitude is 0 outside the image.
        """
        tile = cuda.shared.array(source, uint8)
        mag = cuda.shared.array(RING, int32)
        dxs = cuda.shared.array(RING, int16)
        dys = cuda.shared.array(RING, int16)
        h, w = int32(dst.shape[0]), int32(dst.shape[1])
        x0, y0 = int32(cuda.blockIdx.x * TILE_W), int32(cuda.blockIdx.y * TILE_H)
        halo = int32(radius + 1)
        load_rows(src, tile, int32(x0 - halo), int32(y0 - halo), int32(columns), int32(rows), int32(radius), cn)
        cuda.syncthreads()
        thread = int32(cuda.threadIdx.y * BLOCK[0] + cuda.threadIdx.x)
        for k in range(thread, int32(RING_W * RING_H), int32(THREADS)):
            j, i = uint32(uint32(k) // uint32(RING_W)), uint32(uint32(k) % uint32(RING_W))
            x, y = int32(x0 + int32(i) - int32(1)), int32(y0 + int32(j) - int32(1))
            best, best_dx, best_dy = int32(0), int32(0), int32(0)
            if x >= int32(0) and x < w and y >= int32(0) and y < h:
                row, column = int32(int32(j) + int32(radius)), int32(int32(int32(i) + int32(radius)) * cn)
                for c in range(cn):
                    dx, dy = sobel(tile, row, int32(column + int32(c)), cn)
                    m = magnitude(dx, dy, l2)
                    if m > best:
                        best, best_dx, best_dy = m, dx, dy
            mag[j, i] = best
            dxs[j, i] = int16(best_dx)
            dys[j, i] = int16(best_dy)
        cuda.syncthreads()
        write_classes(mag, dxs, dys, dst, labels, x0, y0, low, high)

    classes_u8.__name__ = classes_u8.__qualname__ = f"classes_u8_{aperture}"
    return cuda.jit(classes_u8)


classes_u8_3 = _classes_from_u8(3, sobel3)
classes_u8_5 = _classes_from_u8(5, sobel5)
classes_u8_7 = _classes_from_u8(7, sobel7)
CLASSES_U8 = {3: classes_u8_3, 5: classes_u8_5, 7: classes_u8_7}


@cuda.jit
def classes_i16(dx, dy, dst, labels, cn, low, high, l2):
    """As the kernels above, from derivatives (h, w*cn); -32768 counts as -32767, so that its absolute value exists."""
    mag = cuda.shared.array(RING, int32)
    dxs = cuda.shared.array(RING, int16)
    dys = cuda.shared.array(RING, int16)
    h, w = int32(dst.shape[0]), int32(dst.shape[1])
    x0, y0 = int32(cuda.blockIdx.x * TILE_W), int32(cuda.blockIdx.y * TILE_H)
    thread = int32(cuda.threadIdx.y * BLOCK[0] + cuda.threadIdx.x)
    for k in range(thread, int32(RING_W * RING_H), int32(THREADS)):
        j, i = uint32(uint32(k) // uint32(RING_W)), uint32(uint32(k) % uint32(RING_W))
        x, y = int32(x0 + int32(i) - int32(1)), int32(y0 + int32(j) - int32(1))
        best, best_dx, best_dy = int32(0), int32(0), int32(0)
        if x >= int32(0) and x < w and y >= int32(0) and y < h:
            for c in range(cn):
                e = uint32(int32(x * cn) + int32(c))
                gx, gy = int32(dx[uint32(y), e]), int32(dy[uint32(y), e])
                gx, gy = int32(max(gx, int32(-32767))), int32(max(gy, int32(-32767)))
                m = magnitude(gx, gy, l2)
                if m > best:
                    best, best_dx, best_dy = m, gx, gy
        mag[j, i] = best
        dxs[j, i] = int16(best_dx)
        dys[j, i] = int16(best_dy)
    cuda.syncthreads()
    write_classes(mag, dxs, dys, dst, labels, x0, y0, low, high)


@cuda.jit(device=True)
def find_root(labels, i):
    """Root of pixel i's set, STRONG_ROOT included, halving the path on the way.

    A label is an older member of the same set and only falls, by atomic minimum, so a stale one costs a step and
    never a wrong root.
    """
    while i != int32(STRONG_ROOT):
        parent = labels[uint32(i)]
        if parent == i or parent == int32(STRONG_ROOT):
            return parent
        grandparent = labels[uint32(parent)]
        if grandparent != parent:
            cuda.atomic.min(labels, uint32(i), grandparent)
        i = grandparent
    return i


@cuda.jit(device=True)
def join(labels, a, b):
    """Put the sets of pixels a and b under the smaller root.

    When the larger root has got a parent in the meantime, the minimum may have replaced that link, so the loop goes
    on to join the old parent too; the larger of the two falls each time, hence it ends.
    """
    a, b = find_root(labels, a), find_root(labels, b)
    while a != b:
        larger, smaller = int32(max(a, b)), int32(min(a, b))
        parent = int32(cuda.atomic.min(labels, uint32(larger), smaller))
        if parent == larger:
            return
        a, b = find_root(labels, parent), smaller


@cuda.jit
def link_neighbours(classes, labels):
    """Join each kept pixel with its kept neighbours above and to the left, one thread a pixel.

    Neighbours that touch each other are joined by their own threads, so north stands for all four, and north-west for
    west. Two strong pixels are in one set already.
    """
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, w = int32(classes.shape[0]), int32(classes.shape[1])
    if x >= w or y >= h:
        return
    here = classes[uint32(y), uint32(x)]
    if here == uint8(0):
        return
    p = int32(int32(y * w) + x)
    west = north_west = north = north_east = uint8(0)
    if x > int32(0):
        west = classes[uint32(y), uint32(x - int32(1))]
    if y > int32(0):
        above = uint32(y - int32(1))
        north = classes[above, uint32(x)]
        if x > int32(0):
            north_west = classes[above, uint32(x - int32(1))]
        if x < int32(w - int32(1)):
            north_east = classes[above, uint32(x + int32(1))]
    if north != uint8(0):
        if here == uint8(WEAK) or north == uint8(WEAK):
            join(labels, p, int32(p - w))
        return
    if north_west != uint8(0):
        if here == uint8(WEAK) or north_west == uint8(WEAK):
            join(labels, p, int32(p - w - int32(1)))
    elif west != uint8(0) and (here == uint8(WEAK) or west == uint8(WEAK)):
        join(labels, p, int32(p - int32(1)))
    if north_east != uint8(0) and (here == uint8(WEAK) or north_east == uint8(WEAK)):
        join(labels, p, int32(p - w + int32(1)))


@cuda.jit
def write_edges(dst, labels):
    """Replace classes by 255 for pixels that are strong or joined to one, 0 for the others; one thread a pixel."""
    x = int32(cuda.blockIdx.x * BLOCK[0] + cuda.threadIdx.x)
    y = int32(cuda.blockIdx.y * BLOCK[1] + cuda.threadIdx.y)
    h, w = int32(dst.shape[0]), int32(dst.shape[1])
    if x >= w or y >= h:
        return
    here = dst[uint32(y), uint32(x)]
    if here == uint8(0):
        return
    edge = uint8(255)
    if here == uint8(WEAK) and find_root(labels, int32(int32(y * w) + x)) != int32(STRONG_ROOT):
        edge = uint8(0)
    dst[uint32(y), uint32(x)] = edge


def _grid(shape, tile):
    """Blocks that cover an image of this shape, x first."""
    return -(-shape[1] // tile[0]), -(-shape[0] // tile[1])


def _hysteresis(gpu, dst, labels):
    """Two launches: join the neighbours, then keep what hangs on a strong pixel."""
    grid = _grid(dst.shape, BLOCK)
    gpu.launch(link_neighbours, grid, BLOCK, (dst, labels))
    gpu.launch(write_edges, grid, BLOCK, (dst, labels))


def canny(gpu, src, dst, cn, low, high, aperture, l2):
    """Plan: edges of uint8 src (h, w*cn) as 0 and 255 in uint8 dst (h, w); aperture 3, 5 or 7, cn 1 to 4.

    low <= high are int32 in the unit of the magnitude: floored, and for l2 squared; aperture 7 works on a sixteenth of
    the derivative. Both arrays are C-contiguous and not empty.
    """
    h, w = dst.shape
    labels = gpu.empty((h * w,), np.int32)
    args = (src, dst, labels, np.int32(cn), np.int32(low), np.int32(high), np.int32(bool(l2)))
    gpu.launch(CLASSES_U8[aperture], _grid(dst.shape, (TILE_W, TILE_H)), BLOCK, args)
    _hysteresis(gpu, dst, labels)


def canny_from_gradients(gpu, dx, dy, dst, cn, low, high, l2):
    """Plan: as canny, from int16 derivatives dx and dy (h, w*cn)."""
    h, w = dst.shape
    labels = gpu.empty((h * w,), np.int32)
    args = (dx, dy, dst, labels, np.int32(cn), np.int32(low), np.int32(high), np.int32(bool(l2)))
    gpu.launch(classes_i16, _grid(dst.shape, (TILE_W, TILE_H)), BLOCK, args)
    _hysteresis(gpu, dst, labels)
