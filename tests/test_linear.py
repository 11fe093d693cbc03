"""The linear filters against OpenCV: sizes, strides, kernels, threads, and what they refuse."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import assert_same, large_photo, noise

import cvkit
from cvkit.check import DEPTHS
from cvkit.linear import filter2d, sep_filter2d
from cvkit.run import threads

CODES = {"constant": 0, "replicate": 1, "reflect": 2, "reflect101": 4}
TIES = (0.5, 0.25, -0.5, 1.5, 0.1, 0.3, -0.2, 1.0, 2.0, 0.0)


@pytest.fixture(autouse=True)
def _one_thread():
    """With more threads cv2 takes the wrong border for an anchor beside the middle in an image's last tile."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)


def by_filter2d(src, kernel, dtype="uint8", **options):
    options["borderType"] = CODES[options.pop("border", "reflect101")]
    return cv2.filter2D(np.ascontiguousarray(src), DEPTHS.index(dtype), np.asarray(kernel), **options)


def by_sep_filter2d(src, kernel_x, kernel_y, dtype="uint8", **options):
    options["borderType"] = CODES[options.pop("border", "reflect101")]
    kernels = np.asarray(kernel_x, np.float64), np.asarray(kernel_y, np.float64)
    return cv2.sepFilter2D(np.ascontiguousarray(src), DEPTHS.index(dtype), *kernels, **options)


@st.composite
def images(draw):
    """Noise of a dtype that hot paths are made for, with any strides."""
    dtype = draw(st.sampled_from(("uint8", "float32")))
    h, w, channels = draw(st.integers(1, 40)), draw(st.integers(1, 70)), draw(st.integers(1, 4))
    image = noise((2 * h, 3 * w, channels), draw(st.integers(0, 99))).astype(dtype)[::2, ::3]
    view = draw(st.sampled_from((slice(None), slice(None, None, -1))))
    return (image if channels > 1 else image[..., 0])[view]


weights = st.sampled_from(TIES)
rows = st.lists(weights, min_size=1, max_size=9) | st.lists(weights, min_size=1, max_size=4).map(
    lambda half: [*half[::-1], *half[1:]]
)
borders = st.sampled_from(sorted(CODES))
deltas = st.sampled_from((0, 0.5, -3.25, 100))


@given(images(), rows, rows, borders, deltas, st.data())
def test_separable(src, kernel_x, kernel_y, border, delta, data):
    result = "float32" if src.dtype == np.float32 else data.draw(st.sampled_from(("uint8", "int16")))
    anchor = data.draw(st.tuples(*(st.integers(-1, len(k) - 1) for k in (kernel_x, kernel_y))))
    options = {"delta": delta, "anchor": anchor, "border": border}
    got = sep_filter2d(src, kernel_x, kernel_y, dtype=result, **options)
    assert_same(got, by_sep_filter2d(src, kernel_x, kernel_y, result, **options), f"{kernel_x}, {kernel_y}, {options}")


@given(images(), st.integers(1, 7), st.integers(1, 7), borders, deltas, st.data())
def test_planar(src, height, width, border, delta, data):
    kernel = np.array(data.draw(st.lists(weights, min_size=height * width, max_size=height * width)))
    kernel = kernel.reshape(height, width)
    anchor = data.draw(st.tuples(st.integers(-1, width - 1), st.integers(-1, height - 1)))
    options = {"delta": delta, "anchor": anchor, "border": border}
    got = filter2d(src, kernel, **options)
    assert_same(got, by_filter2d(src, kernel, src.dtype.name, **options), f"{kernel.tolist()}, {options}")


@pytest.mark.parametrize("dtype", ["uint8", "int16"])
def test_ties(dtype):
    """Half-way sums everywhere: a fused and a separate addition round them to different sides."""
    for width in (29, 32, 63, 67, 128):
        src = noise((40, width), width)
        for delta in (0, 0.5, 1.5):
            for seed in range(6):
                kernel = (noise((5, 5), seed) % 21 - 10) / 10.0
                got = filter2d(src, kernel, dtype=dtype, delta=delta)
                assert_same(got, by_filter2d(src, kernel, dtype, delta=delta), f"{width}, {delta}, {seed}")
                x, y = kernel[0], kernel[1]
                got = sep_filter2d(src, x, y, dtype=dtype, delta=delta)
                assert_same(got, by_sep_filter2d(src, x, y, dtype, delta=delta), f"{width}, {delta}, {seed}")


