"""Proofs and benchmarks of morphology."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.check import BORDERS as CODES
from cvkit.morphology import BORDERS, DTYPES, OPS, SHAPES, dilate, erode, get_structuring_element, morphology_ex
from cvkit.parity.images import Images, layouts
from cvkit.parity.proof import EQUAL, Arguments, Duel, Reference, benchmark, proof, warm_ups

Array = NDArray[Any]
Case = tuple[Arguments, Reference]

# Elements by shape, size and anchor; those of "noise" have gaps in their rows, and rows without a pixel.
ELEMENTS: tuple[tuple[str, tuple[int, int], tuple[int, int]], ...] = (
    ("rect", (3, 3), (-1, -1)),
    ("rect", (5, 5), (-1, -1)),
    ("cross", (3, 3), (-1, -1)),
    ("ellipse", (5, 7), (-1, -1)),
    ("rect", (4, 2), (0, 1)),
    ("rect", (7, 1), (-1, -1)),
    ("noise", (5, 4), (1, 3)),
    ("rect", (1, 6), (0, 5)),
    ("diamond", (9, 5), (8, 0)),
    ("rect", (15, 11), (-1, -1)),
    ("noise", (9, 9), (-1, -1)),
    ("ellipse", (15, 15), (-1, -1)),
    ("rect", (2, 9), (1, 0)),
    ("rect", (31, 35), (3, 30)),
    ("nothing", (3, 3), (2, 0)),
    ("cross", (21, 19), (4, 18)),
    ("rect", (1, 1), (-1, -1)),
)
COMPOUND = tuple(op for op in OPS if op not in ("erode", "dilate", "hitmiss"))


def _element(shape: str, ksize: tuple[int, int]) -> Array:
    """The kernel of an entry of ELEMENTS."""
    width, height = ksize
    if shape in SHAPES:
        return np.asarray(get_structuring_element(shape, ksize))
    kernel = np.zeros((height, width), np.uint8)
    if shape == "noise":
        kernel.flat[::3] = 1
        kernel[:: max(height - 1, 1), width // 2 :] = 7
    return kernel


def _case(function: Callable[..., Any], turn: int, src: Array, border: str, op: str = "", **more: Any) -> Case:
    """One case; the element, the number of iterations and the border's value follow from its number."""
    shape, ksize, anchor = ELEMENTS[turn % len(ELEMENTS)]
    kernel = _element(shape, ksize)
    iterations = (1, 1, 2, 1, 1, 3)[turn % 6]
    value = (None, (7.5, 200.0, -3.0, 60000.0))[turn // 3 % 2] if border == "constant" else None
    arguments: Arguments = {"src": src, **({"op": op} if op else {}), "kernel": kernel, "anchor": anchor}
    arguments |= {"iterations": iterations, "border": border, "border_value": value} | more
    plain = np.ascontiguousarray(src)
    options = {"anchor": arguments["anchor"], "iterations": iterations, "borderType": CODES[border]}
    if value is not None:
        options["borderValue"] = value

    def reference(cv2: Any) -> Any:
        given = arguments["kernel"]
        if op:
            return cv2.morphologyEx(plain, OPS.index(op), given, **options).reshape(src.shape)
        return getattr(cv2, function.__name__)(plain, given, **options).reshape(src.shape)

    return arguments, reference


def _simple(images: Images, function: Callable[..., Any]) -> Iterator[Case]:
    """Each dtype with every element and border, 1 to 4 channels, sizes around the vector widths; any strides."""
    turn = 0
    for dtype in DTYPES:
        for channels in (1, 2, 3, 4):
            for image in images.noise(dtype, channels):
                for border in BORDERS:
                    yield _case(function, turn, image, border)
                    turn += 1
        for image in images.noise(dtype, 1, ((3, 5), (19, 23))):
            for number, border in ((n, b) for n in range(len(ELEMENTS)) for b in BORDERS):
                yield _case(function, number, image, border)
                yield _case(function, number, image, border, kernel=None, anchor=(-1, -1))
        for view in (view for image in images.noise(dtype, 3, ((17, 33),)) for view in layouts(image)):
            yield _case(function, turn % 4, view, "constant")
            turn += 1
    for channels in (1, 3):
        for image in (*images.photographs(channels), *images.synthetic(channels)):
            yield _case(function, turn, image, BORDERS[turn % 4])
            turn += 1


@proof(erode, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every dtype, element and border; anchors anywhere, several iterations, border values; any strides."""
    yield from _simple(images, erode)


@proof(dilate, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every dtype, element and border; anchors anywhere, several iterations, border values; any strides."""
    yield from _simple(images, dilate)


@proof(morphology_ex, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every operation with every element and border; hit or miss on images of few values, so that there are hits."""
    turn = 0
    for dtype in DTYPES:
        for channels in (1, 2, 3, 4):
            for image in images.noise(dtype, channels):
                for border in BORDERS:
                    yield _case(morphology_ex, turn, image, border, COMPOUND[turn // 4 % 5])
                    turn += 1
        for image in images.noise(dtype, 1, ((19, 23),)):
            for number, op in ((n, op) for n in range(len(ELEMENTS)) for op in OPS[:-1]):
                yield _case(morphology_ex, number, image, BORDERS[(number + turn) % 4], op)
                turn += 1
    for channels in (1, 3):
        for image in (*images.photographs(channels), *images.synthetic(channels)):
            yield _case(morphology_ex, turn, image, BORDERS[turn % 4], COMPOUND[turn % 5])
            turn += 1
    for image in images.noise("uint8", 1):
        for border in BORDERS:
            for kernel in (
                np.array([[0, 1, 0], [-1, 1, 1], [-1, -1, 0]], np.int32),
                np.array([[-1, 1], [1, 0], [2, -1]], np.int16),
                np.eye(4, dtype=np.uint8),
                -np.ones((2, 2), np.float32),
                np.full((3, 3), 5, np.uint8),
                np.zeros((3, 3), np.uint8),
            ):
                pixels = np.where(image > 127, 255, 0).astype(np.uint8) if turn % 2 else image
                yield _case(morphology_ex, turn, pixels, border, "hitmiss", kernel=kernel, anchor=(turn % 2, -1))
                turn += 1


@proof(get_structuring_element, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Every shape, sides from 1 on, anchors of crosses."""

    def case(shape: int, ksize: tuple[int, int], anchor: tuple[int, int]) -> Case:
        arguments = {"shape": SHAPES[shape], "ksize": ksize, "anchor": anchor}
        return arguments, lambda cv2: cv2.getStructuringElement(shape, ksize, anchor=anchor)

    for shape in range(len(SHAPES)):
        for width in (*range(1, 16), 31, 64, 101):
            for height in (1, 2, 3, 4, 5, 8, 11, 15, 33, 100):
                yield case(shape, (width, height), (width // 3, height - 1) if width % 3 == 2 else (-1, -1))


@benchmark(erode)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    for side in (3, 5, 15, 63):
        yield _duel(f"gray {side} x {side}", gray, _element("rect", (side, side)), side == 15)
    yield _duel("gray ellipse 15", gray, _element("ellipse", (15, 15)))
    yield _duel("BGR 5 x 5", photo, _element("rect", (5, 5)))


def _duel(label: str, src: Array, kernel: Array, with_skimage: bool = False) -> Duel:
    def skimage_erosion() -> Any:
        from skimage.morphology import erosion

        return erosion(src, kernel)

    return Duel(
        label,
        {"src": src, "kernel": kernel},
        np.empty_like(src),
        lambda cv2, dst: cv2.erode(src, kernel, dst),
        skimage_erosion if with_skimage else None,
    )


@benchmark(dilate)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    kernel = _element("rect", (5, 5))
    yield Duel(
        "gray 5 x 5",
        {"src": gray, "kernel": kernel},
        np.empty_like(gray),
        lambda cv2, dst: cv2.dilate(gray, kernel, dst),
    )


@benchmark(morphology_ex)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)

    def duel(op: str, side: int) -> Duel:
        kernel = _element("rect", (side, side))
        return Duel(
            f"{op} {side} x {side}",
            {"src": gray, "op": op, "kernel": kernel},
            np.empty_like(gray),
            lambda cv2, dst: cv2.morphologyEx(gray, OPS.index(op), kernel, dst),
        )

    yield duel("gradient", 5)
    yield duel("open", 5)
    yield duel("tophat", 15)


@benchmark(get_structuring_element)
def _(photo: Array) -> Iterator[Duel]:
    yield Duel(
        "ellipse 15",
        {"shape": "ellipse", "ksize": (15, 15)},
        np.empty((15, 15), np.uint8),
        lambda cv2, dst: cv2.getStructuringElement(2, (15, 15)),
    )


def _warm_ups(**more: Any) -> Iterator[Arguments]:
    for dtype in DTYPES:
        for shape, side in (("rect", 3), ("rect", 4), ("cross", 3)):
            yield {"src": np.zeros((9, 9), dtype), "kernel": _element(shape, (side, side)), **more}


@warm_ups(erode)
def _() -> Iterator[Arguments]:
    """Each dtype with a low rectangle, a tall one and another element."""
    yield from _warm_ups()


@warm_ups(dilate)
def _() -> Iterator[Arguments]:
    """Each dtype with a low rectangle, a tall one and another element."""
    yield from _warm_ups()


@warm_ups(morphology_ex)
def _() -> Iterator[Arguments]:
    """Each dtype and element that begins with the least, with the greatest, and with both; for the last of these, a low
    rectangle that is too wide for kernels of its own as well.
    """
    for op in ("open", "close", "gradient"):
        yield from _warm_ups(op=op)
    for dtype in DTYPES:
        yield {"src": np.zeros((9, 9), dtype), "op": "gradient", "kernel": _element("rect", (7, 3))}
    yield {"src": np.zeros((9, 9), np.uint8), "op": "hitmiss", "kernel": np.eye(3) - np.eye(3)[::-1]}


@warm_ups(get_structuring_element)
def _() -> Iterator[Arguments]:
    """None: it is host work."""
    yield {"shape": "rect", "ksize": 3}
