"""Proofs and benchmarks of the Gaussian blur and its weights."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.check import BORDERS as CODES
from cvkit.gaussian import BORDERS, FLOAT_BORDERS, gaussian_blur, get_gaussian_kernel
from cvkit.parity.images import Images, layouts
from cvkit.parity.proof import EQUAL, Arguments, Duel, Reference, benchmark, proof, warm_ups

Array = NDArray[Any]
Case = tuple[Arguments, Reference]

# Width and height, sigma_x, sigma_y: the binomial ones, fixed tables, general ones, one-sided ones, sizes from sigma,
# sigmas that leave only the centre, and kernels larger than a small image.
SHAPES: tuple[tuple[tuple[int, int], float, float], ...] = (
    ((3, 3), 0, 0),
    ((5, 5), 0, 0),
    ((0, 0), 1.3, 0),
    ((5, 3), 0, 0),
    ((7, 7), 0, 0),
    ((9, 9), 0, 0),
    ((1, 5), 0, 0),
    ((5, 1), 1.1, 0),
    ((11, 7), 2, 0.6),
    ((0, 0), 3, 0),
    ((-1, 13), 0.8, 2.5),
    ((0, 0), 0.01, 7),
    ((5, 5), 0.001, 0),
    ((35, 21), 0, 0),
    ((3, 3), 100, 0.3),
)
SIGMAS = (0, -1, 1e-3, 0.1, 0.25, 0.3, 0.35, 0.5, 0.7, 0.8, 1, 1.4, 2, 3.7, 10, 100, 1e6)


def _blur(src: Array, ksize: tuple[int, int], sigma_x: float, sigma_y: float, border: str) -> Case:
    arguments = {"src": src, "ksize": ksize, "sigma_x": sigma_x, "sigma_y": sigma_y, "border": border}
    plain = np.ascontiguousarray(src)
    code = CODES[border]
    return arguments, lambda cv2: cv2.GaussianBlur(plain, ksize, sigma_x, None, sigma_y, code).reshape(src.shape)


@proof(gaussian_blur, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Each dtype with every kernel and border, 1 to 4 channels, sizes around the vector widths; photographs; a sweep of
    sigma; any strides.
    """
    turn = 0
    for dtype in ("uint8", "uint16", "int16", "float32", "float64"):
        borders = BORDERS if dtype in ("uint8", "uint16") else FLOAT_BORDERS
        for channels in (1, 2, 3, 4):
            for image in images.noise(dtype, channels):
                for border in borders:
                    ksize, sigma_x, sigma_y = SHAPES[turn % len(SHAPES)]
                    yield _blur(image, ksize, sigma_x, sigma_y, border)
                    turn += 1
        for image in images.noise(dtype, 1, ((3, 5), (19, 23))):
            for (ksize, sigma_x, sigma_y), border in ((s, b) for s in SHAPES for b in borders):
                yield _blur(image, ksize, sigma_x, sigma_y, border)
        for image in images.noise(dtype, 1, ((13, 29),)):
            for sigma in SIGMAS[2:-2]:
                yield _blur(image, (0, 0), sigma, 0, "reflect101")
            for sigma in SIGMAS:
                yield _blur(image, (5, 9), sigma, 0, "replicate")
        for view in (view for image in images.noise(dtype, 3, ((17, 33),)) for view in layouts(image)):
            yield _blur(view, (5, 5), 0.9, 0, "reflect")
    for channels in (1, 3):
        for image in (*images.photographs(channels), *images.synthetic(channels)):
            ksize, sigma_x, sigma_y = SHAPES[turn % 4]
            yield _blur(image, ksize, sigma_x, sigma_y, BORDERS[turn % 5])
            yield _blur(np.full_like(image, 255), ksize, sigma_x, sigma_y, BORDERS[turn % 5])
            turn += 1


@proof(get_gaussian_kernel, criterion=EQUAL)
def _(images: Images) -> Iterator[Case]:
    """Odd and even numbers of weights, sigmas from those that leave only the centre to those that make all equal."""

    def case(n: int, sigma: float, dtype: str) -> Case:
        depth = {"float32": 5, "float64": 6}[dtype]
        return {"n": n, "sigma": sigma, "dtype": dtype}, lambda cv2: cv2.getGaussianKernel(n, sigma, depth)

    for dtype in ("float64", "float32"):
        for n in (*range(1, 24), 31, 32, 63, 64, 65, 255, 1001):
            for sigma in (*SIGMAS, 1e-200, 1e200):
                yield case(n, sigma, dtype)


@benchmark(gaussian_blur)
def _(photo: Array) -> Iterator[Duel]:
    import cv2

    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    yield _duel("gray 5 x 5", gray, (5, 5), 0)
    yield _duel("BGR 5 x 5", photo, (5, 5), 0)
    yield _duel("gray sigma 3", gray, (0, 0), 3)
    yield _duel("float32 5 x 5", gray.astype(np.float32), (5, 5), 0)


def _duel(label: str, src: Array, ksize: tuple[int, int], sigma: float) -> Duel:
    def skimage_gaussian() -> Any:
        from skimage.filters import gaussian as reference

        return reference(src, sigma or 1.1, truncate=3 if sigma else 2, preserve_range=True)

    return Duel(
        label,
        {"src": src, "ksize": ksize, "sigma_x": sigma},
        np.empty_like(src),
        lambda cv2, dst: cv2.GaussianBlur(src, ksize, sigma, dst),
        skimage_gaussian if src.ndim == 2 else None,
    )


@benchmark(get_gaussian_kernel)
def _(photo: Array) -> Iterator[Duel]:
    def duel(n: int) -> Duel:
        return Duel(
            f"{n} weights", {"n": n, "sigma": 3}, np.empty((n, 1)), lambda cv2, dst: cv2.getGaussianKernel(n, 3)
        )

    yield duel(19)


@warm_ups(gaussian_blur)
def _() -> Iterator[Arguments]:
    """Each dtype, with the sizes that have loops of their own and a larger one."""
    for dtype in ("uint8", "uint16", "int16", "float32", "float64"):
        for ksize, sigma in ((3, 0.0), (5, 0.0), (5, 3.0), (19, 3.0)):
            yield {"src": np.zeros((24, 24), dtype), "ksize": (ksize, ksize), "sigma_x": sigma}


@warm_ups(get_gaussian_kernel)
def _() -> Iterator[Arguments]:
    """None: it is host work."""
    yield {"n": 3}
