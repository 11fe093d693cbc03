"""The keypoints' CUDA plans in the simulator against OpenCV."""

import cv2
import numpy as np
import pytest
from cvkit_cuda import keypoints

from cvkit.keypoints import corner_sub_pix, good_features_to_track


def noise(shape, dtype, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(dtype)


def test_features():
    src = noise((6, 11), np.uint8)
    mask = noise(src.shape, np.uint8, 1) // 100
    for most, quality, distance, seen in ((0, 0.001, 1.5, None), (2, 0.1, 0, mask)):
        want = cv2.goodFeaturesToTrack(src, most, quality, distance, mask=seen)[:, 0]
        got = good_features_to_track(src, most, quality, distance, mask=seen, device="cuda")
        np.testing.assert_array_equal(got, want)
    assert good_features_to_track(src[:2, :2], 0, 0.01, 2, device="cuda").shape == (0, 2)
    assert good_features_to_track(src[:3], 0, 0.01, 2, mask=mask[:3] * 0, device="cuda").shape == (0, 2)


def test_maxima_are_listed_again_where_there_was_no_room(gpu, monkeypatch):
    monkeypatch.setattr(keypoints, "ROOM", 1000)
    values = np.zeros((7, 12), np.float32)
    values[1:6:2, 1:11:2] = np.arange(15).reshape(3, 5) + 1
    nothing = gpu.upload(np.zeros((1, 1), np.uint8))
    arguments = gpu, gpu.upload(values), nothing, np.int32(0), np.float32(0)
    best, places = keypoints.listed_maxima(*arguments)
    assert sorted(best) == list(range(1, 16))
    np.testing.assert_array_equal(values.ravel()[places], best)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_sub_pixel(dtype):
    src = noise((12, 14), dtype)
    corners = np.array([[6.2, 5.9], [0.5, 11.7], [13, 3]], np.float32)
    for window, zone, most in (((2, 1), (-1, -1), 4), ((2, 2), (1, 1), 2)):
        got = corner_sub_pix(src, corners, window, zone, max_iter=most, device="cuda")
        want = cv2.cornerSubPix(src, corners.copy(), window, zone, (3, most, 0.01))
        np.testing.assert_allclose(got, want, atol=1e-4)
