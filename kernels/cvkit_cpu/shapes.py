"""Plans of points and contours."""

import itertools
import math

import numpy as np

from cvkit_cpu.shapes_candidates import (
    BLOCK,
    DIGIT,
    DIGITS,
    DIRECTIONS,
    NOT_FINITE,
    extremes_band,
    octagon,
    order_of_few,
    survivors_band,
)
from cvkit_cpu.shapes_chains import COSINE, L1, thin_out
from cvkit_cpu.shapes_contours import (
    CCOMP,
    COUNT,
    FIELDS,
    STATES,
    STEPS,
    TREE,
    arrange,
    count_points,
    mark_band,
    search,
    write_points,
)
from cvkit_cpu.shapes_hull import hull_of_sorted
from cvkit_cpu.shapes_measures import (
    BEYOND,
    FALLING,
    RISING,
    TO_AND_FRO,
    area,
    bounds,
    complete_moments,
    contour_sums,
    defects,
    drop_straight,
    keep_dominant,
    length,
    order_of_indices,
)
from cvkit_cpu.shapes_pixels import TILE, image_sums, mask_bounds
from cvkit_cpu.shapes_rectangle import calipers

MANY = 1 << 14  # points from which the filter works on bands
MARK_NS = 0.1  # a pixel
SIMPLE = 2  # cv2's number of the method
EXTREMES_NS, SURVIVORS_NS = 0.6, 2.0  # a point


