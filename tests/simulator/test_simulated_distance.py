"""The distance transform's CUDA plan in the simulator against OpenCV: every bit equal."""

import cv2
import numpy as np
import pytest

from cvkit.distance import distance_transform, distance_transform_labels

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


def compare_labels(src, distance, label_type):
    want = cv2.distanceTransformWithLabels(src, distance, 5, labelType=label_type)
    got = distance_transform_labels(src, distance, label_type=label_type, device="cuda")
    for mine, theirs in zip(got, want, strict=True):
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(("distance", "label_type"), [(1, 0), (2, 1), (2, 0), (3, 1)])
def test_labels(distance, label_type):
    random = np.random.default_rng(1)
    for size, share in (((1, 1), 1), ((3, 5), 0.3), ((7, 9), 0.1), ((1, 3), 0)):
        compare_labels((random.random(size) >= share).astype(np.uint8) * 9, distance, label_type)
