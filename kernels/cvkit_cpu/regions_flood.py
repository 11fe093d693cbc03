"""What a flood fill reaches, on bits: 64 pixels of a row to a word.

The fill is directed reachability: a way leads from a pixel to its neighbour where their difference is within the
bounds. Passes over the rows make a plane of bits for each direction. Planes lie column of words after column of
words, ``stride`` = height + 2 words each, with a word of guard above, below and beside the image, which is never open.
Planes are made of some rows around the seed; when the fill comes to the last of these, of four times as many.

A plane of the ways forward has at a pixel whether one may come in from the neighbour to the left (plane 0), above (1),
above left (2), above right (3); a plane of the ways back whether one may go out to it. If both bounds are the same, so
are the planes. In a fixed range every open pixel may be entered from everywhere, and ``keep`` = 0 makes all planes one
word of set bits.

Reaching goes word by word. A carry that runs through an addition spreads a whole run of pixels to the right, six
doublings spread it to the left. A word is looked at again only when a neighbour has given it a new pixel, so that time
is linear in the pixels whatever the shape, and nothing recurs. Tiles of one word by 64 rows, whose waiting rows are the
bits of a word, too, take turns in a queue that holds each of them at most once.
"""

from numba import types, uint8, uint64
from numba.extending import overload

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel
from cvkit_cpu.regions_bits import lowest, pack, population, unpack, zeros_above

NONE, ONE, ALL = uint64(0), uint64(1), uint64(0xFFFFFFFFFFFFFFFF)
TOP = uint64(63)


def within(a, b, lower, upper):
    """Whether -lower <= a - b <= upper; int32 wraps, float32 is rounded, NaN is never within."""


@overload(within)
def _(a, b, lower, upper):
    if a == types.uint8:
        return lambda a, b, lower, upper: (typed.sub_saturated(a, b) <= upper) & (typed.sub_saturated(b, a) <= lower)
    if a == types.int32:

        def wrapped(a, b, lower, upper):
            d = typed.sub(a, b)
            return (d <= upper) & (d >= typed.sub(typed.sub(a, a), lower))

        return wrapped
    return lambda a, b, lower, upper: (a - b <= upper) & (a - b >= -lower)


@kernel
def compare_row(here, other, lower, upper, flags):
    """1 for each value whose difference to the other is within bounds, 0 for the rest."""
    for x in range(flags.size):
        flags[x] = typed.select(within(here[x], other[x], lower[x], upper[x]), uint8(1), uint8(0))


@kernel
def pack_row(flags, cn, w, bits, plane, first, stride):
    """A row of a plane: bits of the pixels all of whose channels have a flag. bits is scratch, zero from w on."""
    if cn == 1:
        for x in range(w):
            bits[x] = flags[x]
    else:
        for x in range(w):
            bits[x] = flags[3 * x] & flags[3 * x + 1] & flags[3 * x + 2]
    for j in range(bits.size >> 6):
        plane[first + j * stride] = pack(bits, 64 * j)


