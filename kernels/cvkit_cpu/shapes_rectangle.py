"""The rectangle of least area around a convex polygon, by rotating calipers in OpenCV's float32."""

import math

from numba import float32, float64

from cvkit_cpu.jit import kernel


@kernel
def calipers(hull, edges, inverse, found):
    """A corner of the rectangle of least area around a hull of three points or more, and the two sides from there.

    Four lines at right angles touch the hull, and turn around it to the nearest edge at a time. edges:
    (K, 2) and inverse: (K,) of scratch; found: 6 values.
    """
    n = hull.shape[0]
    bottom = right = top = left = 0
    for i in range(n):
        j = i + 1 if i + 1 < n else 0
        dx, dy = hull[j, 0] - hull[i, 0], hull[j, 1] - hull[i, 1]
        edges[i, 0], edges[i, 1] = dx, dy
        inverse[i] = float32(1.0 / math.sqrt(float64(dx) * dx + float64(dy) * dy))
        if hull[i, 0] < hull[left, 0]:
            left = i
        if hull[i, 0] > hull[right, 0]:
            right = i
        if hull[i, 1] > hull[top, 1]:
            top = i
        if hull[i, 1] < hull[bottom, 1]:
            bottom = i
    # The first line lies along (a, b), which points so that the polygon turns to its left or, if it goes the other way,
    # to its right.
    a, b = float32(0), float32(0)
    for i in range(n):
        j = i - 1 if i > 0 else n - 1
        cross = float64(edges[j, 0]) * edges[i, 1] - float64(edges[j, 1]) * edges[i, 0]
        if cross != 0:
            a = float32(1) if cross > 0 else float32(-1)
            break
    least = float32(math.inf)
    for _ in range(n):
        # Of the edges that the lines come to next, turned back to the first line, the one that is least ahead.
        turned, side = bottom, 0
        x, y = edges[bottom, 0], edges[bottom, 1]
        for k in range(1, 4):
            if k == 1:
                i, u, v = right, edges[right, 1], -edges[right, 0]
            elif k == 2:
                i, u, v = top, -edges[top, 0], -edges[top, 1]
            else:
                i, u, v = left, -edges[left, 1], edges[left, 0]
            if v * x - u * y < 0:
                turned, side, x, y = i, k, u, v
        x, y = edges[turned, 0] * inverse[turned], edges[turned, 1] * inverse[turned]
        after = turned + 1 if turned + 1 < n else 0
        if side == 0:
            a, b, bottom = x, y, after
        elif side == 1:
            a, b, right = y, -x, after
        elif side == 2:
            a, b, top = -x, -y, after
        else:
            a, b, left = -y, x, after
        width = (hull[right, 0] - hull[left, 0]) * a + (hull[right, 1] - hull[left, 1]) * b
        height = -(hull[top, 0] - hull[bottom, 0]) * b + (hull[top, 1] - hull[bottom, 1]) * a
        if width * height <= least:
            least = width * height
            c, d = a * hull[left, 0] + hull[left, 1] * b, -b * hull[bottom, 0] + hull[bottom, 1] * a
            scale = float32(1) / (a * a - b * -b)
            found[0], found[1] = (c * a - d * b) * scale, (a * d - -b * c) * scale
            found[2], found[3] = a * width, b * width
            found[4], found[5] = -b * height, a * height
