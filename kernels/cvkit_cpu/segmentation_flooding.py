"""Flooding from markers (F. Meyer, Color image segmentation, ICIP 1992).

Pixels wait in 256 queues, by how much they differ from the labelled neighbour that has queued them. The lowest queue
that is not empty gives its oldest pixel, which takes the label of its neighbours, or becomes a border where they bear
two. Each step depends on all steps before it.
"""

from numba import int32, uint64

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel
from cvkit_cpu.regions_bits import lowest

BORDER, WAITING = int32(-1), int32(-2)
LEVELS = 256
CHUNK = 64
NONE, ONE = uint64(0), uint64(1)


@kernel
def distance(a, b):
    """|a - b| of bytes."""
    return typed.sub(typed.maximum(a, b), typed.minimum(a, b))


@kernel
def differences(here, other, cn, each, row):
    """The largest difference over the channels of two rows of pixels; each: scratch, a row of values."""
    if cn == 1:
        for x in range(row.size):
            row[x] = distance(here[x], other[x])
        return
    for x in range(3 * row.size):
        each[x] = distance(here[x], other[x])
    for x in range(row.size):
        row[x] = typed.maximum(typed.maximum(each[3 * x], each[3 * x + 1]), each[3 * x + 2])


@kernel
def costs_band(src, cn, markers, dst, across, down, each, y0, y1):
    """Rows [y0, y1): costs between a pixel and the next one to the right and below, and the labels to start with.

    across, down: flat, a byte a pixel; the last of a row and the last row cost nothing and are never asked for.
    """
    h, w = dst.shape
    for y in range(y0, y1):
        here = src[y]
        start = y * w
        if w > 1:
            differences(here[: (w - 1) * cn], here[cn:], cn, each, across[start : start + w - 1])
        if y + 1 < h:
            differences(here, src[y + 1], cn, each, down[start : start + w])
        given, row = markers[y], dst[y]
        if y == 0 or y == h - 1:
            row[:] = BORDER
            continue
        for x in range(w):
            row[x] = typed.maximum(given[x], int32(0))
        row[0] = BORDER
        row[w - 1] = BORDER


@kernel
def push(level, pixel, items, links, put, busy, spare):
    """Put a pixel at the end of a queue: a list of chunks of CHUNK places. spare holds chunks that nobody uses.

    busy: a bit for each queue that is not empty.
    """
    at = put[level]
    items[at] = pixel
    at += 1
    if at & (CHUNK - 1) == 0:
        chunk = spare[spare[0]]
        spare[0] -= 1
        links[(at - 1) // CHUNK] = chunk
        at = chunk * CHUNK
    put[level] = at
    busy[level >> 6] = busy[level >> 6] | (ONE << uint64(level & 63))


@kernel
def cheapest(labels, across, down, p, w):
    """The least cost between pixel p and a neighbour that bears a label; 256 without one."""
    best = 256
    if labels[p - 1] > 0:
        best = min(best, int32(across[p - 1]))
    if labels[p + 1] > 0:
        best = min(best, int32(across[p]))
    if labels[p - w] > 0:
        best = min(best, int32(down[p - w]))
    if labels[p + w] > 0:
        best = min(best, int32(down[p]))
    return best


@kernel
def flood(labels, across, down, h, w, items, links, spare, put, got, busy):
    """Flood the labels of an image of at least 3 x 3 pixels from what they are at first.

    items: CHUNK places for each chunk; links: the chunk after each; spare: how many are spare, then which; put, got:
    where each queue ends and starts, level * CHUNK at first.
    """
    for y in range(1, h - 1):
        above, here, below = labels[(y - 1) * w :], labels[y * w :], labels[(y + 1) * w :]
        for x in range(1, w - 1):
            if here[x] == 0 and max(max(here[x - 1], here[x + 1]), max(above[x], below[x])) > 0:
                p = y * w + x
                labels[p] = WAITING
                push(cheapest(labels, across, down, p, w), p, items, links, put, busy, spare)
    while True:
        k = 0
        while k < 4 and busy[k] == NONE:
            k += 1
        if k == 4:
            return
        level = 64 * k + lowest(busy[k])
        at = got[level]
        p = items[at]
        at += 1
        if at & (CHUNK - 1) == 0:
            chunk = (at - 1) // CHUNK
            at = links[chunk] * CHUNK
            spare[0] += 1
            spare[spare[0]] = chunk
        got[level] = at
        if at == put[level]:
            busy[k] = busy[k] & ~(ONE << uint64(level & 63))
        left, right, up, under = labels[p - 1], labels[p + 1], labels[p - w], labels[p + w]
        most = typed.maximum(typed.maximum(left, right), typed.maximum(up, under))
        a = typed.select(left > 0, left, most)
        b = typed.select(right > 0, right, most)
        c = typed.select(up > 0, up, most)
        d = typed.select(under > 0, under, most)
        if typed.minimum(typed.minimum(a, b), typed.minimum(c, d)) != most:
            labels[p] = BORDER
            continue
        labels[p] = most
        if left == 0:
            labels[p - 1] = WAITING
            push(across[p - 1], p - 1, items, links, put, busy, spare)
        if right == 0:
            labels[p + 1] = WAITING
            push(across[p], p + 1, items, links, put, busy, spare)
        if up == 0:
            labels[p - w] = WAITING
            push(down[p - w], p - w, items, links, put, busy, spare)
        if under == 0:
            labels[p + w] = WAITING
            push(down[p], p + w, items, links, put, busy, spare)
