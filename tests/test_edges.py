"""Canny: what is particular to it. Every expected value comes from cv2."""

import pathlib

import cv2
import numpy as np
import pytest
from cvkit_cpu import edges as kernels
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.filters import threshold_otsu
from support import HostTensor, assert_same, large_photo, noise, photo

import cvkit
from cvkit import canny, canny_from_gradients, canny_stages, canny_thresholds
from cvkit.parity.images import layouts, spiral
from cvkit.run import threads

SCALE = {3: 1, 5: 12, 7: 160}  # the derivatives of larger apertures are larger
BOTH_NORMS = pytest.mark.parametrize("l2", [False, True], ids=["L1", "L2"])


def by_cv2(src, low, high, aperture=3, l2=False):
    return cv2.Canny(np.ascontiguousarray(src), low, high, apertureSize=aperture, L2gradient=l2)


def by_cv2_gradients(dx, dy, low, high, l2=False):
    return cv2.Canny(np.ascontiguousarray(dx), np.ascontiguousarray(dy), low, high, L2gradient=l2)


@st.composite
def arrays(draw, count, low, high, dtype, channels):
    """Arrays of one shape and strides; of few levels, so that magnitudes tie, or of many."""
    shape = (draw(st.integers(1, 70)), draw(st.integers(1, 70)))
    cn = draw(st.sampled_from(channels))
    shape = shape if cn == 1 and draw(st.booleans()) else (*shape, cn)
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps = draw(st.sampled_from((1, 2, 7, high - low)))
    values = random.integers(0, steps, (count, *shape), endpoint=True) * (high - low) // steps + low
    layout = draw(st.integers(0, 7))
    kinds = [[image, *layouts(image)] for image in values.astype(dtype)]
    return [each[layout % len(each)] for each in kinds]


def thresholds(most):
    """Two of them in any order: fractional, whole, negative, equal, beyond every magnitude."""
    one = st.floats(-100, most) | st.integers(-3, most) | st.sampled_from((0, -0.0, -1e30, 1e9, 2**31 - 1))
    return st.tuples(one, one) | one.map(lambda both: (both, both))


@settings(max_examples=1000)
@given(arrays(1, 0, 255, np.uint8, (1, 2, 3, 4)), thresholds(1500), st.sampled_from((3, 5, 7)), st.booleans())
def test_any_image(images, pair, aperture, l2):
    (src,) = images
    before = src.tobytes()
    low, high = (t * SCALE[aperture] if abs(t) < 1e6 else t for t in pair)
    case = {"src": src, "low": low, "high": high, "aperture": aperture, "l2_gradient": l2}
    assert_same(canny(**case), by_cv2(src, low, high, aperture, l2), case)
    assert src.tobytes() == before


