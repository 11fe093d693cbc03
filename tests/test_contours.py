"""Contours and curves: what is particular to them. Every expected value comes from cv2."""

import cv2
import numpy as np
import pytest
from cvkit_cpu import contours as kernels
from hypothesis import given, settings
from hypothesis import strategies as st
from support import assert_same, large_photo, noise
from support_points import INF, NAN, POINTS, adversarial, clouds, pictures, poison

import cvkit
from cvkit.contours import METHODS, MODES, OF_LABELS, approx_poly_dp, arc_length, contour_area, find_contours
from cvkit.parity.images import layouts
from cvkit.run import threads

OF_OBJECTS = [mode for mode in MODES if mode != "floodfill"]


def contours_by_cv2(src, mode="external", method="simple"):
    contours, hierarchy = cv2.findContours(np.ascontiguousarray(src), MODES[mode], METHODS[method])
    return [c[:, 0] for c in contours], np.empty((0, 4), np.int32) if hierarchy is None else hierarchy[0]


def assert_same_contours(got, want, case=""):
    """Every contour and the hierarchy, compared in one piece."""
    assert_same(got[1], want[1], case)
    assert [len(c) for c in got[0]] == [len(c) for c in want[0]], case
    if want[0]:
        assert_same(np.concatenate(got[0]), np.concatenate(want[0]), case)


@settings(max_examples=300)
@given(pictures(), st.sampled_from(OF_OBJECTS), st.sampled_from(list(METHODS)))
def test_any_contours(src, mode, method):
    before = src.tobytes()
    assert_same_contours(find_contours(src, mode, method), contours_by_cv2(src, mode, method), f"{mode} {method}")
    assert src.tobytes() == before


@st.composite
def labelled(draw, most=40):
    """int32 labels: blocks of few values, with pixels of others among them; any strides."""
    h, w, k = draw(st.integers(1, most)), draw(st.integers(1, most)), draw(st.integers(1, 6))
    few = draw(st.lists(st.sampled_from((0, 0, 1, 2, 3, 127, 128, 129, 256, 2**30 - 1)), min_size=2, max_size=5))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    image = np.repeat(np.repeat(random.choice(few, (h, w)), k, axis=0), k, axis=1)[:h, :w]
    other = random.random((h, w)) < draw(st.sampled_from((0, 0.02, 0.2)))
    image = np.where(other, random.choice(few, (h, w)), image).astype(np.int32)
    return [image, *layouts(image)][draw(st.integers(0, 6))]


@settings(max_examples=400)
@given(labelled(), st.sampled_from(OF_LABELS), st.sampled_from(list(METHODS)))
def test_any_labels(src, mode, method):
    before = src.tobytes()
    assert_same_contours(find_contours(src, mode, method), contours_by_cv2(src, mode, method), src.tolist())
    assert src.tobytes() == before


def test_parts_under_labels():
    """Of a photograph's levels, and of its parts as connected_components numbers them."""
    photo = large_photo((300, 401))
    parts = cvkit.connected_components((photo > 120).view(np.uint8)).labels
    for src in ((photo >> 5).astype(np.int32), parts, parts + 1):
        for mode in OF_LABELS:
            assert_same_contours(find_contours(src, mode), contours_by_cv2(src, mode), mode)


@settings(max_examples=300)
@given(clouds(), st.booleans(), st.sampled_from((0.0, 0.5, 2.0, 11.0, 1e6)))
def test_any_curve(points, flag, epsilon):
    plain = np.ascontiguousarray(points).reshape(-1, 1, 2)
    assert contour_area(points, oriented=flag) == cv2.contourArea(plain, flag)
    assert arc_length(points, closed=flag) == cv2.arcLength(plain, flag)
    assert_same(approx_poly_dp(points, epsilon, flag), cv2.approxPolyDP(plain, epsilon, flag)[:, 0], points.tolist())


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_large_contours_on_any_number_of_threads(count, monkeypatch):
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 10_000)
    cvkit.set_num_threads(count)
    src = (large_photo()[:600, :900] > 120).astype(np.uint8)
    for mode in OF_OBJECTS:
        assert_same_contours(find_contours(src, mode), contours_by_cv2(src, mode), mode)
    labels = src.astype(np.int32) + 1
    assert_same_contours(find_contours(labels, 4), contours_by_cv2(labels, "floodfill"))


