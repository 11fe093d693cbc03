"""Shapes: contours of binary images, hulls of points, and the measures of both."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvkit import check
from cvkit.check import Image
from cvkit.errors import ArgumentError, DtypeError
from cvkit.operation import operation
from cvkit.run.placement import OnCpu, OnCuda, kernels, place
from cvkit.shapes_points import is_image, not_finite, on_host
from cvkit.shapes_points import points as _points

Array = NDArray[Any]

MODES = {"external": 0, "list": 1, "ccomp": 2, "tree": 3}
METHODS = {"none": 1, "simple": 2, "tc89_l1": 3, "tc89_kcos": 4}
LONGEST_EPSILON = 1e30
INDICES = "indices into contour, (K,) or (K, 1), that rise or fall around it"
WALK = "host: one walk along a line"


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/shapes.py or kernels/cvkit_cuda/shapes.py"""
    return kernels(where.name, "shapes")


def _word(operation: Any, value: Any, name: str, numbers: dict[str, int]) -> int:
    """cv2's number of a word, or the number itself."""
    word = {number: word for word, number in numbers.items()}.get(value, value) if type(value) is int else value
    return numbers[check.choice(operation, word, name)]


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
    dtypes=("uint8",),
    channels=(1,),
    choices={"mode": tuple(MODES), "method": tuple(METHODS)},
    result="(list of int32 (N, 2), int32 (K, 4))",
    cuda="host: a border is followed after the ones before it",
)
def find_contours(
    src: Any, mode: str | int = "external", method: str | int = "simple", *, device: str = "auto"
) -> tuple[list[Array], Array]:
    """The borders of the objects in a binary image, and how they lie within each other.

    Equal to ``cv2.findContours(src, mode, method)``: every contour and the hierarchy, in the same order.

    Parameters
    ----------
    src
        uint8 or bool image, (H, W), any strides; never written to. What is not 0 is an object, connected over corners
        too.
    mode
        "external" (outer borders that lie in no other), "list" (all borders, no hierarchy), "ccomp" (outer borders and
        below them their holes) or "tree" (all as they lie within each other); or cv2's RETR_ constant.
    method
        "none" (every pixel of a border), "simple" (only where its direction changes), "tc89_l1" or "tc89_kcos" (only
        where it bends most, by one measure or the other); or cv2's CHAIN_APPROX_ constant.
    device
        "auto", "cpu" or "cuda": the work is the host's, whichever it is.

    Returns
    -------
    A list of int32 arrays (N, 2) of x and y, which share one block of memory, and the int32 array (K, 4) of each one's
    next, previous, first child and parent, -1 for none. Contours found later in the image come first. cv2's mode
    RETR_FLOODFILL, which takes int32 images alone, is not there.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above.

    Notes
    -----
    S. Suzuki and K. Abe, Topological structural analysis of digitized binary images by border following, CVGIP 30(1),
    1985; C.-H. Teh and R. Chin, On the detection of dominant points on digital curves, IEEE PAMI 11(8), 1989. Memory is
    a byte a pixel, 4 for "ccomp" and "tree", a byte for each step along a border, 40 a contour, and what is returned.

    Examples
    --------
    >>> ring = np.zeros((5, 6), np.uint8)
    >>> ring[1:4, 1:5] = 1
    >>> ring[2, 2:4] = 0
    >>> contours, hierarchy = find_contours(ring, "tree")
    >>> contours[0].tolist(), hierarchy.tolist()
    ([[1, 1], [1, 3], [4, 3], [4, 1]], [[-1, -1, 1, -1], [-1, -1, -1, 0]])
    """
    image = check.image(find_contours, _binary(src))
    modus, way = _word(find_contours, mode, "mode", MODES), _word(find_contours, method, "method", METHODS)
    where = on_host(find_contours, device, image)
    contours, hierarchy = _kernels(where).find_contours(where.unit, *where.rows(), modus, way)
    return contours, hierarchy


def _binary(src: Any) -> Any:
    """bool counts as 0 and 1."""
    return src.view(np.uint8) if isinstance(src, np.ndarray) and src.dtype == np.bool_ else src


