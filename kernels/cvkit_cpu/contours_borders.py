"""Contours by Suzuki and Abe's border following: found row by row, kept as chains of directions, written as points.

A row is taken apart into runs of pixels that are not 0. The left end of a run starts an outer border unless it has been
marked by one, its right end the border of a hole unless it is marked as seen from the right. Which border has marked a
pixel is kept beside the marks, for segments of rows that borders go through: that of a run's left end tells what a hole
in the run lies in, that of the right end of the run before what an outer border lies in. One byte a step is kept, so
that a contour costs little before its points are known to be wanted.
"""

import numpy as np
from numba import int8, int32, int64, uint8, uint32, uint64

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel

EXTERNAL, LIST, CCOMP, TREE = 0, 1, 2, 3
FRAME = -1  # the number of the frame; borders are numbered from 0
FREE, MARKED = 1, 2  # marks of pixels on which no border has been and one has, negative where it saw a 0 to the right
X, Y, STEPS, PARENT, HOLE, FIELDS = 0, 1, 2, 3, 4, 5  # of a contour found
ROW, PENDING, AT, IS_HOLE, AROUND, COUNT, USED, STATES = 0, 1, 2, 3, 4, 5, 6, 7  # where the search stands
NO_ROOM = -1
SEGMENT = 64  # pixels in a row of memory whose borders are kept together
ZERO, ONE, FOUR, SEVEN = uint64(0), uint64(1), uint64(4), uint64(7)
SIX, SIXTY_THREE = uint64(6), uint64(63)
DX_CODES, DY_CODES = 0b1001000000011010, 0b1010100100000001  # dx + 1 and dy + 1, two bits a direction


@kernel
def mark_band(src, marks, y0, y1):
    """1 for each pixel of rows [y0, y1) that is not 0, in marks with a frame of 0 around them."""
    w = src.shape[1]
    for y in range(y0, y1):
        row, out = src[y], marks[y + 1][1:]
        for x in range(w):
            out[x] = typed.select(row[x] != 0, int8(FREE), int8(0))
        marks[y + 1, 0] = 0
        marks[y + 1, w + 1] = 0


@kernel
def neighbours(stride, steps):
    """How far the neighbour in each direction is in memory, twice around.

    Directions count from 0, to the right, counter-clockwise on the screen.
    """
    for k in range(16):
        steps[k] = uint64((((DY_CODES >> (2 * (k & 7))) & 3) - 1) * stride + ((DX_CODES >> (2 * (k & 7))) & 3) - 1)


@kernel
def own(segments, owners, place, number):
    """Keep the number of the border that has marked a pixel. segments: where those of SEGMENT pixels are in owners, 0
    for none, and at last how much of owners is in use.
    """
    segment = place >> SIX
    at = segments[segment]
    if at == 0:
        end = uint64(segments.size - 1)
        at = segments[end]
        segments[end] += uint32(SEGMENT)
        segments[segment] = at
    owners[uint64(at) + (place & SIXTY_THREE)] = number


@kernel
def owner(segments, owners, place):
    """The number of the border that has marked a pixel last."""
    return owners[uint64(segments[place >> SIX]) + (place & SIXTY_THREE)]


@kernel
def follow(flat, segments, owners, steps, start, hole, number, codes):
    """Mark a border, with its number in owners unless that is FRAME, and note the directions of its steps; how many, or
    NO_ROOM where codes are too few.

    Tracing again after NO_ROOM marks the same. Places and directions are unsigned: so they need no look at whether they
    count from the end.
    """
    room = uint64(codes.size)
    numbered = number != FRAME
    origin = uint64(start)
    first = ZERO if hole else FOUR
    s = first
    while True:
        s = (s - ONE) & SEVEN
        last = origin + steps[s]
        if flat[last] != 0:
            break
        if s == first:
            flat[origin] = -MARKED
            if numbered:
                own(segments, owners, origin, number)
            return 0
    here, count = origin, ZERO
    while True:
        came_from = s
        s += ONE
        while flat[here + steps[s]] == 0:
            s += ONE
        after = here + steps[s]
        s &= SEVEN
        seen = s - ONE < came_from
        if seen or flat[here] == FREE:
            flat[here] = typed.select(seen, int8(-MARKED), int8(MARKED))
            if numbered:
                own(segments, owners, here, number)
        if count == room:
            return NO_ROOM
        codes[count] = s
        count += ONE
        if after == origin and here == last:
            return int64(count)
        here = after
        s ^= FOUR


@kernel
def note(found, state, x, y, steps, parent, hole):
    """A contour found."""
    i = state[COUNT]
    found[i, X], found[i, Y], found[i, STEPS], found[i, PARENT], found[i, HOLE] = x, y, steps, parent, hole
    state[COUNT] = i + 1
    state[USED] += steps


@kernel
def parent_of(found, around, hole):
    """The border around a new one, FRAME for none, when what it starts beside is of border ``around``."""
    if around == FRAME or (found[around, HOLE] != 0) != hole:
        return np.int64(around)
    return np.int64(found[around, PARENT])


