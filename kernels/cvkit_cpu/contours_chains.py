"""Dominant points of closed chains by Teh and Chin's algorithm, in OpenCV's form."""

import math

import numpy as np
from numba import float32, float64

from cvkit_cpu.jit import kernel

L1, COSINE = 3, 4  # cv2's numbers of the methods
ADDED = 1.1  # to cosines, so that they are positive


@kernel
def around(i, n):
    """The index i of a chain of n points, from -n to 2 n - 1, within it."""
    if i < 0:
        return i + n
    return i - n if i >= n else i


@kernel
def support(x, y, i):
    """How many steps to either side of point i a line between them still leaves it."""
    n = x.size
    before, depth_before = np.int64(0), np.int64(0)
    k = 1
    while True:
        a, b = around(i - k, n), around(i + k, n)
        dx, dy = np.int64(x[b] - x[a]), np.int64(y[b] - y[a])
        square = dx * dx + dy * dy
        depth = (x[i] - x[a]) * dy - (y[i] - y[a]) * dx
        if k > 1:
            change = float32(float64(depth_before) * square - float64(depth) * before)
            if before >= square or (depth_before > 0 and change <= 0) or (depth_before < 0 and change >= 0):
                return k - 1
        before, depth_before = square, depth
        k += 1


@kernel
def cosine(x, y, i, reach):
    """The largest cosine at point i, with ADDED, from ``reach`` steps inwards as long as it grows."""
    n = x.size
    best = float32(0)
    for j in range(reach, 0, -1):
        a, b = around(i - j, n), around(i + j, n)
        ax, ay = np.int64(x[a] - x[i]), np.int64(y[a] - y[i])
        bx, by = np.int64(x[b] - x[i]), np.int64(y[b] - y[i])
        if (ax == 0 and ay == 0) or (bx == 0 and by == 0):
            break
        squares = (float64(ax) * ax + float64(ay) * ay) * (float64(bx) * bx + float64(by) * by)
        value = float32(float64(float32(float64(ax * bx + ay * by) / math.sqrt(squares))) + ADDED)
        if j < reach and value <= best:
            break
        best = value
    return best


@kernel
def dominant_points(chain, x0, y0, method, x, y, bend, reach, kept):
    """Indices of the dominant points in ``kept``, their number; x and y get all points of the chain, bend and reach are
    scratch. kept has room for one more than there are points.

    bend is 0 where a point is not, or no longer, wanted.
    """
    n = chain.size
    previous = np.int64(chain[n - 1])
    for i in range(n):
        s = np.int64(chain[i])
        x[i], y[i] = x0, y0
        turn = abs(s - previous)
        bend[i] = min(turn, 8 - turn)
        previous = s
        x0 += ((0b1001000000011010 >> (2 * s)) & 3) - 1
        y0 += ((0b1010100100000001 >> (2 * s)) & 3) - 1
    count = 0
    for i in range(n):
        if bend[i] != 0:
            kept[count] = i
            count += 1
    for c in range(count):
        i = kept[c]
        reach[i] = support(x, y, i)
        if method == COSINE:
            bend[i] = cosine(x, y, i, reach[i])
    count = keep_largest(bend, reach, kept[:count])
    count = keep_lone(bend, reach, kept[:count])
    return part_neighbours(bend, reach, kept, count) if method == L1 else count


@kernel
def keep_largest(bend, reach, kept):
    """Of the kept points leave those than which none within half their reach bends more."""
    n, count = bend.size, 0
    for c in range(kept.size):
        i = kept[c]
        largest = True
        for j in range(1, (reach[i] >> 1) + 1):
            if bend[around(i - j, n)] > bend[i] or bend[around(i + j, n)] > bend[i]:
                largest = False
                break
        if largest:
            kept[count] = i
            count += 1
        else:
            bend[i] = 0
    return count


@kernel
def keep_lone(bend, reach, kept):
    """Of those that reach one step leave the ones that bend more than both neighbours."""
    n, count = bend.size, 0
    for c in range(kept.size):
        i = kept[c]
        if reach[i] == 1 and (bend[i] <= bend[around(i - 1, n)] or bend[i] <= bend[around(i + 1, n)]):
            bend[i] = 0
        else:
            kept[count] = i
            count += 1
    return count


@kernel
def part_neighbours(bend, reach, kept, count):
    """Of points in a row leave the first and the last, of two the one that bends more; the row may go over the start.

    As OpenCV does it, a first row of more that holds point 0 or comes after it keeps its second as well; points in a
    row from 0 on all stay if the chain's last point does; and if just 0 and the last point are in a row, 0 stays and
    stands at the end again where it bends more than the last.
    """
    n = bend.size
    start = 0
    if count > 1 and kept[0] == 0 and kept[count - 1] == n - 1:
        while start + 1 < count and kept[start + 1] == start + 1:
            start += 1
        if start + 1 == count:
            return count
        last = count - 1
        while kept[last - 1] == kept[last] - 1:
            last -= 1
        if start == 0 and last == count - 1:
            start = 1
            kept[count] = 0
            count += 1
        else:
            count = last + 1
    from_zero = kept[0] == 0
    out = c = start
    while c < count:
        end = c
        while end + 1 < count and kept[end + 1] == (kept[end] + 1) % n:
            end += 1
        a, b = kept[c], kept[end]
        second = kept[min(c + 1, end)]
        if end == c + 1:
            a = b if bend[a] < bend[b] or (bend[a] == bend[b] and reach[a] > reach[b]) else a
        kept[out] = a
        out += 1
        if end > c + 1:
            if c == start and from_zero:
                kept[out] = second
                out += 1
            kept[out] = b
            out += 1
        c = end + 1
    return out


@kernel
def thin_out(found, codes, order, method, starts, ends, points, x, y, bend, reach, kept):
    """The dominant points of all contours, one after the other, in ``points``, and where each one's end; the number."""
    total = np.int64(0)
    for k in range(order.size):
        i = order[k]
        n, x0, y0 = found[i, 2], found[i, 0], found[i, 1]
        if n == 0:
            points[total, 0], points[total, 1] = x0, y0
            total += 1
        else:
            chain = codes[starts[i] : starts[i] + n]
            count = dominant_points(chain, x0, y0, method, x[:n], y[:n], bend[:n], reach[:n], kept)
            for c in range(count):
                points[total, 0], points[total, 1] = x[kept[c]], y[kept[c]]
                total += 1
        ends[k] = total
    return total
