"""Moments of images and bounds of masks."""

from numba import float64, int64, types
from numba.extending import overload

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel

TILE = 32  # OpenCV sums over tiles of this side, then over tiles


@kernel
def any_pixel(row):
    """Whether a pixel of the row is not 0."""
    found = row[0] & 0
    for x in range(row.size):
        found = typed.bit_or(typed.cast(found, row[0]), row[x])
    return found != 0


@kernel
def mask_bounds(mask, result):
    """Least and greatest x, then y, of pixels that are not 0; whether there are any.

    Rows from above and below until one has a pixel, then of each row between only what may widen the rectangle.
    """
    h, w = mask.shape
    top, bottom = 0, h - 1
    while top < h and not any_pixel(mask[top]):
        top += 1
    if top == h:
        return False
    while not any_pixel(mask[bottom]):
        bottom -= 1
    left, right = w, -1
    for y in range(top, bottom + 1):
        row = mask[y]
        x = 0
        while x < left and row[x] == 0:
            x += 1
        left = x
        x = w - 1
        while x > right and row[x] == 0:
            x -= 1
        right = x
    result[0], result[1], result[2], result[3] = left, right, top, bottom
    return True


def exact(value, like):
    """A pixel in the type in which a tile is summed."""


@overload(exact)
def _(value, like):
    if isinstance(like, types.Float):
        return lambda value, like: float64(value)
    return lambda value, like: int64(value)


@kernel
def tile_sums(src, y0, x0, y1, x1, binary, sums, m):
    """Moments of a tile about its own corner in ``m``, 10 of them.

    sums: four rows of TILE; integers are added in any order, floats along rows from the left, then down.
    """
    zero = sums[0, 0] * 0
    s00 = s10 = s01 = s20 = s11 = s02 = s30 = s21 = s12 = s03 = zero
    for y in range(y0, y1):
        row = src[y][x0:x1]
        a = b = c = d = zero
        for x in range(x1 - x0):
            value = exact(row[x], zero)
            if binary:
                value = exact(255 if row[x] != 0 else 0, zero)
            first = x * value
            second = first * x
            a += value
            b += first
            c += second
            d += second * x
        down = y - y0
        square = down * down
        s00 += a
        s10 += b
        s01 += down * a
        s20 += c
        s11 += b * down
        s02 += a * square
        s30 += d
        s21 += c * down
        s12 += b * square
        s03 += down * a * square
    m[0], m[1], m[2], m[3], m[4] = s00, s10, s01, s20, s11
    m[5], m[6], m[7], m[8], m[9] = s02, s30, s21, s12, s03


@kernel
def image_sums(src, binary, sums, m):
    """Moments of an image up to the third order, from those of its tiles; binary: pixels count as 0 or 1."""
    h, w = src.shape
    tile = m[10:20]
    for i in range(10):
        m[i] = 0
    for y0 in range(0, h, TILE):
        for x0 in range(0, w, TILE):
            tile_sums(src, y0, x0, min(y0 + TILE, h), min(x0 + TILE, w), binary, sums, tile)
            if binary:
                for i in range(10):
                    tile[i] *= 1.0 / 255.0
            x, y = float64(x0), float64(y0)
            t00, t10, t01, t20, t11, t02 = tile[0], tile[1], tile[2], tile[3], tile[4], tile[5]
            along, down = x * t00, y * t00
            m[0] += t00
            m[1] += t10 + along
            m[2] += t01 + down
            m[3] += t20 + x * (t10 * 2 + along)
            m[4] += t11 + x * (t01 + down) + y * t10
            m[5] += t02 + y * (t01 * 2 + down)
            m[6] += tile[6] + x * (3 * t20 + x * (3 * t10 + along))
            m[7] += tile[7] + x * (2 * (t11 + y * t10) + x * (t01 + down)) + y * t20
            m[8] += tile[8] + y * (2 * (t11 + x * t01) + y * (t10 + along)) + x * t02
            m[9] += tile[9] + y * (3 * t02 + y * (3 * t01 + down))
