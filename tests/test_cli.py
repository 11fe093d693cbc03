"""The command line against cv2.imread and cv2.Canny, and every sentence and exit code it promises."""

import os
import re
import signal
import subprocess
import sys
import types
from importlib import metadata
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

import cvkit
from cvkit import doctor
from cvkit._cli import ONE_IMAGE, main
from cvkit._commands import Special, image_command
from cvkit._special import NO_COMMAND, SPECIAL
from cvkit.operation import operations, spec_of

DATA = Path(__file__).parent.parent / "data"
THRESHOLDS = ("--low", 50, "--high", 150)
GRAY_ANY_DEPTH = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH


@pytest.fixture(scope="module", autouse=True)
def _compiled_kernels():
    """Otherwise the message about compilation stands in the output of whichever test comes first."""
    assert run("warmup", "canny", "gaussian_blur").exit_code == 0


@pytest.fixture(autouse=True)
def _threads_of_opencv():
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, so that names in messages are short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def picture(seed=7, shape=(40, 61, 3)):
    """Smooth blobs: edges in all directions, in JPEG too."""
    coarse = np.random.default_rng(seed).integers(0, 256, (7, 9, *shape[2:]), dtype=np.uint8)
    return cv2.resize(coarse, shape[1::-1], interpolation=cv2.INTER_CUBIC)


def save(path, image=None, seed=7):
    """Write an image under any name; cv2.imwrite takes neither every name nor bytes."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, picture(seed) if image is None else image)[1].tobytes())
    return path


def load(path, flags=cv2.IMREAD_UNCHANGED):
    return cv2.imdecode(np.frombuffer(Path(path).read_bytes(), np.uint8), flags)


def edges_of(path, low=50, high=150, **options):
    return cv2.Canny(load(path, cv2.IMREAD_GRAYSCALE), low, high, **options)


def run(*arguments, input=None):
    return CliRunner().invoke(main, [str(a) for a in arguments], input=input)


def process(*arguments, variables=None, **settings):
    """The command as a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), **(variables or {})}
    command = [sys.executable, "-m", "cvkit", *map(str, arguments)]
    return subprocess.Popen(command, env=environment, **{"stderr": subprocess.PIPE, **settings})


def fails(result, code, *parts):
    """One line on standard error that says all this, nothing on standard output."""
    assert result.exit_code == code, result.stderr
    assert result.stdout == ""
    assert result.stderr.startswith("cvkit: error: ")
    assert result.stderr.count("\n") == 1
    for part in parts:
        assert part in result.stderr


def succeeds(result):
    assert result.exit_code == 0, result.stderr
    return result


def test_one_image(folder):
    save("photo.jpg")
    result = succeeds(run("canny", "photo.jpg", *THRESHOLDS))
    assert (result.stdout, result.stderr) == ("", "cvkit: wrote photo.canny.png\n")
    assert np.array_equal(load("photo.canny.png"), edges_of("photo.jpg"))
    assert sorted(os.listdir()) == ["photo.canny.png", "photo.jpg"]


@pytest.mark.parametrize("aperture", [3, 5, 7])
@pytest.mark.parametrize("l2", [False, True])
def test_options_reach_the_operation(folder, aperture, l2):
    save("photo.png")
    low, high = (50, 150) if aperture == 3 else (900, 2100)
    flags = ["--l2"] if l2 else []
    succeeds(run("canny", "photo.png", "--low", low, "--high", high, "--aperture", aperture, *flags))
    want = edges_of("photo.png", low, high, apertureSize=aperture, L2gradient=l2)
    assert want.any()
    assert np.array_equal(load("photo.canny.png"), want)


def test_color_takes_three_channels(folder):
    save("photo.png")
    succeeds(run("canny", "photo.png", *THRESHOLDS, "--color"))
    assert np.array_equal(load("photo.canny.png"), cv2.Canny(cv2.imread("photo.png"), 50, 150))


