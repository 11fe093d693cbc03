"""The distance transform's CUDA plan in the simulator against OpenCV: every bit equal."""

import cv2
import numpy as np
import pytest

from cvkit.distance import distance_transform

METRICS = [(1, 3), (3, 3), (2, 3), (2, 5), (2, 0)]


def compare(src, metric):
    want = cv2.distanceTransform(src, *metric)
    got = distance_transform(src, *metric, device="cuda")
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("metric", METRICS)
def test_against_cv2(metric):
    random = np.random.default_rng(0)
    for size, share in (((1, 1), 0), ((1, 1), 1), ((3, 5), 0.3), ((17, 33), 0.05), ((1, 20), 0.1), ((20, 1), 0.1)):
        compare((random.random(size) >= share).astype(np.uint8) * 9, metric)


@pytest.mark.parametrize("metric", METRICS)
def test_one_zero_and_none(metric):
    src = np.ones((7, 12), np.uint8)
    compare(src, metric)
    src[5, 1] = 0
    compare(src, metric)
