"""Morphology with flat structuring elements: erosion, dilation, and what they make up."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvkit import check
from cvkit.check import Operation
from cvkit.errors import ArgumentError, DtypeError
from cvkit.morphology_elements import CENTRE, Element, bounded, elements, rectangle
from cvkit.morphology_steps import step_by_step
from cvkit.operation import operation, spec_of
from cvkit.run.placement import DEVICES, OnCpu, OnCuda, kernels, place

Array = NDArray[Any]

DTYPES = ("uint8", "uint16", "int16", "float32", "float64")
BORDERS = ("constant", "replicate", "reflect", "reflect101")
SHAPES = ("rect", "cross", "ellipse", "diamond")  # by cv2's numbers
OPS = ("erode", "dilate", "open", "close", "gradient", "tophat", "blackhat", "hitmiss")  # by cv2's numbers
NEVER_WINS = np.finfo(np.float64).max  # cv2's default border value


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/morphology.py or kernels/cvkit_cuda/morphology.py"""
    return kernels(where.name, "morphology")


@operation(
    dtypes=("uint8",),
    channels=(),
    images=(),
    choices={"shape": (*SHAPES, *range(len(SHAPES)))},
    result="uint8 (height, width), 1 in the element and 0 elsewhere",
    cuda="host: a few numbers",
)
def get_structuring_element(
    shape: str | int,
    ksize: Any,
    *,
    anchor: tuple[int, int] = CENTRE,
    device: str = "auto",
    out: Any = None,
) -> Any:
    """A structuring element of a common shape.

    Equal to ``cv2.getStructuringElement(shape, ksize, anchor)`` in every element.

    Parameters
    ----------
    shape
        "rect", "cross", "ellipse" or "diamond", or cv2's MORPH_RECT and so on.
    ksize
        Width and height; one number stands for both.
    anchor
        Where the lines of a cross meet, (x, y); -1 is the middle. The other shapes do not depend on it.
    device
        "auto", "cpu" or "cuda": the element is made on the host, where it is wanted, whichever it is.
    out
        uint8 array (height, width) that takes the result.

    Returns
    -------
    uint8 array (height, width) in host memory.

    Raises
    ------
    DtypeError, ArgumentError
        For an argument that is not as above; nothing is written then.

    Examples
    --------
    >>> get_structuring_element("ellipse", 5)
    array([[0, 0, 1, 0, 0],
           [1, 1, 1, 1, 1],
           [1, 1, 1, 1, 1],
           [1, 1, 1, 1, 1],
           [0, 0, 1, 0, 0]], dtype=uint8)
    """
    kind = check.choice(get_structuring_element, shape, "shape")
    kind = kind if isinstance(kind, str) else SHAPES[kind]
    width, height = check.size(get_structuring_element, ksize)
    x, y = check.anchor(get_structuring_element, anchor, (width, height))
    where = place(get_structuring_element, "cpu" if isinstance(device, str) and device in DEVICES else device)
    dst = where.result(out, (height, width), np.uint8)
    _kernels(where).get_structuring_element(where.unit, dst, kind, x, y)
    return where.hand_back(dst)


