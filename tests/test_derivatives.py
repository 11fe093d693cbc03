"""Derivatives against OpenCV: sizes, strides, orders, threads, and what they refuse."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import assert_same, large_photo, noise

import cvkit
from cvkit.check import DEPTHS
from cvkit.derivatives import BORDERS, get_deriv_kernels, laplacian, scharr, sobel, sobel_diagonal
from cvkit.linear import sep_filter2d
from cvkit.run import threads

CODES = {"constant": 0, "replicate": 1, "reflect": 2, "reflect101": 4}
DIAGONALS = {45: [[-2, -1, 0], [-1, 0, 1], [0, 1, 2]], 135: [[0, -1, -2], [1, 0, -1], [2, 1, 0]]}


def plain(src):
    return np.ascontiguousarray(src)


@st.composite
def images(draw, dtypes=("uint8", "float32")):
    """Noise of a dtype that loops of their own are made for, with any strides."""
    dtype = draw(st.sampled_from(dtypes))
    h, w, channels = draw(st.integers(1, 40)), draw(st.integers(1, 70)), draw(st.integers(1, 4))
    image = noise((2 * h, 3 * w, channels), draw(st.integers(0, 99))).astype(dtype)[::2, ::3]
    view = draw(st.sampled_from((slice(None), slice(None, None, -1))))
    return (image if channels > 1 else image[..., 0])[view]


borders = st.sampled_from(BORDERS)
scales = st.sampled_from((1, 1, 1, 0.25, -3, 1 / 3))
deltas = st.sampled_from((0, 0, 0, 0.5, -3.25, 100))


@given(images(), st.sampled_from((-1, 1, 3, 5, 7, 9)), scales, deltas, borders, st.data())
def test_sobel(src, ksize, scale, delta, border, data):
    most = max(ksize, 3) - 1
    orders = st.sampled_from(((1, 0), (0, 1)))
    if ksize > 0:
        orders |= st.tuples(st.integers(0, most), st.integers(0, most)).filter(any)
    dx, dy = data.draw(orders)
    depth = cv2.CV_16S if src.dtype == np.uint8 else cv2.CV_32F
    want = cv2.Sobel(plain(src), depth, dx, dy, None, ksize, scale, delta, CODES[border])
    got = sobel(src, dx, dy, ksize=ksize, scale=scale, delta=delta, border=border)
    assert_same(got, want.reshape(src.shape), f"{dx}, {dy}, {ksize}, {scale}, {delta}, {border}")


@given(images(), st.booleans(), scales, deltas, borders)
def test_scharr(src, across, scale, delta, border):
    orders = (1, 0) if across else (0, 1)
    depth = cv2.CV_16S if src.dtype == np.uint8 else cv2.CV_32F
    want = cv2.Scharr(plain(src), depth, *orders, None, scale, delta, CODES[border])
    got = scharr(src, *orders, scale=scale, delta=delta, border=border)
    assert_same(got, want.reshape(src.shape), f"{orders}, {scale}, {delta}, {border}")


@given(images(), st.sampled_from((1, 3, 5, 7, 31)), scales, deltas, borders)
def test_laplacian(src, ksize, scale, delta, border):
    depth = cv2.CV_16S if src.dtype == np.uint8 else cv2.CV_32F
    want = cv2.Laplacian(plain(src), depth, None, ksize, scale, delta, CODES[border])
    got = laplacian(src, ksize=ksize, scale=scale, delta=delta, border=border)
    assert_same(got, want.reshape(src.shape), f"{ksize}, {scale}, {delta}, {border}")


@given(images(("uint8",)), st.sampled_from((45, 135)), scales, deltas, borders)
def test_diagonal(src, angle, scale, delta, border):
    kernel = np.array(DIAGONALS[angle], np.float32) * np.float32(scale)
    want = cv2.filter2D(plain(src), cv2.CV_16S, kernel, delta=delta, borderType=CODES[border])
    got = sobel_diagonal(src, angle, scale=scale, delta=delta, border=border)
    assert_same(got, want.reshape(src.shape), f"{angle}, {scale}, {delta}, {border}")


@pytest.mark.parametrize("border", ["constant", "reflect101"])
def test_every_width(border):
    """Rows of fewer elements than a vector has, of whole vectors, and of some elements more."""
    for i, width in enumerate((*range(1, 100), 127, 128, 129, 130, 131, 132)):
        src = noise((1 + i % 7, width), i)
        options = {"borderType": CODES[border]}
        for orders in ((1, 0), (0, 1)):
            assert_same(sobel(src, *orders, border=border), cv2.Sobel(src, cv2.CV_16S, *orders, **options), src.shape)
            assert_same(scharr(src, *orders, border=border), cv2.Scharr(src, cv2.CV_16S, *orders, **options), src.shape)
        for ksize in (1, 3):
            want = cv2.Laplacian(src, cv2.CV_16S, ksize=ksize, **options)
            assert_same(laplacian(src, ksize=ksize, border=border), want, src.shape)


def test_default_dtypes():
    for source, result in (("uint8", "int16"), ("uint16", "float32"), ("int16", "float32"), ("float64", "float64")):
        src = np.zeros((3, 4), source)
        for got in (sobel(src, 1, 0), scharr(src, 0, 1), laplacian(src), sobel_diagonal(src, 45)):
            assert got.dtype == result
        assert sobel(src, 1, 0, dtype=-1).dtype == source
        assert laplacian(src, dtype=DEPTHS.index("float64")).dtype == np.float64 if source != "float32" else True


def test_uint8_keeps_no_negative_values():
    src = noise((20, 40))
    assert_same(sobel(src, 1, 0, dtype=-1), cv2.Sobel(src, -1, 1, 0))
    assert_same(laplacian(src, dtype="uint8"), cv2.Laplacian(src, -1))


@pytest.mark.parametrize("scale", [1, 0.3, -2])
def test_laplacian_of_float64_to_integers(scale):
    """OpenCV scales in float32 there, and not at all where the scale is 1."""
    src = np.random.default_rng(0).normal(0, 900, (40, 67))
    for result in ("uint8", "uint16", "int16", "float32"):
        for delta in (0, 0.4):
            want = cv2.Laplacian(src, DEPTHS.index(result), ksize=5, scale=scale, delta=delta)
            assert_same(laplacian(src, ksize=5, dtype=result, scale=scale, delta=delta), want, f"{result}, {delta}")


def test_weights():
    for ksize in (-1, 1, 3, 5, 7, 31):
        for dx, dy in ((1, 0), (0, 1), (1, 1), (2, 1)):
            if ksize == -1 and dx + dy > 1:
                continue
            for normalize in (False, True):
                got = get_deriv_kernels(dx, dy, ksize, normalize=normalize)
                for mine, theirs in zip(got, cv2.getDerivKernels(dx, dy, ksize, normalize=normalize), strict=True):
                    assert_same(mine, theirs, f"{dx}, {dy}, {ksize}")


def test_weights_are_those_of_the_filter():
    src = noise((30, 50))
    kx, ky = get_deriv_kernels(2, 1, 7)
    assert_same(sep_filter2d(src, kx, ky, dtype="float32"), sobel(src, 2, 1, ksize=7, dtype="float32"))


@pytest.mark.parametrize("border", ["replicate", "reflect", "reflect101"])
def test_a_constant_image_has_no_derivatives(border):
    for dtype in ("uint8", "float32"):
        src = np.full((20, 37, 3), 77, dtype)
        for got in (
            sobel(src, 1, 0, border=border),
            sobel(src, 0, 1, ksize=5, border=border),
            scharr(src, 1, 0, border=border),
            laplacian(src, border=border),
            laplacian(src, ksize=3, border=border),
            sobel_diagonal(src, 135, border=border),
        ):
            assert not got.any()


def test_a_turned_image_has_the_derivatives_turned():
    src = noise((30, 50))
    assert_same(sobel(src.T, 1, 0), plain(sobel(src, 0, 1).T))
    assert_same(sobel(src[:, ::-1], 1, 0), plain(-sobel(src, 1, 0)[:, ::-1]))
    assert_same(sobel_diagonal(src[:, ::-1], 45), plain(sobel_diagonal(src, 135)[:, ::-1]))
    assert_same(laplacian(src.T), plain(laplacian(src).T))


def test_a_ramp():
    y, x = np.mgrid[:9, :9]
    ramp = (2 * x + 3 * y).astype(np.uint8)
    assert (sobel(ramp, 1, 0)[1:-1, 1:-1] == 16).all()
    assert (sobel(ramp, 0, 1)[1:-1, 1:-1] == 24).all()
    assert (scharr(ramp, 1, 0)[1:-1, 1:-1] == 64).all()
    assert not laplacian(ramp)[1:-1, 1:-1].any()


def results(src):
    yield sobel(src, 1, 0)
    yield sobel(src, 0, 1)
    yield scharr(src, 1, 0)
    yield sobel(src, 1, 0, ksize=5)
    yield laplacian(src)
    yield laplacian(src, ksize=3)
    yield laplacian(src, ksize=5)
    yield sobel_diagonal(src, 45)


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
    assert_same(sobel(photo, 1, 0), cv2.Sobel(photo, cv2.CV_16S, 1, 0))
    assert_same(laplacian(photo), cv2.Laplacian(photo, cv2.CV_16S))


def test_inputs_stay_as_they_are_and_out_is_filled():
    src = noise((40, 50, 3))
    before = src.tobytes()
    want = sobel(src, 1, 0)
    out = np.full((80, 100, 3), 7, np.int16)[::2, ::2]
    assert sobel(src, 1, 0, out=out) is out
    assert_same(plain(out), want)
    for operation, arguments, dtype in (
        (scharr, (0, 1), np.int16),
        (laplacian, (), np.int16),
        (sobel_diagonal, (45,), np.int16),
    ):
        out = np.empty(src.shape, dtype)
        assert operation(src, *arguments, out=out) is out
        assert_same(out, operation(src, *arguments))
    assert src.tobytes() == before


SRC = noise((8, 9))
REAL = SRC.astype(np.float32)
BORDER_TEXT = "it takes constant, replicate, reflect or reflect101."
SIZES_TEXT = ", ".join(str(n) for n in range(1, 30, 2)) + " or 31."
ERRORS = [
    (sobel, (SRC, 0, 0), {}, "dx and dy are both 0; it takes a derivative, at least one of them from 1 on."),
    (sobel, (SRC, 3, 0), {}, "dx is 3 and dy is 0; with ksize 3 it takes orders up to 2."),
    (sobel, (SRC, 0, 3), {"ksize": 1}, "dx is 0 and dy is 3; with ksize 1 it takes orders up to 2."),
    (sobel, (SRC, 1, 1), {"ksize": -1}, "dx is 1 and dy is 1; with Scharr's kernel one is 1 and the other is 0."),
    (sobel, (SRC, -1, 1), {}, "dx is -1; it takes a whole number from 0."),
    (sobel, (SRC, 1.5, 1), {}, "dx is 1.5; it takes a whole number."),
    (sobel, (SRC, 1, 0), {"ksize": 4}, f"ksize is 4; it takes -1, {SIZES_TEXT}"),
    (sobel, (SRC, 1, 0), {"ksize": 33}, f"ksize is 33; it takes -1, {SIZES_TEXT}"),
    (sobel, (SRC, 1, 0), {"border": "wrap"}, f"border is 'wrap'; {BORDER_TEXT}"),
    (sobel, (SRC, 1, 0), {"scale": np.inf}, "scale is inf; it takes a finite number."),
    (sobel, (SRC, 1, 0), {"scale": 1e39}, "scale is 1e+39; it takes a number that float32 holds."),
    (sobel, (SRC, 1, 0), {"delta": np.nan}, "delta is nan; it takes a finite number."),
    (sobel, (SRC, 1, 0), {"dtype": "int32"}, "dtype is int32; for a source of uint8 it takes uint8, uint16, int16, "
     "float32 or float64."),
    (sobel, (REAL.astype(float), 1, 0), {"dtype": "float32"}, "dtype is float32; for a source of float64 it takes "
     "uint8, uint16, int16 or float64."),
    (scharr, (SRC, 2, 0), {}, "dx is 2 and dy is 0; with Scharr's kernel one is 1 and the other is 0."),
    (laplacian, (SRC,), {"ksize": -1}, f"ksize is -1; it takes {SIZES_TEXT}"),
    (laplacian, (REAL,), {"dtype": "int16"}, "dtype is int16; for a source of float32 it takes float32."),
    (sobel_diagonal, (SRC, 90), {}, "angle is 90; it takes 45 or 135."),
    (get_deriv_kernels, (0, 0, 3), {}, "dx and dy are both 0; it takes a derivative, at least one of them from 1 on."),
    (get_deriv_kernels, (1, 0, 3), {"dtype": "int32"}, "dtype is 'int32'; it takes float32 or float64."),
    (get_deriv_kernels, (1, 0, 3), {"normalize": 2}, "normalize is 2; it takes True or False."),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "arguments", "options", "text"), ERRORS)
def test_error(operation, arguments, options, text):
    with pytest.raises(cvkit.CvkitError) as caught:
        operation(*arguments, **options)
    assert str(caught.value) == f"{operation.__name__}: {text}"


def test_depth_by_position():
    with pytest.raises(cvkit.ArgumentError, match="The depth of the result is an option, dtype="):
        sobel(SRC, -1, 1, 0)
