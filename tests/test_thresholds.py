"""Thresholds: what is particular to them. Every expected value comes from cv2."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import HostTensor, assert_same, large_photo, noise

import cvkit
from cvkit.errors import ArgumentError, DtypeError
from cvkit.parity.images import layouts
from cvkit.parity.thresholds import CODES
from cvkit.run import threads
from cvkit.thresholds import DTYPES, MODES, NUMBERED, adaptive_threshold, threshold


def by_cv2(src, thresh, max_value, kind):
    value, image = cv2.threshold(np.ascontiguousarray(src), thresh, max_value, CODES[kind])
    return value, image.reshape(src.shape)


def pixels(shape, dtype, seed):
    """Noise over the range of an integer dtype; floats of both signs, some of them equal to the thresholds below."""
    if np.issubdtype(dtype, np.integer):
        return noise(shape, seed, dtype)
    return np.random.default_rng(seed).integers(-30, 30, shape).astype(dtype) / 4


@st.composite
def images(draw, dtypes, channels=(1, 2, 3, 4)):
    """An image of any dtype, size, channels and strides, over the whole range of its dtype or a few values of it."""
    dtype = draw(st.sampled_from(dtypes))
    shape = (draw(st.integers(1, 70)), draw(st.integers(1, 70)))
    cn = draw(st.sampled_from(channels))
    src = pixels(shape if cn == 1 else (*shape, cn), dtype, draw(st.integers(0, 2**32 - 1)))
    if draw(st.booleans()):
        src = src % np.asarray(draw(st.integers(1, 50)), dtype)
    kinds = [src, *layouts(src)]
    return kinds[draw(st.integers(0, 7)) % len(kinds)]


numbers = st.integers(-300, 300) | st.floats(-70000, 70000) | st.integers(-8, 8).map(lambda n: n / 4)


@settings(max_examples=600)
@given(images(DTYPES), numbers, numbers, st.sampled_from(MODES))
def test_any_threshold(src, thresh, max_value, kind):
    before = src.tobytes()
    case = {"src": src, "thresh": float(thresh), "max_value": float(max_value), "type": kind}
    want, got = by_cv2(*case.values()), threshold(**case)
    assert_same(got.image, want[1], case)
    assert got.value == want[0]
    assert src.tobytes() == before


@settings(max_examples=200)
@given(images(("uint8", "uint16"), (1,)), st.sampled_from(MODES))
def test_any_choice_of_otsu(src, kind):
    assert_same(threshold(src, 0, type=f"{kind}+otsu"), by_cv2(src, 0, 255, f"{kind}+otsu"), {"src": src})


@settings(max_examples=200)
@given(images(("uint8",), (1,)), st.sampled_from(MODES))
def test_any_choice_of_the_triangle(src, kind):
    assert_same(threshold(src, 0, type=f"{kind}+triangle"), by_cv2(src, 0, 255, f"{kind}+triangle"), {"src": src})


@settings(max_examples=300)
@given(
    images(("uint8",), (1,)),
    st.floats(-10, 300),
    st.booleans(),
    st.booleans(),
    st.integers(1, 40).map(lambda n: 2 * n + 1),
    st.floats(-300, 300) | st.integers(-20, 20).map(lambda n: n / 2),
)
def test_any_adaptive_threshold(src, top, weighted, inverse, block, c):
    want = cv2.adaptiveThreshold(np.ascontiguousarray(src), top, int(weighted), int(inverse), block, c)
    method, kind = ("gaussian" if weighted else "mean"), MODES[inverse]
    assert_same(adaptive_threshold(src, top, method, kind, block, c), want, {"src": src, "block": block, "c": c})


@pytest.mark.parametrize("number", NUMBERED)
def test_numbers_of_cv2(number):
    src = noise((9, 20))
    value, image = cv2.threshold(src, 100, 200, number)
    assert_same(threshold(src, 100, 200, number), (value, image), number)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
def test_ends_of_a_dtype(dtype):
    limits = np.iinfo(dtype)
    src = np.array([[limits.min, limits.min + 1, 0, 1, limits.max - 1, limits.max]], dtype)
    for thresh in (
        limits.min - 1,
        limits.min - 0.5,
        limits.min,
        limits.max - 1,
        limits.max - 0.5,
        limits.max,
        1e9,
        -1e9,
    ):
        for kind in MODES:
            case = {"src": src, "thresh": float(thresh), "max_value": 77.0, "type": kind}
            assert_same(threshold(**case), by_cv2(*case.values()), case)


def test_numbers_beyond_int32_keep_their_sign():
    """cv2 takes both for -2147483648."""
    src = noise((3, 7))
    assert not threshold(src, 1e300).image.any()
    assert (threshold(src, -1e300).image == 255).all()
    assert (threshold(src, -1, 1e300).image == 255).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_and_infinity(dtype):
    """As in cv2, but that "trunc" cuts NaN in a whole row."""
    src = np.array([[np.nan, np.inf, -np.inf, 2, -0.0] * 7], dtype)
    for kind in MODES:
        got = threshold(src, 1, 5, kind).image
        if kind == "trunc":
            assert (got[np.isnan(src)] == 1).all()
            src = np.nan_to_num(src, nan=0, posinf=np.inf, neginf=-np.inf)
            got = threshold(src, 1, 5, kind).image
        assert_same(got, by_cv2(src, 1, 5, kind)[1], kind)


def test_binary_and_its_inverse_are_a_whole():
    src = noise((31, 47, 3))
    for thresh in (-1, 0, 100, 255):
        both = threshold(src, thresh, 1).image + threshold(src, thresh, 1, "binary_inv").image
        assert (both == 1).all()
        both = threshold(src, thresh, 1, "tozero").image + threshold(src, thresh, 1, "tozero_inv").image
        assert_same(both, src)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_large_images_on_any_number_of_threads(count, monkeypatch):
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 10)
    cvkit.set_num_threads(count)
    src = large_photo((201, 333))
    for kind in ("trunc", "binary+otsu", "binary+triangle"):
        assert_same(threshold(src, 99, type=kind), by_cv2(src, 99, 255, kind), kind)
    wide = src.astype(np.uint16) * 250
    assert_same(threshold(wide, 0, type="tozero+otsu"), by_cv2(wide, 0, 255, "tozero+otsu"))
    for number, method in enumerate(("mean", "gaussian")):
        want = cv2.adaptiveThreshold(src, 255, number, 0, 11, 2)
        assert_same(adaptive_threshold(src, 255, method, "binary", 11, 2), want, method)


def test_out():
    src = noise((20, 33, 3))
    want = by_cv2(src, 90, 200, "binary")[1]
    for out in (np.empty_like(src), np.empty((20, 66, 3), np.uint8)[:, ::2]):
        assert threshold(src, 90, 200, out=out).image is out
        assert_same(out, want)
    gray = src[..., 0]
    out = np.empty((33, 20), np.uint8).T
    assert adaptive_threshold(gray, 255, "mean", 0, 3, 1, out=out) is out
    assert_same(out, cv2.adaptiveThreshold(np.ascontiguousarray(gray), 255, 0, 0, 3, 1))
    assert_same(threshold(HostTensor(src), 90, 200).image, want)


GRAY = np.zeros((4, 5), np.uint8)
BAD = [
    ({"thresh": float("nan")}, ArgumentError, "thresh is nan; it takes a finite number."),
    ({"thresh": "1"}, DtypeError, "thresh is '1'; it takes a number."),
    ({"max_value": float("inf")}, ArgumentError, "max_value is inf; it takes a finite number."),
    ({"type": "bin"}, ArgumentError, "type is 'bin'; it takes binary, binary_inv, trunc"),
    ({"type": 7}, ArgumentError, "type is 7; it takes binary"),
    ({"type": True}, ArgumentError, "type is True; it takes binary"),
    ({"type": ["binary"]}, ArgumentError, "type is a list; it takes binary"),
    ({"src": GRAY.astype(np.int32)}, DtypeError, "src has dtype int32; it takes uint8, uint16, int16"),
    ({"src": GRAY.astype(np.float32), "type": "binary+otsu"}, DtypeError, "with otsu it takes uint8 or uint16."),
    ({"src": GRAY.astype(np.uint16), "type": "trunc+triangle"}, DtypeError, "with triangle it takes uint8."),
    ({"src": np.zeros((4, 5, 3), np.uint8), "type": 8}, ArgumentError, "src has 3 channels; with otsu it takes one."),
    ({"out": np.zeros((4, 5), np.int16)}, DtypeError, "out has dtype int16; the result has uint8."),
    ({"device": "gpu"}, ArgumentError, "device is 'gpu'; it takes auto, cpu or cuda."),
]
BAD_ADAPTIVE = [
    ({"block_size": 4}, ArgumentError, "block_size is 4; it takes an odd number."),
    ({"block_size": 1}, ArgumentError, "block_size is 1; it takes a whole number from 3 up to 32767."),
    ({"block_size": 5.0}, DtypeError, "block_size is 5.0; it takes a whole number."),
    ({"c": float("nan")}, ArgumentError, "c is nan; it takes a finite number."),
    ({"max_value": None}, DtypeError, "max_value is None; it takes a number."),
    ({"method": "median"}, ArgumentError, "method is 'median'; it takes mean, gaussian, 0 or 1."),
    ({"type": "trunc"}, ArgumentError, "type is 'trunc'; it takes binary, binary_inv, 0 or 1."),
    ({"src": GRAY.astype(np.uint16)}, DtypeError, "src has dtype uint16; it takes uint8."),
    ({"src": np.zeros((4, 5, 3), np.uint8)}, ArgumentError, "src has shape (4, 5, 3); it takes (H, W) or"),
]


@pytest.mark.parametrize(("change", "error", "text"), BAD)
def test_bad_arguments(change, error, text):
    with pytest.raises(error) as caught:
        threshold(**{"src": GRAY, "thresh": 1, **change})
    assert str(caught.value).startswith("threshold: ")
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("change", "error", "text"), BAD_ADAPTIVE)
def test_bad_arguments_of_the_adaptive_one(change, error, text):
    good = {"src": GRAY, "max_value": 255, "method": "mean", "type": "binary", "block_size": 3, "c": 0}
    with pytest.raises(error) as caught:
        adaptive_threshold(**{**good, **change})
    assert str(caught.value).startswith("adaptive_threshold: ")
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
