"""Morphology: what is particular to it. Every expected value comes from cv2."""

import cv2
import numpy as np
import pytest
from cvkit_cpu import morphology as kernels
from hypothesis import given, settings
from hypothesis import strategies as st
from support import HostTensor, assert_same, large_photo, noise, photo

import cvkit
from cvkit.morphology import (
    BORDERS,
    DTYPES,
    OPS,
    SHAPES,
    dilate,
    erode,
    get_structuring_element,
    morphology_ex,
    morphology_stages,
)
from cvkit.parity.images import layouts
from cvkit.run import threads

CODES = {"constant": 0, "replicate": 1, "reflect": 2, "reflect101": 4}
BOTH = pytest.mark.parametrize("function", [erode, dilate])


def pixels(shape, dtype, seed=0):
    """Noise over the range of an integer dtype, over -1 to 1 for a float."""
    if np.issubdtype(dtype, np.integer):
        return noise(shape, seed, dtype)
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(dtype)


def by_cv2(op, src, kernel=None, anchor=(-1, -1), iterations=1, border="constant", border_value=None):
    options = {"anchor": anchor, "iterations": iterations, "borderType": CODES[border]}
    if border_value is not None:
        options["borderValue"] = (border_value,) * 4 if np.isscalar(border_value) else border_value
    plain = np.ascontiguousarray(src)
    if op in ("erode", "dilate"):
        return getattr(cv2, op)(plain, kernel, **options).reshape(src.shape)
    return cv2.morphologyEx(plain, OPS.index(op), kernel, **options).reshape(src.shape)


@st.composite
def cases(draw, ops):
    """An operation on an image of any dtype, size, channels and strides, by any element."""
    dtype = draw(st.sampled_from(DTYPES))
    shape = (draw(st.integers(1, 50)), draw(st.integers(1, 70)))
    cn = draw(st.integers(1, 4))
    seed = draw(st.integers(0, 2**32 - 1))
    src = pixels(shape if cn == 1 else (*shape, cn), dtype, seed)
    kinds = [src, *layouts(src)]
    src = kinds[draw(st.integers(0, 7)) % len(kinds)]
    ksize = draw(st.integers(1, 20)), draw(st.integers(1, 20))
    shape = draw(st.sampled_from((*SHAPES, "rect", "noise")))
    if shape == "noise":
        kernel = (np.random.default_rng(seed).random(ksize[::-1]) < draw(st.floats(0, 1))).astype(np.uint8)
    else:
        kernel = get_structuring_element(shape, ksize)
    anchor = draw(st.just((-1, -1)) | st.tuples(st.integers(0, ksize[0] - 1), st.integers(0, ksize[1] - 1)))
    border = draw(st.sampled_from(BORDERS))
    value = draw(st.none() | st.floats(-300, 70000)) if border == "constant" else None
    options = {"kernel": kernel, "anchor": anchor, "border": border, "border_value": value}
    return draw(st.sampled_from(ops)), src, options | {"iterations": draw(st.sampled_from((1, 1, 1, 2, 3)))}


@settings(max_examples=400)
@given(cases(("erode", "dilate")))
def test_any_image_and_element(case):
    op, src, options = case
    before = src.tobytes()
    assert_same(getattr(cvkit.morphology, op)(src, **options), by_cv2(op, src, **options), options)
    assert src.tobytes() == before


@settings(max_examples=300)
@given(cases(OPS[2:-1]))
def test_any_compound_operation(case):
    op, src, options = case
    before = src.tobytes()
    want = by_cv2(op, src, **options)
    assert_same(morphology_ex(src, op, **options), want, (op, options))
    assert src.tobytes() == before


@settings(max_examples=40)
@given(cases(OPS[:-1]))
def test_stages_end_in_the_result(case):
    op, src, options = case
    stages = morphology_stages(src, op, **options)
    assert_same(stages.result, morphology_ex(src, op, **options), (op, options))


def test_stages_are_the_steps():
    src = noise((40, 50))
    stages = morphology_stages(src, "tophat", np.ones((5, 5)))
    assert_same(stages.eroded, cv2.erode(src, np.ones((5, 5), np.uint8)))
    assert_same(stages.opened, cv2.morphologyEx(src, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)))
    assert stages.dilated is None
    stages = morphology_stages(src, "gradient")
    assert_same(stages.eroded, cv2.erode(src, None))
    assert_same(stages.dilated, cv2.dilate(src, None))


