"""Keypoints: what is particular to them. Every expected value comes from cv2."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import assert_same, large_photo, noise, photo

import cvkit
from cvkit.keypoints import corner_sub_pix, good_features_to_track
from cvkit.parity.images import layouts
from cvkit.run import threads


def features_by_cv2(src, most, quality, distance, mask=None, block=3, size=3, harris=False, k=0.04):
    options = {"blockSize": block, "gradientSize": size, "useHarrisDetector": harris, "k": k}
    found = cv2.goodFeaturesToTrack(np.ascontiguousarray(src), most, quality, distance, mask=mask, **options)
    return np.empty((0, 2), np.float32) if found is None else found[:, 0]


def refined_by_cv2(src, corners, window, zone=(-1, -1), most=30, eps=0.01):
    return cv2.cornerSubPix(np.ascontiguousarray(src), corners.copy(), window, zone, (3, most, eps))


@st.composite
def images(draw, least=1, most=70):
    """uint8 or float32, of few levels, so that responses tie, or of many; any strides."""
    h, w = draw(st.integers(least, most)), draw(st.integers(least, most))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = random.integers(0, draw(st.sampled_from((1, 3, 255))), (h, w), endpoint=True)
    image = values.astype(np.uint8) if draw(st.booleans()) else (values / 7 - 9).astype(np.float32)
    layout = draw(st.integers(0, 6))
    return [image, *layouts(image)][layout]


@settings(max_examples=300)
@given(
    images(),
    st.integers(0, 40),
    st.floats(1e-9, 2),
    st.sampled_from((0, 0.5, 1, 1.5, 3, 7.2, 20, 1000)),
    st.integers(1, 6),
    st.sampled_from((-1, 1, 3, 5)),
    st.booleans(),
    st.booleans(),
)
def test_any_features(src, most, quality, distance, block, size, harris, masked):
    mask = (noise(src.shape, most) // 128) if masked else None
    want = features_by_cv2(src, most, quality, distance, mask, block, size, harris)
    options = {"mask": mask, "block_size": block, "gradient_size": size, "harris": harris}
    assert_same(good_features_to_track(src, most, quality, distance, **options), want, str(options))


@settings(max_examples=150)
@given(images(11, 60), st.data())
def test_any_corner(src, data):
    h, w = src.shape
    window = (data.draw(st.integers(1, (w - 5) // 2)), data.draw(st.integers(1, (h - 5) // 2)))
    zone = data.draw(st.tuples(st.integers(-2, 4), st.integers(-2, 4)))
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    size = np.array([w, h], np.float32)
    corners = np.minimum(random.random((6, 2), np.float32) * size, np.nextafter(size, np.float32(0)))
    most, eps = data.draw(st.integers(-1, 120)), data.draw(st.sampled_from((-1.0, 0.0, 0.01, 0.5)))
    before = corners.tobytes()
    got = corner_sub_pix(src, corners, window, zone, max_iter=most, eps=eps)
    assert_same(got, refined_by_cv2(src, corners, window, zone, most, eps), f"{window} {zone} {most} {eps}")
    assert corners.tobytes() == before


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_large_images_on_any_number_of_threads(count):
    cvkit.set_num_threads(count)
    src = large_photo()
    assert len(threads.Cpu().split(src.shape[1], src.shape[0] * 1.0)) == min(count, 8), "too small to be cut"
    for harris in (False, True):
        want = features_by_cv2(src, 900, 0.001, 6, harris=harris)
        assert_same(good_features_to_track(src, 900, 0.001, 6, harris=harris), want, f"{count} threads")
    corners = features_by_cv2(src, 900, 0.001, 6)
    assert_same(corner_sub_pix(src, corners, (5, 5)), refined_by_cv2(src, corners, (5, 5)))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_stripes_of_any_width(dtype, monkeypatch):
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 1)
    for shape in ((40, 61), (3, 9), (9, 2)):
        src = noise(shape).astype(dtype)
        for count in (2, 3, 7):
            cvkit.set_num_threads(count)
            assert_same(good_features_to_track(src, 0, 0.01, 3), features_by_cv2(src, 0, 0.01, 3))


def test_scratch_may_hold_anything(monkeypatch):
    def poisoned(shape, dtype=float):
        block = np.zeros(shape, dtype)
        block.view(np.uint8)[...] = 0xFF
        return block

    own_numpy = type(np)("numpy")
    vars(own_numpy).update(vars(np), empty=poisoned)
    monkeypatch.setattr(threads, "np", own_numpy)
    monkeypatch.setattr(threads.Cpu, "take", lambda self, size: poisoned(size, np.uint8))
    for shape in ((1, 1), (2, 9), (17, 33), (40, 50)):
        src = noise(shape)
        assert_same(good_features_to_track(src, 0, 0.01, 3), features_by_cv2(src, 0, 0.01, 3))


def test_features_that_all_tie():
    """A plateau of equal responses, so that there are more local maxima than there is room for at first."""
    y, x = np.mgrid[:60, :80]
    src = ((x // 2 + y // 2) % 2 * 255).astype(np.uint8)
    for distance in (0, 1, 4.5):
        want = features_by_cv2(src, 0, 0.5, distance)
        assert len(want) > 100
        assert_same(good_features_to_track(src, 0, 0.5, distance), want)


def test_mask_of_any_layout():
    src = photo("camera.png", gray=True)[:100, :120]
    mask = noise(src.shape) > 90
    want = features_by_cv2(src, 50, 0.01, 4, mask.view(np.uint8))
    for each in (mask, mask.view(np.uint8), np.asfortranarray(mask), mask.astype(np.uint8)[..., None] * 7):
        assert_same(good_features_to_track(src, 50, 0.01, 4, mask=each), want)


def test_corners_of_any_kind():
    src = photo("camera.png", gray=True)
    corners = features_by_cv2(src, 20, 0.01, 10)
    want = refined_by_cv2(src, corners, (5, 5))
    for each in (corners, corners[:, None], corners.tolist(), corners.astype(np.float64), corners.astype(np.int16)):
        assert_same(corner_sub_pix(src, each, (5, 5)), want)
    assert_same(corner_sub_pix(src, np.empty((0, 2), np.float32), (5, 5)), np.empty((0, 2), np.float32))


def test_out_takes_the_result():
    src = noise((40, 50))
    corners, out = np.array([[20.0, 20]], np.float32), np.empty((1, 2), np.float32)
    assert corner_sub_pix(src, corners, (3, 3), out=out) is out
    assert_same(out, refined_by_cv2(src, corners, (3, 3)))


IMAGE = noise((20, 30))
NAN, INF = float("nan"), float("inf")
WRONG = [
    (good_features_to_track, (IMAGE, -1, 0.1, 1), {}, "max_corners is -1; it takes a whole number from 0"),
    (good_features_to_track, (IMAGE, 1, 0, 1), {}, "quality_level is 0; it takes a number above 0"),
    (good_features_to_track, (IMAGE, 1, NAN, 1), {}, "quality_level is nan; it takes a finite number"),
    (good_features_to_track, (IMAGE, 1, 0.1, -2), {}, "min_distance is -2; it takes a number from 0 on"),
    (good_features_to_track, (IMAGE, 1, 0.1, INF), {}, "min_distance is inf; it takes a finite number"),
    (good_features_to_track, (IMAGE, 1, 0.1, 1), {"mask": IMAGE[:5]}, "src is 20 x 30 .* and mask is 5 x 30"),
    (
        good_features_to_track,
        (IMAGE, 1, 0.1, 1),
        {"mask": IMAGE.astype(np.float32)},
        "mask has dtype float32; it takes uint8 or bool",
    ),
    (good_features_to_track, (IMAGE, 1, 0.1, 1), {"gradient_size": 6}, "gradient_size is 6; it takes -1, 1, 3"),
    (good_features_to_track, (IMAGE, 1, 0.1, 1), {"harris": 3}, "harris is 3; it takes True or False"),
    (corner_sub_pix, (IMAGE, [[1, 2]], (0, 5)), {}, r"win_size is \(0, 5\); it takes a width and a height"),
    (corner_sub_pix, (IMAGE, [[1, 2]], (5, 8)), {}, r"src is 20 x 30; for win_size \(5, 8\) it takes at least 21 x 15"),
    (corner_sub_pix, (IMAGE, [[1, 2], [30, 3]], (5, 5)), {}, r"corner 1 is \(30.0, 3.0\); it takes points in the 20 x"),
    (corner_sub_pix, (IMAGE, [[NAN, 2]], (5, 5)), {}, r"corner 0 is \(nan, 2.0\); it takes points"),
    (corner_sub_pix, (IMAGE, [[1, 2, 3]], (5, 5)), {}, r"corners has shape \(1, 3\); it takes an array"),
    (corner_sub_pix, (IMAGE, "ab", (5, 5)), {}, "corners has dtype <U2; it takes an array"),
    (corner_sub_pix, (IMAGE, [[1, 2]], (5, 5), 3), {}, "zero_zone is 3; it takes two whole numbers"),
    (corner_sub_pix, (IMAGE, [[1, 2]], (5, 5)), {"eps": NAN}, "eps is nan; it takes a finite number"),
    (corner_sub_pix, (IMAGE, [[1, 2]], (5, 5)), {"max_iter": 1.5}, "max_iter is 1.5; it takes a whole number"),
]


@pytest.mark.parametrize(("operation", "arguments", "options", "text"), WRONG)
def test_wrong_arguments(operation, arguments, options, text):
    with pytest.raises(cvkit.CvkitError, match=rf"^{operation.__name__}: {text}"):
        operation(*arguments, **options)
