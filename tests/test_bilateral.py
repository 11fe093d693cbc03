"""The bilateral filter: what is particular to it. Every expected value comes from cv2."""

import cv2
import numpy as np
import pytest
from cvkit_cpu import bilateral as kernels
from hypothesis import given, settings
from hypothesis import strategies as st
from support import assert_same, large_photo, noise, photo, run_python

import cvkit
from cvkit.bilateral import bilateral_filter, bilateral_stages
from cvkit.check import BORDERS
from cvkit.parity.images import layouts
from cvkit.parity.proof import close
from cvkit.run import threads

# Sums of float32 values that cv2 rounds once or twice, by the width of the processor's vectors.
ROUNDING = close(2e-6)
EVERY_BORDER = pytest.mark.parametrize("border", BORDERS)


def by_cv2(src, d, sigma_color, sigma_space, border="reflect101"):
    plain = np.ascontiguousarray(src)
    return cv2.bilateralFilter(plain, d, sigma_color, sigma_space, borderType=BORDERS[border])


def floats(shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


@st.composite
def images(draw, dtype):
    """Of one or three channels, of few values or of many, in any place of memory."""
    shape = (draw(st.integers(1, 40)), draw(st.integers(1, 90)))
    shape = draw(st.sampled_from((shape, (*shape, 1), (*shape, 3), (*shape, 3))))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps = draw(st.sampled_from((1, 3, 20, 255)))
    image = (random.integers(0, steps, shape, endpoint=True) * 255 // steps).astype(dtype)
    if dtype == np.float32:
        image *= draw(st.sampled_from((1, 1 / 255, 1e4)))
        image.flat[0] = 0  # beyond the range, zeros around the image are taken in two ways along a row of cv2's
    kinds = [image, *layouts(image)]
    return kinds[draw(st.integers(0, 7)) % len(kinds)]


any_d = st.integers(-2, 13) | st.sampled_from((2, 4, 5, 5, 9, 21, 31))
any_color = st.sampled_from((0.2, 3.0, 25.0, 75.0, 1e5)) | st.floats(0.05, 300)
any_space = st.sampled_from((0.3, 2.0, 75.0)) | st.floats(0.1, 8)
any_border = st.sampled_from(sorted(BORDERS))


@settings(max_examples=400)
@given(images(np.uint8), any_d, any_color, any_space, any_border)
def test_any_bytes(src, d, sigma_color, sigma_space, border):
    if d <= 0:
        sigma_space = min(sigma_space, 8.0)
    before = src.tobytes()
    case = {"src": src, "d": d, "sigma_color": sigma_color, "sigma_space": sigma_space, "border": border}
    assert_same(bilateral_filter(**case), by_cv2(**case).reshape(_result_shape(src)), case)
    assert src.tobytes() == before


@settings(max_examples=200)
@given(images(np.float32), any_d, any_color, any_space, any_border)
def test_any_floats(src, d, sigma_color, sigma_space, border):
    if d <= 0:
        sigma_space = min(sigma_space, 8.0)
    before = src.tobytes()
    sigma_color *= float(src.max()) / 255 or 1
    case = {"src": src, "d": d, "sigma_color": sigma_color, "sigma_space": sigma_space, "border": border}
    assert_same(bilateral_filter(**case), by_cv2(**case).reshape(_result_shape(src)), case, ROUNDING)
    assert src.tobytes() == before


def _result_shape(src):
    return src.shape[:2] if src.ndim == 2 or src.shape[2] == 1 else src.shape


ON_AVX2 = """
import cv2, itertools, numpy as np
from cvkit.bilateral import bilateral_filter
random = np.random.default_rng(7)
for w, shape in itertools.product(range(1, 70), ((), (3,))):
    src = random.random((7, w, *shape), np.float32) * 100 + (50 if w % 2 else -50)
    for border, (d, color, space) in itertools.product(range(5), ((5, 20, 2), (9, 60, 75), (3, 5, 1))):
        want = cv2.bilateralFilter(src, d, color, space, borderType=border)
        got = bilateral_filter(src, d, color, space, border=border)
        assert np.array_equal(got, want), (src.shape, border, d, np.abs(got - want).max())
print("equal")
"""


def test_floats_are_equal_on_avx2():
    """The vectors' width decides where in a row cv2 rounds in which way; cvkit does as with AVX2 everywhere."""
    if not cv2.checkHardwareSupport(11):
        pytest.skip("this processor has no AVX2")
    assert run_python(ON_AVX2, OPENCV_CPU_DISABLE="AVX512-SKX").endswith("equal")


WITH_IPP = """
import cv2, numpy as np
from support import photo
from cvkit.bilateral import bilateral_filter
worst = 0
for src in (photo("camera.png", gray=True), photo("chelsea.png")):
    for d in (3, 5, 7, 9):
        for border in (cv2.BORDER_REFLECT_101, cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT):
            want = cv2.bilateralFilter(src, d, 40, 3, borderType=border)
            got = bilateral_filter(src, d, 40, 3, border=border)
            worst = max(worst, int(np.abs(got.astype(int) - want).max()))
print(worst)
"""


def test_bytes_are_within_1_of_opencv_as_it_comes():
    """With IPP, which truncates where the rest of OpenCV rounds."""
    assert int(run_python(WITH_IPP, OPENCV_IPP=None)) <= 1


@EVERY_BORDER
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (5, 7), (3, 4, 3), (1, 1, 3)])
def test_neighbourhoods_larger_than_the_image(shape, dtype, border):
    src = noise(shape, 3).astype(dtype)
    src.flat[0] = 0
    for d in (21, 61):
        assert_same(bilateral_filter(src, d, 80, 30, border=border), by_cv2(src, d, 80, 30, border), d, ROUNDING)


