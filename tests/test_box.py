"""Box filters: what is particular to them. Every expected value comes from cv2."""

import cv2
import numpy as np
import pytest
from cvkit_cpu.box import division
from hypothesis import given, settings
from hypothesis import strategies as st
from support import HostTensor, assert_same, large_photo, noise

import cvkit
from cvkit.box import BORDERS, BOX_DEPTHS, DEPTHS, REDUCED, SQUARE_DEPTHS, blur, box_filter, sqr_box_filter
from cvkit.check import BORDERS as CODES
from cvkit.check import DEPTHS as CV2_DEPTHS
from cvkit.parity.images import layouts
from cvkit.run import threads


def pixels(shape, dtype, seed=0):
    """Noise over the range of an integer dtype; floats of both signs and far apart in magnitude."""
    if np.issubdtype(dtype, np.integer):
        return noise(shape, seed, dtype)
    random = np.random.default_rng(seed)
    return (random.uniform(-1, 1, shape) * 10.0 ** random.uniform(-6, 6, shape)).astype(dtype)


def by_cv2(name, src, dtype, ksize, normalize, anchor, border):
    depth = CV2_DEPTHS.index(dtype)
    src = np.ascontiguousarray(src)
    got = getattr(cv2, name)(src, depth, ksize, anchor=anchor, normalize=normalize, borderType=CODES[border])
    return got.reshape(src.shape)


def blur_by_cv2(src, ksize, anchor=(-1, -1), border="reflect101"):
    got = cv2.blur(np.ascontiguousarray(src), ksize, anchor=anchor, borderType=CODES[border])
    return got.reshape(src.shape)


@st.composite
def images(draw, dtypes):
    """An image of any dtype, size, channels, strides and values."""
    dtype = draw(st.sampled_from(dtypes))
    shape = (draw(st.integers(1, 70)), draw(st.integers(1, 70)))
    cn = draw(st.integers(1, 4))
    src = pixels(shape if cn == 1 else (*shape, cn), dtype, draw(st.integers(0, 2**32 - 1)))
    if draw(st.booleans()):
        src = np.where(src > np.median(src), src.max(), src.min())  # where rounding and saturation show
    kinds = [src, *layouts(src)]
    return kinds[draw(st.integers(0, 7)) % len(kinds)]


@st.composite
def windows(draw):
    """Sides and a place in them."""
    sides = [draw(st.integers(1, 7) | st.integers(1, 90)) for _ in range(2)]
    return tuple(sides), tuple(draw(st.integers(-1, side - 1)) for side in sides)


@settings(max_examples=500)
@given(images(DEPTHS), windows(), st.sampled_from(BORDERS))
def test_any_mean(src, window, border):
    before = src.tobytes()
    ksize, anchor = window
    case = {"src": src, "ksize": ksize, "anchor": anchor, "border": border}
    assert_same(blur(**case), blur_by_cv2(*case.values()), case)
    assert src.tobytes() == before


@settings(max_examples=400)
@given(st.data(), images(DEPTHS), windows(), st.booleans(), st.sampled_from(BORDERS))
def test_any_dtype_of_the_result(data, src, window, normalize, border):
    dtype = data.draw(st.sampled_from(BOX_DEPTHS[src.dtype.name]))
    options = {"dtype": dtype, "ksize": window[0], "normalize": normalize, "anchor": window[1], "border": border}
    assert_same(box_filter(src, **options), by_cv2("boxFilter", src, **options), {"src": src, **options})


@settings(max_examples=300)
@given(st.data(), images(REDUCED), windows(), st.booleans(), st.sampled_from(BORDERS))
def test_any_squares(data, src, window, normalize, border):
    dtype = data.draw(st.sampled_from(SQUARE_DEPTHS[src.dtype.name]))
    (ksize, anchor), short = window, 1 in src.shape[:2]
    options = {"dtype": dtype, "ksize": ksize, "normalize": normalize, "border": border}
    options["anchor"] = (-1, -1) if short else anchor  # cv2 cuts the window down before it looks at the anchor
    assert_same(sqr_box_filter(src, **options), by_cv2("sqrBoxFilter", src, **options), {"src": src, **options})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_wrapping_around(dtype):
    for shape in ((1, 1), (2, 3), (9, 21, 3)):
        for ksize in ((5, 5), (2, 4), (1, 3), (4, 1)):
            src = pixels(shape, dtype)
            assert_same(blur(src, ksize, border="wrap"), blur_by_cv2(src, ksize, border="wrap"), (shape, ksize))


@pytest.mark.parametrize("dtype", DEPTHS)
def test_a_window_larger_than_the_image(dtype):
    for shape in ((1, 1), (1, 6), (6, 1), (2, 3, 3), (5, 4)):
        for border in BORDERS:
            src = pixels(shape, dtype)
            for ksize in ((61, 35), (201, 1), (1, 200), (150, 300)):
                case = {"src": src, "ksize": ksize, "border": border}
                assert_same(blur(**case), blur_by_cv2(src, ksize, border=border), case)


