"""Shapes: hulls of points, what encloses points and masks, and moments."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvkit import check
from cvkit.check import Image
from cvkit.errors import ArgumentError, DtypeError
from cvkit.operation import operation
from cvkit.points import binary as _binary
from cvkit.points import is_image, not_finite, on_host
from cvkit.points import points as _points
from cvkit.run.placement import OnCpu, OnCuda, kernels, place

Array = NDArray[Any]

INDICES = "indices into contour, (K,) or (K, 1), that rise or fall around it"
WALK = "host: one walk along a line"


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/shapes.py or kernels/cvkit_cuda/shapes.py"""
    return kernels(where.name, "shapes")


class BoundingRect(NamedTuple):
    """An upright rectangle of pixels."""

    x: int
    """of its left column"""
    y: int
    """of its top row"""
    width: int
    height: int


class RotatedRect(NamedTuple):
    """A rectangle that may be turned, as cv2 describes it."""

    center: tuple[float, float]
    """x and y"""
    size: tuple[float, float]
    """the side at ``angle`` and the one across it"""
    angle: float
    """in degrees, from -90 to below 0"""


class Moments(NamedTuple):
    """Moments up to the third order, under cv2's names: spatial, central, normalised central."""

    m00: float
    m10: float
    m01: float
    m20: float
    m11: float
    m02: float
    m30: float
    m21: float
    m12: float
    m03: float
    mu20: float
    mu11: float
    mu02: float
    mu30: float
    mu21: float
    mu12: float
    mu03: float
    nu20: float
    nu11: float
    nu02: float
    nu30: float
    nu21: float
    nu12: float
    nu03: float


@operation(dtypes=("int32", "float32"), channels=(), images=("points",), result="(K, 2) as points, or int32 (K,)")
def convex_hull(points: Any, *, clockwise: bool = False, return_points: bool = True, device: str = "auto") -> Any:
    """The convex hull of points: the corners of the smallest convex polygon around them.

    Equal to ``cv2.convexHull(points, clockwise=clockwise, returnPoints=return_points)``: the same corners in the same
    order from the same start, and the same indices where points are equal, on both devices.

    Parameters
    ----------
    points
        x and y of at least one point, (N, 2) or (N, 1, 2), int32 or float32, finite, any strides; never written to.
        Other whole numbers become int32.
    clockwise
        The direction where y points up. (On the screen, where it points down, it is the other one.)
    return_points
        False for the corners' indices instead of the corners.
    device
        "auto" (where the array lies), "cpu" or "cuda": the device leaves out what lies well inside, the host walks
        around the rest.

    Returns
    -------
    Corners (K, 2) of the dtype of the points, or int32 (K,) indices; of points on a GPU an array of the kind that came
    in. Points on an edge are no corners; one point or two, and points on a line, give the ends. Differences of int32
    coordinates that are no int32 wrap, as in OpenCV, and the hull is of no use then.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above.

    Notes
    -----
    J. Sklansky, Finding the convex hull of a simple polygon, Pattern Recognition Letters 1(2), 1982, on sorted points;
    S. Akl and G. Toussaint, A fast convex hull algorithm, Information Processing Letters 7(5), 1978, for the points
    that are left out before. Memory is up to 48 bytes a point, and time grows with sorting of what is not left out.

    Examples
    --------
    >>> convex_hull([[0, 0], [2, 1], [4, 0], [4, 4], [0, 4]]).tolist()
    [[0, 0], [4, 0], [4, 4], [0, 4]]
    """
    given = _points(convex_hull, points, "points", finite=False)
    reverse = check.flag(convex_hull, clockwise, "clockwise")
    as_points = check.flag(convex_hull, return_points, "return_points")
    where = place(convex_hull, device, given)
    hull_of = partial(kernels("cpu", "shapes").hull_of, clockwise=reverse, settled=not as_points)
    corners, indices = _kernels(where).convex_hull(where.unit, *where.rows(), hull_of)
    if corners is None:
        raise not_finite(convex_hull, "points")
    found = corners if as_points else indices
    return where.hand_back(where.unit.upload(found)) if given.on_gpu else found


