"""Linear filters on the CPU: separable ones through a ring of filtered rows, others as sums over their taps.

The order of every sum, and whether a product is added with one rounding or two, are those of OpenCV's vector code and
of the scalar code behind it; ``cvkit_math.linear`` holds the tables.
"""

import numpy as np
from cvkit_math.borders import CONSTANT, source_index
from cvkit_math.linear import SMOOTH_COLUMN, WHOLE, planar, separable, split
from numba import float32, int16, int32, types
from numba.extending import overload

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel
from cvkit_cpu.linear_passes import along_row, along_row_mirrored, down_column, down_columns, fill_stretch, turn
from cvkit_cpu.linear_taps import sum_taps
from cvkit_cpu.linear_values import is_other_type, landing, multiply_add, saturated
from cvkit_cpu.views import get, put

# Bytes of the ring for one stripe of the image. Whole rows are read fastest from memory; a larger ring than the second
# level of cache holds is worse than stripes.
STRIPE_BYTES = 512 << 10
STRETCH = 1024  # elements that go through all taps of a two-dimensional kernel before the next ones
NARROWEST = 512


def along(row, padded, taps, cn, x0, forms, out):
    """A stretch of a row of the image through the row kernel; float32 images have a form of their own for short ones.

    forms: where the fused part ends in the row and taps that the rest does not fuse; where short kernels have a form of
    their own also the sign of a mirrored one or 0, whether the rest of that has a form of its own, and the number of a
    last element that is left over.
    """


@overload(along, inline="always")
def _along(row, padded, taps, cn, x0, forms, out):
    if row.dtype == padded.dtype == types.float32 and len(forms) == 5:

        def chosen(row, padded, taps, cn, x0, forms, out):
            if forms[2] != 0:
                along_row_mirrored(padded, taps, cn, forms[0] - x0, forms[4] - x0, float32(forms[2]), forms[3], out)
            else:
                along_row(padded, taps, cn, forms[0] - x0, forms[1], out)

    else:

        def chosen(row, padded, taps, cn, x0, forms, out):
            along_row(padded, taps, cn, forms[0] - x0, forms[1], out)

    return chosen


@kernel
def separable_band(
    src,
    dst,
    cn,
    row,
    column,
    before,
    above,
    border,
    forms,
    v,
    mirrored,
    paired,
    special,
    added,
    width,
    ring,
    padded,
    sums,
    y0,
    y1,
):
    """Rows [y0, y1) of a separable filter whose sums are floats, in stripes of ``width`` elements.

    forms: of the row kernel, as ``along`` takes them. v: where the fused part of the column kernel ends. paired: two
    rows of that part are made at a time. added: delta for the rest of a row in fixed point; None, so that less is
    compiled, where neither kernel has a form of its own. ring: a row for each tap of
    the column kernel and one more, row p in the place p - y0 + above, around and around.
    """
    h, n = src.shape
    taps, places = column.size - 2, ring.shape[0]
    for x0 in range(0, n, width):
        size = min(width, n - x0)
        front = min(max(v - x0, 0), size)
        for p in range(y0 - above, y1 - above + taps - 1):
            newest = p - y0 + above
            out = ring[newest % places][:size]
            if border == CONSTANT and (p < 0 or p >= h):
                for x in range(size):
                    out[x] = 0
            else:
                source = src[source_index(p, h, border)]
                fill_stretch(source, cn, x0 - before * cn, size + (row.size - 1) * cn, border, padded)
                along(source, padded, row, cn, x0, forms, out)
            y = y0 + newest - taps + 1
            if y < y0 or (paired and (y - y0) % 2 == 0 and y + 1 < y1):
                continue
            upper = y
            if paired and (y - y0) % 2 == 1:
                upper = y - 1
                if front:
                    pixels, lower_pixels = dst[upper][x0 : x0 + front], dst[y][x0 : x0 + front]
                    sum_up, lower = landing(pixels, sums[0][:front]), landing(lower_pixels, sums[1][:front])
                    down_columns(ring, (upper - y0) % places, column, sum_up, lower)
                    store(sum_up, pixels)
                    store(lower, lower_pixels)
            for q in range(upper, y + 1):
                line = dst[q][x0 : x0 + size]
                x = front if upper < y else x0 - x0
                while x < size:
                    fused = x < front
                    end = front if fused else size
                    pixels = line[x:end]
                    sum_up = landing(pixels, sums[0][: end - x])
                    first = (q - y0) % places
                    if special:
                        special_column(src, ring, first, column, added, x, fused, special, sum_up, pixels)
                    if not special or (fused and special != SMOOTH_COLUMN):
                        down_column(ring, first, column, x, fused, mirrored, sum_up)
                    store(sum_up, pixels)
                    x = end


@kernel
def store(sums, pixels):
    """Sums to pixels; sums that were written in place are pixels already."""
    if is_other_type(sums, pixels):
        like = pixels[0]
        for x in range(pixels.size):
            put(pixels, x, saturated(get(sums, x), like))


