"""Proofs and benchmarks of keypoints."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.keypoints import corner_sub_pix, good_features_to_track
from cvkit.parity.corners import gray_of, noise_and_photographs, plain, tiny
from cvkit.parity.images import Images, layouts
from cvkit.parity.proof import EQUAL, Arguments, Duel, Reference, benchmark, close, proof, warm_ups

Array = NDArray[Any]
Case = tuple[Arguments, Reference]

# max_corners, quality_level, min_distance, block_size, gradient_size, harris
FEATURES = (
    (0, 0.01, 10, 3, 3, False),
    (500, 0.01, 5.5, 3, 3, True),
    (20, 0.2, 1, 2, 3, False),
    (0, 1e-3, 0, 3, 5, False),
    (0, 0.05, 30, 5, 3, True),
    (0, 1e-6, 1.5, 2, -1, True),
    (3, 0.01, 2.4, 3, 7, False),
    (0, 0.9, 1e5, 3, 3, False),
    (10, 1.5, 3, 3, 3, False),
    (0, 1e-9, 0.99, 7, 1, False),
)


@proof(good_features_to_track, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """The same points in the same order: noise, photographs, and images that repeat, so that responses tie; masks."""

    def make(src: Array, setting: Any, mask: Array | None = None) -> Case:
        most, quality, distance, block, size, harris = setting
        arguments = {
            "src": src,
            "max_corners": most,
            "quality_level": quality,
            "min_distance": distance,
            "mask": mask,
            "block_size": block,
            "gradient_size": size,
            "harris": harris,
        }

        def reference(cv2: Any) -> Any:
            seen = None if mask is None else np.ascontiguousarray(mask)
            options = {"blockSize": block, "gradientSize": size, "useHarrisDetector": harris, "k": 0.04}
            found = cv2.goodFeaturesToTrack(plain(src), most, quality, distance, mask=seen, **options)
            return np.empty((0, 2), np.float32) if found is None else found[:, 0]

        return arguments, reference

    turns = cycle(FEATURES)
    every = [*noise_and_photographs(images), *images.synthetic(1)]
    for image in every:
        for i in range(5 if image.size > 1e5 else 10):
            mask = images.random("uint8", image.shape) // 128 if i % 3 == 1 else None
            yield make(image, next(turns), mask)
    for image in images.noise("uint8", 1, ((21, 64), (33, 33))):
        for view in layouts(image):
            yield make(view, FEATURES[0], np.asfortranarray(view > 40))
        yield make(image, FEATURES[0], np.zeros(image.shape, np.uint8))
        yield make(image * 0, FEATURES[0])


WINDOWS: tuple[Any, ...] = (
    ((5, 5), (-1, -1), 30, 0.01),
    ((2, 3), (-1, -1), 10, 0.001),
    ((5, 4), (1, 1), 100, 0.0),
    ((1, 1), (-1, -1), 40, 0.01),
    ((11, 9), (3, 2), 5, 0.1),
    ((3, 3), (5, 5), 1, -1.0),
)


@proof(corner_sub_pix, criterion=close(1e-4))
def _(images: Images) -> Iterator[Case]:
    """Corners anywhere in the image, on its border too; windows of many sizes with and without a zone."""

    def make(src: Array, corners: Array, setting: Any) -> Case:
        window, zone, most, eps = setting
        arguments = {
            "src": src,
            "corners": corners,
            "win_size": window,
            "zero_zone": zone,
            "max_iter": most,
            "eps": eps,
        }

        def reference(cv2: Any) -> Any:
            return cv2.cornerSubPix(plain(src), corners.reshape(-1, 2).copy(), window, zone, (3, most, eps))

        return arguments, reference

    def places(src: Array, count: int) -> Array:
        size = np.array(src.shape[::-1], np.float32)
        return np.minimum(images.random("float32", (count, 2)) * size, np.nextafter(size, np.float32(0)))

    for image in noise_and_photographs(images):
        for setting in WINDOWS:
            if image.shape[1] >= 2 * setting[0][0] + 5 and image.shape[0] >= 2 * setting[0][1] + 5:
                yield make(image, places(image, 12), setting)
                yield make(image, np.floor(places(image, 3)).reshape(-1, 1, 2), setting)
    for dtype in ("uint8", "float32"):
        for image in images.noise(dtype, 1, ((17, 33), (21, 64), (20, 30), (25, 25))):
            for view in layouts(image):
                if min(view.shape) >= 15:
                    for setting in WINDOWS[:4]:
                        yield make(view, places(view, 5), setting)


@warm_ups(good_features_to_track)
def _() -> Iterator[Arguments]:
    for harris in (False, True):
        yield from tiny(max_corners=1, quality_level=0.1, min_distance=1, harris=harris)


@warm_ups(corner_sub_pix)
def _() -> Iterator[Arguments]:
    yield from tiny(corners=np.ones((1, 2), np.float32), win_size=(1, 1))


@benchmark(good_features_to_track)
def _(photo: Array) -> Iterator[Duel]:
    gray = gray_of(photo)
    arguments = {"src": gray, "max_corners": 500, "quality_level": 0.01, "min_distance": 10}
    # cv2 makes its own array, too
    yield Duel("500 corners", arguments, np.empty(0), lambda cv2, dst: cv2.goodFeaturesToTrack(gray, 500, 0.01, 10))


@benchmark(corner_sub_pix)
def _(photo: Array) -> Iterator[Duel]:
    import cv2 as library

    gray = gray_of(photo)
    corners = library.goodFeaturesToTrack(gray, 500, 0.01, 10)[:, 0]
    yield Duel(
        "500 corners, 11 x 11",
        {"src": gray, "corners": corners, "win_size": (5, 5)},
        np.empty_like(corners),
        lambda cv2, dst: cv2.cornerSubPix(gray, corners.copy(), (5, 5), (-1, -1), (3, 30, 0.01)),
    )
