"""The Wiener filter and filters in the frequency domain: what is particular to them. Expected values come from SciPy,
cv2.dft and the formulas.
"""

import importlib.util
import warnings

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate
from support import assert_same, large_photo, noise, photo

import cvkit
from cvkit.frequency import _require_cupy, frequency_filter, frequency_stages, transfer_function, wiener
from cvkit.operation import spec_of
from cvkit.parity.frequency import DTYPES, filtered_by_cv2, scipy_wiener, transfer
from cvkit.parity.images import layouts
from cvkit.parity.proof import close

CLOSE = close(1e-12)
SHAPES = ("gaussian", "butterworth", "ideal")


@st.composite
def images(draw, most=48):
    """An image of any dtype, channels and strides, of few levels or of many."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    shape = (draw(st.integers(1, most)), draw(st.integers(1, most)))
    channels = draw(st.integers(1, 4))
    shape = shape if channels == 1 and draw(st.booleans()) else (*shape, channels)
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps = draw(st.sampled_from((1, 3, 255)))
    values = random.integers(0, steps, shape, endpoint=True) / steps
    if dtype.kind in "ui":
        values = values * np.iinfo(dtype).max
    every = [values.astype(dtype), *layouts(values.astype(dtype))]
    return every[draw(st.integers(0, 7)) % len(every)]


def squeezed(image, result):
    """One channel has no axis of its own in a result."""
    return result[..., 0] if image.ndim == 3 and image.shape[2] == 1 else result


@settings(max_examples=150)
@given(images(), st.integers(1, 9), st.integers(1, 9), st.one_of(st.none(), st.floats(-6, 0)))
def test_wiener_of_any_image(src, width, height, power):
    before = src.tobytes()
    share = None if power is None else 10**power * float(np.abs(src.astype(float)).max()) ** 2
    case = {"src": src, "ksize": (width, height), "noise": share}
    assert_same(wiener(**case), squeezed(src, scipy_wiener(src, (width, height), share)), case, CLOSE)
    assert src.tobytes() == before


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
@pytest.mark.parametrize("window", [(3, 3), (5, 2), (9, 31), (64, 3)], ids=str)
def test_integers_are_summed_exactly(dtype, window):
    """With direct sums, which are exact, SciPy's formula gives the same bits."""
    src = noise((70, 90), 3, np.dtype(dtype))
    pixels, ones = src.astype(np.float64), np.ones(window[::-1])
    mean = correlate(pixels, ones, "same", "direct") / ones.size
    variance = correlate(pixels**2, ones, "same", "direct") / ones.size - mean**2
    power = float(np.median(variance))
    want = np.where(variance < power, mean, (pixels - mean) * (1 - power / variance) + mean)
    assert_same(wiener(src, window, power), want)