@settings(max_examples=600)
@given(arrays(2, -32767, 32767, np.int16, (1, 3)), st.sampled_from((1, 64, 4096)), thresholds(50_000), st.booleans())
def test_any_gradients(pair_of_arrays, divisor, pair, l2):
    """cv2 takes 1 or 3 channels, and makes of -32768 what the place in the row makes it."""
    dx, dy = (a // divisor if divisor > 1 else a for a in pair_of_arrays)
    before = dx.tobytes(), dy.tobytes()
    low, high = (t / divisor if abs(t) < 1e6 else t for t in pair)
    case = {"dx": dx, "dy": dy, "low": low, "high": high, "l2_gradient": l2}
    assert_same(canny_from_gradients(**case), by_cv2_gradients(*case.values()), case)
    assert (dx.tobytes(), dy.tobytes()) == before


@BOTH_NORMS
def test_the_smallest_derivative_counts_as_its_neighbour(l2):
    dx, dy = noise((40, 67, 3), 1, np.int16) // 4, noise((40, 67, 3), 2, np.int16)
    dx[::3, ::5], dy[::2, ::7] = -32768, -32768
    want = by_cv2_gradients(np.maximum(dx, -32767), np.maximum(dy, -32767), 9000, 30000, l2)
    assert_same(canny_from_gradients(dx, dy, 9000, 30000, l2_gradient=l2), want)


@pytest.mark.parametrize(
    "low", [np.float32(99.7), np.float16(99.7), np.float64(99.7), np.int8(-5), np.uint16(99), 2**30]
)
def test_thresholds_of_any_number_type(low):
    src = noise((30, 50))
    assert_same(canny(src, low, 600), by_cv2(src, float(low), 600.0))
    assert_same(canny(src, 50, low), by_cv2(src, 50.0, float(low)))


@pytest.mark.parametrize(
    "huge", [2**31, 2**53 + 1, 2**64, 10**300, 1e300, np.uint64(2**63), pytest.param(10**400, id="1e400")]
)
def test_thresholds_beyond_every_magnitude(huge):
    """No magnitude is above them. (cv2 turns an L1 threshold of 2**31 and more into a negative one.)"""
    src = noise((30, 50))
    for l2 in (False, True):
        assert not canny(src, huge, huge, l2_gradient=l2).any()
        assert not canny(src, 10, huge, l2_gradient=l2).any()
        assert_same(
            canny(src, -huge if isinstance(huge, (int, float)) else -1, 600, l2_gradient=l2),
            by_cv2(src, -1, 600, l2=l2),
        )


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int32, np.int64])
def test_aperture_of_any_integer_type(dtype):
    """In a row longer than the type counts."""
    src = noise((9, 300))
    for aperture in (3, 5, 7):
        low, high = 200 * SCALE[aperture], 600 * SCALE[aperture]
        assert_same(canny(src, low, high, aperture=dtype(aperture)), by_cv2(src, low, high, aperture))


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_what_carries_pixels(tmp_path):
    src = noise((33, 65))
    want = by_cv2(src, 200, 600)
    mapped = np.memmap(tmp_path / "pixels", np.uint8, "w+", shape=src.shape)
    mapped[:] = src
    mapped.flush()
    unaligned = np.frombuffer(b"." + src.tobytes(), np.uint8, offset=1).reshape(src.shape)
    for carrier in (HostTensor(src), np.asmatrix(src), mapped, src.view(np.recarray), src[..., None], unaligned):
        assert type(canny(carrier, 200, 600)) is np.ndarray
        assert_same(canny(carrier, 200, 600), want, type(carrier).__name__)


def test_gradients_of_any_byte_order_and_alignment():
    dx, dy = noise((33, 65), 1, np.int16) // 128, noise((33, 65), 2, np.int16) // 128
    want = by_cv2_gradients(dx, dy, 60, 300)
    odd = np.frombuffer(b"." + dx.tobytes(), np.uint8)[1:].view(np.int16).reshape(dx.shape)
    assert not odd.flags.aligned
    for order in ("<i2", ">i2"):
        assert_same(canny_from_gradients(dx.astype(order), dy.astype(order), 60, 300), want, order)
    assert_same(canny_from_gradients(odd, dy[::-1][::-1], 60, 300), want, "unaligned")


@BOTH_NORMS
@pytest.mark.parametrize("aperture", [3, 5, 7])
def test_stages_are_those_of_opencv(aperture, l2):
    low, high = 40 * SCALE[aperture], 110 * SCALE[aperture]
    for src in (
        photo("chelsea.png")[90:190, 150:290],
        photo("camera.png", gray=True)[60:180, 180:300],
        noise((31, 45, 2)),
    ):
        stages = canny_stages(src, low, high, aperture=aperture, l2_gradient=l2)
        dx, dy, magnitude = strongest_by_cv2(src, aperture, l2)
        assert_same(stages.dx, dx)
        assert_same(stages.dy, dy)
        assert_same(stages.magnitude, magnitude)
        assert_same(stages.edges, by_cv2(src, low, high, aperture, l2))
        kept = stages.suppressed > 0
        assert_same(stages.suppressed[kept], magnitude[kept])
        assert kept[stages.classes > 0].all()
        assert (stages.edges[stages.classes == 2] == 255).all()
        assert not stages.edges[stages.classes == 0].any()


def strongest_by_cv2(src, aperture, l2):
    """cv2.Sobel as cv2.Canny calls it; of each pixel the channel of largest magnitude, the first of equals."""
    options = {"ksize": aperture, "scale": 1 / 16 if aperture == 7 else 1, "borderType": cv2.BORDER_REPLICATE}
    dx, dy = (np.atleast_3d(cv2.Sobel(src, cv2.CV_16S, x, 1 - x, **options)) for x in (1, 0))
    a, b = dx.astype(np.int32), dy.astype(np.int32)
    magnitude = a * a + b * b if l2 else abs(a) + abs(b)
    channel = magnitude.argmax(axis=2)[..., None]
    return [np.take_along_axis(each, channel, 2)[..., 0] for each in (dx, dy, magnitude)]