@pytest.mark.parametrize("delta", [0, 0.5, -0.5, 40000, -1e9, 1e12])
@pytest.mark.parametrize("kernel", [[1, 2, 1], [-1, 0, 1], [1, 0, -1], [3, 10, 3], [1, 4, 6, 4, 1], [300, 900, 300]])
def test_whole_weights_to_int16(kernel, delta):
    for width in (7, 8, 21, 64):
        src = noise((9, width, 3), width)
        got = sep_filter2d(src, kernel, kernel, dtype="int16", delta=delta)
        assert_same(got, by_sep_filter2d(src, kernel, kernel, "int16", delta=delta), f"{width}")


@pytest.mark.parametrize("delta", [0, 0.5, -0.5, 100.3, 32767, 32768, 1e9, -1e9])
def test_fixed_point(delta):
    """Weights in 256ths that sum to 1, from uint8 to uint8: the rest of a row in whole numbers, halves up."""
    for width in (5, 16, 47):
        src = noise((9, width, 3), width)
        for x, y in (([0.25, 0.5, 0.25], [0.25, 0.5, 0.25]), ([0.0625, 0.25, 0.375, 0.25, 0.0625], [0.25, 0.5, 0.25])):
            got = sep_filter2d(src, x, y, delta=delta)
            assert_same(got, by_sep_filter2d(src, x, y, delta=delta), f"{width}, {x}, {y}")


