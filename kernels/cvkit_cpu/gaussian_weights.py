"""Weights of Gaussian kernels, bit for bit as OpenCV computes them: host arithmetic on a few numbers, in plain NumPy.

NumPy rounds every product and every sum of float64 on its own, which is what the table exponential below asks for. The
one fused multiply-add, in the sigma that follows from a size, is taken with exact fractions.
"""

from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

import numpy as np

# For these lengths a sigma of 0 or less means a fixed kernel, exact in binary: half of it, centre last.
FIXED = {
    1: (1.0,),
    3: (0.25, 0.5),
    5: (0.0625, 0.25, 0.375),
    7: (0.03125, 0.109375, 0.21875, 0.28125),
    9: (4 / 256, 13 / 256, 30 / 256, 51 / 256, 60 / 256),
}

LOG2E = float.fromhex("0x1.71547652b82fep+0")
STEPS = 64  # entries of the table of 2 ** (j / STEPS)
FAR = 2048.0  # beyond it the exponential is 0 (or infinite) whatever the argument
FAR_POWER = 192000.0
SCALE = float.fromhex("0x1.3ce0f3e46f431p-7")
POLYNOMIAL = tuple(  # of 2 ** f over SCALE, highest power first
    float.fromhex(c) / SCALE
    for c in (
        "0x1.5e7aa1566c2a4p-10",
        "0x1.3b2a72b4f3cd3p-7",
        "0x1.c6b08d81fec75p-5",
        "0x1.ebfbdff82a45ap-3",
        "0x1.62e42fefa39f1p-1",
        "0x1p+0",
    )
)


@lru_cache(maxsize=1)
def _table():
    """2 ** (j / STEPS) for j = 0 ... STEPS - 1, each rounded once."""
    with localcontext() as context:
        context.prec = 50
        return np.array([float(Decimal(2) ** (Decimal(j) / STEPS)) for j in range(STEPS)])


def exponential(x):
    """exp(x) of a float64 array as OpenCV has it: a table of powers of two times a polynomial, not the last bit of
    libm.
    """
    power = np.where(np.abs(x) >= FAR, np.copysign(FAR_POWER, x), x * (LOG2E * STEPS))
    whole = np.rint(power)
    rest = (power - whole) / STEPS
    whole = whole.astype(np.int64)
    exponent = np.clip(whole // STEPS + 1023, 0, 2047)
    factor = np.where(exponent > 0, np.ldexp(1.0, np.clip(exponent - 1023, -1022, 1023)), 0.0)
    value = np.full_like(rest, POLYNOMIAL[0])
    for coefficient in POLYNOMIAL[1:]:
        value = value * rest + coefficient
    return factor * SCALE * _table()[whole % STEPS] * value


@lru_cache(maxsize=32)
def gaussian_weights(n, sigma):
    """The float64 weights of ``cv2.getGaussianKernel(n, sigma)``, read-only; n may be even."""
    if sigma <= 0 and n in FIXED:
        half = FIXED[n]
        weights = np.array(half + half[-2::-1])
    else:
        weights = _sampled(n, sigma)
    weights.setflags(write=False)
    return weights


@lru_cache(maxsize=32)
def float32_weights(n, sigma):
    """The same as float32."""
    weights = gaussian_weights(n, sigma).astype(np.float32)
    weights.setflags(write=False)
    return weights


def _sampled(n, sigma):
    if sigma <= 0:
        sigma = float(Fraction(n) * Fraction(0.15) + Fraction(0.35))
    half = (n - 1) // 2
    with np.errstate(over="ignore", divide="ignore", under="ignore"):
        slope = -0.125 / (np.float64(sigma) * np.float64(sigma))
        x = np.arange(half, dtype=np.float64) * 2 + (1 - n)
        values = exponential(x * x * slope)
    total = np.add.accumulate(values)[-1] if half else 0.0  # in order, as np.sum would not
    total = 2.0 * total + 1.0
    if n % 2 == 0:
        total += 1.0
    middle = 1.0 / total
    weights = np.full(n, middle)
    weights[:half] = values * middle
    weights[n - half :] = weights[:half][::-1]
    return weights


@lru_cache(maxsize=32)
def fixed_point_weights(n, sigma, bits):
    """The weights of odd n as whole multiples of 2 ** -bits that sum to 1 exactly, read-only; the errors of rounding
    are carried on from tap to tap.

    None is negative: a carried error is never below -1/2, and the centre is even and above -1. uint16 for 8 bits and
    uint32 for 16, since a single tap is 2 ** bits.
    """
    weights = [0] * n
    error = 0.0
    half = n // 2
    for i, weight in enumerate(gaussian_weights(n, sigma)[:half].tolist()):
        wanted = weight * 2.0**bits + error
        weights[i] = weights[n - 1 - i] = round(wanted)
        error = wanted - weights[i]
    weights[half] = 2**bits - sum(weights)
    fixed = np.array(weights, np.uint16 if bits == 8 else np.uint32)
    fixed.setflags(write=False)
    return fixed
