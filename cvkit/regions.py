"""Regions: flood fill and connected components."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvkit import check
from cvkit.check import Image
from cvkit.errors import ArgumentError, DtypeError
from cvkit.operation import operation
from cvkit.run.placement import OnCpu, OnCuda, kernels, place

Array = NDArray[Any]


def _kernels(where: OnCpu | OnCuda) -> Any:
    """kernels/cvkit_cpu/regions.py or kernels/cvkit_cuda/regions.py"""
    return kernels(where.name, "regions")


class FloodFill(NamedTuple):
    """What a flood fill gives."""

    area: int
    """number of pixels filled"""
    image: Any
    """the image with the region painted"""
    mask: Any
    """uint8 (H + 2, W + 2), the mask with the region marked and a frame of 1"""
    rect: tuple[int, int, int, int]
    """x, y, width and height of the smallest rectangle around the region; zeros where nothing was filled"""


class Components(NamedTuple):
    """Connected components of an image."""

    count: int  # type: ignore[assignment]  # as cv2 calls it; tuples have a method of that name
    """number of labels, 0 for the background included"""
    labels: Any
    """int32 (H, W)"""


class ComponentsWithStats(NamedTuple):
    """Connected components of an image and what was measured on them."""

    count: int  # type: ignore[assignment]  # as cv2 calls it; tuples have a method of that name
    """number of labels, 0 for the background included"""
    labels: Any
    """int32 (H, W)"""
    stats: Any
    """int32 (count, 5): left, top, width, height and area of each label"""
    centroids: Any
    """float64 (count, 2): mean x and y of each label"""


@operation(
    dtypes=("uint8", "int32", "float32"),
    channels=(1, 3),
    choices={"connectivity": (4, 8)},
    result="(area, image, mask, rect)",
)
def flood_fill(
    src: Any,
    seed: tuple[int, int],
    value: Any,
    lo_diff: Any = 0,
    up_diff: Any = 0,
    *,
    mask: Any = None,
    connectivity: int = 4,
    fixed_range: bool = False,
    mask_only: bool = False,
    mask_value: int = 1,
    device: str = "auto",
) -> FloodFill:
    """Paint what hangs together with a pixel: all that can be reached from it by steps between similar neighbours.

    Equal to ``cv2.floodFill(src.copy(), mask, seed, value, lo_diff, up_diff, flags)`` in every pixel, number and
    rectangle, on both devices; the input is not changed. Sides above 65,535, which cv2 counts in 16 bits, are right.

    Parameters
    ----------
    src
        Image of uint8, int32 or float32, (H, W) or (H, W, 3), any strides; never written to.
    seed
        Where to start, x and y.
    value
        What to paint: a number, or one for each channel. As in cv2, a number alone stands for the first channel and the
        others get 0. Rounded half to even and clamped to the dtype.
    lo_diff, up_diff
        How much lower and higher than its neighbour a pixel may be that is entered from there, in each channel: a
        number from 0 on, or one for each channel; a number alone as for ``value``. Fractions count for float32 only. If
        the two differ, a step may be possible in one direction alone.
    mask
        uint8 or bool array (H + 2, W + 2), never written to: where it is not 0 nothing is filled. Pixel (x, y) of the
        image is (x + 1, y + 1) there.
    connectivity
        4, or 8 for diagonal neighbours as well.
    fixed_range
        Compare with the seed instead of the neighbour.
    mask_only
        Leave the image as it is and only mark the mask.
    mask_value
        What the region is marked with in the mask, 1 to 255.
    device
        "auto" (where the array lies), "cpu" or "cuda".

    Returns
    -------
    FloodFill
        area, image (new, like ``src``), mask (new, uint8 (H + 2, W + 2)) and rect (x, y, width, height); the arrays on
        the GPU are of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above, a seed outside of the image, or a mask of another size.

    Notes
    -----
    What is filled depends on no order: it is the set that the seed reaches. A NaN is entered from nowhere. The CPU
    takes up to 1.5 bytes a pixel beyond the results, and time linear in the number of pixels whatever the shape; it
    looks at the rows around the seed first, and at more of them as the region comes to their ends.

    Examples
    --------
    >>> ramp = np.array([[0, 1, 2, 9], [9, 9, 3, 9]], np.uint8)
    >>> filled = flood_fill(ramp, (0, 0), 50, 1, 1)
    >>> filled.area, filled.rect
    (4, (0, 0, 3, 2))
    >>> filled.image
    array([[50, 50, 50,  9],
           [ 9,  9, 50,  9]], dtype=uint8)
    """
    name = flood_fill
    image = check.image(name, src)
    x, y = _seed(seed, image)
    eight = check.choice(name, connectivity, "connectivity") == 8
    fixed = check.flag(name, fixed_range, "fixed_range")
    only_mask = check.flag(name, mask_only, "mask_only")
    mark = check.whole(name, mask_value, "mask_value", least=1, most=255)
    painted = _scalar(value, "value")
    bounds = [_scalar(lo_diff, "lo_diff", least=0), _scalar(up_diff, "up_diff", least=0)]
    images = (image,) if mask is None else (image, _mask(mask, image))
    where = place(name, device, *images)
    rows, *seen = where.rows()
    lower, upper = (_difference(each[: image.channels], rows.dtype) for each in bounds)
    pixel = _saturated(painted[: image.channels], rows.dtype)
    dst = where.result(None, image.shape, rows.dtype)
    marks = where.result(None, (image.height + 2, image.width + 2), np.uint8)
    flat = dst.reshape(image.height, image.width * image.channels)
    area, left, top, right, bottom = _kernels(where).flood_fill(
        where.unit,
        *(rows, flat, marks, seen[0] if seen else None, image.channels, (x, y)),
        *(lower, upper, pixel, mark, eight, fixed, only_mask),
    )
    rect = (left, top, right - left + 1, bottom - top + 1) if area else (0, 0, 0, 0)
    return FloodFill(area, where.hand_back(dst), where.hand_back(marks), rect)


def _seed(value: Any, image: Image) -> tuple[int, int]:
    """A pixel of the image, x and y."""
    pair = value if isinstance(value, (tuple, list, np.ndarray)) else ()
    if len(pair) != 2 or not all(isinstance(v, (int, np.integer)) and not isinstance(v, bool) for v in pair):
        raise DtypeError(f"flood_fill: seed is {check.shown(value)}; it takes two whole numbers (x, y).")
    x, y = int(pair[0]), int(pair[1])
    if not (0 <= x < image.width and 0 <= y < image.height):
        raise ArgumentError(
            f"flood_fill: seed is ({x}, {y}); it takes a pixel (x, y) of the image, which is {image.width} wide and "
            f"{image.height} high."
        )
    return x, y


def _scalar(value: Any, name: str, least: float | None = None) -> list[float]:
    """Four numbers as in cv2.Scalar: those that are not given are 0."""
    given = list(value) if isinstance(value, (tuple, list, np.ndarray)) and np.ndim(value) == 1 else [value]
    if not 1 <= len(given) <= 4:
        raise ArgumentError(f"flood_fill: {name} has {len(given)} numbers; it takes one, or one for each channel.")
    numbers = [check.number(flood_fill, each, name) for each in given]
    if least is not None and min(numbers) < least:
        raise ArgumentError(f"flood_fill: {name} is {min(numbers):g}; it takes numbers from {least:g} on.")
    return numbers + [0.0] * (4 - len(numbers))


def _saturated(numbers: list[float], dtype: Any) -> Array:
    """Numbers in the dtype of the image: rounded half to even and clamped."""
    if dtype == np.float32:
        with np.errstate(over="ignore"):
            return np.array(numbers).astype(np.float32)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(numbers), limits.min, limits.max).astype(dtype)


def _difference(numbers: list[float], dtype: Any) -> Array:
    """Bounds of differences in the dtype of the image: whole ones rounded down, and none above the dtype's largest."""
    if dtype == np.float32:
        return _saturated(numbers, dtype)
    return np.minimum(np.floor(numbers), np.iinfo(dtype).max).astype(dtype)


