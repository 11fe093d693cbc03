"""Proofs and benchmarks of the Wiener filter, against SciPy, and of filters in the frequency domain, against cv2.dft.

The transfer functions are written here once more, from the formulas and for every sample of the spectrum, so that no
expected value comes from what is proved.
"""

import itertools
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.frequency import frequency_filter, wiener
from cvkit.parity.images import Images, layouts
from cvkit.parity.proof import Arguments, Duel, Reference, benchmark, close, proof, warm_ups

Array = NDArray[Any]
Case = tuple[Arguments, Reference]

DTYPES = ("uint8", "uint16", "int16", "float32", "float64")
WINDOWS = (3, (5, 3), (2, 4), (7, 7), (1, 9), (15, 1), (41, 9), (1, 1))
SHARES = (None, 0.01, 0.2, 0.0)  # noise as a part of the largest square of the image
SIZES = ((1, 1), (1, 7), (7, 1), (2, 3), (5, 4), (17, 33), (16, 32), (21, 64))


def scipy_wiener(src: Array, window: int | tuple[int, int], noise: float | None) -> Array:
    """SciPy's filter on each channel in float64; where it divides 0 by 0, the local mean."""
    from scipy.signal import correlate
    from scipy.signal import wiener as reference

    width, height = (window, window) if isinstance(window, int) else window
    planes = src.astype(np.float64).reshape(*src.shape[:2], -1)
    filtered = np.empty_like(planes)
    for c in range(planes.shape[2]):
        plane = planes[..., c]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            result = reference(plane, (height, width), noise)
        mean = correlate(plane, np.ones((height, width)), "same") / (width * height)
        filtered[..., c] = np.where(np.isnan(result), mean, result)
    return filtered.reshape(src.shape)


def _wiener(src: Array, window: int | tuple[int, int], share: float | None) -> Case:
    noise = None if share is None else share * float(np.abs(src.astype(np.float64)).max()) ** 2
    return {"src": src, "ksize": window, "noise": noise}, lambda cv2: scipy_wiener(src, window, noise)


@proof(wiener, criterion=close(1e-12))
def _(images: Images) -> Iterator[Case]:
    """Sizes around the vector widths, one-pixel axes; all dtypes and channels; odd and even windows, some larger than
    the image; noise estimated, given and none; flat images; any strides.
    """
    number = 0
    for dtype, channels in itertools.product(DTYPES, (1, 2, 3, 4)):
        for image in images.noise(dtype, channels):
            for _ in range(2):
                yield _wiener(image, WINDOWS[number % len(WINDOWS)], SHARES[number % 3])
                number += 3
        for image in images.noise(dtype, channels, ((3, 5), (20, 63))):
            yield _wiener(image, 3, 0.0)
            yield _wiener(np.full_like(image, 100), 3, None)
            for view in layouts(image):
                yield _wiener(view, (5, 3), None)
    for channels in (1, 3):
        for i, image in enumerate((*images.photographs(channels), *images.synthetic(channels))):
            if min(image.shape[:2]) < 200:
                yield _wiener(image, WINDOWS[i % 4], SHARES[i % 4])
            else:
                yield _wiener(image[:256, :256], WINDOWS[i % 4], 0.005)


def transfer(
    size: tuple[int, int],
    mode: str,
    cutoff: float,
    *,
    shape: str = "gaussian",
    width: float = 0.0,
    order: int = 2,
    centers: Sequence[tuple[float, float]] = (),
    unit: int = 1,
) -> Array:
    """A transfer function over the whole spectrum of height and width `size`, in which a cycle per image is `unit`
    samples. The highest frequency of an even length takes the mean over its two signs.
    """
    h, w = size
    signs = itertools.product((False, True), repeat=2)
    grids = [(_signed(w, a)[None, :] / unit, _signed(h, b)[:, None] / unit) for a, b in signs]
    if mode == "all":
        factors = []
        for f, length in zip(grids[0], (w, h), strict=True):
            stage = (cutoff - 1j * f) / (cutoff + 1j * f)
            factors.append(np.where(2 * np.abs(f) * unit == length, 1, stage**order))
        return np.asarray(factors[0] * factors[1])
    parts = [_transfer_at(u, v, mode, cutoff, shape, width, order, centers) for u, v in grids]
    return np.asarray(sum(parts) / len(parts))


