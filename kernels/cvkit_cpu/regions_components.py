"""Connected components from runs of bits: strips of one row for 4 neighbours, of two rows for 8.

Rows become bits, 64 pixels to a word. Where diagonal neighbours touch, any two pixels in columns side by side of two
rows do, so that a strip of two rows hangs together exactly along the runs of its rows' union: half the rows, and on
noise a third of the runs. A run starts in another block of 2 x 2 pixels than the one before it, hence runs are in the
order in which OpenCV numbers components. Runs of neighbouring strips that touch are joined by union-find, where the
root is the first run of a component (K. Wu, E. Otoo, K. Suzuki, Optimizing two-pass connected-component labeling
algorithms, 2009; L. He, Y. Chao, K. Suzuki, A run-based two-scan labeling algorithm, 2008). Which runs touch is found
64 columns at a time. A run is known by its place among the starts of runs; only its parent is stored, 4 bytes.
"""

from numba import int32, uint64

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel
from cvkit_cpu.regions_bits import lowest, pack, population, put_eight, zeros_above

NONE, ONE, TOP = uint64(0), uint64(1), uint64(63)
ALL = uint64(0xFFFFFFFFFFFFFFFF)


@kernel
def bits_band(src, bits, strips, runs, near, padded, y0, y1):
    """Strips [y0, y1): their rows as bits, these rows' union, and in runs how many runs each has.

    bits, strips: rows of whole words and a word of 0; bits of 1 + near rows for each strip. padded: scratch, 64 bytes.
    """
    h, w = src.shape
    words = strips.shape[1] - 1
    padded[:] = 0
    for k in range(y0, y1):
        for y in range(k << near, (k + 1) << near):
            row = bits[y]
            row[words] = NONE
            if y >= h:
                row[:] = NONE
                continue
            here = src[y]
            for j in range(w >> 6):
                row[j] = pack(here, 64 * j)
            if w & 63:
                for x in range(w & ~63, w):
                    padded[x & 63] = here[x]
                row[words - 1] = pack(padded, 0)
        top, bottom, strip = bits[k << near], bits[((k + 1) << near) - 1], strips[k]
        before, count = NONE, 0
        for j in range(words):
            word = top[j] | bottom[j]
            strip[j] = word
            count += population(word & ~shifted_up(word, before))
            before = word
        strip[words] = NONE
        runs[k + 1] = count


@kernel
def shifted_up(word, before):
    """The bit of the pixel to the left in each place."""
    return (word << ONE) | (before >> TOP)


@kernel
def shifted_down(word, after):
    """The bit of the pixel to the right in each place."""
    return (word >> ONE) | (after << TOP)


@kernel
def root_of(parents, k):
    """The first run of k's component, with the way there made shorter."""
    while parents[k] != k:
        parents[k] = parents[parents[k]]
        k = parents[k]
    return k


@kernel
def join(parents, p, q):
    """Put the components of two runs under the first of their roots."""
    a, b = root_of(parents, p), root_of(parents, q)
    parents[max(a, b)] = min(a, b)


