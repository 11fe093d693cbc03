"""Contours by Suzuki and Abe's border following: found row by row, kept as chains of directions, written as points.

A row is taken apart into runs of pixels that are not 0. The left end of a run starts an outer border unless it has been
marked by one, its right end the border of a hole unless it is marked as seen from the right. A border marks its pixels
with its number, negative where the pixel to the right is 0 and was looked at; so the last mark before a start tells the
border around it. One byte a step is kept, so that a contour costs little before its points are known to be wanted.
"""

import numpy as np
from numba import int8, int32, uint8

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel

EXTERNAL, LIST, CCOMP, TREE = 0, 1, 2, 3
FRAME = 1  # the number of the frame, and the mark of a pixel on which no border has been; borders are numbered from 2
X, Y, STEPS, PARENT, HOLE, FIELDS = 0, 1, 2, 3, 4, 5  # of a contour found
ROW, PENDING, AT, IS_HOLE, AROUND, COUNT, USED, STATES = 0, 1, 2, 3, 4, 5, 6, 7  # where the search stands
NO_ROOM = -1


@kernel
def mark_band(src, marks, y0, y1):
    """1 for each pixel of rows [y0, y1) that is not 0, in marks with a frame of 0 around them."""
    w = src.shape[1]
    like = marks[0, 0]
    for y in range(y0, y1):
        row, out = src[y], marks[y + 1][1:]
        for x in range(w):
            out[x] = typed.cast(typed.select(row[x] != 0, int8(1), int8(0)), like)
        marks[y + 1, 0] = 0
        marks[y + 1, w + 1] = 0


@kernel
def follow(flat, stride, start, hole, number, codes):
    """Mark a border and note the directions of its steps; their number, or NO_ROOM where codes are too few.

    Directions count from 0, to the right, counter-clockwise on the screen. Tracing again after NO_ROOM marks the same.
    """
    room = codes.size
    plus, minus = typed.cast(number, flat[0]), typed.cast(-number, flat[0])
    one = typed.cast(1, flat[0])
    first = 0 if hole else 4
    s = first
    while True:
        s = (s - 1) & 7
        last = start + step_of(s, stride)
        if flat[last] != 0:
            break
        if s == first:
            flat[start] = minus
            return 0
    here, count = start, 0
    while True:
        came_from = s
        while True:
            s = (s + 1) & 7
            after = here + step_of(s, stride)
            if flat[after] != 0:
                break
        if s != 0 and s <= came_from:
            flat[here] = minus
        elif flat[here] == one:
            flat[here] = plus
        if count == room:
            return NO_ROOM
        codes[count] = s
        count += 1
        if after == start and here == last:
            return count
        here = after
        s = (s + 4) & 7


@kernel
def step_of(s, stride):
    """How far the neighbour in direction s is in memory."""
    # Two bits each of dx + 1 and dy + 1, from direction 0 on.
    dx = ((0b1001000000011010 >> (2 * s)) & 3) - 1
    dy = ((0b1010100100000001 >> (2 * s)) & 3) - 1
    return dy * stride + dx


@kernel
def note(found, state, x, y, steps, parent, hole):
    """A contour found."""
    i = state[COUNT]
    found[i, X], found[i, Y], found[i, STEPS], found[i, PARENT], found[i, HOLE] = x, y, steps, parent, hole
    state[COUNT] = i + 1
    state[USED] += steps


@kernel
def parent_of(found, around, hole):
    """The border around a new one, -1 for the frame, when the last mark before it is of border ``around``."""
    if around == FRAME:
        return -1
    i = around - 2
    return i if (found[i, HOLE] != 0) != hole else found[i, PARENT]


@kernel
def search(src, marks, flat, flags, mode, codes, found, state):
    """Find contours from where the state says until the end, or until there is no room; whether it came to the end.

    marks: int8 for EXTERNAL and LIST, where all borders have one number, else int32. flags: w + 9 bytes of scratch.
    """
    h, w = src.shape
    stride = w + 2
    numbered = mode >= CCOMP
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
                wanted = (row[at] > 0 and mode != EXTERNAL) if hole else (row[at] == 1 and not inside)
                if state[PENDING]:
                    wanted = state[AT] == at and (state[IS_HOLE] != 0) == hole
                if wanted:
                    parent = np.int64(-1)
                    if state[PENDING]:
                        parent = state[AROUND]
                    elif numbered:
                        look = before
                        if hole:
                            look = at
                            while row[look] == 1:
                                look -= 1
                        parent = parent_of(found, abs(np.int64(row[look])) if look > 0 else FRAME, hole)
                        if mode == CCOMP and not hole:
                            parent = np.int64(-1)
                    state[ROW], state[AT], state[IS_HOLE], state[AROUND] = y, at, hole, parent
                    state[PENDING] = 1
                    if state[COUNT] == found.shape[0]:
                        return False
                    number = state[COUNT] + 2 if numbered else 2
                    steps = follow(flat, stride, (y + 1) * stride + at, hole, number, codes[state[USED] :])
                    if steps == NO_ROOM:
                        return False
                    state[PENDING] = 0
                    note(found, state, at - 1, y, steps, parent, hole)
                if hole:
                    before = x
                    if mode == EXTERNAL:
                        look = x
                        while look >= left and row[look] == 1:
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
            x += ((int32(0b1001000000011010) >> (2 * s)) & 3) - 1
            y += ((int32(0b1010100100000001) >> (2 * s)) & 3) - 1
