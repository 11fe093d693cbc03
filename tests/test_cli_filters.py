"""The commands of filters: depth, channels and alpha of the image are kept, and every option reaches its operation."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from cvkit._cli import main

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def load(path):
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image


def gaussian_low_pass(plane, cutoff):
    """The textbook's filter through cv2.dft, written out."""
    h, w = plane.shape
    v, u = np.fft.fftfreq(h, 1 / h)[:, None], np.fft.fftfreq(w, 1 / w)[None]
    transfer = np.exp(-(u * u + v * v) / (2 * cutoff**2))
    spectrum = cv2.dft(plane.astype(np.float64), flags=cv2.DFT_COMPLEX_OUTPUT) * transfer[..., None]
    return cv2.idft(spectrum, flags=cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT)


def in_depth(values, dtype):
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values), limits.min, limits.max).astype(dtype)


@pytest.mark.parametrize("name", ["camera.png", "chelsea.png", "camera16.png", "coffee16.png"])
def test_lowpass_keeps_depth_and_channels(name):
    assert run("lowpass", DATA / name, "--cutoff", 20, "-o", "out.png").exit_code == 0
    source, result = load(DATA / name), load("out.png")
    planes = [gaussian_low_pass(p, 20) for p in cv2.split(source)]
    want = in_depth(planes[0] if source.ndim == 2 else np.dstack(planes), source.dtype)
    assert result.dtype == source.dtype
    assert result.shape == source.shape
    assert np.abs(result.astype(int) - want).max() <= 1  # where 1e-12 decides which way a half is rounded
    assert np.count_nonzero(result != want) < result.size / 1000


def test_alpha_is_carried_through():
    assert run("lowpass", DATA / "chelsea_alpha.png", "--cutoff", 9, "-o", "out.png").exit_code == 0
    source, result = load(DATA / "chelsea_alpha.png"), load("out.png")
    assert result.shape == source.shape
    assert np.array_equal(result[..., 3], source[..., 3])
    assert not np.array_equal(result[..., :3], source[..., :3])
    assert run("lowpass", DATA / "chelsea_alpha.png", "--cutoff", 9, "-o", "out.jpg").exit_code == 0
    assert load("out.jpg").shape == (*source.shape[:2], 3)
    assert run("lowpass", DATA / "chelsea_alpha.png", "--cutoff", 9, "--gray", "-o", "gray.png").exit_code == 0
    assert load("gray.png").ndim == 2


def test_views():
    plane = np.zeros((16, 32), np.uint8)
    plane[:, ::2] = 200
    cv2.imwrite("stripes.png", plane)
    for view, low, high in (("norm", 0, 255), ("abs", 255, 255), ("clip", 0, 100)):
        assert run("highpass", "stripes.png", "--cutoff", 2, "--view", view, "-o", f"{view}.png").exit_code == 0
        result = load(f"{view}.png")
        assert (result.min(), result.max()) == (low, high)


def test_float_images_stay_float():
    values = np.random.default_rng(1).random((20, 30)).astype(np.float32)
    cv2.imwrite("a.tif", values)
    assert run("lowpass", "a.tif", "--cutoff", 5, "-o", "out.tif").exit_code == 0
    result = load("out.tif")
    assert result.dtype == np.float32
    assert np.allclose(result, gaussian_low_pass(values, 5), atol=1e-6)


def test_each_frequency_command():
    source = DATA / "camera.png"
    cases = {
        "highpass": [],
        "bandpass": ["--width", 8],
        "bandstop": ["--width", 8, "--shape", "butterworth", "--order", 3],
        "allpass": ["--order", 1],
        "notch": ["--centers", "32,0;0,12.5", "--pad", "reflect"],
    }
    for command, options in cases.items():
        result = run(command, source, "--cutoff", 12, *options, "-o", f"{command}.png", "--stages", f"{command}.s.png")
        assert result.exit_code == 0, result.stderr
        assert load(f"{command}.png").shape == load(source).shape
        assert load(f"{command}.s.png").ndim == 3


