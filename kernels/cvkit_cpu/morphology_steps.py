"""Erosions and dilations one after the other in one go over the image.

Each step keeps the rows that it has made last in a ring, from which the next one takes them while they are in the
processor's cache; all take turns, some rows each. Steps of the other kind than the first take its kernels on values
whose order is turned around: the greatest of values is the least of the turned ones.
"""

from cvkit_math.borders import REFLECT, REFLECT101

from cvkit_cpu.jit import kernel
from cvkit_cpu.morphology_rectangles import rectangle_rows
from cvkit_cpu.morphology_rows import ALONE, keep_without
from cvkit_cpu.morphology_runs import runs_rows
from cvkit_cpu.views import read, sealed, written


@kernel
def needed(y0, y1, h, kh, ay, border):
    """The first and last row of an image of h rows in the windows of rows [y0, y1)."""
    top, bottom = y0 - ay, y1 - 1 - ay + kh - 1
    low, high = max(top, 0), min(bottom, h - 1)
    if border in (REFLECT, REFLECT101):
        if top < 0:
            high = max(high, min(-top, h - 1))
        if bottom >= h:
            low = min(low, max(2 * (h - 1) - bottom, 0))
    return low, high


@kernel
def mask_rows(a, dst, y0, y1):
    """Rows [y0, y1) of a & ~dst, of bytes, in dst."""
    n = dst.shape[1]
    for y in range(y0, y1):
        keep_without(read(a, y * n, n), written(dst, y * n, n))


@kernel
def chained_rows(
    src,
    other,
    dst,
    window,
    low,
    tall,
    runs,
    cn,
    border,
    outside,
    turned_outside,
    which,
    opposite,
    turns,
    turned,
    how,
    strip,
    rings,
    progress,
    scratch,
    starts,
    y0,
    y1,
):
    """Rows [y0, y1) of several steps by one element, the first one making ``strip`` rows in its turn.

    A step takes values turned around where ``turned`` says so, with turned_outside around them, and turns its results
    by ``turns``. Unless ``opposite`` is None, as many steps of that kind on src take turns with them, and the result is
    the difference of both.
    """
    h = dst.shape[0]
    kh, ay = window[1], window[3]
    mask = rings.shape[1] - 1
    kept = sealed(rings)
    every = -h // h  # all bits set: row y is number y; as a literal it would compile kernels of its own
    steps = turns.size
    made, ends = progress[0], progress[1]
    first, end = y0, y1
    for k in range(steps - 1, -1, -1):
        made[k], ends[k] = first, end
        first, last = needed(first, end, h, kh, ay, border)
        end = last + 1
    while made[steps - 1] < y1:
        for k in range(steps):
            # What the step before allows, but no more than its ring, of strip + 3 * kh rows, can wait for.
            upto = min(made[k] + strip + (kh if k > 0 else 0), ends[k])
            if k > 0 and made[k - 1] < ends[k - 1]:
                upto = min(upto, made[k - 1] - (kh - 1 - ay))
                if needed(made[k], upto, h, kh, ay, border)[1] >= made[k - 1]:
                    continue
            if upto <= made[k]:
                continue
            m, u, by = made[k], upto, turns[k]
            image, its = (src, every) if k == 0 else (kept[k - 1], mask)
            out, to = (dst, every) if k == steps - 1 and opposite is None else (rings[k], mask)
            beyond = turned_outside if turned[k] else outside
            less = (other, every, how if k == steps - 1 and opposite is None else ALONE)
            if runs is None:
                rectangle_rows(
                    image,
                    its,
                    h,
                    out,
                    to,
                    window,
                    low,
                    tall,
                    cn,
                    border,
                    beyond,
                    which,
                    by,
                    less,
                    scratch,
                    starts,
                    m,
                    u,
                )
            else:
                runs_rows(
                    image, its, h, out, to, window, runs, cn, border, beyond, which, by, less, scratch, starts, m, u
                )
            if opposite is not None:
                image, its = (src, every) if k == 0 else (kept[steps + k - 1], mask)
                out, to = (dst, every) if k == steps - 1 else (rings[steps + k], mask)
                beyond = turned_outside
                less = (kept[steps - 1], mask, how if k == steps - 1 else ALONE)
                if runs is None:
                    rectangle_rows(
                        image,
                        its,
                        h,
                        out,
                        to,
                        window,
                        low,
                        tall,
                        cn,
                        border,
                        beyond,
                        opposite,
                        by,
                        less,
                        scratch,
                        starts,
                        m,
                        u,
                    )
                else:
                    runs_rows(
                        image,
                        its,
                        h,
                        out,
                        to,
                        window,
                        runs,
                        cn,
                        border,
                        beyond,
                        opposite,
                        by,
                        less,
                        scratch,
                        starts,
                        m,
                        u,
                    )
            made[k] = u
