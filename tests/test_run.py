"""Where and on how many threads operations run: settings, concurrent calls, processes, errors in a band."""

import os
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from cvkit_cpu import handover
from cvkit_cpu.jit import kernel
from support import HostTensor, assert_same, large_photo, noise, photo, run_python, start_python

import cvkit
from cvkit import canny
from cvkit.run import device, placement, threads
from cvkit.run.threads import Cpu, available_cpus

WHOLE = "it takes a whole number from 1 on."


def test_number_of_threads():
    cvkit.set_num_threads(3)
    assert cvkit.get_num_threads() == 3
    cvkit.set_num_threads(np.int64(2))
    assert cvkit.get_num_threads() == 2
    assert type(cvkit.get_num_threads()) is int


@pytest.mark.parametrize(
    ("n", "shown"), [(0, "0"), (-2, "-2"), (True, "True"), (2.0, r"2\.0"), ("2", "'2'"), (None, "None")]
)
def test_wrong_number_of_threads(n, shown):
    before = cvkit.get_num_threads()
    with pytest.raises(cvkit.ArgumentError, match=rf"^set_num_threads: n is {shown}; {WHOLE}$"):
        cvkit.set_num_threads(n)
    assert cvkit.get_num_threads() == before


@pytest.mark.parametrize(("value", "count"), [("5", 5), (" 3 ", 3), ("", None), ("  ", None)])
def test_number_of_threads_from_the_environment(value, count, monkeypatch):
    monkeypatch.setenv("CVKIT_NUM_THREADS", value)
    monkeypatch.setattr(threads, "_count", None)
    assert cvkit.get_num_threads() == (count or available_cpus())


@pytest.mark.parametrize("value", ["0", "-1", "2.5", "many", "1e1"])
def test_wrong_environment(value, monkeypatch):
    """Said at the first call that needs it, and again at the next."""
    monkeypatch.setenv("CVKIT_NUM_THREADS", value)
    monkeypatch.setattr(threads, "_count", None)
    for _ in range(2):
        with pytest.raises(cvkit.ArgumentError, match=f"^CVKIT_NUM_THREADS is '{value}'; {WHOLE}$"):
            cvkit.get_num_threads()
    cvkit.set_num_threads(2)
    assert cvkit.get_num_threads() == 2


def test_environment_of_a_new_process():
    code = "import cvkit; print(cvkit.get_num_threads(), cvkit.get_device())"
    assert run_python(code, CVKIT_NUM_THREADS="3", CVKIT_DEVICE="cpu") == "3 cpu"
    assert run_python(code, CVKIT_NUM_THREADS=None, CVKIT_DEVICE=None) == f"{available_cpus()} auto"


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="only Linux tells and sets the processors of a process"
)
def test_available_cpus_are_those_of_the_process():
    mine = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(mine)})
        assert available_cpus() == 1
    finally:
        os.sched_setaffinity(0, mine)
    assert 1 <= available_cpus() <= len(mine)