@BOTH_NORMS
@pytest.mark.parametrize("aperture", [3, 5, 7])
def test_thresholds_by_otsu(aperture, l2):
    """Otsu's threshold by cv2 on the magnitudes of cv2.Sobel, for L2 on their whole parts.

    scikit-image's sums are float32, so that its greatest variance may lie beside.
    """
    for src in (photo("chelsea.png"), photo("camera.png", gray=True), noise((64, 80))):
        magnitude = strongest_by_cv2(src, aperture, l2)[2]
        levels = (np.sqrt(magnitude) if l2 else magnitude).astype(np.uint16)
        otsu, unit = cv2.threshold(levels, 0, 1, cv2.THRESH_OTSU)[0], 16 if aperture == 7 else 1
        low, high = canny_thresholds(src, aperture=aperture, l2_gradient=l2)
        assert (low, high) == (otsu * unit / 2, otsu * unit)
        assert abs(threshold_otsu(levels) - otsu) <= 1
        share = np.count_nonzero(by_cv2(src, low, high, aperture, l2)) / magnitude.size
        assert 0.005 < share < 0.5, "the thresholds are in the units that cv2.Canny takes"


def test_thresholds_of_a_constant_image():
    for shape in ((1, 1), (5, 7), (5, 7, 3)):
        assert canny_thresholds(np.full(shape, 77, np.uint8)) == (0.0, 0.0)


def long_way(h, w):
    """A line through the whole image, weak everywhere but at its inner end, and the thresholds that make it so."""
    line = spiral(h, w)
    image = np.where(line, 50, 20).astype(np.uint8)
    y, x = np.argwhere(line)[np.hypot(*(np.argwhere(line) - [h / 2, w / 2]).T).argmin()]
    weak, image[y, x] = image.copy(), 250
    return weak, image, 60, 350


def test_the_long_way_is_weak():
    """What long_way promises: without its strong end no edge, with it edges from the first row to the last."""
    weak, image, low, high = long_way(300, 420)
    assert not by_cv2(weak, low, high).any()
    found = np.flatnonzero(by_cv2(image, low, high).any(axis=1))
    assert found[0] <= 1
    assert found[-1] >= 298


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_large_images_on_any_number_of_threads(count, monkeypatch):
    """1080p is cut as it is, the others because bands of any height are allowed."""
    cvkit.set_num_threads(count)
    src = large_photo()
    assert len(threads.Cpu().split(*src.shape)) == count, "the image is too small to be cut"
    assert_same(canny(src, 50, 150), by_cv2(src, 50, 150), "photograph")
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 1)
    _, line, low, high = long_way(300, 420)
    assert_same(canny(line, low, high), by_cv2(line, low, high), "spiral")
    assert_same(canny(line.T, low, high), by_cv2(line.T, low, high), "spiral, transposed")
    for src in (noise((90, 120)), noise((90, 120, 3)) // 2):
        dx = src.astype(np.int16) - 90
        assert_same(canny(src, 300, 900), by_cv2(src, 300, 900), "noise")
        assert_same(canny_from_gradients(dx, dx[::-1], 60, 250), by_cv2_gradients(dx, dx[::-1], 60, 250), "gradients")


@pytest.mark.parametrize("h", [1, 2, 3, 4, 5, 16])
def test_bands_of_a_single_row(h, monkeypatch):
    """The smallest bands, in which every row touches another band."""
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 1)
    for count in {1, 2, h // 2 + 1, h}:
        cvkit.set_num_threads(count)
        for seed in range(6):
            src = noise((h, 40), seed) // 4
            assert_same(canny(src, 60, 190), by_cv2(src, 60, 190), f"{count} threads, seed {seed}")


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("room", [0, 1, 5])
def test_a_full_stack_costs_time_only(room, count, monkeypatch):
    monkeypatch.setattr(kernels, "STACK", room)
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 1)
    cvkit.set_num_threads(count)
    _, line, low, high = long_way(90, 130)
    for src, *pair in (
        (line, low, high),
        (noise((60, 80)), 200, 900),
        (photo("camera.png", gray=True)[:128, :160], 30, 120),
    ):
        assert_same(canny(src, *pair), by_cv2(src, *pair), f"stack of {room}")


