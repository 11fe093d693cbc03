"""Sums of whole numbers over windows: down the columns by adding the row that comes and taking off the one that goes,
then along the row.

Sums wrap around as OpenCV's do, so that their order means nothing. Neighbours along a row lie cn values apart.
"""

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel
from cvkit_cpu.rows import row_index
from cvkit_cpu.views import get, put


@kernel
def add_row(total, row):
    """total += row."""
    for x in range(total.size):
        total[x] = typed.add(total[x], typed.cast(row[x], total[0]))


@kernel
def exchange(total, come, go):
    """total += come - go."""
    for x in range(total.size):
        like = total[0]
        put(total, x, typed.add(total[x], typed.sub(typed.cast(get(come, x), like), typed.cast(get(go, x), like))))


@kernel
def take_row(total, row):
    """total -= row."""
    for x in range(total.size):
        total[x] = typed.sub(total[x], typed.cast(row[x], total[0]))


@kernel
def square_row(row, squares):
    """The squares of a row."""
    for x in range(row.size):
        value = typed.cast(row[x], squares[0])
        squares[x] = typed.mul(value, value)


@kernel
def slide(src, total, first, kh, border, start):
    """Column sums of the window's kh rows from row ``first`` on: from those of the row before, or anew to start."""
    h = src.shape[0]
    if start:
        total[:] = 0
        for p in range(first, first + kh):
            y = row_index(p, h, border)
            if y >= 0:
                add_row(total, src[y])
        return
    come, go = row_index(first + kh - 1, h, border), row_index(first - 1, h, border)
    if come >= 0 and go >= 0:
        exchange(total, src[come], src[go])
    elif come >= 0:
        add_row(total, src[come])
    elif go >= 0:
        take_row(total, src[go])


@kernel
def slide_squares(src, total, squares, first, kh, border, start):
    """As slide, of squares; ``squares`` is scratch of a row."""
    h = src.shape[0]
    if start:
        total[:] = 0
    for p in range(first if start else first + kh - 1, first + kh):
        y = row_index(p, h, border)
        if y >= 0:
            square_row(src[y], squares)
            add_row(total, squares)
    if not start:
        y = row_index(first - 1, h, border)
        if y >= 0:
            square_row(src[y], squares)
            take_row(total, squares)


@kernel
def find_ends(ends, w, left, right, cn, border):
    """For each value that pads a row before and after its w pixels, the place in the padded row that it repeats, or -1
    for the constant 0.
    """
    for i in range(left + right):
        p = row_index(i - left if i < left else i - left + w, w, border)
        for c in range(cn):
            ends[i * cn + c] = (left + p) * cn + c if p >= 0 else -1


@kernel
def pad_row(row, ends, before):
    """Pad a row with ``before`` values in front and the other ends behind."""
    gap = row.size - ends.size
    for i in range(ends.size):
        place = ends[i]
        row[i if i < before else i + gap] = row[place] if place >= 0 else 0


@kernel
def part_of(k):
    """Of how many neighbours the sums are from which ``grow`` makes those of k > 1 in one pass."""
    return k >> 1 if k & 3 == 2 else (k + 1) >> 2


@kernel
def grow(total, part, row, k, cn):
    """Sums of k > 1 neighbours from those of part_of(k): two of them, or four and one pixel of the row more or less."""
    like = total[0]
    n = total.size
    m = part_of(k)
    b, c = part[m * cn :], part[min(2, k - 1) * m * cn :]
    if k & 3 == 2:
        for x in range(n):
            total[x] = typed.add(typed.cast(part[x], like), typed.cast(b[x], like))
        return
    if k == 3:
        for x in range(n):
            ab = typed.add(typed.cast(part[x], like), typed.cast(b[x], like))
            total[x] = typed.add(ab, typed.cast(c[x], like))
        return
    d, last = part[min(3 * m, k - m) * cn :], row[(4 * m if k & 1 else 0) * cn :]
    if k & 3 == 3:
        last = row[(3 * m - 1) * cn :]  # where the last two overlap
        for x in range(n):
            ab = typed.add(typed.cast(part[x], like), typed.cast(b[x], like))
            cd = typed.add(typed.cast(c[x], like), typed.cast(d[x], like))
            total[x] = typed.sub(typed.add(ab, cd), typed.cast(last[x], like))
    elif k & 3 == 1:
        for x in range(n):
            ab = typed.add(typed.cast(part[x], like), typed.cast(b[x], like))
            cd = typed.add(typed.cast(c[x], like), typed.cast(d[x], like))
            total[x] = typed.add(typed.add(ab, cd), typed.cast(last[x], like))
    else:
        for x in range(n):
            ab = typed.add(typed.cast(part[x], like), typed.cast(b[x], like))
            cd = typed.add(typed.cast(c[x], like), typed.cast(d[x], like))
            total[x] = typed.add(ab, cd)


@kernel
def grow_part(lines, k, cn):
    """Sums of part_of(k) neighbours of the padded row lines[0], into lines[1] or lines[2], which of them is returned:
    0 where they are the row itself.
    """
    depth = 0
    size = k
    while size > 1:
        size = part_of(size)
        depth += 1
    place = 0
    for j in range(depth - 1, 0, -1):
        size = k
        for _ in range(j):
            size = part_of(size)
        grown = 1 + (j & 1)
        grow(lines[grown][: lines.shape[1] - (size - 1) * cn], lines[place], lines[0], size, cn)
        place = grown
    return place


@kernel
def along_row(lines, total, k, cn):
    """total = sums of k neighbours of the padded row lines[0]; lines[1] and lines[2] are scratch."""
    if k == 1:
        row = lines[0]
        for x in range(total.size):
            total[x] = typed.cast(row[x], total[0])
    else:
        grow(total, lines[grow_part(lines, k, cn)], lines[0], k, cn)