@pytest.mark.parametrize("w", [31, 32, 33, 63, 64, 95, 383, 384, 385, 391, 416, 767, 769])
def test_rows_of_several_stretches(w):
    """Widths around what is finished at a time, and around OpenCV's vectors; every d from 3 on up to 11."""
    wide = np.tile(photo("camera.png", gray=True)[200:208], 2)[:, :w]
    for src in (wide, np.dstack([wide, wide[::-1], 255 - wide])):
        for d in (3, 5, 7, 9, 11):
            assert_same(bilateral_filter(src, d, 30, 4), by_cv2(src, d, 30, 4), (src.shape, d))
            real = src.astype(np.float32)
            assert_same(bilateral_filter(real, d, 30, 4), by_cv2(real, d, 30, 4), (src.shape, d), ROUNDING)


@EVERY_BORDER
@pytest.mark.parametrize("value", [0, 1, 77, 255])
def test_a_constant_image_stays_constant(value, border):
    for shape in ((6, 9), (6, 9, 3)):
        for dtype in (np.uint8, np.float32):
            src = np.full(shape, value, dtype)
            if border != "constant" or dtype == np.float32:
                assert_same(bilateral_filter(src, 5, 30, 3, border=border), src)
            assert_same(bilateral_filter(src, 5, 30, 3, border=border), by_cv2(src, 5, 30, 3, border))


def test_results_lie_between_the_neighbours():
    for src in (noise((40, 60)), noise((40, 60, 3)), floats((40, 60))):
        got = bilateral_filter(src, 5, 30, 3)
        square = np.ones((5, 5), np.uint8)
        slack = 0 if src.dtype == np.uint8 else 1e-6
        assert (got >= cv2.erode(src, square) - slack).all()
        assert (got <= cv2.dilate(src, square) + slack).all()


def test_an_edge_stays_and_noise_goes():
    step = np.repeat([[50, 200]], 40, axis=0).repeat(40, axis=1).astype(np.int16)
    src = (step + np.random.default_rng(1).integers(-8, 8, step.shape)).astype(np.uint8)
    got = bilateral_filter(src, 9, 30, 5).astype(int)
    assert np.abs(got - step).mean() < 0.3 * np.abs(src - step).mean()
    assert (got[:, 39] < 60).all()
    assert (got[:, 40] > 190).all()


def test_channels_weigh_alike():
    src = photo("chelsea.png")[100:150, 100:180]
    assert_same(bilateral_filter(src[..., ::-1], 7, 40, 3), bilateral_filter(src, 7, 40, 3)[..., ::-1])