@kernel
def search(src, marks, flat, segments, owners, flags, steps, mode, codes, found, state):
    """Find contours from where the state says until the end, or until there is no room; whether it came to the end.

    segments: one for SEGMENT pixels of marks, 0 but for the last, which is SEGMENT; owners: for CCOMP and TREE,
    as large as all segments and one more. flags: w + 9 bytes of scratch; steps: 16 places.
    """
    h, w = src.shape
    stride = w + 2
    numbered = mode >= CCOMP
    neighbours(stride, steps)
    y = state[ROW]
    while y < h:
        pixels, row = src[y], marks[y + 1]
        flags[0] = pixels[0] != 0
        for x in range(1, w):
            flags[x] = typed.select((pixels[x] != 0) != (pixels[x - 1] != 0), uint8(1), uint8(0))
        flags[w] = pixels[w - 1] != 0
        flags[w + 1 : w + 9] = 0
        before = 0  # column in marks of the last pixel of the run before; 0 is the frame
        inside = False
        left = 0
        for start in range(0, w + 1, 8):
            if typed.load_uint64(flags, start) == 0:
                continue
            for x in range(start, min(start + 8, w + 1)):
                if not flags[x]:
                    continue
                if left == 0:
                    left = x + 1
                hole = pixels[x - 1] != 0 if x == w else pixels[x] == 0
                at = x if hole else left
                wanted = (row[at] > 0 and mode != EXTERNAL) if hole else (row[at] == FREE and not inside)
                if state[PENDING]:
                    wanted = state[AT] == at and (state[IS_HOLE] != 0) == hole
                if wanted:
                    parent = np.int64(-1)
                    if state[PENDING]:
                        parent = state[AROUND]
                    elif numbered:
                        look = left if hole else before
                        around = int32(FRAME)
                        if look > 0:
                            around = owner(segments, owners, uint64((y + 1) * stride + look))
                        parent = parent_of(found, around, hole)
                        if mode == CCOMP and not hole:
                            parent = np.int64(-1)
                    state[ROW], state[AT], state[IS_HOLE], state[AROUND] = y, at, hole, parent
                    state[PENDING] = 1
                    if state[COUNT] == found.shape[0]:
                        return False
                    number = state[COUNT] if numbered else FRAME
                    taken = follow(
                        flat, segments, owners, steps, (y + 1) * stride + at, hole, number, codes[state[USED] :]
                    )
                    if taken == NO_ROOM:
                        return False
                    state[PENDING] = 0
                    note(found, state, at - 1, y, taken, parent, hole)
                if hole:
                    before = x
                    if mode == EXTERNAL:
                        look = x
                        while look >= left and row[look] == FREE:
                            look -= 1
                        if look >= left:
                            inside = row[look] > 0
                    left = 0
        y += 1
    state[ROW] = h
    return True


@kernel
def arrange(found, head, following, order, place, hierarchy):
    """The order of output, each contour before its children and the last found first, and the hierarchy in it.

    head has one more element than there are contours, for those without a parent.
    """
    n = order.size
    for i in range(n + 1):
        head[i] = -1
    for i in range(n):
        parent = found[i, PARENT]
        parent = n if parent < 0 else parent
        following[i] = head[parent]
        head[parent] = i
    i = head[n]
    count = 0
    while i >= 0:
        order[count] = i
        place[i] = count
        count += 1
        after = head[i]
        while after < 0 and i >= 0:
            after = following[i]
            i = found[i, PARENT]
        i = after
    for k in range(n):
        hierarchy[k, 1] = -1
    for k in range(n):
        i = order[k]
        after, child, parent = following[i], head[i], found[i, PARENT]
        hierarchy[k, 0] = place[after] if after >= 0 else -1
        hierarchy[k, 2] = place[child] if child >= 0 else -1
        hierarchy[k, 3] = place[parent] if parent >= 0 else -1
        if after >= 0:
            hierarchy[place[after], 1] = k


@kernel
def count_points(found, codes, order, simple, starts, ends):
    """Where each contour's codes begin, by the order found, and where its points end, by the order of output."""
    used = np.int64(0)
    for i in range(order.size):
        starts[i] = used
        used += found[i, STEPS]
    total = np.int64(0)
    for k in range(order.size):
        i = order[k]
        n = np.int64(found[i, STEPS])
        points = n
        if n == 0:
            points = np.int64(1)
        elif simple:
            chain = codes[starts[i] : starts[i] + n]
            points = np.int64(chain[0] != chain[n - 1])
            for j in range(1, n):
                points += chain[j] != chain[j - 1]
        total += points
        ends[k] = total
    return total


@kernel
def write_points(found, codes, order, simple, starts, points):
    """The points of all contours, one contour after the other; simple: only those where the direction changes."""
    at = 0
    for k in range(order.size):
        i = order[k]
        n, x, y = found[i, STEPS], found[i, X], found[i, Y]
        if n == 0:
            points[at, 0], points[at, 1] = x, y
            at += 1
            continue
        chain = codes[starts[i] : starts[i] + n]
        previous = chain[n - 1]
        for j in range(n):
            s = chain[j]
            if not simple or s != previous:
                points[at, 0], points[at, 1] = x, y
                at += 1
            previous = s
            x += ((int32(DX_CODES) >> (2 * s)) & 3) - 1
            y += ((int32(DY_CODES) >> (2 * s)) & 3) - 1
