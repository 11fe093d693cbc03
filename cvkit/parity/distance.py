"""Proofs and benchmarks of the distance transforms."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.distance import DISTANCES, LABEL_TYPES, distance_transform, distance_transform_labels
from cvkit.parity.images import SMALL, TINY, Images, layouts, spiral
from cvkit.parity.proof import EQUAL, Arguments, Duel, Reference, benchmark, proof, warm_ups

Array = NDArray[Any]
Case = tuple[Arguments, Reference]

METRICS: tuple[tuple[str, int | str], ...] = (("l1", 3), ("c", 3), ("l2", 3), ("l2", 5), ("l2", "precise"), ("l1", 5))
SHARES = (2, 10, 60, 255)  # of 256 pixels are zero, the last time nearly all


def _distance(src: Array, distance: str, mask_size: int | str) -> Case:
    arguments = {"src": src, "distance": distance, "mask_size": mask_size}
    plain = np.ascontiguousarray(src)
    number = 0 if mask_size == "precise" else mask_size
    return arguments, lambda cv2: cv2.distanceTransform(plain, DISTANCES[distance], number)


@proof(distance_transform, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every metric and mask; few zeros, many, one in each corner, none; sizes around the vector widths; long images,
    photographs and shapes; any strides.
    """
    turn = count()
    for image in images.noise("uint8", 1, TINY + SMALL):
        for distance, mask in METRICS:
            share = SHARES[next(turn) % len(SHARES)]
            yield _distance(np.where(image < share, 0, image).astype(np.uint8), distance, mask)
            yield _distance(image | 1, distance, mask)
    for h, w in ((13, 17), (30, 41), (1, 300), (300, 1), (3, 200), (200, 2)):
        if not images.fits((h, w)):
            continue
        for y, x in ((0, 0), (h - 1, w - 1), (0, w - 1), (h // 2, w // 3)):
            point = np.full((h, w), 200, np.uint8)
            point[y, x] = 0
            for distance, mask in METRICS:
                yield _distance(point, distance, mask)
    for image in (*images.photographs(1), *images.synthetic(1)):
        for distance, mask in METRICS[:5]:
            yield _distance((image > 100).astype(np.uint8), distance, mask)
    for image in images.noise("uint8", 1, ((17, 33), (21, 64))):
        for view in layouts(image // 20):
            for distance, mask in METRICS[:5]:
                yield _distance(view, distance, mask)


def _labels(src: Array, distance: str, mask_size: int | str, label_type: str) -> Case:
    arguments = {"src": src, "distance": distance, "mask_size": mask_size, "label_type": label_type}
    plain = np.ascontiguousarray(src)
    number = 0 if mask_size == "precise" else mask_size
    kind = LABEL_TYPES[label_type]
    return arguments, lambda cv2: cv2.distanceTransformWithLabels(plain, DISTANCES[distance], number, labelType=kind)


@proof(distance_transform_labels, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every metric, mask and kind of labels; zeros few and many, in blocks, lines and boards, in corners alone, none;
    where several are as near; sizes around the vector widths; long images, photographs and shapes; any strides.
    """
    turn = count()
    kinds = tuple(LABEL_TYPES)
    for image in images.noise("uint8", 1, TINY + SMALL):
        share = SHARES[next(turn) % len(SHARES)]
        blocks = np.repeat(np.repeat(image, 2, axis=0), 3, axis=1)[: image.shape[0], : image.shape[1]]
        for distance, mask in METRICS:
            for kind in kinds:
                yield _labels(np.where(image < share, 0, image).astype(np.uint8), distance, mask, kind)
                yield _labels((blocks > 40).astype(np.uint8), distance, mask, kind)
            yield _labels(image | 1, distance, mask, kinds[next(turn) % 2])
    for h, w in ((13, 17), (30, 41), (1, 300), (300, 1), (3, 200), (200, 2)):
        if not images.fits((h, w)):
            continue
        y, x = np.mgrid[:h, :w]
        corners = (y % (h - 1 or 1) == 0) & (x % (w - 1 or 1) == 0)
        for zeros in (corners, (y % 7 == 3) & (x % 5 == 2), (y + x) % 2 == 0, spiral(h, w), x % 9 == 4):
            for distance in DISTANCES:
                yield _labels((~zeros).astype(np.uint8), distance, 5, kinds[next(turn) % 2])
    for image in (*images.photographs(1), *images.synthetic(1)):
        for distance in DISTANCES:
            for kind in kinds:
                yield _labels((image > 100).astype(np.uint8), distance, 5, kind)
    for image in images.noise("uint8", 1, ((17, 33), (21, 64))):
        for view in layouts(image // 20):
            yield _labels(view, "l2", 5, kinds[next(turn) % 2])


@benchmark(distance_transform)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    shapes = (gray > 100).astype(np.uint8)
    for distance, mask in METRICS[:5]:
        yield _duel(shapes, distance, mask)


def _duel(src: Array, distance: str, mask: int | str) -> Duel:
    number = 0 if mask == "precise" else mask
    return Duel(
        f"{distance} {mask}",
        {"src": src, "distance": distance, "mask_size": mask},
        np.empty(src.shape, np.float32),
        lambda cv2, dst: cv2.distanceTransform(src, DISTANCES[distance], number, dst),
    )


@benchmark(distance_transform_labels)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    shapes = (gray > 100).astype(np.uint8)
    labels = np.empty(gray.shape, np.int32)
    for distance in DISTANCES:
        for kind in LABEL_TYPES:
            yield _duel_of_labels(shapes, distance, kind, labels)


def _duel_of_labels(src: Array, distance: str, kind: str, labels: Array) -> Duel:
    number, type_ = DISTANCES[distance], LABEL_TYPES[kind]
    return Duel(
        f"{distance}, {kind}",
        {"src": src, "distance": distance, "label_type": kind},
        np.empty(src.shape, np.float32),
        lambda cv2, dst: cv2.distanceTransformWithLabels(src, number, 5, dst, labels, type_),
    )


@warm_ups(distance_transform)
def _() -> Iterator[Arguments]:
    """Both ways of measuring."""
    for mask in (3, "precise"):
        yield {"src": np.eye(5, dtype=np.uint8), "distance": "l2", "mask_size": mask}


@warm_ups(distance_transform_labels)
def _() -> Iterator[Arguments]:
    """All kernels serve every argument."""
    yield {"src": np.eye(5, dtype=np.uint8)}