def hull_of(points, clockwise, settled):
    """Indices of the corners of the hull of points (N, 2), in the thread of the caller; None where one is not finite.

    settled: which of equal points a corner is shall be as OpenCV's indices say, and not only its place.
    """
    n = points.shape[0]
    words, order, scratch = np.empty(2 * n, np.uint64), np.empty(n, np.int32), np.empty(3 * n + 12, np.int32)
    rows, flags = np.empty((3, BLOCK), np.float32), np.empty(BLOCK + 8, np.uint8)
    best, edges = np.empty((-(-n // BLOCK), DIRECTIONS), np.int32), np.empty(40, np.float32)
    centre, counts = np.empty(2, points.dtype), np.empty(DIGIT * DIGITS, np.int32)
    flat = points.reshape(-1)
    left = order_of_few(points, flat, centre, edges, best, rows, flags, words, order, scratch, counts)
    if left == NOT_FINITE:
        return None
    result = np.empty(left + 4, np.int32)
    return result[: hull_of_sorted(points, order[:left], clockwise, settled, result, scratch)].copy()


def convex_hull(cpu, points, hull_of):
    """Plan: bands of points for the filter; ``hull_of``, which works on the host for both twins, gets what it leaves.

    Returns the corners and their indices; None twice where a point is not finite. Scratch is 4 bytes a point and 36 for
    each that the filter leaves.
    """
    n = points.shape[0]
    if n < MANY:
        found = hull_of(points)
        return (None, None) if found is None else (points[found], found)
    flat = points.reshape(-1)
    blocks = -(-n // BLOCK)
    best, edges = np.empty((blocks, DIRECTIONS), np.int32), np.empty(40, np.float32)
    cpu.bands(extremes_band, flat, best, bands=cpu.split(blocks, BLOCK * EXTREMES_NS))
    centre = np.empty(2, points.dtype)
    octagon(flat, best, centre, edges)
    block = cpu.take(4 * n)
    found = block.view(np.int32)
    row = (BLOCK, np.float32)
    bands = cpu.split(n, SURVIVORS_NS)
    scratch = (row, row, row, (BLOCK + 8, np.uint8))
    counts = cpu.bands(survivors_band, flat, centre, edges, found, bands=bands, scratch=scratch)
    left = np.concatenate([found[i0 : i0 + count] for count, (i0, _) in zip(counts, bands, strict=True)])
    cpu.give(block)
    found = hull_of(points[left])
    return (None, None) if found is None else (points[left[found]], left[found])


def find_contours(cpu, src, mode, method):
    """Plan: bands of rows that mark pixels, then the search in the caller's thread, each border after the one before.

    Returns a list of int32 (N, 2), parts of one array, and the hierarchy (N, 4). Scratch is a byte a pixel, four bytes
    for CCOMP and TREE, a byte for each step along a border and 20 bytes a contour.
    """
    h, w = src.shape
    kind = np.int32 if mode in (CCOMP, TREE) else np.int8
    size = (h + 2) * (w + 2) * np.dtype(kind).itemsize
    block = cpu.take(size)
    flat = block.view(kind)
    marks = flat.reshape(h + 2, w + 2)
    marks[0] = marks[-1] = 0
    cpu.bands(mark_band, src, marks, bands=cpu.split(h, w * MARK_NS))
    codes = np.empty(max(h * w // 4, 4096), np.uint8)
    found = np.empty((max(h * w // 64, 256), FIELDS), np.int32)
    state = np.zeros(STATES, np.int64)
    flags = np.empty(w + 9, np.uint8)
    while not search(src, marks, flat, flags, mode, codes, found, state):
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


def convexity_defects(cpu, contour, hull):
    """Plan: one walk around the contour. A word where the indices are not as they have to be."""
    order = order_of_indices(hull, contour.shape[0]) if hull.size else RISING
    if order == BEYOND:
        return "beyond"
    few = contour.shape[0] < 4 or hull.size < 3
    if not few and order == TO_AND_FRO:
        return "to and fro"
    dst = np.empty((hull.size, 4), np.int32)
    return dst[: 0 if few else defects(contour, hull, order == FALLING, dst)].copy()


def contour_area(cpu, contour):
    """Plan: one walk around the contour; the signed area."""
    return area(contour) * 0.5


def arc_length(cpu, curve, closed):
    """Plan: one walk along the curve."""
    return length(curve, closed)


def bounding_rect(cpu, array, is_mask):
    """Plan: least and greatest x and y, of points or of the pixels of a mask that are not 0; None without any."""
    if not is_mask:
        found = np.empty(4, array.dtype)
        bounds(array, found)
        return tuple(found.tolist())
    found = np.empty(4, np.int64)
    return tuple(found.tolist()) if mask_bounds(array, found) else None


def moments(cpu, array, is_image, binary):
    """Plan: sums along the contour or over tiles of the image, then the moments that follow from them."""
    found = np.empty(24, np.float64)
    if is_image:
        image_sums(array, binary, np.empty((4, TILE), np.float64 if array.dtype.kind == "f" else np.int64), found)
    else:
        contour_sums(array, found)
    complete_moments(found)
    return found.tolist()


def approx_poly_dp(cpu, curve, epsilon, closed):
    """Plan: the choice of points, then the second look at straight lines; scratch is 12 bytes a point."""
    n = curve.shape[0]
    kept, stack = np.empty(n + 2, np.int32), np.empty((n + 2, 2), np.int32)
    squared = epsilon * epsilon
    kept = kept[: keep_dominant(curve, squared, closed, stack, kept)]
    return curve[kept[: drop_straight(curve, squared, closed, kept)]]


def min_area_rect(cpu, points, hull_of):
    """Plan: the hull, then calipers that turn around it; center, size and angle in degrees, as float32 values.

    None where a point is not finite.
    """
    _, found = convex_hull(cpu, points, hull_of)
    if found is None:
        return None
    hull = points[found].astype(np.float32)
    n = hull.shape[0]
    if n == 1:
        return tuple(hull[0].tolist()), (0.0, 0.0), -90.0
    if n == 2:
        center, side, other = (hull[0] + hull[1]) * np.float32(0.5), hull[1] - hull[0], np.zeros(2, np.float32)
    else:
        corner = np.empty((3, 2), np.float32)
        calipers(hull, np.empty((n, 2), np.float32), np.empty(n, np.float32), corner.reshape(-1))
        corner, side, other = corner
        center = corner + (side + other) * np.float32(0.5)
    x, y = side.tolist()
    width, height = (float(np.float32(math.sqrt(u * u + v * v))) for u, v in ((x, y), other.tolist()))
    angle = math.atan2(y, x) * 180 / math.pi
    while angle >= 0:
        angle, width, height = angle - 90, height, width
    while angle < -90:
        angle, width, height = angle + 90, height, width
    return tuple(center.tolist()), (width, height), float(np.float32(angle))