@pytest.mark.parametrize(("d", "radius"), [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (8, 4), (9, 4)])
def test_diameters(d, radius):
    src = noise((20, 30))
    assert_same(bilateral_filter(src, d, 60, 3), by_cv2(src, 2 * radius + 1, 60, 3))


@pytest.mark.parametrize(("sigma_space", "radius"), [(0.2, 1), (1, 2), (1.6, 2), (5 / 3, 2), (1.67, 3), (3, 4), (5, 8)])
def test_diameter_from_the_distance(sigma_space, radius):
    """1.5 * 1 and 1.5 * 3 are halves, which go to the even number."""
    src = noise((20, 30))
    for d in (0, -1, -(2**40)):
        assert_same(bilateral_filter(src, d, 60, sigma_space), by_cv2(src, 2 * radius + 1, 60, sigma_space))


@pytest.mark.parametrize(
    "sigmas", [(0, 3), (3, 0), (-5, 3), (1e-6, 1e-6), (-1, -1), (3, -1e300), (1e-7, 1e300)], ids=str
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_no_sigma_leaves_the_image_as_it_is(dtype, sigmas):
    src = noise((9, 11, 3)).astype(dtype)
    for d in (5, 0, -3):
        got = bilateral_filter(src, d, *sigmas)
        assert got is not src
        assert_same(got, src)
        assert_same(got, by_cv2(src, d, *sigmas))


@pytest.mark.parametrize("sigmas", [(1e300, 1e300), (1e-5, 3), (3, 1e-5), (1e-5, 1e-5), (1e30, 0.01)], ids=str)
def test_extreme_sigmas(sigmas):
    for src in (noise((9, 40)), noise((9, 40, 3)), floats((9, 40)), floats((9, 40, 3))):
        assert_same(bilateral_filter(src, 5, *sigmas), by_cv2(src, 5, *sigmas), sigmas, ROUNDING)


@pytest.mark.parametrize("cn", [1, 3])
def test_nan_is_filled_in(cn):
    """A pixel with a NaN has no weight, and becomes the average of the others by distance.

    cv2's search for the range loses what stands before a NaN, hence least and largest in the last rows.
    """
    src = floats((30, 40, cn)) * 8
    src[floats((30, 40), 1) < 0.05, 0] = np.nan
    src[-2], src[-1] = 0, 8
    src = src[..., 0] if cn == 1 else src
    got = bilateral_filter(src, 5, 2, 3)
    assert not np.isnan(got).any()
    assert_same(got, by_cv2(src, 5, 2, 3), criterion=ROUNDING)
    alone = np.full((5, 7), np.nan, np.float32)
    assert np.isnan(bilateral_filter(alone, 5, 2, 3)).all()
    alone[2, 3] = 4
    assert_same(bilateral_filter(alone, 3, 2, 3), alone, "one value has no range: the image stays as it is")


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_any_number_of_threads(count, monkeypatch):
    cvkit.set_num_threads(count)
    src = large_photo()
    assert len(threads.Cpu().split(src.shape[0], src.shape[1] * 10)) == count, "the image is too small to be cut"
    assert_same(bilateral_filter(src, 3, 50, 5), by_cv2(src, 3, 50, 5))
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 1)
    for src in (noise((15, 60)), noise((15, 60, 3)), floats((15, 60, 3))):
        for border in ("reflect101", "wrap"):
            got = bilateral_filter(src, 7, 0.3 if src.dtype == np.float32 else 60, 3, border=border)
            cvkit.set_num_threads(1)
            alone = bilateral_filter(src, 7, 0.3 if src.dtype == np.float32 else 60, 3, border=border)
            cvkit.set_num_threads(count)
            assert got.tobytes() == alone.tobytes()


@pytest.mark.parametrize("error", [0.0, 0.01, 1.0])
def test_sums_repeated_everywhere(error, monkeypatch):
    """A larger doubt costs time only; the smallest is that of rounding alone."""
    monkeypatch.setattr(kernels, "WEIGHT_ERROR", max(kernels.WEIGHT_ERROR, error))
    for src in (
        photo("camera.png", gray=True)[100:160, 200:300],
        photo("chelsea.png")[100:160, 100:200],
        noise((30, 99)),
    ):
        for d in (3, 5, 9):
            assert_same(bilateral_filter(src, d, 25, 6), by_cv2(src, d, 25, 6), d)


