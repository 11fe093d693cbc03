"""Hulls, what encloses points, and moments: what is particular to them. Every expected value comes from cv2."""

import cv2
import numpy as np
import pytest
from cvkit_cpu import shapes as kernels
from hypothesis import given, settings
from hypothesis import strategies as st
from support import assert_same, noise
from support_points import INF, NAN, POINTS, adversarial, clouds, pictures, poison

import cvkit
from cvkit import find_contours
from cvkit.parity.images import Images
from cvkit.run import threads
from cvkit.shapes import Moments, bounding_rect, convex_hull, convexity_defects, min_area_rect, moments


def hull_by_cv2(points, clockwise=False, as_points=True):
    return cv2.convexHull(np.ascontiguousarray(points), clockwise=clockwise, returnPoints=as_points)[:, 0]


@settings(max_examples=400)
@given(clouds(), st.booleans(), st.booleans())
def test_any_hull(points, clockwise, as_points):
    before = points.tobytes()
    got = convex_hull(points, clockwise=clockwise, return_points=as_points)
    assert_same(got, hull_by_cv2(points, clockwise, as_points), f"{points.dtype} {points.tolist()}")
    assert points.tobytes() == before


@settings(max_examples=300)
@given(clouds())
def test_any_measure(points):
    plain = np.ascontiguousarray(points).reshape(-1, 1, 2)
    assert moments(points) == Moments(**cv2.moments(plain))
    if points.dtype == np.int32 or 1e-3 < abs(points).max() < 1e6:
        assert min_area_rect(points) == cv2.minAreaRect(plain)
    if abs(points).max() < 2**31:
        assert bounding_rect(points) == cv2.boundingRect(plain)


@settings(max_examples=150)
@given(pictures(), st.booleans())
def test_any_picture_measured(src, binary):
    assert moments(src, binary=binary) == Moments(**cv2.moments(np.ascontiguousarray(src), binary))
    assert bounding_rect(src) == cv2.boundingRect(np.ascontiguousarray(src))
    for contour in find_contours(src, "list", "none")[0]:
        hull = convex_hull(contour, return_points=False)
        rising = np.count_nonzero(np.roll(hull, -1) > hull)
        if hull.size > 2 and len(contour) > 3 and rising in (1, hull.size - 1):
            want = cv2.convexityDefects(contour, hull)
            want = np.empty((0, 4), np.int32) if want is None else want.reshape(-1, 4)
            assert_same(convexity_defects(contour, hull), want)


