"""Erosions and dilations fused on the GPU: a block makes a tile of the last step's result in shared memory.

It copies its part of the image and what all steps need around it. Every step grows windows along the rows, each length
of the element's runs from the one before, takes the windows of that length into its result, and puts the border around
that for the next step; what the steps need around the tile becomes less with each of them. The difference at the end is
written with the result.
"""

import numpy as np
from cvkit_math.borders import CONSTANT, REFLECT, REFLECT101, source_index
from numba import cuda, float32, float64, int16, int32, uint8, uint16, uint32

from cvkit_cuda.morphology_pixels import ALONE, LESS_OTHER, beyond, channel_of, finished, turned, value_of

BLOCK = (32, 8)
SHARED = 48 << 10  # bytes that a block may take without asking for more
TILES = {1: (64, 16), 2: (64, 16), 4: (32, 16), 8: (32, 16)}  # values side by side and rows, by the bytes of a value


def _tile(pixel):
    """The kernel for pixels of one type."""
    width, height = TILES[np.dtype(str(pixel)).itemsize]

    def tile(
        src,
        other,
        dst,
        outside_1,
        outside_2,
        levels,
        places,
        kw,
        kh,
        ax,
        ay,
        cn,
        border,
        most,
        steps,
        before,
        how,
        both,
    ):
        """``steps`` steps by an element of kw x kh with its anchor at ax, ay, ``before`` of them of one kind and the
        others of the other; with ``both`` on so many of the other kind on src follow, and the difference is taken.

        levels: three distances from which windows grow, their reach, and the first and the last but one of the places
        in a page where such windows are taken; 0 distances for single values.
        """
        pages = cuda.shared.array(0, pixel)
        h, length = int32(src.shape[0]), int32(src.shape[1])
        tx, ty = int32(cuda.threadIdx.x), int32(cuda.threadIdx.y)
        # As numbers that the compiler does not know: it would unroll each loop and need twice the registers.
        across, down = int32(cuda.blockDim.x), int32(cuda.blockDim.y)
        x0, y0 = int32(cuda.blockIdx.x * width), int32(cuda.blockIdx.y * height)
        made_w, made_h = int32(min(int32(width), int32(length - x0))), int32(min(int32(height), int32(h - y0)))
        halo_w, halo_h = int32(int32(kw - int32(1)) * cn), int32(kh - int32(1))
        pitch = int32(int32(width) + int32(steps * halo_w))
        area = int32(pitch * int32(int32(height) + int32(steps * halo_h)))
        margin = int32(steps * ax)
        turns = int32(2) if both != int32(0) else int32(1)
        for turn in range(turns):
            greatest = most
            if int32(turn) == int32(1):
                greatest = int32(int32(1) - most)
            top, left = int32(y0 - int32(steps * ay)), int32(x0 - int32(margin * cn))
            here = int32(0)
            j = ty
            while j < int32(made_h + int32(steps * halo_h)):
                y = int32(top + j)
                i = tx
                while i < int32(made_w + int32(steps * halo_w)):
                    e = int32(left + i)
                    if beyond(y, e, h, length, border):
                        c = uint32(channel_of(e, margin, cn))
                        value = outside_1[c] if greatest == most else outside_2[c]
                    else:
                        p, q = int32(source_index(y, h, border)), value_of(e, length, margin, cn, border)
                        value = src[uint32(p), uint32(q)]
                    if greatest != int32(0):
                        value = pixel(turned(value))
                    pages[uint32(int32(j * pitch) + i)] = value
                    i = int32(i + across)
                j = int32(j + down)
            cuda.syncthreads()
            taken = here
            for step in range(steps):
                left_over = int32(int32(steps - int32(1)) - int32(step))
                high, wide = int32(made_h + int32(left_over * halo_h)), int32(made_w + int32(left_over * halo_w))
                top, left = int32(top + ay), int32(left + int32(ax * cn))
                # Values are the least, turned around where a step takes the greatest.
                turn_now = greatest if left_over == int32(0) else int32(0)
                if int32(int32(step) + int32(1)) == before and left_over > int32(0):
                    turn_now = int32(1)
                    greatest = int32(int32(1) - greatest)
                here = taken
                there = int32(0) if here == int32(2) * area else int32(here + area)
                taken = int32(0) if there == int32(2) * area else int32(there + area)
                for level in range(int32(levels.shape[0])):
                    k = uint32(level)
                    d1, d2, d3, reach = (
                        levels[k, uint32(0)],
                        levels[k, uint32(1)],
                        levels[k, uint32(2)],
                        levels[k, uint32(3)],
                    )
                    if d3 > int32(0):
                        j = ty
                        while j < int32(high + halo_h):
                            i = tx
                            while i < int32(int32(wide + halo_w) - reach):
                                at = int32(int32(j * pitch) + i)
                                p = int32(here + at)
                                m = min(pages[uint32(p)], pages[uint32(p + d1)])
                                n = min(pages[uint32(p + d2)], pages[uint32(p + d3)])
                                pages[uint32(there + at)] = min(m, n)
                                i = int32(i + across)
                            j = int32(j + down)
                        cuda.syncthreads()
                        here, there = there, here
                    begin, end = levels[k, uint32(4)], levels[k, uint32(5)]
                    if begin < end:
                        j = ty
                        while j < high:
                            i = tx
                            while i < wide:
                                at = int32(int32(j * pitch) + i)
                                p = int32(int32(here + at) + places[uint32(begin)])
                                m = pages[uint32(int32(taken + at) if begin > int32(0) else p)]
                                for b in range(begin, end):
                                    m = min(m, pages[uint32(int32(here + at) + places[uint32(b)])])
                                if turn_now != int32(0) and end == int32(places.shape[0]):
                                    m = pixel(turned(m))
                                pages[uint32(taken + at)] = m
                                i = int32(i + across)
                            j = int32(j + down)
                cuda.syncthreads()
                if left_over > int32(0):
                    # What a step makes of places outside counts for nothing: the border is put around its result.
                    j = ty
                    while j < high:
                        y = int32(top + j)
                        i = tx
                        while i < wide:
                            e = int32(left + i)
                            if y < int32(0) or y >= h or e < int32(0) or e >= length:
                                at = int32(taken + int32(int32(j * pitch) + i))
                                if border == int32(CONSTANT):
                                    c = uint32(channel_of(e, margin, cn))
                                    value = outside_1[c] if greatest == most else outside_2[c]
                                    if greatest != int32(0):
                                        value = pixel(turned(value))
                                else:
                                    p, q = int32(source_index(y, h, border)), value_of(e, length, margin, cn, border)
                                    p, q = int32(p - top), int32(q - left)
                                    value = pages[uint32(taken + int32(int32(p * pitch) + q))]
                                pages[uint32(at)] = value
                            i = int32(i + across)
                        j = int32(j + down)
                    cuda.syncthreads()
            j = ty
            while j < made_h:
                i = tx
                while i < made_w:
                    value = pages[uint32(taken + int32(int32(j * pitch) + i))]
                    y, x = uint32(y0 + j), uint32(x0 + i)
                    if int32(turn) == int32(1):  # where this thread wrote the first kind's result before
                        dst[y, x] = finished(value, dst[y, x], int32(LESS_OTHER))
                    elif how == int32(ALONE):
                        dst[y, x] = value
                    else:
                        dst[y, x] = finished(value, other[y, x], how)
                    i = int32(i + across)
                j = int32(j + down)
            cuda.syncthreads()

    tile.__name__ = tile.__qualname__ = f"tile_{pixel}"
    return cuda.jit(tile)


