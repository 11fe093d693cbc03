"""Hulls, contours and their measures: what is particular to them. Every expected value comes from cv2."""

import cv2
import numpy as np
import pytest
from cvkit_cpu import shapes as kernels
from hypothesis import given, settings
from hypothesis import strategies as st
from support import assert_same, large_photo, noise

import cvkit
from cvkit.parity.images import Images, layouts, spiral
from cvkit.run import threads
from cvkit.shapes import (
    METHODS,
    MODES,
    Moments,
    approx_poly_dp,
    arc_length,
    bounding_rect,
    contour_area,
    convex_hull,
    convexity_defects,
    find_contours,
    min_area_rect,
    moments,
)


def hull_by_cv2(points, clockwise=False, as_points=True):
    return cv2.convexHull(np.ascontiguousarray(points), clockwise=clockwise, returnPoints=as_points)[:, 0]


def contours_by_cv2(src, mode="external", method="simple"):
    contours, hierarchy = cv2.findContours(np.ascontiguousarray(src), MODES[mode], METHODS[method])
    return [c[:, 0] for c in contours], np.empty((0, 4), np.int32) if hierarchy is None else hierarchy[0]


def assert_same_contours(got, want, case=""):
    """Every contour and the hierarchy, compared in one piece."""
    assert_same(got[1], want[1], case)
    assert [len(c) for c in got[0]] == [len(c) for c in want[0]], case
    if want[0]:
        assert_same(np.concatenate(got[0]), np.concatenate(want[0]), case)


@st.composite
def clouds(draw, most=80):
    """int32 or float32 points, with many equal ones and lines; any layout."""
    n = draw(st.integers(1, most))
    reach = draw(st.sampled_from((1, 2, 6, 100, 10**6, 2**28)))
    flat = draw(st.lists(st.integers(-reach, reach), min_size=2 * n, max_size=2 * n))
    points = np.array(flat, np.int64).reshape(n, 2)
    if draw(st.booleans()):
        points[:, 1] = points[:, 0] * draw(st.integers(-2, 2))
    if draw(st.booleans()):
        points = np.concatenate([points, points[::-1]])
    if draw(st.booleans()):
        return points.astype(np.int32)
    points = points * draw(st.sampled_from((1.0, 0.1, 1 / 3, 1e-30, 1e20)))
    return np.asarray(points, np.float32)[:: draw(st.sampled_from((1, -1, 2)))]


@st.composite
def pictures(draw, most=40):
    """uint8 images of objects, noise of any density; any strides."""
    h, w = draw(st.integers(1, most)), draw(st.integers(1, most))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = random.random((h, w))
    if draw(st.booleans()):
        values = cv2.GaussianBlur(values, (0, 0), 1.2)
    image = (values > draw(st.sampled_from((0.1, 0.4, 0.5, 0.6, 0.95)))).astype(np.uint8) * 77
    return [image, *layouts(image)][draw(st.integers(0, 6))]


@settings(max_examples=400)
@given(clouds(), st.booleans(), st.booleans())
def test_any_hull(points, clockwise, as_points):
    before = points.tobytes()
    got = convex_hull(points, clockwise=clockwise, return_points=as_points)
    assert_same(got, hull_by_cv2(points, clockwise, as_points), f"{points.dtype} {points.tolist()}")
    assert points.tobytes() == before


@settings(max_examples=300)
@given(pictures(), st.sampled_from(list(MODES)), st.sampled_from(list(METHODS)))
def test_any_contours(src, mode, method):
    before = src.tobytes()
    assert_same_contours(find_contours(src, mode, method), contours_by_cv2(src, mode, method), f"{mode} {method}")
    assert src.tobytes() == before


@settings(max_examples=300)
@given(clouds(), st.booleans(), st.sampled_from((0.0, 0.5, 2.0, 11.0, 1e6)))
def test_any_measure(points, flag, epsilon):
    plain = np.ascontiguousarray(points).reshape(-1, 1, 2)
    assert contour_area(points, oriented=flag) == cv2.contourArea(plain, flag)
    assert arc_length(points, closed=flag) == cv2.arcLength(plain, flag)
    assert_same(approx_poly_dp(points, epsilon, flag), cv2.approxPolyDP(plain, epsilon, flag)[:, 0], points.tolist())
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
        assert len(threads.Cpu().split(len(points), kernels.SURVIVORS_NS)) == min(count, 4)
        for clockwise in (False, True) if count == 2 else (False,):
            as_points = clockwise or i % 2 == 0
            got = convex_hull(points, clockwise=clockwise, return_points=as_points)
            assert_same(got, hull_by_cv2(points, clockwise, as_points), f"cloud {i}")


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_large_contours_on_any_number_of_threads(count, monkeypatch):
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 10_000)
    cvkit.set_num_threads(count)
    src = (large_photo()[:600, :900] > 120).astype(np.uint8)
    for mode in MODES:
        assert_same_contours(find_contours(src, mode), contours_by_cv2(src, mode), mode)


