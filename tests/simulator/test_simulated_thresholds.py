"""The thresholds' CUDA plans in the simulator against OpenCV: every element equal."""

import cv2
import numpy as np
import pytest

from cvkit.thresholds import DTYPES, MODES, adaptive_threshold, threshold

SIZES = [(1, 1), (3, 5), (2, 33)]


def noise(shape, dtype, seed=0):
    random = np.random.default_rng(seed)
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        return random.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return random.integers(-30, 30, shape).astype(dtype) / 4


def compare(src, thresh, max_value, number):
    value, image = cv2.threshold(src, thresh, max_value, number)
    got = threshold(src, thresh, max_value, number, device="cuda")
    assert got.value == value
    assert got.image.dtype == image.dtype
    np.testing.assert_array_equal(got.image, image.reshape(src.shape))


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type(dtype):
    for number in range(len(MODES)):
        for thresh in (2.5, 1e9, -1e9):
            compare(noise((3, 5, 2), dtype, number), thresh, 7.5, number)
    compare(noise((17, 33), dtype), 100, 255, 0)


def test_nan():
    src = np.array([[np.nan, 1, 3]], np.float32)
    for number in (0, 1, 3, 4):
        compare(src, 2, 5, number)
    assert threshold(src, 2, type="trunc", device="cuda").image.tolist() == [[2, 1, 2]]


@pytest.mark.parametrize("size", SIZES)
def test_chosen_thresholds(size):
    for number in (8, 16):
        compare(noise(size, "uint8") // 9 * 2, 0, 255, number)


def test_otsu_of_uint16():
    compare(noise((3, 5), "uint16") // 3, 0, 255, 8)


@pytest.mark.parametrize("size", SIZES)
def test_adaptive(size):
    src = noise(size, "uint8")
    for method in (0, 1):
        for kind in (0, 1):
            want = cv2.adaptiveThreshold(src, 200, method, kind, 5, 1.5)
            np.testing.assert_array_equal(adaptive_threshold(src, 200, method, kind, 5, 1.5, device="cuda"), want)
