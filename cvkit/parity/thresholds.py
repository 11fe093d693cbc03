"""Proofs and benchmarks of the thresholds."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.parity.images import SMALL, TINY, Images, layouts
from cvkit.parity.proof import EQUAL, Arguments, Duel, Reference, benchmark, proof, warm_ups
from cvkit.thresholds import CHOSEN, DTYPES, MODES, NUMBERED, TAKES, WAYS, adaptive_threshold, threshold

Array = NDArray[Any]
Case = tuple[Arguments, Reference]

CODES = dict(zip(WAYS, NUMBERED, strict=True))  # cv2's number of each type

# Inside the range of each dtype, at its ends and outside; what rounds down, and what the largest values are rounded to.
LEVELS = (0, 0.5, 7.6, 100, 127.999, -0.5, 254, 255, 256, 32766.5, 32767, 65534, 65535, -1, -32768, -32769, -1e9, 2e9)
TOPS = (255, 200.5, 201.5, 1, 0, 300, -3, 70000, -40000, 1e9)
FLOAT_LEVELS = (0.5, 0.25, 0.1, 0, -1, 1e300, -1e300, 1)

BLOCKS = (3, 5, 7, 9, 11, 15, 31, 101)
OFFSETS = (0, 2, -3, 1.5, -1.5, 7, 300, -300)


def _threshold(src: Array, thresh: float, max_value: float, kind: str) -> Case:
    arguments = {"src": src, "thresh": thresh, "max_value": max_value, "type": kind}
    plain = np.ascontiguousarray(src)

    def reference(cv2: Any) -> Any:
        value, image = cv2.threshold(plain, thresh, max_value, CODES[kind])
        return value, image.reshape(src.shape)

    return arguments, reference


def _uneven(images: Images, image: Array) -> Iterator[Array]:
    """Histograms of other shapes: few values, one, two far apart, a peak at either end, a narrow range."""
    low, high = (np.iinfo(image.dtype).min, np.iinfo(image.dtype).max)
    kind = image.dtype.type
    yield image // kind(16) * kind(16)
    yield np.full_like(image, 77)
    yield np.where(image > high // 3, kind(high), kind(low))
    yield np.minimum(image, kind(60))
    yield np.maximum(image, kind(200))
    yield image % kind(7) + kind(90)


@proof(threshold, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every dtype and type, thresholds inside and outside the range of the dtype, 1 to 4 channels, sizes around the
    vector widths, NaN but for "trunc", chosen thresholds of histograms of all shapes; photographs; any strides.
    """
    turn = count()
    for dtype in DTYPES:
        levels: tuple[float, ...] = FLOAT_LEVELS if dtype.startswith("float") else LEVELS
        for channels in (1, 2, 3, 4):
            for image in images.noise(dtype, channels):
                for mode in MODES:
                    i = next(turn)
                    yield _threshold(image, levels[i % len(levels)], TOPS[i % len(TOPS)], mode)
        for image in images.noise(dtype, 1, ((3, 5), (7, 23))):
            for mode in MODES:
                for level in levels:
                    yield _threshold(image, level, TOPS[next(turn) % len(TOPS)], mode)
        for image in images.noise(dtype, 3, ((17, 33),)):
            for view in layouts(image):
                yield _threshold(view, levels[0], 9, MODES[next(turn) % len(MODES)])
    for dtype in ("float32", "float64"):
        for image in images.noise(dtype, 1):
            holes = np.where(image > 0.6, np.asarray(np.nan, dtype), image - np.asarray(0.3, dtype))
            for mode in MODES:
                yield _threshold(np.abs(image) if mode == "trunc" else holes, 0.2, 5.5, mode)
    for method, dtypes in TAKES.items():
        for dtype in dtypes:
            for image in images.noise(dtype, 1, (TINY + SMALL) if dtype == "uint8" else (*TINY, (31, 130))):
                for each in (image, *_uneven(images, image)):
                    yield _threshold(each, 3, 255, f"{MODES[next(turn) % len(MODES)]}+{method}")
        for image in (*images.photographs(1), *images.synthetic(1)):
            yield _threshold(image, 0, 200, f"{MODES[next(turn) % len(MODES)]}+{method}")
        for image in images.noise("uint8", 1, ((17, 33),)):
            for view in layouts(image):
                yield _threshold(view, 0, 255, f"binary+{method}")


def _adaptive(src: Array, top: float, method: str, kind: str, block: int, c: float) -> Case:
    arguments = {"src": src, "max_value": top, "method": method, "type": kind, "block_size": block, "c": c}
    plain = np.ascontiguousarray(src)
    numbers = int(method == "gaussian"), int(kind == "binary_inv")
    return arguments, lambda cv2: cv2.adaptiveThreshold(plain, top, *numbers, block, c)


@proof(adaptive_threshold, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Both means and both types, blocks larger than the image, offsets whose rounding shows; photographs; any
    strides.
    """
    turn = count()
    every = [*images.noise("uint8", 1), *images.photographs(1), *images.synthetic(1)]
    for image in every:
        for method in ("mean", "gaussian"):
            for kind in MODES[:2]:
                for _ in range(4 if image.size < 10_000 else 1):
                    i = next(turn)
                    top = TOPS[i % 7]
                    yield _adaptive(image, top, method, kind, BLOCKS[i // 3 % len(BLOCKS)], OFFSETS[i % len(OFFSETS)])
    for image in images.noise("uint8", 1, ((17, 33), (21, 64))):
        for view in layouts(image):
            for method in ("mean", "gaussian"):
                yield _adaptive(view, 255, method, "binary", 5, 2)


@benchmark(threshold)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    for label, src, kind in (
        ("gray binary", gray, "binary"),
        ("BGR tozero", photo, "tozero"),
        ("float32 trunc", gray.astype(np.float32), "trunc"),
        *((f"gray {way[1:]}", gray, f"binary{way}") for way in CHOSEN if way),
    ):
        yield _duel(label, src, kind)


def _duel(label: str, src: Array, kind: str) -> Duel:
    return Duel(
        label,
        {"src": src, "thresh": 100, "max_value": 255, "type": kind},
        np.empty_like(src),
        lambda cv2, dst: cv2.threshold(src, 100, 255, CODES[kind], dst),
    )


@benchmark(adaptive_threshold)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    for number, method in enumerate(("mean", "gaussian")):
        yield _adaptive_duel(f"{method} 11 x 11", gray, method, number)


def _adaptive_duel(label: str, gray: Array, method: str, number: int) -> Duel:
    return Duel(
        label,
        {"src": gray, "max_value": 255, "method": method, "type": "binary", "block_size": 11, "c": 2},
        np.empty_like(gray),
        lambda cv2, dst: cv2.adaptiveThreshold(gray, 255, number, 0, 11, 2, dst),
    )


@warm_ups(threshold)
def _() -> Iterator[Arguments]:
    """Each dtype, and each choice."""
    for dtype in DTYPES:
        yield {"src": np.zeros((3, 4), dtype), "thresh": 1, "max_value": 1}
    for method, dtypes in TAKES.items():
        for dtype in dtypes:
            yield {"src": np.zeros((3, 4), dtype), "thresh": 1, "max_value": 1, "type": f"binary+{method}"}


@warm_ups(adaptive_threshold)
def _() -> Iterator[Arguments]:
    """Both means; windows of the sizes that have kernels of their own."""
    for method in ("mean", "gaussian"):
        for side in (3, 5, 11):
            yield {
                "src": np.zeros((5, 6), np.uint8),
                "max_value": 255,
                "method": method,
                "type": "binary",
                "block_size": side,
                "c": 2,
            }
