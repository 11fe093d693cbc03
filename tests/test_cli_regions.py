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


def test_threshold():
    value, want = otsu()
    record = json.loads(succeeds("threshold", CAMERA, "--type", "binary+otsu", "--json", "-o", "out.png").stdout)
    assert record["threshold"] == value
    assert np.array_equal(load("out.png"), want)
    succeeds("threshold", CAMERA, "--thresh", 90, "--type", "trunc", "-o", "trunc.png")
    assert np.array_equal(load("trunc.png"), np.minimum(load(CAMERA), 90))


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
