"""Canny's CUDA plans in the simulator against OpenCV: every pixel equal."""

import math

import cv2
import numpy as np
import pytest
from cvkit_cuda import edges

SIZES = [(1, 1), (1, 7), (7, 1), (2, 3), (3, 5)]

# Thresholds that keep some noise and drop some, in units of the derivative of each aperture.
MIDDLE = {3: 250.0, 5: 3500.0, 7: 42000.0}


def normalised(low, high, aperture, l2):
    """Thresholds as the plans take them: ordered, in the unit of the magnitude, floored, int32."""
    if aperture == 7:
        low, high = low / 16, high / 16
    low, high = sorted((low, high))
    if l2:
        low, high = (min(t, 32767.0) ** 2 if t > 0 else t for t in (low, high))
    return tuple(int(min(max(math.floor(t), -(2**31)), 2**31 - 1)) for t in (low, high))


def noise(seed, shape, cn=1):
    """Uniform bytes, (H, W) for one channel as cv2 has it."""
    return np.random.default_rng(seed).integers(0, 256, shape if cn == 1 else (*shape, cn), dtype=np.uint8)


def rings(shape, cn=1):
    """Concentric rings of falling contrast, shifted from channel to channel: curved edges, strong, weak and none."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    planes = [np.hypot(y - shape[0] / 2, x - shape[1] / 3 - c) for c in range(cn)]
    image = np.stack([(127 + 120 * np.sin(r) / (1 + r / 4)).astype(np.uint8) for r in planes], axis=-1)
    return image[..., 0] if cn == 1 else image


def check_canny(gpu, image, low, high, aperture=3, l2=False):
    """One run of the plan; says where the first difference is."""
    h, w = image.shape[:2]
    cn = image.shape[2] if image.ndim == 3 else 1
    dst = gpu.empty((h, w), np.uint8)
    edges.canny(gpu, gpu.upload(image.reshape(h, w * cn)), dst, cn, *normalised(low, high, aperture, l2), aperture, l2)
    want = cv2.Canny(image, low, high, apertureSize=aperture, L2gradient=l2)
    assert_same(gpu.download(dst), want)
    return want


def assert_same(got, want):
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    differing = np.argwhere(got != want)
    assert not len(differing), f"{len(differing)} of {want.size} pixels differ, first at {differing[0]}"


@pytest.mark.parametrize(("aperture", "l2"), [(3, False), (3, True), (5, True), (7, False)])
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_small_images(gpu, shape, aperture, l2):
    """Images smaller than the window: all border."""
    check_canny(gpu, noise(1, shape), MIDDLE[aperture], 2 * MIDDLE[aperture], aperture, l2)


@pytest.mark.parametrize("l2", [False, True], ids=["L1", "L2"])
@pytest.mark.parametrize("cn", [2, 3, 4])
def test_channels(gpu, cn, l2):
    """The channel of largest magnitude counts, the first of equals."""
    for aperture in (3, 7) if l2 else (3, 5):
        check_canny(gpu, noise(cn, (3, 5), cn), 1.5 * MIDDLE[aperture], 2 * MIDDLE[aperture], aperture, l2)
    repeated = np.repeat(noise(9, (2, 3))[..., None], cn, axis=2)
    check_canny(gpu, repeated, 100, 300, 3, l2)


@pytest.mark.parametrize(
    ("aperture", "cn", "l2"),
    [(3, 1, False), (5, 1, True), (7, 1, False), (3, 3, True), (5, 2, False), (7, 4, True)],
)
def test_two_tiles(gpu, aperture, cn, l2):
    """17 rows: a second tile of one row; 33 columns: a second warp of one pixel in hysteresis."""
    middle = MIDDLE[aperture] * (0.6 if l2 else 1.0)
    want = check_canny(gpu, noise(5, (17, 33), cn), middle, 2 * middle, aperture, l2)
    assert want.any()
    assert not want.all()


@pytest.mark.parametrize(
    ("low", "high"),
    [(100, 100), (300, 100), (-5, 200), (0, 0), (-10, -3), (99.5, 200.9), (1e6, 1e12), (40000, 50000)],
    ids=str,
)
def test_thresholds(gpu, low, high):
    """Equal, swapped, zero, negative, fractional and beyond every magnitude."""
    for l2 in (False, True):
        check_canny(gpu, rings((6, 9)), low, high, 3, l2)


@pytest.mark.parametrize("aperture", [3, 7])
def test_rings_across_tiles(gpu, aperture):
    """Weak arcs that hang on strong ones through tile borders."""
    low, high = {3: (40, 250), 7: (4000, 30000)}[aperture]
    want = check_canny(gpu, rings((19, 67)), low, high, aperture)
    assert np.any(want != cv2.Canny(rings((19, 67)), high, high, apertureSize=aperture))


@pytest.mark.parametrize("l2", [False, True], ids=["L1", "L2"])
@pytest.mark.parametrize("shape", [(1, 1), (7, 9)], ids=str)
@pytest.mark.parametrize("cn", [1, 3])
def test_from_gradients(gpu, cn, shape, l2):
    """Derivatives of every size up to the ends of int16, without the -32768 on which cv2's code paths disagree."""
    h, w = shape
    rng = np.random.default_rng(h * w + cn)
    for largest in (1000, 32767):
        dx, dy = rng.integers(-largest, largest + 1, (2, h, w * cn)).astype(np.int16)
        low, high = 0.5 * largest, 1.2 * largest
        dst = gpu.empty(shape, np.uint8)
        edges.canny_from_gradients(gpu, gpu.upload(dx), gpu.upload(dy), dst, cn, *normalised(low, high, 3, l2), l2)
        want = cv2.Canny(dx.reshape(h, w, cn), dy.reshape(h, w, cn), low, high, L2gradient=l2)
        assert_same(gpu.download(dst), want)


def test_lowest_derivative_counts_as_the_next(gpu):
    lowest = np.full((1, 3), -32768, np.int16)
    dst = gpu.empty((1, 3), np.uint8)
    edges.canny_from_gradients(gpu, gpu.upload(lowest), gpu.upload(np.zeros_like(lowest)), dst, 1, 32766, 32766, False)
    np.testing.assert_array_equal(gpu.download(dst), [[255, 0, 0]])
    edges.canny_from_gradients(gpu, gpu.upload(lowest), gpu.upload(np.zeros_like(lowest)), dst, 1, 32767, 32767, False)
    np.testing.assert_array_equal(gpu.download(dst), [[0, 0, 0]])
