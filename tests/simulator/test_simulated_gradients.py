"""The CUDA plans of derivatives in the simulator against OpenCV: every element equal."""

import cv2
import numpy as np
import pytest

from cvkit.check import DEPTHS
from cvkit.gradients import BORDERS, gradient_magnitude, laplacian, scharr, sobel, sobel_diagonal, spatial_gradient

CODES = {"constant": 0, "replicate": 1, "reflect": 2, "reflect101": 4}
SIZES = ((1, 1), (3, 5), (5, 9, 3))
ORDERS = ((3, 1, 0), (5, 0, 1), (7, 1, 0), (-1, 0, 1), (1, 2, 0), (3, 1, 1))
ON = {"device": "cuda"}


def noise(shape, dtype="uint8"):
    values = np.random.default_rng(sum(shape)).integers(0, 256, shape)
    return values.astype(dtype)


def same(got, want, note=""):
    want = want.reshape(got.shape)
    assert got.dtype == want.dtype
    assert np.array_equal(got, want), note


@pytest.mark.parametrize("border", BORDERS)
def test_sobel_in_one_launch(border):
    number = BORDERS.index(border)
    for i, (ksize, dx, dy) in enumerate(ORDERS[number % 2 :: 2]):
        src = noise(SIZES[(i + number) % 3])
        want = cv2.Sobel(src, cv2.CV_16S, dx, dy, ksize=ksize, borderType=CODES[border])
        same(sobel(src, dx, dy, ksize=ksize, border=border, **ON), want, f"{src.shape}, {ksize}, {dx}, {dy}")


def test_more_than_a_tile():
    src = noise((18, 70))
    same(sobel(src, 1, 0, **ON), cv2.Sobel(src, cv2.CV_16S, 1, 0))
    same(gradient_magnitude(src, **ON), cv2.magnitude(*(cv2.Sobel(src, cv2.CV_32F, x, 1 - x) for x in (1, 0))))


@pytest.mark.parametrize(("source", "result"), [("uint8", "uint8"), ("uint16", "float32"), ("float64", "int16")])
def test_through_the_linear_filters(source, result):
    src, depth = noise((5, 9), source), DEPTHS.index(result)
    same(scharr(src, 1, 0, dtype=result, scale=0.3, **ON), cv2.Scharr(src, depth, 1, 0, scale=0.3))
    want = cv2.Laplacian(src, depth, ksize=5, scale=0.1, delta=3)
    same(laplacian(src, ksize=5, dtype=result, scale=0.1, delta=3, **ON), want)


def test_float32():
    src = noise((6, 19), "float32")
    same(sobel(src, 0, 1, **ON), cv2.Sobel(src, cv2.CV_32F, 0, 1))
    same(laplacian(src, **ON), cv2.Laplacian(src, cv2.CV_32F))


@pytest.mark.parametrize("ksize", [1, 3, 5, 7])
def test_laplacian(ksize):
    for shape in SIZES[ksize % 4 == 1 :: 2]:
        src = noise(shape)
        same(laplacian(src, ksize=ksize, **ON), cv2.Laplacian(src, cv2.CV_16S, ksize=ksize))


def test_diagonal():
    kernel = np.array([[0, -1, -2], [1, 0, -1], [2, 1, 0]], np.float32)
    for shape in SIZES:
        src = noise(shape)
        same(sobel_diagonal(src, 135, **ON), cv2.filter2D(src, cv2.CV_16S, kernel))


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
