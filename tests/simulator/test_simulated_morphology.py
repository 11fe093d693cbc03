"""The CUDA plans of morphology in the simulator against OpenCV: every pixel equal."""

import cv2
import numpy as np
import pytest
from cvkit_cuda.morphology_tiles import most_steps

from cvkit import check
from cvkit.morphology import BORDERS, DTYPES, OPS, get_structuring_element, morphology_ex
from cvkit.morphology_elements import element, rectangle

SIZES = [(1, 1), (1, 7), (7, 1), (3, 5)]


def noise(shape, dtype="uint8", seed=0):
    """Values over the whole range of an integer dtype, over 0 to 1 of a float."""
    random = np.random.default_rng(seed)
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        return random.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return random.random(shape).astype(dtype)


def compare(src, op, kernel, anchor=(-1, -1), border="constant", border_value=None, iterations=1):
    options = {"anchor": anchor, "iterations": iterations}
    got = morphology_ex(src, op, kernel, border=border, border_value=border_value, device="cuda", **options)
    if border_value is not None:
        options["borderValue"] = border_value
    want = cv2.morphologyEx(src, OPS.index(op), kernel, borderType=check.BORDERS[border], **options).reshape(src.shape)
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    assert np.array_equal(got, want), f"{(got != want).sum()} of {want.size} differ: {op} {border} {anchor}"


@pytest.mark.parametrize("op", OPS[:-1])
def test_small_images(op):
    for turn, size in enumerate(SIZES):
        border = BORDERS[(turn + OPS.index(op)) % len(BORDERS)]
        compare(noise((*size, 3), seed=turn), op, np.ones((3, 3), np.uint8), border=border)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(dtype):
    src = noise((5, 9), dtype)
    compare(src, "tophat", np.ones((3, 2), np.uint8))
    compare(src, "gradient", get_structuring_element("cross", 3), (0, 1), "reflect")


@pytest.mark.parametrize("border", BORDERS)
def test_anchors_off_the_middle(border):
    compare(noise((6, 7)), "open", np.ones((4, 3), np.uint8), (2, 0), border)
    compare(noise((6, 7)), "dilate", get_structuring_element("diamond", (5, 3)), (0, 2), border)


@pytest.mark.parametrize("op", ["dilate", "blackhat", "gradient"])
def test_elements_too_large_for_a_tile(op):
    """The last launch writes the difference."""
    src = noise((3, 5), "float64")
    assert most_steps(rectangle(2, 50, 1, 25, 1), src.dtype, 1, 0, 2) == 0
    compare(src, op, np.ones((50, 2), np.uint8), border_value=(0.25,))
    if op == "gradient":
        compare(src, op, np.eye(47, 3, dtype=np.uint8))


def test_steps_in_several_launches():
    src = noise((3, 5), "float64")
    cross = get_structuring_element("cross", (15, 11))
    assert most_steps(element(cross != 0, 7, 5, 2), src.dtype, 1, 0, 4) == 1
    for op in ("tophat", "gradient"):
        compare(src, op, cross, iterations=2)


def test_several_tiles():
    compare(noise((17, 66)), "gradient", np.ones((2, 3), np.uint8), border_value=(90,))
    compare(noise((17, 33, 2)), "open", np.ones((3, 2), np.uint8), border="replicate")


def test_several_times():
    compare(noise((4, 6)), "close", get_structuring_element("cross", 3), iterations=2)
    compare(noise((4, 6)), "open", np.ones((2, 3), np.uint8), iterations=3)


def test_hit_or_miss():
    src = np.where(noise((7, 9)) > 127, 255, 0).astype(np.uint8)
    for kernel in ([[0, 1, 0], [-1, 1, 1], [-1, -1, 0]], [[-1, -1]], [[5, 5]], [[0, 0]]):
        compare(src, "hitmiss", np.array(kernel, np.int32))