@settings(max_examples=150)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.integers(0, 2**32 - 1),
    st.sampled_from(BORDERS),
    st.integers(1, 2),
)
def test_any_pattern(shape, ksize, seed, border, iterations):
    random = np.random.default_rng(seed)
    src = random.choice(np.array([0, 255, 9], np.uint8), shape, p=(0.45, 0.45, 0.1))
    kernel = random.integers(-1, 2, ksize[::-1]).astype(np.int32)
    options = {"kernel": kernel, "border": border, "iterations": iterations}
    assert_same(morphology_ex(src, "hitmiss", **options), by_cv2("hitmiss", src, **options), options)
    stages = morphology_stages(src, "hitmiss", **options)
    if kernel.any():
        assert_same(stages.hits & stages.misses, stages.result)


@BOTH
@pytest.mark.parametrize("dtype", DTYPES)
def test_elements_larger_than_the_image(function, dtype):
    for shape in ((1, 1), (1, 6), (6, 1), (2, 3, 3), (5, 4)):
        src = pixels(shape, dtype)
        for border in BORDERS:
            for element, ksize, anchor in (
                ("rect", (61, 35), (-1, -1)),
                ("rect", (40, 1), (39, 0)),
                ("cross", (33, 45), (2, 40)),
                ("ellipse", (21, 21), (0, 20)),
            ):
                options = {"kernel": get_structuring_element(element, ksize), "anchor": anchor, "border": border}
                assert_same(function(src, **options), by_cv2(function.__name__, src, **options), (shape, options))


@pytest.mark.parametrize("border", BORDERS)
def test_no_element(border):
    """None is a square of 3 x 3: erode and dilate put its anchor in the middle, morphology_ex where it is told."""
    src = noise((12, 17))
    for iterations in (0, 1, 3):
        for anchor in ((-1, -1), (0, 2)):
            options = {"anchor": anchor, "iterations": iterations, "border": border}
            assert_same(erode(src, **options), by_cv2("erode", src, **options), options)
            assert_same(dilate(src, **options), by_cv2("dilate", src, **options), options)
            for number, op in enumerate(OPS[:-1]):
                code = CODES[border]
                want = cv2.morphologyEx(src, number, None, anchor=anchor, iterations=iterations, borderType=code)
                assert_same(morphology_ex(src, op, **options), want, (op, options))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_infinite_values(dtype):
    """The default border is the largest finite number, as in OpenCV."""
    src = pixels((9, 11), dtype)
    src[2:7, 3:9], src[4:9, :3] = np.inf, -np.inf
    for op in ("erode", "dilate", "open", "close"):
        assert_same(morphology_ex(src, op, np.ones((3, 5))), by_cv2(op, src, np.ones((3, 5), np.uint8)), op)
        assert_same(morphology_ex(np.full_like(src, np.inf), op), by_cv2(op, np.full_like(src, np.inf)), op)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_constant_image_stays_constant(dtype):
    src = np.full((19, 23, 3), 101, dtype)
    for shape in SHAPES:
        for border in BORDERS:
            kernel = get_structuring_element(shape, (7, 5))
            for op in ("erode", "dilate", "open", "close"):
                assert (morphology_ex(src, op, kernel, border=border) == 101).all()
            assert (morphology_ex(src, "gradient", kernel, border=border) == 0).all()


def test_order_and_idempotence():
    """An opening lies below the image and a closing above it, and neither changes its own result."""
    src = photo("camera.png", gray=True)[:200, :301]
    for shape in SHAPES:
        kernel = get_structuring_element(shape, 9)
        opened, closed = morphology_ex(src, "open", kernel), morphology_ex(src, "close", kernel)
        assert (opened <= src).all()
        assert (closed >= src).all()
        assert_same(morphology_ex(opened, "open", kernel), opened)
        assert_same(morphology_ex(closed, "close", kernel), closed)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_large_images_on_any_number_of_threads(count, monkeypatch):
    """1080p is cut as it is; the others because bands of any height are allowed. cv2 on one thread: on several, tiles
    of large images meet the border inside the image where the anchor is off the middle.
    """
    cvkit.set_num_threads(count)
    cv2.setNumThreads(1)
    src = large_photo()
    cut = []
    split = threads.Cpu.split
    monkeypatch.setattr(threads.Cpu, "split", lambda self, rows, ns: cut.append(split(self, rows, ns)) or cut[-1])
    disk, square = get_structuring_element("ellipse", 15), np.ones((15, 15), np.uint8)
    assert_same(erode(src, disk, anchor=(0, 3)), by_cv2("erode", src, disk, (0, 3)))
    assert len(cut[-1]) == count, "the image is too small to be cut"
    for kernel in (disk, square):
        assert_same(morphology_ex(src, "tophat", kernel), by_cv2("tophat", src, kernel))
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 1)
    for dtype in ("uint8", "float32"):
        for shape in ((1, 40), (5, 33), (7, 3), (64, 50, 3)):
            small = pixels(shape, dtype)
            for border in BORDERS:
                for element, ksize, anchor in (
                    ("rect", (3, 3), (0, 2)),
                    ("rect", (5, 5), (4, 1)),
                    ("rect", (7, 3), (0, 1)),
                    ("rect", (4, 9), (3, 8)),
                    ("cross", 7, (6, 0)),
                ):
                    kernel = get_structuring_element(element, ksize)
                    for op in ("erode", "close", "gradient", "tophat"):
                        options = {"kernel": kernel, "anchor": anchor, "border": border}
                        assert_same(morphology_ex(small, op, **options), by_cv2(op, small, **options), (op, options))