@pytest.mark.parametrize("dtype", DTYPES)
def test_wiener_without_variance_is_the_mean(dtype):
    """Where SciPy divides 0 by 0."""
    flat = np.full((9, 11), 7, dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_same(wiener(flat, 3, 0), flat.astype(np.float64))
        for zeros in (np.zeros((9, 11), dtype), np.zeros((1, 1), dtype)):
            for power in (None, 0, 5.0):
                assert_same(wiener(zeros, 3, power), zeros.astype(np.float64))
        for image in (flat, noise((6, 8, 3), 5).astype(dtype)):
            for power in (None, 0, 5.0):
                assert_same(wiener(image, 1, power), image.astype(np.float64), "a window of one pixel")


def test_wiener_without_noise_keeps_the_image():
    src = noise((40, 50, 3), 8)
    np.testing.assert_allclose(wiener(src, 5, 0), src, rtol=0, atol=1e-11)


def test_wiener_with_much_noise_is_the_mean():
    src = noise((40, 50), 8)
    want = cv2.blur(src.astype(np.float64), (5, 3), borderType=cv2.BORDER_CONSTANT)
    assert_same(wiener(src, (5, 3), 1e9), want, "", CLOSE)


def test_each_channel_has_its_own_noise():
    src = photo("chelsea.png")[:90, :120].copy()
    src[..., 1] //= 8
    together = wiener(src, 5)
    for c in range(3):
        assert_same(together[..., c], wiener(np.ascontiguousarray(src[..., c]), 5))


def test_wiener_of_what_is_no_number():
    src = np.random.default_rng(1).random((20, 30))
    src[8, 9] = np.nan
    spoiled = np.isnan(wiener(src, 3, 0.01))
    assert spoiled[7:10, 8:11].all()
    assert spoiled.sum() == 9
    assert np.isnan(wiener(src, 3)).all()


def test_windows_beyond_the_image():
    src = noise((7, 9), 2)
    for window in ((1001, 3), (3, 10**9), (12, 16)):
        sides = [min(s, 2 * n + s % 2) for s, n in zip(window, src.shape[::-1], strict=True)]
        sums = correlate(src.astype(float), np.ones(sides[::-1]), "same", "direct")
        assert_same(wiener(src, window, 1e12), sums / (window[0] * window[1]), window, CLOSE)


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=50)
@given(
    src=images(),
    mode=st.sampled_from(("low", "high", "band", "stop", "notch", "all")),
    cutoff=st.floats(0.3, 40),
    width=st.floats(0.5, 20),
    order=st.integers(1, 4),
    places=st.lists(st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)), min_size=1, max_size=3),
    pad=st.sampled_from((False, True, "zero")),
)
def test_filter_of_any_image(shape, src, mode, cutoff, width, order, places, pad):
    before = src.tobytes()
    h, w = src.shape[:2]
    options = {"shape": shape, "order": order}
    if mode in ("band", "stop"):
        options["width"] = width
    if mode == "notch":
        options["centers"] = [(x * w, y * h) for x, y in places]
    unit = 2 if pad else 1
    function = transfer((unit * h, unit * w), mode, cutoff, unit=unit, **options)
    np.testing.assert_allclose(
        transfer_function((h, w), mode, cutoff, pad=pad, **options), function, rtol=0, atol=1e-13
    )
    case = {"src": src, "mode": mode, "cutoff": cutoff, "pad": pad, **options}
    want = squeezed(src, filtered_by_cv2(cv2, src, function, {True: "reflect"}.get(pad, pad or "")))
    got = frequency_filter(**case)
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    # Relative to the image: a filter that removes all of it leaves rounding alone.
    assert np.abs(got - want).max() <= 1e-13 * max(np.abs(src.astype(float)).max(), 1)
    assert src.tobytes() == before
    np.testing.assert_allclose(frequency_stages(**case).result, got, rtol=0, atol=1e-13 * (np.abs(src).max() + 1.0))


@pytest.mark.parametrize("pad", [False, True, "zero"])
@pytest.mark.parametrize("shape", SHAPES)
def test_opposite_filters_add_up_to_the_image(shape, pad):
    src = noise((33, 48, 3), 4)
    options = {"shape": shape, "pad": pad}
    for first, second, width in (("low", "high", {}), ("band", "stop", {"width": 4})):
        both = [frequency_filter(src, mode, 6, **options, **width) for mode in (first, second)]
        np.testing.assert_allclose(sum(both), src, rtol=0, atol=1e-11)


@pytest.mark.parametrize("pad", [False, True])
def test_a_constant_image(pad):
    """All of it is zero frequency, which low, stop and all let through."""
    flat = np.full((13, 18), 77, np.uint8)
    for shape in SHAPES:
        for mode, options, level in (
            ("low", {}, 77),
            ("high", {}, 0),
            ("stop", {"width": 1}, 77),
            ("band", {"width": 1}, 0),
            ("all", {}, 77),
        ):
            result = frequency_filter(flat, mode, 3, shape=shape, pad=pad, **options)
            np.testing.assert_allclose(result, level, rtol=0, atol=1e-11)


def test_padding_keeps_the_sides_apart():
    """A bright right side leaks into the left one without padding; with it the image is as if reflected for ever."""
    src = np.zeros((24, 40))
    src[:, 30:] = 200
    leaking, apart, zeros = (frequency_filter(src, "low", 4, pad=pad) for pad in (False, True, "zero"))
    assert leaking[:, 0].min() > 70
    assert apart[:, 0].max() < 1e-3
    assert zeros[:, 0].max() < 1e-3
    assert apart[:, -1].min() > 199
    assert zeros[:, -1].max() < 130
    # Six times as large, the image is far from any side; frequencies in cycles per image grow with it.
    around = cv2.copyMakeBorder(src, 48, 72, 80, 120, cv2.BORDER_REFLECT)
    u = np.fft.fftfreq(240, 1 / 240)[None, :] / 6
    v = np.fft.fftfreq(144, 1 / 144)[:, None] / 6
    function = np.exp(-(u * u + v * v) / (2 * 4 * 4))
    want = filtered_by_cv2(cv2, around, function)[48:72, 80:120]
    assert_same(apart, np.ascontiguousarray(want), "", CLOSE)