@kernel
def ways(here, other, shift, lower, upper, cn, flags, bits, plane, first, stride):
    """Bits of a pair of rows, or of one row with itself, ``shift`` values apart: here[x] with other[x + shift]."""
    n = here.size
    if shift < 0:
        flags[: min(-shift, n)] = 0
        compare_row(here[-shift:], other[: n + shift], lower[-shift:], upper[-shift:], flags[-shift:])
    else:
        flags[max(n - shift, 0) :] = 0
        compare_row(here[: n - shift], other[shift:], lower[: n - shift], upper[: n - shift], flags[: n - shift])
    pack_row(flags, cn, n // cn, bits, plane, first, stride)


@kernel
def ways_band(
    src, cn, eight, fixed, alike, seed, lower, upper, mask, masked, planes, sides, stride, flags, bits, y0, y1
):
    """Rows [y0, y1) of all planes, of what is open, and nothing in what is filled and what waits.

    sides: the planes of what is open, filled and waiting, one after the other. seed, lower, upper: a row of the seed's
    values and of the bounds. flags: a row of values, bits: a row of whole words.
    """
    n = src.shape[1]
    w = n // cn
    h = src.shape[0]
    words = bits.size >> 6
    size = (words + 2) * stride
    opened, others = sides[:size], sides[size:]
    bits[:] = 0
    top, bottom = y0 + 1 if y0 > 0 else 0, y1 + 1 if y1 < h else h + 2
    for j in range(words + 2):
        others[j * stride + top : j * stride + bottom] = NONE
        others[size + j * stride + top : size + j * stride + bottom] = NONE
        opened[j * stride + top : j * stride + bottom] = NONE
    for y in range(y0, y1):
        here, first = src[y], stride + y + 1
        if fixed:
            compare_row(here, seed, lower, upper, flags)
            pack_row(flags, cn, w, bits, opened, first, stride)
        else:
            above = src[max(y - 1, 0)]
            directions = 4 if eight else 2
            for plane in range(directions if alike else 2 * directions):
                k = plane if plane < directions else plane - directions
                low, high = (lower, upper) if plane < directions else (upper, lower)
                other = here if k == 0 else above
                shift = 0 if k == 1 else cn if k == 3 else -cn
                if w == 1 and shift != 0:
                    for j in range(words):
                        planes[plane * size + first + j * stride] = NONE
                else:
                    ways(here, other, shift, low, high, cn, flags, bits, planes[plane * size :], first, stride)
            for j in range(words):
                opened[first + j * stride] = ALL
            if w & 63:
                opened[first + (words - 1) * stride] = typed.sub(typed.shl(ONE, uint64(w & 63)), ONE)
        if masked:
            row = mask[y + 1][1:]
            for x in range(w):
                bits[x] = row[x]
            for j in range(words):
                i = first + j * stride
                opened[i] = opened[i] & ~pack(bits, 64 * j)


@kernel
def to_the_left(found, free):
    """The pixels that are reached from those found by going left over free ones, each of which says that it may be
    entered from the right.
    """
    found |= free & (found >> ONE)
    free &= free >> ONE
    found |= free & (found >> uint64(2))
    free &= free >> uint64(2)
    found |= free & (found >> uint64(4))
    free &= free >> uint64(4)
    found |= free & (found >> uint64(8))
    free &= free >> uint64(8)
    found |= free & (found >> uint64(16))
    free &= free >> uint64(16)
    return found | (free & (found >> uint64(32)))


@kernel
def wake(tile, row, waiting_rows, queue, tail):
    """Note a row of a tile as waiting, and queue the tile if it isn't queued; returns the queue's new end."""
    rows = waiting_rows[tile]
    waiting_rows[tile] = rows | (ONE << uint64(row))
    if rows == NONE:
        queue[tail] = tile
        tail += 1
        if tail == queue.size:
            tail = 0
    return tail


@kernel
def close_rows(sides, stride, top, bottom):
    """Nothing is open in the rows beside [top, bottom): planes are made of these rows alone."""
    size = sides.size // 3
    for i in range(0, size, stride):
        sides[i + top] = NONE
        sides[i + bottom + 1] = NONE


@kernel
def plant(sides, stride, waiting_rows, queue, x, y):
    """Let pixel (x, y) wait, open in any case; returns the queue's end."""
    size = sides.size // 3
    start = ((x >> 6) + 1) * stride + 1 + y
    sides[start] = sides[start] | (ONE << uint64(x & 63))
    sides[2 * size + start] = ONE << uint64(x & 63)
    return wake(((x >> 6) + 1) * ((stride - 2 + 63) >> 6) + (y >> 6), y & 63, waiting_rows, queue, 0)


@kernel
def replant(sides, stride, waiting_rows, queue, tail, y):
    """Let what is filled in row y wait again, since the row beside it has come to be open; returns the queue's end."""
    size = sides.size // 3
    down = (stride - 2 + 63) >> 6
    for column in range(1, size // stride - 1):
        i = column * stride + 1 + y
        found = sides[size + i]
        if found != NONE:
            sides[i] = sides[i] | found
            sides[2 * size + i] = found
            tail = wake(column * down + (y >> 6), y & 63, waiting_rows, queue, tail)
    return tail


@kernel
def comes_to(sides, stride, y):
    """Whether anything is filled in row y."""
    size = sides.size // 3
    found = NONE
    for i in range(size + y + 1, 2 * size, stride):
        found |= sides[i]
    return found != NONE


@kernel
def reach(planes, keep, back, eight, sides, stride, waiting_rows, queue, tail):
    """Fill what can be reached from the pixels that wait, whatever the bits of the first of them say.

    back: where the planes of the ways back start. waiting_rows: a word for each tile, guards included, zero but for
    those in the queue, which has one place more than there are tiles; tail: where it ends.
    """
    size = sides.size // 3
    opened, filled, waiting = sides[:size], sides[size : 2 * size], sides[2 * size :]
    down = (stride - 2 + 63) >> 6  # tiles in a column
    head = 0
    while head != tail:
        tile = queue[head]
        head += 1
        if head == queue.size:
            head = 0
        todo = waiting_rows[tile]
        waiting_rows[tile] = NONE
        column = tile // down
        first = (tile - column * down) << 6
        base = column * stride + 1 + first
        row, downwards = 0, True
        while todo != NONE:
            if downwards:
                rest = todo & (ALL << uint64(row))
                if rest == NONE:
                    downwards = False
                    continue
                row = lowest(rest)
            else:
                rest = todo & (ALL >> uint64(63 - row))
                if rest == NONE:
                    downwards = True
                    continue
                row = 63 - zeros_above(rest)
            todo &= ~(ONE << uint64(row))
            i = base + row
            free = opened[i]
            new = waiting[i] & free
            waiting[i] = NONE
            if new == NONE:
                continue
            right = planes[i & keep] & free
            carried = (new << ONE) & right
            new |= (right & ~typed.add(right, carried)) | carried
            leaving = planes[(back + i) & keep]
            left = (leaving >> ONE) & free
            if (new >> ONE) & left & ~new:
                new = to_the_left(new, left)
            opened[i] = free & ~new
            filled[i] = filled[i] | new
            if (new >> TOP) & planes[(i + stride) & keep] & opened[i + stride] & ONE:
                waiting[i + stride] = waiting[i + stride] | ONE
                tail = wake(tile + down, row, waiting_rows, queue, tail)
            if new & leaving & (opened[i - stride] >> TOP) & ONE:
                waiting[i - stride] = waiting[i - stride] | (ONE << TOP)
                tail = wake(tile - down, row, waiting_rows, queue, tail)
            above = new & planes[(back + size + i) & keep]
            below = new & planes[(size + i + 1) & keep]
            if eight:
                from_right = new & planes[(back + 2 * size + i) & keep]
                from_left = new & planes[(back + 3 * size + i) & keep]
                above |= (from_right >> ONE) | (from_left << ONE)
                below |= (new << ONE) & planes[(2 * size + i + 1) & keep]
                below |= (new >> ONE) & planes[(3 * size + i + 1) & keep]
                up, under = first + row - 1, first + row + 1  # a row of the tiles' columns; -1 is never open
                if from_right & ONE & (opened[i - 1 - stride] >> TOP):
                    waiting[i - 1 - stride] = waiting[i - 1 - stride] | (ONE << TOP)
                    tail = wake((column - 1) * down + (up >> 6), up & 63, waiting_rows, queue, tail)
                if (from_left >> TOP) & opened[i - 1 + stride] & ONE:
                    waiting[i - 1 + stride] = waiting[i - 1 + stride] | ONE
                    tail = wake((column + 1) * down + (up >> 6), up & 63, waiting_rows, queue, tail)
                if (new >> TOP) & planes[(2 * size + i + 1 + stride) & keep] & opened[i + 1 + stride] & ONE:
                    waiting[i + 1 + stride] = waiting[i + 1 + stride] | ONE
                    tail = wake((column + 1) * down + (under >> 6), under & 63, waiting_rows, queue, tail)
                if new & ONE & ((planes[(3 * size + i + 1 - stride) & keep] & opened[i + 1 - stride]) >> TOP):
                    waiting[i + 1 - stride] = waiting[i + 1 - stride] | (ONE << TOP)
                    tail = wake((column - 1) * down + (under >> 6), under & 63, waiting_rows, queue, tail)
            above &= opened[i - 1]
            if above != NONE:
                waiting[i - 1] = waiting[i - 1] | above
                if row > 0:
                    todo |= ONE << uint64(row - 1)
                else:
                    tail = wake(tile - 1, 63, waiting_rows, queue, tail)
            below &= opened[i + 1]
            if below != NONE:
                waiting[i + 1] = waiting[i + 1] | below
                if row < 63:
                    todo |= ONE << uint64(row + 1)
                else:
                    tail = wake(tile + 1, 0, waiting_rows, queue, tail)


@kernel
def paint_row(here, flags, cn, wide, value, row):
    """The row with the value where a pixel has a flag. wide: scratch, a flag for each value."""
    if cn == 1:
        for x in range(row.size):
            row[x] = typed.select(flags[x] != uint8(0), value[x], here[x])
        return
    for x in range(row.size // 3):
        wide[3 * x] = flags[x]
        wide[3 * x + 1] = flags[x]
        wide[3 * x + 2] = flags[x]
    for x in range(row.size):
        row[x] = typed.select(wide[x] != uint8(0), value[x], here[x])


@kernel
def mark_row(flags, value, row):
    """A row of the mask with the value where a pixel has a flag."""
    for x in range(row.size):
        row[x] = typed.select(flags[x] != uint8(0), value, row[x])


@kernel
def copy_row(here, row):
    for x in range(row.size):
        row[x] = here[x]


@kernel
def paint_band(
    src, cn, only_mask, value, mask, masked, mark, sides, stride, copied, dst, marks, flags, wide, columns, y0, y1
):
    """Rows [y0, y1) of both results. Returns how many pixels are filled, and their least and greatest x and y.

    copied: whether the results hold the image and the mask. flags: a row of whole words; wide: a row of values;
    columns: a word for each of a row.
    """
    h, n = src.shape
    w = n // cn
    words = columns.size
    size = (words + 2) * stride
    filled = sides[size : 2 * size]
    area, top, bottom = 0, h, -1
    columns[:] = NONE
    if not copied:
        if y0 == 0:
            marks[0][:] = 1
        if y1 == h:
            marks[h + 1][:] = 1
    for y in range(y0, y1):
        found = 0
        for j in range(words):
            word = filled[(j + 1) * stride + y + 1]
            found += population(word)
            columns[j] |= word
            unpack(word, flags, 64 * j)
        here, row, marked = src[y], dst[y], marks[y + 1]
        if found != 0 and not only_mask:
            paint_row(here, flags, cn, wide, value, row)
        elif not copied:
            copy_row(here, row)
        if not copied:
            if masked:
                copy_row(mask[y + 1], marked)
            else:
                marked[:] = 0
            marked[0] = 1
            marked[w + 1] = 1
        if found != 0:
            mark_row(flags, mark, marked[1 : w + 1])
            area += found
            top = min(top, y)
            bottom = y
    left, right = w, -1
    for j in range(words):
        if columns[j] != NONE:
            left = min(left, 64 * j + lowest(columns[j]))
            right = 64 * j + 63 - zeros_above(columns[j])
    return area, left, top, right, bottom
