"""Borders of the regions of an image of labels, as OpenCV's border following for 32-bit images finds them.

A region is what hangs together, over corners too, under one label. Each stretch of a row under one label is looked at
where it starts: if no border has been on its first pixel, an outer border starts there, and before that, where none has
been on the last pixel of the stretch to the left either, the border of a hole starts on that one. The first pixel of a
stretch always lies on a border, and the last one that went over it tells what a hole lies in. The frame's label is 0,
and what hangs together with it counts as a region only where it starts to the right of a border.
"""

import numpy as np
from numba import int32, int64, uint64

from cvkit_cpu.contours_borders import (
    AROUND,
    AT,
    COUNT,
    FOUR,
    HOLE,
    IS_HOLE,
    NO_ROOM,
    ONE,
    PARENT,
    PENDING,
    ROW,
    SEVEN,
    USED,
    ZERO,
    neighbours,
    note,
)
from cvkit_cpu.jit import kernel

LIMIT = 1 << 30  # labels are below it
ON_BORDER, LABEL = int32(LIMIT), int32(LIMIT - 1)


@kernel
def frame_band(src, marks, y0, y1):
    """Rows [y0, y1) of the labels, with a frame of 0 around them in marks."""
    w = src.shape[1]
    for y in range(y0, y1):
        row, out = src[y], marks[y + 1][1:]
        for x in range(w):
            out[x] = row[x]
        marks[y + 1, 0] = 0
        marks[y + 1, w + 1] = 0


@kernel
def follow_label(flat, owners, steps, start, hole, number, codes):
    """Mark the border of a region, make it the last one that went over its pixels, and note the directions of its
    steps; their number, or NO_ROOM where codes are too few.

    Tracing again after NO_ROOM marks the same.
    """
    room = uint64(codes.size)
    origin = uint64(start)
    label = flat[origin] & LABEL
    first = ZERO if hole else FOUR
    s = first
    flat[origin] |= ON_BORDER
    owners[origin] = number
    while True:
        s = (s - ONE) & SEVEN
        last = origin + steps[s]
        if flat[last] & LABEL == label:
            break
        if s == first:
            return 0
    here, count = origin, ZERO
    while True:
        s += ONE
        while flat[here + steps[s]] & LABEL != label:
            s += ONE
        after = here + steps[s]
        s &= SEVEN
        flat[here] |= ON_BORDER
        owners[here] = number
        if count == room:
            return NO_ROOM
        codes[count] = s
        count += ONE
        if after == origin and here == last:
            return int64(count)
        here = after
        s ^= FOUR


@kernel
def search_labels(src, flat, owners, steps, codes, found, state):
    """Find contours from where the state says until the end, or until there is no room; whether it came to the end.

    flat, owners: a mark and the last border of each pixel, with a frame around the image; steps: 16 places.
    """
    h, w = src.shape
    stride = w + 2
    neighbours(stride, steps)
    y = state[ROW]
    while y < h:
        row, marks = src[y], flat[(y + 1) * stride : (y + 2) * stride]
        before, left = int32(0), 0
        for x in range(w):
            label = row[x]
            if label == before:
                continue
            before = label
            here = x + 1
            for hole in range(1, -1, -1):
                at = here - hole
                wanted = marks[here] < ON_BORDER and (hole == 0 or (marks[at] < ON_BORDER and marks[at] != 0))
                if state[PENDING]:
                    wanted = state[AT] == at and state[IS_HOLE] == hole
                if not wanted:
                    continue
                parent = np.int64(-1)
                if state[PENDING]:
                    parent = state[AROUND]
                elif hole:
                    parent = np.int64(owners[(y + 1) * stride + left])
                    if found[parent, HOLE] != 0:
                        parent = np.int64(found[parent, PARENT])
                state[ROW], state[AT], state[IS_HOLE], state[AROUND] = y, at, hole, parent
                state[PENDING] = 1
                if state[COUNT] == found.shape[0]:
                    return False
                room = codes[state[USED] :]
                taken = follow_label(flat, owners, steps, (y + 1) * stride + at, hole != 0, state[COUNT], room)
                if taken == NO_ROOM:
                    return False
                state[PENDING] = 0
                note(found, state, at - 1, y, taken, parent, hole)
            left = here
        y += 1
    state[ROW] = h
    return True