def test_error_of_an_estimated_weight():
    """What the bound on the estimate builds on; the other half of it is the rounding of the table and of exponents."""
    exponents = -np.concatenate([np.linspace(0, 125, 40_001), 2.0 ** np.arange(-30, 7)]).astype(np.float32)
    got = np.array([kernels.power_of_two(e) for e in exponents])
    assert np.abs(got / np.exp2(exponents.astype(np.float64)) - 1).max() < kernels.WEIGHT_ERROR / 2
    for far in (-126, -1000, -1e30):
        assert kernels.power_of_two(np.float32(far)) == kernels.power_of_two(np.float32(-125))


@pytest.mark.parametrize("cn", [1, 3])
def test_estimates_keep_their_bound(cn, monkeypatch):
    """Without repeated sums a result is wrong only where the bound says so: next to a rounding boundary."""
    src = np.concatenate([noise((40, 200 * cn)), noise((40, 200 * cn)) // 9 * 9, noise((40, 200 * cn)) // 86 * 86])
    src = src.reshape(-1, 200, cn).squeeze()
    for d, color, space in ((5, 40, 2), (9, 75, 75), (15, 120, 9), (3, 9, 1)):
        want = by_cv2(src, d, color, space).astype(np.int16)
        monkeypatch.setattr(kernels, "WEIGHT_ERROR", -1.0)
        got = bilateral_filter(src, d, color, space)
        monkeypatch.undo()
        assert np.abs(got - want).max() <= 1
        assert np.count_nonzero(got != want) <= 1e-4 * got.size


def test_scratch_may_hold_anything(monkeypatch):
    def poisoned(shape, dtype=float):
        return np.full(shape, 0x55, dtype) if np.dtype(dtype).kind != "f" else np.full(shape, np.nan, dtype)

    own_numpy = type(np)("numpy")
    vars(own_numpy).update(vars(np), empty=poisoned)
    monkeypatch.setattr(threads, "np", own_numpy)
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 1)
    for count in (1, 4):
        cvkit.set_num_threads(count)
        for shape in ((1, 1), (7, 30), (30, 7, 3), (9, 64, 3)):
            src = noise(shape)
            assert_same(bilateral_filter(src, 9, 50, 4), by_cv2(src, 9, 50, 4), shape)
            real = src.astype(np.float32)
            assert_same(bilateral_filter(real, 9, 50, 4), by_cv2(real, 9, 50, 4), shape, ROUNDING)


def test_out_takes_the_result():
    src = noise((40, 50, 3))
    want = by_cv2(src, 5, 60, 3)
    wide = np.full((80, 100, 3), 7, np.uint8)
    for out in (np.empty((40, 50, 3), np.uint8), wide[::2, ::2], np.empty((50, 40, 3), np.uint8).transpose(1, 0, 2)):
        assert bilateral_filter(src, 5, 60, 3, out=out) is out
        assert_same(out, want)
    assert (wide[1::2] == 7).all(), "nothing is written between the elements of out"


@EVERY_BORDER
@pytest.mark.parametrize("cn", [1, 3])
def test_stages(cn, border):
    src = photo("chelsea.png")[120:160, 130:190, 3 - cn :]
    src = np.ascontiguousarray(src[..., 0] if cn == 1 else src)
    stages = bilateral_stages(src, 9, 40, 2.5, border=border)
    assert {each.dtype for each in stages} == {np.dtype(np.uint8)}
    assert {each.shape for each in stages} == {src.shape}
    assert np.abs(stages.both.astype(int) - by_cv2(src, 9, 40, 2.5, border)).max() <= 1
    assert np.abs(stages.spatial.astype(int) - by_cv2(src, 9, 1e6, 2.5, border)).max() <= 1
    assert np.abs(stages.range.astype(int) - by_cv2(src, 9, 40, 1e6, border)).max() <= 1
    real = src.astype(np.float32)
    real[0, 0] = 0
    stages = bilateral_stages(real, 5, 40, 2.5, border=border)
    assert_same(stages.both, by_cv2(real, 5, 40, 2.5, border), criterion=close(1e-3))
    assert_same(bilateral_stages(real, 5, 40, 0, border=border).spatial, real)


def test_stages_fill_nan_in():
    src = floats((20, 30)) * 8
    src[5, 5:8] = np.nan
    src[-2], src[-1] = 0, 8
    assert_same(bilateral_stages(src, 5, 2, 3).both, by_cv2(src, 5, 2, 3), criterion=close(1e-3))


IMAGE = noise((8, 9))
CONVERT = "Convert it yourself: cvkit never rescales pixel values."
WRONG = [
    (cvkit.DtypeError, {"src": IMAGE.astype(np.uint16)}, f"src has dtype uint16; it takes uint8 or float32. {CONVERT}"),
    (cvkit.DtypeError, {"src": IMAGE.astype(float)}, f"src has dtype float64; it takes uint8 or float32. {CONVERT}"),
    (
        cvkit.ArgumentError,
        {"src": np.dstack([IMAGE] * 2)},
        "src has shape (8, 9, 2); it takes (H, W) or (H, W, C) with C = 1 or 3.",
    ),
    (cvkit.ArgumentError, {"src": IMAGE[:0]}, "src is empty: shape (0, 9); it takes an image of at least one pixel."),
    (cvkit.DtypeError, {"d": 5.0}, "d is 5.0; it takes a whole number."),
    (cvkit.DtypeError, {"d": True}, "d is True; it takes a whole number."),
    (cvkit.DtypeError, {"d": "5"}, "d is '5'; it takes a whole number."),
    (cvkit.ArgumentError, {"d": 2002}, "d is 2002; it takes neighbourhoods of up to 2001 pixels across."),
    (
        cvkit.ArgumentError,
        {"d": 0, "sigma_space": 1e30},
        "d is 0 and sigma_space is 1e+30; it takes neighbourhoods of up to 2001 pixels across.",
    ),
    (cvkit.DtypeError, {"sigma_color": None}, "sigma_color is None; it takes a number."),
    (cvkit.ArgumentError, {"sigma_color": float("nan")}, "sigma_color is nan; it takes a finite number."),
    (cvkit.ArgumentError, {"sigma_space": -np.inf}, "sigma_space is -inf; it takes a finite number."),
    (
        cvkit.ArgumentError,
        {"border": "transparent"},
        "border is 'transparent'; it takes constant, replicate, reflect, wrap or reflect101.",
    ),
    (cvkit.ArgumentError, {"border": 5}, "border is 5; it takes constant, replicate, reflect, wrap or reflect101."),
    (
        cvkit.DtypeError,
        {"border": None},
        "border is None; it takes constant, replicate, reflect, wrap or reflect101.",
    ),
    (cvkit.ArgumentError, {"device": "gpu"}, "device is 'gpu'; it takes auto, cpu or cuda."),
    (cvkit.DtypeError, {"out": np.empty((8, 9), np.float32)}, "out has dtype float32; the result has uint8."),
    (cvkit.ArgumentError, {"out": np.empty((9, 8), np.uint8)}, "out has shape (9, 8); the result has (8, 9)."),
    (cvkit.ArgumentError, {"out": IMAGE}, "out overlaps an input; it takes an array with memory of its own."),
]


@pytest.mark.parametrize(("kind", "options", "text"), WRONG)
def test_error(kind, options, text):
    with pytest.raises(cvkit.CvkitError) as caught:
        bilateral_filter(**{"src": IMAGE, "d": 5, "sigma_color": 50, "sigma_space": 3} | options)
    assert str(caught.value) == f"bilateral_filter: {text}"
    assert type(caught.value) is kind


@pytest.mark.parametrize("values", [(np.inf,), (-np.inf, np.nan), (np.inf, -np.inf), (3e38, -3e38)], ids=str)
def test_error_of_infinite_values(values):
    src = floats((5, 6))
    src.flat[: len(values)] = values
    with pytest.raises(
        cvkit.ArgumentError, match=r"^bilateral_filter: src has values from \S+ to \S+; it takes finite"
    ):
        bilateral_filter(src, 5, 1, 3)
