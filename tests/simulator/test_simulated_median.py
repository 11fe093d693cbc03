"""The median filter's CUDA kernels in the simulator: every value equal to OpenCV's, or beyond it to SciPy's."""

import cv2
import numpy as np
import pytest
from scipy.ndimage import median_filter

from cvkit.median import median_blur


def noise(shape, dtype="uint8", levels=None):
    """Values over the whole range of a dtype, or few of them."""
    rng = np.random.default_rng(sum(shape))
    if dtype == "float32":
        return rng.standard_normal(shape, np.float32)
    limits = np.iinfo(dtype)
    image = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return image if levels is None else (image // (256 // levels)).astype(dtype)


def check(src, ksize):
    got = median_blur(src, ksize, device="cuda")
    if ksize > 5 and (src.dtype != np.uint8 or src.shape[2:] == (2,)):
        want = median_filter(src, (ksize, ksize, 1)[: src.ndim], mode="nearest")
    else:
        want = cv2.medianBlur(src, ksize)
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    differing = np.argwhere(got != want)
    assert not len(differing), f"{len(differing)} of {want.size} values differ, first at {differing[0]}"


@pytest.mark.parametrize("ksize", [1, 3, 5, 7, 13])
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 1), (3, 5), (2, 4, 2), (3, 2, 3), (2, 3, 4)], ids=str)
def test_small_images(shape, ksize):
    """Images smaller than the window: all border."""
    check(noise(shape), ksize)


@pytest.mark.parametrize("dtype", ["uint16", "int16", "float32"])
@pytest.mark.parametrize("ksize", [1, 3, 5, 7, 9])
def test_dtypes(dtype, ksize):
    check(noise((3, 5), dtype), ksize)
    check(noise((2, 3, 3), dtype), ksize)


@pytest.mark.parametrize("ksize", [3, 5])
def test_two_tiles(ksize):
    """17 rows and 33 columns: a tile of one row and one of a single column."""
    check(noise((17, 33)), ksize)
    check(noise((2, 23, 3), levels=4), ksize)


def test_merged_columns_of_two_tiles():
    check(noise((9, 34), "uint16"), 7)


def test_histograms_of_two_blocks():
    """65 rows: the last of them begins a block; 61 windows: the last one likewise; the windows share words in pairs."""
    check(noise((65, 2)), 7)
    check(noise((2, 61)), 7)
    check(noise((3, 7), levels=2), 27)
