"""Areas and lengths of contours in OpenCV's order of summation, and curves of fewer points."""

import math

from numba import float32, float64

from cvkit_cpu.jit import kernel
from cvkit_cpu.linear_values import multiply
from cvkit_cpu.shapes_numbers import minus, plus

LENGTHS = 16  # lengths of segments that are summed from the last to the first


@kernel
def area(points):
    """Twice the signed area, of coordinates in float32."""
    n = points.shape[0]
    total = 0.0
    x0, y0 = float64(float32(points[n - 1, 0])), float64(float32(points[n - 1, 1]))
    for i in range(n):
        x, y = float64(float32(points[i, 0])), float64(float32(points[i, 1]))
        total += x0 * y - y0 * x
        x0, y0 = x, y
    return total


@kernel
def length(points, closed):
    """Sum of the segments' lengths, each in float32."""
    n = points.shape[0]
    if n < 2:
        return 0.0
    total = 0.0
    for start in range(0, n, LENGTHS):
        for i in range(min(start + LENGTHS, n) - 1, start - 1, -1):
            j = i - 1 if i > 0 else n - 1
            if i == 0 and not closed:
                j = 0
            dx = float32(points[i, 0]) - float32(points[j, 0])
            dy = float32(points[i, 1]) - float32(points[j, 1])
            total += math.sqrt(dx * dx + dy * dy)
    return total


@kernel
def gap(a, b):
    """a - b in the type of both, then in float64."""
    return float64(minus(a, b))


@kernel
def squared_gap(ax, ay, bx, by):
    """The squared distance of two points in the type of their coordinates; int32 wraps."""
    dx, dy = minus(ax, bx), minus(ay, by)
    return float64(plus(multiply(dx, dx), multiply(dy, dy)))


@kernel
def goes_on(ax, ay, bx, by, cx, cy):
    """Whether the way from a to b does not turn back from b to c, in the type of the coordinates; int32 wraps."""
    return plus(multiply(minus(bx, ax), minus(cx, bx)), multiply(minus(by, ay), minus(cy, by))) >= 0


@kernel
def farthest_from(points, pos):
    """The place, counted from pos on, of the first point that is farthest from point pos, and its squared distance."""
    n = points.shape[0]
    x, y = points[pos, 0], points[pos, 1]
    best, place = 0.0, 0
    j = pos
    for i in range(1, n):
        j = j + 1 if j + 1 < n else 0
        dx, dy = gap(points[j, 0], x), gap(points[j, 1], y)
        distance = dx * dx + dy * dy
        if distance > best:
            best, place = distance, i
    return place, best


@kernel
def keep_dominant(points, squared, closed, stack, kept):
    """Douglas and Peucker's choice of points; their number. stack: a row of two for each point and two more."""
    n = points.shape[0]
    count = top = 0
    around = closed
    rounds = 3
    if not closed:
        if points[0, 0] != points[n - 1, 0] or points[0, 1] != points[n - 1, 1]:
            stack[0, 0], stack[0, 1] = 0, n - 1
            top = 1
        else:
            around, rounds = True, 1
    if around:
        # From any point to the farthest, and from there again: two points far from each other.
        pos = step = 0
        best = 0.0
        for _ in range(rounds):
            pos = (pos + step) % n
            place, best = farthest_from(points, pos)
            # A round in which no point is away keeps the step of the one before.
            step = place if place > 0 else step
        if best <= squared:
            kept[0] = pos
            count = 1
        else:
            other = (pos + step) % n
            stack[0, 0], stack[0, 1] = other, pos
            stack[1, 0], stack[1, 1] = pos, other
            top = 2
    while top > 0:
        top -= 1
        start, end = stack[top, 0], stack[top, 1]
        x, y = points[start, 0], points[start, 1]
        dx, dy = gap(points[end, 0], x), gap(points[end, 1], y)
        square = dx * dx + dy * dy
        best, at = 0.0, start
        j = start + 1 if start + 1 < n else 0
        while start != end and j != end:
            # Squared distance to the segment, times the segment's squared length.
            ax, ay = gap(points[j, 0], x), gap(points[j, 1], y)
            along = ax * dx + ay * dy
            if along < 0:
                depth = squared_gap(points[j, 0], points[j, 1], x, y) * square
            elif along > square:
                depth = squared_gap(points[j, 0], points[j, 1], points[end, 0], points[end, 1]) * square
            else:
                across = ay * dx - ax * dy
                depth = across * across
            if depth > best:
                best, at = depth, j
            j = j + 1 if j + 1 < n else 0
        if start == end or best <= squared * square:
            kept[count] = start
            count += 1
        else:
            stack[top, 0], stack[top, 1] = at, end
            stack[top + 1, 0], stack[top + 1, 1] = start, at
            top += 2
    if not around:
        kept[count] = n - 1
        count += 1
    return count


@kernel
def drop_straight(points, squared, closed, kept):
    """Of kept points take out those on nearly straight, slanted lines between their neighbours; how many stay."""
    count = left = kept.size
    ends = 0 if closed else 1
    pos = count - 1 if closed else 0
    start = kept[pos]
    pos = pos + 1 if pos + 1 < count else 0
    to = pos
    middle = kept[pos]
    pos = pos + 1 if pos + 1 < count else 0
    i = ends
    while i < count - ends and left > 2:
        end = kept[pos]
        pos = pos + 1 if pos + 1 < count else 0
        dx = gap(points[end, 0], points[start, 0])
        dy = gap(points[end, 1], points[start, 1])
        ax = gap(points[middle, 0], points[start, 0])
        ay = gap(points[middle, 1], points[start, 1])
        depth = ax * dy - ay * dx
        straight = depth * depth <= 0.5 * squared * (dx * dx + dy * dy) and dx != 0 and dy != 0
        if straight and goes_on(
            points[start, 0],
            points[start, 1],
            points[middle, 0],
            points[middle, 1],
            points[end, 0],
            points[end, 1],
        ):
            left -= 1
            kept[to] = start = end
            to = to + 1 if to + 1 < count else 0
            middle = kept[pos]
            pos = pos + 1 if pos + 1 < count else 0
            i += 2
            continue
        kept[to] = start = middle
        to = to + 1 if to + 1 < count else 0
        middle = end
        i += 1
    if not closed:
        kept[to] = middle
    return left
