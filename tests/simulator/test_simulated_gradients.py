"""The CUDA plans of gradients in the simulator against OpenCV: every element equal."""

import cv2
import numpy as np
import pytest

from cvkit.gradients import BORDERS, gradient_magnitude, spatial_gradient

CODES = {"constant": 0, "replicate": 1, "reflect": 2, "reflect101": 4}
SIZES = ((1, 1), (3, 5), (5, 9, 3))
ON = {"device": "cuda"}


def noise(shape, dtype="uint8"):
    values = np.random.default_rng(sum(shape)).integers(0, 256, shape)
    return values.astype(dtype)


def same(got, want, note=""):
    want = want.reshape(got.shape)
    assert got.dtype == want.dtype
    assert np.array_equal(got, want), note


def test_more_than_a_tile():
    src = noise((18, 70))
    same(gradient_magnitude(src, **ON), cv2.magnitude(*(cv2.Sobel(src, cv2.CV_32F, x, 1 - x) for x in (1, 0))))


@pytest.mark.parametrize("border", BORDERS)
def test_both(border):
    for shape in SIZES[1:] if border == "reflect" else SIZES[2:]:
        src = noise(shape)
        orders = (1, 0), (0, 1)
        for got, order in zip(spatial_gradient(src, border=border, **ON), orders, strict=True):
            same(got, cv2.Sobel(src, cv2.CV_16S, *order, borderType=CODES[border]))


@pytest.mark.parametrize("norm", ["l2", "l1"])
@pytest.mark.parametrize(("ksize", "dtype"), [(3, "uint8"), (-1, "uint8"), (5, "uint8"), (3, "float32"), (1, "uint8")])
def test_magnitude(ksize, dtype, norm):
    for shape in SIZES[1:] if norm == "l2" else SIZES[:1]:
        src = noise(shape, dtype)
        dx, dy = (cv2.Sobel(src, cv2.CV_32F, *order, ksize=ksize) for order in ((1, 0), (0, 1)))
        want = cv2.magnitude(dx, dy) if norm == "l2" else cv2.add(abs(dx), abs(dy))
        same(gradient_magnitude(src, ksize=ksize, norm=norm, **ON), want)