def waves(h, w, *frequencies):
    y, x = np.mgrid[:h, :w]
    return sum(np.cos(2 * np.pi * (u * x / w + v * y / h)) for u, v in frequencies)


def test_frequencies_are_cycles_per_image():
    """u along the rows, v down the columns, of an image that is not square."""
    h, w = 36, 60
    for u, v in ((7, 0), (0, 7), (4, -5)):
        wave = waves(h, w, (u, v))
        radius = np.hypot(u, v)
        for mode, options, kept in (
            ("low", {}, True),
            ("high", {}, False),
            ("band", {"width": 1}, True),
            ("stop", {"width": 1}, False),
        ):
            result = frequency_filter(wave, mode, radius + 1e-9, shape="ideal", **options)
            np.testing.assert_allclose(result, wave if kept else 0, rtol=0, atol=1e-12)
        half = frequency_filter(wave, "low", radius, shape="butterworth", order=3)
        np.testing.assert_allclose(half, wave / 2, rtol=0, atol=1e-12)


def test_a_notch_takes_out_one_wave():
    h, w = 45, 64
    good, bad = waves(h, w, (2, 1), (9, 8)), waves(h, w, (9, -8), (0, 20))
    for shape in SHAPES:
        result = frequency_filter(good + bad, "notch", 0.1, shape=shape, order=3, centers=[(9, -8), (0, 20)])
        np.testing.assert_allclose(result, good, rtol=0, atol=1e-6)
    as_array = frequency_filter(good + bad, "notch", 0.1, centers=np.array([[9, -8], [0, 20]]))
    assert_same(as_array, frequency_filter(good + bad, "notch", 0.1, centers=((9, -8), (0, 20))))


@pytest.mark.parametrize("size", [(12, 15), (15, 12), (16, 16), (9, 7)], ids=str)
def test_all_pass_changes_phases_only(size):
    src = np.random.default_rng(7).random(size)
    result = frequency_filter(src, "all", 3, order=2)
    np.testing.assert_allclose(np.abs(np.fft.fft2(result)), np.abs(np.fft.fft2(src)), rtol=1e-10)
    assert np.abs(result - src).max() > 0.1
    wave, quarter = np.cos(2 * np.pi * 3 * np.arange(32) / 32), np.sin(2 * np.pi * 3 * np.arange(32) / 32)
    lagging = frequency_filter(wave[None], "all", 3, order=1)[0]
    np.testing.assert_allclose(lagging, quarter, rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [(1, 1), (1, 6), (7, 1), (8, 9), (9, 8), (10, 12)], ids=str)
@pytest.mark.parametrize("pad", [False, True, "zero"])
def test_transfer_functions_keep_images_real(size, pad):
    h, w = (2 * n if pad else n for n in size)
    rows, columns = -np.arange(h) % h, -np.arange(w) % w
    for shape in SHAPES:
        for mode, options in (
            ("low", {}),
            ("high", {}),
            ("band", {"width": 1}),
            ("stop", {"width": 1}),
            ("notch", {"centers": [(size[1] / 2, size[0] / 3), (size[1] / 5, -size[0] / 2)]}),
            ("all", {}),
        ):
            function = transfer_function(size, mode, 1.5, shape=shape, pad=pad, **options)
            assert function.shape == (h, w)
            assert function.dtype == (np.complex128 if mode == "all" else np.float64)
            np.testing.assert_allclose(function[np.ix_(rows, columns)].conj(), function, rtol=0, atol=1e-15)
            assert (np.abs(function) <= 1 + 1e-15).all()


@pytest.mark.parametrize("cutoff", [1e-300, 1e-200, 1e-9, 1e9, 1e200, 1e300])
def test_extreme_parameters_give_numbers(cutoff):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for shape in SHAPES:
            for order in (1, 5, 1000):
                low = transfer_function((6, 8), "low", cutoff, shape=shape, order=order)
                assert low[0, 0] == 1
                assert_same(low + transfer_function((6, 8), "high", cutoff, shape=shape, order=order), np.ones((6, 8)))
                for width in (1e-300, 1.0, 1e300):
                    stop = transfer_function((6, 8), "stop", cutoff, shape=shape, order=order, width=width)
                    assert np.isfinite(stop).all()
                    assert shape == "ideal" or stop[0, 0] == 1
                notch = transfer_function((6, 8), "notch", cutoff, shape=shape, order=order, centers=[(1, 2)])
                assert np.isfinite(notch).all()


