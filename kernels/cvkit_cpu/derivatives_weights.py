"""Weights of derivative kernels: host arithmetic for both devices, without Numba.

A Sobel kernel of n weights and order k is the binomial one of n - k weights, [1 1] convolved with itself, and then k
times the difference [-1 1]; Scharr's smooths with [3 10 3], which leaves a derivative's direction truer to itself.
"""

from functools import lru_cache

import numpy as np

SCHARR = -1
DIAGONALS = {
    45: ((-2, -1, 0), (-1, 0, 1), (0, 1, 2)),
    135: ((0, -1, -2), (1, 0, -1), (2, 1, 0)),
}


def taps(order, ksize):
    """How many weights a derivative of this order has; along its own direction ksize 1 stands for 3."""
    return 3 if ksize == SCHARR or (ksize == 1 and order > 0) else ksize


@lru_cache(maxsize=128)
def weights(order, ksize):
    """Whole weights of the derivative of an order along one axis, order 0 smoothing; float64, read-only."""
    if ksize == SCHARR:
        values = [-1, 0, 1] if order else [3, 10, 3]
    else:
        values = [1]
        for i in range(taps(order, ksize) - 1):
            first = -1 if i < order else 1
            values = [first * a + b for a, b in zip([*values, 0], [0, *values], strict=True)]
    result = np.array(values, np.float64)
    result.flags.writeable = False
    return result


@lru_cache(maxsize=128)
def pair(dx, dy, ksize, scale, dtype):
    """The weights along the rows and down the columns of a scaled derivative, as numbers of dtype in float64.

    OpenCV scales one of the two, that which smooths where only one does, and rounds the products to dtype.
    """
    along, down = weights(dx, ksize), weights(dy, ksize)
    if scale == 1:
        return rounded(along, dtype), rounded(down, dtype)
    if dx == 0:
        return scaled(along, scale, dtype), rounded(down, dtype)
    return rounded(along, dtype), scaled(down, scale, dtype)


def rounded(values, dtype):
    """Numbers of dtype in float64."""
    return values.astype(dtype).astype(np.float64)


def scaled(values, scale, dtype):
    """Products with the scale, each factor and each product rounded to dtype, in float64."""
    kind = np.dtype(dtype).type
    return (values.astype(dtype) * kind(scale)).astype(np.float64)


@lru_cache(maxsize=16)
def second_derivative(ksize):
    """The weights of the second derivative and those across it, of one size; ksize 1 stands for 3 without smoothing."""
    if ksize > 1:
        return weights(2, ksize), weights(0, ksize)
    smooth = np.array([0.0, 1.0, 0.0])
    smooth.flags.writeable = False
    return weights(2, 1), smooth


def normalized(order, ksize):
    """Whole weights over what keeps a derivative in the range of the values: a power of two, for Scharr's 32."""
    if ksize == SCHARR:
        return weights(order, ksize) / (1 if order else 32)
    return weights(order, ksize) / 2.0 ** (taps(order, ksize) - order - 1)


@lru_cache(maxsize=64)
def diagonal(angle, scale, dtype):
    """The derivative of Sobel's kind along a diagonal, scaled, as numbers of dtype in float64."""
    return scaled(np.array(DIAGONALS[angle], np.float64), scale, dtype)
