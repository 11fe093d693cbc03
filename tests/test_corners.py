"""Corners: what is particular to them. Every expected value comes from cv2."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import assert_same, large_photo, noise, photo

import cvkit
from cvkit.check import BORDERS as NUMBERS
from cvkit.corners import (
    BORDERS,
    corner_eigen_vals_and_vecs,
    corner_harris,
    corner_min_eigen_val,
    harris_stages,
)
from cvkit.parity.images import Images, layouts
from cvkit.parity.proof import EQUAL, close
from cvkit.run import threads

KSIZES = (-1, 1, 3, 5, 7, 9)


def criterion(src, block, ksize):
    """Of Harris's response: bit for bit but where it is made in whole numbers."""
    return close(4e-6) if src.dtype == np.uint8 and (block, ksize) == (2, 3) else EQUAL


def assert_harris(got, src, block, ksize, k=0.04, border="reflect101"):
    case = f"{src.dtype} {src.shape}, {block}, {ksize}, {k}, {border}"
    assert_same(got, harris_by_cv2(src, block, ksize, k, border), case, criterion(src, block, ksize))


def harris_by_cv2(src, block, ksize, k=0.04, border="reflect101"):
    return cv2.cornerHarris(np.ascontiguousarray(src), block, ksize, k, borderType=NUMBERS[border])


@st.composite
def images(draw, least=1, most=70):
    """uint8 or float32, of few levels, so that responses tie, or of many; any strides."""
    h, w = draw(st.integers(least, most)), draw(st.integers(least, most))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = random.integers(0, draw(st.sampled_from((1, 3, 255))), (h, w), endpoint=True)
    image = values.astype(np.uint8) if draw(st.booleans()) else (values / 7 - 9).astype(np.float32)
    layout = draw(st.integers(0, 6))
    return [image, *layouts(image)][layout]


@settings(max_examples=250)
@given(images(), st.integers(1, 9), st.sampled_from(KSIZES), st.floats(-1, 1), st.sampled_from(BORDERS))
def test_any_image(src, block, ksize, k, border):
    before = src.tobytes()
    case = {"src": src, "block_size": block, "ksize": ksize, "border": border}
    plain, code = np.ascontiguousarray(src), NUMBERS[border]
    assert_harris(corner_harris(**case, k=k), src, block, ksize, k, border)
    assert_same(corner_min_eigen_val(**case), cv2.cornerMinEigenVal(plain, block, None, ksize, code), case)
    want = cv2.cornerEigenValsAndVecs(plain, block, ksize, None, code)
    assert_same(corner_eigen_vals_and_vecs(**case), want, case)
    assert src.tobytes() == before


