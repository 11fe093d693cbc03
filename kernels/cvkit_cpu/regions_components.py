"""Connected components from runs: the stretches of pixels of a row that are not 0.

Rows become bits, 64 pixels to a word, whose changes are the ends of runs. Runs of neighbouring rows that touch are
joined by union-find, where the root is the first run of a component in raster order (K. Wu, E. Otoo, K. Suzuki,
Optimizing two-pass connected-component labeling algorithms, 2009; L. He, Y. Chao, K. Suzuki, A run-based two-scan
labeling algorithm, 2008). Runs are counted before they are stored, so that memory follows the image: 12 bytes a run and
a bit a pixel.
"""

from numba import int32, int64, uint64

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel
from cvkit_cpu.regions_bits import lowest, pack, population, put_eight

NONE, ONE, TOP = uint64(0), uint64(1), uint64(63)


@kernel
def bits_band(src, bits, runs, padded, y0, y1):
    """Rows [y0, y1) as bits, and in runs the number of each row's runs. padded: scratch, a row of whole words."""
    w = src.shape[1]
    words = bits.shape[1]
    padded[:] = 0
    for y in range(y0, y1):
        here, row = src[y], bits[y]
        for j in range(w >> 6):
            row[j] = pack(here, 64 * j)
        if w & 63:
            for x in range(w & ~63, w):
                padded[x & 63] = here[x]
            row[words - 1] = pack(padded, 0)
        before, count = NONE, 0
        for j in range(words):
            word = row[j]
            count += population(word & ~((word << ONE) | before))
            before = word >> TOP
        runs[y + 1] = count


@kernel
def store_runs(row, w, ends):
    """Where the runs of a row of bits start, and the pixel after each of them, by turns."""
    before, k = NONE, 0
    for j in range(row.size):
        word = row[j]
        changes = word ^ ((word << ONE) | before)
        before = word >> TOP
        while changes != NONE:
            ends[k] = 64 * j + lowest(changes)
            k += 1
            changes &= typed.sub(changes, ONE)
    if before != NONE:
        ends[k] = w


@kernel
def root_of(parents, k):
    """The first run of k's component, with the way there made shorter."""
    while parents[k] != k:
        parents[k] = parents[parents[k]]
        k = parents[k]
    return k


@kernel
def join_rows(ends, parents, first, middle, last, near):
    """Join the runs [middle, last) of a row with those of the row above, [first, middle), that they touch.

    near: 1 where diagonal neighbours touch, too, else 0.
    """
    p = first
    for k in range(middle, last):
        start, end = ends[2 * k] - near, ends[2 * k + 1] + near
        while p < middle and ends[2 * p + 1] <= start:
            p += 1
        root = root_of(parents, k)
        q = p
        while q < middle and ends[2 * q] < end:
            if parents[q] != root:
                other = root_of(parents, q)
                parents[max(root, other)] = min(root, other)
                root = min(root, other)
            q += 1
        p = max(p, q - 1)  # the last may touch the next run as well


@kernel
def runs_band(bits, w, firsts, ends, parents, near, y0, y1):
    """Store the runs of two rows at a time, [2 * y0, 2 * y1), and join them inside of these rows."""
    top, bottom = 2 * y0, min(2 * y1, bits.shape[0])
    for y in range(top, bottom):
        middle, last = firsts[y], firsts[y + 1]
        store_runs(bits[y], w, ends[2 * middle : 2 * last])
        for k in range(middle, last):
            parents[k] = k
        if y > top:
            join_rows(ends, parents, firsts[y - 1], middle, last, near)


@kernel
def number_in_rows(parents, labels):
    """Number the components by their first run in raster order; returns how many there are.

    A parent comes before its run, so that its label is known.
    """
    count = 0
    for k in range(parents.size):
        parent = parents[k]
        if parent == k:
            count += 1
            labels[k] = count
        else:
            labels[k] = labels[parent]
    return count


@kernel
def number_in_blocks(firsts, ends, parents, labels):
    """Number the components by their first block of 2 x 2 pixels in raster order; returns how many there are.

    The runs of two rows are taken by the blocks in which they start; two runs that start in one touch.
    """
    h = firsts.size - 1
    count = 0
    for k in range(parents.size):
        parents[k] = parents[parents[k]]
        labels[k] = 0
    for y in range(0, h, 2):
        a, a_end = firsts[y], firsts[y + 1]
        b, b_end = a_end, firsts[min(y + 2, h)]
        while a < a_end and b < b_end:  # without a branch: which row is next can't be foretold
            above = ends[2 * a] >> 1 <= ends[2 * b] >> 1
            root = parents[typed.select(above, a, b)]
            a += typed.select(above, 1, 0)
            b += typed.select(above, 0, 1)
            count += typed.select(labels[root] == 0, 1, 0)
            labels[root] = typed.select(labels[root] == 0, int32(count), labels[root])
        for k in range(a if b == b_end else b, a_end if b == b_end else b_end):
            root = parents[k]
            if labels[root] == 0:
                count += 1
                labels[root] = count
    for k in range(parents.size):
        labels[k] = labels[parents[k]]
    return count


@kernel
def paint(row, start, end, label):
    """Write a label to row[start:end], and to what follows there, which is still to be written, in whole eights."""
    x = start
    while x < end:
        if x + 8 > row.size:
            for i in range(x, end):
                row[i] = label
            return
        put_eight(row, x, label)
        x += 8


@kernel
def write_band(firsts, ends, labels, dst, y0, y1):
    """Rows [y0, y1) of the image of labels."""
    w = dst.shape[1]
    for y in range(y0, y1):
        row = dst[y]
        x = 0
        for k in range(firsts[y], firsts[y + 1]):
            start, end = int64(ends[2 * k]), int64(ends[2 * k + 1])
            paint(row, x, start, int32(0))
            paint(row, start, end, labels[k])
            x = end
        paint(row, x, w, int32(0))


@kernel
def grow_box(stats, sums, label, start, end, y):
    """Count the pixels [start, end) of row y to a label: left, top, right, bottom and area, and sums of x and y."""
    row, total = stats[label], sums[label]
    row[0] = min(row[0], start)
    row[1] = min(row[1], y)
    row[2] = max(row[2], end)
    row[3] = y + 1
    row[4] += end - start
    total[0] += (start + end - 1) * (end - start) // 2
    total[1] += y * (end - start)


@kernel
def measure(firsts, ends, labels, h, w, stats, sums):
    """Boxes, areas and sums of coordinates of all labels, 0 for the background included."""
    for y in range(h):
        x = 0
        for k in range(firsts[y], firsts[y + 1]):
            start, end = int64(ends[2 * k]), int64(ends[2 * k + 1])
            if x < start:
                grow_box(stats, sums, 0, x, start, y)
            grow_box(stats, sums, labels[k], start, end, y)
            x = end
        if x < w:
            grow_box(stats, sums, 0, x, w, y)
