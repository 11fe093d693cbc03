"""Segmentation: watersheds from markers that are given or found."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvkit import check
from cvkit.check import Image
from cvkit.errors import ArgumentError, DeviceError, DtypeError
from cvkit.operation import operation, spec_of
from cvkit.run.placement import kernels, place

Array = NDArray[Any]

IN_ORDER = "host: each step of the flooding depends on all steps before it"
METHODS = ("threshold", "gradient")


def _on_the_host(name: Callable[..., Any], device: str, *images: Image) -> Any:
    """The CPU, for a flooding whose order nothing but one thread can keep: a GPU is refused, not passed over."""
    where = device
    if any(each.on_gpu for each in images) or (isinstance(device, str) and device == "cuda"):
        raise DeviceError(
            f"{spec_of(name).name}: it runs on the host alone, since each step of the flooding depends on all steps "
            "before it; pass arrays in host memory and device cpu or auto."
        )
    return place(name, "cpu" if where == "auto" else where, *images)


@operation(dtypes=("uint8",), channels=(1, 3), result="int32 (H, W)", cuda=IN_ORDER)
def watershed(src: Any, markers: Any, *, device: str = "auto", out: Any = None) -> Any:
    """Let regions grow from markers until they meet: like rising water over steps of colour.

    Equal to ``cv2.watershed(src, markers.copy())`` in every pixel; a gray image counts as one with that gray in three
    channels. The markers are not changed.

    Parameters
    ----------
    src
        uint8 image, (H, W) or (H, W, 3), any strides; never written to.
    markers
        int32 array (H, W), never written to: positive where a region starts, 0 where it is to be found out. Negative
        ones count as 0.
    device
        "auto" or "cpu": the flooding goes pixel by pixel in one order, on the host.
    out
        int32 array (H, W) in host memory that takes the result.

    Returns
    -------
    int32 array (H, W): the label of each pixel's region, -1 on lines between regions and on the image's frame, 0 where
    no region came.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above, markers of another size or dtype, or a GPU; nothing is written then.

    Notes
    -----
    F. Meyer, Color image segmentation, ICIP 1992. A pixel waits in a queue for how much it differs, in its largest
    channel, from the neighbour that has put it there; each queue is first in, first out. Time is linear, whatever the
    shapes; memory beyond the result 2 bytes a pixel, and 4 for those that wait, at most all of them.

    Examples
    --------
    >>> step = np.repeat(np.array([[10, 10, 10, 10, 90, 90, 90]], np.uint8), 3, axis=0)
    >>> markers = np.zeros((3, 7), np.int32)
    >>> markers[1, 1], markers[1, 5] = 1, 2
    >>> watershed(step, markers)[1]
    array([-1,  1,  1, -1,  2,  2, -1], dtype=int32)
    """
    image = check.image(watershed, src)
    where = _on_the_host(watershed, device, image, _markers(markers, image))
    dst = where.result(out, (image.height, image.width), np.int32)
    kernels(where.name, "segmentation").watershed(where.unit, *where.rows(), dst, image.channels)
    return where.hand_back(dst)


def _markers(markers: Any, image: Image) -> Image:
    """The markers as an image of one channel."""
    size = (image.height, image.width)
    if not isinstance(markers, np.ndarray):
        if check.on_gpu(markers):
            return Image(markers, *size, 1, markers, on_gpu=True)
        raise DtypeError(f"watershed: markers is {check.shown(markers)}; it takes an array of int32.")
    if markers.dtype.newbyteorder("=") != np.int32:
        raise DtypeError(f"watershed: markers has dtype {markers.dtype}; it takes int32.")
    if markers.shape != size:
        raise ArgumentError(f"watershed: markers has shape {markers.shape}; it takes {size}, as src.")
    rows = np.require(np.asarray(markers), np.int32, ["C", "A"]).view()
    rows.setflags(write=False)
    return Image(rows, *size, 1, markers)


class SegmentStages(NamedTuple):
    """What each step of a segmentation gives; every array is (H, W)."""

    gray: Array
    """uint8, gray levels"""
    relief: Array
    """uint8, what the threshold is for: the gray levels, or their morphological gradient"""
    foreground: Array
    """uint8, 255 where it is on the objects' side of the threshold"""
    opened: Array
    """uint8, the foreground without what is smaller than the opening"""
    distance: Array
    """float32, from each pixel of that to the nearest one outside"""
    cores: Array
    """uint8, 255 where the distance is above a part of the largest: in the middle of objects"""
    markers: Array
    """int32, 1 for the background, a number from 2 on for each core, 0 where the flooding is to decide"""
    labels: Array
    """int32, the watershed from these markers"""