@operation(dtypes=("int32",), channels=(), images=("contour",), result="int32 (K, 4)", cuda=WALK)
def convexity_defects(contour: Any, hull: Any, *, device: str = "auto") -> Any:
    """Where a contour leaves its hull: the deepest point between each two corners that follow each other.

    Equal to ``cv2.convexityDefects(contour, hull)`` in every element.

    Parameters
    ----------
    contour
        x and y of at least one point, (N, 2) or (N, 1, 2), of whole numbers; never written to.
    hull
        Indices of the hull's corners, (K,) or (K, 1), as ``convex_hull(contour, return_points=False)`` gives them. They
        rise or fall around the contour, as those of a contour do that doesn't cross itself.
    device
        "auto", "cpu" or "cuda": the work is the host's, whichever it is.

    Returns
    -------
    int32 array (K, 4): indices of the start, the end and the deepest point, and 256 times its distance from the line
    between them. Corners with no point away from that line have none; neither have contours of fewer than 4 points and
    hulls of fewer than 3.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above.

    Notes
    -----
    The first of equally deep points counts.

    Examples
    --------
    >>> contour = [[0, 0], [2, 1], [4, 0], [4, 4], [0, 4]]
    >>> convexity_defects(contour, convex_hull(contour, return_points=False)).tolist()
    [[0, 2, 1, 256]]
    """
    given = _points(convexity_defects, contour, "contour", floats=False)
    indices = _indices(hull)
    where = on_host(convexity_defects, device, given)
    found = _kernels(where).convexity_defects(where.unit, *where.rows(), indices)
    if isinstance(found, str):
        text = {
            "beyond": f"hull has indices beyond the {given.height} points; it takes {INDICES}.",
            "to and fro": f"hull's indices go to and fro; it takes {INDICES}. The contour may cross itself.",
        }[found]
        raise ArgumentError(f"convexity_defects: {text}")
    return found


def _indices(hull: Any) -> Array:
    """Indices as an int32 array (K,)."""
    given = hull if isinstance(hull, np.ndarray) else np.asarray(hull)
    if given.dtype.kind not in "iu" and given.size:
        raise DtypeError(f"convexity_defects: hull has dtype {given.dtype}; it takes {INDICES}.")
    if given.ndim == 2 and given.shape[1] == 1:
        given = given[:, 0]
    if given.ndim != 1:
        raise ArgumentError(f"convexity_defects: hull has shape {given.shape}; it takes {INDICES}.")
    if given.dtype != np.int32:
        given = given.clip(-1, 2**31 - 1)  # which is beyond all points, too
    return np.ascontiguousarray(given, np.int32)


