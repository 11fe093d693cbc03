"""The Gaussian blur's CUDA plan in the simulator against OpenCV: every pixel equal."""

import cv2
import numpy as np
import pytest
from cvkit_cuda import gaussian as kernels

from cvkit import check
from cvkit.gaussian import BORDERS, FLOAT_BORDERS, gaussian_blur, get_gaussian_kernel

SIZES = [(1, 1), (1, 7), (7, 1), (2, 3), (3, 5)]
FIXED_POINT = ["uint8", "uint16"]


def noise(shape, dtype, seed=0):
    """Values over the whole range of an integer dtype, over 0 to 1 of a float."""
    random = np.random.default_rng(seed)
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        return random.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return random.random(shape).astype(dtype)


def compare(src, ksize, sigma_x=0, sigma_y=0, border="reflect101"):
    got = gaussian_blur(src, ksize, sigma_x, sigma_y, border=border, device="cuda")
    want = cv2.GaussianBlur(src, ksize, sigma_x, sigmaY=sigma_y, borderType=check.BORDERS[border]).reshape(src.shape)
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    differing = np.argwhere(got != want)
    assert not len(differing), f"{len(differing)} of {want.size} differ, first at {differing[0]}"


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("dtype", FIXED_POINT)
def test_small_images(dtype, border):
    """Images smaller than the window: all border."""
    for seed, shape in enumerate(SIZES):
        compare(noise(shape, dtype, seed), (5, 5), border=border)
        compare(noise(shape, dtype, seed), (3, 9), 1.3, 2, border)


@pytest.mark.parametrize("dtype", FIXED_POINT)
@pytest.mark.parametrize("cn", [2, 3, 4])
def test_channels(dtype, cn):
    compare(noise((3, 5, cn), dtype), (7, 3), 1.1, border="reflect")
    compare(noise((3, 5, cn), dtype), (19, 19), 3, border="replicate")


@pytest.mark.parametrize("dtype", FIXED_POINT)
def test_two_tiles(dtype):
    """17 rows and 33 x 2 elements: a second tile of one row and of two elements."""
    compare(noise((17, 33, 2), dtype), (3, 3))


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("dtype", FIXED_POINT)
def test_two_passes(dtype, border):
    """A radius beyond what the tiles hold, one way and the other, and larger than the image."""
    assert kernels.LARGEST_RADIUS < 9
    for ksize in ((19, 1), (1, 19), (21, 23)):
        compare(noise((4, 6), dtype), ksize, 4, border=border)


@pytest.mark.parametrize("dtype", FIXED_POINT)
def test_the_longest_sums(dtype):
    """White: no sum overflows."""
    for ksize in ((1, 1), (17, 17), (19, 19)):
        for sigma in (0.1, 5):
            compare(np.full((3, 4), np.iinfo(dtype).max, dtype), ksize, sigma, border="replicate")


@pytest.mark.parametrize("dtype", ["int16", "float32", "float64"])
def test_floats(dtype):
    """These go through the separable filter; here only that it is asked for the right thing."""
    for border in FLOAT_BORDERS:
        compare(noise((3, 5), dtype), (5, 3), 1.2, border=border)
    compare(noise((2, 3, 3), dtype), (0, 0), 0.6)


def test_weights_are_host_work():
    got = get_gaussian_kernel(6, 1.5, device="cuda")
    np.testing.assert_array_equal(got, cv2.getGaussianKernel(6, 1.5))
