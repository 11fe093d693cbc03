"""The CUDA plans of integral images in the simulator against OpenCV: every sum equal, floats included."""

import cv2
import numpy as np
import pytest

from cvkit.check import DEPTHS
from cvkit.integrals import SUMS, integral, integral2, integral3

TRIPLES = [(dtype, result, squares) for dtype in SUMS for result in SUMS[dtype] for squares in SUMS[dtype][result]]


def noise(shape, dtype, seed=0):
    """Values over the whole range of an integer dtype; floats far apart in magnitude, where the order of sums shows."""
    random = np.random.default_rng(seed)
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        return random.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return (random.uniform(-1, 1, shape) * 10.0 ** random.uniform(-6, 6, shape)).astype(dtype)


def same(got, want):
    for i, (mine, theirs) in enumerate(zip(got, want, strict=True)):
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs, f"array {i}")


def compare(src, dtype, sq_dtype):
    depths = {"sdepth": DEPTHS.index(dtype), "sqdepth": DEPTHS.index(sq_dtype)}
    same([integral(src, dtype=dtype, device="cuda")], [cv2.integral(src, sdepth=depths["sdepth"])])
    same(integral3(src, dtype=dtype, sq_dtype=sq_dtype, device="cuda"), cv2.integral3(src, **depths))


@pytest.mark.parametrize(("dtype", "result", "squares"), TRIPLES)
def test_every_triple(dtype, result, squares):
    compare(noise((3, 5, 2), dtype), result, squares)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (3, 1), (2, 2, 4)], ids=str)
def test_small_images(shape):
    for dtype in ("uint8", "float64"):
        src = noise(shape, dtype)
        compare(src, "float64", "float64")
        same(integral2(src, device="cuda"), cv2.integral2(src))


def test_two_blocks():
    """35 rows; rows of more than one chunk of elements; the edges of blocks of threads."""
    compare(noise((35, 6), "uint8"), "float64", "float64")
    compare(noise((3, 33, 3), "float32"), "float32", "float32")


@pytest.mark.parametrize("shape", [(3, 35), (3, 67, 3), (3, 9, 4)], ids=str)
def test_rows_that_end_behind_vectors(shape):
    """There OpenCV goes on from a difference of two sums in float32, earlier in the last row of three channels."""
    src = noise(shape, "uint8")
    same([integral(src, dtype="float32", device="cuda")], [cv2.integral(src, sdepth=cv2.CV_32F)])