tile_uint8 = _tile(uint8)
tile_uint16 = _tile(uint16)
tile_int16 = _tile(int16)
tile_float32 = _tile(float32)
tile_float64 = _tile(float64)

KERNELS = {
    np.dtype(np.uint8): tile_uint8,
    np.dtype(np.uint16): tile_uint16,
    np.dtype(np.int16): tile_int16,
    np.dtype(np.float32): tile_float32,
    np.dtype(np.float64): tile_float64,
}


def shape_of(element, border, steps):
    """Width, height, anchor and runs of an element as so many steps take it.

    Reflected places that an element off its middle reaches are mirror images of what other blocks make, unless there is
    as much around the tile on the other side: the element then has empty rows and columns there.
    """
    width, height, x, y = element[:4]
    runs = element.runs or tuple((row, 0, width) for row in range(height))
    if steps > 1 and border in (REFLECT, REFLECT101):
        half_w, half_h = max(x, width - 1 - x), max(y, height - 1 - y)
        runs = tuple((row + half_h - y, column + half_w - x, count) for row, column, count in runs)
        width, height, x, y = 2 * half_w + 1, 2 * half_h + 1, half_w, half_h
    return width, height, x, y, runs


def shared_bytes(element, dtype, cn, border, steps):
    """What a block needs: its tile with what the steps need around it, three times."""
    size = np.dtype(dtype).itemsize
    width, height, _, _, _ = shape_of(element, border, steps)
    columns, rows = TILES[size]
    return 3 * size * (columns + steps * (width - 1) * cn) * (rows + steps * (height - 1))


def most_steps(element, dtype, cn, border, wanted):
    """How many of the wanted steps fit in one launch."""
    while wanted and shared_bytes(element, dtype, cn, border, wanted) > SHARED:
        wanted -= 1
    return wanted


def levels_of(runs, cn, pitch):
    """Distances, reach, begin and end for each launch of windows, and places, for ``tile``."""
    order = sorted((count, row, column) for row, column, count in runs)
    levels, length, begin = [], 1, 0
    while begin < len(order):
        wanted = order[begin][0]
        end = begin + sum(each == wanted for each, _, _ in order)
        if wanted == 1:
            levels.append((0, 0, 0, 0, begin, end))
        while length < wanted:
            longer = min(4 * length, wanted)
            distances = [min(i * length, longer - length) * cn for i in (1, 2, 3)]
            levels.append((*distances, (longer - 1) * cn, begin, end if longer == wanted else begin))
            length = longer
        begin = end
    return np.array(levels, np.int32), np.array([row * pitch + column * cn for _, row, column in order], np.int32)


def launch(gpu, src, other, dst, outsides, cn, element, border, steps, how, both):
    """Steps in one launch, each as whether it takes the greatest; with ``both`` the result of as many of the other kind
    less theirs.
    """
    dtype = np.dtype(src.dtype)
    width, height, x, y, runs = shape_of(element, border, len(steps))
    columns, rows = TILES[dtype.itemsize]
    pitch = columns + len(steps) * (width - 1) * cn
    levels, places = levels_of(runs, cn, pitch)
    grid = (-(-src.shape[1] // columns), -(-src.shape[0] // rows))
    before = sum(each == steps[0] for each in steps)
    numbers = (width, height, x, y, cn, border, steps[0], len(steps), before, how, both)
    gpu.launch(
        KERNELS[dtype],
        grid,
        BLOCK,
        (src, other, dst, *outsides, gpu.upload(levels), gpu.upload(places), *(np.int32(v) for v in numbers)),
        shared_bytes(element, dtype, cn, border, len(steps)),
    )
