"""The hull's CUDA plan in the simulator against OpenCV: every corner equal."""

import cv2
import numpy as np
import pytest
from cvkit_cuda import shapes as kernels

import cvkit.shapes
from cvkit.errors import ArgumentError

DTYPES = [np.int32, np.float32]


@pytest.fixture(autouse=True)
def _few_threads(monkeypatch):
    """Blocks of a size that the simulator runs in reasonable time, and more than one of them."""
    monkeypatch.setattr(kernels, "THREADS", 4)
    monkeypatch.setattr(kernels, "BLOCKS", 2)


def compare(points, clockwise=False, as_points=False):
    got = cvkit.shapes.convex_hull(points, clockwise=clockwise, return_points=as_points, device="cuda")
    want = cv2.convexHull(points, clockwise=clockwise, returnPoints=as_points)[:, 0]
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 5, 33])
def test_clouds(n, dtype):
    random = np.random.default_rng(n)
    compare((random.normal(size=(n, 2)) * 20).astype(dtype))
    compare(random.integers(-3, 4, (n, 2)).astype(dtype), clockwise=True, as_points=True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_points_that_are_all_on_the_hull_or_equal(dtype):
    angle = np.arange(40) * 0.157
    compare((np.stack([np.cos(angle), np.sin(angle)], 1) * 1000).astype(dtype))
    compare(np.full((20, 2), 3, dtype))
    compare(np.stack([np.arange(30), np.arange(30)], 1).astype(dtype))


def test_candidates_are_listed_again_where_there_was_no_room(monkeypatch):
    monkeypatch.setattr(kernels, "SLACK", 0)
    compare(np.stack([np.arange(24), np.arange(24) ** 2], 1).astype(np.int32))


def test_extents_beyond_the_filter():
    compare(np.array([[-(2**30), 0], [2**30, 5], [3, 2**30], [0, 0], [1, 1]], np.int32))
    compare(np.array([[-3e38, 0], [3e38, 5], [3, 3e38], [0, 0], [1, 1]], np.float32) / 4)
    compare(np.array([[0, 0], [1e-40, 0], [1e-40, 1e-40], [5e-41, 1e-41]], np.float32))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_points_that_are_not_finite(value):
    points = np.random.default_rng(0).random((40, 2), np.float32)
    points[17, 1] = value
    with pytest.raises(ArgumentError, match="convex_hull: points holds NaN or infinity"):
        cvkit.shapes.convex_hull(points, device="cuda")
