"""Distance transforms: what is particular to them. Every expected value comes from cv2."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import HostTensor, assert_same, large_photo, noise

import cvkit
from cvkit.distance import DISTANCES, LABEL_TYPES, distance_transform, distance_transform_labels
from cvkit.errors import ArgumentError, DtypeError
from cvkit.parity.distance import METRICS
from cvkit.parity.images import layouts
from cvkit.run import threads


def by_cv2(src, distance="l2", mask_size=3):
    number = 0 if mask_size == "precise" else mask_size
    return cv2.distanceTransform(np.ascontiguousarray(src), DISTANCES[distance], number)


@st.composite
def images(draw):
    """An image of any size and strides with few zeros, many or none, scattered or in blocks."""
    shape = (draw(st.integers(1, 80)), draw(st.integers(1, 80)))
    share = draw(st.sampled_from([0, 0.002, 0.02, 0.3, 0.9]))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    src = np.where(random.random(shape) < share, 0, random.integers(1, 256, shape)).astype(np.uint8)
    if draw(st.booleans()):
        src = np.repeat(np.repeat(src, 7, axis=0), 5, axis=1)[: shape[0], : shape[1]]
    kinds = [src, *layouts(src)]
    return kinds[draw(st.integers(0, 6)) % len(kinds)]


@settings(max_examples=500)
@given(images(), st.sampled_from(METRICS))
def test_any_image(src, metric):
    before = src.tobytes()
    assert_same(distance_transform(src, *metric), by_cv2(src, *metric), {"src": src, "metric": metric})
    assert src.tobytes() == before


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (33, 70)])
@pytest.mark.parametrize("metric", METRICS)
def test_no_zero_and_nothing_but_zeros(shape, metric):
    for value in (0, 1, 255):
        src = np.full(shape, value, np.uint8)
        assert_same(distance_transform(src, *metric), by_cv2(src, *metric), (shape, value))


def test_numbers_of_cv2():
    src = noise((23, 31)) // 30
    for distance in DISTANCES.values():
        for mask in (3, 5, 0):
            assert_same(distance_transform(src, distance, mask), cv2.distanceTransform(src, distance, mask))


def test_one_zero_far_away():
    """Distances across a long image, and squares that float32 does not hold exactly on the way."""
    src = np.ones((3, 3000), np.uint8)
    src[1, 2] = 0
    for metric in METRICS:
        assert_same(distance_transform(src, *metric), by_cv2(src, *metric), metric)
        assert_same(distance_transform(src.T, *metric), by_cv2(src.T, *metric), metric)


def test_precise_is_the_euclidean_distance():
    zeros = np.array([[3, 4], [20, 31], [28, 2]])
    src = np.ones((30, 41), np.uint8)
    src[tuple(zeros.T)] = 0
    y, x = np.mgrid[:30, :41]
    want = np.sqrt(((y - zeros[:, :1, None]) ** 2 + (x - zeros[:, 1:, None]) ** 2).min(axis=0)).astype(np.float32)
    assert_same(distance_transform(src, mask_size="precise"), want)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_large_images_on_any_number_of_threads(count, monkeypatch):
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 10)
    cvkit.set_num_threads(count)
    src = (large_photo((201, 333)) > 60).astype(np.uint8)
    for metric in METRICS:
        assert_same(distance_transform(src, *metric), by_cv2(src, *metric), metric)


def test_out():
    src = noise((20, 33)) // 40
    want = by_cv2(src)
    for out in (np.empty((20, 33), np.float32), np.empty((33, 20), np.float32).T):
        assert distance_transform(src, out=out) is out
        assert_same(out, want)
    assert_same(distance_transform(HostTensor(src)), want)


GRAY = np.zeros((4, 5), np.uint8)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"distance": "l3"}, ArgumentError, "distance is 'l3'; it takes l1, l2, c, 1, 2 or 3."),
        ({"distance": 4}, ArgumentError, "distance is 4; it takes l1, l2, c, 1, 2 or 3."),
        ({"mask_size": 7}, ArgumentError, "mask_size is 7; it takes 3, 5, precise or 0."),
        ({"mask_size": (3, 3)}, ArgumentError, "mask_size is a tuple; it takes 3, 5, precise or 0."),
        ({"src": GRAY.astype(bool)}, DtypeError, "src has dtype bool; it takes uint8."),
        ({"src": np.zeros((4, 5, 3), np.uint8)}, ArgumentError, "src has shape (4, 5, 3); it takes (H, W) or"),
        ({"src": np.zeros((0, 5), np.uint8)}, ArgumentError, "src is empty"),
        ({"out": np.zeros((4, 5), np.uint8)}, DtypeError, "out has dtype uint8; the result has float32."),
        ({"device": 3}, ArgumentError, "device is 3; it takes auto, cpu or cuda."),
    ],
)
def test_bad_arguments(change, error, text):
    with pytest.raises(error) as caught:
        distance_transform(**{"src": GRAY, **change})
    assert str(caught.value).startswith("distance_transform: ")
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def labels_by_cv2(src, distance, label_type, mask_size=5):
    number = DISTANCES.get(distance, distance)
    kind = LABEL_TYPES.get(label_type, label_type)
    return cv2.distanceTransformWithLabels(np.ascontiguousarray(src), number, mask_size, labelType=kind)


@settings(max_examples=500)
@given(images(), st.sampled_from(list(DISTANCES)), st.sampled_from(list(LABEL_TYPES)))
def test_any_labels(src, distance, label_type):
    before = src.tobytes()
    got = distance_transform_labels(src, distance, label_type=label_type)
    assert_same(got, labels_by_cv2(src, distance, label_type), {"src": src, "distance": distance, "kind": label_type})
    assert src.tobytes() == before


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (33, 70)])
@pytest.mark.parametrize("distance", DISTANCES)
def test_labels_of_no_zero_and_of_nothing_but_zeros(shape, distance):
    for value in (0, 1, 255):
        src = np.full(shape, value, np.uint8)
        for kind in LABEL_TYPES:
            assert_same(distance_transform_labels(src, distance, label_type=kind), labels_by_cv2(src, distance, kind))


def test_numbers_of_cv2_and_masks_that_change_nothing():
    src = noise((23, 31)) // 60
    for distance in DISTANCES.values():
        for kind in LABEL_TYPES.values():
            for mask, number in ((3, 3), (5, 5), ("precise", 0), (0, 0)):
                got = distance_transform_labels(src, distance, mask, label_type=kind)
                assert_same(got, labels_by_cv2(src, distance, kind, number))


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_labels_of_a_large_image_on_any_number_of_threads(count):
    cvkit.set_num_threads(count)
    src = (large_photo((501, 733)) > 60).astype(np.uint8)
    for kind in LABEL_TYPES:
        assert_same(distance_transform_labels(src, label_type=kind), labels_by_cv2(src, "l2", kind))
    rows = np.ones((3, 3000), np.uint8)
    rows[1, [2, 1400]] = 0
    for each in (rows, rows.T):
        assert_same(distance_transform_labels(each), labels_by_cv2(each, "l2", "ccomp"))


def test_labels_where_scratch_may_hold_anything(monkeypatch):
    def poisoned(shape, dtype=float):
        block = np.zeros(shape, dtype)
        block.view(np.uint8)[...] = 0xFF
        return block

    monkeypatch.setattr(threads.Cpu, "take", lambda self, size: poisoned(size, np.uint8))
    monkeypatch.setattr(threads._Kept, "scratch", lambda self, layout: [poisoned(*each) for each in layout])
    src = noise((40, 51)) // 100
    for kind in LABEL_TYPES:
        assert_same(distance_transform_labels(src, label_type=kind), labels_by_cv2(src, "l2", kind))


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"distance": "l3"}, ArgumentError, "distance is 'l3'; it takes l1, l2, c, 1, 2 or 3."),
        ({"mask_size": 7}, ArgumentError, "mask_size is 7; it takes 3, 5, precise or 0."),
        ({"label_type": "all"}, ArgumentError, "label_type is 'all'; it takes ccomp, pixel, 0 or 1."),
        ({"label_type": 2}, ArgumentError, "label_type is 2; it takes ccomp, pixel, 0 or 1."),
        ({"src": GRAY.astype(np.int8)}, DtypeError, "src has dtype int8; it takes uint8."),
        ({"src": np.zeros((4, 0), np.uint8)}, ArgumentError, "src is empty"),
        ({"device": 3}, ArgumentError, "device is 3; it takes auto, cpu or cuda."),
    ],
)
def test_bad_arguments_of_labels(change, error, text):
    with pytest.raises(error) as caught:
        distance_transform_labels(**{"src": GRAY, **change})
    assert str(caught.value).startswith("distance_transform_labels: ")
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
