"""Derivatives of uint8 in int16 on the CPU with 5 x 5 weights: down the columns, then along the row."""

from numba import int16

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel
from cvkit_cpu.rows import fill_ends, row_at
from cvkit_cpu.views import get, put


@kernel
def smooth_columns5(src, outside, y, border, line):
    """[1 4 6 4 1] down the columns."""
    a, b, c = row_at(src, outside, y - 2, border), row_at(src, outside, y - 1, border), src[y]
    d, e = row_at(src, outside, y + 1, border), row_at(src, outside, y + 2, border)
    for x in range(c.size):
        far = typed.add(int16(get(a, x)), int16(get(e, x)))
        near = typed.add(int16(get(b, x)), int16(get(d, x)))
        middle = typed.mul(int16(6), int16(get(c, x)))
        put(line, x, typed.add(typed.add(far, middle), typed.shl(near, int16(2))))


@kernel
def slope_columns5(src, outside, y, border, line):
    """[-1 -2 0 2 1] down the columns."""
    a, b = row_at(src, outside, y - 2, border), row_at(src, outside, y - 1, border)
    d, e = row_at(src, outside, y + 1, border), row_at(src, outside, y + 2, border)
    for x in range(a.size):
        far = typed.sub(int16(get(e, x)), int16(get(a, x)))
        near = typed.sub(int16(get(d, x)), int16(get(b, x)))
        put(line, x, typed.add(far, typed.add(near, near)))


@kernel
def slope_along5(line, cn, out):
    """[-1 -2 0 2 1] along the row."""
    l1, l3, l4 = line[cn:], line[3 * cn :], line[4 * cn :]
    for x in range(out.size):
        near = typed.sub(get(l3, x), get(l1, x))
        put(out, x, typed.add(typed.sub(get(l4, x), get(line, x)), typed.add(near, near)))


@kernel
def smooth_along5(line, cn, out):
    """[1 4 6 4 1] along the row."""
    l1, l2, l3, l4 = line[cn:], line[2 * cn :], line[3 * cn :], line[4 * cn :]
    for x in range(out.size):
        far, near = typed.add(get(line, x), get(l4, x)), typed.add(get(l1, x), get(l3, x))
        put(out, x, typed.add(typed.add(far, typed.mul(int16(6), get(l2, x))), typed.shl(near, int16(2))))


@kernel
def sobel5_row(src, outside, cn, border, down, y, line, out):
    """Row y of the first derivative with 5 x 5 weights. line: a row with two pixels more at either end.

    Sums down the columns are at most 16 * 255, those of both passes 48 * 255.
    """
    inner = line[2 * cn : 2 * cn + out.size]
    if down:
        slope_columns5(src, outside, y, border, inner)
    else:
        smooth_columns5(src, outside, y, border, inner)
    fill_ends(line, 2 * cn, cn, border)
    if down:
        smooth_along5(line, cn, out)
    else:
        slope_along5(line, cn, out)


@kernel
def sobel5_band(src, outside, cn, border, down, dst, line, y0, y1):
    """Rows [y0, y1) of the first derivative with 5 x 5 weights, along the rows or down the columns."""
    for y in range(y0, y1):
        sobel5_row(src, outside, cn, border, down, y, line, dst[y])


@kernel
def laplacian_along5(smooth, second, cn, out):
    """[1 0 -2 0 1] along a row that is smoothed down the columns, and [1 4 6 4 1] along one of second derivatives."""
    s2, s4 = smooth[2 * cn :], smooth[4 * cn :]
    t1, t2, t3, t4 = second[cn:], second[2 * cn :], second[3 * cn :], second[4 * cn :]
    for x in range(out.size):
        across = typed.sub(typed.add(get(smooth, x), get(s4, x)), typed.shl(get(s2, x), int16(1)))
        far, near = typed.add(get(second, x), get(t4, x)), typed.add(get(t1, x), get(t3, x))
        down = typed.add(typed.add(far, typed.mul(int16(6), get(t2, x))), typed.shl(near, int16(2)))
        put(out, x, typed.add(across, down))


@kernel
def second_columns5(src, outside, y, border, line):
    """[1 0 -2 0 1] down the columns."""
    a, b, c = row_at(src, outside, y - 2, border), src[y], row_at(src, outside, y + 2, border)
    for x in range(b.size):
        far = typed.add(int16(get(a, x)), int16(get(c, x)))
        put(line, x, typed.sub(far, typed.shl(int16(get(b, x)), int16(1))))


@kernel
def laplacian5_band(src, outside, cn, border, dst, lines, y0, y1):
    """Rows [y0, y1) of the Laplacian with 5 x 5 weights, at most 2 * 32 * 255. lines: two rows as for sobel5_row."""
    n = src.shape[1]
    smooth, second = lines[0], lines[1]
    for y in range(y0, y1):
        smooth_columns5(src, outside, y, border, smooth[2 * cn : 2 * cn + n])
        second_columns5(src, outside, y, border, second[2 * cn : 2 * cn + n])
        fill_ends(smooth, 2 * cn, cn, border)
        fill_ends(second, 2 * cn, cn, border)
        laplacian_along5(smooth, second, cn, dst[y])