def _mask(mask: Any, image: Image) -> Image:
    """The mask as an image of one channel; bool counts as 0 and 1."""
    if not isinstance(mask, np.ndarray) and not check.on_gpu(mask):
        raise DtypeError(f"flood_fill: mask is {check.shown(mask)}; it takes an array of uint8.")
    if isinstance(mask, np.ndarray) and mask.dtype == np.bool_:
        mask = mask.view(np.uint8)
    interface = getattr(mask, "__cuda_array_interface__", None)
    kind = np.dtype(interface["typestr"]) if interface else np.dtype(str(mask.dtype).rpartition(".")[2])
    if kind != np.uint8:
        raise DtypeError(f"flood_fill: mask has dtype {kind}; it takes uint8.")
    size, shape = (image.height + 2, image.width + 2), tuple(interface["shape"] if interface else mask.shape)
    if shape != size:
        raise ArgumentError(
            f"flood_fill: mask has shape {shape}; it takes {size}, one pixel more than src on each side."
        )
    if not isinstance(mask, np.ndarray):
        return Image(mask, *size, 1, mask, on_gpu=True)
    rows = np.require(np.asarray(mask), np.uint8, ["C", "A"]).view()
    rows.setflags(write=False)
    return Image(rows, *size, 1, mask)


@operation(dtypes=("uint8", "int8"), channels=(1,), choices={"connectivity": (4, 8)}, result="(count, labels)")
def connected_components(src: Any, *, connectivity: int = 8, device: str = "auto") -> Components:
    """Number the connected parts of what is not 0 in an image.

    Equal to ``cv2.connectedComponents(src, connectivity=connectivity)`` in every label, on both devices.

    Parameters
    ----------
    src
        uint8 or int8 image, (H, W), any strides; never written to. Pixels that are not 0 are the foreground.
    connectivity
        4, or 8 for diagonal neighbours as well.
    device
        "auto" (where the array lies), "cpu" or "cuda".

    Returns
    -------
    Components
        count, the number of labels with 0 for the background among them, and labels, int32 (H, W); on the GPU an array
        of the kind that came in. For 4 neighbours the parts are in the order of their first pixels in raster order, for
        8 in that of their first blocks of 2 x 2 pixels.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above.

    Notes
    -----
    L. He, Y. Chao, K. Suzuki, A run-based two-scan labeling algorithm, IEEE TIP 17(5), 2008. On the CPU 1 to 1.5 bits a
    pixel and 4 bytes for each run of pixels beyond the labels; time is linear in pixels, but for the paths of
    union-find, which are halved as they are followed. At most 2**31 - 1 labels.

    Examples
    --------
    >>> connected_components(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0], [7, 7, 0]], np.uint8), connectivity=4)[1]
    array([[1, 0, 0],
           [0, 2, 0],
           [0, 0, 0],
           [3, 3, 0]], dtype=int32)
    """
    image = check.image(connected_components, src)
    near = int(check.choice(connected_components, connectivity, "connectivity") == 8)
    where = place(connected_components, device, image)
    dst = where.result(None, image.shape, np.int32)
    count = _kernels(where).connected_components(where.unit, *where.rows(), dst, near)
    return Components(count, where.hand_back(dst))