@st.composite
def gray_images(draw):
    """uint8: noise of few levels or many, one edge, stripes, ramps, a pattern, something smooth."""
    h, w = draw(st.integers(1, 70)), draw(st.integers(1, 100))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    low = draw(st.integers(0, 254))
    high = draw(st.integers(low + 1, 255))
    y, x = np.mgrid[:h, :w]
    slope = x * random.normal() + y * random.normal()
    image = (
        random.integers(low, high, (h, w), endpoint=True),
        np.where(slope > slope.mean(), low, high),
        np.where((x + y) // random.integers(1, 9) % 2, low, high),
        low + slope * 8,
        np.tile(random.integers(low, high, (3, 2), endpoint=True), (h // 3 + 1, w // 2 + 1))[:h, :w],
        low + (high - low) * (np.sin(slope) + 1) / 2,
    )[draw(st.integers(0, 5))]
    return np.clip(image, 0, 255).astype(np.uint8)


@settings(max_examples=400)
@given(gray_images(), st.sampled_from((0, 0.001, 0.04, 0.06, 0.2, 0.25, -0.3)), st.sampled_from(BORDERS))
def test_whole_numbers_keep_their_bound(src, k, border):
    """Nearly flat images and edges alone too, for which OpenCV's rounding counts."""
    assert_harris(corner_harris(src, 2, 3, k, border=border), src, 2, 3, k, border)


def test_both_ways_to_calculate_are_taken():
    """Noise in whole numbers, which differ in the last bits; one gray level more or less as OpenCV, to the last bit."""
    src = noise((60, 90))
    assert (corner_harris(src, 2, 3, 0.04) != harris_by_cv2(src, 2, 3)).any()
    assert_same(corner_harris(src % 2, 2, 3, 0.04), harris_by_cv2(src % 2, 2, 3))


def test_whole_numbers_do_not_depend_on_threads(monkeypatch):
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 1)
    cases = [noise((37, 61)), noise((64, 96)), noise((7, 2)), noise((1, 1)), noise((50, 33)) // 16, noise((40, 64)) % 2]
    for src in cases:
        for border in BORDERS:
            found = set()
            for count in (1, 2, 3, 7):
                cvkit.set_num_threads(count)
                found.add(corner_harris(src, 2, 3, 0.04, border=border).tobytes())
            assert len(found) == 1, f"{src.shape} {border}"


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_large_images_on_any_number_of_threads(count):
    cvkit.set_num_threads(count)
    src = large_photo()
    assert len(threads.Cpu().split(src.shape[1], src.shape[0] * 1.0)) == min(count, 8), "too small to be cut"
    for block, ksize in ((2, 3), (3, 5)):
        assert_harris(corner_harris(src, block, ksize, 0.04), src, block, ksize)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_stripes_of_any_width(dtype, monkeypatch):
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 1)
    for shape in ((40, 61), (3, 9), (9, 2)):
        src = noise(shape).astype(dtype)
        for count in (2, 3, 7):
            cvkit.set_num_threads(count)
            for block, ksize in ((1, 3), (2, 3), (3, 3), (5, -1), (4, 5), (7, 3)):
                for border in BORDERS:
                    assert_harris(
                        corner_harris(src, block, ksize, 0.04, border=border), src, block, ksize, 0.04, border
                    )


def test_flat_parts_keep_what_the_moving_sums_leave_there():
    """Equal where the proofs, which the GPU must pass too, allow for a difference; whole numbers have none to keep."""
    for src in Images().synthetic(1):
        for block in (2, 3, 7):
            assert_same(corner_eigen_vals_and_vecs(src, block), cv2.cornerEigenValsAndVecs(src, block, 3))
            assert_harris(corner_harris(src, block, 3, 0.04), src, block, 3)


@pytest.mark.parametrize("border", BORDERS[1:])
def test_a_constant_image_has_no_corners(border):
    src = np.full((20, 30), 90, np.uint8)
    assert not corner_harris(src, 3, 3, 0.04, border=border).any()


def test_scratch_may_hold_anything(monkeypatch):
    def poisoned(shape, dtype=float):
        block = np.zeros(shape, dtype)
        block.view(np.uint8)[...] = 0xFF
        return block

    own_numpy = type(np)("numpy")
    vars(own_numpy).update(vars(np), empty=poisoned)
    monkeypatch.setattr(threads, "np", own_numpy)
    monkeypatch.setattr(threads.Cpu, "take", lambda self, size: poisoned(size, np.uint8))
    for shape in ((1, 1), (2, 9), (17, 33), (40, 50)):
        src = noise(shape)
        for block, ksize in ((2, 3), (3, 3), (5, 5), (9, 3), (3, 1)):
            for border in BORDERS:
                assert_harris(corner_harris(src, block, ksize, 0.04, border=border), src, block, ksize, 0.04, border)


def test_stages_are_close_to_opencv():
    for src in (photo("camera.png", gray=True)[60:180, 180:300], noise((31, 45)).astype(np.float32)):
        for block, ksize, border in ((2, 3, "reflect101"), (3, 5, "constant"), (5, -1, "replicate")):
            stages = harris_stages(src, block, ksize, 0.05, border=border)
            want = harris_by_cv2(src, block, ksize, 0.05, border)
            assert abs(stages.response - want).max() <= 2e-6 * abs(want).max()
            dilated = cv2.dilate(stages.response, np.ones((3, 3)))
            assert_same(stages.maxima, (dilated == stages.response) & (stages.response > 0))


def test_out_takes_the_result():
    src = noise((40, 50))
    wide = np.full((80, 100), 7, np.float32)
    for out in (np.empty((40, 50), np.float32), wide[::2, ::2], np.empty((50, 40), np.float32).T):
        assert corner_harris(src, 2, 3, 0.04, out=out) is out
        assert_harris(out, src, 2, 3)
    out = np.empty((40, 50, 6), np.float32)
    assert corner_eigen_vals_and_vecs(src, 3, out=out) is out
    assert_same(out, cv2.cornerEigenValsAndVecs(src, 3, 3))


IMAGE = noise((20, 30))
NAN = float("nan")
WRONG = [
    (corner_harris, (IMAGE.astype(np.uint16), 2, 3, 0.04), {}, "src has dtype uint16; it takes uint8 or float32"),
    (corner_harris, (noise((5, 6, 3)), 2, 3, 0.04), {}, r"src has shape \(5, 6, 3\); it takes \(H, W\)"),
    (corner_harris, (IMAGE, 0, 3, 0.04), {}, "block_size is 0; it takes a whole number from 1"),
    (corner_harris, (IMAGE, 2.5, 3, 0.04), {}, "block_size is 2.5; it takes a whole number"),
    (corner_harris, (IMAGE, 2, 4, 0.04), {}, "ksize is 4; it takes -1, 1, 3, "),
    (corner_harris, (IMAGE, 2, 33, 0.04), {}, "ksize is 33; it takes -1, 1, 3, "),
    (corner_harris, (IMAGE, 2, 3, NAN), {}, "k is nan; it takes a finite number"),
    (corner_harris, (IMAGE, 2, 3, 0.04), {"border": "wrap"}, "border is 'wrap'; it takes constant, replicate"),
    (corner_min_eigen_val, (IMAGE, -1), {}, "block_size is -1; it takes a whole number from 1"),
    (corner_eigen_vals_and_vecs, (IMAGE, 2), {"ksize": 2}, "ksize is 2; it takes -1, 1, 3, "),
]


@pytest.mark.parametrize(("operation", "arguments", "options", "text"), WRONG)
def test_wrong_arguments(operation, arguments, options, text):
    with pytest.raises(cvkit.CvkitError, match=rf"^{operation.__name__}: {text}"):
        operation(*arguments, **options)