@pytest.mark.parametrize("rings", [1 << 22, 1])
def test_steps_take_turns(rings, monkeypatch):
    """On tall images, of which a step keeps some rows only; and with so little memory that they are gone over again."""
    monkeypatch.setattr(kernels, "RINGS", rings)
    src = noise((500, 7))
    for shape, ksize, anchor in (("rect", (3, 5), (2, 0)), ("cross", (3, 9), (0, 8)), ("diamond", (2, 20), (1, 0))):
        kernel = get_structuring_element(shape, ksize)
        for turn, op in enumerate(OPS[:-1]):
            for iterations in (1, 2, 5):
                border = BORDERS[(turn + iterations) % 4]
                options = {"kernel": kernel, "anchor": anchor, "border": border, "iterations": iterations}
                assert_same(morphology_ex(src, op, **options), by_cv2(op, src, **options), (op, options))


def test_scratch_may_hold_anything(monkeypatch):
    """The rows of an earlier call never show in a result."""

    def poisoned(shape, dtype=float):
        block = np.zeros(shape, dtype)
        block.view(np.uint8)[...] = 0xA5
        return block

    own_numpy = type(np)("numpy")
    vars(own_numpy).update(vars(np), empty=poisoned)
    monkeypatch.setattr(threads, "np", own_numpy)
    for shape in ((1, 1), (7, 30), (30, 7, 3), (33, 64, 4)):
        src = noise(shape)
        for border in BORDERS:
            for element, ksize in (("rect", (3, 3)), ("rect", (1, 7)), ("rect", (9, 6)), ("diamond", (7, 9))):
                kernel = get_structuring_element(element, ksize)
                for op in ("dilate", "open", "blackhat"):
                    got = morphology_ex(src, op, kernel, border=border)
                    assert_same(got, by_cv2(op, src, kernel, border=border), (shape, border, op))


def test_wide_images_go_in_tiles():
    """By elements of many rows and lengths only some columns are made at once."""
    for src in (noise((70, 3001)), noise((40, 1001, 3))):
        kernel = get_structuring_element("ellipse", (63, 61))
        assert_same(dilate(src, kernel), by_cv2("dilate", src, kernel))


def test_elements_of_any_kind():
    """Any number but 0 belongs to the element; one dimension is a row."""
    src = noise((20, 30))
    cross = get_structuring_element("cross", 5)
    want = by_cv2("erode", src, cross)
    for kernel in (cross * 7, cross.astype(bool), cross.astype(np.float64), cross.tolist(), -cross.astype(np.int32)):
        assert_same(erode(src, kernel), want)
    assert_same(erode(src, [1, 1, 1]), by_cv2("erode", src, np.ones(3, np.uint8)))


def test_border_values():
    src = noise((6, 7, 3))
    for value in (0, 7, 255, 300.6, -4, 100.5, (1, 2, 3), [9.0, 0, 255, 3], np.array([5, 6, 7])):
        given = tuple(np.ravel(value).tolist()) if np.ndim(value) else (value,) * 4
        assert_same(dilate(src, border_value=value), by_cv2("dilate", src, border_value=given), value)
        assert_same(morphology_ex(src, "open", border_value=value), by_cv2("open", src, border_value=given), value)
    assert_same(dilate(src, border_value=np.finfo(float).max), by_cv2("dilate", src))


def test_other_ways_to_say_it():
    src = noise((20, 30))
    for number, op in enumerate(OPS):
        kernel = np.ones((3, 3), np.uint8)
        want = by_cv2(op, src, kernel)
        assert_same(morphology_ex(src, op, kernel), want, op)
        assert_same(morphology_ex(src, np.int64(number), kernel), want, op)
    assert_same(erode(src, border=cv2.BORDER_REPLICATE | 16), by_cv2("erode", src, border="replicate"))
    assert_same(erode(HostTensor(src)), by_cv2("erode", src))
    assert_same(erode(src.astype(">u2")), by_cv2("erode", src.astype(np.uint16)))
    assert_same(get_structuring_element(cv2.MORPH_ELLIPSE, 7), get_structuring_element("ellipse", (7, 7)))


