"""Sums over windows in float64, added up in OpenCV's order, so that they are equal to OpenCV's to the last bit.

Along a row: windows of 3 or 5 anew for each pixel, from left to right, and small windows of one type likewise; others
by adding the difference of the value that comes and the one that goes. Down the columns always by one that comes and
one that goes, from the top of the image. Hence the image is cut into stripes of columns, and where rows run, a pass
before finds the sums at the left edge of each stripe.
"""

from numba import float64

from cvkit_cpu import typed
from cvkit_cpu.box_rounding import single_from_float
from cvkit_cpu.jit import kernel
from cvkit_cpu.rows import row_index

AT_ONCE = 512  # values of a row that are summed along the row and then down the columns while they are at hand


@kernel
def load_row(row, values, first, cn, border):
    """Pixels from ``first`` on, which may lie outside."""
    w = row.size // cn
    count = values.size // cn
    left, right = min(max(-first, 0), count), max(min(w - first, count), 0)
    inside = values[left * cn : right * cn]
    source = row[(left + first) * cn :]
    for x in range(inside.size):
        inside[x] = source[x]
    for ends in ((0, left), (right, count)):
        for i in range(ends[0], ends[1]):
            p = row_index(first + i, w, border)
            for c in range(cn):
                values[i * cn + c] = row[p * cn + c] if p >= 0 else 0


@kernel
def sum_row(values, sums, k, cn):
    """Sums of k <= 5 neighbours, each from left to right."""
    a, b = values[min(k - 1, 1) * cn :], values[min(k - 1, 2) * cn :]
    c, d = values[min(k - 1, 3) * cn :], values[min(k - 1, 4) * cn :]
    if k == 1:
        for x in range(sums.size):
            sums[x] = float64(values[x])
    elif k == 2:
        for x in range(sums.size):
            sums[x] = float64(values[x]) + float64(a[x])
    elif k == 3:
        for x in range(sums.size):
            sums[x] = float64(values[x]) + float64(a[x]) + float64(b[x])
    elif k == 4:
        for x in range(sums.size):
            sums[x] = float64(values[x]) + float64(a[x]) + float64(b[x]) + float64(c[x])
    else:
        for x in range(sums.size):
            sums[x] = float64(values[x]) + float64(a[x]) + float64(b[x]) + float64(c[x]) + float64(d[x])


@kernel
def first_sum(values, k, cn, channel, square):
    """The sum of the first k pixels of a channel, or of their squares."""
    total = 0.0
    for i in range(k):
        value = float64(values[i * cn + channel])
        total += value * value if square else value
    return total


@kernel
def differences(values, sums, k, cn, square):
    """What each sum of k neighbours is more than the one before it; of two squares OpenCV's compiler rounds the second
    alone.
    """
    come, go, out = values[k * cn :], values, sums[cn:]
    if square:
        for x in range(out.size):
            new, old = float64(come[x]), float64(go[x])
            out[x] = typed.fma(new, new, -(old * old))
    else:
        for x in range(out.size):
            out[x] = float64(come[x]) - float64(go[x])


@kernel
def run_rows(a, b, c, d, cn):
    """Four rows of first sums and differences become sums, channel by channel; one would wait for each addition."""
    for channel in range(cn):
        p, q, r, s = a[channel], b[channel], c[channel], d[channel]
        for x in range(channel + cn, a.size, cn):
            p += a[x]
            q += b[x]
            r += c[x]
            s += d[x]
            a[x], b[x], c[x], d[x] = p, q, r, s


@kernel
def begin_row(row, values, sums, window, square, left, right):
    """First sums and differences for columns [left, right) of pixels."""
    cn, kw, _, ax, _, border = window
    held = values[: (right - left + kw - 1) * cn]
    load_row(row, held, left - ax, cn, border)
    for c in range(cn):
        sums[c] = first_sum(held, kw, cn, c, square)
    differences(held, sums, kw, cn, square)


