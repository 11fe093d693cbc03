"""Plans of contours and curves."""

import itertools

import numpy as np

from cvkit_cpu.contours_borders import (
    CCOMP,
    COUNT,
    FIELDS,
    SEGMENT,
    STATES,
    STEPS,
    arrange,
    count_points,
    mark_band,
    search,
    write_points,
)
from cvkit_cpu.contours_chains import COSINE, L1, thin_out
from cvkit_cpu.contours_curves import area, drop_straight, keep_dominant, length
from cvkit_cpu.contours_labels import frame_band, search_labels

MARK_NS = 0.1  # a pixel
SIMPLE = 2  # cv2's number of the method


def find_contours(cpu, src, mode, method):
    """Plan: bands of rows that mark pixels, then the search in the caller's thread, each border after the one before.

    Returns a list of int32 (N, 2), parts of one array, and the hierarchy (N, 4). Scratch is a byte a pixel; for CCOMP
    and TREE four more, of which no more is touched than borders need; eight for labels; a byte for each step along a
    border and 20 bytes a contour.
    """
    h, w = src.shape
    of_labels = src.dtype == np.int32
    kind = src.dtype if of_labels else np.dtype(np.int8)
    size = (h + 2) * (w + 2)
    room = -(-size * kind.itemsize // SEGMENT) * SEGMENT
    block = cpu.take(room + (4 * (size + 2 * SEGMENT) if mode >= CCOMP else 0))
    flat, owners = block[: size * kind.itemsize].view(kind), block[room:].view(np.int32)
    marks = flat.reshape(h + 2, w + 2)
    marks[0] = marks[-1] = 0
    cpu.bands(frame_band if of_labels else mark_band, src, marks, bands=cpu.split(h, w * MARK_NS))
    codes = np.empty(max(h * w // 4, 4096), np.uint8)
    found = np.empty((max(h * w // 64, 256), FIELDS), np.int32)
    state = np.zeros(STATES, np.int64)
    steps = np.empty(16, np.uint64)
    if of_labels:
        step, scratch = search_labels, (flat, owners, steps)
    else:
        segments = np.zeros(size // SEGMENT + 2, np.uint32)
        segments[-1] = SEGMENT
        step, scratch = search, (marks, flat, segments, owners, np.empty(w + 9, np.uint8), steps, mode)
    while not step(src, *scratch, codes, found, state):
        if state[COUNT] == found.shape[0]:
            found = np.concatenate([found, np.empty_like(found)])
        else:
            codes = np.concatenate([codes, np.empty_like(codes)])
    cpu.give(block)
    n = int(state[COUNT])
    head, following, order, place = np.empty(n + 1, np.int32), *np.empty((3, n), np.int32)
    hierarchy = np.empty((n, 4), np.int32)
    arrange(found, head, following, order, place, hierarchy)
    starts, ends = np.empty(n, np.int64), np.empty(n, np.int64)
    simple = method == SIMPLE
    points = np.empty((count_points(found, codes, order, simple, starts, ends), 2), np.int32)
    if method in (L1, COSINE):
        points = _dominant(found[:n], codes, order, method, starts, ends, points)
    else:
        write_points(found, codes, order, simple, starts, points)
    bounds = [0, *ends.tolist()]
    return [points[i:j] for i, j in itertools.pairwise(bounds)], hierarchy


def _dominant(found, codes, order, method, starts, ends, points):
    """The dominant points alone; scratch is 20 bytes a step of the longest contour."""
    longest = int(found[:, STEPS].max(initial=0))
    x, y, reach, kept = np.empty((4, longest + 1), np.int32)
    bend = np.empty(longest + 1, np.float32)
    total = thin_out(found, codes, order, method, starts, ends, points, x, y, bend, reach, kept)
    return points[:total].copy()


def contour_area(cpu, contour):
    """Plan: one walk around the contour; the signed area."""
    return area(contour) * 0.5


def arc_length(cpu, curve, closed):
    """Plan: one walk along the curve."""
    return length(curve, closed)


def approx_poly_dp(cpu, curve, epsilon, closed):
    """Plan: the choice of points, then the second look at straight lines; scratch is 12 bytes a point."""
    n = curve.shape[0]
    kept, stack = np.empty(n + 2, np.int32), np.empty((n + 2, 2), np.int32)
    squared = epsilon * epsilon
    kept = kept[: keep_dominant(curve, squared, closed, stack, kept)]
    return curve[kept[: drop_straight(curve, squared, closed, kept)]]