def _signed(length: int, lowest: bool) -> Array:
    """Frequencies of the samples of a spectrum; the one that is its own opposite as the lowest or as the highest."""
    k = np.arange(length, dtype=np.float64)
    return np.where(2 * k >= length if lowest else 2 * k > length, k - length, k)


def _transfer_at(
    u: Array,
    v: Array,
    mode: str,
    cutoff: float,
    shape: str,
    width: float,
    order: int,
    centers: Sequence[tuple[float, float]],
) -> Array:
    def low(d: Array) -> Array:
        if shape == "ideal":
            return np.where(d <= cutoff, 1.0, 0.0)
        if shape == "gaussian":
            return np.asarray(np.exp(-(d * d) / (2 * cutoff * cutoff)))
        return np.asarray(1 / (1 + (d / cutoff) ** (2 * order)))

    def stop(d: Array) -> Array:
        if shape == "ideal":
            return np.where((d >= cutoff - width / 2) & (d <= cutoff + width / 2), 0.0, 1.0)
        with np.errstate(divide="ignore"):
            if shape == "gaussian":
                return np.asarray(1 - np.exp(-(((d * d - cutoff * cutoff) / (d * width)) ** 2)))
            return np.asarray(1 / (1 + (d * width / (d * d - cutoff * cutoff)) ** (2 * order)))

    if mode == "notch":
        product = np.ones(np.broadcast_shapes(u.shape, v.shape))
        for u0, v0 in centers:
            for sign in (1, -1):
                product = product * (1 - low(np.sqrt((u - sign * u0) ** 2 + (v - sign * v0) ** 2)))
        return product
    distance = np.sqrt(u * u + v * v)
    if mode in ("low", "high"):
        return low(distance) if mode == "low" else 1 - low(distance)
    return stop(distance) if mode == "stop" else 1 - stop(distance)


def filtered_by_cv2(cv2: Any, src: Array, function: Array, padding: str = "") -> Array:
    """Each channel through cv2.dft, times the transfer function, and back; the part where the image was."""
    h, w = src.shape[:2]
    planes = src.astype(np.float64).reshape(h, w, -1)
    result = np.empty_like(planes)
    border = {"reflect": cv2.BORDER_REFLECT, "zero": cv2.BORDER_CONSTANT}.get(padding)
    for c in range(planes.shape[2]):
        plane = np.ascontiguousarray(planes[..., c])
        if border is not None:
            plane = cv2.copyMakeBorder(plane, 0, h, 0, w, border)
        pairs = cv2.dft(plane, flags=cv2.DFT_COMPLEX_OUTPUT)
        product = np.ascontiguousarray(pairs).view(np.complex128)[..., 0] * function
        parts = np.dstack([product.real, product.imag])
        back = cv2.dft(parts, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE)
        result[..., c] = back[:h, :w, 0]
    return result.reshape(src.shape)


def _designs(h: int, w: int) -> list[Arguments]:
    """Parameters for an image: cutoffs below, at and above its frequencies, narrow and wide bands, several notches."""
    middle = max(min(h, w) / 6, 0.7)
    centers = [(w / 2, 0), (w / 5, -h / 3), (-w / 4, h / 2)]
    rows: list[Arguments] = [
        {"mode": "low", "cutoff": middle},
        {"mode": "low", "cutoff": 2 * middle, "shape": "ideal"},
        {"mode": "low", "cutoff": 1, "shape": "butterworth", "order": 3},
        {"mode": "high", "cutoff": 0.4},
        {"mode": "high", "cutoff": middle, "shape": "ideal"},
        {"mode": "high", "cutoff": middle, "shape": "butterworth"},
        {"mode": "band", "cutoff": middle, "width": middle},
        {"mode": "band", "cutoff": middle, "width": 2.5, "shape": "ideal"},
        {"mode": "band", "cutoff": middle, "width": middle, "shape": "butterworth", "order": 1},
        {"mode": "stop", "cutoff": 2, "width": 0.5},
        {"mode": "stop", "cutoff": middle, "width": 1, "shape": "ideal"},
        {"mode": "stop", "cutoff": 1, "width": 0.75, "shape": "butterworth", "order": 4},
        {"mode": "notch", "cutoff": 1.5, "centers": centers},
        {"mode": "notch", "cutoff": 0.8, "centers": centers[:1], "shape": "ideal"},
        {"mode": "notch", "cutoff": 1, "centers": centers[1:], "shape": "butterworth"},
        {"mode": "all", "cutoff": middle},
        {"mode": "all", "cutoff": 3 * middle, "order": 1},
    ]
    return rows