@pytest.mark.parametrize("dtype", DEPTHS)
def test_a_constant_image_stays_constant(dtype):
    """Of float64 but for the rounding of 1 / area."""
    src = np.full((19, 23, 3), 201, dtype)
    for border in set(BORDERS) - {"constant"}:
        for ksize in (1, 2, 3, 5, 16, 31, (90, 2)):
            got = blur(src, ksize, border=border)
            np.testing.assert_allclose(got, src, rtol=1e-15 if dtype == "float64" else 0, err_msg=f"{border} {ksize}")


def test_division_of_every_area():
    """There are 16-bit constants for each area that is divided in 16 bits; a white image shows the largest sums."""
    for area in range(2, 257):
        half, multiplier, shift = division(area)
        assert max(255 * area + half, multiplier) < 1 << 16
        assert shift <= 8
    random = np.random.default_rng(0)
    for kw, kh in ((w, h) for w in range(1, 17) for h in range(1, 17) if w * h <= 256):
        src = np.where(random.random((3, 40)) < 0.8, 255, random.integers(0, 256, (3, 40))).astype(np.uint8)
        assert_same(blur(src, (kw, kh)), blur_by_cv2(src, (kw, kh)), (kw, kh))


@pytest.mark.parametrize("width", [*range(1, 20), 37])
def test_rows_that_end_behind_vectors(width):
    """Means of two whites, which cv2 rounds to 256, and negative sums as unsigned numbers."""
    white = np.full((3, width), 255, np.uint8)
    for ksize in ((2, 1), (1, 2)):
        assert_same(blur(white, ksize), blur_by_cv2(white, ksize), (width, ksize))
    for dtype, result in (("int16", "uint8"), ("int16", "uint16"), ("int32", "uint8"), ("int32", "uint16")):
        src = pixels((3, width), dtype)
        options = {"dtype": result, "ksize": (3, 3), "normalize": False, "anchor": (-1, -1), "border": "reflect"}
        assert_same(box_filter(src, **options), by_cv2("boxFilter", src, **options), options)


@pytest.mark.parametrize("dtype", ["uint16", "int16"])
@pytest.mark.parametrize("kw", [3, 5, 9, 13, 33])
def test_means_at_the_ends_of_the_range(kw, dtype):
    """Where rounding up by a bit would leave the dtype, in vectors and behind them."""
    ends = np.iinfo(dtype)
    for kh in (1, 2, 7, 41):
        for width in (1, 9, 67):
            for value in (ends.min, ends.min + 1, ends.max - 1, ends.max):
                src = np.full((3, width), value, dtype)
                src[1, width // 2] = ends.max - (value - ends.min)
                assert_same(blur(src, (kw, kh)), blur_by_cv2(src, (kw, kh)))


def test_channels_are_independent():
    src = noise((21, 34, 4))
    for ksize in (3, 5, (12, 20)):
        got = blur(src, ksize)
        for c in range(4):
            assert_same(got[..., c], blur(src[..., c], ksize), (ksize, c))


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_large_images_on_any_number_of_threads(count, monkeypatch):
    """1080p is cut as it is; the others because bands of any height are allowed."""
    cvkit.set_num_threads(count)
    src = large_photo((2160, 3840))
    cut = []
    split = threads.Cpu.split
    monkeypatch.setattr(threads.Cpu, "split", lambda self, rows, ns: cut.append(split(self, rows, ns)) or cut[-1])
    assert_same(blur(src, 31), blur_by_cv2(src, (31, 31)), "photograph")
    assert len(cut[-1]) == count, "the image is too small to be cut"
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 1)
    for dtype in DEPTHS:
        for shape in ((1, 40), (5, 33), (64, 50, 3)):
            small = pixels(shape, dtype)
            for border in BORDERS:
                for ksize in ((5, 5), (3, 3), (4, 4), (9, 21), (20, 20)):
                    case = {"src": small, "ksize": ksize, "border": border}
                    assert_same(blur(**case), blur_by_cv2(small, ksize, border=border), case)
            if dtype != "int32":
                want = cv2.sqrBoxFilter(small, -1, (4, 9))
                assert_same(sqr_box_filter(small, (4, 9)), want, (dtype, shape))


def test_scratch_may_hold_anything(monkeypatch):
    """The rows of an earlier call never show in a result."""

    def poisoned(shape, dtype=float):
        block = np.zeros(shape, dtype)
        block.view(np.uint8)[...] = 0xA5
        return block

    own_numpy = type(np)("numpy")
    vars(own_numpy).update(vars(np), empty=poisoned)
    monkeypatch.setattr(threads, "np", own_numpy)
    for dtype in DEPTHS:
        for shape in ((1, 1), (7, 30), (30, 7, 3)):
            src = pixels(shape, dtype)
            for border in BORDERS:
                for ksize in ((3, 3), (5, 4), (19, 9), (20, 20)):
                    case = {"src": src, "ksize": ksize, "border": border}
                    assert_same(blur(**case), blur_by_cv2(src, ksize, border=border), case)


