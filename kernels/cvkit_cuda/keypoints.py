"""Keypoints on the GPU: local maxima of a map of responses, and places below a pixel.

Corners are sorted by the host, and chosen there, as each choice depends on the ones before.
"""

import math

import numpy as np
from numba import cuda, float32, float64, int32, uint32

from cvkit_cuda.corners import BLOCK, corner_harris, corner_min_eigen_val, grid
from cvkit_cuda.linear_values import product, total

THREADS = 256
REDUCERS = 256  # blocks that look for the largest value
ROOM = 16  # a place for one local maximum in so many pixels; if that is too little, they are listed again
TEAM = 64  # threads that work on one corner
PARTS = (5, TEAM)
DET_EPSILON = 2.0**-104  # the square of float64's epsilon
LEAST_FRACTION = 1e-4


@cuda.jit
def largest(values, mask, masked, found):
    """Each block's largest value where the mask is not 0, of rows as many apart as there are blocks."""
    best = cuda.shared.array(THREADS, float32)
    h, w = int32(values.shape[0]), int32(values.shape[1])
    thread = int32(cuda.threadIdx.x)
    top = float32(-math.inf)
    for y in range(int32(cuda.blockIdx.x), h, int32(cuda.gridDim.x)):
        for x in range(thread, w, int32(THREADS)):
            if masked == int32(0) or mask[uint32(y), uint32(x)] != 0:
                value = values[uint32(y), uint32(x)]
                if value > top:
                    top = value
    best[uint32(thread)] = top
    half = int32(THREADS // 2)
    while half > int32(0):
        cuda.syncthreads()
        if thread < half and best[uint32(thread + half)] > best[uint32(thread)]:
            best[uint32(thread)] = best[uint32(thread + half)]
        half = int32(half >> int32(1))
    if thread == int32(0):
        found[uint32(cuda.blockIdx.x)] = best[0]


def top_value(gpu, values, mask, masked):
    """The largest value where the mask is not 0, -inf without one; the host waits for it."""
    blocks = min(REDUCERS, values.shape[0])
    found = gpu.empty((blocks,), np.float32)
    gpu.launch(largest, (blocks,), (THREADS,), (values, mask, masked, found))
    return float(gpu.download(found).max())


@cuda.jit(device=True)
def above(values, y, x, limit):
    """A value where it is above the limit, else 0."""
    value = values[uint32(y), uint32(x)]
    return value if value > limit else float32(0)


@cuda.jit
def list_maxima(values, mask, masked, limit, best, places, count):
    """Local maxima above the limit and their indices, as many as find room, in any order; the number of all."""
    x, y = int32(cuda.grid(2)[0]), int32(cuda.grid(2)[1])
    h, w = int32(values.shape[0]), int32(values.shape[1])
    if x < int32(1) or y < int32(1) or x >= int32(w - int32(1)) or y >= int32(h - int32(1)):
        return
    value = above(values, y, x, limit)
    if value == float32(0) or (masked != int32(0) and mask[uint32(y), uint32(x)] == 0):
        return
    for j in range(int32(-1), int32(2)):
        for i in range(int32(-1), int32(2)):
            if above(values, int32(y + int32(j)), int32(x + int32(i)), limit) > value:
                return
    slot = int32(cuda.atomic.add(count, 0, int32(1)))
    if slot < int32(best.shape[0]):
        best[uint32(slot)] = value
        places[uint32(slot)] = int32(int32(y * w) + x)


def listed_maxima(gpu, values, mask, masked, limit):
    """Local maxima and their indices on the host, in any order."""
    h, w = values.shape
    room = h * w // ROOM + 8
    while True:
        best, places = gpu.empty((room,), np.float32), gpu.empty((room,), np.int32)
        count = gpu.upload(np.zeros(1, np.int32))
        gpu.launch(list_maxima, grid(w, h), BLOCK, (values, mask, masked, limit, best, places, count))
        found = int(gpu.download(count)[0])
        if found <= room:
            return gpu.download(best)[:found], gpu.download(places)[:found]
        room = found


def keep_apart(places, h, w, most, distance):
    """Points x, y of indices, the best first, that are not nearer than ``distance`` to a better one."""
    most = min(most, places.size) if most else places.size
    rows, columns = np.divmod(places, w)
    if distance < 1:
        return np.stack([columns, rows], axis=1)[:most].astype(np.float32)
    reach = min(math.ceil(distance), max(h, w))
    steps = np.arange(-reach, reach + 1, dtype=np.float64) ** 2
    disk = steps[:, None] + steps < distance * distance
    taken = np.zeros((h + 2 * reach, w + 2 * reach), np.bool_)  # wider than the image, so that each disk fits in
    points: list[tuple[int, int]] = []
    for start in range(0, places.size, 1024):
        y, x = rows[start : start + 1024], columns[start : start + 1024]
        free = ~taken[y + reach, x + reach]
        for v, u in zip(y[free].tolist(), x[free].tolist(), strict=True):
            if len(points) < most and not taken[v + reach, u + reach]:
                points.append((u, v))
                taken[v : v + 2 * reach + 1, u : u + 2 * reach + 1] |= disk
    return np.array(points, np.float32).reshape(-1, 2)


def window_of(width, height, zero_width, zero_height):
    """Weights of the pixels around a corner: a Gaussian of their distance, 0 in the middle zone if there is one."""

    def bell(n):
        steps = (np.arange(-n, n + 1) / n).astype(np.float32)
        return np.array([math.exp(-v) for v in (steps * steps).tolist()], np.float32)

    weights = bell(height)[:, None] * bell(width)
    if 0 <= zero_width < width and 0 <= zero_height < height:
        weights[height - zero_height : height + zero_height + 1, width - zero_width : width + zero_width + 1] = 0
    return weights


@cuda.jit(device=True)
def clamped(p, n):
    """The nearest index in [0, n)."""
    return int32(min(max(p, int32(0)), int32(n - int32(1))))


@cuda.jit(device=True)
def lower_column(src, y, x, upper, lower):
    """Weighted sum of a pixel and the one below it."""
    p, q = float32(src[uint32(y), uint32(x)]), float32(src[uint32(int32(y + int32(1))), uint32(x)])
    return total(product(upper, p), product(lower, q))


@cuda.jit(device=True)
def sample(src, x0, y0, i, j, a, b, ratio, inside):
    """The image at column x0 + j + a, row y0 + i + b, where a and b are below 1, as OpenCV rounds it.

    inside: a row is made from left to right there, and the right column's part of one pixel, times ratio, is the left
    one's of the next.
    """
    one = float32(1)
    h, w = int32(src.shape[0]), int32(src.shape[1])
    x, y = int32(x0 + j), int32(y0 + i)
    if inside:
        upper, lower = product(a, total(one, -b)), product(a, b)
        if j == int32(0):
            before = product(total(one, -a), lower_column(src, y, x, total(one, -b), b))
        else:
            before = float32(product(float64(lower_column(src, y, x, upper, lower)), ratio))
        return total(before, lower_column(src, y, int32(x + int32(1)), upper, lower))
    top, below = uint32(clamped(y, h)), uint32(clamped(int32(y + int32(1)), h))
    if x < int32(0) or x >= int32(w - int32(1)):
        column = uint32(clamped(x, w))
        p, q = float32(src[top, column]), float32(src[below, column])
        return total(product(p, total(one, -b)), product(q, b))
    left, right = uint32(x), uint32(int32(x + int32(1)))
    s = product(float32(src[top, left]), product(total(one, -a), total(one, -b)))
    s = total(s, product(float32(src[top, right]), product(a, total(one, -b))))
    s = total(s, product(float32(src[below, left]), product(total(one, -a), b)))
    return total(s, product(float32(src[below, right]), product(a, b)))


@cuda.jit
def refine(src, corners, dst, weights, most, eps, exact):
    """A block a corner: its threads share the pixels of the window, and sums go up a tree, always the same.

    exact: samples inside of the image are made as those of uint8 are. All threads know the corner, so they step and end
    together.
    """
    parts = cuda.shared.array(PARTS, float64)
    thread, corner = int32(cuda.threadIdx.x), uint32(cuda.blockIdx.x)
    h, w = int32(src.shape[0]), int32(src.shape[1])
    rows, columns = int32(weights.shape[0]), int32(weights.shape[1])
    middle_x, middle_y = int32(columns >> int32(1)), int32(rows >> int32(1))
    start_x, start_y = corners[corner, 0], corners[corner, 1]
    x, y = start_x, start_y
    for _ in range(most):
        left = total(x, -product(float32(int32(columns + int32(1))), float32(0.5)))
        top = total(y, -product(float32(int32(rows + int32(1))), float32(0.5)))
        x0, y0 = int32(math.floor(left)), int32(math.floor(top))
        a, b = total(left, -float32(x0)), total(top, -float32(y0))
        inside = exact != int32(0) and x0 >= int32(0) and y0 >= int32(0)
        inside = inside and int32(x0 + columns + int32(2)) < w and int32(y0 + rows + int32(2)) < h
        ratio = float64(0)
        if inside:
            a = max(a, float32(LEAST_FRACTION))
            ratio = total(float64(1), -float64(a)) / float64(a)
        xx, xy, yy, along, across = float64(0), float64(0), float64(0), float64(0), float64(0)
        for n in range(thread, int32(rows * columns), int32(TEAM)):
            i = int32(uint32(n) // uint32(columns))
            j = int32(int32(n) - int32(i * columns))
            m = float64(weights[uint32(i), uint32(j)])
            if m != float64(0):
                right, down = float32(0), float32(0)
                for k in range(int32(4)):  # a loop, as four samples side by side would take too many registers
                    di, dj = int32(1), int32(1)
                    if k < int32(2):
                        dj = int32(2) if k == int32(0) else int32(0)
                    else:
                        di = int32(2) if k == int32(2) else int32(0)
                    value = sample(src, x0, y0, int32(i + di), int32(j + dj), a, b, ratio, inside)
                    if k < int32(2):
                        right = value if k == int32(0) else total(right, -value)
                    else:
                        down = value if k == int32(2) else total(down, -value)
                gx, gy = float64(right), float64(down)
                px, py = float64(int32(j - middle_x)), float64(int32(i - middle_y))
                gxx, gxy, gyy = gx * gx * m, gx * gy * m, gy * gy * m
                xx += gxx
                xy += gxy
                yy += gyy
                along += gxx * px + gxy * py
                across += gxy * px + gyy * py
        t = uint32(thread)
        parts[0, t], parts[1, t], parts[2, t], parts[3, t], parts[4, t] = xx, xy, yy, along, across
        half = int32(TEAM // 2)
        while half > int32(0):
            cuda.syncthreads()
            if thread < half:
                other = uint32(thread + half)
                for p in range(uint32(5)):
                    parts[p, t] += parts[p, other]
            half = int32(half >> int32(1))
        cuda.syncthreads()
        xx, xy, yy, along, across = parts[0, 0], parts[1, 0], parts[2, 0], parts[3, 0], parts[4, 0]
        cuda.syncthreads()  # before the next step writes them
        det = total(product(xx, yy), -product(xy, xy))
        if abs(det) <= float64(DET_EPSILON):
            break
        scale = float64(1) / det
        new_x = float32(float64(x) + yy * scale * along - xy * scale * across)
        new_y = float32(float64(y) - xy * scale * along + xx * scale * across)
        if not (new_x >= float32(0) and new_x < float32(w) and new_y >= float32(0) and new_y < float32(h)):
            break
        step_x, step_y = total(new_x, -x), total(new_y, -y)
        x, y = new_x, new_y
        if not float64(total(product(step_x, step_x), product(step_y, step_y))) > eps * eps:
            break
    if abs(total(x, -start_x)) > float32(middle_x) or abs(total(y, -start_y)) > float32(middle_y):
        x, y = start_x, start_y
    if thread == int32(0):
        dst[corner, 0] = x
        dst[corner, 1] = y


def refine_points(gpu, src, corners, dst, weights, most, eps, exact):
    """Launch ``refine`` for all corners."""
    gpu.launch(refine, (corners.shape[0],), (TEAM,), (src, corners, dst, weights, most, eps, exact))


def good_features_to_track(gpu, src, mask, block, smooth, slope, border, k, most, quality, distance):
    """Plan: the map of responses, its largest value, its local maxima in any order; the host sorts and chooses.

    Returns float32 (N, 2) in host memory.
    """
    h, w = src.shape
    if min(h, w) < 3:
        return np.empty((0, 2), np.float32)
    values = gpu.empty((h, w), np.float32)
    if k is None:
        corner_min_eigen_val(gpu, src, values, block, smooth, slope, border)
    else:
        corner_harris(gpu, src, values, block, smooth, slope, border, k)
    masked = np.int32(mask is not None)
    seen = gpu.upload(np.zeros((1, 1), np.uint8)) if mask is None else mask
    top = top_value(gpu, values, seen, masked)
    if not math.isfinite(top):
        return np.empty((0, 2), np.float32)
    best, places = listed_maxima(gpu, values, seen, masked, np.float32(top * quality))
    order = np.lexsort((places, best))[::-1]
    return keep_apart(places[order], h, w, most, distance)


def corner_sub_pix(gpu, src, corners, dst, win_size, zero_zone, most, eps):
    """Plan: a block of threads for each corner."""
    weights = gpu.upload(window_of(*win_size, *zero_zone))
    numbers = np.int32(most), np.float64(eps), np.int32(src.dtype == np.uint8)
    refine_points(gpu, src, gpu.upload(corners), dst, weights, *numbers)