@operation(
    dtypes=("uint8", "int8"),
    channels=(1,),
    choices={"connectivity": (4, 8)},
    result="(count, labels, stats, centroids)",
)
def connected_components_with_stats(src: Any, *, connectivity: int = 8, device: str = "auto") -> ComponentsWithStats:
    """Number the connected parts of what is not 0 in an image, and measure their boxes, areas and centres.

    Equal to ``cv2.connectedComponentsWithStats(src, connectivity=connectivity)`` in every number, on both devices.

    Parameters
    ----------
    src, connectivity, device
        As for ``connected_components``.

    Returns
    -------
    ComponentsWithStats
        count and labels as from ``connected_components``; stats, int32 (count, 5): left, top, width, height and area of
        each label; centroids, float64 (count, 2): mean x and y. Row 0 is the background; if there is none, it is
        -1, 2147483647, 0, 0, 0 and NaN as in cv2. On the GPU arrays of the kind that came in.

    Raises
    ------
    DtypeError, ArgumentError, DeviceError
        For an argument that is not as above.

    Notes
    -----
    Measured on runs of pixels: sums of coordinates are exact.

    Examples
    --------
    >>> found = connected_components_with_stats(np.array([[0, 5, 5, 0], [0, 5, 0, 0]], np.uint8))
    >>> found.stats[1].tolist(), found.centroids[1].round(2).tolist()
    ([1, 0, 2, 2, 3], [1.33, 0.33])
    """
    name = connected_components_with_stats
    image = check.image(name, src)
    near = int(check.choice(name, connectivity, "connectivity") == 8)
    where = place(name, device, image)
    dst = where.result(None, image.shape, np.int32)
    count, *measured = _kernels(where).connected_components_with_stats(where.unit, *where.rows(), dst, near)
    return ComponentsWithStats(count, where.hand_back(dst), *(where.hand_back(each) for each in measured))