def special_column(src, ring, first, k, added, x0, fused, special, out, pixels):
    """What a few column kernels do another way: by the types of source and result, the parts that exist for them."""


@overload(special_column, inline="always")
def _special_column(src, ring, first, k, added, x0, fused, special, out, pixels):
    if isinstance(added, types.NoneType):

        def chosen(src, ring, first, k, added, x0, fused, special, out, pixels):
            pass

    elif pixels.dtype == types.float32:

        def chosen(src, ring, first, k, added, x0, fused, special, out, pixels):
            column3(ring, first, k, x0, fused, special == SMOOTH_COLUMN, out)

    elif pixels.dtype == types.uint8 and src.dtype == types.uint8:

        def chosen(src, ring, first, k, added, x0, fused, special, out, pixels):
            if not fused:
                fixed_column(ring, first, k, added, x0, out)

    else:

        def chosen(src, ring, first, k, added, x0, fused, special, out, pixels):
            pass

    return chosen


@kernel
def column3(ring, first, k, x0, fused, smooth, out):
    """Three mirrored rows into float32: [1 2 1] and [1 -2 1] throughout, others behind the last multiple of 8."""
    a, b, c = ring[first][x0:], ring[turn(first + 1, ring.shape[0])][x0:], ring[turn(first + 2, ring.shape[0])][x0:]
    k0, k1, delta, sign = k[1], k[2], k[3], k[4]
    if smooth and fused:
        for x in range(out.size):
            put(out, x, multiply_add(get(b, x), k0, (get(a, x) + get(c, x)) + delta))
    elif not fused:
        for x in range(out.size):
            if smooth:
                out[x] = multiply_add(k0, b[x], a[x]) + c[x] + delta
            elif sign > 0:
                out[x] = multiply_add(a[x] + c[x], k1, b[x] * k0) + delta
            else:
                out[x] = multiply_add(c[x] - a[x], k1, delta)


@kernel
def fixed_column(ring, first, k, added, x0, out):
    """The elements that are summed in whole numbers with 16 fractional bits, rounded half up; int32 may wrap."""
    taps, places = k.size - 2, ring.shape[0]
    for x in range(out.size):
        s = np.int64(added) + 32768
        for j in range(taps):
            s += np.int64(k[j] * float32(65536)) * np.int64(ring[turn(first + j, places), x0 + x])
        out[x] = min(max(int32(s) >> 16, 0), 255)


@kernel
def whole_band(
    src, dst, cn, row, column, before, above, border, v, special, added, delta, width, ring, padded, sums, y0, y1
):
    """Rows [y0, y1) of a separable filter with whole taps from uint8 to int16, summed in int32.

    special, up to element v: 1, delta is added to the saturated sum; 2, the column is summed in float32.
    """
    h, n = src.shape
    taps, places = column.size - 2, ring.shape[0]
    early_delta, late_delta = int32(added[0]), int32(added[1])
    for x0 in range(0, n, width):
        size = min(width, n - x0)
        for p in range(y0 - above, y1 - above + taps - 1):
            newest = p - y0 + above
            out = ring[newest % places][:size]
            if border == CONSTANT and (p < 0 or p >= h):
                for x in range(size):
                    out[x] = 0
            else:
                source = src[source_index(p, h, border)]
                fill_stretch(source, cn, x0 - before * cn, size + (row.size - 1) * cn, border, padded)
                along_row(padded, row, cn, size, size, out)
            if newest < taps - 1:
                continue
            line = dst[y0 + newest - taps + 1][x0 : x0 + size]
            first = (newest - taps + 1) % places
            whole = special < 3  # always so: a literal would compile the kernel once more
            down_column(ring, first, column, 0, whole, whole, sums[0][:size])
            early = min(max(v - x0, 0), size)
            if special == 1:
                for x in range(early):
                    line[x] = clamped(typed.add(int32(clamped(sums[0][x])), early_delta))
            elif special == 2:
                scharr_column(ring, first, column, float32(delta), line[:early])
            rest, late = sums[0][early:size], line[early:]
            for x in range(late.size):
                late[x] = clamped(typed.add(rest[x], late_delta))


@kernel
def clamped(value):
    """An int32 as int16."""
    return int16(typed.minimum(typed.maximum(value, int32(-32768)), int32(32767)))


@kernel
def scharr_column(ring, first, k, delta, pixels):
    """Three rows of whole numbers, combined in float32."""
    a, b, c = ring[first], ring[turn(first + 1, ring.shape[0])], ring[turn(first + 2, ring.shape[0])]
    k0, k1, sign = float32(k[1]), float32(k[2]), k[4]
    like = int16(k[4])
    for x in range(pixels.size):
        pair = float32(typed.add(get(c, x), typed.mul(sign, get(a, x))))
        put(pixels, x, saturated(multiply_add(pair, k1, multiply_add(float32(get(b, x)), k0, delta)), like))