def adversarial(h, w):
    y, x = np.mgrid[:h, :w]
    yield "checkerboard", (x + y) % 2
    yield "dots", (x % 2) * (y % 2)
    yield "holes", 1 - (x % 2) * (y % 2)
    yield "comb", (x % 2 == 0) | (y == h - 1)
    yield "double comb", (x % 4 == 0) & (y > 0) | (x % 4 == 2) & (y < h - 1) | (y == 0) | (y == h - 1)
    yield "spiral", spiral(h, w)
    yield "rings", np.minimum(np.minimum(x, w - 1 - x), np.minimum(y, h - 1 - y)) % 2
    yield "maze", np.kron(np.random.default_rng(3).integers(0, 2, (h // 2 + 1, w // 2 + 1)), [[1, 0], [1, 1]])[:h, :w]
    yield "full", np.ones((h, w))
    yield "empty", np.zeros((h, w))


def test_adversarial_images():
    """Borders as long as the image is large, as many as it can hold, and as deep within each other: no recursion, and
    time that grows with their length.
    """
    for name, image in adversarial(301, 403):
        src = np.ascontiguousarray(image, np.uint8)
        for mode in MODES:
            for method in METHODS if mode == "tree" else ("simple",):
                assert_same_contours(find_contours(src, mode, method), contours_by_cv2(src, mode, method), name)


def test_contours_where_room_is_short(monkeypatch):
    """The search goes on where it stopped for lack of room, in the middle of any contour."""
    real = kernels.np

    class Small:
        def __getattr__(self, name):
            return getattr(real, name)

        @staticmethod
        def empty(shape, dtype=float):
            shape = 1 if dtype is np.uint8 and shape == 4096 else shape
            return real.empty((1, shape[1]) if isinstance(shape, tuple) and shape[0] == 256 else shape, dtype)

    monkeypatch.setattr(kernels, "np", Small())
    for name, image in adversarial(33, 41):
        src = np.ascontiguousarray(image, np.uint8)
        for mode in MODES:
            assert_same_contours(find_contours(src, mode), contours_by_cv2(src, mode), name)


def test_scratch_may_hold_anything(monkeypatch):
    def poisoned(shape, dtype=float):
        block = np.zeros(shape, dtype)
        block.view(np.uint8)[...] = 0xFF
        return block

    own_numpy = type(np)("numpy")
    vars(own_numpy).update(vars(np), empty=poisoned)
    monkeypatch.setattr(threads, "np", own_numpy)
    monkeypatch.setattr(kernels, "np", own_numpy)
    monkeypatch.setattr(threads.Cpu, "take", lambda self, size: poisoned(size, np.uint8))
    for i, points in enumerate(large_clouds()):
        for part in (points[:7], points[:600], points[:20_000]) if i < 6 else (points[:50],):
            assert_same(convex_hull(part), hull_by_cv2(part))
    for name, image in adversarial(20, 31):
        src = np.ascontiguousarray(image, np.uint8)
        assert_same_contours(find_contours(src, "tree"), contours_by_cv2(src, "tree"), name)
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


def test_masks_and_words_of_cv2():
    src = noise((30, 40)) > 128
    want = contours_by_cv2(src.view(np.uint8), "tree", "none")
    assert_same_contours(find_contours(src, cv2.RETR_TREE, cv2.CHAIN_APPROX_NONE), want)
    assert_same_contours(find_contours(src[..., None].view(np.uint8), "tree", "none"), want)
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


POINTS = np.array([[0, 0], [5, 1], [4, 4], [2, 2], [0, 5]], np.int32)
NAN = np.array([[0, 0], [np.nan, 1], [2, 2]], np.float32)
INF = np.array([[0, 0], [np.inf, 1], [2, 2]], np.float32)
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
    (find_contours, (IMAGE.astype(np.int32),), {}, "src has dtype int32; it takes uint8"),
    (find_contours, (noise((5, 6, 3)),), {}, r"src has shape \(5, 6, 3\); it takes \(H, W\)"),
    (find_contours, (np.empty((0, 4), np.uint8),), {}, "src is empty"),
    (find_contours, (IMAGE, "all"), {}, "mode is 'all'; it takes external, list, ccomp or tree"),
    (find_contours, (IMAGE, 4), {}, "mode is 4; it takes external, list, ccomp or tree"),
    (find_contours, (IMAGE, "tree", "tc"), {}, "method is 'tc'; it takes none, simple, tc89_l1 or tc89_kcos"),
    (contour_area, (NAN,), {}, "contour holds NaN or infinity"),
    (contour_area, (POINTS,), {"oriented": 3}, "oriented is 3; it takes True or False"),
    (arc_length, (INF,), {"closed": True}, "curve holds NaN or infinity"),
    (arc_length, (POINTS,), {"closed": None}, "closed is None; it takes True or False"),
    (bounding_rect, (NAN,), {}, "array holds NaN or infinity"),
    (bounding_rect, (np.zeros((4, 5)),), {}, "array has dtype float64; it takes points"),
    (min_area_rect, (NAN,), {}, "points holds NaN or infinity"),
    (min_area_rect, (np.zeros((3, 2), np.uint64)[:0],), {}, "points is empty"),
    (moments, (INF,), {}, "array holds NaN or infinity"),
    (moments, (np.zeros((4, 5), np.int8),), {}, r"array has shape \(4, 5\); it takes points"),
    (moments, (IMAGE,), {"binary": "yes"}, "binary is 'yes'; it takes True or False"),
    (approx_poly_dp, (NAN, 1, True), {}, "curve holds NaN or infinity"),
    (approx_poly_dp, (POINTS, -1, True), {}, "epsilon is -1; it takes a number from 0 to below 1e30"),
    (approx_poly_dp, (POINTS, 1e30, True), {}, r"epsilon is 1e\+30; it takes a number from 0"),
    (approx_poly_dp, (POINTS, float("nan"), True), {}, "epsilon is nan; it takes a finite number"),
    (approx_poly_dp, (POINTS, 1, 5), {}, "closed is 5; it takes True or False"),
]


@pytest.mark.parametrize(("operation", "arguments", "options", "text"), WRONG)
def test_wrong_arguments(operation, arguments, options, text):
    before = [a.tobytes() for a in arguments if isinstance(a, np.ndarray)]
    with pytest.raises(cvkit.CvkitError, match=rf"^{operation.__name__}: {text}"):
        operation(*arguments, **options)
    assert [a.tobytes() for a in arguments if isinstance(a, np.ndarray)] == before
