"""Bounds, moments and defects of contours, in OpenCV's order of summation."""

import math

import numpy as np
from numba import float64, int64

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel

FLT_EPSILON = 2.0**-23
RISING, FALLING, TO_AND_FRO, BEYOND = 0, 1, 2, 3


@kernel
def bounds(points, result):
    """Least and greatest x, then y."""
    x0 = x1 = points[0, 0]
    y0 = y1 = points[0, 1]
    for i in range(points.shape[0]):
        x, y = points[i, 0], points[i, 1]
        x0, x1 = typed.select(x < x0, x, x0), typed.select(x > x1, x, x1)
        y0, y1 = typed.select(y < y0, y, y0), typed.select(y > y1, y, y1)
    result[0], result[1], result[2], result[3] = x0, x1, y0, y1


@kernel
def contour_sums(points, m):
    """Moments of the area within a contour up to the third order, by Green's theorem, positive whichever way it goes.

    m: m00 m10 m01 m20 m11 m02 m30 m21 m12 m03. All stay 0 where the area is about 0.
    """
    n = points.shape[0]
    a00 = a10 = a01 = a20 = a11 = a02 = a30 = a21 = a12 = a03 = 0.0
    x0, y0 = float64(points[n - 1, 0]), float64(points[n - 1, 1])
    xx0, yy0 = x0 * x0, y0 * y0
    for i in range(n):
        x, y = float64(points[i, 0]), float64(points[i, 1])
        xx, yy = x * x, y * y
        d = x0 * y - x * y0
        sx, sy = x0 + x, y0 + y
        a00 += d
        a10 += d * sx
        a01 += d * sy
        a20 += d * (x0 * sx + xx)
        a11 += d * (x0 * (sy + y0) + x * (sy + y))
        a02 += d * (y0 * sy + yy)
        a30 += d * sx * (xx0 + xx)
        a03 += d * sy * (yy0 + yy)
        a21 += d * (xx0 * (3 * y0 + y) + 2 * x * x0 * sy + xx * (y0 + 3 * y))
        a12 += d * (yy0 * (3 * x0 + x) + 2 * y * y0 * sx + yy * (x0 + 3 * x))
        x0, y0, xx0, yy0 = x, y, xx, yy
    for i in range(10):
        m[i] = 0
    if abs(a00) <= FLT_EPSILON:
        return
    s = 1.0 if a00 > 0 else -1.0
    m[0] = a00 * (s * 0.5)
    m[1], m[2] = a10 * (s * 0.16666666666666666666666666666667), a01 * (s * 0.16666666666666666666666666666667)
    twelfth, last = s * 0.083333333333333333333333333333333, s * 0.016666666666666666666666666666667
    m[3], m[4], m[5] = a20 * twelfth, a11 * (s * 0.041666666666666666666666666666667), a02 * twelfth
    m[6], m[7], m[8], m[9] = a30 * (s * 0.05), a21 * last, a12 * last, a03 * (s * 0.05)


@kernel
def complete_moments(m):
    """m[10:17], the central moments of second and third order, and m[17:24], the normalised ones."""
    m00, m10, m01 = m[0], m[1], m[2]
    inverse = cx = cy = 0.0
    if abs(m00) > 2.0**-52:
        inverse = 1.0 / m00
        cx, cy = m10 * inverse, m01 * inverse
    mu20, mu11, mu02 = m[3] - m10 * cx, m[4] - m10 * cy, m[5] - m01 * cy
    twice = mu11 + mu11
    m[10], m[11], m[12] = mu20, mu11, mu02
    m[13] = m[6] - cx * (3 * mu20 + cx * m10)
    m[14] = m[7] - cx * (twice + cx * m01) - cy * mu20
    m[15] = m[8] - cy * (twice + cy * m10) - cx * mu02
    m[16] = m[9] - cy * (3 * mu02 + cy * m01)
    second = inverse * inverse
    third = second * math.sqrt(abs(inverse))
    for i in range(3):
        m[17 + i] = m[10 + i] * second
    for i in range(4):
        m[20 + i] = m[13 + i] * third


@kernel
def order_of_indices(hull, n):
    """RISING or FALLING where indices below n rise or fall, but for one step, around the hull; else what is wrong."""
    rising = falling = 0
    previous = hull[hull.size - 1]
    for i in range(hull.size):
        here = hull[i]
        if here < 0 or here >= n:
            return BEYOND
        rising += here > previous
        falling += here < previous
        previous = here
    if rising + falling < hull.size or min(rising, falling) != 1:
        return TO_AND_FRO
    return RISING if falling == 1 else FALLING


@kernel
def defects(points, hull, backwards, result):
    """Deepest point between each two neighbours of the hull: start, end, farthest and 256 times the depth; how many.

    backwards: the hull goes against the order of the points.
    """
    n, corners = points.shape[0], hull.size
    count = 0
    here = hull[0] if backwards else hull[corners - 1]
    for i in range(corners):
        after = hull[corners - 1 - i] if backwards else hull[i]
        x, y = points[here, 0], points[here, 1]
        dx, dy = float64(int64(points[after, 0]) - x), float64(int64(points[after, 1]) - y)
        scale = 0.0 if dx == 0 and dy == 0 else 1.0 / math.sqrt(dx * dx + dy * dy)
        deepest, farthest = 0.0, -1
        j = here
        while True:
            j += 1
            if j >= n:
                j = 0
            if j == after:
                break
            across = float64(int64(points[j, 0]) - x)
            down = float64(int64(points[j, 1]) - y)
            depth = abs(-dy * across + dx * down) * scale
            if depth > deepest:
                deepest, farthest = depth, j
        if farthest >= 0:
            result[count, 0], result[count, 1], result[count, 2] = here, after, farthest
            result[count, 3] = np.int64(np.rint(deepest * 256))
            count += 1
        here = after
    return count
