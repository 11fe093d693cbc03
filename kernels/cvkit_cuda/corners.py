"""Corners on the GPU: responses of the structure tensor.

Derivatives of 3 x 3 and windows up to LARGEST go through one kernel, from a tile of the image in shared memory to the
response. Others take the derivatives from the linear filters, then sums along rows and down columns. Sums over windows
are in float64, anew for each pixel: OpenCV's run down the whole image, and differ in their last bits.
"""

import math

import numpy as np
from cvkit_math.borders import CONSTANT, source_index
from numba import cuda, float32, float64, int32, uint32

from cvkit_cuda.linear import sep_filter2d
from cvkit_cuda.linear_values import fused, product, total

BLOCK = (32, 8)
LARGEST = 7
PLANE = BLOCK[1] + LARGEST - 1  # rows of products of a block, for each of the three
PRODUCTS = (3 * PLANE, BLOCK[0] + LARGEST)
SUMS = (3 * PLANE, BLOCK[0] + 1)
SOURCE = (PLANE + 2, BLOCK[0] + LARGEST + 2)
EPSILON_F32, EPSILON_F64 = 2.0**-23, 2.0**-52


def grid(w, h):
    """Blocks that cover w columns and h rows."""
    return -(-w // BLOCK[0]), -(-h // BLOCK[1])


@cuda.jit(device=True)
def smoothed(tile, j, i, x, side, centre, v, last):
    """Weights side, centre, side around tile[j, i], which is in column x. v: uint8 rows are fused up to there, -1 for
    float32 rows, of which the element ``last`` is rounded another way.
    """
    a, b, c = tile[j, i - uint32(1)], tile[j, i], tile[j, i + uint32(1)]
    if v < int32(0):
        if x == last:
            return fused(side, total(c, a), product(centre, b))
        return fused(b, centre, product(total(a, c), side))
    if x < v:
        return fused(side, c, fused(centre, b, product(a, side)))
    return total(total(product(a, side), product(b, centre)), product(c, side))


@cuda.jit(device=True)
def difference(tile, j, i):
    """Of the neighbours of tile[j, i] in its row."""
    return total(tile[j, i + uint32(1)], -tile[j, i - uint32(1)])


@cuda.jit(device=True)
def harris(a, b, c, k, index, front, middle, dst, y, x):
    """det - k trace^2, rounded as OpenCV's vectors of 8 do up to ``front``, those of 4 up to ``middle``, then one by
    one.
    """
    s = total(a, c)
    det = total(product(a, c), -product(b, b))
    if index < front:
        dst[y, x] = total(det, -product(float32(k), product(s, s)))
    elif index < middle:
        dst[y, x] = total(det, -product(product(float32(k), s), s))
    else:
        dst[y, x] = float32(total(float64(det), -product(product(k, float64(s)), float64(s))))


@cuda.jit(device=True)
def smaller_eigenvalue(a, b, c, k, index, front, middle, dst, y, x):
    """Of the matrix a, b; b, c."""
    a, c = product(a, float32(0.5)), product(c, float32(0.5))
    t = total(a, -c)
    dst[y, x] = total(total(a, c), -float32(math.sqrt(total(product(b, b), product(t, t)))))


@cuda.jit(device=True)
def direction(a, b, c, value):
    """Eigenvector of the matrix a, b; b, c, of length 1 or, where it is zero but for rounding, less."""
    x, y = b, total(value, -a)
    size = total(abs(x), abs(y))
    if size < float64(1e-4):
        x, y = total(value, -c), b
        size = total(abs(x), abs(y))
        if size < float64(1e-4):
            size = float64(1) / total(size, float64(EPSILON_F32))
            x, y = product(x, size), product(y, size)
    d = float64(1) / math.sqrt(total(total(product(x, x), product(y, y)), float64(EPSILON_F64)))
    return product(x, d), product(y, d)


@cuda.jit(device=True)
def eigenvectors(a32, b32, c32, k, index, front, middle, dst, y, x):
    """Both eigenvalues and their vectors, six values a pixel."""
    a, b, c = float64(a32), float64(b32), float64(c32)
    u = product(total(a, c), float64(0.5))
    t = total(a, -c)
    v = math.sqrt(total(product(product(t, t), float64(0.25)), product(b, b)))
    first, second = total(u, v), total(u, -v)
    x1, y1 = direction(a, b, c, first)
    x2, y2 = direction(a, b, c, second)
    e = uint32(uint32(6) * x)
    dst[y, e] = float32(first)
    dst[y, e + uint32(1)] = float32(second)
    dst[y, e + uint32(2)] = float32(x1)
    dst[y, e + uint32(3)] = float32(y1)
    dst[y, e + uint32(4)] = float32(x2)
    dst[y, e + uint32(5)] = float32(y2)


def _fused(answer, name):
    def from_image(src, dst, side, centre, k, block, border, v, last, front, middle):
        """From an image to the answer, one thread a pixel: a tile of the image, products of its derivatives, their sums
        along rows and down columns.
        """
        tile = cuda.shared.array(SOURCE, float32)
        products = cuda.shared.array(PRODUCTS, float32)
        sums = cuda.shared.array(SUMS, float64)
        h, w = int32(src.shape[0]), int32(src.shape[1])
        up = int32(block >> int32(1))
        tx, ty = int32(cuda.threadIdx.x), int32(cuda.threadIdx.y)
        x0, y0 = int32(cuda.blockIdx.x * BLOCK[0]), int32(cuda.blockIdx.y * BLOCK[1])
        left, top = int32(x0 - up), int32(y0 - up)
        columns, rows = int32(int32(BLOCK[0]) + block - int32(1)), int32(int32(BLOCK[1]) + block - int32(1))
        for j in range(ty, int32(rows + int32(2)), int32(BLOCK[1])):
            y = int32(top + int32(j) - int32(1))
            for i in range(tx, int32(columns + int32(2)), int32(BLOCK[0])):
                x = int32(left + int32(i) - int32(1))
                value = float32(0)
                if border != int32(CONSTANT) or (x >= int32(0) and x < w and y >= int32(0) and y < h):
                    value = float32(src[uint32(source_index(y, h, border)), uint32(source_index(x, w, border))])
                tile[uint32(j), uint32(i)] = value
        cuda.syncthreads()
        for j in range(ty, rows, int32(BLOCK[1])):
            y = int32(top + int32(j))
            for i in range(tx, columns, int32(BLOCK[0])):
                x = int32(left + int32(i))
                dx, dy = float32(0), float32(0)
                if border != int32(CONSTANT) or (x >= int32(0) and x < w and y >= int32(0) and y < h):
                    # Outside of the image stand the products of the pixel that the border takes instead. Those beyond
                    # the window of the image's last pixel are of no use, and may come from elsewhere.
                    from_x = min(max(int32(source_index(x, w, border)), left), int32(left + columns - int32(1)))
                    from_y = min(max(int32(source_index(y, h, border)), top), int32(top + rows - int32(1)))
                    a, b = uint32(int32(from_y - top)), uint32(int32(from_x - left) + int32(1))
                    here, below = a + uint32(1), a + uint32(2)
                    across = total(difference(tile, a, b), difference(tile, below, b))
                    dx = fused(across, side, product(difference(tile, here, b), centre))
                    over = smoothed(tile, a, b, from_x, side, centre, v, last)
                    dy = total(smoothed(tile, below, b, from_x, side, centre, v, last), -over)
                products[uint32(j), uint32(i)] = product(dx, dx)
                products[uint32(int32(j) + int32(PLANE)), uint32(i)] = product(dx, dy)
                products[uint32(int32(j) + int32(2 * PLANE)), uint32(i)] = product(dy, dy)
        cuda.syncthreads()
        for p in range(int32(3)):
            for j in range(ty, rows, int32(BLOCK[1])):
                row = uint32(int32(p) * int32(PLANE) + int32(j))
                s = float64(products[row, uint32(tx)])
                for t in range(int32(1), block):
                    s = total(s, float64(products[row, uint32(tx + int32(t))]))
                sums[row, uint32(tx)] = s
        cuda.syncthreads()
        x, y = int32(x0 + tx), int32(y0 + ty)
        if x < w and y < h:
            a, b, c = float64(0), float64(0), float64(0)
            for t in range(block):
                row, column = uint32(ty + int32(t)), uint32(tx)
                a = total(a, sums[row, column])
                b = total(b, sums[row + uint32(PLANE), column])
                c = total(c, sums[row + uint32(2 * PLANE), column])
            index = int32(int32(y * w) + x)
            answer(float32(a), float32(b), float32(c), k, index, front, middle, dst, uint32(y), uint32(x))

    from_image.__name__ = from_image.__qualname__ = name
    return cuda.jit(from_image)


@cuda.jit
def row_sums(dx, dy, sums, block, border):
    """Sums of the products of derivatives along rows, three planes beside each other."""
    x, y = int32(cuda.grid(2)[0]), int32(cuda.grid(2)[1])
    h, w = int32(dx.shape[0]), int32(dx.shape[1])
    if x >= w or y >= h:
        return
    a, b, c = float64(0), float64(0), float64(0)
    for t in range(block):
        column = int32(x - int32(block >> int32(1)) + int32(t))
        if border != int32(CONSTANT) or (column >= int32(0) and column < w):
            place = uint32(source_index(column, w, border))
            u, v = dx[uint32(y), place], dy[uint32(y), place]
            a = total(a, float64(product(u, u)))
            b = total(b, float64(product(u, v)))
            c = total(c, float64(product(v, v)))
    sums[uint32(y), uint32(x)] = a
    sums[uint32(y), uint32(int32(x + w))] = b
    sums[uint32(y), uint32(int32(x + w + w))] = c


def _from_sums(answer, name):
    def from_sums(sums, dst, k, block, border, w, front, middle):
        """From sums along rows to the answer, one thread a pixel."""
        x, y = int32(cuda.grid(2)[0]), int32(cuda.grid(2)[1])
        h = int32(sums.shape[0])
        if x >= w or y >= h:
            return
        a, b, c = float64(0), float64(0), float64(0)
        for t in range(block):
            row = int32(y - int32(block >> int32(1)) + int32(t))
            if border != int32(CONSTANT) or (row >= int32(0) and row < h):
                place = uint32(source_index(row, h, border))
                a = total(a, sums[place, uint32(x)])
                b = total(b, sums[place, uint32(int32(x + w))])
                c = total(c, sums[place, uint32(int32(x + w + w))])
        index = int32(int32(y * w) + x)
        answer(float32(a), float32(b), float32(c), k, index, front, middle, dst, uint32(y), uint32(x))

    from_sums.__name__ = from_sums.__qualname__ = name
    return cuda.jit(from_sums)


harris_3 = _fused(harris, "harris_3")
eigenvalue_3 = _fused(smaller_eigenvalue, "eigenvalue_3")
eigenvectors_3 = _fused(eigenvectors, "eigenvectors_3")
harris_of_sums = _from_sums(harris, "harris_of_sums")
eigenvalue_of_sums = _from_sums(smaller_eigenvalue, "eigenvalue_of_sums")
eigenvectors_of_sums = _from_sums(eigenvectors, "eigenvectors_of_sums")


def _responses(gpu, kernels, src, dst, block, smooth, slope, border, k):
    h, w = src.shape
    pixels = h * w
    ends = np.int32(pixels // 8 * 8), np.int32(pixels // 4 * 4)
    numbers = np.int32(block), np.int32(border)
    k = np.float64(k)
    if smooth.size == 3 and block <= LARGEST:
        v = -1 if src.dtype == np.float32 else w // 32 * 32
        last = w - 1 if w % 2 else -1
        rounding = np.int32(v), np.int32(last), *ends
        gpu.launch(kernels[0], grid(w, h), BLOCK, (src, dst, smooth[0], smooth[1], k, *numbers, *rounding))
        return
    dx, dy = gpu.empty((h, w), np.float32), gpu.empty((h, w), np.float32)
    for derivative, x, y in ((dx, slope, smooth), (dy, smooth, slope)):
        sep_filter2d(gpu, src, derivative, 1, x, y, x.size // 2, y.size // 2, 0.0, border)
    sums = gpu.empty((h, 3 * w), np.float64)
    gpu.launch(row_sums, grid(w, h), BLOCK, (dx, dy, sums, *numbers))
    gpu.launch(kernels[1], grid(w, h), BLOCK, (sums, dst, k, *numbers, np.int32(w), *ends))


def corner_harris(gpu, src, dst, block, smooth, slope, border, k):
    """Plan: one launch, or four for large windows and derivatives."""
    _responses(gpu, (harris_3, harris_of_sums), src, dst, block, smooth, slope, border, k)


def corner_min_eigen_val(gpu, src, dst, block, smooth, slope, border):
    """Plan: as corner_harris."""
    _responses(gpu, (eigenvalue_3, eigenvalue_of_sums), src, dst, block, smooth, slope, border, 0.0)


def corner_eigen_vals_and_vecs(gpu, src, dst, block, smooth, slope, border):
    """Plan: as corner_harris; dst has 6 values a pixel."""
    _responses(gpu, (eigenvectors_3, eigenvectors_of_sums), src, dst, block, smooth, slope, border, 0.0)
