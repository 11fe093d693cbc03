"""The CUDA plans of derivatives in the simulator against OpenCV: every element equal."""

import cv2
import numpy as np
import pytest

from cvkit.check import DEPTHS
from cvkit.derivatives import BORDERS, laplacian, scharr, sobel, sobel_diagonal

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