def test_stages():
    src = photo("camera.png", gray=True)[100:160, 100:190]
    stages = frequency_stages(src, "high", 8, shape="butterworth", pad=True)
    assert stages.spectrum.shape == stages.transfer.shape == (120, 180)
    assert_same(stages.result, frequency_filter(src, "high", 8, shape="butterworth", pad=True), "", CLOSE)
    assert stages.transfer[60, 90] == 0
    doubled = cv2.copyMakeBorder(src.astype(np.float64), 0, 60, 0, 90, cv2.BORDER_REFLECT)
    spectrum = cv2.dft(doubled, flags=cv2.DFT_COMPLEX_OUTPUT)
    want = np.roll(np.log1p(np.hypot(spectrum[..., 0], spectrum[..., 1])), (60, 90), (0, 1))
    # A coefficient that is 0 but for rounding shows as that rounding.
    np.testing.assert_allclose(stages.spectrum, want, rtol=0, atol=1e-8)
    colour = frequency_stages(photo("chelsea.png")[:20, :31], "all", 3)
    assert colour.spectrum.shape == colour.result.shape == (20, 31, 3)
    assert colour.transfer.dtype == np.complex128
    assert spec_of(frequency_filter).stages == frequency_stages.__name__


CALLS = [
    (wiener, {}),
    (wiener, {"ksize": (9, 4), "noise": 30.0}),
    (frequency_filter, {"mode": "low", "cutoff": 20}),
    (frequency_filter, {"mode": "notch", "cutoff": 2, "centers": [(20, 9)], "pad": True}),
    (frequency_filter, {"mode": "all", "cutoff": 20, "pad": "zero"}),
]


@pytest.mark.parametrize(("operation", "options"), CALLS)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_threads_make_no_difference(operation, options, dtype):
    src = np.dstack([large_photo((540, 960)), large_photo((540, 960))[::-1]]).astype(dtype)
    results = []
    for count in (1, 2, 3, 7):
        cvkit.set_num_threads(count)
        results.append(operation(src, **options).tobytes())
    assert len(set(results)) == 1


@pytest.mark.parametrize(("operation", "options"), CALLS)
def test_out(operation, options):
    src = noise((30, 44, 3), 6)
    want = operation(src, **options)
    out = np.empty(src.shape)
    assert operation(src, **options, out=out) is out
    assert_same(out, want)
    strided = np.empty((30, 44, 6))[..., ::2]
    assert operation(src, **options, out=strided) is strided
    assert_same(np.ascontiguousarray(strided), want)
    with pytest.raises(cvkit.DtypeError, match=r"out has dtype uint8; the result has float64\.$"):
        operation(src, **options, out=np.empty(src.shape, np.uint8))


@pytest.mark.parametrize("kind", [np.float32, np.int16, np.uint8, np.float64, int])
def test_numbers_of_any_type(kind):
    src = noise((20, 30), 1)
    assert_same(wiener(src, kind(5) if issubclass(kind, (int, np.integer)) else 5, kind(9)), wiener(src, 5, 9.0))
    got = frequency_filter(src, "stop", kind(4), width=kind(2))
    assert_same(got, frequency_filter(src, "stop", 4.0, width=2.0))


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ({"ksize": 0}, cvkit.ArgumentError, "ksize is (0, 0); it takes a width and a height, whole numbers from 1 on."),
        ({"ksize": 2.5}, cvkit.DtypeError, "ksize is 2.5; it takes a width and a height, whole numbers from 1 on."),
        ({"noise": -1}, cvkit.ArgumentError, "noise is -1; it takes a number from 0 on."),
        ({"noise": np.nan}, cvkit.ArgumentError, "noise is nan; it takes a finite number."),
        ({"noise": "much"}, cvkit.DtypeError, "noise is 'much'; it takes a number."),
    ],
)
def test_errors_of_wiener(arguments, kind, text):
    with pytest.raises(kind) as caught:
        wiener(np.zeros((4, 5)), **arguments)
    assert str(caught.value) == f"wiener: {text}"