def sep_filter2d(cpu, src, dst, cn, kernel_x, kernel_y, anchor_x, anchor_y, delta, border):
    """Plan: bands of rows, each through a ring of as many filtered rows as the column kernel has taps.

    The kernels are one-dimensional arrays of float32 or float64; delta is a float. The dtypes of src and dst choose
    the arithmetic.
    """
    h, n = src.shape
    case = separable(src.dtype, dst.dtype, kernel_x, kernel_y, anchor_x, anchor_y, float(delta))
    dtype, before, taps = case.row.dtype, case.row.size - 1, case.column.size - 2
    widest = max(NARROWEST, STRIPE_BYTES // (dtype.itemsize * (taps + 2)))
    width = -(-n // -(-n // widest) // 64) * 64 if n > widest else n
    scratch = (((taps + 1, width), dtype), (width + before * cn, dtype), ((2, width), dtype))
    places = (case.row, case.column, anchor_x, anchor_y, border)
    if case.kind == WHOLE:
        core, how = whole_band, (split(n, case.column_step), case.special, case.added, case.delta)
    else:
        forms, added = (split(n, case.row_step), case.row_plain), None
        if case.special or case.row_sign:
            forms = (*forms, case.row_sign, case.row_special, n - 1 if n % 2 else -1)
            added = case.added[1]
        mirrored = case.column_sign != 0
        paired = mirrored and taps > 1 and case.special != SMOOTH_COLUMN
        core = separable_band
        how = forms, split(n, case.column_step), mirrored, paired, case.special, added
    bands = cpu.split(h, n * (0.2 + 0.04 * (taps + before)))
    cpu.bands(core, src, dst, cn, *places, *how, width, bands=bands, scratch=scratch)


@kernel
def planar_band(
    src,
    dst,
    cn,
    rows,
    places,
    weights,
    height,
    before,
    after,
    above,
    border,
    v,
    block,
    delta,
    zero,
    ring,
    parts,
    sums,
    y0,
    y1,
):
    """Rows [y0, y1) of a filter with a two-dimensional kernel of ``height`` rows; fused up to element v of a row.

    Of more taps than ``block`` that many are summed by themselves and then added to the others. zero: in the type of
    the sums. ring: a padded row of the image for each row of the kernel, row p in the place p - y0 + above, around and
    around.
    """
    h, n = src.shape
    for p in range(y0 - above, y1 - above + height - 1):
        newest = p - y0 + above
        padded = ring[newest % height]
        if border == CONSTANT and (p < 0 or p >= h):
            for x in range(padded.size):
                padded[x] = 0
        else:
            fill_stretch(src[source_index(p, h, border)], cn, -before, n + before + after, border, padded)
        if newest < height - 1:
            continue
        line = dst[y0 + newest - height + 1]
        first = (newest + 1) % height  # the oldest row lies behind the newest one
        x0 = y0 - y0
        while x0 < n:
            fused = x0 < v
            end = min(x0 + STRETCH, v if fused else n)
            pixels = line[x0:end]
            sum_up = landing(pixels, sums[: end - x0])
            if block >= rows.size:
                sum_taps(ring, first, x0, rows, places, weights, delta, fused, sum_up)
            else:
                for x in range(sum_up.size):
                    sum_up[x] = delta
                part = parts[: end - x0]
                for t in range(0, rows.size, block):
                    stop = min(t + block, rows.size)
                    sum_taps(ring, first, x0, rows[t:stop], places[t:stop], weights[t:stop], zero, fused, part)
                    for x in range(part.size):
                        sum_up[x] += part[x]
            store(sum_up, pixels)
            x0 = end


def filter2d(cpu, src, dst, cn, kernel, anchor_x, anchor_y, delta, border):
    """Plan: bands of rows, each through a ring of padded rows, the taps that are not 0 in row-major order.

    The kernel is a two-dimensional array of float32 or float64, delta a float. The dtypes of src and dst choose the
    arithmetic.
    """
    h, n = src.shape
    case = planar(src.dtype, dst.dtype, kernel)
    dtype = case.weights.dtype
    height, width = kernel.shape
    before, after = anchor_x * cn, (width - 1 - anchor_x) * cn
    stretch = min(n, STRETCH), dtype
    scratch = (((height, n + before + after), dtype), stretch, stretch)
    bands = cpu.split(h, n * (0.15 + 0.04 * case.rows.size))
    cpu.bands(
        planar_band,
        src,
        dst,
        cn,
        case.rows,
        case.columns * cn,
        case.weights,
        height,
        before,
        after,
        anchor_y,
        border,
        split(n, case.step),
        case.block,
        dtype.type(delta),
        dtype.type(0),
        bands=bands,
        scratch=scratch,
    )
