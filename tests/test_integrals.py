"""Integral images: what is particular to them. Every expected value comes from cv2."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import HostTensor, assert_same, large_photo, noise

import cvkit
from cvkit.check import DEPTHS
from cvkit.integrals import DTYPES, SUMS, integral, integral2, integral3
from cvkit.parity.images import layouts
from cvkit.run import threads

TRIPLES = [(dtype, result, squares) for dtype in SUMS for result in SUMS[dtype] for squares in SUMS[dtype][result]]


def pixels(shape, dtype, seed=0):
    """Noise over the range of an integer dtype; floats of both signs and far apart in magnitude."""
    if np.issubdtype(dtype, np.integer):
        return noise(shape, seed, dtype)
    random = np.random.default_rng(seed)
    return (random.uniform(-1, 1, shape) * 10.0 ** random.uniform(-6, 6, shape)).astype(dtype)


def check(src, dtype, sq_dtype, case=""):
    """All three operations."""
    plain = np.ascontiguousarray(src)
    depths = {"sdepth": DEPTHS.index(dtype), "sqdepth": DEPTHS.index(sq_dtype)}
    assert_same(integral(src, dtype=dtype), cv2.integral(plain, sdepth=depths["sdepth"]), case)
    assert_same(tuple(integral2(src, dtype=dtype, sq_dtype=sq_dtype)), cv2.integral2(plain, **depths), case)
    assert_same(tuple(integral3(src, dtype=dtype, sq_dtype=sq_dtype)), cv2.integral3(plain, **depths), case)


@settings(max_examples=400)
@given(
    st.sampled_from(TRIPLES),
    st.integers(1, 70),
    st.integers(1, 70) | st.integers(200, 600),
    st.integers(1, 4),
    st.integers(0, 2**32 - 1),
    st.integers(0, 7),
)
def test_any_image(triple, h, w, cn, seed, kind):
    src = pixels((h, w) if cn == 1 else (h, w, cn), triple[0], seed)
    kinds = [src, *layouts(src)]
    src = kinds[kind % len(kinds)]
    before = src.tobytes()
    check(src, *triple[1:], {"src": src, "dtypes": triple})
    assert src.tobytes() == before


@pytest.mark.parametrize("cn", [1, 2, 3, 4])
def test_sums_that_float32_rounds(cn):
    """White images above 2**24, where cv2 goes on behind its vectors in another way."""
    for w in (319, 320, 321, 331, 351):
        src = np.full((260, w) if cn == 1 else (260, w, cn), 255, np.uint8)
        src[::3] -= noise(src[::3].shape, w) // 8
        check(src, "float32", "float32", (w, cn))


def test_sums_that_wrap_around():
    src = np.full((300, 400), 255, np.uint8)
    check(src, "int32", "int32")


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_rectangle(dtype):
    """Four corners of the integral image give the sum over a rectangle."""
    src = noise((20, 30)).astype(dtype)
    got = integral(src, dtype="float64")
    assert not got[0].any()
    assert not got[:, 0].any()
    for y0, y1, x0, x1 in ((0, 20, 0, 30), (3, 4, 5, 6), (2, 19, 7, 29)):
        corners = got[y1, x1] - got[y0, x1] - got[y1, x0] + got[y0, x0]
        assert corners == src[y0:y1, x0:x1].sum(dtype=np.float64)


def test_tilted_sums_are_those_of_triangles():
    src = noise((9, 11)).astype(np.int64)
    tilted = integral3(src.astype(np.uint8)).tilted
    y, x = np.mgrid[:9, :11]
    for row in range(10):
        for column in range(12):
            inside = (y < row) & (abs(x - column + 1) <= row - y - 1)
            assert tilted[row, column] == src[inside].sum()


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_large_images_on_any_number_of_threads(count, monkeypatch):
    """4K is cut as it is; the others because bands of any height are allowed."""
    cvkit.set_num_threads(count)
    src = large_photo((2160, 3840))
    cut = []
    split = threads.Cpu.split
    monkeypatch.setattr(threads.Cpu, "split", lambda self, rows, ns: cut.append(split(self, rows, ns)) or cut[-1])
    assert_same(integral(src), cv2.integral(src), "photograph")
    assert len(cut[0]) == count, "the image is too small to be cut"
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 1)
    for dtype, result, squares in TRIPLES:
        for shape in ((1, 40), (5, 33), (64, 50, 3), (3, 700)):
            check(pixels(shape, dtype), result, squares, (dtype, result, squares, shape))


def test_scratch_may_hold_anything(monkeypatch):
    """The rows of an earlier call never show in a result."""

    def poisoned(shape, dtype=float):
        block = np.zeros(shape, dtype)
        block.view(np.uint8)[...] = 0xA5
        return block

    own_numpy = type(np)("numpy")
    vars(own_numpy).update(vars(np), empty=poisoned)
    monkeypatch.setattr(threads, "np", own_numpy)
    for dtype, result, squares in TRIPLES:
        for shape in ((1, 1), (7, 30), (30, 7, 3), (2, 600)):
            check(pixels(shape, dtype), result, squares, (dtype, result, squares, shape))


def test_other_ways_to_say_it():
    src = noise((20, 30))
    want = cv2.integral(src, sdepth=cv2.CV_64F)
    for dtype in (np.float64, "float64", cv2.CV_64F, np.dtype("f8")):
        assert_same(integral(src, dtype=dtype), want)
    for dtype in (None, -1, np.int8(-1)):
        assert_same(integral(src, dtype=dtype), cv2.integral(src))
        assert_same(tuple(integral2(src, dtype=dtype, sq_dtype=dtype)), cv2.integral2(src))
    assert_same(integral(HostTensor(src)), cv2.integral(src))
    assert_same(integral(src.astype(">u2")), cv2.integral(src.astype(np.uint16)))
    both = integral2(src)
    assert_same((both.sum, both.sqsum), cv2.integral2(src))


def test_out_takes_the_result():
    src = noise((40, 50))
    wide = np.full((82, 102), 7, np.int32)
    for out in (np.empty((41, 51), np.int32), wide[::2, ::2], np.empty((51, 41), np.int32).T):
        assert integral(src, out=out) is out
        assert_same(out, cv2.integral(src))
    assert (wide[1::2] == 7).all(), "nothing is written between the elements of out"


IMAGE = noise((8, 9))
ERRORS = [
    (
        integral,
        {"src": IMAGE.astype(np.int32)},
        "src has dtype int32; it takes uint8, uint16, int16, float32 or float64. "
        "Convert it yourself: cvkit never rescales pixel values.",
    ),
    (integral, {"src": IMAGE[:, :0]}, "src is empty: shape (8, 0); it takes an image of at least one pixel."),
    (integral, {"dtype": np.int16}, "dtype is int16; for uint8 it takes int32, float32 or float64."),
    (integral, {"dtype": "nothing"}, "dtype is 'nothing'; it takes a NumPy dtype or a depth of cv2."),
    (integral, {"dtype": 99}, "dtype is 99; it takes a NumPy dtype or a depth of cv2."),
    (integral, {"dtype": True}, "dtype is True; it takes a NumPy dtype or a depth of cv2."),
    (
        integral2,
        {"src": IMAGE.astype(np.float32), "dtype": "int32"},
        "dtype is int32; for float32 it takes float64 or float32.",
    ),
    (
        integral2,
        {"dtype": "float32", "sq_dtype": "int32"},
        "sq_dtype is int32; for uint8 with sums in float32 it takes float64 or float32.",
    ),
    (
        integral3,
        {"src": IMAGE.astype(np.int16), "sq_dtype": np.float32},
        "sq_dtype is float32; for int16 with sums in float64 it takes float64.",
    ),
    (integral3, {"device": "gpu"}, "device is 'gpu'; it takes auto, cpu or cuda."),
    (integral, {"out": np.empty((8, 9), np.int32)}, "out has shape (8, 9); the result has (9, 10)."),
]


@pytest.mark.parametrize(("operation", "options", "text"), ERRORS)
def test_error(operation, options, text):
    with pytest.raises(cvkit.CvkitError) as caught:
        operation(**{"src": IMAGE} | options)
    assert str(caught.value) == f"{operation.__name__}: {text}"