@operation(dtypes=DTYPES, channels=(1, 2, 3, 4), borders=BORDERS, result="as the source")
def erode(
    src: Any,
    kernel: Any = None,
    *,
    iterations: int = 1,
    anchor: tuple[int, int] = CENTRE,
    border: str | int = "constant",
    border_value: Any = None,
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Erosion: every pixel becomes the least of those in the element's place around it.

    Equal to ``cv2.erode(src, kernel, anchor=anchor, iterations=iterations, borderType=border,
    borderValue=border_value)`` in every pixel, on both devices. Of NaNs nothing is promised, as in OpenCV.

    Parameters
    ----------
    src
        Image, (H, W) or (H, W, C) with 1 to 4 channels, any strides; never written to. Channels are independent.
    kernel
        The structuring element: an array whose values other than 0 belong to it; None for a square of 3 x 3, whose
        anchor is the middle. It may be larger than the image.
    iterations
        How many times; 0 gives the image as it is.
    anchor
        Place (x, y) of the pixel itself in the element; -1 is the middle, for an even size the one behind it.
    border
        What lies outside the image: "constant" (``border_value``), "replicate", "reflect" or "reflect101"; or cv2's
        constant.
    border_value
        Of the border "constant": None for what never wins, so that only pixels of the image count; a number for all
        channels; or a sequence, one number a channel. Rounded and clamped to the dtype.
    device
        "auto" (where the array lies), "cpu" or "cuda".
    out
        Array in host memory of the shape and dtype of src that takes the result.

    Returns
    -------
    Array of the shape and dtype of src; on the GPU of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    A rectangle takes about the same time whatever its size (M. van Herk, Pattern Recognition Letters 13, 1992; J. Gil,
    M. Werman, IEEE PAMI 15(5), 1993); of other elements every run of pixels along a row costs one comparison a pixel.
    Of a border value that is one number, cv2 takes 0 for the channels after the first.

    Examples
    --------
    >>> bar = np.array([[0, 9, 9, 9, 0]] * 3, np.uint8)
    >>> erode(bar)[1]
    array([0, 0, 9, 0, 0], dtype=uint8)
    """
    return _simple(erode, src, kernel, iterations, anchor, border, border_value, device, out)


@operation(dtypes=DTYPES, channels=(1, 2, 3, 4), borders=BORDERS, result="as the source")
def dilate(
    src: Any,
    kernel: Any = None,
    *,
    iterations: int = 1,
    anchor: tuple[int, int] = CENTRE,
    border: str | int = "constant",
    border_value: Any = None,
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Dilation: every pixel becomes the greatest of those in the element's place around it.

    Equal to ``cv2.dilate(src, kernel, anchor=anchor, iterations=iterations, borderType=border,
    borderValue=border_value)`` in every pixel, on both devices. The element is not reflected. Of NaNs nothing is
    promised, as in OpenCV.

    Parameters
    ----------
    src, kernel, iterations, anchor, border, border_value, device, out
        As for ``erode``.

    Returns
    -------
    Array of the shape and dtype of src; on the GPU of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    As for ``erode``.

    Examples
    --------
    >>> point = np.array([[0, 0, 9, 0, 0]] * 3, np.uint8)
    >>> dilate(point)[1]
    array([0, 9, 9, 9, 0], dtype=uint8)
    """
    return _simple(dilate, src, kernel, iterations, anchor, border, border_value, device, out)


@operation(
    dtypes=DTYPES,
    channels=(1, 2, 3, 4),
    borders=BORDERS,
    choices={"op": (*OPS, *range(len(OPS)))},
    result="as the source",
    stages="morphology_stages",
)
def morphology_ex(
    src: Any,
    op: str | int,
    kernel: Any = None,
    *,
    iterations: int = 1,
    anchor: tuple[int, int] = CENTRE,
    border: str | int = "constant",
    border_value: Any = None,
    device: str = "auto",
    out: Any = None,
) -> Any:
    """Opening, closing, gradient, top hat, black hat, hit or miss.

    Equal to ``cv2.morphologyEx(src, op, kernel, anchor=anchor, iterations=iterations, borderType=border,
    borderValue=border_value)`` in every pixel, on both devices. Of NaNs nothing is promised, as in OpenCV.

    Parameters
    ----------
    src
        Image, (H, W) or (H, W, C) with 1 to 4 channels, any strides; never written to. "hitmiss" takes (H, W) of uint8.
    op
        "open" (eroded, then dilated), "close" (dilated, then eroded), "gradient" (dilated less eroded), "tophat" (the
        image less its opening), "blackhat" (the closing less the image), "hitmiss", "erode" or "dilate"; or cv2's
        MORPH_OPEN and so on. Differences are saturated.
    kernel
        As for ``erode``, but for None the anchor counts. For "hitmiss" 1 is a pixel that is to be set, -1 one that is
        not, and any other value one that does not matter.
    iterations
        How many times each step is done before the next one.
    anchor, border, border_value, device, out
        As for ``erode``.

    Returns
    -------
    Array of the shape and dtype of src; on the GPU of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above; nothing is written then.

    Notes
    -----
    J. Serra, Image Analysis and Mathematical Morphology, 1982. ``morphology_stages`` shows each step. Both steps
    go over the image together, a few rows at a time.

    Examples
    --------
    >>> row = np.array([[1, 1, 7, 1, 5, 5, 5]] * 3, np.uint8)
    >>> morphology_ex(row, "open")[1], morphology_ex(row, "tophat")[1]
    (array([1, 1, 1, 1, 5, 5, 5], dtype=uint8), array([0, 0, 6, 0, 0, 0, 0], dtype=uint8))
    """
    image = check.image(morphology_ex, src)
    name = _op(op)
    chosen = elements(morphology_ex, name, kernel, iterations, anchor)
    code = check.border(morphology_ex, border)
    where = place(morphology_ex, device, image)
    (rows,) = where.rows()
    if name == "hitmiss":
        _only_bytes(rows.dtype, image.channels)
    value = _border_value(morphology_ex, border_value, image.channels, rows.dtype)
    dst = where.result(out, image.shape, rows.dtype)
    plan = _kernels(where).morphology_ex
    plan(where.unit, rows, dst.reshape(rows.shape), image.channels, name, chosen, code, value)
    return where.hand_back(dst)


class MorphologyStages(NamedTuple):
    """The steps of a compound operation, each as the image; None where it has no such step."""

    eroded: Array | None
    dilated: Array | None
    opened: Array | None
    closed: Array | None
    hits: Array | None
    """for "hitmiss": eroded by the pixels that are to be set"""
    misses: Array | None
    """for "hitmiss": the complement eroded by the pixels that are not to be set"""
    result: Array


def morphology_stages(
    src: Any,
    op: str | int,
    kernel: Any = None,
    *,
    iterations: int = 1,
    anchor: tuple[int, int] = CENTRE,
    border: str | int = "constant",
    border_value: Any = None,
) -> MorphologyStages:
    """A compound operation one step after the other, each over the whole image.

    ``morphology_stages(...).result`` equals ``morphology_ex(...)`` with the same arguments.

    Parameters
    ----------
    src, op, kernel, iterations, anchor, border, border_value
        As for ``morphology_ex``; the image lies in host memory.

    Returns
    -------
    MorphologyStages
        Arrays eroded, dilated, opened, closed, hits, misses and result, those of other operations None.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        As ``morphology_ex``.

    Notes
    -----
    J. Serra, Image Analysis and Mathematical Morphology, 1982.

    Examples
    --------
    >>> row = np.array([[1, 1, 7, 1, 5, 5, 5]] * 3, np.uint8)
    >>> stages = morphology_stages(row, "tophat")
    >>> stages.eroded[1], stages.opened[1]
    (array([1, 1, 1, 1, 1, 5, 5], dtype=uint8), array([1, 1, 1, 1, 5, 5, 5], dtype=uint8))
    """
    image = check.image(morphology_ex, src)
    where = place(morphology_ex, "cpu", image)  # refuses an array on a GPU
    name = _op(op)
    chosen = elements(morphology_ex, name, kernel, iterations, anchor)
    code = check.border(morphology_ex, border)
    (rows,) = where.rows()
    if name == "hitmiss":
        _only_bytes(rows.dtype, image.channels)
    value = _border_value(morphology_ex, border_value, image.channels, rows.dtype)
    steps = step_by_step(_kernels(where), where.unit, rows, image.channels, name, chosen, code, value)
    pictures: dict[str, Any] = dict.fromkeys(MorphologyStages._fields)
    return MorphologyStages(**pictures | {k: v.reshape(image.shape).copy() for k, v in steps.items()})


def _simple(
    operation: Operation,
    src: Any,
    kernel: Any,
    iterations: Any,
    anchor: Any,
    border: Any,
    border_value: Any,
    device: Any,
    out: Any,
) -> Any:
    """Erosion or dilation."""
    image = check.image(operation, src)
    its: Element | None
    if kernel is None:
        times = check.whole(operation, iterations, "iterations", least=0)
        check.anchor(operation, anchor, (3, 3))
        its = rectangle(3, 3, 1, 1, bounded(operation, times, 3, 3))
    else:
        (its,) = elements(operation, "", kernel, iterations, anchor)
    code = check.border(operation, border)
    where = place(operation, device, image)
    (rows,) = where.rows()
    value = _border_value(operation, border_value, image.channels, rows.dtype)
    dst = where.result(out, image.shape, rows.dtype)
    plan = getattr(_kernels(where), operation.__name__)
    plan(where.unit, rows, dst.reshape(rows.shape), image.channels, its, code, value)
    return where.hand_back(dst)


def _op(op: Any) -> str:
    chosen = check.choice(morphology_ex, op, "op")
    return chosen if isinstance(chosen, str) else OPS[chosen]


def _only_bytes(dtype: Any, channels: int) -> None:
    if dtype != np.uint8:
        raise DtypeError(f"morphology_ex: src has dtype {dtype}; hitmiss takes uint8.")
    if channels != 1:
        raise ArgumentError(f"morphology_ex: src has {channels} channels; hitmiss takes one.")


def _border_value(operation: Operation, value: Any, channels: int, dtype: Any) -> Array | None:
    """The value outside for each channel as the dtype takes it, None for what never wins."""
    if value is None:
        return None
    name = spec_of(operation).name
    if isinstance(value, (tuple, list, np.ndarray)) and np.ndim(value) == 1:
        numbers = [check.number(operation, v, "border_value") for v in value]
        if len(numbers) not in (channels, 4):
            raise ArgumentError(f"{name}: border_value has {len(numbers)} numbers; it takes one, or one a channel.")
    else:
        numbers = [check.number(operation, value, "border_value")] * channels
    if all(n == NEVER_WINS for n in numbers):
        return None
    values = np.array(numbers[:channels])
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return np.asarray(values, dtype)
    limits = np.iinfo(dtype)
    return np.asarray(np.clip(np.rint(values), limits.min, limits.max), dtype)