@operation(dtypes=("int32", "float32"), channels=(), images=("contour",), result="a number", cuda=WALK)
def contour_area(contour: Any, *, oriented: bool = False, device: str = "auto") -> float:
    """The area within a contour, by the shoelace formula.

    Equal to ``cv2.contourArea(contour, oriented)`` in every bit.

    Parameters
    ----------
    contour
        x and y of at least one point, (N, 2) or (N, 1, 2), int32 or float32, finite; never written to. Other whole
        numbers become int32. The last point is joined with the first.
    oriented
        The area with its sign: positive where the contour goes clockwise on the screen.
    device
        "auto", "cpu" or "cuda": the work is the host's, whichever it is.

    Returns
    -------
    A number; 0 for fewer than 3 points. Where a contour crosses itself, parts may take each other away.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above.

    Notes
    -----
    Coordinates are rounded to float32, and products summed in float64.

    Examples
    --------
    >>> contour_area([[0, 0], [4, 0], [4, 3]])
    6.0
    """
    given = _points(contour_area, contour, "contour")
    signed = check.flag(contour_area, oriented, "oriented")
    where = on_host(contour_area, device, given)
    found = float(_kernels(where).contour_area(where.unit, *where.rows()))
    return found if signed else abs(found)


@operation(dtypes=("int32", "float32"), channels=(), images=("curve",), result="a number", cuda=WALK)
def arc_length(curve: Any, *, closed: bool, device: str = "auto") -> float:
    """The length of a curve, or the perimeter of a contour.

    Equal to ``cv2.arcLength(curve, closed)`` in every bit.

    Parameters
    ----------
    curve
        x and y of at least one point, (N, 2) or (N, 1, 2), int32 or float32, finite; never written to. Other whole
        numbers become int32.
    closed
        Whether the last point is joined with the first.
    device
        "auto", "cpu" or "cuda": the work is the host's, whichever it is.

    Returns
    -------
    A number; 0 for one point.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above.

    Notes
    -----
    Lengths of segments are float32, summed in float64 in OpenCV's order.

    Examples
    --------
    >>> arc_length([[0, 0], [4, 0], [4, 3]], closed=True)
    12.0
    """
    given = _points(arc_length, curve, "curve")
    around = check.flag(arc_length, closed, "closed")
    where = on_host(arc_length, device, given)
    return float(_kernels(where).arc_length(where.unit, *where.rows(), around))


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


@operation(dtypes=("int32", "float32"), channels=(), images=("curve",), result="(K, 2) as curve", cuda=WALK)
def approx_poly_dp(curve: Any, epsilon: float, closed: bool, *, device: str = "auto") -> Array:
    """A curve of fewer points that stays near a given one.

    Equal to ``cv2.approxPolyDP(curve, epsilon, closed)`` in every point.

    Parameters
    ----------
    curve
        x and y of at least one point, (N, 2) or (N, 1, 2), int32 or float32, finite; never written to. Other whole
        numbers become int32.
    epsilon
        How far points that are left out may lie from the result; from 0 to below 1e30.
    closed
        Whether the last point is joined with the first.
    device
        "auto", "cpu" or "cuda": the work is the host's, whichever it is.

    Returns
    -------
    Array (K, 2) of the dtype of the curve, some of its points.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above.

    Notes
    -----
    D. Douglas and T. Peucker, Algorithms for the reduction of the number of points required to represent a digitized
    line or its caricature, Cartographica 10(2), 1973, with a stack of its own; in the worst case time grows with the
    square of the number of points.

    Examples
    --------
    >>> approx_poly_dp([[0, 0], [5, 1], [10, 0], [10, 10]], 2, False).tolist()
    [[0, 0], [10, 0], [10, 10]]
    """
    given = _points(approx_poly_dp, curve, "curve")
    distance = check.number(approx_poly_dp, epsilon, "epsilon")
    if not 0 <= distance < LONGEST_EPSILON:
        raise ArgumentError(f"approx_poly_dp: epsilon is {distance:g}; it takes a number from 0 to below 1e30.")
    around = check.flag(approx_poly_dp, closed, "closed")
    where = on_host(approx_poly_dp, device, given)
    found: Array = _kernels(where).approx_poly_dp(where.unit, *where.rows(), distance, around)
    return found


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
