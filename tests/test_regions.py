"""Regions: what is particular to them. Every expected value comes from cv2."""

import time
import tracemalloc
from itertools import islice

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import assert_same, large_photo, noise, photo

import cvkit
from cvkit.parity.images import layouts
from cvkit.parity.regions import mazes
from cvkit.regions import connected_components, connected_components_with_stats, flood_fill
from cvkit.run import threads

DTYPES = ("uint8", "int32", "float32")


def fill_by_cv2(src, seed, value, low=0, up=0, **options):
    flags = options.get("connectivity", 4) | options.get("mask_value", 1) << 8
    flags |= options.get("fixed_range", False) << 16 | options.get("mask_only", False) << 17
    mask = options.get("mask")
    given = None if mask is None else np.ascontiguousarray(mask).astype(np.uint8)
    return cv2.floodFill(np.ascontiguousarray(src).copy(), given, seed, value, low, up, flags)


def test_values_beyond_int32_are_clamped():
    """cv2 makes of them the least int32, whatever their sign."""
    src = np.zeros((2, 2), np.int32)
    assert (flood_fill(src, (0, 0), 1e12).image == 2**31 - 1).all()
    assert (flood_fill(src.astype(np.uint8), (0, 0), 1e12).image == 255).all()


def check_fill(src, seed, *rest, **options):
    case = {"src": src, "seed": seed, "rest": rest, **options}
    got = flood_fill(src, seed, *rest, **options)
    assert_same(tuple(got), fill_by_cv2(src, seed, *rest, **options), case)
    return got


@st.composite
def scenes(draw, channels=(1, 3)):
    """An image of few levels in any strides, and a generator of random numbers."""
    shape = (draw(st.integers(1, 140)), draw(st.integers(1, 140)))
    cn = draw(st.sampled_from(channels))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.sampled_from((1, 2, 3, 5, 60)))
    image = random.integers(0, count, shape if cn == 1 else (*shape, cn)).astype(np.uint8)
    every = [image, *layouts(image)]
    return every[draw(st.integers(0, 7)) % len(every)], random


@settings(max_examples=500)
@given(
    scenes(),
    st.sampled_from(DTYPES),
    st.tuples(st.integers(0, 4), st.integers(0, 4)) | st.integers(0, 2).map(lambda d: (d, d)),
    st.sampled_from((4, 8)),
    st.booleans(),
    st.sampled_from((None, False, True)),
)
def test_any_fill(scene, dtype, bounds, connectivity, fixed, mask_only):
    image, random = scene
    src = image.astype(dtype)
    before = src.tobytes()
    h, w = src.shape[:2]
    options = {"connectivity": connectivity, "fixed_range": fixed}
    if mask_only is not None:
        mask = (random.random((h + 2, w + 2)) < random.choice([0.01, 0.2])).astype(np.uint8) * 77
        options |= {"mask": mask, "mask_value": int(random.integers(1, 256)), "mask_only": mask_only}
    seed = int(random.integers(w)), int(random.integers(h))
    check_fill(src, seed, tuple(random.random(3) * 300), *((b + 0.5,) * 3 for b in bounds), **options)
    assert src.tobytes() == before
    if mask_only is not None:
        assert set(np.unique(mask)) <= {0, 77}


@settings(max_examples=400)
@given(scenes((1,)), st.sampled_from((4, 8)), st.booleans())
def test_any_components(scene, connectivity, signed):
    image, _ = scene
    src = image.astype(np.int8) if signed else image
    plain = np.ascontiguousarray(src)
    want = cv2.connectedComponentsWithStats(plain, connectivity=connectivity)
    assert_same(tuple(connected_components_with_stats(src, connectivity=connectivity)), want)
    assert_same(tuple(connected_components(src, connectivity=connectivity)), want[:2])


