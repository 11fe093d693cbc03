"""Keypoints: the corners of an image that are good to track, and their places to a fraction of a pixel."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit import check
from cvkit.check import Image
from cvkit.errors import ArgumentError, DtypeError
from cvkit.operation import operation
from cvkit.run.placement import OnCpu, OnCuda, kernels, place
from cvkit.structure_tensor import SIZES, derivative_kernels, is_byte, window_side

Array = NDArray[Any]

REFLECT101 = check.BORDERS["reflect101"]
MOST_STEPS = 100  # cv2 makes no more of them


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/keypoints.py or kernels/cvkit_cuda/keypoints.py"""
    return kernels(where.name, "keypoints")


@operation(dtypes=("uint8", "float32"), channels=(1,), choices={"gradient_size": SIZES}, result="float32 (N, 2)")
def good_features_to_track(
    src: Any,
    max_corners: int,
    quality_level: float,
    min_distance: float,
    *,
    mask: Any = None,
    block_size: int = 3,
    gradient_size: int = 3,
    harris: bool = False,
    k: float = 0.04,
    device: str = "auto",
) -> Any:
    """The strongest corners of an image that keep a distance from each other, the best first.

    Equal to ``cv2.goodFeaturesToTrack(src, max_corners, quality_level, min_distance, mask=mask, blockSize=block_size,
    gradientSize=gradient_size, useHarrisDetector=harris, k=k)``: the same points in the same order, with cv2's rule for
    equal ones. On the GPU responses are summed in another order, so that corners may change places whose responses
    agree to seven digits. The choice of corners, each of which depends on the one before, is made by the host there.

    Parameters
    ----------
    src
        uint8 or float32 image, (H, W), any strides; never written to. Its values are finite.
    max_corners
        How many corners there may be; 0 for any number.
    quality_level
        Corners have a response above this part of the largest; above 0.
    min_distance
        Least distance between two corners, in pixels; 0 or more. Below 1 all are kept.
    mask
        uint8 or bool array (H, W), not 0 where corners may lie.
    block_size, gradient_size
        Side of the window and size of the derivative kernel; as ``block_size`` and ``ksize`` of ``corner_harris``.
    harris
        Harris's response instead of the smaller eigenvalue.
    k
        The constant of Harris's response.
    device
        "auto" (where the array lies), "cpu" or "cuda".

    Returns
    -------
    float32 array (N, 2), x and y of each corner; (0, 2) where there is none. On the GPU an array of the kind that came
    in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above.

    Notes
    -----
    J. Shi and C. Tomasi, Good features to track, CVPR 1994. A corner is a pixel, not at the image's border, than which
    none of its eight neighbours has a larger response; of equal responses the last in row-major order comes first.

    Examples
    --------
    >>> square = np.zeros((9, 9), np.uint8)
    >>> square[3:6, 3:6] = 200
    >>> good_features_to_track(square, 2, 0.1, 2)
    array([[4., 4.]], dtype=float32)
    """
    name = good_features_to_track
    image = check.image(name, src)
    most = check.whole(name, max_corners, "max_corners", least=0)
    quality = _at_least_zero(check.number(name, quality_level, "quality_level"), "quality_level", positive=True)
    distance = _at_least_zero(check.number(name, min_distance, "min_distance"), "min_distance")
    block = window_side(name, block_size)
    size = check.choice(name, gradient_size, "gradient_size")
    factor = check.number(name, k, "k") if check.flag(name, harris, "harris") else None
    images = (image,) if mask is None else (image, _mask(mask, image))
    where = place(name, device, *images)
    rows, *seen = where.rows()
    smooth, slope = derivative_kernels(size, block, is_byte(image))
    points = _kernels(where).good_features_to_track(
        where.unit, rows, seen[0] if seen else None, block, smooth, slope, REFLECT101, factor, most, quality, distance
    )
    return where.hand_back(where.unit.upload(points)) if image.on_gpu else points


def _at_least_zero(value: float, name: str, positive: bool = False) -> float:
    if value < 0 or (positive and value == 0):
        takes = "a number above 0" if positive else "a number from 0 on"
        raise ArgumentError(f"good_features_to_track: {name} is {value:g}; it takes {takes}.")
    return value


def _mask(mask: Any, image: Image) -> Image:
    """The mask as an image of one channel; bool counts as 0 and 1."""
    if isinstance(mask, np.ndarray) and mask.dtype == np.bool_:
        mask = mask.view(np.uint8)
    dtype = getattr(mask, "dtype", None)
    if dtype is not None and str(dtype).rpartition(".")[2] != "uint8":
        raise DtypeError(f"good_features_to_track: mask has dtype {dtype}; it takes uint8 or bool.")
    checked = check.image(good_features_to_track, mask, "mask")
    check.same_size(good_features_to_track, image, checked, ("src", "mask"))
    return checked


