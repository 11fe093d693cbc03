"""Rows on the way from an image to its structure tensor: derivatives, their products, and sums over windows.

Everything is in float32 but the sums, which are in float64, and each rounding stands where OpenCV has it.
"""

from cvkit_math.borders import CONSTANT, source_index
from numba import float32, float64

from cvkit_cpu.jit import inlined, kernel
from cvkit_cpu.linear_passes import fill_stretch
from cvkit_cpu.linear_values import multiply_add
from cvkit_cpu.views import get, put


@kernel
def filter_row_u8(row, c0, border, side, centre, slope, smooth):
    """A row of the image from column c0 on: differences of the neighbours on either side, and the sums of each pixel
    and its neighbours with the weights side, centre, side, fused up to a multiple of 32.
    """
    w, n = row.size, slope.size
    start = 1 if c0 == 0 else 0
    front = min(max(w // 32 * 32 - c0, start), n - 1)
    if front > start:
        pixels, differences, sums = row[c0 + start - 1 :], slope[start:front], smooth[start:front]
        for x in range(differences.size):
            a, b, c = float32(get(pixels, x)), float32(get(pixels, x + 1)), float32(get(pixels, x + 2))
            put(differences, x, c - a)
            put(sums, x, multiply_add(side, c, multiply_add(centre, b, a * side)))
    for i in range(start + n - front):
        x = i if i < start else front + i - start
        a, b, c = float32(0), float32(row[c0 + x]), float32(0)
        if border != CONSTANT or c0 + x > 0:
            a = float32(row[source_index(c0 + x - 1, w, border)])
        if border != CONSTANT or c0 + x < w - 1:
            c = float32(row[source_index(c0 + x + 1, w, border)])
        slope[x] = c - a
        if c0 + x < w // 32 * 32:
            smooth[x] = multiply_add(side, c, multiply_add(centre, b, a * side))
        else:
            smooth[x] = (a * side + b * centre) + c * side


@kernel
def filter_row_f32(row, c0, border, side, centre, t, slope, smooth):
    """From a padded copy; the last element of a row of odd length is left over from pairs, and rounded another way."""
    n = slope.size
    fill_stretch(row, 1, c0 - 1, n + 2, border, t)
    for x in range(n):
        a, b, c = get(t, x), get(t, x + 1), get(t, x + 2)
        put(slope, x, c - a)
        put(smooth, x, multiply_add(b, centre, (a + c) * side))
    if row.size % 2 and c0 + n == row.size:
        smooth[n - 1] = multiply_add(side, t[n + 1] + t[n - 1], centre * t[n])


@kernel
def multiply_3(rings, y, side, centre, products, first, n):
    """Products of the derivatives in row y, from three rows that were differenced and three that were smoothed."""
    up, here, down = y % 3, (y + 1) % 3, (y + 2) % 3
    before, middle, after = rings[0, up], rings[0, here], rings[0, down]
    above, below = rings[1, up], rings[1, down]
    xx, xy, yy = products[0][first:], products[1][first:], products[2][first:]
    for x in range(n):
        dx = multiply_add(get(before, x) + get(after, x), side, get(middle, x) * centre)
        dy = get(below, x) - get(above, x)
        put(xx, x, dx * dx)
        put(xy, x, dx * dy)
        put(yy, x, dy * dy)


@kernel
def multiply_rows(dx, dy, products, first):
    """Products of two rows of derivatives."""
    xx, xy, yy = products[0][first:], products[1][first:], products[2][first:]
    for x in range(dx.size):
        a, b = get(dx, x), get(dy, x)
        put(xx, x, a * a)
        put(xy, x, a * b)
        put(yy, x, b * b)


@inlined
def products_of_bytes(src, y, c0, border, weights, rings, products, first, n):
    """Products of the derivatives of 3 x 3 of row y, columns [c0, c0 + n), from element ``first`` on; rows come in
    order.

    weights: side and centre of the kernel that smooths. rings: rows of the image that were differenced and smoothed,
    row p in place (p + 1) % 3.
    """
    h = src.shape[0]
    side, centre = weights
    for p in range(y - 1 if y == 0 else y + 1, y + 2):
        slope, smooth = rings[0, (p + 1) % 3][:n], rings[1, (p + 1) % 3][:n]
        if is_zero_row(p, h, border, slope, smooth):
            continue
        filter_row_u8(src[source_index(p, h, border)], c0, border, side, centre, slope, smooth)
    multiply_3(rings, y, side, centre, products, first, n)


@inlined
def products_of_floats(src, y, c0, border, weights, padded, rings, products, first, n):
    """As products_of_bytes, of float32."""
    h = src.shape[0]
    side, centre = weights
    for p in range(y - 1 if y == 0 else y + 1, y + 2):
        slope, smooth = rings[0, (p + 1) % 3][:n], rings[1, (p + 1) % 3][:n]
        if is_zero_row(p, h, border, slope, smooth):
            continue
        filter_row_f32(src[source_index(p, h, border)], c0, border, side, centre, padded, slope, smooth)
    multiply_3(rings, y, side, centre, products, first, n)


@kernel
def is_zero_row(p, h, border, slope, smooth):
    """Whether row p lies in the zeros outside of the image; they are filled in then."""
    outside = border == CONSTANT and (p < 0 or p >= h)
    if outside:
        slope[:] = 0
        smooth[:] = 0
    return outside


@kernel
def extend_row(products, length, first, count, c0, w, border):
    """Products outside the image, to the left and right of ``count`` columns that stand from element ``first`` on."""
    for t in range(length - count):
        i = t if t < first else t + count
        column = source_index(c0 + i - first, w, border) - c0 + first if border != CONSTANT else -1
        for j in range(3):
            products[j, i] = products[j, column] if column >= 0 else float32(0)


@kernel
def window_sums(products, block, out, n):
    """Sums of ``block`` neighbours: directly up to 5 of them, else by what comes in and what goes out."""
    for j in range(3):
        values, sums = products[j], out[j]
        if block > 5:
            total = float64(values[0])
            for i in range(1, block):
                total += float64(values[i])
            sums[0] = total
            for x in range(1, n):
                total += float64(values[x + block - 1]) - float64(values[x - 1])
                sums[x] = total
            continue
        for x in range(n):
            put(sums, x, float64(get(values, x)))
        for i in range(1, block):
            shifted = values[i:]
            for x in range(n):
                sums[x] += float64(shifted[x])


@kernel
def add_sums(sums, total, n):
    """A row of sums above the first window."""
    for j in range(3):
        row, to = sums[j], total[j]
        for x in range(n):
            to[x] += row[x]


@kernel
def move_down(newest, oldest, before, after, tensor, n):
    """The windows with their newest row give the tensor; without their oldest one they stay."""
    for j in range(3):
        come, go, held, left, out = newest[j], oldest[j], before[j], after[j], tensor[j]
        for x in range(n):
            total = get(held, x) + get(come, x)
            put(out, x, float32(total))
            put(left, x, total - get(go, x))