def everything(src):
    """All results of the family on an image, as bytes."""
    gray = np.ascontiguousarray(src[..., 0] if src.ndim == 3 else src)
    h, w = gray.shape
    mask = np.zeros((h + 2, w + 2), np.uint8)
    mask[h // 2, : w // 2] = 1
    found = [
        *flood_fill(src, (w // 2, min(3, h - 1)), 200, (6,) * 3, (6,) * 3, mask=mask),
        *flood_fill(src.astype(np.float32), (w // 2, min(3, h - 1)), 200, (3,) * 3, (9,) * 3, connectivity=8),
        *flood_fill(gray, (2, min(2, h - 1)), 9, 60, 60, fixed_range=True),
    ]
    for connectivity in (4, 8):
        found += connected_components_with_stats((gray > 110).astype(np.uint8), connectivity=connectivity)
    return [np.asarray(each).tobytes() for each in found]


def test_any_number_of_threads_gives_the_same_bytes(monkeypatch):
    images = [large_photo((600, 1100)), noise((97, 133, 3)) // 60, noise((1, 50)), noise((2, 50))]
    cvkit.set_num_threads(1)
    want = [everything(src) for src in images]
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 1)
    for count in (2, 3, 7):
        cvkit.set_num_threads(count)
        assert [everything(src) for src in images] == want


def test_scratch_may_hold_anything(monkeypatch):
    """Nothing of an earlier call shows in a result."""
    src = noise((70, 90, 3)) // 50
    want = everything(src)
    monkeypatch.setattr(threads.Cpu, "take", lambda self, size: np.full(size, 0xA5, np.uint8))
    assert everything(src) == want


@pytest.mark.parametrize("h", [1, 2, 63, 64, 65, 128, 129])
@pytest.mark.parametrize("w", [1, 2, 63, 64, 65, 129])
def test_around_words_and_tiles(h, w):
    for number, src in enumerate((np.zeros((h, w), np.uint8), noise((h, w)) // 128, noise((h, w)) // 90)):
        for x, y in ((0, 0), (w - 1, h - 1), (w // 2, h // 2)):
            check_fill(src, (x, y), 200, number % 2, 1, connectivity=4 if number else 8)


@pytest.mark.parametrize("size", [(300, 420), (420, 300)], ids=str)
def test_mazes(size):
    """Ways as long as there are, which neither recursion nor a queue of all pixels must take."""
    for maze in mazes(*size):
        for connectivity in (4, 8):
            src = maze.astype(np.uint8)
            y, x = np.argwhere(maze)[0]
            check_fill(src, (int(x), int(y)), 5, 0, 1, connectivity=connectivity)
            want = cv2.connectedComponentsWithStats(src, connectivity=connectivity)
            assert_same(tuple(connected_components_with_stats(src, connectivity=connectivity)), want)


def test_time_follows_the_number_of_pixels():
    """A way of one pixel's width through four times the pixels takes some four times as long, not sixteen."""
    best = []
    for side in (500, 1000):
        (_, _, way, *_) = (maze.astype(np.uint8) for maze in mazes(side, side))
        y, x = (int(v) for v in np.argwhere(way)[0])
        flood_fill(way, (x, y), 5)
        times = []
        for _ in range(5):
            start = time.perf_counter()
            flood_fill(way, (x, y), 5)
            connected_components(way)
            times.append(time.perf_counter() - start)
        best.append(min(times))
    assert best[1] < 10 * best[0]


def test_filling_twice_changes_nothing_more():
    src = photo("camera.png", gray=True)
    once = flood_fill(src, (30, 40), 0, 5, 5, fixed_range=True)
    assert once.area == np.count_nonzero(once.mask[1:-1, 1:-1])
    again = flood_fill(once.image, (30, 40), 0, mask=once.mask)
    assert (again.area, again.rect) == (0, (0, 0, 0, 0))
    assert_same(again.image, once.image)


@pytest.mark.parametrize("numbers", [(0.5, 1.5, 2.5), (-7, 2e9, -2e9), (254.5, 255.5, 2.0**31 - 1)], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_values_are_rounded_and_clamped(dtype, numbers):
    src = np.zeros((3, 4, 3), dtype)
    check_fill(src, (1, 1), numbers)
    check_fill(src, (1, 1), numbers[0])
    check_fill(src[..., 0], (1, 1), numbers[1])
    check_fill(src[..., 0], np.array([1, 1]), [numbers[2]])


def test_all_equal_and_all_different():
    for src in (np.full((130, 200), 7, np.uint8), np.arange(26_000, dtype=np.int32).reshape(130, 200)):
        for bounds in ((0, 0), (1, 1), (1, 200), (200, 0)):
            check_fill(src, (100, 60), 3, *bounds)


def test_a_mask_of_bool():
    src = noise((20, 30)) // 100
    mask = noise((22, 32)) > 200
    mask[6, 6] = False
    check_fill(src, (5, 5), 9, mask=mask)


IMAGE = noise((8, 9))
MASK = np.zeros((10, 11), np.uint8)
MARKERS = np.zeros((8, 9), np.int32)
CONVERT = "Convert it yourself: cvkit never rescales pixel values."
SEED = "it takes a pixel (x, y) of the image, which is 9 wide and 8 high."


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"src": IMAGE.astype(np.float64)}, f"src has dtype float64; it takes uint8, int32 or float32. {CONVERT}"),
        ({"src": noise((8, 9, 4))}, "src has shape (8, 9, 4); it takes (H, W) or (H, W, C) with C = 1 or 3."),
        ({"seed": (9, 0)}, f"seed is (9, 0); {SEED}"),
        ({"seed": (0, -1)}, f"seed is (0, -1); {SEED}"),
        ({"seed": (1.0, 2)}, "seed is a tuple; it takes two whole numbers (x, y)."),
        ({"seed": 3}, "seed is 3; it takes two whole numbers (x, y)."),
        ({"value": float("nan")}, "value is nan; it takes a finite number."),
        ({"value": (1, 2, 3, 4, 5)}, "value has 5 numbers; it takes one, or one for each channel."),
        ({"value": "red"}, "value is 'red'; it takes a number."),
        ({"lo_diff": -1}, "lo_diff is -1; it takes numbers from 0 on."),
        ({"up_diff": (0, float("inf"))}, "up_diff is inf; it takes a finite number."),
        ({"mask": MASK[1:]}, "mask has shape (9, 11); it takes (10, 11), one pixel more than src on each side."),
        ({"mask": MASK.astype(np.int8)}, "mask has dtype int8; it takes uint8."),
        ({"mask": [[0]]}, "mask is a list; it takes an array of uint8."),
        ({"connectivity": 6}, "connectivity is 6; it takes 4 or 8."),
        ({"mask_value": 0}, "mask_value is 0; it takes a whole number from 1 up to 255."),
        ({"fixed_range": 2}, "fixed_range is 2; it takes True or False."),
        ({"mask_only": "yes"}, "mask_only is 'yes'; it takes True or False."),
    ],
)
def test_what_flood_fill_refuses(change, text):
    arguments = {"src": IMAGE, "seed": (1, 1), "value": 5, **change}
    before = IMAGE.tobytes(), MASK.tobytes()
    with pytest.raises(cvkit.CvkitError) as caught:
        flood_fill(**arguments)
    assert str(caught.value) == f"flood_fill: {text}"
    assert (IMAGE.tobytes(), MASK.tobytes()) == before


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: connected_components(IMAGE > 3),
            f"connected_components: src has dtype bool; it takes uint8 or int8. {CONVERT}",
        ),
        (
            lambda: connected_components_with_stats(IMAGE, connectivity=5),
            "connected_components_with_stats: connectivity is 5; it takes 4 or 8.",
        ),
    ],
)
def test_what_components_refuse(call, text):
    before = IMAGE.tobytes()
    with pytest.raises(cvkit.CvkitError) as caught:
        call()
    assert str(caught.value) == text
    assert IMAGE.tobytes() == before


def test_fills_of_a_few_rows_and_of_all():
    """The rows that are looked at grow with the region: it ends in, at and beyond the last of them, and comes back."""
    for h in (63, 64, 65, 66, 127, 300, 515):
        way = np.zeros((h, 90), np.uint8)
        way[:, 8::16] = 255  # up and down along columns
        way[0, 8:-10:32] = way[-1, 24:-10:32] = 255
        for x in range(8, 74, 16):
            way[-1 if x // 16 % 2 else 0, x : x + 17] = 255
        for y in (0, 1, 16, 31, 32, 33, h // 2, h - 1):
            check_fill(way, (8, y), 3, connectivity=8)
            check_fill(way, (40, y), 3, 255, 0)
            for high in (1, 15, 16, 17, 31, 33):
                part = np.zeros((h, 90), np.uint8)
                part[max(y - high, 0) : y + high, 30:70] = 9
                check_fill(
                    part, (50, min(y, h - 1)), 3, mask=np.pad(way[::-1] // 255, 1) * (part[0, 0] + 1), mask_value=7
                )


LARGE = (4320, 7680)


def extremes(shape):
    """What takes longest, or most memory, by one measure or another: ways of one pixel's width, all equal, no two equal
    beside each other.
    """
    yield from (np.ascontiguousarray(maze, np.uint8) * 200 for maze in mazes(*shape))
    yield np.full(shape, 7, np.uint8)
    yield (np.arange(shape[0])[:, None] * 77 + np.arange(shape[1]) * 41).astype(np.uint8)


def peak_of(call):
    """The result of a call, and how many bytes of arrays it had at most."""
    tracemalloc.start()
    try:
        return call(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.long
@pytest.mark.parametrize("number", range(len(list(extremes((8, 8))))))
def test_extremes_of_8k(number):
    """Equal, in bounded memory, and in time that follows the number of pixels."""
    src, small = (next(islice(extremes(shape), number, None)) for shape in (LARGE, (2160, 3840)))
    seed = tuple(int(v) for v in np.argwhere(src != 0)[0][::-1])
    calls = [lambda image, c=c: flood_fill(image, seed, 90, 0, 1, connectivity=c) for c in (4, 8)]
    calls += [lambda image, c=c: connected_components(image, connectivity=c) for c in (4, 8)]
    for call, bound in zip(calls, (3.5, 3.5, 6.2, 5.3), strict=True):
        per_pixel = []
        for image, repeats in ((small, 3), (src, 2)):
            times = []
            for _ in range(repeats):
                start = time.perf_counter()
                call(image)
                times.append(time.perf_counter() - start)
            per_pixel.append(min(times) / image.size)
        # Four times as long if it were quadratic; 5 ns are for pages that come fresh from the system.
        assert per_pixel[1] < 3 * per_pixel[0] + 5e-9
        assert peak_of(lambda call=call: call(src))[1] < bound * src.size
    for connectivity in (4, 8):
        check_fill(src, seed, 90, 0, 1, connectivity=connectivity)
        want = cv2.connectedComponentsWithStats(src, connectivity=connectivity)
        assert_same(tuple(connected_components_with_stats(src, connectivity=connectivity)), want)


@pytest.mark.long
def test_an_image_of_8k():
    src = large_photo((4320, 7680))
    check_fill(src, (3000, 2000), 255, 20, 20)
    objects = (src > 120).astype(np.uint8)
    assert_same(tuple(connected_components_with_stats(objects)), cv2.connectedComponentsWithStats(objects))
