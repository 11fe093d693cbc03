"""Segmentation: what is particular to it. Every expected value comes from cv2."""

import time
import tracemalloc
from itertools import islice

import cv2
import numpy as np
import pytest
from cvkit_cpu import segmentation_flooding as flooding
from hypothesis import given, settings
from hypothesis import strategies as st
from support import assert_same, large_photo, noise, photo

import cvkit
from cvkit.parity.images import layouts
from cvkit.parity.regions import mazes
from cvkit.run import threads
from cvkit.segmentation import watershed, watershed_segment, watershed_stages


@st.composite
def scenes(draw):
    """An image of few levels in blocks of some pixels, in any strides, and a generator of random numbers."""
    h, w = draw(st.integers(1, 140)), draw(st.integers(1, 140))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    levels, block = draw(st.sampled_from((1, 2, 3, 5, 60, 256))), draw(st.sampled_from((1, 1, 5, 12)))
    shape = (-(-h // block), -(-w // block), *draw(st.sampled_from(((), (3,)))))
    few = random.integers(0, levels, shape) * (255 // levels)
    image = np.repeat(np.repeat(few, block, axis=0), block, axis=1)[:h, :w].astype(np.uint8)
    every = [image, *layouts(image)]
    return every[draw(st.integers(0, 7)) % len(every)], random


def in_colour(image):
    return np.ascontiguousarray(image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2))


@settings(max_examples=500)
@given(scenes(), st.sampled_from((0.0, 0.003, 0.05, 0.4)), st.integers(1, 5))
def test_any_watershed(scene, density, count):
    src, random = scene
    markers = random.integers(-1, count + 1, src.shape[:2], np.int32) * (random.random(src.shape[:2]) < density)
    before = src.tobytes(), markers.tobytes()
    want = cv2.watershed(in_colour(src), markers.astype(np.int32))
    assert_same(watershed(src, markers), want, {"src": src})
    assert (src.tobytes(), markers.tobytes()) == before


def segment_by_cv2(image, *, method, threshold, invert, opening, dilations, level):
    """The steps by functions of cv2 alone; square structuring elements of 2 n + 1 pixels for n steps of 3."""
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else np.ascontiguousarray(image)
    three = cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3))
    opener = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * opening + 1,) * 2)
    widener = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * dilations + 1,) * 2)
    relief = gray
    if method == "gradient":
        relief = cv2.subtract(cv2.dilate(gray, three), cv2.erode(gray, three))
    bright, kind = cv2.THRESH_BINARY, cv2.THRESH_OTSU if threshold is None else 0
    foreground = cv2.threshold(relief, 0 if threshold is None else threshold, 255, bright | kind)[1]
    if (method == "gradient") != invert:
        foreground = cv2.bitwise_not(foreground)
    opened = cv2.dilate(cv2.erode(foreground, opener), opener)
    distance = cv2.distanceTransform(opened, cv2.DIST_L2, cv2.DIST_MASK_5)
    _, most, _, _ = cv2.minMaxLoc(distance)
    cores = cv2.threshold(distance, level * most, 255, cv2.THRESH_BINARY)[1].astype(np.uint8)
    markers = cv2.connectedComponents(cores, connectivity=8)[1] + 1
    unsure = np.full_like(opened, 255) if method == "gradient" else cv2.dilate(opened, widener)
    markers[(unsure != 0) & (cores == 0)] = 0
    return cv2.watershed(in_colour(image), markers)


@settings(max_examples=500)
@given(
    scenes(),
    st.fixed_dictionaries(
        {
            "method": st.sampled_from(("threshold", "gradient")),
            "threshold": st.none() | st.integers(-2, 260) | st.floats(0, 255, width=32),
            "invert": st.booleans(),
            "opening": st.integers(0, 4),
            "dilations": st.integers(0, 5),
            "level": st.sampled_from((0.0, 0.1, 0.3, 0.5, 0.7, 0.95)) | st.floats(0, 0.99),
        }
    ),
)
def test_any_segmentation(scene, options):
    image, _ = scene
    before = image.tobytes()
    assert_same(watershed_segment(image, **options), segment_by_cv2(np.ascontiguousarray(image), **options), options)
    assert image.tobytes() == before


def everything(src):
    """All results of the family on an image, as bytes."""
    size = src.shape[:2]
    markers = np.zeros(size, np.int32)
    markers[5::40, 7::40] = np.arange(markers[5::40, 7::40].size).reshape(markers[5::40, 7::40].shape) + 1
    found = [watershed(src, markers), *watershed_stages(src), watershed_segment(src, method="gradient")]
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


@pytest.mark.parametrize("size", [(300, 420), (420, 300)], ids=str)
def test_mazes(size):
    """Ways as long as there are, which neither recursion nor a search of all that waits must take."""
    markers = np.zeros(size, np.int32)
    markers[1, 1], markers[-2, -2] = 1, 2
    for maze in mazes(*size):
        colour = np.repeat(maze.astype(np.uint8)[..., None] * 90, 3, axis=2)
        assert_same(watershed(colour, markers), cv2.watershed(colour, markers.copy()))


def test_chunks_of_queues_are_used_again(monkeypatch):
    """Queues that grow and shrink across the ends of their chunks."""
    assert flooding.CHUNK == 64
    src = np.zeros((200, 300), np.uint8)
    src[:, ::2] = 3
    markers = np.zeros(src.shape, np.int32)
    markers[1:-1, 1] = np.arange(1, 199)
    colour = np.repeat(src[..., None], 3, axis=2)
    assert_same(watershed(src, markers), cv2.watershed(colour, markers.copy()))