@kernel
def join_strips(above, bottom, here, top, parents, p, q, near):
    """Join the runs of a strip, from q on, with those of the strip above, from p on, that they touch.

    above, here: the strips; bottom, top: their rows that lie side by side, for 4 neighbours the strips again.

    Two runs touch in the columns that both have (shared), or diagonally where one ends before the other starts
    (corners). Of several touching columns without a gap in shared only the first is needed: a carry runs to it.
    """
    over = under = a = b = shared = aside = carry = NONE  # of the word before
    for j in range(here.size - 1):
        over0, under0, a0, b0, shared0, aside0 = over, under, a, b, shared, aside
        over, under, a, b = above[j], here[j], top[j], bottom[j]
        starts, starts_under = over & ~shifted_up(over, over0), under & ~shifted_up(under, under0)
        shared = over & under
        touching = shared
        corners = to_the_left = to_the_right = NONE
        if near:
            a1, b1 = top[j + 1], bottom[j + 1]
            aside = b & ~under
            to_the_left, to_the_right = shifted_up(aside, aside0), shifted_down(aside, b1 & ~here[j + 1])
            corners = a & ~over & (to_the_left | to_the_right)
            touching = a & over & (b | shifted_up(b, b0) | shifted_down(b, b1))
            touching |= b & under & (a | shifted_up(a, a0) | shifted_down(a, a1))
        rest = shared & ~touching
        total = typed.add(rest, shared & ~shifted_up(shared, shared0))
        carried = typed.add(total, carry)
        carry = typed.select((total < rest) | (carried < total), ONE, NONE)
        first = carried & touching
        while first != NONE:
            upto = first ^ typed.sub(first, ONE)
            join(parents, p + population(starts & upto) - 1, q + population(starts_under & upto) - 1)
            first &= typed.sub(first, ONE)
        while corners != NONE:
            upto = corners ^ typed.sub(corners, ONE)
            left, lower = p + population(starts & upto) - 1, q + population(starts_under & upto) - 1
            bit = corners & ~typed.sub(corners, ONE)
            if to_the_left & bit:
                join(parents, left, lower)
            if to_the_right & bit:
                join(parents, left + 1, lower)
            corners &= typed.sub(corners, ONE)
        p += population(starts)
        q += population(starts_under)


@kernel
def join_band(bits, strips, firsts, parents, near, y0, y1):
    """Each run of strips [y0, y1) its own parent, then those joined that touch inside of the band."""
    for k in range(firsts[y0], firsts[y1]):
        parents[k] = k
    for k in range(y0 + 1, y1):
        join_at(bits, strips, firsts, parents, near, k)


@kernel
def join_at(bits, strips, firsts, parents, near, k):
    """Join the runs of strip k with those of the strip above."""
    top = k << near
    join_strips(strips[k - 1], bits[top - 1], strips[k], bits[top], parents, firsts[k - 1], firsts[k], near)


@kernel
def number(parents):
    """Labels in the place of parents: components by their first run; returns how many there are.

    A parent comes before its run, so that its label is known.
    """
    count = 0
    for k in range(parents.size):
        parent = parents[k]
        if parent == k:
            count += 1
            parents[k] = count
        else:
            parents[k] = parents[parent]
    return count


@kernel
def window(row, x):
    """64 bits of a row from column x on."""
    j, shift = x >> 6, uint64(x & 63)
    return (row[j] >> shift) | ((row[j + 1] << ONE) << (TOP - shift))


@kernel
def paint(bits, row, start, end, label):
    """Write a label to the pixels of row[start:end] that are set and 0 to the others, in whole eights.

    What follows end is written over, and still to be written.
    """
    x = start
    while x < end:
        found = window(bits, x)
        if x + 8 > row.size:
            for i in range(x, end):
                row[i] = typed.select(found & ONE != NONE, label, int32(0))
                found >>= ONE
            return
        put_eight(row, x, label, found)
        x += 8


@kernel
def write_band(bits, strips, firsts, labels, dst, near, y0, y1):
    """The image of labels in the rows of strips [y0, y1)."""
    h, w = dst.shape
    words = strips.shape[1] - 1
    for k in range(y0, y1):
        strip, run = strips[k], firsts[k]
        y = k << near
        two = (near == 1) & (y + 1 < h)
        upper_bits, upper = bits[y], dst[y]
        lower_bits, lower = bits[y + two], dst[y + two]
        label, x, before = int32(0), 0, NONE
        for j in range(words):
            word = strip[j]
            starts = word & ~shifted_up(word, before)
            before = word
            while starts != NONE:
                start = 64 * j + lowest(starts)
                if start + 8 > w:
                    paint(upper_bits, upper, x, start, label)
                    if two:
                        paint(lower_bits, lower, x, start, label)
                    x = start
                while x < start:  # not by a call, which takes longer than most runs
                    put_eight(upper, x, label, window(upper_bits, x))
                    if two:
                        put_eight(lower, x, label, window(lower_bits, x))
                    x += 8
                label, x = labels[run], start
                run += 1
                starts &= typed.sub(starts, ONE)
        paint(upper_bits, upper, x, w, label)
        if two:
            paint(lower_bits, lower, x, w, label)


