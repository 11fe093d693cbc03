"""Distances to the nearest zero of an image."""

from typing import Any, NamedTuple

import numpy as np

from cvkit import check
from cvkit.operation import operation
from cvkit.run.placement import OnCpu, OnCuda, kernels, place

DISTANCES = {"l1": 1, "l2": 2, "c": 3}  # cv2's numbers
LABEL_TYPES = {"ccomp": 0, "pixel": 1}  # cv2's numbers
MASKS = {3: "3", 5: "5", "precise": "precise", 0: "precise"}  # 0 is cv2's number of the last


class DistanceLabels(NamedTuple):
    """Distances to the nearest zero, and which zero or part of the zeros that is."""

    distance: Any
    """float32 (H, W)"""
    labels: Any
    """int32 (H, W), from 1 on"""


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/distance.py or kernels/cvkit_cuda/distance.py"""
    return kernels(where.name, "distance")


@operation(
    dtypes=("uint8",),
    channels=(1,),
    choices={"distance": (*DISTANCES, *DISTANCES.values()), "mask_size": tuple(MASKS)},
    result="float32 (H, W)",
)
def distance_transform(
    src: Any,
    distance: str | int = "l2",
    mask_size: int | str = 3,
    *,
    device: str = "auto",
    out: Any = None,
) -> Any:
    """How far every pixel is from the nearest pixel that is 0.

    Equal to ``cv2.distanceTransform(src, distance, mask_size)`` in every bit, on both devices, where OpenCV runs
    without IPP; with it, its L2 distances differ by up to 1e-4. "precise" ones above 4096 are within a bit of the last
    place.

    Parameters
    ----------
    src
        uint8 image (H, W), any strides; never written to.
    distance
        "l1": steps up, down, left and right. "c": steps in all eight directions. "l2": the Euclidean distance. Or cv2's
        constant.
    mask_size
        How "l2" is measured: 3 along straight and diagonal steps, which are 0.955 and 1.3693 long; 5 with knight's
        moves as well, 1, 1.4 and 2.1969 long; "precise" exactly. "l1" and "c" are exact with any.
    device
        "auto" (where the array lies), "cpu" or "cuda".
    out
        float32 array (H, W) in host memory that takes the result.

    Returns
    -------
    float32 array (H, W), 0 where src is; without any 0 in src, cv2's largest distance, between 65533 and 65536; on the
    GPU an array of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    G. Borgefors, Distance transformations in digital images, CVGIP 34(3), 1986, in fixed point with 16 fractional bits.
    P. Felzenszwalb, D. Huttenlocher, Distance transforms of sampled functions, Theory of Computing 8(19), 2012. The
    precise one takes several threads, the others, which go over the image twice, take one.

    Examples
    --------
    >>> wall = np.array([[0, 1, 1, 1], [1, 1, 1, 1]], np.uint8)
    >>> distance_transform(wall, "l1")
    array([[0., 1., 2., 3.],
           [1., 2., 3., 4.]], dtype=float32)
    >>> distance_transform(wall, "l2", "precise")[1].round(2)
    array([1.  , 1.41, 2.24, 3.16], dtype=float32)
    """
    image = check.image(distance_transform, src)
    chosen = check.choice(distance_transform, distance, "distance")
    mask = MASKS[check.choice(distance_transform, mask_size, "mask_size")]
    where = place(distance_transform, device, image)
    (rows,) = where.rows()
    dst = where.result(out, image.shape, np.float32)
    _kernels(where).distance_transform(where.unit, rows, dst, _metric(chosen, mask))
    return where.hand_back(dst)


@operation(
    dtypes=("uint8",),
    channels=(1,),
    choices={
        "distance": (*DISTANCES, *DISTANCES.values()),
        "mask_size": tuple(MASKS),
        "label_type": (*LABEL_TYPES, *LABEL_TYPES.values()),
    },
    result="(distance, labels)",
)
def distance_transform_labels(
    src: Any,
    distance: str | int = "l2",
    mask_size: int | str = 5,
    *,
    label_type: str | int = "ccomp",
    device: str = "auto",
) -> DistanceLabels:
    """How far every pixel is from the nearest pixel that is 0, and which one that is: a discrete Voronoi diagram.

    Equal to ``cv2.distanceTransformWithLabels(src, distance, mask_size, labelType=label_type)`` in every bit, with or
    without IPP, on both devices.

    Parameters
    ----------
    src
        uint8 image (H, W), any strides; never written to.
    distance
        "l1": steps up, down, left and right. "c": steps in all eight directions. "l2": straight and diagonal steps and
        knight's moves, which are 1, 1.4 and 2.1969 long. Or cv2's constant.
    mask_size
        3, 5 or "precise", or cv2's constant. It changes nothing: with labels OpenCV measures by a mask of 5 x 5.
    label_type
        What has a label of its own: "ccomp", each part of the zeros that hangs together, over corners too; "pixel",
        each zero. Or cv2's constant.
    device
        "auto" (where the array lies), "cpu" or "cuda".

    Returns
    -------
    DistanceLabels
        distance, float32 (H, W), as from ``distance_transform``; labels, int32 (H, W): 1, 2, ... for zeros or their
        parts in the order of their first pixels in raster order, and for every other pixel the label of the zero that
        it is nearest to. Of several that are as near it is the one that OpenCV's two passes come upon. Without any 0 in
        src labels are 0. On the GPU arrays of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    G. Borgefors, Distance transformations in digital images, CVGIP 34(3), 1986, in fixed point with 16 fractional bits.
    On the CPU the two passes take one thread, and 1 byte a pixel for "ccomp"; on a GPU every pixel finds its way by
    itself, in 36 bytes a pixel.

    Examples
    --------
    >>> wall = np.array([[0, 1, 1, 1, 0], [1, 1, 1, 1, 1]], np.uint8)
    >>> found = distance_transform_labels(wall, "l1")
    >>> found.distance.tolist(), found.labels.tolist()
    ([[0.0, 1.0, 2.0, 1.0, 0.0], [1.0, 2.0, 3.0, 2.0, 1.0]], [[1, 1, 1, 2, 2], [1, 1, 1, 2, 2]])
    """
    image = check.image(distance_transform_labels, src)
    chosen = check.choice(distance_transform_labels, distance, "distance")
    check.choice(distance_transform_labels, mask_size, "mask_size")
    parts = check.choice(distance_transform_labels, label_type, "label_type") in ("ccomp", LABEL_TYPES["ccomp"])
    where = place(distance_transform_labels, device, image)
    (rows,) = where.rows()
    dst, labels = where.result(None, image.shape, np.float32), where.result(None, image.shape, np.int32)
    _kernels(where).distance_transform_labels(where.unit, rows, dst, labels, _metric(chosen, MASKS[5]), parts)
    return DistanceLabels(where.hand_back(dst), where.hand_back(labels))


def _metric(distance: str | int, mask: str) -> str:
    """The name of a metric as the plans have it."""
    word = distance if isinstance(distance, str) else {n: w for w, n in DISTANCES.items()}[distance]
    if word != "l2":
        return word
    return mask if mask == "precise" else f"l2 {mask}"
