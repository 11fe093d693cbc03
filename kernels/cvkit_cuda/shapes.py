"""The hull on the GPU: the device leaves out what lies inside of an octagon of extreme points, the host does the rest.

The eight points are found in float32, each block its own; the host takes the best of the blocks. A point that lies
strictly to the left of every edge of a closed polygon is inside of the hull of its corners, whatever they are, so that
rounding costs candidates, never corners. Candidates come in any order and are sorted by their index.
"""

import math

import numpy as np
from numba import cuda, float32, int32, uint32

THREADS = 256
BLOCKS = 128  # that look for extreme points
DIRECTIONS = 8
ROOM = 8  # a place for one candidate in so many points; if that is too little, they are listed again
SLACK = 1024
FARTHEST = float(1 << 29)  # int32 coordinates up to here have differences in int32
SMALLEST, LARGEST = 1e-30, 1e37  # extents of float32 points between which an octagon is exact enough
DEPTH_OF_INTEGERS, DEPTH_OF_FLOATS = 2.0**-16, 2.0**-10  # part of the extent that a point must lie inside


@cuda.jit(device=True)
def height(x, y, direction):
    """How far a point reaches in a direction: left, then counter-clockwise where y points up."""
    part = int32(direction & int32(3))
    if part == int32(0):
        value = -x
    elif part == int32(1):
        value = -(x + y)
    elif part == int32(2):
        value = -y
    else:
        value = x - y
    return value if direction < int32(4) else -value


@cuda.jit
def extreme_points(src, corners):
    """Each block's farthest point in each direction, of every so many-th point; corners: two columns a direction.

    A NaN is never farther.
    """
    reach = cuda.shared.array(THREADS, float32)
    place = cuda.shared.array(THREADS, int32)
    n = int32(src.shape[0])
    thread = int32(cuda.threadIdx.x)
    first = int32(int32(cuda.blockIdx.x) * int32(THREADS) + thread)
    step = int32(int32(cuda.gridDim.x) * int32(THREADS))
    for k in range(int32(DIRECTIONS)):
        best, at = float32(-math.inf), int32(0)
        i = first
        while i < n:
            value = height(float32(src[uint32(i), uint32(0)]), float32(src[uint32(i), uint32(1)]), int32(k))
            if value > best:
                best, at = value, i
            i = int32(i + step)
        reach[uint32(thread)], place[uint32(thread)] = best, at
        half = int32(THREADS // 2)
        while half > int32(0):
            cuda.syncthreads()
            if thread < half and reach[uint32(thread + half)] > reach[uint32(thread)]:
                reach[uint32(thread)] = reach[uint32(thread + half)]
                place[uint32(thread)] = place[uint32(thread + half)]
            half = int32(half >> int32(1))
        if thread == int32(0):
            i = place[0]
            corners[uint32(cuda.blockIdx.x), uint32(2 * k)] = src[uint32(i), uint32(0)]
            corners[uint32(cuda.blockIdx.x), uint32(2 * k + 1)] = src[uint32(i), uint32(1)]
        cuda.syncthreads()


@cuda.jit
def list_outer(src, centre, edges, found, places, count):
    """Points that are not inside of all half-planes, and their indices, as many as find room; the number of all.

    edges: a, b and c of a x + b y > c, relative to the centre. A point with a NaN is never inside.
    """
    i = int32(int32(cuda.blockIdx.x) * int32(THREADS) + int32(cuda.threadIdx.x))
    if i >= int32(src.shape[0]):
        return
    px, py = src[uint32(i), uint32(0)], src[uint32(i), uint32(1)]
    x, y = float32(px - centre[0]), float32(py - centre[1])
    inside = True
    for k in range(uint32(DIRECTIONS)):
        inside = inside and edges[k, uint32(0)] * x + edges[k, uint32(1)] * y > edges[k, uint32(2)]
    if inside:
        return
    slot = int32(cuda.atomic.add(count, 0, int32(1)))
    if slot < int32(places.shape[0]):
        found[uint32(slot), uint32(0)] = px
        found[uint32(slot), uint32(1)] = py
        places[uint32(slot)] = i


def octagon(corners):
    """Half-planes, relative to the first of eight points, that lie well inside of them; one that holds nothing where
    the points reach too far for it, or not at all.
    """
    x, y = corners.astype(np.float64).T
    extent = max(np.ptp(x), np.ptp(y))
    if corners.dtype.kind == "f":
        depth, usable = extent * DEPTH_OF_FLOATS, SMALLEST < extent < LARGEST
    else:
        depth, usable = extent * DEPTH_OF_INTEGERS, extent > 0 and np.abs(corners.astype(np.float64)).max() < FARTHEST
    edges = np.zeros((DIRECTIONS, 3), np.float32)
    edges[:, 2] = -1.0  # an edge without a length
    if not usable:
        edges[:, 2] = np.inf
        return edges
    x, y = x - x[0], y - y[0]
    dx, dy = np.roll(x, -1) - x, np.roll(y, -1) - y
    length = np.hypot(dx, dy)
    real = length > 0
    a, b = -dy[real] / length[real], dx[real] / length[real]
    edges[real] = np.stack([a, b, a * x[real] + b * y[real] + depth], axis=1)
    return edges


def convex_hull(gpu, points, hull_of):
    """Plan: extreme points, the list of candidates, and what ``hull_of`` makes of them on the host.

    Returns the corners and their indices in host memory; None twice where a point is not finite. Device memory is 2
    bytes a point, or 12 where few points are inside.
    """
    n = points.shape[0]
    blocks = min(BLOCKS, -(-n // THREADS))
    parts = gpu.empty((blocks, 2 * DIRECTIONS), points.dtype)
    gpu.launch(extreme_points, (blocks,), (THREADS,), (points, parts))
    parts = gpu.download(parts).reshape(blocks, DIRECTIONS, 2)
    x, y = parts.astype(np.float64).transpose(2, 0, 1)
    with np.errstate(invalid="ignore"):
        reach = [-x[:, 0], -(x + y)[:, 1], -y[:, 2], (x - y)[:, 3]]
        reach += [x[:, 4], (x + y)[:, 5], y[:, 6], (y - x)[:, 7]]
        corners = np.stack([parts[int(np.nanargmax(np.append(r, -np.inf))) % blocks, k] for k, r in enumerate(reach)])
        edges = octagon(corners)
    centre = gpu.upload(np.ascontiguousarray(corners[0]))
    edges = gpu.upload(edges)
    room = min(n // ROOM + SLACK, n)
    while True:
        found, places = gpu.empty((room, 2), points.dtype), gpu.empty((room,), np.int32)
        count = gpu.upload(np.zeros(1, np.int32))
        arguments = (points, centre, edges, found, places, count)
        gpu.launch(list_outer, (-(-n // THREADS),), (THREADS,), arguments)
        listed = int(gpu.download(count)[0])
        if listed <= room:
            break
        room = n
    places = gpu.download(places)[:listed]
    order = np.argsort(places)
    candidates, places = np.ascontiguousarray(gpu.download(found)[:listed][order]), places[order]
    candidates.setflags(write=False)  # as points on the host are, or its kernels would be compiled again
    hull = hull_of(candidates)
    return (None, None) if hull is None else (candidates[hull], places[hull])
