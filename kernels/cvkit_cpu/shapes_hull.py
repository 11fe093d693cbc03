"""Convex hulls of sorted points by Sklansky's algorithm in OpenCV's form.

Four chains go between the leftmost, lowest, rightmost and highest points, in OpenCV's own arithmetic: int32 differences
that wrap and int64 products, or directions in float32 and their products in float64.
"""

import math

from numba import float32, float64, int32, int64, types
from numba.extending import overload

from cvkit_cpu.jit import kernel
from cvkit_cpu.shapes_numbers import minus


@kernel
def sign(value):
    """-1, 0 or 1; 0 for NaN."""
    return int32(value > 0) - int32(value < 0)


def turn(ax, ay, bx, by):
    """Sign of the turn from direction a to direction b, as OpenCV rounds it."""


@overload(turn)
def _(ax, ay, bx, by):
    def exact(ax, ay, bx, by):
        return sign(int64(ay) * int64(bx) - int64(ax) * int64(by))

    def rounded(ax, ay, bx, by):
        a, b = float64(ax) * ax + float64(ay) * ay, float64(bx) * bx + float64(by) * by
        s = 1.0 / math.sqrt(a) if a != 0 else 0.0
        t = 1.0 / math.sqrt(b) if b != 0 else 0.0
        ux, uy, vx, vy = float32(ax * s), float32(ay * s), float32(bx * t), float32(by * t)
        return sign(float64(uy) * vx - float64(ux) * vy)

    return rounded if isinstance(ax, types.Float) else exact


@kernel
def chain(points, order, start, end, down, side, stack):
    """Places in ``order`` of a chain from one end to the other that turns to one side; their number.

    down: the sign of a step in y that the chain never takes. The stack's last three are the corner before, this corner
    and the next.
    """
    first, last = order[start], order[end]
    stack[0] = start
    if start == end or (points[first, 0] == points[last, 0] and points[first, 1] == points[last, 1]):
        return 1
    step = 1 if end > start else -1
    before, here, after = start, start + step, start + 2 * step
    stack[1], stack[2] = here, after
    n = 3
    stop = end + step
    while after != stop:
        p, q = order[here], order[after]
        by = minus(points[q, 1], points[p, 1])
        if sign(by) == down:
            after += step
            stack[n - 1] = after
            continue
        o = order[before]
        ax, ay = minus(points[p, 0], points[o, 0]), minus(points[p, 1], points[o, 1])
        bx = minus(points[q, 0], points[p, 0])
        if turn(ax, ay, bx, by) == side and (ax != 0 or ay != 0):
            before, here = here, after
            after += step
            stack[n] = after
            n += 1
        elif before == start:
            here = after
            stack[1] = here
            after += step
            stack[2] = after
        else:
            stack[n - 2] = after
            here = before
            before = stack[n - 4]
            n -= 1
    return n - 1


@kernel
def append_chains(first, n, second, m, hull, count):
    """The first chain without its end, then the second one backwards, without both of its ends but for that end."""
    for i in range(n - 1):
        hull[count] = first[i]
        count += 1
    for i in range(m - 1, 0, -1):
        hull[count] = second[i]
        count += 1
    return count


@kernel
def four_chains(points, order, clockwise, hull, one, other):
    """Places in ``order`` of the hull's corners; their number. hull, one and other have room for 4 more than order."""
    n = order.size
    zero = int64(0)  # as a literal it would be a type of its own, and each kernel that gets it be compiled twice
    lowest = highest = zero
    for i in range(1, n):
        y = points[order[i], 1]
        if y < points[order[lowest], 1]:
            lowest = i
        if y > points[order[highest], 1]:
            highest = i
    first, last = order[0], order[n - 1]
    if points[first, 0] == points[last, 0] and points[first, 1] == points[last, 1]:
        hull[0] = 0
        return 1
    count, stop = zero, -1
    for upper in (True, False):
        middle, down = (highest, -1) if upper else (lowest, 1)
        a = chain(points, order, zero, middle, down, -down, one)
        b = chain(points, order, n - 1, middle, down, down, other)
        swapped = clockwise != upper
        left, p, right, q = (other, b, one, a) if swapped else (one, a, other, b)
        if upper:
            if q > 2:
                stop = right[1]
            elif p > 2:
                stop = left[p - 2]
        elif stop >= 0:
            check = -1
            if p > 2:
                check = left[1]
            elif p + q > 2:
                check = right[2 - p]
            if check >= 0:
                c, s = order[check], order[stop]
                if check == stop or (points[c, 0] == points[s, 0] and points[c, 1] == points[s, 1]):
                    p, q = min(p, 2), min(q, 2)  # collinear: the way back has been gone
        count = append_chains(left, p, right, q, hull, count)
    return count


@kernel
def between(value, a, b):
    """Whether a value lies strictly between two others, in either order."""
    return (a < value and value < b) or (b < value and value < a)


@kernel
def settle_duplicates(points, order, places, hull):
    """Of equal points take the first whose index lies between the ones of its neighbours, where one does."""
    count, n = hull.size, order.size
    for i in range(count):
        a, b = hull[i - 1 if i > 0 else count - 1], hull[i + 1 if i < count - 1 else 0]
        if between(hull[i], a, b):
            continue
        x, y = points[hull[i], 0], points[hull[i], 1]
        j = places[i] + 1
        while j < n and points[order[j], 0] == x and points[order[j], 1] == y:
            if between(order[j], a, b):
                hull[i] = order[j]
                break
            j += 1


@kernel
def start_of_order(hull):
    """How far the hull is to be turned so that its indices ascend or descend from their end, 0 where they do not."""
    n = hull.size
    least = greatest = ascents = 0
    if n < 3:
        return 0
    for i in range(1, n):
        ascents += hull[i - 1] < hull[i]
        if ascents > 1 and ascents <= i - 2:
            break
        if hull[i] < hull[least]:
            least = i
        if hull[i] > hull[greatest]:
            greatest = i
    apart = abs(greatest - least)
    if (apart != 1 and apart != n - 1) or (ascents > 1 and ascents < n - 2):
        return 0
    ascending = (greatest + 1) % n == least
    start = least if ascending else greatest
    for i in range(n - 1):
        here, after = hull[(start + i) % n], hull[(start + i + 1) % n]
        if (here < after) != ascending:
            return 0
    return start


@kernel
def hull_of_sorted(points, order, clockwise, settled, result, scratch):
    """Indices of the hull's corners in OpenCV's order, in ``result``; their number. settled: see settle_duplicates.

    scratch has room for 12 more than three times the points.
    """
    room = order.size + 4
    places, one, other = scratch[:room], scratch[room : 2 * room], scratch[2 * room : 3 * room]
    count = four_chains(points, order, clockwise, places, one, other)
    hull = one[:count]
    for i in range(count):
        hull[i] = order[places[i]]
    if settled:
        settle_duplicates(points, order, places, hull)
    start = start_of_order(hull)
    for i in range(count):
        result[i] = hull[(start + i) % count]
    return count