@operation(
    dtypes=("uint8",),
    channels=(1, 3),
    images=("image",),
    choices={"method": METHODS},
    result="int32 (H, W)",
    stages="watershed_stages",
    cuda=IN_ORDER,
)
def watershed_segment(
    image: Any,
    *,
    method: str = "threshold",
    threshold: float | None = None,
    invert: bool = False,
    opening: int = 2,
    dilations: int = 3,
    level: float = 0.5,
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Segment an image into objects and background: threshold, distances, markers in the middle of objects, watershed.

    Equal to the same steps by ``cv2.cvtColor``, ``cv2.threshold``, ``cv2.morphologyEx``, ``cv2.dilate``,
    ``cv2.distanceTransform(opened, cv2.DIST_L2, 5)`` without IPP, ``cv2.connectedComponents`` and ``cv2.watershed`` in
    every pixel.

    Parameters
    ----------
    image
        uint8 image, (H, W) or (H, W, 3) with blue first, any strides; never written to.
    method
        "threshold": objects are brighter than a threshold, and touching ones are told apart by their distances.
        "gradient": regions are where the morphological gradient of 3 x 3 pixels is not above a threshold, and there is
        no background.
    threshold
        The threshold on gray levels or gradients; None for Otsu's.
    invert
        Objects on the other side of the threshold: darker ones.
    opening
        Steps of an opening with 3 x 3 pixels, which removes small parts.
    dilations
        Steps of a dilation with 3 x 3 pixels, beyond which everything is background.
    level
        Which part of the largest distance makes a core, from 0 to below 1.
    device
        "auto" or "cpu": the flooding goes pixel by pixel in one order, on the host.
    out
        int32 array (H, W) in host memory that takes the result.

    Returns
    -------
    int32 array (H, W): 1 for the background, a number from 2 on for each object, -1 on lines between them and on the
    image's frame.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above, or a GPU; nothing is written then.

    Notes
    -----
    S. Beucher and F. Meyer, The morphological approach to segmentation: the watershed transformation, 1993.
    ``watershed_stages`` shows each step.

    Examples
    --------
    >>> disk = np.hypot(*np.mgrid[-10:11, -10:11]) < 7
    >>> labels = watershed_segment(np.where(disk, 200, 20).astype(np.uint8))
    >>> labels[10, [1, 10]]
    array([1, 2], dtype=int32)
    """
    given, options = _segmentation(image, method, threshold, invert, opening, dilations, level)
    where = _on_the_host(watershed_segment, device, given)
    dst = where.result(out, (given.height, given.width), np.int32)
    kernels(where.name, "segmentation").watershed_segment(where.unit, *where.rows(), dst, given.channels, *options)
    return where.hand_back(dst)


def watershed_stages(
    image: Any,
    *,
    method: str = "threshold",
    threshold: float | None = None,
    invert: bool = False,
    opening: int = 2,
    dilations: int = 3,
    level: float = 0.5,
) -> SegmentStages:
    """Every step of ``watershed_segment``: ``watershed_stages(...).labels`` is its result.

    Parameters
    ----------
    image, method, threshold, invert, opening, dilations, level
        As for ``watershed_segment``; the image lies in host memory.

    Returns
    -------
    SegmentStages
        Arrays gray, relief, foreground, opened, distance, cores, markers and labels, each (H, W).

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        As ``watershed_segment``.

    Notes
    -----
    S. Beucher and F. Meyer, The morphological approach to segmentation: the watershed transformation, 1993.

    Examples
    --------
    >>> disk = np.hypot(*np.mgrid[-10:11, -10:11]) < 7
    >>> stages = watershed_stages(np.where(disk, 200, 20).astype(np.uint8))
    >>> stages.markers[10, [0, 4, 10]], float(stages.distance.max().round(2))
    (array([1, 0, 2], dtype=int32), 7.0)
    """
    given, options = _segmentation(image, method, threshold, invert, opening, dilations, level)
    where = _on_the_host(watershed_segment, "cpu", given)
    dst = np.empty((given.height, given.width), np.int32)
    stages = kernels(where.name, "segmentation").watershed_segment(
        where.unit, *where.rows(), dst, given.channels, *options
    )
    return SegmentStages(*(*stages, dst))


def _segmentation(
    image: Any, method: Any, threshold: Any, invert: Any, opening: Any, dilations: Any, level: Any
) -> tuple[Image, tuple[Any, ...]]:
    """The image and the options as the plan takes them."""
    name = watershed_segment
    given = check.image(name, image, "image")
    gradient = check.choice(name, method, "method") == "gradient"
    limit = None if threshold is None else check.number(name, threshold, "threshold")
    steps = [check.whole(name, v, n, least=0, most=1000) for v, n in ((opening, "opening"), (dilations, "dilations"))]
    part = check.number(name, level, "level")
    if not 0 <= part < 1:
        raise ArgumentError(f"watershed_segment: level is {part:g}; it takes a number from 0 to below 1.")
    return given, (gradient, limit, check.flag(name, invert, "invert"), *steps, part)