@operation(dtypes=("uint8", "float32"), channels=(1,), result="float32 (N, 2)")
def corner_sub_pix(
    src: Any,
    corners: Any,
    win_size: tuple[int, int],
    zero_zone: tuple[int, int] = (-1, -1),
    *,
    max_iter: int = 30,
    eps: float = 0.01,
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Corners to a fraction of a pixel: each moves to where the gradients around it stand at right angles to it.

    Equal to ``cv2.cornerSubPix(src, corners, win_size, zero_zone, (3, max_iter, eps))`` without IPP, which writes to
    ``corners``: bit for bit on the CPU, on the GPU within 1e-4 of the largest coordinate. (With IPP, as cv2 comes, its
    own results differ in the fourth decimal, and for weak corners by more.)

    Parameters
    ----------
    src
        uint8 or float32 image, (H, W), any strides; never written to. At least two windows and five pixels wide and
        high.
    corners
        Points x, y inside of the image, (N, 2) or (N, 1, 2), of any real dtype; never written to.
    win_size
        Half the width and half the height of the window around a corner: (5, 5) is one of 11 x 11 pixels.
    zero_zone
        Half the width and height of a zone in the middle of the window that doesn't count; (-1, -1) for none.
    max_iter
        Most steps for a corner; 100 at most, and 1 at least.
    eps
        A corner rests when a step is not longer than this, in pixels.
    device
        "auto" (where the image lies), "cpu" or "cuda".
    out
        float32 array (N, 2) in host memory that takes the result.

    Returns
    -------
    float32 array (N, 2); on the GPU an array of the kind that came in. A corner that has left its window stays where it
    was.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    W. Foerstner and E. Guelch, A fast operator for detection and precise location of distinct points, corners and
    centres of circular features, ISPRS Intercommission Workshop, 1987.

    Examples
    --------
    >>> square = np.zeros((20, 20), np.float32)
    >>> square[10:, 10:] = 1
    >>> corner_sub_pix(square, [[10, 9]], (3, 3)).round(2)
    array([[9.59, 9.59]], dtype=float32)
    """
    image = check.image(corner_sub_pix, src)
    window = check.size(corner_sub_pix, win_size, "win_size")
    zone = _zone(zero_zone)
    steps = min(max(check.whole(corner_sub_pix, max_iter, "max_iter"), 1), MOST_STEPS)
    rest = max(check.number(corner_sub_pix, eps, "eps"), 0.0)
    if image.width < 2 * window[0] + 5 or image.height < 2 * window[1] + 5:
        raise ArgumentError(
            f"corner_sub_pix: src is {image.height} x {image.width}; for win_size {window} it takes at least "
            f"{2 * window[1] + 5} x {2 * window[0] + 5}."
        )
    points = _points(corners, image)
    where = place(corner_sub_pix, device, image)
    dst = where.result(out, points.shape, np.float32)
    if not points.size:
        return where.hand_back(dst)
    _kernels(where).corner_sub_pix(where.unit, *where.rows(), points, dst, window, zone, steps, rest)
    return where.hand_back(dst)


def _zone(value: Any) -> tuple[int, int]:
    if not isinstance(value, (tuple, list, np.ndarray)) or len(value) != 2:
        raise DtypeError(f"corner_sub_pix: zero_zone is {check.shown(value)}; it takes two whole numbers.")
    width, height = (check.whole(corner_sub_pix, v, "zero_zone") for v in value)
    return width, height


def _points(corners: Any, image: Image) -> Array:
    """Corners as float32 (N, 2), each of them in the image."""
    takes = "an array (N, 2) of numbers"
    try:
        given = np.asarray(corners)
    except ValueError:
        raise DtypeError(f"corner_sub_pix: corners is {check.shown(corners)}; it takes {takes}.") from None
    if given.size == 0:
        given = given.reshape(0, 2).astype(np.float32)
    if given.dtype.kind not in "iuf":
        raise DtypeError(f"corner_sub_pix: corners has dtype {given.dtype}; it takes {takes}.")
    if given.ndim == 3 and given.shape[1] == 1:
        given = given[:, 0]
    if given.ndim != 2 or given.shape[1] != 2:
        raise ArgumentError(f"corner_sub_pix: corners has shape {given.shape}; it takes {takes}.")
    points = np.ascontiguousarray(given, np.float32)
    inside = (points >= 0).all(axis=1) & (points < [image.width, image.height]).all(axis=1)
    if not inside.all():
        first = int(np.flatnonzero(~inside)[0])
        raise ArgumentError(
            f"corner_sub_pix: corner {first} is {tuple(points[first].tolist())}; it takes points in the "
            f"{image.height} x {image.width} image."
        )
    return points
