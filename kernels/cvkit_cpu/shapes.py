"""Plans of hulls, of what encloses points, and of moments."""

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
from cvkit_cpu.shapes_hull import hull_of_sorted
from cvkit_cpu.shapes_measures import (
    BEYOND,
    FALLING,
    RISING,
    TO_AND_FRO,
    bounds,
    complete_moments,
    contour_sums,
    defects,
    order_of_indices,
)
from cvkit_cpu.shapes_pixels import TILE, image_sums, mask_bounds
from cvkit_cpu.shapes_rectangle import calipers

MANY = 1 << 14  # points from which the filter works on bands
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
    rest = points[left]
    rest.setflags(write=False)  # as the points are, or the kernels would be compiled again
    found = hull_of(rest)
    return (None, None) if found is None else (rest[found], left[found])


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