def test_wiener():
    from scipy.signal import wiener

    assert run("wiener", DATA / "camera.png", "--ksize", "5x3", "-o", "out.png").exit_code == 0
    source = load(DATA / "camera.png")
    want = in_depth(wiener(source.astype(np.float64), (3, 5)), np.uint8)
    assert np.abs(load("out.png").astype(int) - want).max() <= 1


SHARPEN = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], np.float64)
COMMANDS = {
    "gaussian --sigma 2": lambda image: cv2.GaussianBlur(image, (0, 0), 2),
    "gaussian --ksize 5x3 --border replicate": lambda image: cv2.GaussianBlur(
        image, (5, 3), 0, borderType=cv2.BORDER_REPLICATE
    ),
    "blur --ksize 9x3 --anchor 0,2": lambda image: cv2.blur(image, (9, 3), anchor=(0, 2)),
    "box --ksize 4 --border replicate": lambda image: cv2.boxFilter(image, -1, (4, 4), borderType=cv2.BORDER_REPLICATE),
    "median --ksize 5": lambda image: cv2.medianBlur(image, 5),
    "filter --kernel |0 -1 0; -1 5 -1; 0 -1 0|": lambda image: cv2.filter2D(image, -1, SHARPEN),
    "filter --kernel sharpen.npy --anchor 0,0": lambda image: cv2.filter2D(image, -1, SHARPEN, anchor=(0, 0)),
    "filter --kernel sharpen.txt --delta 3": lambda image: cv2.filter2D(image, -1, SHARPEN, delta=3),
    "sepfilter --kernel-x |.25 .5 .25| --kernel-y |.5 .5|": lambda image: cv2.sepFilter2D(
        image, -1, np.array([0.25, 0.5, 0.25]), np.array([0.5, 0.5])
    ),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["camera.png", "chelsea_alpha.png", "camera16.png", "coffee16.png"])
def test_commands_give_what_opencv_gives(command, name):
    """In the image's own depth and channels, alpha apart."""
    np.save("sharpen.npy", SHARPEN)
    np.savetxt("sharpen.txt", SHARPEN)
    words = [w for i, part in enumerate(command.split("|")) for w in ([part] if i % 2 else part.split())]
    result = run(words[0], DATA / name, *words[1:], "-o", "out.png")
    assert result.exit_code == 0, result.stderr
    source = load(DATA / name)
    alpha = source[..., 3:] if source.ndim == 3 else source[..., :0]
    want = COMMANDS[command](source if source.ndim == 2 else np.ascontiguousarray(source[..., :3]))
    want = np.dstack([want, alpha]) if alpha.size else want
    assert np.array_equal(load("out.png"), want)


def test_bilateral_and_its_stages():
    options = ["--d", 7, "--sigma-color", 40, "--sigma-space", 3, "--stages", "steps.png"]
    result = run("bilateral", DATA / "chelsea.png", *options, "-o", "out.png")
    assert result.exit_code == 0, result.stderr
    assert np.array_equal(load("out.png"), cv2.bilateralFilter(load(DATA / "chelsea.png"), 7, 40, 3))
    assert load("steps.png").ndim == 3


def test_gaussian_asks_for_a_size():
    assert run("gaussian", DATA / "camera.png").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["bandpass", "a.png", "--cutoff", "3"], "Missing option '--width'"),
        (["notch", "a.png", "--cutoff", "3"], "Missing option '--centers'"),
        (["notch", "a.png", "--cutoff", "3", "--centers", "1;2"], '"X,Y" or "X,Y;X,Y"'),
        (["lowpass", "a.png", "--cutoff", "-3"], "not above 0"),
        (["wiener", "a.png", "--ksize", "3x3x3"], "no size such as 5 or 5x3"),
        (["blur", "a.png"], "Missing option '--ksize'"),
    ],
)
def test_wrong_usage(arguments, text):
    result = run(*arguments)
    assert result.exit_code == 2
    assert text in result.stderr
    assert not any(Path().iterdir())