def test_scratch_may_hold_anything(monkeypatch):
    """Neither the map nor the rows of an earlier call show in a result."""

    def poisoned(shape, dtype=float):
        block = np.zeros(shape, dtype)
        block.view(np.uint8)[...] = noise(block.view(np.uint8).shape) % 8 if dtype == np.uint8 else 0x55
        return block

    monkeypatch.setattr(threads.Cpu, "take", lambda self, size: poisoned(size, np.uint8))
    own_numpy = type(np)("numpy")
    vars(own_numpy).update(vars(np), empty=poisoned)
    monkeypatch.setattr(threads, "np", own_numpy)
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 1)
    for count in (1, 4):
        cvkit.set_num_threads(count)
        for shape in ((1, 1), (7, 30), (30, 7, 3), (33, 64, 4)):
            src = noise(shape)
            for aperture, l2 in ((3, False), (5, True), (7, False)):
                low, high = 150 * SCALE[aperture], 600 * SCALE[aperture]
                got = canny(src, low, high, aperture=aperture, l2_gradient=l2)
                assert_same(got, by_cv2(src, low, high, aperture, l2), f"{shape}, {aperture}, {count} threads")


def test_out_takes_the_result():
    src = noise((40, 50))
    want = by_cv2(src, 200, 600)
    wide = np.full((80, 100), 7, np.uint8)
    for out in (
        np.empty((40, 50), np.uint8),
        wide[::2, ::2],
        np.empty((50, 40), np.uint8).T,
        wide[40:, 50:][::-1, ::-1],
    ):
        assert canny(src, 200, 600, out=out) is out
        assert_same(out, want)
    assert (wide[1:40:2] == 7).all(), "nothing is written between the elements of out"


BUFFER = np.zeros((40, 200, 4), np.uint8)


@pytest.mark.parametrize(
    ("src", "out"),
    [
        pytest.param(BUFFER[:, :50, 0].copy(), None, id="the input"),
        pytest.param(BUFFER[:, :, 0], BUFFER[:, :, 0], id="a strided input"),
        pytest.param(BUFFER[::-1, :, 0], BUFFER[:, :, 0], id="a flipped input"),
        pytest.param(BUFFER[:, :, :3], BUFFER[:, :, 1], id="a channel of the input"),
        pytest.param(
            BUFFER.ravel()[:8000].reshape(40, 200), BUFFER.ravel()[7999:15999].reshape(40, 200), id="one byte"
        ),
    ],
)
def test_out_that_overlaps_an_input(src, out):
    out = src if out is None else out
    before = src.tobytes()
    with pytest.raises(
        cvkit.ArgumentError, match=r"^canny: out overlaps an input; it takes an array with memory of its own\.$"
    ):
        canny(src, 50, 150, out=out)
    assert src.tobytes() == before


