"""Distances with labels on the CPU: which zero, or which connected part of the zeros, a pixel is nearest to.

Two chamfer passes, as without labels, in which each pixel takes its distance and its label from the first neighbour, in
OpenCV's order, that offers the least. Parts of the zeros are numbered on the way: a run of zeros gets the label of the
runs above that it touches, or a new one, and labels of one part are joined by union-find; they stand for one number, of
the part's first pixel in raster order, that the second pass writes.
"""

from numba import float32, int32, int64, uint32

from cvkit_cpu import typed
from cvkit_cpu.distance_chamfer import PAD, SCALE, copy
from cvkit_cpu.jit import kernel
from cvkit_cpu.regions_components import root_of
from cvkit_cpu.views import get, put


@kernel
def step(far, near, here, far_labels, near_labels, here_labels, straight, diagonal, knight, side):
    """Each pixel of the row ``here`` takes the first of the least offers: its own, and of the two rows beside it.

    side: 1 where the offers of a row come from the left, -1 from the right.
    """
    inner, inner_labels = here[PAD:], here_labels[PAD:]
    a, b = far[PAD - side :], far[PAD + side :]
    a_labels, b_labels = far_labels[PAD - side :], far_labels[PAD + side :]
    c, d, e, f, g = (
        near[PAD - 2 * side :],
        near[PAD - side :],
        near[PAD:],
        near[PAD + side :],
        near[PAD + 2 * side :],
    )
    c_labels, d_labels, e_labels, f_labels, g_labels = (
        near_labels[PAD - 2 * side :],
        near_labels[PAD - side :],
        near_labels[PAD:],
        near_labels[PAD + side :],
        near_labels[PAD + 2 * side :],
    )
    for x in range(here.size - 2 * PAD):
        best, label = get(inner, x), get(inner_labels, x)
        offer = typed.add(get(a, x), knight)
        label = typed.select(offer < best, get(a_labels, x), label)
        best = typed.minimum(offer, best)
        offer = typed.add(get(b, x), knight)
        label = typed.select(offer < best, get(b_labels, x), label)
        best = typed.minimum(offer, best)
        offer = typed.add(get(c, x), knight)
        label = typed.select(offer < best, get(c_labels, x), label)
        best = typed.minimum(offer, best)
        offer = typed.add(get(d, x), diagonal)
        label = typed.select(offer < best, get(d_labels, x), label)
        best = typed.minimum(offer, best)
        offer = typed.add(get(e, x), straight)
        label = typed.select(offer < best, get(e_labels, x), label)
        best = typed.minimum(offer, best)
        offer = typed.add(get(f, x), diagonal)
        label = typed.select(offer < best, get(f_labels, x), label)
        best = typed.minimum(offer, best)
        offer = typed.add(get(g, x), knight)
        label = typed.select(offer < best, get(g_labels, x), label)
        best = typed.minimum(offer, best)
        put(inner, x, best)
        put(inner_labels, x, label)


@kernel
def label_zeros(row, above, labels, above_labels, parents, count):
    """Labels of the zeros of a row, 0 elsewhere; the number of labels after it.

    above: the row above, empty for the first row; parents: of each label, from 1 on.
    """
    w = row.size
    x = 0
    while x < w:
        if row[x] != 0:
            labels[x] = 0
            x += 1
            continue
        start = x
        while x < w and row[x] == 0:
            x += 1
        label = int32(0)
        touched = False  # by the run above that goes on
        for u in range(max(start - 1, 0), min(x + 1, above.size)):
            if above[u] == 0 and not touched:
                other = int32(root_of(parents, above_labels[u]))
                if label != 0 and label != other:
                    parents[max(label, other)] = min(label, other)
                    other = min(label, other)
                label = other
            touched = above[u] == 0
        if label == 0:
            count += 1
            label = int32(count)
            parents[count] = label
        for u in range(start, x):
            labels[u] = label
    return count


@kernel
def count_zeros(row, labels, count):
    """A label of its own for each zero of a row, 0 elsewhere; the number of labels after it."""
    for x in range(row.size):
        zero = int64(row[x] == 0)
        count += zero
        labels[x] = typed.select(zero != 0, int32(count), int32(0))
    return count


@kernel
def number_parts(parents, count):
    """Labels 1 to count become numbers of their parts. A parent is smaller, so that its number is known."""
    parts = int32(0)
    for k in range(1, count + 1):
        if parents[k] == k:
            parts += int32(1)
            parents[k] = parts
        else:
            parents[k] = parents[parents[k]]


@kernel
def forward(here, labels, straight):
    """Along the row to the right."""
    last, label = here[PAD - 1], labels[PAD - 1]
    for x in range(PAD, here.size - PAD):
        offer = typed.add(last, straight)
        label = typed.select(offer < here[x], label, labels[x])
        last = typed.minimum(offer, here[x])
        here[x] = last
        labels[x] = label


@kernel
def backward(here, labels, straight):
    """Along the row to the left."""
    last, label = here[here.size - PAD], labels[here.size - PAD]
    for x in range(here.size - PAD - 1, PAD - 1, -1):
        offer = typed.add(last, straight)
        label = typed.select(offer < here[x], label, labels[x])
        last = typed.minimum(offer, here[x])
        here[x] = last
        labels[x] = label


@kernel
def labels_image(src, dst, fixed, labels, steps, most, parts, parents, lines, line_labels, y0, y1):
    """The whole image; fixed is the memory of dst as uint32, where the first pass leaves its values, and labels the
    result, where it leaves labels.

    parts: whether zeros that touch, over corners too, have one label. lines and line_labels: three rows with PAD values
    on either side, where the distance stays at ``most``, no distance being larger.
    """
    h, w = src.shape
    straight, diagonal, knight, limit = uint32(steps[0]), uint32(steps[1]), uint32(steps[2]), uint32(most)
    lines[:] = limit
    line_labels[:] = 0
    count = int64(0)
    for y in range(h):
        here, near, far, row = lines[y % 3], lines[(y + 2) % 3], lines[(y + 1) % 3], src[y]
        own, beside, behind = line_labels[y % 3], line_labels[(y + 2) % 3], line_labels[(y + 1) % 3]
        inner = here[PAD : PAD + w]
        for x in range(w):
            inner[x] = typed.select(row[x] == 0, uint32(0), limit)
        if parts:
            above = src[max(y - 1, 0)][: w if y else 0]
            count = label_zeros(row, above, own[PAD : PAD + w], beside[PAD : PAD + w], parents, count)
        else:
            count = count_zeros(row, own[PAD : PAD + w], count)
        step(far, near, here, behind, beside, own, straight, diagonal, knight, 1)
        forward(here, own, straight)
        copy(inner, fixed[y])
        copy(own[PAD : PAD + w], labels[y])
    if parts:
        number_parts(parents, count)
    lines[:] = limit
    line_labels[:] = 0
    for y in range(h - 1, -1, -1):
        here, near, far = lines[y % 3], lines[(y + 1) % 3], lines[(y + 2) % 3]
        own, beside, behind = line_labels[y % 3], line_labels[(y + 1) % 3], line_labels[(y + 2) % 3]
        inner, result = here[PAD : PAD + w], dst[y]
        copy(fixed[y], inner)
        copy(labels[y], own[PAD : PAD + w])
        step(far, near, here, behind, beside, own, straight, diagonal, knight, -1)
        backward(here, own, straight)
        for x in range(w):
            result[x] = float32(inner[x]) * float32(SCALE)
        if parts:
            named = labels[y]
            for x in range(w):
                named[x] = parents[own[PAD + x]]
        else:
            copy(own[PAD : PAD + w], labels[y])