PAIRS = "a list of pairs (u, v) of cycles per image"


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ({"mode": "pass"}, cvkit.ArgumentError, "mode is 'pass'; it takes low, high, band, stop, all or notch."),
        ({"shape": "sharp"}, cvkit.ArgumentError, "shape is 'sharp'; it takes gaussian, butterworth or ideal."),
        ({"cutoff": 0}, cvkit.ArgumentError, "cutoff is 0; it takes a number above 0."),
        ({"cutoff": -2.5}, cvkit.ArgumentError, "cutoff is -2.5; it takes a number above 0."),
        ({"cutoff": np.nan}, cvkit.ArgumentError, "cutoff is nan; it takes a finite number."),
        ({"cutoff": None}, cvkit.DtypeError, "cutoff is None; it takes a number."),
        ({"mode": "band"}, cvkit.ArgumentError, "mode is band and width is missing; it takes a number above 0."),
        ({"mode": "stop", "width": 0}, cvkit.ArgumentError, "width is 0; it takes a number above 0."),
        ({"mode": "stop", "width": np.inf}, cvkit.ArgumentError, "width is inf; it takes a finite number."),
        ({"width": 3}, cvkit.ArgumentError, "width is given and mode is low; it goes with band and stop."),
        ({"order": 0}, cvkit.ArgumentError, "order is 0; it takes a whole number from 1."),
        ({"order": 1.5}, cvkit.DtypeError, "order is 1.5; it takes a whole number."),
        ({"mode": "notch"}, cvkit.ArgumentError, f"mode is notch and centers is missing; it takes {PAIRS}."),
        ({"centers": [(1, 1)]}, cvkit.ArgumentError, "centers is given and mode is low; it goes with notch."),
        ({"mode": "notch", "centers": 3}, cvkit.DtypeError, f"centers is 3; it takes {PAIRS}."),
        ({"mode": "notch", "centers": []}, cvkit.ArgumentError, f"centers is empty; it takes {PAIRS}."),
        ({"mode": "notch", "centers": (2, 1)}, cvkit.ArgumentError, f"centers[0] is 2; centers takes {PAIRS}."),
        (
            {"mode": "notch", "centers": [(1, 1), (2, 1, 0)]},
            cvkit.ArgumentError,
            f"centers[1] is of 3 values; centers takes {PAIRS}.",
        ),
        (
            {"mode": "notch", "centers": [(1, np.inf)]},
            cvkit.ArgumentError,
            "centers[0] is inf; it takes a finite number.",
        ),
        (
            {"mode": "notch", "centers": [(1, 4)]},
            cvkit.ArgumentError,
            "centers[0] is (1, 4); the highest frequencies of an image 9 wide and 6 high are (4.5, 3).",
        ),
        ({"pad": "mirror"}, cvkit.ArgumentError, "pad is 'mirror'; it takes False, True, reflect or zero."),
        ({"pad": None}, cvkit.ArgumentError, "pad is None; it takes False, True, reflect or zero."),
    ],
)
def test_errors_of_the_filter(arguments, kind, text):
    case = {"mode": "low", "cutoff": 1, **arguments}
    for call in (
        lambda: frequency_filter(np.zeros((6, 9)), **case),
        lambda: frequency_stages(np.zeros((6, 9)), **case),
        lambda: transfer_function((6, 9), **case),
    ):
        with pytest.raises(kind) as caught:
            call()
        assert str(caught.value) == f"frequency_filter: {text}"


@pytest.mark.parametrize("operation", [wiener, lambda src: frequency_filter(src, "low", 1)], ids=["wiener", "filter"])
def test_errors_of_images(operation):
    for src, kind in ((np.zeros((3, 3), np.int32), cvkit.DtypeError), (np.zeros((0, 3)), cvkit.ArgumentError)):
        with pytest.raises(kind, match=r"^(wiener|frequency_filter): src "):
            operation(src)


def test_errors_of_transfer_function():
    for shape_hw, text in ((5, "is 5"), ((5, 6, 3), "is of 3 values"), ("image", "is 'image'")):
        with pytest.raises(cvkit.ArgumentError) as caught:
            transfer_function(shape_hw, "low", 1)
        assert str(caught.value) == f"transfer_function: shape_hw {text}; it takes a height and a width."
    with pytest.raises(cvkit.ArgumentError, match="shape_hw is 0"):
        transfer_function((0, 4), "low", 1)
    with pytest.raises(cvkit.DtypeError, match=r"shape_hw is 2\.5"):
        transfer_function((2.5, 4), "low", 1)


@pytest.mark.skipif(importlib.util.find_spec("cupy") is not None, reason="CuPy is installed")
def test_the_gpu_needs_cupy():
    with pytest.raises(cvkit.DeviceError, match=r"^frequency_filter: device is cuda, but .* pip install cupy-cuda13x"):
        _require_cupy()
