"""The CUDA plans of the linear filters in the simulator against OpenCV: every bit equal."""

import cv2
import numpy as np
import pytest

from cvkit.check import DEPTHS
from cvkit.linear import PLANAR_RESULTS, SEPARABLE_RESULTS, filter2d, sep_filter2d

CODES = {"constant": 0, "replicate": 1, "reflect": 2, "reflect101": 4}
WORDS = list(CODES)
SEPARABLE = [(a, b) for a, results in SEPARABLE_RESULTS.items() for b in results]
PLANAR = [(a, b) for a, results in PLANAR_RESULTS.items() for b in results]


def noise(dtype, shape, seed=0):
    """Values over the range of an integer dtype, or from -20 to 280."""
    rng = np.random.default_rng(seed)
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return (rng.random(shape) * 300 - 20).astype(dtype)


def assert_same(got, want, case):
    assert got.dtype == want.dtype
    differing = np.argwhere(got != want)
    assert not len(differing), f"{len(differing)} of {want.size} differ, first at {differing[0]}: {case}"


def check_separable(src, kernel_x, kernel_y, dtype, delta=0, border="reflect101", anchor=(-1, -1)):
    x, y = np.array(kernel_x, np.float64), np.array(kernel_y, np.float64)
    got = sep_filter2d(src, x, y, dtype=dtype, delta=delta, anchor=anchor, border=border, device="cuda")
    options = {"delta": delta, "anchor": anchor, "borderType": CODES[border]}
    want = cv2.sepFilter2D(src, DEPTHS.index(np.dtype(dtype).name), x, y, **options)
    assert_same(got, want, f"{kernel_x}, {kernel_y}, {options}")


def check_planar(src, kernel, dtype, delta=0, border="reflect101", anchor=(-1, -1)):
    kernel = np.asarray(kernel)
    got = filter2d(src, kernel, dtype=dtype, delta=delta, anchor=anchor, border=border, device="cuda")
    options = {"delta": delta, "anchor": anchor, "borderType": CODES[border]}
    want = cv2.filter2D(src, DEPTHS.index(np.dtype(dtype).name), kernel, **options)
    assert_same(got, want, f"{kernel.tolist()}, {options}")


@pytest.mark.parametrize(("source", "result"), SEPARABLE)
def test_separable_of_every_pair(source, result):
    number = SEPARABLE.index((source, result))
    for i, (x, y) in enumerate((([0.1, 0.2, 0.4, 0.2, 0.1], [0.1, 0.3]), ([0.1, 0.2, 0.3], [0.25, 0.5, 0.25]))):
        check_separable(noise(source, (3, 37), number), x, y, result, 0.5 * i, WORDS[(number + i) % 4])
    check_separable(noise(source, (1, 1)), [1, 2, 3, 4, 5, 6, 7], [1, -1], result, 1, WORDS[number % 4])


@pytest.mark.parametrize("kernel", [[1, 2, 1], [1, -2, 1], [3, 10, 3], [-1, 0, 1], [1, 0, -2, 0, 1], [-1, -2, 0, 2, 1]])
def test_short_mirrored_kernels(kernel):
    """Forms of their own on float32, and whole weights from uint8 to int16."""
    for w in (3, 13):
        check_separable(noise("float32", (3, w), w), kernel, kernel, "float32", 0.3)
        check_separable(noise("uint8", (2, 2 * w + 8), w), kernel, kernel, "int16", 0.5)


def test_fixed_point():
    """Weights in 256ths from uint8 to uint8: in float32 up to the last multiple of 16, then in whole numbers."""
    smooth = [0.0625, 0.25, 0.375, 0.25, 0.0625]
    for delta in (0, 0.5, -3.3, 1e9):
        check_separable(noise("uint8", (3, 21), 3), smooth, [0.25, 0.5, 0.25], "uint8", delta)


def test_two_blocks():
    """17 rows and 33 columns of three channels, with anchors beside the middle."""
    src = noise("uint8", (17, 33))
    check_separable(src, [0.1, 0.2, 0.7], [0.3, 0.3], "uint8", 0, "constant", (0, 1))
    check_planar(src, [[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]], "int16", 0.5, "reflect", (2, 0))
    src = noise("float32", (5, 25, 3))
    check_separable(src, [0.1, 0.2, 0.4, 0.2, 0.1], [0.25, 0.5, 0.25], "float32")
    check_planar(src, np.arange(9).reshape(3, 3) / 36, "float32", 0, "constant")


@pytest.mark.parametrize(("source", "result"), PLANAR)
def test_planar_of_every_pair(source, result):
    number = PLANAR.index((source, result))
    kernel = np.random.default_rng(number).integers(-10, 11, (3, 3)) / 10
    check_planar(noise(source, (3, 13), number), kernel, result, 0.5, WORDS[number % 4])
    check_planar(noise(source, (1, 1)), kernel[:2], result, 0, WORDS[number % 4])


def test_beyond_a_tile():
    """A window that is too large for a tile is read from the image, here still summed directly by OpenCV."""
    src = noise("uint8", (3, 9))
    for shape in ((11, 3), (1, 60)):
        check_planar(src, np.random.default_rng(1).integers(-10, 11, shape) / 50, "uint8", 3, "reflect101", (1, 0))