def test_watershed_into_an_array():
    src, markers = noise((40, 50, 3)), np.zeros((40, 50), np.int32)
    markers[5, 5], markers[30, 30] = 4, 9
    wide = np.full((40, 100), 7, np.int32)
    out = wide[:, ::2]
    assert watershed(src, markers, out=out) is out
    assert_same(out, cv2.watershed(src, markers.copy()))
    assert (wide[:, 1::2] == 7).all()
    assert watershed_segment(src, out=out) is out
    with pytest.raises(cvkit.ArgumentError, match=r"^watershed: out overlaps an input; "):
        watershed(src, markers, out=markers)


@pytest.mark.parametrize("method", ["threshold", "gradient"])
def test_stages(method):
    for src in (photo("camera.png", gray=True)[60:220, 150:350], photo("chelsea.png")[60:160, 100:260]):
        stages = watershed_stages(src, method=method, opening=1)
        assert_same(stages.labels, watershed_segment(src, method=method, opening=1))
        gray = src if src.ndim == 2 else cv2.cvtColor(src, cv2.COLOR_BGR2GRAY)
        assert_same(stages.gray, np.ascontiguousarray(gray))
        square = np.ones((3, 3), np.uint8)
        relief = cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, square) if method == "gradient" else gray
        assert_same(stages.relief, np.ascontiguousarray(relief))
        kind = cv2.THRESH_OTSU | (cv2.THRESH_BINARY_INV if method == "gradient" else cv2.THRESH_BINARY)
        assert_same(stages.foreground, cv2.threshold(relief, 0, 255, kind)[1])
        assert_same(stages.opened, cv2.morphologyEx(stages.foreground, cv2.MORPH_OPEN, square))
        assert_same(stages.distance, cv2.distanceTransform(stages.opened, cv2.DIST_L2, 5))
        assert_same(stages.cores, np.where(stages.distance > stages.distance.max() / 2, 255, 0).astype(np.uint8))
        colour = src if src.ndim == 3 else cv2.cvtColor(src, cv2.COLOR_GRAY2BGR)
        assert_same(stages.labels, cv2.watershed(np.ascontiguousarray(colour), stages.markers.copy()))


IMAGE = noise((8, 9))
MASK = np.zeros((8, 9), np.uint8)
MARKERS = np.zeros((8, 9), np.int32)
GPU = type(
    "Tensor", (), {"__cuda_array_interface__": {"shape": (8, 9), "typestr": "|u1", "data": (0, False), "version": 3}}
)()
HOST = (
    "it runs on the host alone, since each step of the flooding depends on all steps before it; pass arrays in host "
    "memory and device cpu or auto."
)
CONVERT = "Convert it yourself: cvkit never rescales pixel values."


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: watershed(IMAGE, MARKERS[1:]), "watershed: markers has shape (7, 9); it takes (8, 9), as src."),
        (lambda: watershed(IMAGE, MASK), "watershed: markers has dtype uint8; it takes int32."),
        (lambda: watershed(IMAGE, [[1]]), "watershed: markers is a list; it takes an array of int32."),
        (lambda: watershed(IMAGE, MARKERS, device="cuda"), f"watershed: {HOST}"),
        (lambda: watershed(GPU, MARKERS), f"watershed: {HOST}"),
        (lambda: watershed_segment(GPU), f"watershed_segment: {HOST}"),
        (
            lambda: watershed(IMAGE.astype(np.float32), MARKERS),
            f"watershed: src has dtype float32; it takes uint8. {CONVERT}",
        ),
        (
            lambda: watershed_segment(IMAGE, level=1),
            "watershed_segment: level is 1; it takes a number from 0 to below 1.",
        ),
        (
            lambda: watershed_segment(IMAGE, method="magic"),
            "watershed_segment: method is 'magic'; it takes threshold or gradient.",
        ),
        (
            lambda: watershed_segment(IMAGE, opening=-1),
            "watershed_segment: opening is -1; it takes a whole number from 0 up to 1000.",
        ),
        (
            lambda: watershed_segment(IMAGE, threshold=float("nan")),
            "watershed_segment: threshold is nan; it takes a finite number.",
        ),
    ],
)
def test_what_watersheds_refuse(call, text):
    before = MARKERS.tobytes()
    with pytest.raises(cvkit.CvkitError) as caught:
        call()
    assert str(caught.value) == text
    assert MARKERS.tobytes() == before


LARGE = (4320, 7680)


def extremes(shape):
    """What takes longest, or most memory, by one measure or another: ways of one pixel's width, all equal, no two equal
    beside each other.
    """
    yield from (np.ascontiguousarray(maze, np.uint8) * 200 for maze in mazes(*shape))
    yield np.full(shape, 7, np.uint8)
    yield (np.arange(shape[0])[:, None] * 77 + np.arange(shape[1]) * 41).astype(np.uint8)


@pytest.mark.long
@pytest.mark.parametrize("number", range(len(list(extremes((8, 8))))))
def test_extremes_of_8k(number):
    """Equal, in bounded memory, and in time that follows the number of pixels."""
    per_pixel = []
    for shape, repeats in (((2160, 3840), 3), (LARGE, 2)):
        src = next(islice(extremes(shape), number, None))
        markers = np.zeros(shape, np.int32)
        markers[1, 1], markers[shape[0] // 2, shape[1] // 2], markers[-2, -2] = 1, 2, 3
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            got = watershed(src, markers)
            times.append(time.perf_counter() - start)
        per_pixel.append(min(times) / src.size)
    # Four times as long if it were quadratic; 5 ns are for pages that come fresh from the system.
    assert per_pixel[1] < 3 * per_pixel[0] + 5e-9
    assert_same(got, cv2.watershed(in_colour(src), markers.copy()))
    tracemalloc.start()
    watershed(src, markers)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10.5 * src.size  # 4 of them the result
