"""The CUDA plans of regions in the simulator against OpenCV: every number equal."""

import cv2
import numpy as np
import pytest

from cvkit.regions import connected_components_with_stats, flood_fill

DTYPES = ["uint8", "int32", "float32"]


def levels(shape, seed=0, count=3):
    return np.random.default_rng(seed).integers(0, count, shape).astype(np.uint8)


def check_fill(src, seed, low, up, **options):
    """One fill on the device, a number alone for every bound."""
    mask = options.get("mask")
    flags = options.get("connectivity", 4) | options.get("mask_value", 1) << 8
    flags |= options.get("fixed_range", False) << 16 | options.get("mask_only", False) << 17
    given = None if mask is None else mask.copy()
    bounds = (low,) * 3, (up,) * 3
    want = cv2.floodFill(src.copy(), given, seed, (9, 8, 7), *bounds, flags)
    got = flood_fill(src, seed, (9, 8, 7), *bounds, device="cuda", **options)
    assert (got.area, got.rect) == (want[0], want[3])
    np.testing.assert_array_equal(got.image, want[1])
    np.testing.assert_array_equal(got.mask, want[2])
    assert (got.image.dtype, got.mask.dtype) == (src.dtype, np.uint8)
    return got.area


@pytest.mark.parametrize(
    ("shape", "dtype"), [((1, 1), "uint8"), *(((2, 3, 3), d) for d in DTYPES), ((3, 5), "uint8")], ids=str
)
def test_small_images(shape, dtype):
    for low, up, connectivity, fixed in ((1, 1, 8, False), (1, 0, 4, True)):
        src = levels(shape).astype(dtype) - (dtype == "int32")
        check_fill(src, (shape[1] // 2, 0), low, up, connectivity=connectivity, fixed_range=fixed)


def test_bounds_with_a_direction():
    check_fill(levels((3, 5)), (2, 1), 0, 1, connectivity=8)


def test_wrapping_differences_and_nan():
    src = np.array([[-(2**31), 2**31 - 1, 2**31 - 3], [0, 5, 2**31 - 2]], np.int32)
    assert check_fill(src, (0, 0), 1, 1) == 2
    odd = np.array([[1, np.nan, 1], [1, np.inf, 1], [1, 1, 1]], np.float32)
    assert check_fill(odd, (0, 0), 0, 0) == 7
    check_fill(odd, (1, 0), 9, 9, fixed_range=True)


def test_masks():
    src = levels((3, 4), 1, 2)
    mask = levels((5, 6), 2, 4) // 3 * 5
    mask[1, 1], mask[2, 3] = 0, 5
    check_fill(src, (0, 0), 1, 1, mask=mask, mask_value=200)
    check_fill(src, (0, 0), 1, 1, mask=mask, mask_only=True)
    for low in (0, 1):
        assert check_fill(src, (2, 1), low, 1, mask=mask) == 0


def test_ways_across_tiles():
    """From one tile into the next and back, with and without a direction."""
    src = np.full((2, 34), 50, np.uint8)
    src[0, 29:], src[1, 31:] = (3, 3, 4, 9, 9), (5, 4, 4)
    assert check_fill(src, (30, 0), 0, 1) == 4
    assert check_fill(src, (30, 0), 1, 1) == 6


@pytest.mark.parametrize(
    ("src", "connectivity"),
    [(levels((3, 5), 3, 2), 4), (levels((17, 33), 3, 2), 8), (np.ones((1, 2), np.int8), 8)],
    ids=["4", "8", "no background"],
)
def test_components(src, connectivity):
    want = cv2.connectedComponentsWithStats(src, connectivity=connectivity)
    got = connected_components_with_stats(src, connectivity=connectivity, device="cuda")
    assert got.count == want[0]
    for mine, theirs in zip(got[1:], want[1:], strict=True):
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)