@pytest.mark.parametrize(
    ("limit", "cpus"),
    [("max 100000", 8), ("250000 100000", 3), ("5000 100000", 1), ("9900000 100000", 8), ("", 8), ("x y", 8)],
)
def test_limit_of_the_control_group(limit, cpus, tmp_path, monkeypatch):
    """2.5 processors' time keeps 3 threads busy part of the time."""
    (tmp_path / "cpu.max").write_text(limit)
    opened = open(tmp_path / "cpu.max", encoding="ascii")  # noqa: SIM115 - closed by available_cpus
    monkeypatch.setattr(threads, "open", lambda path, **options: opened, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    assert available_cpus() == cpus


def test_device_setting(monkeypatch):
    monkeypatch.setattr(placement, "_default", None)
    monkeypatch.setenv("CVKIT_DEVICE", " cpu ")
    assert cvkit.get_device() == "cpu"
    for choice in ("auto", "cuda", "cpu"):
        cvkit.set_device(choice)
        assert cvkit.get_device() == choice
    for wrong in ("gpu", "CPU", None, 0):
        with pytest.raises(
            cvkit.ArgumentError, match=f"^set_device: device is {wrong!r}; it takes auto, cpu or cuda\\.$"
        ):
            cvkit.set_device(wrong)
    assert cvkit.get_device() == "cpu"


def test_wrong_device_in_the_environment(monkeypatch):
    monkeypatch.setattr(placement, "_default", None)
    monkeypatch.setenv("CVKIT_DEVICE", "gpu")
    with pytest.raises(cvkit.ArgumentError, match=r"^CVKIT_DEVICE is 'gpu'; it takes auto, cpu or cuda\.$"):
        canny(noise((3, 4)), 1, 2)
    assert canny(noise((3, 4)), 1, 2, device="cpu").shape == (3, 4)


@pytest.mark.parametrize("how", ["argument", "setting"])
def test_cuda_without_a_gpu(how, monkeypatch):
    """Asked for and not there: an error, never the CPU in silence."""

    def absent():
        raise cvkit.DeviceError("there is none.")

    monkeypatch.setattr(device, "_numba_cuda", absent)
    monkeypatch.setattr(device, "_device", None)
    monkeypatch.delenv("CVKIT_CUDA_DRIVER", raising=False)
    cvkit.set_device("cuda" if how == "setting" else "auto")
    with pytest.raises(cvkit.DeviceError, match=r"^canny: device is cuda, but there is none\.$"):
        canny(noise((3, 4)), 1, 2, **({"device": "cuda"} if how == "argument" else {}))
    assert canny(noise((3, 4)), 1, 2, device="cpu").shape == (3, 4)


def test_arrays_on_two_sides():
    """A pair of which one lies on a GPU; and what lies in host memory by its own word stays on the CPU."""
    dx = np.zeros((3, 4), np.int16)
    interface = {"shape": (3, 4), "typestr": "<i2", "data": (0, False), "version": 3}
    there = type("Tensor", (), {"__cuda_array_interface__": interface})()
    for pair in ((dx, there), (there, dx)):
        with pytest.raises(cvkit.DeviceError, match="some arrays lie on a GPU and some in host memory"):
            cvkit.canny_from_gradients(*pair, 1, 2)
    floats = type("Tensor", (), {"__cuda_array_interface__": {**interface, "typestr": "<f4"}})()
    with pytest.raises(cvkit.DtypeError, match="dx has dtype float32; it takes int16"):
        cvkit.canny_from_gradients(floats, dx, 1, 2)
    assert_same(cvkit.canny_from_gradients(HostTensor(dx), dx, 1, 2), np.zeros((3, 4), np.uint8))


def test_the_host_path_leaves_cuda_alone():
    code = """
import sys, numpy as np, cvkit
cvkit.canny(np.zeros((9, 9), np.uint8), 1, 2)
print([m for m in ("numba.cuda", "cvkit_cuda", "cvkit.run.device") if m in sys.modules])
"""
    assert run_python(code) == "[]"


@pytest.mark.parametrize("rows", [1, 2, 7, 1080])
@pytest.mark.parametrize("count", [1, 2, 3, 16])
def test_bands_cover_the_rows(rows, count):
    cvkit.set_num_threads(count)
    for row_ns in (0.001, 1000.0, 1e9):
        bands = Cpu().split(rows, row_ns)
        assert 1 <= len(bands) <= min(rows, count)
        assert [row for y0, y1 in bands for row in range(y0, y1)] == list(range(rows))
        assert max(y1 - y0 for y0, y1 in bands) - min(y1 - y0 for y0, y1 in bands) <= 1
    assert len(Cpu().split(rows, 1e9)) == min(rows, count), "expensive rows are shared by all threads"
    assert len(Cpu().split(rows, 0.001)) == 1, "cheap ones are not worth a thread"


BANDS = [(0, 2), (2, 5), (5, 6), (6, 9)]


@kernel
def rows_core(y0, y1):
    return y1 - y0


@kernel
def everything_core(flag, small, whole, single, double, nothing, line, square, fixed, found, scratch, y0, y1):
    """One argument of every kind that cores have, each told by what it changes."""
    for y in range(y0, y1):
        scratch[:] = y
        found[y] = line[y] + square[y, 1] + fixed[0, 0, y] + scratch.sum() + small + whole + single + double
        if flag and nothing is None:
            found[y] = -found[y]


@kernel
def kinds_core(pick, y0, y1):
    return np.float32(y0 + 0.5), np.float32(y1), np.float32(pick)


@kernel
def flag_core(y0, y1):
    return y0 == 0


@kernel
def slow_core(done, y0, y1):
    for y in range(y0, y1):
        value = 1.0
        for _ in range(10_000_000):
            value = value * 0.5 + 1.0
        done[y] = y + value - 1.0


@kernel
def raising_core(done, bad, y0, y1):
    if y0 == bad:
        raise KeyError("in a band")
    done[y0:y1] = 1


def test_bands_return_in_order():
    for count in (1, 2, 4):
        cvkit.set_num_threads(count)
        assert Cpu().bands(rows_core, bands=BANDS) == [2, 3, 1, 3]
        assert Cpu().bands(kinds_core, 7, bands=BANDS) == [(y0 + 0.5, y1, 7) for y0, y1 in BANDS]
        assert Cpu().bands(flag_core, bands=BANDS) == [True, False, False, False]
        assert Cpu().bands(slow_core, np.zeros(0, np.int64), bands=[(0, 0)] * 3) == [None] * 3


def test_arguments_of_bands():
    """They come to a worker as they come to the caller, whatever their types are; each has scratch of its own."""
    line, square = np.arange(9, dtype=np.int16), np.arange(36.0).reshape(9, 4)[:, ::2]
    fixed = np.arange(9, dtype=np.float32).reshape(1, 1, 9)
    fixed.setflags(write=False)
    found = np.empty(9)
    numbers = (np.uint8(200), -(1 << 40), np.float32(0.5), 1e-3)
    for flag in (True, False, np.bool_(True)):
        args = (flag, *numbers, None, line, square, fixed, found)
        assert Cpu().bands(everything_core, *args, bands=BANDS, scratch=(((3, 2), np.int16),)) == [None] * 4
        want = line + square[:, 1] + fixed[0, 0] + 6.0 * np.arange(9) + 200 - (1 << 40) + 0.5 + 1e-3
        np.testing.assert_allclose(found, -want if flag else want, rtol=1e-15)


def test_workers_keep_no_arrays():
    """What a call worked on goes when the caller lets go of it."""
    done = np.zeros(9)
    left = weakref.ref(done)
    Cpu().bands(raising_core, done, -1, bands=BANDS)
    assert done.all()
    del done
    assert left() is None


def test_a_system_without_more_threads(monkeypatch):
    """The caller does all of it, and workers come as soon as there are threads again."""
    monkeypatch.setattr(threads, "_workers", threads._Workers())

    def refused(thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as context:
        context.setattr(threading.Thread, "start", refused)
        assert Cpu().bands(rows_core, bands=BANDS) == [2, 3, 1, 3]
    assert not threads._workers._idle
    assert Cpu().bands(rows_core, bands=BANDS) == [2, 3, 1, 3]
    assert len(threads._workers._idle) == len(BANDS) - 1


def test_calls_of_python():
    """Plans over libraries: every band, and what one of them raises."""
    done = []
    Cpu().calls(lambda a, y0, y1: done.append((a, y0, y1)), 5, bands=BANDS)
    assert sorted(done) == [(5, *band) for band in BANDS]
    for bad in (0, 5):
        with pytest.raises(ZeroDivisionError):
            Cpu().calls(lambda y0, y1, bad=bad: 1 // (y0 - bad), bands=BANDS)


@pytest.mark.parametrize("bad", [0, 2, 6])
def test_an_exception_in_a_band_reaches_the_caller(bad):
    """After the other bands are done, which may use the caller's arrays; and the threads go on working."""
    done = np.zeros(9, np.int64)
    with pytest.raises(KeyError, match="in a band"):
        Cpu().bands(raising_core, done, bad, bands=BANDS)
    assert done.tolist() == [0 if y0 == bad else 1 for y0, y1 in BANDS for _ in range(y0, y1)]
    assert Cpu().bands(rows_core, bands=BANDS) == [2, 3, 1, 3]


def test_an_interrupt_waits_for_the_bands(monkeypatch):
    """Workers write into the caller's arrays: nobody gets out of a call before they are through."""

    def interrupted(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupted)
    done = np.zeros(9, np.int64)
    with pytest.raises(KeyboardInterrupt):
        Cpu().bands(slow_core, done, bands=[(0, 8), (8, 9)])
    assert done.tolist() == [*range(1, 10)]


def test_a_box():
    """The states of a box, as worker and caller see them."""
    box, found = handover.new_box(), np.zeros(9, np.int64)
    arguments = found, 1, 0, 9
    assert box[0] == handover.ASLEEP
    assert handover.post(box, handover.NO_ENTRIES, *arguments) == (-1, False)
    entry, returns = handover.entry_of(raising_core, arguments)
    assert returns is None
    entries = np.array([1, 1, *entry])
    assert handover.post(box, entries, *arguments) == (1, True), "who sleeps must be woken"
    handover.serve(box, 0)
    assert box[0] == handover.ASLEEP
    assert found.tolist() == [1] * 9
    box[0] = handover.IDLE
    found[:] = 0
    assert handover.post(box, entries, *arguments) == (1, False)
    assert not found.any()
    assert handover.finish(box, 0), "what nobody has begun the caller does"
    assert box[0] == handover.IDLE
    assert found.tolist() == [1] * 9
    box[0] = handover.RUNS
    assert not handover.finish(box, 1000)
    box[0] = handover.IDLE
    worker = threading.Thread(target=handover.serve, args=(box, 1 << 40), daemon=True)
    worker.start()
    found[:] = 0
    assert handover.post(box, entries, *arguments) == (1, False)
    while box[0] != handover.IDLE:
        time.sleep(0.001)
    assert found.tolist() == [1] * 9, "who waits awake sees it"


@pytest.mark.parametrize("looks", [0, 1 << 20])
def test_bands_of_threads_awake_and_asleep(looks, monkeypatch):
    monkeypatch.setattr(threads, "LOOKS_FOR_WORK", looks)
    monkeypatch.setattr(threads, "LOOKS_FOR_END", looks)
    for _ in range(300):
        assert Cpu().bands(rows_core, bands=BANDS) == [2, 3, 1, 3]


def cases():
    """Images of many sizes, some of them cut in bands, each with the thresholds and what cv2 makes of it."""
    sources = [
        large_photo(),
        photo("chelsea.png"),
        photo("camera.png", gray=True),
        *(noise((20 + i, 300 - i)) for i in range(20)),
    ]
    options = [{}, {"aperture": 5}, {"l2_gradient": True}]
    for i, src in enumerate(sources):
        chosen = options[i % 3]
        low, high = (600, 2400) if chosen.get("aperture") else (60, 240)
        want = cv2.Canny(
            src, low, high, apertureSize=chosen.get("aperture", 3), L2gradient=chosen.get("l2_gradient", False)
        )
        yield {"src": src, "low": low, "high": high, **chosen}, want


def test_calls_from_many_threads(monkeypatch):
    """Eight callers that share three threads' worth of workers."""
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 10_000)
    cvkit.set_num_threads(3)
    todo = [*cases()] * 4
    with ThreadPoolExecutor(8) as pool:
        for (case, want), got in zip(todo, pool.map(lambda each: canny(**each[0]), todo), strict=True):
            assert_same(got, want, case)


def test_setting_the_threads_while_calls_run(monkeypatch):
    monkeypatch.setattr(threads, "SMALLEST_BAND_NS", 1000)
    stop = threading.Event()

    def change():
        while not stop.wait(0.001):
            cvkit.set_num_threads(1 + int.from_bytes(os.urandom(1)) % 5)

    changer = threading.Thread(target=change)
    changer.start()
    try:
        for case, want in cases():
            assert_same(canny(**case), want, case)
    finally:
        stop.set()
        changer.join()


def test_alternating_sizes_and_options():
    """Scratch that one call leaves to the next never shows, whatever the two were."""
    todo = [*cases()][1:]
    for other in (todo, todo[::-1], todo[::2] + todo[1::2]):
        for case, want in other:
            assert_same(canny(**case), want, case)


PROCESSES = """
import multiprocessing, os, signal, sys, threading, zlib
from concurrent.futures import ProcessPoolExecutor
import numpy as np
import cvkit
from cvkit.run import threads

threads.SMALLEST_BAND_NS = 10_000
image = np.random.default_rng(5).integers(0, 256, (900, 1300), np.uint8)

def checksum(rows):
    cvkit.set_num_threads(4)
    result = zlib.crc32(cvkit.canny(image[:rows], 200, 600).tobytes())
    assert any(thread.name == "cvkit" for thread in threading.enumerate()), "a process has workers of its own"
    return result

def by_fork(stop):
    calls = lambda: [checksum(700) for _ in iter(stop.is_set, True)]
    callers = [threading.Thread(target=calls, daemon=True) for _ in range(3 if sys.argv[1] == "os.fork, busy" else 0)]
    for caller in callers:
        caller.start()
    children = []
    for rows in (900, 700) * 4:
        if not (child := os.fork()):
            signal.alarm(40)  # a child that waits for ever ends before the test does
            os._exit(0 if checksum(rows) == own[rows] else 1)
        children.append(child)
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    stop.set()
    for caller in callers:
        caller.join()
    return ends

if __name__ == "__main__":
    own = {rows: checksum(rows) for rows in (900, 700)}  # the workers run from here on
    if sys.argv[1].startswith("os.fork"):
        assert by_fork(threading.Event()) == [0] * 8
    else:
        with ProcessPoolExecutor(2, multiprocessing.get_context(sys.argv[1])) as pool:
            assert list(pool.map(checksum, (900, 700, 900))) == [own[900], own[700], own[900]]
    assert checksum(900) == own[900]
    print("equal")
"""


@pytest.mark.parametrize("method", ["os.fork", "os.fork, busy", "fork", "forkserver", "spawn"])
def test_child_processes(method, tmp_path):
    """Children that inherit nothing of the parent's threads, after those have worked or while they do."""
    if method != "spawn" and not hasattr(os, "fork"):
        pytest.skip("the system has no fork")
    (tmp_path / "program.py").write_text(PROCESSES)
    process = start_python("-W", "ignore::DeprecationWarning", tmp_path / "program.py", method)
    try:
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert output.strip() == "equal", errors


def test_the_end_of_a_process_waits_for_no_thread():
    """Worker threads never keep a program alive."""
    code = """
import threading, numpy as np, cvkit
cvkit.set_num_threads(4)
cvkit.canny(np.zeros((900, 1300), np.uint8), 1, 2)
print(sum(thread.name == "cvkit" for thread in threading.enumerate()))
"""
    assert run_python(code) == "3"


def test_children_find_the_same_modules():
    """What the tests above rest on: a process started here imports this cvkit."""
    assert run_python("import cvkit; print(cvkit.__file__)") == cvkit.__file__
