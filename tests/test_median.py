"""The median filter: what is particular to it. Expected values come from cv2, beyond what it takes from SciPy."""

import itertools
import random

import cv2
import numpy as np
import pytest
from cvkit_cpu import median_generator as generator
from cvkit_cpu import median_histograms as histograms
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import median_filter
from support import assert_same, large_photo, noise, photo

import cvkit
from cvkit.median import LARGEST, median_blur
from cvkit.parity.images import layouts
from cvkit.run import threads

DTYPES = tuple(LARGEST)


def by_cv2(src, ksize):
    return cv2.medianBlur(np.ascontiguousarray(src), ksize).reshape(
        src.shape if src.shape[2:] != (1,) else src.shape[:2]
    )


def by_scipy(src, ksize):
    """scipy.ndimage.median_filter takes any dtype, size and number of channels."""
    return median_filter(src, (ksize, ksize, 1)[: src.ndim], mode="nearest")


@st.composite
def images(draw, dtypes=DTYPES, channels=(1, 2, 3, 4), side=70):
    """An image of few levels, so that values tie, or of many; in any place of memory."""
    shape = (draw(st.integers(1, side)), draw(st.integers(1, side)))
    cn = draw(st.sampled_from(channels))
    shape = shape if cn == 1 and draw(st.booleans()) else (*shape, cn)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from(dtypes))
    levels = draw(st.sampled_from((1, 2, 7, 256, 65536)))
    values = rng.integers(0, levels, shape) * (65536 // levels)
    if dtype == "float32":
        image = (values / 65536 - 0.3).astype(dtype)
    else:
        image = (values // 256 if dtype == "uint8" else values - (32768 if dtype == "int16" else 0)).astype(dtype)
    kinds = [image, *layouts(image)]
    return kinds[draw(st.integers(0, 7)) % len(kinds)]


@settings(max_examples=400)
@given(images(), st.sampled_from((1, 3, 5)))
def test_any_image(src, ksize):
    before = src.tobytes()
    assert_same(median_blur(src, ksize), by_cv2(src, ksize), {"src": src, "ksize": ksize})
    assert src.tobytes() == before


@settings(max_examples=300)
@given(images(("uint8",), (1, 3, 4)), st.integers(3, 127))
def test_any_size(src, half):
    """Odd sizes from 7 to 255, most of them larger than the image."""
    ksize = 2 * half + 1
    assert_same(median_blur(src, ksize), by_cv2(src, ksize), {"src": src, "ksize": ksize})


@settings(max_examples=100)
@given(images(("uint8",), (2,), 24), st.sampled_from((7, 9, 11, 21)))
def test_two_channels_beyond_opencv(src, ksize):
    assert_same(median_blur(src, ksize), by_scipy(src, ksize), {"src": src, "ksize": ksize})


@settings(max_examples=100)
@given(images(("uint16", "int16", "float32"), (1, 2, 3, 4), 24), st.sampled_from((7, 9)))
def test_dtypes_beyond_opencv(src, ksize):
    want = by_scipy(src, ksize)
    assert_same(median_blur(src, ksize), want[..., 0] if src.shape[2:] == (1,) else want, {"src": src, "ksize": ksize})


@pytest.mark.parametrize("ksize", [3, 5, 7, 9, 11, 255])
def test_half_of_the_window(ksize):
    """Zeros and ones around one half: the hardest windows. And all windows of a constant image."""
    for seed in range(4):
        src = (noise((40, 300), seed) > 127).astype(np.uint8) * 255
        assert_same(median_blur(src, ksize), by_cv2(src, ksize))
    for dtype in DTYPES if ksize <= 9 else ("uint8",):
        assert (median_blur(np.full((30, 40, 3), 77, dtype), ksize) == 77).all()


@pytest.mark.parametrize("ksize", [3, 5, 7, 9])
def test_medians_do_not_depend_on_the_scale(ksize):
    """A median commutes with what is monotone: the dtypes agree with each other."""
    src = noise((33, 190, 3), ksize)
    want = median_blur(src, ksize)
    assert_same(median_blur(src.astype(np.uint16) * 257, ksize), want.astype(np.uint16) * 257)
    assert_same(median_blur((src.astype(np.int16) - 128) * 255, ksize), (want.astype(np.int16) - 128) * 255)
    assert_same(median_blur(np.sqrt(src.astype(np.float32)), ksize), np.sqrt(want.astype(np.float32)))
    assert_same(median_blur(255 - src, ksize), 255 - want)


def test_infinite_values_have_their_place():
    src = np.where(noise((20, 30)) > 127, np.float32(np.inf), np.float32(-np.inf))
    src[::3, ::2] = 0.5
    for ksize in (3, 5, 7, 9):
        assert_same(median_blur(src, ksize), by_scipy(src, ksize))


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_large_images_on_any_number_of_threads(count, monkeypatch):
    cvkit.set_num_threads(count)
    for ksize in (5, 15):
        src = large_photo()
        assert_same(median_blur(src, ksize), by_cv2(src, ksize), f"{ksize}, {count} threads")
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 1)
    for shape in ((1, 700), (2, 50, 3), (37, 41), (16, 30, 4)):
        assert len(threads.Cpu().split(shape[0], 1000)) == min(count, shape[0])
        for ksize in (3, 5, 7, 9, 13):
            src = noise(shape, ksize)
            assert_same(median_blur(src, ksize), by_cv2(src, ksize), f"{shape}, {ksize}, {count} threads")


def test_tiles_and_chunks(monkeypatch):
    """Rows that end on, before and behind the end of a chunk of the networks; tiles narrower than the window."""
    for ksize, chunk in generator.CHUNKS.items():
        for n in (chunk - 1, chunk, chunk + 1, chunk + ksize // 2, 2 * chunk + 3):
            src = noise((4, n), n)
            assert_same(median_blur(src, ksize), by_cv2(src, ksize), f"{ksize}, {n}")
        for cn in (2, 3, 4):
            src = noise((3, chunk // cn + 1, cn), cn)
            want = np.dstack([by_cv2(src[..., c], ksize) for c in range(cn)])
            assert_same(median_blur(src, ksize), want, f"{ksize}, {cn} channels")
    from cvkit_cpu import median as plans

    monkeypatch.setattr(plans, "TILE", 10)
    src = noise((30, 77, 3))
    assert_same(median_blur(src, 15), by_cv2(src, 15))


def test_scratch_may_hold_anything(monkeypatch):
    """No value of an earlier call shows in a result."""

    def poisoned(shape, dtype=float):
        block = np.zeros(shape, dtype)
        block.view(np.uint8)[...] = 0xFF if np.issubdtype(dtype, np.floating) else 0x55
        return block

    own_numpy = type(np)("numpy")
    vars(own_numpy).update(vars(np), empty=poisoned)
    monkeypatch.setattr(threads, "np", own_numpy)
    for dtype in ("uint8", "float32"):
        for shape in ((1, 1), (7, 30), (5, 65, 3)):
            src = noise(shape).astype(dtype)
            for ksize in (3, 5, 7, 9, 17)[: 5 if dtype == "uint8" else 2]:
                assert_same(median_blur(src, ksize), by_cv2(src, ksize), f"{dtype} {shape} {ksize}")


def test_out_takes_the_result():
    src = photo("camera.png", gray=True)[:40, :50]
    wide = np.full((80, 100), 7, np.uint8)
    for ksize in (1, 3, 7, 21):
        for out in (np.empty((40, 50), np.uint8), wide[::2, ::2], np.empty((50, 40), np.uint8).T):
            assert median_blur(src, ksize, out=out) is out
            assert_same(out, by_cv2(src, ksize))
    assert (wide[1::2] == 7).all(), "nothing is written between the elements of out"
    with pytest.raises(
        cvkit.ArgumentError, match=r"^median_blur: out overlaps an input; it takes an array with memory"
    ):
        median_blur(wide, 3, out=wide)


IMAGE = noise((8, 9))
ODD = "for uint8 it takes an odd whole number from 1 to 255."
CONVERT = "it takes uint8, uint16, int16 or float32. Convert it yourself: cvkit never rescales pixel values."


@pytest.mark.parametrize(
    ("kind", "options", "text"),
    [
        (cvkit.ArgumentError, {"ksize": 4}, f"ksize is 4; {ODD}"),
        (cvkit.ArgumentError, {"ksize": 0}, f"ksize is 0; {ODD}"),
        (cvkit.ArgumentError, {"ksize": -3}, f"ksize is -3; {ODD}"),
        (cvkit.ArgumentError, {"ksize": 257}, f"ksize is 257; {ODD}"),
        (
            cvkit.ArgumentError,
            {"src": IMAGE.astype(np.int16), "ksize": 11},
            "ksize is 11; for int16 it takes an odd whole number from 1 to 9.",
        ),
        (cvkit.DtypeError, {"ksize": 3.0}, "ksize is 3.0; it takes a whole number."),
        (cvkit.DtypeError, {"ksize": True}, "ksize is True; it takes a whole number."),
        (cvkit.DtypeError, {"ksize": (3, 3)}, "ksize is a tuple; it takes a whole number."),
        (cvkit.DtypeError, {"ksize": None}, "ksize is None; it takes a whole number."),
        (cvkit.DtypeError, {"src": IMAGE.astype(np.float64)}, f"src has dtype float64; {CONVERT}"),
        (cvkit.DtypeError, {"src": IMAGE.astype(np.int8)}, f"src has dtype int8; {CONVERT}"),
        (
            cvkit.ArgumentError,
            {"src": IMAGE[:0]},
            "src is empty: shape (0, 9); it takes an image of at least one pixel.",
        ),
        (cvkit.ArgumentError, {"device": "gpu"}, "device is 'gpu'; it takes auto, cpu or cuda."),
        (cvkit.DtypeError, {"out": np.empty((8, 9), np.int8)}, "out has dtype int8; the result has uint8."),
        (cvkit.ArgumentError, {"out": np.empty((9, 8), np.uint8)}, "out has shape (9, 8); the result has (8, 9)."),
    ],
)
def test_error(kind, options, text):
    with pytest.raises(cvkit.CvkitError) as caught:
        median_blur(**{"src": IMAGE, "ksize": 3} | options)
    assert str(caught.value) == f"median_blur: {text}"
    assert type(caught.value) is kind


def test_networks_are_what_the_generator_writes():
    for path, text in generator.modules().items():
        assert path.read_text(encoding="ascii") == text, f"{path.name}: run python -m cvkit_cpu.median_generator"


@pytest.mark.parametrize("k", generator.SIZES)
def test_sorters_sort(k):
    """The 0-1 principle: a network that sorts all zeros and ones sorts everything."""
    for n in (k // 2, k):
        for values in itertools.product((0, 1), repeat=n):
            ordered = list(values)
            for i, j in generator.SORTERS[n]:
                ordered[i], ordered[j] = min(ordered[i], ordered[j]), max(ordered[i], ordered[j])
            assert ordered == sorted(values)


@pytest.mark.parametrize("k", generator.SIZES)
def test_generated_steps_find_the_median(k):
    """The steps one by one in plain Python, on squares with many ties and with none."""

    def run(steps, values):
        for name, operation, a, b in steps:
            values[name] = (min if operation == "lower" else max)(values[a], values[b])
        return values

    rng = random.Random(k)
    steps, result = generator.selection(k)
    for trial in range(200):
        square = [[rng.randrange(2 + trial * trial) for _ in range(k)] for _ in range(k)]
        ranks = list(zip(*map(sorted, zip(*square, strict=True)), strict=True))
        found = {}
        for rank, row in enumerate(ranks):
            rows, places = generator.row_sorting(k, rank)
            values = run(rows, {f"r{rank}x{j}": value for j, value in enumerate(row)})
            for place, name in places.items():
                assert values[name] == sorted(row)[int(place[2])]
                found[place] = values[name]
        assert run(steps, found)[result] == sorted(itertools.chain.from_iterable(square))[k * k // 2]


def test_an_order_that_is_not_of_the_candidates_is_refused(monkeypatch):
    monkeypatch.setitem(generator.ORDERS, 5, "41 22")
    with pytest.raises(ValueError, match="does not list the candidates"):
        generator.selection(5)


def test_counts_are_vectors_of_sixteen():
    """A value in bin v counts in the bins from v on."""
    steps = histograms.STEPS.reshape(16, 16)
    assert_same(steps, np.triu(np.ones((16, 16), np.uint16)))