def _filter(src: Array, design: Arguments, pad: bool | str) -> Case:
    padding = ("reflect" if pad else "") if isinstance(pad, bool) else pad
    options = dict(design)
    mode, cutoff = options.pop("mode"), options.pop("cutoff")
    unit = 2 if padding else 1
    h, w = src.shape[:2]

    def reference(cv2: Any) -> Array:
        return filtered_by_cv2(cv2, src, transfer((unit * h, unit * w), mode, cutoff, unit=unit, **options), padding)

    return {"src": src, **design, "pad": pad}, reference


@proof(frequency_filter, criterion=close(1e-12))
def _(images: Images) -> Iterator[Case]:
    """Every mode and shape on sizes even, odd and of one pixel; all dtypes, channels and paddings; any strides."""
    paddings = (False, True, "zero", False, "reflect")
    number = 0
    for dtype, channels in itertools.product(DTYPES, (1, 2, 3, 4)):
        for image in images.noise(dtype, channels, SIZES):
            designs = _designs(*image.shape[:2])
            for _ in range(4):
                yield _filter(image, designs[number % len(designs)], paddings[number // 3 % len(paddings)])
                number += 1
        for image in images.noise(dtype, channels, ((20, 23),)):
            for view in layouts(image):
                designs = _designs(*view.shape[:2])
                yield _filter(view, designs[number % len(designs)], paddings[number % len(paddings)])
                number += 1
    for channels in (1, 3):
        for i, image in enumerate(images.photographs(channels)):
            crop = image[:300, :301]
            designs = _designs(*crop.shape[:2])
            yield _filter(crop, designs[(i + channels) % len(designs)], paddings[i % len(paddings)])


@benchmark(wiener)
def _(photo: Array) -> Iterator[Duel]:
    """SciPy takes float64 planes that were made before."""
    import cv2

    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    for label, src, window in (
        ("gray 3, against SciPy", gray, 3),
        ("gray 9, against SciPy", gray, 9),
        ("gray float32 5, against SciPy", (gray / 255).astype(np.float32), 5),
        ("BGR 5, against SciPy", photo, 5),
    ):
        yield _wiener_duel(label, src, window)


def _wiener_duel(label: str, src: Array, window: int) -> Duel:
    from scipy.signal import wiener as reference

    planes = [np.ascontiguousarray(p, np.float64) for p in np.moveaxis(src.reshape(*src.shape[:2], -1), -1, 0)]

    def by_scipy(cv2: Any, dst: Array) -> None:
        parts = dst.reshape(*dst.shape[:2], -1)
        for c, plane in enumerate(planes):
            parts[..., c] = reference(plane, window)

    return Duel(label, {"src": src, "ksize": window}, np.empty(src.shape), by_scipy)


@benchmark(frequency_filter)
def _(photo: Array) -> Iterator[Duel]:
    """Both sides make the transfer function in each call, as it belongs to the size of the image."""
    import cv2

    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    yield _filter_duel("gray, Gaussian low-pass", gray, {"mode": "low"})
    yield _filter_duel("gray, Butterworth high-pass", gray, {"mode": "high", "shape": "butterworth"})
    yield _filter_duel("BGR, Gaussian band-pass", photo, {"mode": "band", "width": 10.0})


def _filter_duel(label: str, src: Array, design: Arguments) -> Duel:
    def by_cv2(cv2: Any, dst: Array) -> None:
        function = _transfer_at(
            np.fft.fftfreq(src.shape[1], 1 / src.shape[1])[None, :],
            np.fft.fftfreq(src.shape[0], 1 / src.shape[0])[:, None],
            design["mode"],
            30.0,
            design.get("shape", "gaussian"),
            design.get("width", 0.0),
            2,
            (),
        )[..., None]
        parts = dst.reshape(*dst.shape[:2], -1)
        for c, plane in enumerate(cv2.split(src)):
            spectrum = cv2.dft(plane.astype(np.float64), flags=cv2.DFT_COMPLEX_OUTPUT)
            spectrum *= function
            parts[..., c] = cv2.dft(spectrum, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT)

    return Duel(label, {"src": src, "cutoff": 30.0, **design}, np.empty(src.shape), by_cv2)


@warm_ups(frequency_filter)
def _() -> Iterator[Arguments]:
    """One: it has no kernels of its own."""
    yield {"src": np.zeros((8, 8), np.uint8), "mode": "low", "cutoff": 1}