@kernel
def row_starts_band(src, starts, window, square, values, kept, y0, y1):
    """For rows [y0, y1) the running sums at the left edges of the stripes; a row of starts has cn values a stripe."""
    cn = window[0]
    w = src.shape[1] // cn
    count = starts.shape[1] // cn
    for first in range(y0, y1, 4):
        many = min(4, y1 - first)
        for j in range(4):
            begin_row(src[first + min(j, many - 1)], values, kept[j], window, square, 0, w)
        run_rows(kept[0], kept[1], kept[2], kept[3], cn)
        for j in range(many):
            for i in range(count):
                for c in range(cn):
                    starts[first + j, i * cn + c] = kept[j][i * w // count * cn + c]


@kernel
def add_row(columns, sums):
    """A row above the first result comes into the column sums."""
    for x in range(sums.size):
        columns[x] += sums[x]


@kernel
def finish_row(columns, newest, oldest, dst, scale):
    """The column sums with their newest row give the result; without their oldest one they stay."""
    like = dst[0]
    for x in range(dst.size):
        total = columns[x] + newest[x]
        dst[x] = single_from_float(total * scale, like)
        columns[x] = total - oldest[x]


@kernel
def run_ahead(src, t, starts, values, kept, window, square, x0, x1):
    """Running sums of rows t to t + 3 of those that columns [x0, x1) of pixels add up, into their places in kept."""
    cn, ay, border = window[0], window[4], window[5]
    n = (x1 - x0) * cn
    stripe = -(-x0 * (starts.shape[1] // cn) // (src.shape[1] // cn))
    for j in range(t, t + 4):
        sums = kept[j % kept.shape[0]][:n]
        y = row_index(j - ay, src.shape[0], border)
        if y < 0:
            sums[:] = 0
            continue
        begin_row(src[y], values, sums, window, square, x0, x1)
        if x0 > 0:
            for c in range(cn):
                sums[c] = starts[y, stripe * cn + c]
    m = kept.shape[0]
    run_rows(kept[t % m][:n], kept[(t + 1) % m][:n], kept[(t + 2) % m][:n], kept[(t + 3) % m][:n], cn)


@kernel
def sum_some(row, values, sums, window, left, right):
    """Sums of a row, each anew, for columns [left, right) of pixels."""
    cn, kw, _, ax, _, border = window
    first, last = left - ax, right - ax + kw - 1
    if first >= 0 and last * cn <= row.size:
        sum_row(row[first * cn :], sums, kw, cn)
    else:
        held = values[: (last - first) * cn]
        load_row(row, held, first, cn, border)
        sum_row(held, sums, kw, cn)


@kernel
def go_down(columns, kept, t, kh, begin, end, dst, before, scale):
    """Values [begin, end) of a stripe with ``before`` values in front: row t of those that the columns add up comes in,
    and from the last row of the first window on there is a result.
    """
    slots = kept.shape[0]
    below, newest = columns[begin:end], kept[t % slots][begin:end]
    if t < kh - 1:
        add_row(below, newest)
    else:
        oldest = kept[(t - kh + 1) % slots][begin:end]
        finish_row(below, newest, oldest, dst[t - kh + 1][before + begin : before + end], scale)


@kernel
def stripe_anew(src, dst, window, scale, values, columns, kept, x0, x1):
    """Columns [x0, x1) of pixels, of sums made anew. values holds a row of the stripe and its neighbours in the type of
    src, columns one of sums, kept kh + 3 of them.
    """
    cn, kh, ay, border = window[0], window[2], window[4], window[5]
    step = max(AT_ONCE // cn, 1)
    columns[:] = 0
    for t in range(src.shape[0] + kh - 1):
        y = row_index(t - ay, src.shape[0], border)
        for left in range(x0, x1, step):
            right = min(left + step, x1)
            begin, end = (left - x0) * cn, (right - x0) * cn
            newest = kept[t % kept.shape[0]][begin:end]
            if y < 0:
                newest[:] = 0
            else:
                sum_some(src[y], values, newest, window, left, right)
            go_down(columns, kept, t, kh, begin, end, dst, x0 * cn, scale)


@kernel
def stripe_running(src, dst, window, scale, square, starts, values, columns, kept, x0, x1):
    """As stripe_anew, of sums that run along the rows, four of them at a time."""
    cn, kh = window[0], window[2]
    columns[:] = 0
    for t in range(src.shape[0] + kh - 1):
        if t & 3 == 0:
            run_ahead(src, t, starts, values, kept, window, square, x0, x1)
        go_down(columns, kept, t, kh, 0, (x1 - x0) * cn, dst, x0 * cn, scale)
