"""The bilateral filter's CUDA plan in the simulator against OpenCV."""

import cv2
import numpy as np
import pytest
from cvkit_cuda import bilateral as kernels

from cvkit.bilateral import bilateral_filter
from cvkit.check import BORDERS

# Of the largest value: sums that cv2 rounds once or twice, by the width of the processor's vectors.
BOUND = {np.uint8: 0.0, np.float32: 2e-6}


def noise(shape, dtype, seed=0):
    image = np.random.default_rng(seed).integers(0, 256, shape).astype(dtype)
    image.flat[0] = 0
    return image


def check(src, d, sigma_color, sigma_space, border="reflect101"):
    """One run; equal, or within the bound for float32."""
    got = bilateral_filter(src, d, sigma_color, sigma_space, border=border, device="cuda")
    want = cv2.bilateralFilter(src, d, sigma_color, sigma_space, borderType=BORDERS[border])
    assert (got.dtype, got.shape) == (want.dtype, want.shape)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    distance = np.nan_to_num(np.abs(got.astype(np.float64) - want.astype(np.float64)))
    assert distance.max() <= BOUND[src.dtype.type] * np.nanmax(want, initial=0), f"{np.argwhere(distance > 0)[:1]}"


EVERY = pytest.mark.parametrize("dtype", [np.uint8, np.float32])


@EVERY
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 3), (3, 5, 3)], ids=str)
def test_small_images(shape, dtype):
    """Smaller than the neighbourhood: all border."""
    for border in BORDERS if shape == (2, 3) else ("constant", "wrap"):
        check(noise(shape, dtype), 5, 60, 3, border)


@EVERY
@pytest.mark.parametrize("shape", [(9, 33), (3, 34, 3)], ids=str)
def test_two_blocks(shape, dtype):
    """33 columns: a tail behind OpenCV's vectors, too."""
    check(noise(shape, dtype), 3, 60, 1.5)


def test_two_blocks_of_rows_by_distance():
    """Of 5 x 5 gray bytes OpenCV adds the rows in another order up to the tail."""
    check(noise((2, 34), np.uint8), 5, 200, 9)


@EVERY
@pytest.mark.parametrize("shape", [(2, 33), (2, 5, 3)], ids=str)
def test_without_a_tile(shape, dtype, monkeypatch):
    """As for neighbourhoods that don't fit in shared memory."""
    monkeypatch.setattr(kernels, "LARGEST_TILE", 0)
    check(noise(shape, dtype, 1), 5, 90, 2)


@EVERY
def test_image_stays_as_it_is(dtype):
    check(noise((3, 5, 3), dtype), 5, 0, 3)
    check(np.full((3, 5), 7, dtype), 5, 20, 3)


def test_nan_is_filled_in():
    src = noise((5, 18), np.float32)
    src[1, 2:4], src[2, 17] = np.nan, np.nan
    src[-2], src[-1] = 0, 255
    check(src, 3, 90, 2)
    check(np.full((2, 3), np.nan, np.float32), 3, 90, 2)


def test_extremes_of_several_blocks(gpu):
    """More values than the threads of three blocks look at in one step."""
    values = np.random.default_rng(2).random(3 * kernels.THREADS + 5, np.float32)
    values[[0, 9, 700]] = np.nan
    found = gpu.empty((2, 3), np.float32)
    gpu.launch(kernels.extremes, (3,), (kernels.THREADS,), (gpu.upload(values), found))
    lows, highs = gpu.download(found)
    assert (lows.min(), highs.max()) == (np.nanmin(values), np.nanmax(values))