IMAGE = noise((8, 9))
GPU = type(
    "Tensor", (), {"__cuda_array_interface__": {"shape": (8, 9), "typestr": "|u1", "data": (0, False), "version": 3}}
)()
SIZES = "it takes (H, W) or (H, W, C) with C = 1, 2, 3 or 4."
CONVERT = "it takes uint8. Convert it yourself: cvkit never rescales pixel values."
MASKED = "Pass src.data or src.filled(value)."
OUT = "a NumPy array of shape (8, 9) and dtype uint8."
WRONG_TYPES = [
    ({"src": IMAGE.astype(np.float64)}, f"src has dtype float64; {CONVERT}"),
    ({"src": IMAGE > 9}, f"src has dtype bool; {CONVERT}"),
    ({"src": IMAGE.astype(object)}, f"src has dtype object; {CONVERT}"),
    ({"src": HostTensor(IMAGE.astype(np.float32))}, f"src has dtype float32; {CONVERT}"),
    ({"src": IMAGE.tolist()}, "src is a list; it takes an array of uint8. Pass numpy.asarray(src, numpy.uint8)."),
    (
        {"src": Image.new("L", (4, 3))},
        "src is a PIL image; it takes an array. Pass numpy.asarray(src), whose channels are RGB, not BGR.",
    ),
    ({"src": "a.png"}, "src is 'a.png'; it takes an array. Read a file with cvkit.imread."),
    (
        {"src": pathlib.PurePosixPath("a.png")},
        "src is a pathlib.PurePosixPath; it takes an array. Read a file with cvkit.imread.",
    ),
    ({"src": None}, "src is None; it takes an array of uint8."),
    ({"src": np.ndarray}, "src is a type; it takes an array of uint8."),
    (
        {"src": np.ma.array(IMAGE)},
        f"src is a masked array, whose mask would be lost; it takes a plain array. {MASKED}",
    ),
    ({"low": "50"}, "low is '50'; it takes a number."),
    ({"high": None}, "high is None; it takes a number."),
    ({"low": True}, "low is True; it takes a number."),
    ({"low": np.array(5.0)}, "low is a numpy.ndarray; it takes a number."),
    ({"l2_gradient": "yes"}, "l2_gradient is 'yes'; it takes True or False."),
    ({"l2_gradient": 2}, "l2_gradient is 2; it takes True or False."),
    ({"out": []}, f"out is a list; it takes {OUT}"),
    ({"out": np.empty((8, 9), np.int8)}, "out has dtype int8; the result has uint8."),
]
WRONG_VALUES = [
    ({"src": IMAGE[:0]}, "src is empty: shape (0, 9); it takes an image of at least one pixel."),
    ({"src": IMAGE[:, :0, None]}, "src is empty: shape (8, 0, 1); it takes an image of at least one pixel."),
    ({"src": IMAGE[0]}, f"src has shape (9,); {SIZES}"),
    ({"src": IMAGE[None, ..., None]}, f"src has shape (1, 8, 9, 1); {SIZES} Pass the images of a batch one by one."),
    (
        {"src": np.stack([IMAGE] * 3)},
        f"src has shape (3, 8, 9); {SIZES} If the channels stand first, pass numpy.moveaxis(src, 0, -1).",
    ),
    ({"src": np.dstack([IMAGE] * 5)}, f"src has shape (8, 9, 5); {SIZES}"),
    ({"aperture": 4}, "aperture is 4; it takes 3, 5 or 7."),
    ({"aperture": True}, "aperture is True; it takes 3, 5 or 7."),
    ({"aperture": "3"}, "aperture is '3'; it takes 3, 5 or 7."),
    ({"aperture": 3.0}, "aperture is 3.0; it takes 3, 5 or 7."),
    ({"low": float("nan")}, "low is nan; it takes a finite number."),
    ({"high": -np.inf}, "high is -inf; it takes a finite number."),
    ({"device": "gpu"}, "device is 'gpu'; it takes auto, cpu or cuda."),
    ({"device": None}, "device is None; it takes auto, cpu or cuda."),
    ({"out": np.empty((9, 8), np.uint8)}, "out has shape (9, 8); the result has (8, 9)."),
    ({"out": np.broadcast_to(np.uint8(0), (8, 9))}, "out is read-only; it takes an array that can be written."),
]
THERE = "the image lies on a GPU and device is cpu; copy it to host memory first."
ON_A_GPU = [(cvkit.DeviceError, {"src": GPU, "device": "cpu"}, THERE)]


@pytest.mark.parametrize(
    ("kind", "options", "text"),
    [(cvkit.DtypeError, *w) for w in WRONG_TYPES] + [(cvkit.ArgumentError, *w) for w in WRONG_VALUES] + ON_A_GPU,
)
def test_error(kind, options, text):
    with pytest.raises(cvkit.CvkitError) as caught:
        canny(**{"src": IMAGE, "low": 1, "high": 2} | options)
    assert str(caught.value) == f"canny: {text}"
    assert type(caught.value) is kind


def test_errors_of_gradients():
    dx = np.zeros((8, 9), np.int16)
    sizes = "dx is 8 x 9 with 1 channel and dy is 8 x 9 with 3 channels"
    with pytest.raises(cvkit.ArgumentError, match=f"^canny_from_gradients: {sizes}; they take one size.$"):
        canny_from_gradients(dx, np.zeros((8, 9, 3), np.int16), 1, 2)
    with pytest.raises(cvkit.DtypeError, match=r"^canny_from_gradients: dy has dtype float32; it takes int16\. "):
        canny_from_gradients(dx, dx.astype(np.float32), 1, 2)
