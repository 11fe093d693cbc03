"""The box filters' CUDA plans in the simulator against OpenCV: every pixel equal, floats included."""

import cv2
import numpy as np
import pytest
from cvkit_cuda import box as kernels
from cvkit_math.borders import source_index

from cvkit import check
from cvkit.box import BORDERS, BOX_DEPTHS, blur, box_filter, sqr_box_filter

SIZES = [(1, 1), (1, 7), (7, 1), (2, 3), (3, 5, 2)]


def noise(shape, dtype, seed=0):
    """Values over the whole range of an integer dtype; floats far apart in magnitude, where the order of sums shows."""
    random = np.random.default_rng(seed)
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        return random.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return (random.uniform(-1, 1, shape) * 10.0 ** random.uniform(-6, 6, shape)).astype(dtype)


def compare(operation, name, src, ksize, dtype, normalize=True, anchor=(-1, -1), border="reflect101"):
    options = {"normalize": normalize, "anchor": anchor}
    got = operation(src, ksize, dtype=dtype, border=border, device="cuda", **options)
    depth = check.DEPTHS.index(dtype)
    want = getattr(cv2, name)(src, depth, ksize, borderType=check.BORDERS[border], **options).reshape(src.shape)
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    differing = np.argwhere(got != want)
    assert not len(differing), f"{len(differing)} of {want.size} differ, first at {differing[0]}"


def compare_box(src, ksize, dtype=None, **options):
    compare(box_filter, "boxFilter", src, ksize, dtype or src.dtype.name, **options)


@pytest.mark.parametrize("border", [1, 2, 3, 4])
def test_far_outside(border):
    """In one step to where the CPU goes by reflection after reflection."""
    for n in (1, 2, 3, 8):
        for p in range(-40, 50):
            want = source_index(p, n, border)
            assert kernels.line(np.int32(p), np.int32(n), np.int32(border)) == want, (n, p)


@pytest.mark.parametrize("border", BORDERS)
def test_small_images(border):
    """Images smaller than the window: all border. On tiles; beyond their longest side; floats."""
    for seed, shape in enumerate(SIZES):
        compare_box(noise(shape, "uint8", seed), (5, 4), border=border)
    compare_box(noise((2, 3, 2), "uint8"), (11, 2), border=border, anchor=(9, 0))
    compare_box(noise((3, 2), "float32"), (4, 6), border=border)
    compare_box(noise((2, 3), "float64"), (5, 2), border=border)


@pytest.mark.parametrize("cn", [1, 3])
def test_two_blocks(cn):
    """17 x 33: a second tile both ways with several channels; chunks along the rows."""
    compare_box(noise((17, 33) if cn == 1 else (17, 33, cn), "uint8"), (3, 3))
    src = noise((2, 33) if cn == 1 else (2, 33, cn), "float32")
    compare_box(src, (7, 2))
    compare_box(src, (3, 5))


def test_pieces(monkeypatch):
    """Running sums that begin anew inside the image."""
    monkeypatch.setattr(kernels, "PIECE_W", 8)
    monkeypatch.setattr(kernels, "PIECE_H", 4)
    compare_box(noise((13, 21), "uint8"), (11, 2))
    compare_box(noise((35, 3, 2), "int16"), (2, 11), anchor=(0, 10))


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("dtype", ["int16", "int32", "float32"])
def test_every_dtype_of_the_result(dtype):
    """One of each rounding: in vectors of 4 and 8 and behind them; sums that saturate."""
    src = noise((1, 11), dtype)
    for result in BOX_DEPTHS[dtype]:
        compare_box(src, (3, 1), result, normalize=False)
        compare_box(src, (2, 2), result, border="replicate")


def test_means_of_two_whites():
    """OpenCV rounds these to 256, and makes them 255 in vectors and 0 behind them."""
    compare_box(np.full((2, 19), 255, np.uint8), (2, 1))


def test_numbers_that_int32_does_not_hold():
    src = np.array([[3e9, -3e9, np.nan, 2147483520, -2147483648, np.inf, 7.5]], np.float32)
    for result in ("uint8", "int16"):
        compare_box(src, (1, 1), result)


def test_whole_numbers_in_float64():
    """Windows whose sums OpenCV does not trust to int32."""
    compare_box(noise((2, 3), "uint16"), (200, 170))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_squares(dtype):
    for result in ("uint8", "float64"):
        compare(sqr_box_filter, "sqrBoxFilter", noise((2, 6), dtype), (3, 2), result)
    compare(sqr_box_filter, "sqrBoxFilter", noise((1, 4, 3), dtype), (2, 5), "float32", False, border="constant")


def test_blur():
    src = noise((4, 6), "uint8")
    got = blur(src, (3, 4), anchor=(0, 3), border="reflect", device="cuda")
    np.testing.assert_array_equal(got, cv2.blur(src, (3, 4), anchor=(0, 3), borderType=cv2.BORDER_REFLECT))
    floats = noise((3, 5), "float32")
    got = blur(floats, 4, border="wrap", device="cuda")
    np.testing.assert_array_equal(got, cv2.blur(floats, (4, 4), borderType=cv2.BORDER_WRAP))
