"""The commands of thresholds, regions and shapes: images, overlays and JSON, against the same steps by cv2."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from cvkit._cli import main

DATA = Path(__file__).parent.parent / "data"
CAMERA = DATA / "camera.png"


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


def otsu(kind=cv2.THRESH_BINARY):
    return cv2.threshold(load(CAMERA), 0, 255, kind | cv2.THRESH_OTSU)


def test_floodfill():
    for name, color, value in (("camera.png", "255", 255), ("chelsea.png", "0,0,255", (0, 0, 255))):
        image = np.ascontiguousarray(load(DATA / name))
        options = ["--seed", "20,10", "--color", color, "--lo", 4, "--up", 4, "--connectivity", 8]
        record = json.loads(succeeds("floodfill", DATA / name, *options, "--json", "-o", "out.png", "--force").stdout)
        diff = (4,) * 3
        area, want, _, rect = cv2.floodFill(image, None, (20, 10), value, diff, diff, flags=8)
        assert np.array_equal(load("out.png"), want)
        assert (record["area"], tuple(record["rect"])) == (area, rect)
    result = run("floodfill", CAMERA, "--seed", "5000,1", "--color", 0)
    assert result.exit_code == 1
    assert "seed is (5000, 1)" in result.stderr


def test_floodfill_keeps_to_a_mask():
    """Of the image's size, or cv2's with its frame."""
    image = load(CAMERA)
    h, w = image.shape
    mask = np.zeros((h + 2, w + 2), np.uint8)
    mask[:, 61], mask[120] = 9, 200
    area, want, _, rect = cv2.floodFill(
        image.copy(), mask.copy(), (20, 10), 7, 60, 60, flags=4 | cv2.FLOODFILL_FIXED_RANGE
    )
    cv2.imwrite("framed.png", mask)
    cv2.imwrite("plain.png", mask[1:-1, 1:-1])
    options = ["--seed", "20,10", "--color", 7, "--lo", 60, "--up", 60, "--fixed-range"]
    for name in ("framed.png", "plain.png"):
        printed = succeeds("floodfill", CAMERA, *options, "--mask", name, "--json", "-o", "out.png", "--force").stdout
        assert json.loads(printed) == {"image": str(CAMERA), "seed": [20, 10], "area": area, "rect": list(rect)}
        assert np.array_equal(load("out.png"), want)
    cv2.imwrite("wrong.png", mask[1:])
    result = run("floodfill", CAMERA, *options, "--mask", "wrong.png", "-o", "wrong_out.png")
    assert result.exit_code == 1
    assert (
        f"floodfill: --mask has {w + 2} x {h + 1} pixels; it takes {w} x {h}, as the image has, or {w + 2} x {h + 2}, "
        "with a frame of one pixel as in cv2."
    ) in result.stderr
    assert not Path("wrong_out.png").exists()


def test_floodfill_draws_the_region():
    mask = np.zeros((300, 451), np.uint8)
    mask[:, 40] = 1
    cv2.imwrite("mask.png", mask)
    image = load(DATA / "chelsea.png")
    filled = np.zeros((302, 453), np.uint8)
    filled[1:-1, 1:-1] = mask
    cv2.floodFill(image.copy(), filled, (20, 10), 0, (9,) * 3, (9,) * 3, flags=4 | 77 << 8)
    options = ["--seed", "20,10", "--color", 0, "--lo", 9, "--up", 9, "--mask", "mask.png"]
    succeeds("floodfill", DATA / "chelsea.png", *options, "--draw", "-o", "drawn.png")
    changed = (load("drawn.png") != image).any(axis=2)
    region = filled[1:-1, 1:-1] == 77
    assert not changed[~region].any()
    assert changed[region].mean() > 0.9


@pytest.mark.parametrize(
    ("command", "key"),
    [
        (["floodfill", "--seed", "3,4", "--color", "9"], "area"),
        (["components"], "objects"),
        (["watershed", "--auto"], "areas"),
    ],
)
def test_folders(command, key):
    """A line of JSON and an overlay in colour for each image."""
    Path("in").mkdir()
    for name, part in (("a.png", np.s_[:90, :120]), ("b.png", np.s_[200:280, 100:190])):
        cv2.imwrite(f"in/{name}", load(CAMERA)[part])
    lines = succeeds(command[0], "in", *command[1:], "--json").stdout.splitlines()
    assert [json.loads(line)["image"] for line in lines] == ["in/a.png", "in/b.png"]
    assert all(key in json.loads(line) for line in lines)
    assert len(list(Path("in").iterdir())) == 2
    printed = succeeds(command[0], "in", *command[1:], "--draw", "--json", "--output-dir", "out").stdout
    assert printed.splitlines() == lines
    drawn = {path.name: load(path).shape for path in Path("out").iterdir()}
    assert drawn == {f"a.{command[0]}.png": (90, 120, 3), f"b.{command[0]}.png": (80, 90, 3)}


def test_threshold():
    value, want = otsu()
    record = json.loads(succeeds("threshold", CAMERA, "--type", "binary+otsu", "--json", "-o", "out.png").stdout)
    assert record["threshold"] == value
    assert np.array_equal(load("out.png"), want)
    succeeds("threshold", CAMERA, "--thresh", 90, "--type", "trunc", "-o", "trunc.png")
    assert np.array_equal(load("trunc.png"), np.minimum(load(CAMERA), 90))


@pytest.mark.parametrize(
    ("command", "options"), [("threshold", ["--thresh", 90]), ("adaptive", ["--block-size", 25, "--c", 10])]
)
def test_thresholds_draw_what_passes(command, options):
    succeeds(command, CAMERA, *options, "-o", "out.png")
    succeeds(command, CAMERA, *options, "--draw", "-o", "drawn.png")
    passed, gray, drawn = load("out.png") != 0, load(CAMERA), load("drawn.png").astype(int)
    assert (drawn[~passed] == gray[~passed][:, None]).all()
    tints = 2 * drawn[passed] - gray[passed][:, None]  # half of the image, half of one colour
    assert (np.ptp(tints, axis=0) <= 2).all()
    assert np.ptp(tints.mean(axis=0)) > 50


def test_adaptive():
    succeeds("adaptive", CAMERA, "--block-size", 25, "--c", 10, "-o", "out.png")
    want = cv2.adaptiveThreshold(load(CAMERA), 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, 25, 10)
    assert np.array_equal(load("out.png"), want)


def test_components():
    count, labels, stats, _ = cv2.connectedComponentsWithStats(otsu()[1])
    succeeds("components", CAMERA, "-o", "labels.tif")
    assert np.array_equal(load("labels.tif"), labels)
    objects = json.loads(succeeds("components", CAMERA, "--json").stdout)["objects"]
    assert [o["area"] for o in objects] == stats[1:, 4].tolist()
    assert len(objects) == count - 1
    succeeds("components", CAMERA, "--draw", "-o", "drawn.png")
    drawn = load("drawn.png")
    assert np.array_equal(drawn[labels == 0], np.repeat(load(CAMERA)[labels == 0][:, None], 3, axis=1))
    assert (drawn[labels > 0] != load(CAMERA)[labels > 0][:, None]).any(axis=1).mean() > 0.9


def test_distance():
    succeeds("distance", CAMERA, "--thresh", 100, "--invert", "-o", "out.tif")
    mask = cv2.threshold(load(CAMERA), 100, 255, cv2.THRESH_BINARY_INV)[1]
    want = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    assert np.abs(load("out.tif") - want).max() <= 1e-3


def test_distance_draws_and_prints():
    mask = cv2.threshold(load(CAMERA), 100, 255, cv2.THRESH_BINARY_INV)[1]
    want = cv2.distanceTransform(mask, cv2.DIST_L1, 3)
    options = ["--thresh", 100, "--invert", "--distance", "l1", "--json"]
    record = json.loads(succeeds("distance", CAMERA, *options, "--draw", "-o", "drawn.png").stdout)
    x, y = record["at"]
    assert record["largest"] == want.max() == want[y, x]
    drawn = load("drawn.png")
    assert (drawn[want == 0] == 0).all()
    far, near = drawn[want == want.max()], drawn[want == 1]
    assert (far[:, 2] > far[:, 0]).all()  # red, in BGR
    assert (near[:, 2] <= near[:, 0]).all()


def test_watershed():
    markers = np.zeros((512, 512), np.uint8)
    markers[5:20, 5:20], markers[300:340, 200:240] = 1, 2
    markers = markers[: load(CAMERA).shape[0], : load(CAMERA).shape[1]]
    cv2.imwrite("markers.png", markers)
    succeeds("watershed", CAMERA, "--markers", "markers.png", "-o", "out.tif")
    want = cv2.watershed(cv2.cvtColor(load(CAMERA), cv2.COLOR_GRAY2BGR), markers.astype(np.int32))
    assert np.array_equal(load("out.tif"), want)
    printed = succeeds("watershed", CAMERA, "--auto", "--draw", "--stages", "steps.png", "--json", "-o", "drawn.png")
    assert sum(json.loads(printed.stdout)["areas"].values()) <= markers.size
    assert load("drawn.png").shape == (*markers.shape, 3)
    assert load("steps.png").ndim == 3


@pytest.mark.parametrize("options", [[], ["--auto", "--markers", CAMERA]])
def test_watershed_takes_markers_or_finds_them(options):
    result = run("watershed", CAMERA, *options)
    assert result.exit_code == 2
    assert "one of the two" in result.stderr


def test_contours_and_hulls():
    contours, hierarchy = cv2.findContours(otsu()[1], cv2.RETR_TREE, cv2.CHAIN_APPROX_NONE)
    record = json.loads(succeeds("contours", CAMERA, "--mode", "tree", "--method", "none", "--json").stdout)
    assert record["contours"] == [c[:, 0].tolist() for c in contours]
    assert record["hierarchy"] == hierarchy[0].tolist()
    outer, _ = cv2.findContours(otsu()[1], cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hulls = json.loads(succeeds("hull", CAMERA, "--json", "-o", "drawn.png").stdout)["hulls"]
    assert [h["points"] for h in hulls] == [cv2.convexHull(c)[:, 0].tolist() for c in outer]
    assert [h["area"] for h in hulls] == [cv2.contourArea(cv2.convexHull(c)) for c in outer]
    x, y = hulls[0]["points"][0]
    assert load("drawn.png")[y, x].tolist() == [0, 0, 255]
    assert not Path("camera.hull.png").exists()


@pytest.mark.parametrize("command", ["hull", "contours", "components", "voronoi", "distance", "threshold"])
def test_json_with_a_picture_beside_the_image(command):
    cv2.imwrite("small.png", load(CAMERA)[:90, :120])
    record = json.loads(
        succeeds(command, "small.png", "--json", *(["--thresh", 90] if command == "threshold" else [])).stdout
    )
    assert sorted(path.name for path in Path().iterdir()) == ["small.png"]
    options = ["--json", "--draw", *(["--thresh", 90] if command == "threshold" else [])]
    assert json.loads(succeeds(command, "small.png", *options).stdout) == record
    assert load(f"small.{command}.png").shape == (90, 120, 3)


def test_voronoi():
    """Zones of the bright objects, which are the zeros."""
    mask = 255 - otsu()[1]
    distance, labels = cv2.distanceTransformWithLabels(mask, cv2.DIST_L1, 5)
    options = ["--invert", "--distance", "l1", "--json", "-o", "zones.png"]
    record = json.loads(succeeds("voronoi", CAMERA, *options).stdout)
    assert record["areas"] == np.bincount(labels.ravel())[1:].tolist()
    assert record["largest_distance"] == float(distance.max())
    assert load("zones.png").shape == (*mask.shape, 3)


def test_contours_of_gray_levels():
    levels = cv2.imread(str(CAMERA), cv2.IMREAD_GRAYSCALE).astype(np.int32)
    want = cv2.findContours(levels, cv2.RETR_FLOODFILL, cv2.CHAIN_APPROX_SIMPLE)
    record = json.loads(succeeds("contours", CAMERA, "--mode", "floodfill", "--json").stdout)
    assert record["contours"] == [c[:, 0].tolist() for c in want[0]]
    assert record["hierarchy"] == want[1][0].tolist()