def test_sums_beyond_int32_wrap():
    """Whole weights whose sums exceed int32, as those of large derivative kernels do."""
    src = noise((20, 33))
    kernel = cv2.getDerivKernels(2, 0, 31, ktype=cv2.CV_64F)[0].ravel()
    assert_same(sep_filter2d(src, kernel, kernel, dtype="int16"), by_sep_filter2d(src, kernel, kernel, "int16"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_beyond_integers(dtype):
    """What is no int32 becomes the smallest value of the result, as in OpenCV."""
    src = np.array([[1e10, -1e10, 300, -5, np.nan, 2147483647.0, 2147483648.0, 0.5, 1.5, 2.5, -0.5, np.inf]] * 3, dtype)
    for result in ("uint8", "uint16", "int16"):
        assert_same(sep_filter2d(src, [1], [1], dtype=result), by_sep_filter2d(src, [1], [1], result), result)


def test_kernel_larger_than_the_image():
    for size in ((1, 1), (1, 9), (9, 1), (3, 2)):
        src = noise((*size, 3))
        for border in CODES:
            kernel = np.arange(1, 12) / 66
            got = sep_filter2d(src, kernel, kernel[::-1], border=border)
            assert_same(got, by_sep_filter2d(src, kernel, kernel[::-1], border=border), f"{size}, {border}")
            kernel = np.arange(63).reshape(9, 7) / 2000
            assert_same(filter2d(src, kernel, border=border), by_filter2d(src, kernel, border=border), border)


@pytest.mark.parametrize("border", sorted(CODES))
def test_large_kernels(border):
    """OpenCV multiplies in the frequency domain."""
    for shape in ((11, 12), (25, 31)):
        kernel = noise(shape) / (255.0 * shape[0] * shape[1])
        src = noise((50, 61, 3))
        for anchor in ((-1, -1), (0, 3)):
            got, want = (
                filter2d(src, kernel, border=border, anchor=anchor),
                by_filter2d(src, kernel, border=border, anchor=anchor),
            )
            assert np.abs(got.astype(int) - want).max() <= 1
            real = src.astype(np.float32)
            want = by_filter2d(real, kernel, "float32", border=border, anchor=anchor)
            got = filter2d(real, kernel, border=border, anchor=anchor)
            np.testing.assert_allclose(got, want, rtol=0, atol=4e-6 * want.max())


def test_kernel_of_zeros():
    src = noise((9, 40))
    for shape in ((1, 1), (3, 3)):
        assert (filter2d(src, np.zeros(shape), delta=7) == 7).all()
    assert (sep_filter2d(src, [0, 0, 0], [1, 2, 1], delta=7) == 7).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
@pytest.mark.parametrize("border", ["replicate", "reflect", "reflect101"])
def test_a_constant_image_stays_constant(border, dtype):
    src = np.full((20, 37, 3), 77, dtype)
    smooth = [0.0625, 0.25, 0.375, 0.25, 0.0625]
    assert_same(sep_filter2d(src, smooth, smooth, border=border), src)
    assert_same(filter2d(src, np.outer(smooth, smooth), border=border), src)


def test_a_point_is_the_kernel_turned():
    src = np.zeros((9, 11), np.float64)
    src[4, 5] = 1
    kernel = np.arange(15.0).reshape(3, 5)
    assert_same(filter2d(src, kernel)[3:6, 3:8], kernel[::-1, ::-1])
    assert_same(sep_filter2d(src, [1, 2, 3], [5, 7])[4:6, 4:7], np.outer([7.0, 5.0], [3.0, 2.0, 1.0])[::-1][::-1])


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_any_number_of_threads(count, monkeypatch):
    """A large photograph is cut as it is, the others because bands of any height are allowed."""
    cvkit.set_num_threads(count)
    photo = large_photo()
    kernel = [0.1, 0.2, 0.4, 0.2, 0.1]
    assert_same(sep_filter2d(photo, kernel, kernel), by_sep_filter2d(photo, kernel, kernel), "photograph")
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 1)
    for src in (noise((31, 40, 3)), noise((31, 40)).astype(np.float32)):
        name = src.dtype.name
        for anchor in ((-1, -1), (0, 4)):
            got = sep_filter2d(src, kernel, kernel, anchor=anchor)
            assert_same(got, by_sep_filter2d(src, kernel, kernel, name, anchor=anchor), name)
            got = filter2d(src, np.outer(kernel, kernel), anchor=anchor)
            assert_same(got, by_filter2d(src, np.outer(kernel, kernel), name, anchor=anchor), name)
    src = noise((31, 40))
    assert_same(sep_filter2d(src, [-1, 0, 1], [1, 2, 1], dtype="int16"), cv2.Sobel(src, cv2.CV_16S, 1, 0))


def test_stripes(monkeypatch):
    """Wide images with long column kernels go in stripes, whose ends are no ends of a row."""
    from cvkit_cpu import linear as kernels

    monkeypatch.setattr(kernels, "STRIPE_BYTES", 1)
    monkeypatch.setattr(kernels, "NARROWEST", 64)
    for shape in ((5, 191), (5, 63, 3), (4, 128, 4)):
        for src in (noise(shape), noise(shape).astype(np.float32)):
            for x, y in (([1, 2, 1], [0.1] * 7), ([0.1, 0.2, 0.3, 0.4], [1, 2, 1]), ([0.25, 0.5, 0.25], [0.5, 0.5])):
                for dtype in (src.dtype.name, "int16"):
                    assert_same(sep_filter2d(src, x, y, dtype=dtype), by_sep_filter2d(src, x, y, dtype), f"{x}, {y}")


def test_inputs_stay_as_they_are_and_out_is_filled():
    src, kernel = noise((40, 50, 3)), np.array([[0.1, 0.2], [0.3, 0.4]])
    before = src.tobytes(), kernel.tobytes()
    out = np.full((80, 100, 3), 7, np.int16)[::2, ::2]
    assert filter2d(src, kernel, dtype="int16", out=out) is out
    assert_same(np.ascontiguousarray(out), by_filter2d(src, kernel, "int16"))
    out = np.empty_like(src)
    assert sep_filter2d(src, kernel[0], kernel[1], out=out) is out
    assert_same(out, by_sep_filter2d(src, kernel[0], kernel[1]))
    assert (src.tobytes(), kernel.tobytes()) == before


def test_forms_of_a_kernel():
    src = noise((10, 12))
    want = by_sep_filter2d(src, [1, 2, 1], [0.5, 0.5])
    for x in ([1, 2, 1], (1, 2, 1), np.array([[1], [2], [1]]), np.array([[1, 2, 1]], np.int8), np.float32([1, 2, 1])):
        assert_same(sep_filter2d(src, x, [0.5, 0.5]), want)
    assert_same(filter2d(src, [[1, 2]]), by_filter2d(src, np.array([[1.0, 2.0]])))
    for dtype in (None, -1, 0, np.uint8, "uint8"):
        assert filter2d(src, [[1]], dtype=dtype).dtype == np.uint8


SRC = noise((8, 9))
BORDER_TEXT = "it takes constant, replicate, reflect or reflect101."
ERRORS = [
    (cvkit.DtypeError, "filter2d", {"kernel": "blur"}, "kernel has dtype <U4; it takes numbers in two dimensions."),
    (
        cvkit.DtypeError,
        "filter2d",
        {"kernel": [[1j]]},
        "kernel has dtype complex128; it takes numbers in two dimensions.",
    ),
    (cvkit.DtypeError, "filter2d", {"kernel": [[1], [1, 2]]}, "kernel is a list; it takes numbers in two dimensions."),
    (
        cvkit.ArgumentError,
        "filter2d",
        {"kernel": [1, 2, 1]},
        "kernel has shape (3,); it takes numbers in two dimensions, at least one.",
    ),
    (
        cvkit.ArgumentError,
        "filter2d",
        {"kernel": np.zeros((0, 3))},
        "kernel has shape (0, 3); it takes numbers in two dimensions, at least one.",
    ),
    (
        cvkit.ArgumentError,
        "filter2d",
        {"kernel": [[np.nan]]},
        "kernel has a weight that is not finite; it takes finite numbers.",
    ),
    (cvkit.ArgumentError, "filter2d", {"border": "wrap"}, f"border is 'wrap'; {BORDER_TEXT}"),
    (cvkit.ArgumentError, "filter2d", {"border": 3}, f"border is 3; {BORDER_TEXT}"),
    (cvkit.ArgumentError, "filter2d", {"anchor": (3, 0)}, "anchor is (3, 0); it takes a place in the 3 x 2 kernel."),
    (cvkit.ArgumentError, "filter2d", {"delta": np.inf}, "delta is inf; it takes a finite number."),
    (
        cvkit.DtypeError,
        "filter2d",
        {"src": SRC.astype(np.float32), "dtype": "uint8"},
        "dtype is uint8; for a source of float32 it takes float32.",
    ),
    (
        cvkit.DtypeError,
        "filter2d",
        {"src": SRC.astype(np.int32)},
        "src has dtype int32; it takes uint8, uint16, int16, float32 or float64. "
        "Convert it yourself: cvkit never rescales pixel values.",
    ),
    (
        cvkit.ArgumentError,
        "sep_filter2d",
        {"kernel_y": [[1, 2], [2, 1]]},
        "kernel_y has shape (2, 2); it takes numbers in a row, at least one.",
    ),
    (
        cvkit.ArgumentError,
        "sep_filter2d",
        {"kernel_x": [1, np.inf]},
        "kernel_x has a weight that is not finite; it takes finite numbers.",
    ),
    (
        cvkit.ArgumentError,
        "sep_filter2d",
        {"kernel_x": []},
        "kernel_x has shape (0,); it takes numbers in a row, at least one.",
    ),
    (cvkit.ArgumentError, "sep_filter2d", {"border": "wrap"}, f"border is 'wrap'; {BORDER_TEXT}"),
    (
        cvkit.DtypeError,
        "sep_filter2d",
        {"src": SRC.astype(np.float64), "dtype": "float32"},
        "dtype is float32; for a source of float64 it takes uint8, uint16, int16 or float64.",
    ),
    (
        cvkit.ArgumentError,
        "sep_filter2d",
        {"anchor": (0, -2)},
        "anchor is (0, -2); it takes a place in the 3 x 2 kernel.",
    ),
]


@pytest.mark.parametrize(("kind", "name", "options", "text"), ERRORS)
def test_error(kind, name, options, text):
    valid = {"kernel": [[1, 2, 1], [1, 2, 1]]} if name == "filter2d" else {"kernel_x": [1, 2, 1], "kernel_y": [1, 1]}
    with pytest.raises(cvkit.CvkitError) as caught:
        {"filter2d": filter2d, "sep_filter2d": sep_filter2d}[name](**{"src": SRC} | valid | options)
    assert str(caught.value) == f"{name}: {text}"
    assert type(caught.value) is kind


def test_depth_by_position():
    with pytest.raises(cvkit.ArgumentError, match="The depth of the result is an option, dtype="):
        filter2d(SRC, -1, [[1]])