@kernel
def places(word):
    """The sum of the places of all bits that are set."""
    return (
        population(word & uint64(0xAAAAAAAAAAAAAAAA))
        + 2 * population(word & uint64(0xCCCCCCCCCCCCCCCC))
        + 4 * population(word & uint64(0xF0F0F0F0F0F0F0F0))
        + 8 * population(word & uint64(0xFF00FF00FF00FF00))
        + 16 * population(word & uint64(0xFFFF0000FFFF0000))
        + 32 * population(word & uint64(0xFFFFFFFF00000000))
    )


@kernel
def grow(stats, sums, label, start, end, y, upper, lower, columns):
    """Count a run to a label: left, top, right, bottom and area, and sums of x and y.

    upper, lower: its pixels in rows y and y + 1; columns: the sum of their x.
    """
    row, total = stats[label], sums[label]
    row[0] = min(row[0], start)
    row[1] = min(row[1], y if upper else y + 1)
    row[2] = max(row[2], end)
    row[3] = max(row[3], y + 2 if lower else y + 1)
    row[4] += upper + lower
    total[0] += columns
    total[1] += y * upper + (y + 1) * lower


@kernel
def measure(bits, strips, firsts, labels, near, w, stats, sums):
    """Boxes, areas and sums of coordinates of all labels but the background."""
    words = strips.shape[1] - 1
    for k in range(strips.shape[0]):
        y = k << near
        strip, top, bottom, run = strips[k], bits[y], bits[((k + 1) << near) - 1], firsts[k]
        start, upper, lower, columns, before = 0, 0, 0, 0, NONE
        second = typed.select(near != 0, ALL, NONE)
        for j in range(words):
            word, a, b = strip[j], top[j], bottom[j] & second
            changes = word ^ shifted_up(word, before)
            inside = before >> TOP
            before = word
            done = NONE
            while changes != NONE:
                upto = typed.sub(changes & ~typed.sub(changes, ONE), ONE)
                x = 64 * j + lowest(changes)
                changes &= typed.sub(changes, ONE)
                if inside:
                    mine = upto & ~done
                    n, m = population(a & mine), population(b & mine)
                    columns += 64 * j * (n + m) + places(a & mine) + places(b & mine)
                    grow(stats, sums, labels[run], start, x, y, upper + n, lower + m, columns)
                    run += 1
                else:
                    start, upper, lower, columns = x, 0, 0, 0
                inside ^= ONE
                done = upto
            if inside:
                mine = ~done
                n, m = population(a & mine), population(b & mine)
                columns += 64 * j * (n + m) + places(a & mine) + places(b & mine)
                upper += n
                lower += m
        if before >> TOP:
            grow(stats, sums, labels[run], start, w, y, upper, lower, columns)


@kernel
def measure_background(bits, h, w, stats, sums):
    """The same of what is 0, from the image's sums and those of all other labels."""
    row = stats[0]
    area, columns, rows = h * w, h * (w * (w - 1) // 2), w * (h * (h - 1) // 2)
    for k in range(1, stats.shape[0]):
        area -= stats[k][4]
        columns -= sums[k][0]
        rows -= sums[k][1]
    row[4], sums[0][0], sums[0][1] = area, columns, rows
    words = bits.shape[1] - 1
    beyond = typed.shl(ALL, uint64(w & 63)) if w & 63 else NONE
    for y in range(h):
        here = bits[y]
        j = 0
        while j < words and ~(here[j] | (beyond if j == words - 1 else NONE)) == NONE:
            j += 1
        if j == words:
            continue
        row[0] = min(row[0], 64 * j + lowest(~here[j]))
        row[1] = min(row[1], y)
        row[3] = y + 1
        j = words - 1
        word = ~(here[j] | beyond)
        while word == NONE:
            j -= 1
            word = ~here[j]
        row[2] = max(row[2], 64 * j + 64 - zeros_above(word))