def test_adversarial_images():
    """Borders as long as the image is large, as many as it can hold, and as deep within each other: no recursion, and
    time that grows with their length.
    """
    for name, image in adversarial(301, 403):
        src = np.ascontiguousarray(image, np.uint8)
        for mode in OF_OBJECTS:
            for method in METHODS if mode == "tree" else ("simple",):
                assert_same_contours(find_contours(src, mode, method), contours_by_cv2(src, mode, method), name)
        for mode in OF_LABELS:
            labels = src.astype(np.int32) * 5
            assert_same_contours(find_contours(labels, mode), contours_by_cv2(labels, mode), name)


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
        for mode in OF_OBJECTS:
            assert_same_contours(find_contours(src, mode), contours_by_cv2(src, mode), name)
        labels = src.astype(np.int32) + 3
        assert_same_contours(find_contours(labels, 4), contours_by_cv2(labels, "floodfill"), name)


def test_scratch_may_hold_anything(monkeypatch):
    poison(monkeypatch, kernels)
    for name, image in adversarial(20, 31):
        src = np.ascontiguousarray(image, np.uint8)
        assert_same_contours(find_contours(src, "tree"), contours_by_cv2(src, "tree"), name)
        labels = src.astype(np.int32) + 3
        assert_same_contours(find_contours(labels, 4), contours_by_cv2(labels, "floodfill"), name)


def test_masks_and_words_of_cv2():
    src = noise((30, 40)) > 128
    want = contours_by_cv2(src.view(np.uint8), "tree", "none")
    assert_same_contours(find_contours(src, cv2.RETR_TREE, cv2.CHAIN_APPROX_NONE), want)
    assert_same_contours(find_contours(src[..., None].view(np.uint8), "tree", "none"), want)
    labels = src.astype(np.int32)
    want = contours_by_cv2(labels, "floodfill")
    assert_same_contours(find_contours(labels, cv2.RETR_FLOODFILL), want)
    assert_same_contours(find_contours(labels.astype(">i4"), cv2.RETR_CCOMP), want)


IMAGE = noise((9, 12))
WRONG = [
    (find_contours, (noise((5, 6, 3)),), {}, r"src has shape \(5, 6, 3\); it takes \(H, W\)"),
    (find_contours, (np.empty((0, 4), np.uint8),), {}, "src is empty"),
    (
        find_contours,
        (IMAGE.astype(np.int32),),
        {},
        "src has dtype int32 and mode is external; for int32 it takes",
    ),
    (
        find_contours,
        (IMAGE.astype(np.int32), 3),
        {},
        "src has dtype int32 and mode is tree; for int32 it takes ccomp",
    ),
    (find_contours, (IMAGE, "floodfill"), {}, "src has dtype uint8 and mode is floodfill, which takes int32"),
    (find_contours, (IMAGE > 9, "floodfill"), {}, "src has dtype uint8 and mode is floodfill, which takes int32"),
    (find_contours, (np.full((3, 4), -1, np.int32), 4), {}, "src has labels beyond 0 and 1073741823; it takes labels"),
    (find_contours, (np.full((3, 4), 2**30, np.int32), 4), {}, "src has labels beyond 0 and 1073741823"),
    (find_contours, (IMAGE.astype(np.int64), 4), {}, "src has dtype int64; it takes uint8 or int32"),
    (find_contours, (IMAGE, "all"), {}, "mode is 'all'; it takes external, list, ccomp, tree or floodfill"),
    (find_contours, (IMAGE, 5), {}, "mode is 5; it takes external, list, ccomp, tree or floodfill"),
    (find_contours, (IMAGE, "tree", "tc"), {}, "method is 'tc'; it takes none, simple, tc89_l1 or tc89_kcos"),
    (contour_area, (NAN,), {}, "contour holds NaN or infinity"),
    (contour_area, (POINTS,), {"oriented": 3}, "oriented is 3; it takes True or False"),
    (arc_length, (INF,), {"closed": True}, "curve holds NaN or infinity"),
    (arc_length, (POINTS,), {"closed": None}, "closed is None; it takes True or False"),
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
