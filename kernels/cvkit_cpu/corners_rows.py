"""Rows on the way from an image to its structure tensor: derivatives, their products, and sums over windows.

Everything is in float32 but the sums, which are in float64, and each rounding stands where OpenCV has it.
"""

from cvkit_math.borders import CONSTANT, source_index
from numba import float32, float64, types
from numba.extending import overload

from cvkit_cpu.jit import kernel
from cvkit_cpu.linear import along, column3
from cvkit_cpu.linear_passes import down_column, fill_stretch
from cvkit_cpu.linear_values import get, multiply_add, put


@kernel
def filter_row_u8(row, c0, border, side, centre, padded, slope, smooth):
    """Straight from the image but for its first and last column; the weights are fused up to a multiple of 32."""
    w, n = row.size, slope.size
    start = 1 if c0 == 0 else 0
    stop = n - 1 if c0 + n == w else n
    front = min(max(w // 32 * 32 - c0, start), stop) - start
    if stop > start:
        pixels, differences, sums = row[c0 + start - 1 :], slope[start:stop], smooth[start:stop]
        for x in range(front):
            a, b, c = float32(get(pixels, x)), float32(get(pixels, x + 1)), float32(get(pixels, x + 2))
            put(differences, x, c - a)
            put(sums, x, multiply_add(side, c, multiply_add(centre, b, a * side)))
        for x in range(front, differences.size):
            a, b, c = float32(pixels[x]), float32(pixels[x + 1]), float32(pixels[x + 2])
            differences[x] = c - a
            sums[x] = (a * side + b * centre) + c * side
    for i in range(2):
        x = i * (n - 1)
        if start <= x < stop:
            continue
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


def filter_row(row, c0, border, side, centre, padded, slope, smooth):
    """A row of the image from column c0 on: differences of the neighbours on either side, and the sums of each pixel
    and its neighbours with the weights side, centre, side.
    """


@overload(filter_row, inline="always")
def _filter_row(row, c0, border, side, centre, padded, slope, smooth):
    if row.dtype == types.uint8:

        def chosen(row, c0, border, side, centre, padded, slope, smooth):
            filter_row_u8(row, c0, border, side, centre, padded, slope, smooth)

    else:

        def chosen(row, c0, border, side, centre, padded, slope, smooth):
            filter_row_f32(row, c0, border, side, centre, padded, slope, smooth)

    return chosen


@kernel
def multiply_3(slopes, smooths, y, side, centre, products, first, n):
    """Products of the derivatives in row y, from three rows that were differenced and three that were smoothed."""
    up, here, down = y % 3, (y + 1) % 3, (y + 2) % 3
    before, middle, after = slopes[up], slopes[here], slopes[down]
    above, below = smooths[up], smooths[down]
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


@kernel
def column(ring, first, taps, v, special, out):
    """One column kernel over rows of the ring, fused up to element v."""
    front = min(max(v, 0), out.size)
    sign = taps[taps.size - 1]
    for part in range(2):
        fused = part == 0
        start = 0 if fused else front
        to = out[start : front if fused else out.size]
        if special and not fused:
            column3(ring, first, taps, start, fused, fused, to)
        elif to.size:
            down_column(ring, first, taps, start, fused, sign != 0, to)


def row_of_products(src, y, c0, border, taps, padded, rings, products, first, n):
    """Products of the derivatives in columns [c0, c0 + n) of row y, from element ``first`` on; rows come in order.

    taps: the two weights of a smoothing kernel of three, for derivatives of three rows; or, for each derivative, what
    ``products_of_any`` takes. rings: rows of the image that went through the row kernels, one ring for each derivative.
    """


@overload(row_of_products, inline="always")
def _row_of_products(src, y, c0, border, taps, padded, rings, products, first, n):
    if isinstance(taps, types.UniTuple):

        def chosen(src, y, c0, border, taps, padded, rings, products, first, n):
            products_3(src, y, c0, border, taps, padded, rings[0], rings[1], products, first, n)

    else:

        def chosen(src, y, c0, border, taps, padded, rings, products, first, n):
            products_of_any(src, y, c0, border, taps, padded, rings, products, first, n)

    return chosen


@kernel
def products_3(src, y, c0, border, taps, padded, slopes, smooths, products, first, n):
    """Derivatives of 3 x 3: row p of the image stands in place (p + 1) % 3 of the rings."""
    h = src.shape[0]
    side, centre = taps
    for p in range(y - 1 if y == 0 else y + 1, y + 2):
        slope, smooth = slopes[(p + 1) % 3][:n], smooths[(p + 1) % 3][:n]
        if border == CONSTANT and (p < 0 or p >= h):
            slope[:] = 0
            smooth[:] = 0
            continue
        row = src[source_index(p, h, border)]
        filter_row(row, c0, border, side, centre, padded, slope, smooth)
    multiply_3(slopes, smooths, y, side, centre, products, first, n)


@kernel
def products_of_any(src, y, c0, border, taps, padded, rings, products, first, n):
    """Derivatives of any size: row p of the image stands in place (p + reach) % places of the rings.

    taps: by derivative the row kernels, the column kernels with delta and sign, forms as ``along`` takes them, where
    the fused parts of the columns end, whether they are special; and how far all of them reach.
    """
    rows, columns, forms, ends, specials, reach = taps
    h = src.shape[0]
    places = rings.shape[1] - 1
    for p in range(y - reach if y == 0 else y + reach, y + reach + 1):
        place = (p + reach) % places
        row = src[source_index(p, h, border) if border != CONSTANT else min(max(p, 0), h - 1)]
        fill_stretch(row, 1, c0 - reach, n + 2 * reach, border, padded)
        for d in range(2):
            out = rings[d, place][:n]
            if border == CONSTANT and (p < 0 or p >= h):
                out[:] = 0
            else:
                along(row, padded[reach - rows[d].size // 2 :], rows[d], 1, c0, forms[d], out)
    # The last row of each ring is scratch for the derivative.
    for d in range(2):
        top = (y + reach - (columns[d].size - 2) // 2) % places
        column(rings[d][:places], top, columns[d], ends[d] - c0, specials[d], rings[d, places][:n])
    multiply_rows(rings[0, places][:n], rings[1, places][:n], products, first)


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