@pytest.mark.parametrize("name", ["camera.png", "chelsea.png", "chelsea_alpha.png", "coffee_orientation6.jpg"])
def test_photographs(folder, name):
    """Alpha is left out and orientation applied, as cv2.imread does."""
    succeeds(run("canny", DATA / name, *THRESHOLDS, "-o", "edges.png"))
    want = cv2.Canny(cv2.imread(str(DATA / name), cv2.IMREAD_GRAYSCALE), 50, 150)
    assert np.array_equal(load("edges.png"), want)


@pytest.mark.parametrize("name", ["grüße aus köln.png", "写真.jpg", "a\nb.png", "--low.png", "per%20cent 'quoted'.png"])
def test_unusual_names(folder, name):
    save(name)
    succeeds(run("canny", *THRESHOLDS, "--", name))
    assert np.array_equal(load(Path(name).stem + ".canny.png"), edges_of(name))


def test_name_that_is_no_text(folder):
    name = os.fsdecode(b"caf\xe9.png")
    save(name)
    child = process("canny", name, *THRESHOLDS)
    assert (child.wait(60), child.stderr.read()) == (0, b"cvkit: wrote caf\\udce9.canny.png\n")
    assert np.array_equal(load(os.fsdecode(b"caf\xe9.canny.png")), edges_of(name))


@pytest.mark.parametrize("extension", [".png", ".bmp", ".tif", ".pgm", ".PNG"])
def test_extension_is_the_format(folder, extension):
    save("photo.png")
    succeeds(run("canny", "photo.png", *THRESHOLDS, "-o", f"edges{extension}"))
    assert np.array_equal(load(f"edges{extension}", cv2.IMREAD_GRAYSCALE), edges_of("photo.png"))


def test_blur(folder):
    save("photo.png")
    succeeds(run("canny", "photo.png", "--low", 10, "--high", 40, "--blur", 1.4))
    smooth = cv2.GaussianBlur(cv2.imread("photo.png", cv2.IMREAD_GRAYSCALE), (0, 0), 1.4)
    assert np.array_equal(load("photo.canny.png"), cv2.Canny(smooth, 10, 40))


@pytest.mark.parametrize("flags", [[], ["--l2"], ["--aperture", 5], ["--blur", 1]])
def test_auto_prints_what_it_chose(folder, flags):
    save("photo.png")
    result = succeeds(run("canny", "photo.png", "--auto", *flags))
    low, high = map(float, re.search(r"^cvkit: photo.png: --low (\S+) --high (\S+)$", result.stderr, re.M).groups())
    assert 0 < low < high
    image = cv2.imread("photo.png", cv2.IMREAD_GRAYSCALE)
    if "--blur" in flags:
        image = cv2.GaussianBlur(image, (0, 0), 1)
    want = cv2.Canny(image, low, high, apertureSize=5 if 5 in flags else 3, L2gradient="--l2" in flags)
    assert want.any()
    assert np.array_equal(load("photo.canny.png"), want)


