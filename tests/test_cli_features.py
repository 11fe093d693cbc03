"""The commands of derivatives, morphology and corners: formats that results are written in, drawings and JSON."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from cvkit._cli import main

DATA = Path(__file__).parent.parent / "data"
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (5, 5))
PATTERN = np.array([[0, 1, 0], [-1, 1, 1], [-1, -1, 0]], np.int32)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def succeeds(*arguments):
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    return result


def load(path):
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image


def in_words(command):
    """Words at blanks, but what stands between | is one."""
    return [w for i, part in enumerate(command.split("|")) for w in ([part] if i % 2 else part.split())]


KEEPS_DEPTH = {
    "erode --ksize 5x3": lambda image: cv2.erode(image, np.ones((3, 5), np.uint8)),
    "dilate --shape ellipse --ksize 7 --iterations 2": lambda image: cv2.dilate(
        image, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)), iterations=2
    ),
    "dilate --kernel |1 0 1| --anchor 0,0": lambda image: cv2.dilate(
        image, np.array([[1, 0, 1]], np.uint8), anchor=(0, 0)
    ),
    "open --shape cross --ksize 5": lambda image: cv2.morphologyEx(image, cv2.MORPH_OPEN, CROSS),
    "close --shape cross --ksize 5": lambda image: cv2.morphologyEx(image, cv2.MORPH_CLOSE, CROSS),
    "gradient": lambda image: cv2.morphologyEx(image, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)),
    "tophat --ksize 15": lambda image: cv2.morphologyEx(image, cv2.MORPH_TOPHAT, np.ones((15, 15), np.uint8)),
    "blackhat --ksize 15 --border replicate": lambda image: cv2.morphologyEx(
        image, cv2.MORPH_BLACKHAT, np.ones((15, 15), np.uint8), borderType=cv2.BORDER_REPLICATE
    ),
}


@pytest.mark.parametrize("command", KEEPS_DEPTH)
@pytest.mark.parametrize("name", ["camera.png", "chelsea_alpha.png", "coffee16.png"])
def test_morphology_gives_what_opencv_gives(command, name):
    words = in_words(command)
    succeeds(words[0], DATA / name, *words[1:], "-o", "out.png")
    source = load(DATA / name)
    alpha = source[..., 3:] if source.ndim == 3 else source[..., :0]
    want = KEEPS_DEPTH[command](source if source.ndim == 2 else np.ascontiguousarray(source[..., :3]))
    assert np.array_equal(load("out.png"), np.dstack([want, alpha]) if alpha.size else want)


def test_hitmiss_is_gray_and_asks_for_a_kernel():
    mask = np.where(load(DATA / "camera.png") > 100, 255, 0).astype(np.uint8)
    cv2.imwrite("mask.png", np.dstack([mask] * 3))
    succeeds("hitmiss", "mask.png", "--kernel", "0 1 0; -1 1 1; -1 -1 0", "-o", "out.png")
    assert np.array_equal(load("out.png"), cv2.morphologyEx(mask, cv2.MORPH_HITMISS, PATTERN))
    result = run("hitmiss", "mask.png")
    assert result.exit_code == 2
    assert "give --kernel" in result.stderr


RAW = {
    "sobel --dx 1": lambda image: cv2.Sobel(image, cv2.CV_16S, 1, 0),
    "sobel --dx 1 --dy 1 --ksize 5 --border replicate": lambda image: cv2.Sobel(
        image, cv2.CV_16S, 1, 1, ksize=5, borderType=cv2.BORDER_REPLICATE
    ),
    "scharr --dy 1": lambda image: cv2.Scharr(image, cv2.CV_16S, 0, 1),
    "laplacian --ksize 3 --delta 7": lambda image: cv2.Laplacian(image, cv2.CV_16S, ksize=3, delta=7),
    "sobel-diagonal --angle 45": None,
}


@pytest.mark.parametrize("command", RAW)
@pytest.mark.parametrize("name", ["camera.png", "chelsea.png"])
def test_signed_results_are_kept_in_tiff(command, name):
    words = command.split()
    source = load(DATA / name)
    cv2.imwrite("in.png", source)
    succeeds(words[0], "in.png", *words[1:])
    got = load(f"in.{words[0]}.tif")
    assert got.dtype == np.int16
    if RAW[command]:
        assert np.array_equal(got, RAW[command](source))
    values = got.astype(np.float64)
    succeeds(words[0], "in.png", *words[1:], "--view", "abs")
    assert np.array_equal(load(f"in.{words[0]}.png"), np.rint(np.abs(values) * (255 / np.abs(values).max())))
    succeeds(words[0], "in.png", *words[1:], "--view", "norm", "-o", "norm.jpg")
    assert load("norm.jpg").shape == source.shape


def test_results_of_deep_images():
    """Derivatives of 16-bit images are float32; scaled for looking they have 16 bits again."""
    succeeds("sobel", DATA / "camera16.png", "--dx", 1, "-o", "raw.tif")
    want = cv2.Sobel(load(DATA / "camera16.png"), cv2.CV_32F, 1, 0)
    assert np.array_equal(load("raw.tif"), want)
    succeeds("sobel", DATA / "camera16.png", "--dx", 1, "--view", "norm", "-o", "norm.png")
    got = load("norm.png")
    assert got.dtype == np.uint16
    assert (got.min(), got.max()) == (0, 65535)


def test_signed_results_never_go_where_they_do_not_fit():
    result = run("sobel", DATA / "camera.png", "--dx", 1, "-o", "out.png")
    assert result.exit_code == 2
    assert "--view abs or --view norm" in result.stderr
    assert not any(Path().iterdir())


def test_sobel_asks_for_an_order():
    result = run("sobel", DATA / "camera.png")
    assert result.exit_code == 2
    assert "give --dx, --dy or both" in result.stderr


def test_standard_output_holds_what_the_file_would():
    content = CliRunner().invoke(main, ["sobel", str(DATA / "camera.png"), "--dx", "1", "-o", "-"]).stdout_bytes
    got = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(got, cv2.Sobel(load(DATA / "camera.png"), cv2.CV_16S, 1, 0))


def test_harris():
    source = load(DATA / "camera.png")
    succeeds("harris", DATA / "camera.png", "-o", "raw.tif", "--stages", "steps.png")
    want = cv2.cornerHarris(source, 2, 3, 0.04)
    assert np.abs(load("raw.tif") - want).max() <= 1e-5 * np.abs(want).max()
    assert load("steps.png").ndim == 3
    succeeds("harris", DATA / "camera.png", "--draw", "--distance", 20, "-o", "marked.png")
    marked = load("marked.png")
    assert marked.shape == (*source.shape, 3)
    touched = np.any(marked != source[..., None], axis=2)
    assert touched.any()
    assert touched.mean() < 0.2


def test_corners_are_drawn_or_printed():
    source = load(DATA / "camera.png")
    want = cv2.goodFeaturesToTrack(source, 40, 0.05, 12)[:, 0]
    options = ["--max-corners", 40, "--quality-level", 0.05, "--min-distance", 12]
    printed = succeeds("corners", DATA / "camera.png", *options, "--json").stdout
    record = json.loads(printed)
    assert record["image"].endswith("camera.png")
    assert np.array_equal(np.array(record["corners"], np.float32), want)
    assert not any(Path().iterdir())
    both = succeeds("corners", DATA / "camera.png", *options, "--json", "-o", "marked.png").stdout
    assert both == printed
    marked = load("marked.png")
    x, y = want[0].astype(int)
    assert np.any(marked[y - 4 : y + 5, x - 4 : x + 5] != source[y - 4 : y + 5, x - 4 : x + 5, None])
    mask = np.zeros_like(source)
    mask[:100, :80] = 255
    cv2.imwrite("mask.png", mask)
    record = json.loads(succeeds("corners", DATA / "camera.png", *options, "--mask", "mask.png", "--json").stdout)
    assert np.array_equal(
        np.array(record["corners"], np.float32), cv2.goodFeaturesToTrack(source, 40, 0.05, 12, mask=mask)[:, 0]
    )


def test_json_of_several_images_is_in_their_order():
    for i in range(5):
        cv2.imwrite(f"{i}.png", np.roll(load(DATA / "camera.png"), 10 * i, axis=1))
    lines = succeeds("corners", ".", "--json", "--threads", 2).stdout.splitlines()
    assert [Path(json.loads(line)["image"]).name for line in lines] == [f"{i}.png" for i in range(5)]


@pytest.mark.parametrize("command", ["open", "tophat", "gradient", "close", "blackhat", "magnitude"])
def test_stages(command):
    succeeds(command, DATA / "camera.png", "-o", "out.tif", "--stages", "steps.png")
    assert load("steps.png").ndim == 3