def test_other_ways_to_say_it():
    src = noise((20, 30))
    want = blur_by_cv2(src, (5, 5))
    assert_same(blur(src, 5), want)
    assert_same(blur(src, [5, np.int64(5)], anchor=[2, np.int8(-1)]), want)
    assert_same(blur(src, np.array([5, 5]), border=cv2.BORDER_DEFAULT | 16), want)
    assert_same(blur(HostTensor(src), 5), want)
    assert_same(blur(src.astype(">u2"), 5), blur_by_cv2(src.astype(np.uint16), (5, 5)))
    for dtype in (np.float32, "float32", cv2.CV_32F):
        assert_same(box_filter(src, 5, dtype=dtype), cv2.boxFilter(src, cv2.CV_32F, (5, 5)))
        assert_same(sqr_box_filter(src, 5, dtype=dtype), cv2.sqrBoxFilter(src, cv2.CV_32F, (5, 5)))
    for dtype in (None, -1, np.int8(-1)):
        assert_same(box_filter(src, 5, dtype=dtype), want)
        assert_same(sqr_box_filter(src, 5, dtype=dtype), cv2.sqrBoxFilter(src, -1, (5, 5)))


def test_out_takes_the_result():
    src = noise((40, 50))
    wide = np.full((80, 100), 7, np.uint8)
    for out in (np.empty_like(src), wide[::2, ::2], np.empty((50, 40), np.uint8).T):
        assert blur(src, 5, out=out) is out
        assert_same(out, blur_by_cv2(src, (5, 5)))
    assert (wide[1::2] == 7).all(), "nothing is written between the elements of out"


IMAGE = noise((8, 9))
SIZE = "it takes a width and a height, whole numbers from 1 on."
ERRORS = [
    (
        blur,
        {"src": IMAGE.astype(np.int8)},
        "src has dtype int8; it takes uint8, uint16, int16, int32, float32 or float64. "
        "Convert it yourself: cvkit never rescales pixel values.",
    ),
    (blur, {"src": IMAGE[:0]}, "src is empty: shape (0, 9); it takes an image of at least one pixel."),
    (blur, {"ksize": (0, 5)}, f"ksize is (0, 5); {SIZE}"),
    (blur, {"ksize": 2.5}, f"ksize is 2.5; {SIZE}"),
    (blur, {"ksize": (True, 3)}, f"ksize is a tuple; {SIZE}"),
    (blur, {"ksize": (1 << 16, 1 << 15)}, "ksize is (65536, 32768); it takes less than 2**31 pixels in all."),
    (blur, {"anchor": (3, 0)}, "anchor is (3, 0); it takes a place in the 3 x 3 kernel."),
    (blur, {"anchor": 1}, "anchor is 1; it takes two whole numbers (x, y)."),
    (
        blur,
        {"border": "mirror"},
        "border is 'mirror'; it takes constant, replicate, reflect, reflect101 or wrap.",
    ),
    (
        blur,
        {"border": cv2.BORDER_WRAP},
        "border is 3; it takes constant, replicate, reflect or reflect101, and wrap only for float32 and float64 with "
        "sides up to 5 and the result in the same dtype.",
    ),
    (
        blur,
        {"src": IMAGE.astype(np.int32), "ksize": 257},
        "ksize is (257, 257); for a mean of int32 in int32 it takes up to 65536 pixels in all.",
    ),
    (
        box_filter,
        {"src": IMAGE.astype(np.uint16), "dtype": np.int32, "ksize": (200, 200)},
        "ksize is (200, 200); for a mean of uint16 in int32 it takes up to 32768 pixels in all.",
    ),
    (
        box_filter,
        {"dtype": np.int8},
        "dtype is int8; for a source of uint8 it takes uint8, uint16, int16, int32, float32 or float64.",
    ),
    (
        box_filter,
        {"src": IMAGE.astype(np.float32), "dtype": "int32"},
        "dtype is int32; for a source of float32 it takes uint8, uint16, int16, float32 or float64.",
    ),
    (box_filter, {"normalize": 2}, "normalize is 2; it takes True or False."),
    (
        sqr_box_filter,
        {"src": IMAGE.astype(np.int16), "dtype": "int32"},
        "dtype is int32; for a source of int16 it takes uint8, uint16, int16, float32 or float64.",
    ),
    (
        sqr_box_filter,
        {"border": "wrap"},
        "border is 'wrap'; it takes constant, replicate, reflect or reflect101.",
    ),
    (blur, {"device": "gpu"}, "device is 'gpu'; it takes auto, cpu or cuda."),
    (blur, {"out": np.empty((8, 9), np.uint16)}, "out has dtype uint16; the result has uint8."),
    (blur, {"out": IMAGE}, "out overlaps an input; it takes an array with memory of its own."),
]


@pytest.mark.parametrize(("operation", "options", "text"), ERRORS)
def test_error(operation, options, text):
    with pytest.raises(cvkit.CvkitError) as caught:
        operation(**{"src": IMAGE, "ksize": (3, 3)} | options)
    assert str(caught.value) == f"{operation.__name__}: {text}"


def test_depth_by_position_gets_a_sentence():
    with pytest.raises(cvkit.ArgumentError, match="an option, dtype="):
        box_filter(IMAGE, -1, (3, 3))
