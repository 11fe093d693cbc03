"""Points and pictures that the tests of shapes and contours share."""

import cv2
import numpy as np
from hypothesis import strategies as st

from cvkit.parity.images import layouts, spiral

NAN = np.array([[0, 0], [np.nan, 1], [2, 2]], np.float32)
INF = np.array([[0, 0], [np.inf, 1], [2, 2]], np.float32)
POINTS = np.array([[0, 0], [5, 1], [4, 4], [2, 2], [0, 5]], np.int32)


def poisoned(shape, dtype=float):
    """numpy.empty with contents that no kernel may mistake for its own."""
    block = np.zeros(shape, dtype)
    block.view(np.uint8)[...] = 0xFF
    return block


def poison(monkeypatch, *modules):
    """Let modules, and the scratch of threads, have such memory."""
    from cvkit.run import threads

    own_numpy = type(np)("numpy")
    vars(own_numpy).update(vars(np), empty=poisoned)
    for module in (threads, *modules):
        monkeypatch.setattr(module, "np", own_numpy)
    monkeypatch.setattr(threads.Cpu, "take", lambda self, size: poisoned(size, np.uint8))


@st.composite
def clouds(draw, most=80):
    """int32 or float32 points, with many equal ones and lines; any layout."""
    n = draw(st.integers(1, most))
    reach = draw(st.sampled_from((1, 2, 6, 100, 10**6, 2**28)))
    flat = draw(st.lists(st.integers(-reach, reach), min_size=2 * n, max_size=2 * n))
    points = np.array(flat, np.int64).reshape(n, 2)
    if draw(st.booleans()):
        points[:, 1] = points[:, 0] * draw(st.integers(-2, 2))
    if draw(st.booleans()):
        points = np.concatenate([points, points[::-1]])
    if draw(st.booleans()):
        return points.astype(np.int32)
    points = points * draw(st.sampled_from((1.0, 0.1, 1 / 3, 1e-30, 1e20)))
    return np.asarray(points, np.float32)[:: draw(st.sampled_from((1, -1, 2)))]


@st.composite
def pictures(draw, most=40):
    """uint8 images of objects, noise of any density; any strides."""
    h, w = draw(st.integers(1, most)), draw(st.integers(1, most))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = random.random((h, w))
    if draw(st.booleans()):
        values = cv2.GaussianBlur(values, (0, 0), 1.2)
    image = (values > draw(st.sampled_from((0.1, 0.4, 0.5, 0.6, 0.95)))).astype(np.uint8) * 77
    return [image, *layouts(image)][draw(st.integers(0, 6))]


def adversarial(h, w):
    y, x = np.mgrid[:h, :w]
    yield "checkerboard", (x + y) % 2
    yield "dots", (x % 2) * (y % 2)
    yield "holes", 1 - (x % 2) * (y % 2)
    yield "comb", (x % 2 == 0) | (y == h - 1)
    yield "double comb", (x % 4 == 0) & (y > 0) | (x % 4 == 2) & (y < h - 1) | (y == 0) | (y == h - 1)
    yield "spiral", spiral(h, w)
    yield "rings", np.minimum(np.minimum(x, w - 1 - x), np.minimum(y, h - 1 - y)) % 2
    yield "maze", np.kron(np.random.default_rng(3).integers(0, 2, (h // 2 + 1, w // 2 + 1)), [[1, 0], [1, 1]])[:h, :w]
    yield "full", np.ones((h, w))
    yield "empty", np.zeros((h, w))