def large_clouds():
    random = np.random.default_rng(1)
    n = 120_000
    angle = random.random(n) * 2 * np.pi
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)
    yield random.integers(0, 5000, (n, 2)).astype(np.int32)
    yield random.normal(size=(n, 2)).astype(np.float32)
    yield (circle * 1e5).astype(np.int32)
    yield circle.astype(np.float32)
    yield (circle * np.sqrt(random.random((n, 1)))).astype(np.float32)
    yield np.stack([np.arange(n)] * 2, 1)[random.permutation(n)].astype(np.int32)
    yield np.full((n, 2), 5, np.int32)
    yield np.repeat(random.integers(0, 3, (n // 10, 2)), 10, axis=0).astype(np.float32)
    yield random.integers(-(2**31), 2**31, (n, 2)).astype(np.int32)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_many_points_on_any_number_of_threads(count):
    cvkit.set_num_threads(count)
    for i, points in enumerate(large_clouds()):
        worth = int(len(points) * kernels.SURVIVORS_NS) // threads.SMALLEST_BAND_NS
        assert len(threads.Cpu().split(len(points), kernels.SURVIVORS_NS)) == min(count, worth) > (count > 1)
        for clockwise in (False, True) if count == 2 else (False,):
            as_points = clockwise or i % 2 == 0
            got = convex_hull(points, clockwise=clockwise, return_points=as_points)
            assert_same(got, hull_by_cv2(points, clockwise, as_points), f"cloud {i}")


def test_scratch_may_hold_anything(monkeypatch):
    poison(monkeypatch, kernels)
    for i, points in enumerate(large_clouds()):
        for part in (points[:7], points[:600], points[:20_000]) if i < 6 else (points[:50],):
            assert_same(convex_hull(part), hull_by_cv2(part))
    for _, image in adversarial(20, 31):
        src = np.ascontiguousarray(image, np.uint8)
        assert moments(src) == Moments(**cv2.moments(src))
        assert bounding_rect(src) == cv2.boundingRect(src)


def test_hulls_of_hulls_and_of_extremes():
    for points in list(large_clouds())[:-1]:  # differences in the last one wrap
        hull = convex_hull(points)
        assert_same(np.sort(hull, axis=0), np.sort(convex_hull(hull), axis=0))
    for points in ([[0, 0]], [[1, 2], [1, 2]], [[3, 1], [0, 0]], [[0, 0], [1, 1], [2, 2]]):
        assert_same(convex_hull(points), hull_by_cv2(np.array(points, np.int32)))


def test_points_of_any_kind():
    points = np.random.default_rng(0).integers(0, 50, (40, 2)).astype(np.int32)
    want = hull_by_cv2(points)
    for each in (points, points[:, None], points.tolist(), points.astype(np.int64), points.astype(np.uint8)):
        assert_same(convex_hull(each), want)
    for each in (points.astype(">i4"), np.asfortranarray(points), np.repeat(points, 2, axis=1)[:, ::2]):
        assert_same(convex_hull(each), want)
    empty = np.empty((0, 4), np.int32)
    assert_same(convexity_defects(points[:3], [0, 1, 2]), empty)
    assert_same(convexity_defects(points, [[0], [1]]), empty)


def test_masks():
    src = noise((30, 40)) > 128
    assert bounding_rect(src) == cv2.boundingRect(src.view(np.uint8))
    assert moments(src) == Moments(**cv2.moments(src.view(np.uint8)))
    assert bounding_rect(np.zeros((4, 2), np.uint8)) == (0, 0, 0, 0)
    assert bounding_rect(np.array([[2**31 - 1, 0], [-(2**31), 3]], np.int32)).width == 2**32


def test_images_of_every_dtype_have_moments():
    for dtype in ("uint8", "uint16", "int16", "float32", "float64"):
        for image in Images().noise(dtype, 1, ((1, 1), (33, 31), (64, 97), (70, 200))):
            for view in (image, image[::-1, ::-1], image.T):
                for binary in (False, True):
                    want = Moments(**cv2.moments(np.ascontiguousarray(view), binary))
                    assert moments(view, binary=binary) == want, dtype


IMAGE = noise((9, 12))
TAKES = r"it takes points x, y in int32 or float32, \(N, 2\) or \(N, 1, 2\)\."
WRONG = [
    (convex_hull, (np.empty((0, 2), np.int32),), {}, r"points is empty: shape \(0, 2\); it takes at least one point"),
    (convex_hull, ([],), {}, "points is empty"),
    (convex_hull, (NAN,), {}, "points holds NaN or infinity; it takes finite coordinates"),
    (convex_hull, (INF,), {}, "points holds NaN or infinity; it takes finite coordinates"),
    (convex_hull, (np.tile(NAN, (20_000, 1)),), {}, "points holds NaN or infinity"),
    (convex_hull, (np.zeros((5, 3), np.int32),), {}, r"points has shape \(5, 3\); " + TAKES),
    (convex_hull, (np.zeros(6, np.int32),), {}, r"points has shape \(6,\); " + TAKES),
    (convex_hull, (np.zeros((4, 2, 2), np.int32),), {}, r"points has shape \(4, 2, 2\); " + TAKES),
    (convex_hull, (np.zeros((4, 2)),), {}, "points has dtype float64; " + TAKES + r" Pass points.astype\("),
    (convex_hull, (np.zeros((4, 2), bool),), {}, "points has dtype bool; " + TAKES),
    (convex_hull, ([[2**31, 0]],), {}, "points has coordinates that are no int32; " + TAKES),
    (convex_hull, ([[1, 2], [3]],), {}, "points is a list; " + TAKES),
    (convex_hull, (None,), {}, "points is None; " + TAKES),
    (convex_hull, ("ab",), {}, "points is 'ab'; " + TAKES),
    (convex_hull, (np.ma.array(POINTS),), {}, "points is a numpy.MaskedArray; " + TAKES),
    (convex_hull, (POINTS,), {"clockwise": 2}, "clockwise is 2; it takes True or False"),
    (convex_hull, (POINTS,), {"return_points": "no"}, "return_points is 'no'; it takes True or False"),
    (convex_hull, (POINTS,), {"device": "gpu"}, "device is 'gpu'; it takes auto, cpu or cuda"),
    (convexity_defects, (POINTS.astype(np.float32), [0, 1, 2]), {}, "contour has dtype float32; it takes points"),
    (convexity_defects, (POINTS, [0, 1, 5]), {}, "hull has indices beyond the 5 points; it takes indices"),
    (convexity_defects, (POINTS, [0, -1, 2]), {}, "hull has indices beyond the 5 points"),
    (convexity_defects, (POINTS, [0.0, 1, 2]), {}, "hull has dtype float64; it takes indices into contour"),
    (convexity_defects, (POINTS, [0, 2, 1, 3]), {}, "hull's indices go to and fro; it takes indices"),
    (convexity_defects, (POINTS, [0, 1, 1, 3]), {}, "hull's indices go to and fro"),
    (convexity_defects, (POINTS, [[0, 1], [2, 3]]), {}, r"hull has shape \(2, 2\); it takes indices"),
    (bounding_rect, (NAN,), {}, "array holds NaN or infinity"),
    (bounding_rect, (np.zeros((4, 5)),), {}, "array has dtype float64; it takes points"),
    (min_area_rect, (NAN,), {}, "points holds NaN or infinity"),
    (min_area_rect, (np.zeros((3, 2), np.uint64)[:0],), {}, "points is empty"),
    (moments, (INF,), {}, "array holds NaN or infinity"),
    (moments, (np.zeros((4, 5), np.int8),), {}, r"array has shape \(4, 5\); it takes points"),
    (moments, (IMAGE,), {"binary": "yes"}, "binary is 'yes'; it takes True or False"),
]


@pytest.mark.parametrize(("operation", "arguments", "options", "text"), WRONG)
def test_wrong_arguments(operation, arguments, options, text):
    before = [a.tobytes() for a in arguments if isinstance(a, np.ndarray)]
    with pytest.raises(cvkit.CvkitError, match=rf"^{operation.__name__}: {text}"):
        operation(*arguments, **options)
    assert [a.tobytes() for a in arguments if isinstance(a, np.ndarray)] == before