def test_16_bits(folder):
    deep = cv2.imread(str(DATA / "camera16.png"), GRAY_ANY_DEPTH)
    deep = (deep // 3 + 5000).astype(np.uint16)
    save("deep.png", deep)
    fails(run("canny", "deep.png", *THRESHOLDS), 1, "deep.png", "uint16", "--to-8bit shift", "--to-8bit range")
    assert os.listdir() == ["deep.png"]
    succeeds(run("canny", "deep.png", "--low", 20, "--high", 60, "--to-8bit", "shift", "-o", "shift.png"))
    assert np.array_equal(load("shift.png"), cv2.Canny((deep // 256).astype(np.uint8), 20, 60))
    succeeds(run("canny", "deep.png", *THRESHOLDS, "--to-8bit", "range", "-o", "range.png"))
    lowest, highest = int(deep.min()), int(deep.max())
    stretched = np.rint((deep.astype(np.float64) - lowest) * 255 / (highest - lowest)).astype(np.uint8)
    assert np.array_equal(load("range.png"), cv2.Canny(stretched, 50, 150))


def test_8_bits_need_no_conversion(folder):
    save("photo.png")
    succeeds(run("canny", "photo.png", *THRESHOLDS, "--to-8bit", "range"))
    assert np.array_equal(load("photo.canny.png"), edges_of("photo.png"))


def test_float(folder):
    image = picture(shape=(40, 61)).astype(np.float32) / 200 - 0.3
    save("float.tif", image)
    fails(run("canny", "float.tif", *THRESHOLDS), 1, "float.tif", "float32", "--to-8bit range")
    fails(run("canny", "float.tif", *THRESHOLDS, "--to-8bit", "shift"), 1, "float.tif", "--to-8bit range")
    succeeds(run("canny", "float.tif", *THRESHOLDS, "--to-8bit", "range"))
    values = image.astype(np.float64)
    stretched = np.rint((values - values.min()) * 255 / (values.max() - values.min())).astype(np.uint8)
    assert np.array_equal(load("float.canny.png"), cv2.Canny(stretched, 50, 150))


def test_float_that_has_no_range(folder):
    image = picture(shape=(20, 30)).astype(np.float32)
    image[3, 4] = np.nan
    save("nan.tif", image)
    fails(run("canny", "nan.tif", *THRESHOLDS, "--to-8bit", "range"), 1, "nan.tif", "NaN")


def test_stream(folder):
    save("photo.jpg")
    result = succeeds(run("canny", "-", *THRESHOLDS, input=Path("photo.jpg").read_bytes()))
    assert result.stderr == ""
    assert result.stdout_bytes.startswith(b"\x89PNG")
    got = cv2.imdecode(np.frombuffer(result.stdout_bytes, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(got, edges_of("photo.jpg"))
    assert os.listdir() == ["photo.jpg"]


def test_stream_to_file_and_file_to_stream(folder):
    save("photo.jpg")
    succeeds(run("canny", "-", *THRESHOLDS, "-o", "edges.bmp", input=Path("photo.jpg").read_bytes()))
    assert np.array_equal(load("edges.bmp", cv2.IMREAD_GRAYSCALE), edges_of("photo.jpg"))
    result = succeeds(run("canny", "photo.jpg", *THRESHOLDS, "-o", "-"))
    got = cv2.imdecode(np.frombuffer(result.stdout_bytes, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(got, edges_of("photo.jpg"))


def test_empty_stream(folder):
    fails(run("canny", "-", *THRESHOLDS, input=b""), 1, "standard input", "empty")


def test_terminal_gets_no_png(folder):
    save("photo.png")
    ours, theirs = os.openpty()
    child = process("canny", "photo.png", *THRESHOLDS, "-o", "-", stdout=theirs)
    assert child.wait(60) == 2
    assert b"standard output is a terminal" in child.stderr.read()
    os.close(ours)
    os.close(theirs)


def test_reader_that_goes_away(folder):
    save("photo.png")
    child = process("canny", "-", *THRESHOLDS, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdout.close()
    child.stdin.write(Path("photo.png").read_bytes())
    child.stdin.close()
    assert (child.wait(60), child.stderr.read()) == (1, b"")


def test_folder_with_a_damaged_file(folder):
    good = [save(f"in/{name}", seed=i) for i, name in enumerate(["a.png", "b.jpg", "c.tif", "d.webp", "e.bmp"])]
    Path("in/broken.png").write_bytes(good[0].read_bytes()[:200])
    Path("in/empty.jpg").touch()
    Path("in/notes.txt").write_text("not an image")
    result = run("canny", "in", *THRESHOLDS)
    assert (result.exit_code, result.stdout) == (1, "")
    *errors, summary = result.stderr.splitlines()
    assert len(errors) == 2
    assert all(e.startswith("cvkit: error: ") for e in errors)
    assert "in/broken.png" in errors[0]
    assert "in/empty.jpg" in errors[1]
    assert re.fullmatch(r"cvkit: 5 of 7 images done, 2 failed, \d+\.\d s", summary)
    for path in good:
        assert np.array_equal(load(path.with_suffix(".canny.png")), edges_of(path))
    assert len(os.listdir("in")) == 8 + 5


def test_missing_file_among_others(folder):
    save("a.png")
    save("b.png")
    result = run("canny", "a.png", "missing.png", "b.png", *THRESHOLDS)
    assert result.exit_code == 1
    assert "'missing.png'" in result.stderr
    assert Path("a.canny.png").exists()
    assert Path("b.canny.png").exists()


def test_subfolders(folder):
    save("in/top.png")
    save("in/sub/a.png", seed=1)
    save("in/sub/deeper/a.png", seed=2)
    succeeds(run("canny", "in", *THRESHOLDS, "--output-dir", "flat"))
    assert [str(p) for p in Path("flat").rglob("*.png")] == ["flat/top.canny.png"]
    succeeds(run("canny", "in", *THRESHOLDS, "--recursive", "--output-dir", "out"))
    assert len(list(Path("out").rglob("*.png"))) == 3
    for name in ("top", "sub/a", "sub/deeper/a"):
        assert np.array_equal(load(f"out/{name}.canny.png"), edges_of(f"in/{name}.png"))


def test_patterns_that_the_shell_left(folder):
    for name in ("a.png", "b.png", "c.jpg", "x[1].png", "x1.png", "sub/d.png"):
        save(name)
    succeeds(run("canny", "?.png", "**/d.png", *THRESHOLDS))
    assert {p.name for p in Path().rglob("*.canny.png")} == {"a.canny.png", "b.canny.png", "d.canny.png"}
    succeeds(run("canny", "x[1].png", *THRESHOLDS))
    assert Path("x[1].canny.png").exists()
    assert not Path("x1.canny.png").exists()
    fails(run("canny", "*.bmp", *THRESHOLDS), 1, "*.bmp: no image matches")
    fails(run("canny", "a.canny.*", *THRESHOLDS), 1, "a.canny.*: no image matches")
    Path("empty").mkdir()
    fails(run("canny", "emp*", *THRESHOLDS), 1, "emp*: no image matches")


def test_folder_without_images(folder):
    save("in/sub/a.png")
    fails(run("canny", "in", *THRESHOLDS), 1, "in: the folder has no images", "--recursive")


def test_results_are_no_inputs(folder):
    save("in/a.png")
    save("in/b.png")
    for names in (["in"], ["in/*.png"]):
        result = succeeds(run("canny", *names, *THRESHOLDS, "--force"))
        assert "2 of 2 images done" in result.stderr
    result = succeeds(run("canny", *sorted(Path("in").glob("*.png")), *THRESHOLDS, "--force"))
    assert "left out, being results of this command: in/a.canny.png, in/b.canny.png" in result.stderr
    assert len(os.listdir("in")) == 4
    succeeds(run("canny", "in/a.canny.png", *THRESHOLDS))
    assert Path("in/a.canny.canny.png").exists()


def test_files_are_not_overwritten(folder):
    save("a.png")
    save("b.png")
    Path("a.canny.png").write_text("mine")
    fails(run("canny", "a.png", *THRESHOLDS), 1, "a.png: a.canny.png already exists; --force")
    result = run("canny", "a.png", "b.png", *THRESHOLDS)
    assert result.exit_code == 1
    assert "a.png: a.canny.png already exists" in result.stderr
    assert "1 of 2 images done, 1 failed" in result.stderr
    assert Path("a.canny.png").read_text() == "mine"
    succeeds(run("canny", "a.png", *THRESHOLDS, "--force"))
    assert np.array_equal(load("a.canny.png"), edges_of("a.png"))


def test_collisions_are_refused_before_work(folder):
    for name in ("a.png", "a.jpg", "one/b.png", "two/b.png"):
        save(name)
    fails(run("canny", "a.png", "a.jpg", *THRESHOLDS), 2, "a.png and a.jpg would both become a.canny.png")
    fails(run("canny", "one", "two", *THRESHOLDS, "--output-dir", "out"), 2, "one/b.png and two/b.png would both")
    fails(run("canny", "a.png", *THRESHOLDS, "-o", "a.png", "--force"), 2, "would replace the input a.png")
    assert sorted(os.listdir()) == ["a.jpg", "a.png", "one", "two"]


def test_threads_do_not_change_results(folder):
    for i in range(5):
        save(f"in/{i}.png", seed=i)
    for threads in (1, 4):
        succeeds(run("canny", "in", *THRESHOLDS, "--threads", threads, "--output-dir", f"out{threads}"))
        for i in range(5):
            assert np.array_equal(load(f"out{threads}/{i}.canny.png"), edges_of(f"in/{i}.png"))


def test_progress_on_a_terminal_only(folder):
    for i in range(3):
        save(f"in/{i}.png")
    assert succeeds(run("canny", "in", *THRESHOLDS)).stderr.count("\n") == 1
    ours, theirs = os.openpty()
    variables = {"TERM": "xterm", "COLUMNS": "90"}
    child = process("canny", "in", "--auto", "--force", variables=variables, stderr=theirs, stdout=subprocess.PIPE)
    os.close(theirs)
    shown = b""
    while chunk := _read(ours):
        shown += chunk
    os.close(ours)
    assert (child.wait(60), child.stdout.read()) == (0, b"")
    assert b"100%" in shown
    assert b"in/2.png: --low" in shown
    assert b"3 of 3 images done" in shown


def _read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # what Linux says at the end
        return b""


def test_interrupt(folder):
    os.mkfifo("pipe.png")
    # A shell that runs the tests in the background has them ignore this signal, and children inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        child = process("canny", "pipe.png", *THRESHOLDS)
    finally:
        signal.signal(signal.SIGINT, before)
    with open("pipe.png", "wb"):  # opens when the child reads
        child.send_signal(signal.SIGINT)
        assert child.wait(60) == 130
    assert child.stderr.read().split() == [b"cvkit:", b"interrupted"]
    assert os.listdir() == ["pipe.png"]


@pytest.mark.parametrize("flags", [[], ["--l2", "--color"], ["--blur", 2, "--auto"]])
def test_stages(folder, flags):
    save("photo.png")
    thresholds = [] if "--auto" in flags else THRESHOLDS
    succeeds(run("canny", "photo.png", *thresholds, *flags, "--stages", "steps.png"))
    sheet = load("steps.png")
    # 61 x 40 pixels are enlarged four times; seven tiles stand in two rows.
    assert sheet.shape[0] > 2 * 4 * 40
    assert sheet.shape[1] > 4 * 4 * 61
    result = load("photo.canny.png").repeat(4, axis=0).repeat(4, axis=1)
    x, y = cv2.minMaxLoc(cv2.matchTemplate(sheet[:, :, 0].copy(), result, cv2.TM_SQDIFF))[2]
    assert np.array_equal(sheet[y : y + result.shape[0], x : x + result.shape[1], 0], result)


def test_stages_follow_the_rules_of_outputs(folder):
    save("a.png")
    save("b.png")
    Path("steps.png").write_text("mine")
    fails(run("canny", "a.png", *THRESHOLDS, "--stages", "steps.png"), 1, "steps.png already exists; --force")
    assert not Path("a.canny.png").exists()
    fails(run("canny", "a.png", "b.png", *THRESHOLDS, "--stages", "steps2.png"), 2, "--stages shows one image")
    fails(run("canny", "a.png", *THRESHOLDS, "--stages", "steps.xyz"), 2, "unknown extension .xyz", ".png")
    fails(run("canny", "a.png", *THRESHOLDS, "--stages", "a.canny.png"), 2, "the image or its result")
    assert Path("steps.png").read_text() == "mine"
    succeeds(run("canny", "a.png", *THRESHOLDS, "--stages", "steps.png", "--force"))
    assert load("steps.png") is not None


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["canny"], "IMAGE"),
        (["canny", "a.png"], "give --low and --high, or --auto"),
        (["canny", "a.png", "--low", "1"], "give --low and --high, or --auto"),
        (["canny", "a.png", "--auto", "--high", "9"], "--auto chooses the thresholds"),
        (["canny", "a.png", "--low", "nan", "--high", "9"], "finite"),
        (["canny", "a.png", "--low", "1", "--high", "inf"], "finite"),
        (["canny", "a.png", "--low", "x", "--high", "9"], "'x'"),
        (["canny", "a.png", "--auto", "--blur", "-1"], "not above 0"),
        (["canny", "a.png", "--auto", "--blur", "0"], "not above 0"),
        (["canny", "a.png", "--auto", "--blur", "nan"], "finite"),
        (["canny", "a.png", "--auto", "--aperture", "4"], "'3', '5', '7'"),
        (["canny", "a.png", "--auto", "--threads", "0"], "--threads"),
        (["canny", "a.png", "--auto", "--to-8bit", "round"], "'shift', 'range'"),
        (["canny", "a.png", "--auto", "-o", "x.xyz"], "unknown extension .xyz"),
        (["canny", "a.png", "--auto", "-o", "x"], "no extension"),
        (["canny", "a.png", "b.png", "--auto", "-o", "x.png"], "-o names one file and there are 2 images"),
        (["canny", "a.png", "--auto", "-o", "x.png", "--output-dir", "d"], "exclude each other"),
        (["canny", "a.png", "--auto", "--output-dir", "a.png"], "--output-dir"),
        (["canny", "-", "a.png", "--auto"], "stands alone"),
        (["canny", "-", "--auto", "--output-dir", "d"], "-o"),
        (["canny", "a.png", "--auto", "--sigma", "1"], "--sigma"),
        (["kanny"], "kanny"),
        (["--wrong"], "--wrong"),
        (["warmup", "nonsense"], "there are bilateral_filter, blur, "),
        (["parity", "nonsense"], "there are bilateral_filter, blur, "),
        (["bench", "nonsense"], "there are bilateral_filter, blur, "),
        (["bench", "--threads", "1,x"], "1,x"),
    ],
)
def test_wrong_usage(folder, arguments, part):
    save("a.png")
    save("b.png")
    fails(run(*arguments), 2, part, "--help")
    assert sorted(os.listdir()) == ["a.png", "b.png"]


def test_negative_and_swapped_thresholds_are_legal(folder):
    save("photo.png")
    succeeds(run("canny", "photo.png", "--low", "60.5", "--high=-3"))
    assert np.array_equal(load("photo.canny.png"), edges_of("photo.png", 60.5, -3))


def test_output_that_cannot_be_written(folder):
    save("a.png")
    fails(run("canny", "a.png", *THRESHOLDS, "-o", "nowhere/x.png"), 1, "a.png", "nowhere/x.png", "does not exist")


def test_limit_on_pixels(folder):
    save("a.png")
    fails(run("canny", "a.png", *THRESHOLDS, "--max-pixels", 100), 1, "a.png", "61 x 40", "--max-pixels 0")
    succeeds(run("canny", "a.png", *THRESHOLDS, "--max-pixels", 61 * 40))
    bomb = bytearray(Path("a.png").read_bytes())
    bomb[16:24] = (30_000).to_bytes(4, "big") * 2
    Path("bomb.png").write_bytes(bomb)
    fails(run("canny", "bomb.png", *THRESHOLDS), 1, "bomb.png", "30000 x 30000", "--max-pixels 0")


def test_missing_device_is_said_once(folder, monkeypatch):
    monkeypatch.setattr("cvkit.run.device._device", None)
    monkeypatch.setenv("CVKIT_CUDA_DRIVER", "no_such_module:Driver")
    save("a.png")
    save("b.png")
    fails(run("canny", "a.png", "b.png", *THRESHOLDS, "--device", "cuda"), 1, "no_such_module")
    monkeypatch.setattr("cvkit.run.placement._default", "cuda")
    fails(run("canny", "a.png", "b.png", *THRESHOLDS), 1, "no_such_module")
    succeeds(run("canny", "a.png", "b.png", *THRESHOLDS, "--device", "cpu"))


@pytest.mark.parametrize("arguments", [["--help"], ["canny", "--help"], ["--version"], ["canny", "--low", "x"]])
def test_help_loads_no_heavy_package(arguments):
    code = f"""
import sys
from cvkit._cli import ONE_IMAGE, main
try:
    main({arguments})
except SystemExit:
    print(*sorted({{"numba", "cv2", "scipy", "skimage", "rich", "cvkit_cpu"}} & set(sys.modules)), file=sys.stderr)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=60, check=True)
    assert result.stderr.splitlines()[-1] == b""


def test_help():
    result = succeeds(run())
    assert result.stdout == succeeds(run("--help")).stdout
    for command in ("canny", "warmup", "doctor", "parity", "bench"):
        assert re.search(rf"^  {command} +\S", result.stdout, re.M)
        assert "Usage" in succeeds(run(command, "--help")).stdout
    assert succeeds(run("--version")).stdout == f"cvkit {cvkit.__version__}\n"
    text = succeeds(run("canny", "--help")).stdout
    assert "Examples:" in text
    assert "cv2.GaussianBlur" in text


def test_commands_come_from_the_operations():
    """One for each operation on one image, or those that are made of it under names of their own."""
    one_image = {n for n, spec in operations().items() if spec.images in ONE_IMAGE} - set(NO_COMMAND)
    commands = set(main.list_commands(None)) - {"warmup", "doctor", "parity", "bench"}
    made = {SPECIAL[c].operation for c in commands if c in SPECIAL and SPECIAL[c].operation}
    assert made | {c.replace("-", "_") for c in commands - set(SPECIAL)} | (one_image & set(SPECIAL)) == one_image
    assert set(SPECIAL) <= commands
    assert "canny-from-gradients" not in commands
    for name in commands:
        assert all(p.help for p in main.get_command(None, name).params if p.param_type_name == "option")


def test_generated_options():
    options = {p.name: p for p in image_command("canny", spec_of(cvkit.canny), Special()).params}
    assert options["low"].required
    assert options["high"].required
    assert options["aperture"].type.choices == ("3", "5", "7")
    assert options["aperture"].default == "3"
    assert options["l2_gradient"].is_flag
    assert options["l2_gradient"].opts == ["--l2-gradient"]
    assert options["other_channels"].opts == ["--gray"]
    assert "out" not in options


def test_checkout_script(folder):
    save("photo.png")
    script = Path(__file__).parent.parent / "cli.py"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, str(script), "canny", "photo.png", "--low", "50", "--high", "150"]
    result = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert np.array_equal(load("photo.canny.png"), edges_of("photo.png"))


def test_cold_start_and_warmup(folder):
    """One cache folder from empty to full: the message comes once, and not at all after `warmup`."""
    save("a.png")
    save("b.png")
    save("large.png", picture(shape=(1024, 1024, 3)))  # cut into bands, which need kernels of their own

    variables = {"CVKIT_CACHE_DIR": str(folder / "cache"), "CVKIT_NUM_THREADS": "2"}

    def messages(*arguments):
        child = process(*arguments, variables=variables, stdout=subprocess.PIPE)
        out, err = child.communicate(timeout=120)
        assert child.returncode == 0, err
        return out.decode(), err.decode()

    assert messages("canny", "a.png", "b.png", *THRESHOLDS)[1].count("compiling kernels") == 1
    assert "compiling" not in messages("canny", "a.png", *THRESHOLDS, "--force")[1]
    ready, _ = messages("warmup", "canny", "canny_from_gradients")
    assert re.search(r"^canny: [1-9]\d* kernels compiled, \d+\.\d s$", ready, re.M)
    assert re.search(r"^canny_from_gradients: [1-9]\d* kernels compiled", ready, re.M)
    for flags in (["--color"], ["--l2"], ["--l2", "--aperture", 7, "--color"]):
        assert "compiling" not in messages("canny", "large.png", *THRESHOLDS, *flags, "--force")[1]
    assert np.array_equal(
        load("large.canny.png"), cv2.Canny(cv2.imread("large.png"), 50, 150, apertureSize=7, L2gradient=True)
    )
    assert "canny: 0 kernels" in messages("warmup", "canny")[0]
    assert str(folder / "cache") in messages("doctor")[0]


def test_warmup_without_a_cache_folder(monkeypatch):
    from cvkit_cpu import jit

    monkeypatch.setattr(jit, "folder", lambda: None)
    fails(run("warmup"), 1, "can't be kept", "cvkit doctor")


def test_doctor(monkeypatch):
    monkeypatch.setattr(metadata, "version", _versions("opencv-contrib-python"))
    result = succeeds(run("doctor"))
    for name in ("cvkit", "python", "numpy", "numba", "llvmlite", "cv2", "processor", "threads", "cuda", "cache"):
        assert re.search(rf"^{name} +\S", result.stdout, re.M)
    assert os.path.dirname(cv2.__file__) in result.stdout


def test_doctor_finds_two_wheels(monkeypatch):
    monkeypatch.setattr(metadata, "version", _versions("opencv-contrib-python", "opencv-python-headless"))
    result = run("doctor")
    assert result.exit_code == 1
    assert "pip uninstall -y opencv-contrib-python opencv-python-headless" in result.stderr
    assert "pip install opencv-contrib-python." in result.stderr


def _versions(*installed):
    """importlib.metadata.version where of OpenCV's wheels these are installed."""
    real = metadata.version

    def version(name):
        if name in doctor.OPENCV_WHEELS:
            if name not in installed:
                raise metadata.PackageNotFoundError(name)
            return "5.0.0.93"
        return real(name)

    return version


def test_doctor_without_numba(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.setitem(sys.modules, "cvkit_cpu", None)
    monkeypatch.setattr("cvkit.run.device._device", None)
    monkeypatch.delenv("CVKIT_CUDA_DRIVER", raising=False)
    result = run("doctor")
    assert result.exit_code == 1
    assert "cvkit: error: numba cannot be imported" in result.stderr
    assert re.search(r"^cache +not available", result.stdout, re.M)


def test_doctor_says_what_is_missing(monkeypatch):
    from cvkit_cpu import jit

    monkeypatch.setattr(jit, "folder", lambda: None)
    monkeypatch.setattr("cvkit.run.device._device", None)
    monkeypatch.delenv("CVKIT_CUDA_DRIVER", raising=False)
    monkeypatch.setattr("cvkit.run.device.importlib.util.find_spec", lambda name: None)
    result = run("doctor")
    assert re.search(r"^cache +none: .*CVKIT_CACHE_DIR", result.stdout, re.M)
    assert re.search(r"^cuda +not available: .*pip install '\.\[cuda\]'", result.stdout, re.M)


def _fake(monkeypatch, name):
    """A module whose run records its call."""
    calls = []
    module = types.ModuleType(name)
    module.run = lambda *args, **options: calls.append((*args, options)) or 3
    monkeypatch.setitem(sys.modules, name, module)
    return calls


def test_parity(monkeypatch):
    calls = _fake(monkeypatch, "cvkit.parity.report")
    monkeypatch.setenv("OPENCV_IPP", "disabled")
    result = run("parity", "canny", "--max-pixels", 1000, "--json", "r.json", "--device", "cpu", "--threads", 3)
    assert result.exit_code == 3
    assert calls == [(["canny"], {"device": "cpu", "max_pixels": 1000, "json": "r.json", "html": None})]
    assert cvkit.get_num_threads() == 3


def test_parity_starts_a_process_without_ipp(monkeypatch):
    calls = []

    def start(command, **options):
        calls.append((command, options))
        return subprocess.CompletedProcess(command, 5)

    monkeypatch.delenv("OPENCV_IPP", raising=False)
    monkeypatch.setattr(subprocess, "run", start)
    assert run("parity", "canny", "--html", "r.html").exit_code == 5
    command, options = calls[0]
    assert command == [sys.executable, "-m", "cvkit", "parity", "canny", "--html", "r.html", "--device", "auto"]
    assert options["env"]["OPENCV_IPP"] == "disabled"


def test_bench(monkeypatch):
    calls = _fake(monkeypatch, "cvkit.bench")
    assert run("bench", "--sizes", "64,1080p", "--threads", "1,2").exit_code == 3
    names, options = calls[0]
    assert names == list(operations())
    assert options == {"sizes": ["64", "1080p"], "threads": [1, 2], "device": "auto", "json": None}
