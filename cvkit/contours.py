"""Contours of binary images and of labels, and what is asked of contours and curves: area, length, fewer points."""

from typing import Any

from numpy.typing import NDArray

from cvkit import check
from cvkit.check import Image
from cvkit.errors import ArgumentError, DtypeError
from cvkit.operation import operation, spec_of
from cvkit.points import binary, on_host, points
from cvkit.run.placement import OnCpu, OnCuda, kernels

Array = NDArray[Any]

MODES = {"external": 0, "list": 1, "ccomp": 2, "tree": 3, "floodfill": 4}
OF_LABELS = ("ccomp", "floodfill")  # modes for int32 images
MOST_LABEL = (1 << 30) - 1
METHODS = {"none": 1, "simple": 2, "tc89_l1": 3, "tc89_kcos": 4}
LONGEST_EPSILON = 1e30
WALK = "host: one walk along a line"


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/contours.py; kernels/cvkit_cuda/contours.py has none"""
    return kernels(where.name, "contours")


def _word(operation: Any, value: Any, name: str, numbers: dict[str, int]) -> int:
    """cv2's number of a word, or the number itself."""
    word = {number: word for word, number in numbers.items()}.get(value, value) if type(value) is int else value
    return numbers[check.choice(operation, word, name)]


@operation(
    dtypes=("uint8", "int32"),
    channels=(1,),
    choices={"mode": tuple(MODES), "method": tuple(METHODS)},
    result="(list of int32 (N, 2), int32 (K, 4))",
    cuda="host: a border is followed after the ones before it",
)
def find_contours(
    src: Any, mode: str | int = "external", method: str | int = "simple", *, device: str = "auto"
) -> tuple[list[Array], Array]:
    """The borders of objects in a binary image, or of regions of labels, and how they lie within each other.

    Equal to ``cv2.findContours(src, mode, method)``: every contour and the hierarchy, in the same order.

    Parameters
    ----------
    src
        uint8 or bool image, (H, W), any strides; never written to. What is not 0 is an object, connected over corners
        too. Or int32 labels from 0 to 2**30 - 1 for "floodfill" and "ccomp".
    mode
        "external" (outer borders that lie in no other), "list" (all borders, no hierarchy), "ccomp" (outer borders and
        below them their holes) or "tree" (all as they lie within each other); "floodfill" (outer borders of regions of
        one label, and below them borders of their holes), which for int32 is what "ccomp" is, too. Or cv2's RETR_
        constant.
    method
        "none" (every pixel of a border), "simple" (only where its direction changes), "tc89_l1" or "tc89_kcos" (only
        where it bends most, by one measure or the other); or cv2's CHAIN_APPROX_ constant.
    device
        "auto", "cpu" or "cuda": the work is the host's, whichever it is.

    Returns
    -------
    A list of int32 arrays (N, 2) of x and y, which share one block of memory, and the int32 array (K, 4) of each one's
    next, previous, first child and parent, -1 for none. Contours found later in the image come first. Of labels, what
    is 0 around regions has borders as well, where a row leaves a region to the right; they may go through pixels beside
    the image.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above.

    Notes
    -----
    S. Suzuki and K. Abe, Topological structural analysis of digitized binary images by border following, CVGIP 30(1),
    1985; C.-H. Teh and R. Chin, On the detection of dominant points on digital curves, IEEE PAMI 11(8), 1989. Memory is
    a byte a pixel, 5 for "ccomp" and "tree", 8 for labels, a byte for each step along a border, 40 a contour, and what
    is returned. OpenCV keeps marks in the upper bits of labels; with labels of 2**30 on and below 0 it fails.

    Examples
    --------
    >>> ring = np.zeros((5, 6), np.uint8)
    >>> ring[1:4, 1:5] = 1
    >>> ring[2, 2:4] = 0
    >>> contours, hierarchy = find_contours(ring, "tree")
    >>> contours[0].tolist(), hierarchy.tolist()
    ([[1, 1], [1, 3], [4, 3], [4, 1]], [[-1, -1, 1, -1], [-1, -1, -1, 0]])
    """
    image = check.image(find_contours, binary(src))
    modus, way = _word(find_contours, mode, "mode", MODES), _word(find_contours, method, "method", METHODS)
    _check_mode(image, modus)
    where = on_host(find_contours, device, image)
    contours, hierarchy = _kernels(where).find_contours(where.unit, *where.rows(), modus, way)
    return contours, hierarchy


def _check_mode(image: Image, mode: int) -> None:
    """Each mode is for objects or for labels, "ccomp" for both; labels have their limits."""
    word = {number: word for word, number in MODES.items()}[mode]
    name = spec_of(find_contours).name
    of_labels = str(image.source.dtype).rpartition(".")[2] == "int32"
    if of_labels and word not in OF_LABELS:
        raise DtypeError(
            f"{name}: src has dtype int32 and mode is {word}; for int32 it takes {check.listed(OF_LABELS)}."
        )
    if not of_labels and word == "floodfill":
        raise DtypeError(f"{name}: src has dtype {image.source.dtype} and mode is floodfill, which takes int32.")
    if of_labels and not image.on_gpu and not (image.rows.min() >= 0 and image.rows.max() <= MOST_LABEL):
        raise ArgumentError(f"{name}: src has labels beyond 0 and {MOST_LABEL}; it takes labels between them.")


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
    given = points(contour_area, contour, "contour")
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
    given = points(arc_length, curve, "curve")
    around = check.flag(arc_length, closed, "closed")
    where = on_host(arc_length, device, given)
    return float(_kernels(where).arc_length(where.unit, *where.rows(), around))


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
    given = points(approx_poly_dp, curve, "curve")
    distance = check.number(approx_poly_dp, epsilon, "epsilon")
    if not 0 <= distance < LONGEST_EPSILON:
        raise ArgumentError(f"approx_poly_dp: epsilon is {distance:g}; it takes a number from 0 to below 1e30.")
    around = check.flag(approx_poly_dp, closed, "closed")
    where = on_host(approx_poly_dp, device, given)
    found: Array = _kernels(where).approx_poly_dp(where.unit, *where.rows(), distance, around)
    return found