@operation(
    dtypes=("uint8", "int32", "float32"), channels=(1,), images=("array",), result="x, y, width, height", cuda=WALK
)
def bounding_rect(array: Any, *, device: str = "auto") -> BoundingRect:
    """The smallest upright rectangle of pixels around points, or around what is not 0 in a mask.

    Equal to ``cv2.boundingRect(array)``; rectangles that int32 can't hold are given as they are.

    Parameters
    ----------
    array
        x and y of at least one point, (N, 2) or (N, 1, 2), int32 or float32, finite, or of other whole numbers; or a
        uint8 or bool mask (H, W). Never written to.
    device
        "auto", "cpu" or "cuda": the work is the host's, whichever it is.

    Returns
    -------
    BoundingRect
        x, y, width and height as whole numbers. It holds the pixels that the points fall in; all is 0 for a mask of
        zeros.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above.

    Notes
    -----
    Coordinates are rounded down.

    Examples
    --------
    >>> bounding_rect([[3, 1], [5, 4]])
    BoundingRect(x=3, y=1, width=3, height=4)
    """
    given, is_mask = _points_or_image(bounding_rect, _binary(array), ("uint8",))
    where = on_host(bounding_rect, device, given)
    found = _kernels(where).bounding_rect(where.unit, *where.rows(), is_mask)
    if found is None:
        return BoundingRect(0, 0, 0, 0)
    x0, x1, y0, y1 = (int(v // 1) for v in found)
    return BoundingRect(x0, y0, x1 - x0 + 1, y1 - y0 + 1)


@operation(
    dtypes=("uint8", "uint16", "int16", "int32", "float32", "float64"),
    channels=(1,),
    images=("array",),
    result="24 numbers",
    cuda="host: a few sums in OpenCV's order",
)
def moments(array: Any, *, binary: bool = False, device: str = "auto") -> Moments:
    """Moments up to the third order of the area within a contour, or of an image.

    Equal to ``cv2.moments(array, binary)`` in every bit of every field.

    Parameters
    ----------
    array
        x and y of at least one point of a contour, (N, 2) or (N, 1, 2), int32 or float32, finite, or of other whole
        numbers; or an image (H, W), uint8, bool, uint16, int16, float32 or float64. Never written to. As in cv2, a
        float32 array (H, 2) is a contour.
    binary
        Pixels that are not 0 count as 1. Of no effect on contours.
    device
        "auto", "cpu" or "cuda": the work is the host's, whichever it is.

    Returns
    -------
    Moments
        m00 to m03, the central mu20 to mu03 and the normalised nu20 to nu03. Those of a contour are positive whichever
        way it goes, and 0 where the area is about 0.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above.

    Notes
    -----
    Contours by Green's theorem; images by tiles of 32 x 32, whose sums are exact for whole numbers.

    Examples
    --------
    >>> m = moments([[0, 0], [4, 0], [4, 4], [0, 4]])
    >>> m.m00, m.m10 / m.m00, m.m01 / m.m00
    (16.0, 2.0, 2.0)
    """
    given, is_image = _points_or_image(moments, _binary(array), ("uint8", "uint16", "int16", "float32", "float64"))
    as_mask = check.flag(moments, binary, "binary")
    where = on_host(moments, device, given)
    return Moments(*_kernels(where).moments(where.unit, *where.rows(), is_image, as_mask))


def _points_or_image(operation: Any, array: Any, of_images: tuple[str, ...]) -> tuple[Image, bool]:
    """A checked array, and whether it is an image. Where it may be both, it is points, as in cv2."""
    if is_image(array, of_images):
        return check.image(operation, array, "array"), True
    return _points(operation, array, "array"), False


@operation(
    dtypes=("int32", "float32"), channels=(), images=("points",), result="center, size, angle", cuda="host: as its hull"
)
def min_area_rect(points: Any, *, device: str = "auto") -> RotatedRect:
    """The rectangle of least area around points, turned as it may be.

    Equal to ``cv2.minAreaRect(points)`` in every bit.

    Parameters
    ----------
    points
        x and y of at least one point, (N, 2) or (N, 1, 2), int32 or float32, finite; never written to. Other whole
        numbers become int32.
    device
        "auto", "cpu" or "cuda": the work is the host's, whichever it is.

    Returns
    -------
    RotatedRect
        Center, size and angle, numbers of float32.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above.

    Notes
    -----
    G. Toussaint, Solving geometric problems with the rotating calipers, IEEE MELECON 1983.

    Examples
    --------
    >>> min_area_rect([[0, 0], [2, 0], [2, 6], [0, 6]])
    RotatedRect(center=(1.0, 3.0), size=(6.0, 2.0), angle=-90.0)
    """
    given = _points(min_area_rect, points, "points", finite=False)
    where = on_host(min_area_rect, device, given)
    hull_of = partial(_kernels(where).hull_of, clockwise=False, settled=False)
    found = _kernels(where).min_area_rect(where.unit, *where.rows(), hull_of)
    if found is None:
        raise not_finite(min_area_rect, "points")
    return RotatedRect(*found)
