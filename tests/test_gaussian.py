"""Gaussian blur and its weights: what is particular to them. Every expected value comes from cv2."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import HostTensor, assert_same, large_photo, noise, photo

import cvkit
from cvkit.gaussian import BORDERS, FLOAT_BORDERS, LONGEST, gaussian_blur, get_gaussian_kernel
from cvkit.parity.images import layouts
from cvkit.run import threads

FIXED_POINT = ("uint8", "uint16")
DTYPES = (*FIXED_POINT, "int16", "float32", "float64")
CODES = {"constant": 0, "replicate": 1, "reflect": 2, "wrap": 3, "reflect101": 4}


def by_cv2(src, ksize, sigma_x=0, sigma_y=0, border="reflect101"):
    got = cv2.GaussianBlur(np.ascontiguousarray(src), ksize, sigma_x, sigmaY=sigma_y, borderType=CODES[border])
    return got.reshape(src.shape)


def pixels(shape, dtype, seed=0):
    """Noise over the range of an integer dtype, over -1 to 1 for a float."""
    if np.issubdtype(dtype, np.integer):
        return noise(shape, seed, dtype)
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(dtype)


def allowed(dtype):
    return BORDERS if dtype in FIXED_POINT else FLOAT_BORDERS


@st.composite
def images(draw):
    """An image of any dtype, size, channels, strides and values, and a border that goes with it."""
    dtype = draw(st.sampled_from(DTYPES))
    shape = (draw(st.integers(1, 70)), draw(st.integers(1, 70)))
    cn = draw(st.integers(1, 4))
    src = pixels(shape if cn == 1 else (*shape, cn), dtype, draw(st.integers(0, 2**32 - 1)))
    if draw(st.booleans()):
        src = np.where(src > np.median(src), src.max(), src.min())  # saturated planes
    kinds = [src, *layouts(src)]
    return kinds[draw(st.integers(0, 7)) % len(kinds)], draw(st.sampled_from(allowed(dtype)))


SIGMAS = st.floats(1e-3, 12) | st.sampled_from((0, -1, 0.5, 0.8, 1, 3, 1e-9, 1e5))
SIDES = st.integers(0, 30).map(lambda n: 2 * n + 1)


@settings(max_examples=500)
@given(images(), st.tuples(SIDES, SIDES), SIGMAS, SIGMAS)
def test_any_image_and_kernel(image, ksize, sigma_x, sigma_y):
    src, border = image
    before = src.tobytes()
    case = {"src": src, "ksize": ksize, "sigma_x": sigma_x, "sigma_y": sigma_y, "border": border}
    assert_same(gaussian_blur(**case), by_cv2(*case.values()), case)
    assert src.tobytes() == before


@settings(max_examples=200)
@given(
    images(), st.floats(1e-3, 6), st.floats(1e-3, 6) | st.just(0), st.sampled_from(((0, 0), (-1, -5), (0, 7), (3, 0)))
)
def test_sizes_that_follow_from_sigma(image, sigma_x, sigma_y, ksize):
    src, border = image
    case = {"src": src, "ksize": ksize, "sigma_x": sigma_x, "sigma_y": sigma_y, "border": border}
    assert_same(gaussian_blur(**case), by_cv2(*case.values()), case)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_kernel_larger_than_the_image(dtype):
    for shape in ((1, 1), (1, 6), (6, 1), (2, 3, 3), (5, 4)):
        for border in allowed(dtype):
            src = pixels(shape, dtype)
            for ksize, sigma in (((61, 35), 9), ((201, 1), 60), ((1, 201), 0)):
                case = {"src": src, "ksize": ksize, "sigma_x": sigma, "border": border}
                assert_same(gaussian_blur(**case), by_cv2(src, ksize, sigma, 0, border), case)


@pytest.mark.parametrize("dtype", FIXED_POINT)
def test_the_longest_sums(dtype):
    """White images and white next to black: no sum overflows, whatever the weights."""
    top = np.iinfo(dtype).max
    white = np.full((40, 45), top, dtype)
    halves = white.copy()
    halves[:, 20:] = 0
    for sigma in (0.2, 0.5, 1, 2.5, 6, 40):
        for border in ("replicate", "constant"):
            for src in (white, halves, halves.T):
                case = {"src": src, "ksize": (0, 0), "sigma_x": sigma, "border": border}
                assert_same(gaussian_blur(**case), by_cv2(src, (0, 0), sigma, 0, border), case)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cn", [1, 3])
def test_a_constant_image_stays_constant(dtype, cn):
    """In fixed point exactly, as the weights sum to 1; in floats but for the rounding of weights and sums."""
    src = np.full((19, 23, cn), 201, dtype)
    for border in set(allowed(dtype)) - {"constant"}:
        for ksize, sigma in ((5, 0), (9, 0), (0, 2.3), ((35, 1), 7)):
            got = gaussian_blur(src, ksize, sigma, border=border)
            if dtype in (*FIXED_POINT, "int16"):
                assert (got == 201).all()
            else:
                np.testing.assert_allclose(got, 201, rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_tiny_sigma_changes_nothing(dtype):
    src = pixels((12, 17), dtype)
    for sigma in (1e-3, 1e-30, 5e-324):
        assert_same(gaussian_blur(src, (5, 5), sigma), src, sigma)
        assert_same(gaussian_blur(src, 0, sigma), src, sigma)


def test_symmetries():
    """Flipped and transposed images give the flipped and transposed result."""
    src = noise((31, 44))
    got = gaussian_blur(src, (7, 11), 1.2, 2)
    assert_same(gaussian_blur(src[::-1], (7, 11), 1.2, 2), got[::-1])
    assert_same(gaussian_blur(src[:, ::-1], (7, 11), 1.2, 2), got[:, ::-1])
    assert_same(gaussian_blur(src.T, (11, 7), 2, 1.2), got.T)


def test_channels_are_independent():
    src = noise((21, 34, 4))
    got = gaussian_blur(src, 0, 1.7)
    for c in range(4):
        assert_same(got[..., c], gaussian_blur(src[..., c], 0, 1.7), f"channel {c}")


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_large_images_on_any_number_of_threads(count, monkeypatch):
    """1080p is cut as it is; the others because bands of any height are allowed."""
    cvkit.set_num_threads(count)
    src = large_photo()
    cut = []
    split = threads.Cpu.split
    monkeypatch.setattr(threads.Cpu, "split", lambda self, rows, ns: cut.append(split(self, rows, ns)) or cut[-1])
    assert_same(gaussian_blur(src, 0, 6), by_cv2(src, (0, 0), 6), "photograph")
    assert len(cut[-1]) == count, "the image is too small to be cut"
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 1)
    for dtype in DTYPES:
        for shape in ((1, 40), (5, 33), (64, 50, 3)):
            small = pixels(shape, dtype)
            for border in allowed(dtype):
                for ksize, sigma in (((5, 5), 0), ((3, 3), 0), ((9, 21), 2)):
                    got = gaussian_blur(small, ksize, sigma, border=border)
                    assert_same(got, by_cv2(small, ksize, sigma, 0, border), f"{dtype} {shape} {border} {ksize}")


@pytest.mark.parametrize("ksize", [3, 5])
def test_wide_images_in_stripes(ksize, monkeypatch):
    """Rows that are longer than what the ring of float32 holds at a time, some with a short piece at the end."""
    from cvkit_cpu import gaussian_floats

    monkeypatch.setattr(gaussian_floats, "STRIPE", 256)
    for shape in ((9, 32), (6, 33), (7, 34), (5, 64), (3, 65), (11, 131), (4, 33, 3), (6, 40, 4)):
        src = pixels(shape, "float32")
        for border in FLOAT_BORDERS:
            for sigma in (0, 0.7):
                got = gaussian_blur(src, ksize, sigma, border=border)
                assert_same(got, by_cv2(src, (ksize, ksize), sigma, 0, border), f"{shape} {border} {sigma}")


def test_scratch_may_hold_anything(monkeypatch):
    """The rows of an earlier call never show in a result."""

    def poisoned(shape, dtype=float):
        block = np.zeros(shape, dtype)
        block.view(np.uint8)[...] = 0xA5
        return block

    own_numpy = type(np)("numpy")
    vars(own_numpy).update(vars(np), empty=poisoned)
    monkeypatch.setattr(threads, "np", own_numpy)
    for dtype in (*FIXED_POINT, "float32"):
        for shape in ((1, 1), (7, 30), (30, 7, 3), (33, 64, 4)):
            src = pixels(shape, dtype)
            for border in allowed(dtype):
                for ksize in ((3, 3), (5, 5), (19, 9)):
                    got = gaussian_blur(src, ksize, border=border)
                    assert_same(got, by_cv2(src, ksize, 0, 0, border), f"{dtype} {shape} {border} {ksize}")


def test_photographs():
    for src in (photo("chelsea.png"), photo("camera.png", gray=True)):
        for sigma in (0.7, 1, 2, 5):
            assert_same(gaussian_blur(src, (0, 0), sigma), by_cv2(src, (0, 0), sigma), sigma)


def test_other_ways_to_say_it():
    src = noise((20, 30))
    want = by_cv2(src, (5, 5), 1.5)
    assert_same(gaussian_blur(src, 5, 1.5), want)
    assert_same(gaussian_blur(src, [5, 5], np.float32(1.5), -1), want)
    assert_same(gaussian_blur(src, np.array([5, 5]), 1.5, border=cv2.BORDER_DEFAULT), want)
    assert_same(gaussian_blur(src, (np.uint8(5), np.int64(5)), 1.5, border=cv2.BORDER_REFLECT101 | 16), want)
    assert_same(gaussian_blur(HostTensor(src), 5, 1.5), want)
    assert_same(gaussian_blur(src.astype(">u2"), 5, 1.5), by_cv2(src.astype(np.uint16), (5, 5), 1.5))


def test_out_takes_the_result():
    for src in (noise((40, 50)), pixels((40, 50), "float32")):
        want = by_cv2(src, (5, 5))
        wide = np.full((80, 100), 7, src.dtype)
        for out in (np.empty_like(src), wide[::2, ::2], np.empty((50, 40), src.dtype).T):
            assert gaussian_blur(src, 5, out=out) is out
            assert_same(out, want)
        assert (wide[1::2] == 7).all(), "nothing is written between the elements of out"


@settings(max_examples=400)
@given(
    st.integers(1, 200) | st.integers(1, LONGEST),
    st.floats(1e-3, 1e3) | st.floats(5e-324, 1e300) | st.sampled_from((0, -1, -0.5)),
    st.sampled_from((np.float64, np.float32)),
)
def test_any_weights(n, sigma, dtype):
    depth = {np.float32: cv2.CV_32F, np.float64: cv2.CV_64F}[dtype]
    got = get_gaussian_kernel(n, sigma, dtype=dtype)
    assert_same(got, cv2.getGaussianKernel(n, sigma, depth), {"n": n, "sigma": sigma, "dtype": dtype})
    assert_same(got[::-1], got, "symmetric")
    assert abs(got.sum(dtype=np.float64) - 1) < 1e-5


def test_weights_for_every_size():
    """Sigma follows from n by one fused multiply-add."""
    for n in (*range(1, 400), LONGEST - 1, LONGEST):
        assert_same(get_gaussian_kernel(n), cv2.getGaussianKernel(n, -1), n)


def test_weights_as_they_are_asked_for():
    want = cv2.getGaussianKernel(7, 2, cv2.CV_32F)
    for dtype in ("float32", np.float32, np.dtype(np.float32), cv2.CV_32F):
        assert_same(get_gaussian_kernel(7, 2, dtype=dtype), want)
    out = np.empty((7, 1), np.float32)
    assert get_gaussian_kernel(np.int16(7), np.float16(2), dtype=np.float32, out=out) is out
    assert_same(out, want)
    for device in ("auto", "cpu", "cuda"):
        assert_same(get_gaussian_kernel(7, 2, dtype="float32", device=device), want, device)
    first = get_gaussian_kernel(7, 2)
    first[:] = 0
    assert_same(get_gaussian_kernel(7, 2), cv2.getGaussianKernel(7, 2), "a result is the caller's own")


IMAGE = noise((8, 9))
SIZE = "it takes a width and a height, odd whole numbers, or 0 for what follows from sigma."
WORDS = "it takes constant, replicate, reflect, wrap or reflect101."
TYPES = "uint8, uint16, int16, float32 or float64"
ERRORS = [
    (
        {"src": IMAGE.astype(np.int8)},
        f"src has dtype int8; it takes {TYPES}. Convert it yourself: cvkit never rescales pixel values.",
    ),
    ({"src": IMAGE[:0]}, "src is empty: shape (0, 9); it takes an image of at least one pixel."),
    ({"src": np.dstack([IMAGE] * 5)}, "src has shape (8, 9, 5); it takes (H, W) or (H, W, C) with C = 1, 2, 3 or 4."),
    ({"ksize": (4, 5)}, f"ksize is (4, 5); {SIZE}"),
    ({"ksize": 6}, f"ksize is (6, 6); {SIZE}"),
    ({"ksize": (5,)}, f"ksize is a tuple; {SIZE}"),
    ({"ksize": 5.0}, f"ksize is 5.0; {SIZE}"),
    ({"ksize": None}, f"ksize is None; {SIZE}"),
    ({"ksize": (5, 3.0)}, f"ksize has 3.0 in it; {SIZE}"),
    ({"ksize": (True, 3)}, f"ksize has True in it; {SIZE}"),
    ({"ksize": (5, 46343)}, "ksize is (5, 46343); a side is at most 46341."),
    ({"ksize": 0}, "a side of ksize and its sigma are both 0; it takes one of them."),
    ({"ksize": (5, 0)}, "a side of ksize and its sigma are both 0; it takes one of them."),
    ({"ksize": (0, 5), "sigma_y": 2}, "a side of ksize and its sigma are both 0; it takes one of them."),
    (
        {"ksize": 0, "sigma_x": 8000},
        "sigma_x is 8000, which makes a kernel of 48001 taps; it takes at most 46341. Reduce the image first.",
    ),
    (
        {"ksize": 0, "sigma_x": 1, "sigma_y": 1e300},
        "sigma_y is 1e+300, which makes a kernel of 6e+300 taps; it takes at most 46341. Reduce the image first.",
    ),
    ({"sigma_x": float("nan")}, "sigma_x is nan; it takes a finite number."),
    ({"sigma_y": float("inf")}, "sigma_y is inf; it takes a finite number."),
    ({"sigma_x": "1"}, "sigma_x is '1'; it takes a number."),
    ({"border": "mirror"}, f"border is 'mirror'; {WORDS}"),
    ({"border": cv2.BORDER_TRANSPARENT}, f"border is 5; {WORDS}"),
    ({"border": None}, f"border is None; {WORDS}"),
    (
        {"src": IMAGE.astype(np.float32), "border": "wrap"},
        "border is 'wrap'; it takes constant, replicate, reflect or reflect101.",
    ),
    ({"device": "gpu"}, "device is 'gpu'; it takes auto, cpu or cuda."),
    ({"out": np.empty((8, 9), np.uint16)}, "out has dtype uint16; the result has uint8."),
    ({"out": IMAGE}, "out overlaps an input; it takes an array with memory of its own."),
]


@pytest.mark.parametrize(("options", "text"), ERRORS)
def test_error(options, text):
    with pytest.raises(cvkit.CvkitError) as caught:
        gaussian_blur(**{"src": IMAGE, "ksize": (5, 5)} | options)
    assert str(caught.value) == f"gaussian_blur: {text}"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"n": 0}, "n is 0; it takes a whole number from 1 up to 46341."),
        ({"n": 46342}, "n is 46342; it takes a whole number from 1 up to 46341."),
        ({"n": 5.0}, "n is 5.0; it takes a whole number."),
        ({"sigma": None}, "sigma is None; it takes a number."),
        ({"sigma": float("-inf")}, "sigma is -inf; it takes a finite number."),
        ({"dtype": np.float16}, "dtype is a type; it takes float32 or float64."),
        ({"dtype": "int8"}, "dtype is 'int8'; it takes float32 or float64."),
        ({"dtype": None}, "dtype is None; it takes float32 or float64."),
        ({"dtype": 99}, "dtype is 99; it takes float32 or float64."),
        ({"device": "gpu"}, "device is 'gpu'; it takes auto, cpu or cuda."),
        ({"out": np.empty(5)}, "out has shape (5,); the result has (5, 1)."),
    ],
)
def test_error_of_weights(options, text):
    with pytest.raises(cvkit.CvkitError) as caught:
        get_gaussian_kernel(**{"n": 5} | options)
    assert str(caught.value) == f"get_gaussian_kernel: {text}"
