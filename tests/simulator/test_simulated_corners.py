"""The corner detectors' CUDA plans in the simulator against OpenCV."""

import cv2
import numpy as np
import pytest

from cvkit.check import BORDERS as NUMBERS
from cvkit.corners import (
    BORDERS,
    corner_eigen_vals_and_vecs,
    corner_harris,
    corner_min_eigen_val,
)

BOUND = 1e-6  # sums over windows are made anew for each pixel


def noise(shape, dtype, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(dtype)


def close(got, want):
    assert (got.dtype, got.shape) == (want.dtype, want.shape)
    assert np.abs(got - want).max() <= BOUND * np.abs(want).max()


EVERY = pytest.mark.parametrize("dtype", [np.uint8, np.float32])


@EVERY
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (9, 33)], ids=str)
def test_responses(shape, dtype):
    src = noise(shape, dtype)
    for border in BORDERS if shape == (3, 5) else ("reflect101",):
        code = NUMBERS[border]
        got = corner_harris(src, 2, 3, 0.04, border=border, device="cuda")
        close(got, cv2.cornerHarris(src, 2, 3, 0.04, borderType=code))
    got = corner_min_eigen_val(src, 3, ksize=-1, device="cuda")
    close(got, cv2.cornerMinEigenVal(src, 3, ksize=-1))
    if shape == (3, 5):
        got = corner_eigen_vals_and_vecs(src, 3, device="cuda")
        close(got, cv2.cornerEigenValsAndVecs(src, 3, 3))


@EVERY
def test_large_windows_and_derivatives(dtype):
    src = noise((5, 9), dtype)
    for block, ksize, border in ((9, 3, "replicate"), (2, 5, "constant"), (3, 1, "reflect101")):
        got = corner_harris(src, block, ksize, 0.04, border=border, device="cuda")
        close(got, cv2.cornerHarris(src, block, ksize, 0.04, borderType=NUMBERS[border]))
    close(corner_min_eigen_val(src, 8, device="cuda"), cv2.cornerMinEigenVal(src, 8))
    got = corner_eigen_vals_and_vecs(src, 2, ksize=5, device="cuda")
    close(got, cv2.cornerEigenValsAndVecs(src, 2, 5))
