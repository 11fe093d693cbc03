"""Planning and running of many files, and pictures for the contact sheet."""

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from cvkit import batch
from cvkit.batch import Job
from cvkit.draw import LARGEST, SMALLEST, Tile, contact_sheet, scaled, signed
from cvkit.errors import ArgumentError, DtypeError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def touch(*names):
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def test_folder_order_hidden_files_and_links(folder):
    touch("in/b.PNG", "in/a.jpeg", "in/.hidden.png", "in/._a.jpeg", "in/text.txt", "in/z/c.tif", "in/.git/d.png")
    os.symlink("..", "in/z/loop")
    os.symlink("../a.jpeg", "in/z/link.jpeg")
    got = batch.plan(["in"], "blur", recursive=True)
    assert got.jobs == [
        ("in/a.jpeg", "in/a.blur.png"),
        ("in/b.PNG", "in/b.blur.png"),
        ("in/z/c.tif", "in/z/c.blur.png"),
        ("in/z/link.jpeg", "in/z/link.blur.png"),
    ]
    assert got.failures == []


def test_each_file_is_taken_once(folder):
    touch("in/a.png")
    got = batch.plan(["in/a.png", "in", "./in/a.png", "in/*.png", str(folder / "in")], "blur")
    assert got.jobs == [("in/a.png", "in/a.blur.png")]


def test_folder_that_cannot_be_read(folder, monkeypatch):
    touch("in/a.png", "in/secret/b.png")
    real = os.scandir

    def scandir(path):
        if path.endswith("secret"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    got = batch.plan(["in"], "blur", recursive=True)
    assert got.jobs == [("in/a.png", "in/a.blur.png")]
    assert got.failures == ["in/secret: Permission denied."]


def test_name_keeps_its_dots(folder):
    assert batch.plan(["a.b.c.png"], "blur").jobs == [("a.b.c.png", "a.b.c.blur.png")]


def test_result_of_another_operation_is_an_image(folder):
    touch("in/a.png", "in/a.canny.png")
    assert [job.source for job in batch.plan(["in"], "blur").jobs] == ["in/a.canny.png", "in/a.png"]


def test_link_to_an_existing_result_counts_as_existing(folder):
    touch("a.png")
    os.symlink("nowhere", "a.blur.png")
    assert batch.plan(["a.png"], "blur").failures == ["a.png: a.blur.png already exists; --force replaces it."]


def test_same_place_by_another_name(folder):
    touch("one/a.png", "two/a.png")
    os.symlink("one", "three")
    with pytest.raises(ArgumentError, match="would both become"):
        batch.plan(["one/a.png", "three/a.png"], "blur")


def test_no_more_images_in_memory_than_workers():
    lock, now, most = threading.Lock(), 0, 0

    def work(job):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.002)
        with lock:
            now -= 1

    done = []
    jobs = [Job(str(i), "x") for i in range(40)]
    assert batch.run(jobs, work, workers=3, done=lambda: done.append(1)) == []
    assert (most, len(done)) == (3, 40)


def test_failures_in_the_order_of_the_jobs():
    def work(job):
        time.sleep(0.001 * (5 - int(job.source)))
        if int(job.source) % 2:
            raise [MemoryError("no\nroom"), DtypeError("is wrong")][int(job.source) // 2]

    jobs = [Job(str(i), "x") for i in range(5)]
    assert batch.run(jobs, work, workers=4, done=lambda: None) == ["1: MemoryError: no room", "3: is wrong"]


def test_interrupt_starts_no_other_job():
    finished = []

    def interrupt():
        raise KeyboardInterrupt

    def work(job):
        time.sleep(0.01)
        finished.append(job)

    with pytest.raises(KeyboardInterrupt):
        batch.run([Job(str(i), "x") for i in range(100)], work, workers=2, done=interrupt)
    assert 1 <= len(finished) <= 4


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_range_to_8_bits(dtype):
    image = np.array([[-120, 7, 100]] if np.dtype(dtype).kind != "u" else [[10, 137, 230]]).astype(dtype)
    # (v - min) * 255 / (max - min): 127 * 255 / 220 = 147.2
    assert batch.to_8bit(image, "range").tolist() == [[0, 147, 255]]
    assert batch.to_8bit(np.full((2, 3), 100, dtype), "range").tolist() == [[0] * 3] * 2


def test_range_rounds_halves_to_even():
    assert batch.to_8bit(np.array([0, 1, 3, 510], np.uint16)[None], "range").tolist() == [[0, 0, 2, 255]]


def test_range_too_large_for_float64():
    with pytest.raises(ArgumentError, match="finite"):
        batch.to_8bit(np.array([[-1e308, 1e308]]), "range")


def test_signed_and_scaled():
    assert signed(np.array([[-510, 0, 255]], np.int16)).tolist() == [[1, 128, 192]]
    assert scaled(np.array([[0, 1, 2]], np.uint8)).tolist() == [[0, 128, 255]]
    assert signed(np.zeros((2, 2), np.int16)).tolist() == [[128, 128]] * 2
    assert scaled(np.zeros((2, 2), np.int32)).tolist() == [[0, 0]] * 2


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (1, 2000), (2000, 1), (300, 200), (700, 900, 3)])
def test_sheet_of_any_size(shape):
    tiles = [Tile("", np.full(shape, 200, np.uint8)), Tile("", np.full(shape, 100, np.uint8), thin=True)]
    sheet = contact_sheet(tiles, columns=1)
    assert sheet.dtype == np.uint8
    area = [np.argwhere((sheet == value).all(axis=2)) for value in (200, 100)]
    for places in area:
        h, w = np.ptp(places, axis=0) + 1
        assert SMALLEST <= max(h, w) <= LARGEST
        assert (h >= w) == (shape[0] >= shape[1])
        assert min(h, w) == max(1, round(max(h, w) * min(shape[:2]) / max(shape[:2])))
    assert area[0][:, 0].max() < area[1][:, 0].min()


def test_thin_lines_stay_white():
    image = np.zeros((1100, 1300), np.uint8)
    image[550] = image[:, 37] = 255
    sheet = contact_sheet([Tile("", image, thin=True)])
    assert (sheet == 255).all(axis=2).sum() >= LARGEST + LARGEST * 1100 // 1300 - 2
