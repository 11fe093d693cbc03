"""The Wiener filter's CUDA plan in the simulator against SciPy, and filters in the frequency domain with NumPy in the
place of CuPy, whose calls are the same.
"""

import sys
import types

import cv2
import numpy as np
import pytest

import cvkit
from cvkit.frequency import frequency_filter, wiener
from cvkit.parity.frequency import filtered_by_cv2, scipy_wiener, transfer
from cvkit.parity.proof import close, compare

CLOSE = close(1e-12)


def noise(seed, shape, dtype="uint8"):
    """Values over the whole range of an integer dtype, or over 0 to 1."""
    random = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return random.random(shape).astype(dtype)
    limits = np.iinfo(dtype)
    return random.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def assert_close(got, want):
    comparison = compare(got, want, CLOSE)
    assert comparison.same, comparison.text


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_wiener(dtype):
    for shape, window, share in (((1, 1), 3, None), ((3, 5), 3, None), ((3, 5), (4, 5), 0.05), ((4, 7, 3), 3, 0.05)):
        src = noise(1, shape, dtype)
        power = None if share is None else share * float(np.abs(src.astype(float)).max()) ** 2
        assert_close(wiener(src, window, power, device="cuda"), scipy_wiener(src, window, power))


@pytest.mark.parametrize("window", [(5, 3), (40, 41)], ids=str)
def test_wiener_over_several_blocks(window):
    """33 columns: a second block of one pixel; 17 rows: a third one of one row."""
    src = noise(2, (17, 33))
    assert_close(wiener(src, window, device="cuda"), scipy_wiener(src, window, None))


@pytest.mark.parametrize("channels", [2, 4])
def test_each_channel_has_its_own_noise(channels):
    src = noise(3, (3, 35, channels)) // (1 + np.arange(channels, dtype=np.uint8))
    assert_close(wiener(src, 3, device="cuda"), scipy_wiener(src, 3, None))


def test_wiener_without_variance_is_the_mean():
    flat = np.full((4, 5), 7, np.uint8)
    np.testing.assert_array_equal(wiener(flat, 3, 0, device="cuda"), flat)
    np.testing.assert_array_equal(wiener(flat, 1, device="cuda"), flat)
    np.testing.assert_array_equal(wiener(flat * 0, 3, device="cuda"), flat * 0)


@pytest.fixture
def numpy_as_cupy(monkeypatch):
    """A module cupy that is NumPy: device arrays of the simulator are host arrays underneath."""

    def asarray(array):
        return np.asarray(getattr(array, "_ary", array))

    stream = types.SimpleNamespace(synchronize=lambda: None)
    cuda = types.SimpleNamespace(get_current_stream=lambda: stream)
    cupy = types.SimpleNamespace(asarray=asarray, pad=np.pad, fft=np.fft, cuda=cuda)
    monkeypatch.setitem(sys.modules, "cupy", cupy)


@pytest.mark.usefixtures("numpy_as_cupy")
@pytest.mark.parametrize("pad", [False, True, "zero"])
def test_filter(pad):
    unit = 2 if pad else 1
    padding = {True: "reflect"}.get(pad, pad or "")
    for src in (noise(4, (17, 33)), noise(5, (8, 6, 3), "float32"), noise(6, (1, 1))):
        h, w = src.shape[:2]
        for mode, options in (("low", {}), ("notch", {"centers": [(w / 3, -h / 2)]}), ("all", {})):
            function = transfer((unit * h, unit * w), mode, 2.5, unit=unit, **options)
            got = frequency_filter(src, mode, 2.5, pad=pad, device="cuda", **options)
            assert_close(got, filtered_by_cv2(cv2, src, function, padding))
            out = np.empty(src.shape)
            assert frequency_filter(src, mode, 2.5, pad=pad, device="cuda", out=out, **options) is out
            np.testing.assert_array_equal(out, got)


def test_filter_without_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(cvkit.DeviceError, match=r"^frequency_filter: device is cuda, but .* through CuPy, .*cupy"):
        frequency_filter(noise(4, (3, 5)), "low", 1, device="cuda")