def test_out_takes_the_result():
    src = noise((40, 50))
    want = by_cv2("open", src)
    wide = np.full((80, 100), 7, np.uint8)
    for out in (np.empty_like(src), wide[::2, ::2], np.empty((50, 40), np.uint8).T):
        assert morphology_ex(src, "open", out=out) is out
        assert_same(out, want)
    assert (wide[1::2] == 7).all(), "nothing is written between the elements of out"


@given(st.sampled_from(SHAPES), st.tuples(st.integers(1, 130), st.integers(1, 130)), st.data())
def test_any_element_by_name(shape, ksize, data):
    anchor = data.draw(st.tuples(st.integers(0, ksize[0] - 1), st.integers(0, ksize[1] - 1)))
    want = cv2.getStructuringElement(SHAPES.index(shape), ksize, anchor=anchor)
    assert_same(get_structuring_element(shape, ksize, anchor=anchor), want)


IMAGE = noise((8, 9))
ERRORS = [
    (
        {"src": IMAGE.astype(np.int8)},
        "src has dtype int8; it takes uint8, uint16, int16, float32 or float64. Convert it yourself: cvkit never "
        "rescales pixel values.",
    ),
    ({"src": IMAGE[:0]}, "src is empty: shape (0, 9); it takes an image of at least one pixel."),
    ({"kernel": "rect"}, "kernel is 'rect'; it takes an array (height, width) of numbers, or None."),
    ({"kernel": np.ones((2, 2, 2))}, "kernel has shape (2, 2, 2); it takes an array (height, width) of numbers."),
    ({"kernel": np.ones((0, 3))}, "kernel has shape (0, 3); it takes an array (height, width) of numbers."),
    ({"anchor": (3, 0)}, "anchor is (3, 0); it takes a place in the 3 x 3 kernel."),
    ({"anchor": 1}, "anchor is 1; it takes two whole numbers (x, y)."),
    ({"iterations": -1}, "iterations is -1; it takes a whole number from 0."),
    ({"iterations": 1.0}, "iterations is 1.0; it takes a whole number."),
    (
        {"iterations": 20000},
        "kernel is 3 x 3 and iterations is 20000; together they make elements of at most 32767 pixels a side.",
    ),
    ({"border": "wrap"}, "border is 'wrap'; it takes constant, replicate, reflect or reflect101."),
    ({"border_value": float("nan")}, "border_value is nan; it takes a finite number."),
    ({"border_value": "7"}, "border_value is '7'; it takes a number."),
    ({"border_value": (1, 2)}, "border_value has 2 numbers; it takes one, or one a channel."),
    ({"device": "gpu"}, "device is 'gpu'; it takes auto, cpu or cuda."),
    ({"out": np.empty((8, 9), np.uint16)}, "out has dtype uint16; the result has uint8."),
    ({"out": IMAGE}, "out overlaps an input; it takes an array with memory of its own."),
]


@pytest.mark.parametrize(("options", "text"), ERRORS)
def test_error(options, text):
    for function, more in ((erode, {}), (dilate, {}), (morphology_ex, {"op": "open"})):
        with pytest.raises(cvkit.CvkitError) as caught:
            function(**{"src": IMAGE} | more | options)
        assert str(caught.value) == f"{function.__name__}: {text}"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"op": "thin"},
            "op is 'thin'; it takes erode, dilate, open, close, gradient, tophat, blackhat, hitmiss, 0, 1, 2, 3, 4, 5, "
            "6 or 7.",
        ),
        ({"op": "hitmiss", "src": IMAGE.astype(np.int16)}, "src has dtype int16; hitmiss takes uint8."),
        ({"op": "hitmiss", "src": np.dstack([IMAGE] * 3)}, "src has 3 channels; hitmiss takes one."),
    ],
)
def test_error_of_compound_operations(options, text):
    with pytest.raises(cvkit.CvkitError) as caught:
        morphology_ex(**{"src": IMAGE} | options)
    assert str(caught.value) == f"morphology_ex: {text}"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"shape": "disk"}, "shape is 'disk'; it takes rect, cross, ellipse, diamond, 0, 1, 2 or 3."),
        ({"ksize": (0, 3)}, "ksize is (0, 3); it takes a width and a height, whole numbers from 1 on."),
        ({"anchor": (5, 0)}, "anchor is (5, 0); it takes a place in the 5 x 5 kernel."),
        ({"device": "gpu"}, "device is 'gpu'; it takes auto, cpu or cuda."),
        ({"out": np.empty((5, 4), np.uint8)}, "out has shape (5, 4); the result has (5, 5)."),
    ],
)
def test_error_of_elements(options, text):
    with pytest.raises(cvkit.CvkitError) as caught:
        get_structuring_element(**{"shape": "rect", "ksize": 5} | options)
    assert str(caught.value) == f"get_structuring_element: {text}"
