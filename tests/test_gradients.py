"""Gradients against OpenCV: sizes, strides, norms, threads, and what they refuse."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import assert_same, large_photo, noise

import cvkit
from cvkit.derivatives import sobel
from cvkit.gradients import BORDERS, gradient_magnitude, gradient_stages, spatial_gradient
from cvkit.run import threads

CODES = {"constant": 0, "replicate": 1, "reflect": 2, "reflect101": 4}


def plain(src):
    return np.ascontiguousarray(src)


def both_by_cv2(src, border):
    return [cv2.Sobel(plain(src), cv2.CV_16S, *order, borderType=CODES[border]) for order in ((1, 0), (0, 1))]


def magnitude_by_cv2(src, ksize, norm, border):
    options = {"ksize": ksize, "borderType": CODES[border]}
    dx, dy = (cv2.Sobel(plain(src), cv2.CV_32F, *order, **options) for order in ((1, 0), (0, 1)))
    return (cv2.magnitude(dx, dy) if norm == "l2" else cv2.add(abs(dx), abs(dy))).reshape(src.shape)


@st.composite
def images(draw, dtypes=("uint8", "float32")):
    """Noise of a dtype that loops of their own are made for, with any strides."""
    dtype = draw(st.sampled_from(dtypes))
    h, w, channels = draw(st.integers(1, 40)), draw(st.integers(1, 70)), draw(st.integers(1, 4))
    image = noise((2 * h, 3 * w, channels), draw(st.integers(0, 99))).astype(dtype)[::2, ::3]
    view = draw(st.sampled_from((slice(None), slice(None, None, -1))))
    return (image if channels > 1 else image[..., 0])[view]


borders = st.sampled_from(BORDERS)


@given(images(("uint8",)), borders)
def test_spatial_gradient(src, border):
    for got, want in zip(spatial_gradient(src, border=border), both_by_cv2(src, border), strict=True):
        assert_same(got, want.reshape(src.shape), border)


@given(images(), st.sampled_from((-1, 1, 3, 5, 7)), st.sampled_from(("l2", "l1")), borders)
def test_magnitude(src, ksize, norm, border):
    got = gradient_magnitude(src, ksize=ksize, norm=norm, border=border)
    assert_same(got, magnitude_by_cv2(src, ksize, norm, border), f"{ksize}, {norm}, {border}")


@pytest.mark.parametrize("border", ["replicate", "reflect", "reflect101"])
def test_a_constant_image_has_no_gradient(border):
    for dtype in ("uint8", "float32"):
        assert not gradient_magnitude(np.full((20, 37, 3), 77, dtype), border=border).any()
    assert not np.any(spatial_gradient(np.full((20, 37, 3), 77, np.uint8), border=border))


def test_stages():
    src = noise((20, 30, 3))
    for norm in ("l2", "l1"):
        stages = gradient_stages(src, norm=norm)
        assert_same(stages.dx, sobel(src, 1, 0, dtype="float32"))
        assert_same(stages.dy, sobel(src, 0, 1, dtype="float32"))
        assert_same(stages.magnitude, gradient_magnitude(src, norm=norm))
        assert stages.direction.dtype == np.float32
        assert ((stages.direction >= 0) & (stages.direction < 360)).all()
        want = cv2.phase(stages.dx, stages.dy, angleInDegrees=True).reshape(src.shape)
        turns = np.abs(stages.direction - want)
        assert np.minimum(turns, 360 - turns).max() < 0.05, "cv2's angles are that exact"


def results(src):
    yield gradient_magnitude(src)
    yield gradient_magnitude(src, ksize=5, norm="l1")
    yield from spatial_gradient(src, border="constant") if src.dtype == np.uint8 else ()


@pytest.mark.parametrize("count", [2, 3, 7])
def test_any_number_of_threads(count, monkeypatch):
    """Bands of any height, the last row of one being the first of the next."""
    for src in (noise((31, 40, 3)), noise((31, 41)).astype(np.float32)):
        cvkit.set_num_threads(1)
        want = list(results(src))
        cvkit.set_num_threads(count)
        with monkeypatch.context() as patch:
            patch.setattr(threads, "SMALLEST_BAND_NS", 1)
            for a, b in zip(results(src), want, strict=True):
                assert_same(a, b)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_a_photograph(count):
    cvkit.set_num_threads(count)
    photo = large_photo()
    assert_same(gradient_magnitude(photo), magnitude_by_cv2(photo, 3, "l2", "reflect101"))
    for got, want in zip(spatial_gradient(photo), both_by_cv2(photo, "reflect101"), strict=True):
        assert_same(got, want)


def test_inputs_stay_as_they_are_and_out_is_filled():
    src = noise((40, 50, 3))
    before = src.tobytes()
    want = gradient_magnitude(src)
    out = np.full((80, 100, 3), 7, np.float32)[::2, ::2]
    assert gradient_magnitude(src, out=out) is out
    assert_same(plain(out), want)
    spatial_gradient(src)
    assert src.tobytes() == before


SRC = noise((8, 9))
SIZES_TEXT = ", ".join(str(n) for n in range(1, 30, 2)) + " or 31."
ERRORS = [
    (spatial_gradient, (SRC,), {"ksize": 5}, "ksize is 5; it takes 3."),
    (spatial_gradient, (SRC.astype(np.float32),), {}, "src has dtype float32; it takes uint8. Convert it yourself: "
     "cvkit never rescales pixel values."),
    (gradient_magnitude, (SRC,), {"norm": "max"}, "norm is 'max'; it takes l2 or l1."),
    (gradient_magnitude, (SRC,), {"ksize": 2}, f"ksize is 2; it takes -1, {SIZES_TEXT}"),
    (gradient_magnitude, (SRC.astype(float),), {}, "src has dtype float64; it takes uint8, uint16, int16 or float32. "
     "Convert it yourself: cvkit never rescales pixel values."),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "arguments", "options", "text"), ERRORS)
def test_error(operation, arguments, options, text):
    with pytest.raises(cvkit.CvkitError) as caught:
        operation(*arguments, **options)
    assert str(caught.value) == f"{operation.__name__}: {text}"
