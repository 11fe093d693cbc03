"""``@kernel``: compiled once, kept on disk, and compiled again when a source of its import closure changes."""

import importlib
import itertools
import json
import os
import stat
import sys

import numba
import numpy as np
import pytest
from cvkit_cpu import jit
from cvkit_cpu.jit import kernel
from support import run_python, start_python

KERNELS = """
from cvkit_cpu.jit import kernel
from {package}.factor import FACTOR, step
from {package} import unused

@kernel
def scaled(values):
    total = 0
    for x in range(values.size):
        total += step(values[x]) * FACTOR
    return total
"""
FACTORS = """
from cvkit_cpu.jit import kernel
FACTOR = {factor}

@kernel
def step(value):
    return value + {offset}
"""
names = (f"cvkit_probe_{i}" for i in itertools.count())


class Probe:
    """A package of kernels in a folder of its own, loaded anew as a new process would."""

    def __init__(self, folder):
        self.folder = folder
        self.package = next(names)
        self.path = folder / self.package
        self.path.mkdir()
        self.compiled = []
        (self.path / "__init__.py").write_text("")
        (self.path / "unused.py").write_text("")
        (self.path / "kernels.py").write_text(KERNELS.format(package=self.package))
        self.write()

    def write(self, factor=10, offset=0):
        (self.path / "factor.py").write_text(FACTORS.format(factor=factor, offset=offset))

    def load(self):
        """The module of kernels as a new process finds it: nothing imported, nothing compiled, nothing remembered."""
        for name in [m for m in sys.modules if m.partition(".")[0] == self.package]:
            del sys.modules[name]
        importlib.invalidate_caches()
        forget()
        self.compiled.clear()
        return importlib.import_module(f"{self.package}.kernels")

    def run(self):
        """The kernel's result for [1, 2, 3] and the names of the kernels that were compiled for it."""
        module = self.load()
        result = module.scaled(np.array([1, 2, 3]))
        return result, sorted(name.rpartition(".")[2] for name in self.compiled)

    def files(self):
        return sorted((self.folder / "cache" / "kernels").glob(f"{self.package}.*"))


def forget():
    jit.folder.cache_clear()
    jit.closure_stamp.cache_clear()
    jit._source.cache_clear()


@pytest.fixture
def probe(tmp_path, monkeypatch):
    monkeypatch.setenv("CVKIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # an edit within a second has the same time stamp
    probe = Probe(tmp_path)
    jit.on_compile.append(probe.compiled.append)
    yield probe
    jit.on_compile.remove(probe.compiled.append)
    forget()


ALL = (60, ["scaled", "step"])
CACHED = (60, [])


def test_compiled_once(probe):
    assert probe.run() == ALL
    assert probe.run() == CACHED
    assert len(probe.files()) == 2
    assert all(stat.S_IMODE(file.stat().st_mode) & 0o022 == 0 for file in probe.files())
    assert stat.S_IMODE((probe.folder / "cache" / "kernels").stat().st_mode) & 0o022 == 0


def test_an_edit_of_an_imported_file_compiles_again(probe):
    assert probe.run() == ALL
    probe.write(factor=100)
    assert probe.run() == (600, ["scaled", "step"])
    probe.write(factor=100, offset=1)
    assert probe.run() == (900, ["scaled", "step"])
    probe.write()
    assert probe.run() == CACHED, "back to what is still in the cache"


def test_an_edit_elsewhere_does_not(probe):
    assert probe.run() == ALL
    (probe.path / "stranger.py").write_text("FACTOR = 5")
    (probe.folder / "cvkit_probe_stranger.py").write_text("FACTOR = 5")
    assert probe.run() == CACHED
    (probe.path / "kernels.py").write_text((probe.path / "kernels.py").read_text() + "\n# a remark\n")
    assert probe.run() == (60, ["scaled"]), "the imported kernel is in a closure of its own"


def test_an_edit_between_import_and_first_call_leaves_no_wrong_code(probe):
    """What is compiled then is the source that was imported, so it must not be kept as the new one's."""
    module = probe.load()
    probe.write(factor=100)
    assert module.scaled(np.array([1, 2, 3])) == 60
    assert probe.run()[0] == 600


STAMPED = {
    "import {p}.other": True,
    "import {p}.other as o": True,
    "from {p} import other": True,
    "from {p}.other import VALUE": True,
    "from {p} import (\n    unused,\n    other,\n)": True,
    "import numpy, {p}.other": True,
    "def f():\n    from {p}.other import VALUE": True,
    "if False:\n    import {p}.other": True,
    "from {p} import middle": True,
    "import numpy": False,
    "other = '{p}.other'": False,
}


@pytest.mark.parametrize("statement", STAMPED, ids=lambda s: s.replace("\n", " "))
def test_stamp_covers_the_import_closure(statement, probe):
    """Whatever way the other file is imported, be it by a file in between."""
    main = probe.path / "main.py"
    main.write_text(statement.format(p=probe.package))
    (probe.path / "middle.py").write_text(f"from {probe.package} import other, main")  # a circle ends
    stamps = set()
    for value in ("1", "2"):
        (probe.path / "other.py").write_text(f"VALUE = {value}")
        importlib.invalidate_caches()
        forget()
        stamps.add(jit.closure_stamp(f"{probe.package}.main"))
    assert None not in stamps
    assert len(stamps) == 1 + STAMPED[statement]


def test_stamp_of_the_kernels_covers_what_they_are_made_of(monkeypatch):
    read = []
    monkeypatch.setattr(jit, "_source", lambda name, source=jit._source: read.append(name) or source(name))
    jit.closure_stamp.__wrapped__("cvkit_cpu.edges")
    assert {"cvkit_cpu.edges", "cvkit_cpu.edges_gradients", "cvkit_cpu.typed", "cvkit_cpu.jit"} <= set(read)
    assert not any(name.startswith(("cvkit.", "cvkit_cuda", "numba", "numpy")) for name in read)


@pytest.mark.parametrize("damage", ["truncated", "empty", "altered", "text", "folder"])
def test_a_damaged_file_is_compiled_again(damage, probe):
    assert probe.run() == ALL
    for file in probe.files():
        data = file.read_bytes()
        if damage == "folder":
            file.unlink()
            file.mkdir()
        else:
            middle = len(data) // 2
            altered = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
            file.write_bytes({"truncated": data[:-1], "empty": b"", "altered": altered, "text": b"no kernel"}[damage])
    assert probe.run() == ALL
    assert probe.run() == (ALL if damage == "folder" else CACHED)
    assert not list((probe.folder / "cache" / "kernels").glob("*.tmp"))


def below_a_file(cache, monkeypatch):
    cache.write_text("not a folder")


def writable_by_others(cache, monkeypatch):
    (cache / "kernels").mkdir(parents=True)
    (cache / "kernels").chmod(0o777)


def writable_by_a_group(cache, monkeypatch):
    (cache / "kernels").mkdir(parents=True)
    (cache / "kernels").chmod(0o770)


def of_another_user(cache, monkeypatch):
    (cache / "kernels").mkdir(parents=True)
    monkeypatch.setattr(os, "getuid", lambda: (cache / "kernels").stat().st_uid + 1)


def read_only(cache, monkeypatch):
    (cache / "kernels").mkdir(parents=True)

    def refused(*arguments, **options):
        raise PermissionError("read-only")

    monkeypatch.setattr(jit.tempfile, "TemporaryFile", refused)
    monkeypatch.setattr(jit.tempfile, "mkstemp", refused)


def full_disk(cache, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jit.os, "replace", full)


def gone_later(cache, monkeypatch):
    jit.folder()
    (cache / "kernels").rmdir()
    monkeypatch.setattr(jit.folder, "cache_clear", lambda: None)


def without_a_home(cache, monkeypatch):
    """A user whom the system doesn't know, as containers like to have them: no HOME, no entry in the list of users."""
    for name in ("CVKIT_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)


def home_of_nobody(cache, monkeypatch):
    monkeypatch.setenv("CVKIT_CACHE_DIR", "~no_such_user_here/cache")


POSIX = [writable_by_others, writable_by_a_group, of_another_user] if hasattr(os, "getuid") else []


@pytest.mark.parametrize(
    "spoil",
    [below_a_file, read_only, full_disk, gone_later, without_a_home, home_of_nobody, *POSIX],
    ids=lambda f: f.__name__,
)
def test_without_a_usable_folder_kernels_are_compiled_each_time(spoil, probe, monkeypatch):
    """What others can write is machine code of theirs: neither read nor added to."""
    forget()
    spoil(probe.folder / "cache", monkeypatch)
    assert probe.run() == ALL
    assert probe.run() == ALL
    if (probe.folder / "cache").is_dir():
        assert not [file for file in (probe.folder / "cache").rglob("*") if file.is_file()]


def test_a_planted_file_is_not_loaded(probe):
    """The right file in a folder that others may write, as an attacker would leave it."""
    assert probe.run() == ALL
    (probe.folder / "cache" / "kernels").chmod(0o777)
    assert probe.run() == ALL


PROGRAM = """
import json, sys
import numpy as np
from cvkit_cpu import jit
compiled = []
jit.on_compile.append(compiled.append)
from {package}.kernels import scaled
print(json.dumps([int(scaled(np.array([1, 2, 3]))), len(compiled)]))
"""


def test_processes_share_the_folder(probe):
    """Three at once on an empty folder, then one that finds it filled."""
    program = PROGRAM.format(package=probe.package)
    together = [start_python("-c", program) for _ in range(3)]
    for process in together:
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert json.loads(output)[0] == 60
    assert json.loads(run_python(program)) == [60, 0]
    assert len(probe.files()) == 2, "one file a kernel and no temporary ones"


def test_a_kernel_in_a_script(probe):
    """The file that is run, and a program given by -c, which has no source to stamp."""
    script = "from cvkit_cpu.jit import kernel\n@kernel\ndef double(x):\n    return 2 * x\nprint(double(21))\n"
    (probe.folder / "script.py").write_text(script)
    process = start_python(probe.folder / "script.py")
    output, errors = process.communicate(timeout=60)
    assert output.strip() == "42", errors


def test_a_kernel_is_a_function_of_a_module():
    offset = 3
    with pytest.raises(TypeError, match=r"shifted: a kernel is a module-level function"):

        @kernel
        def shifted(value):
            return value + offset


def test_the_guarded_attribute_exists():
    """A release of Numba that renames it makes kernels be compiled in every process: slow, and otherwise silent."""
    plain = numba.njit(test_the_guarded_attribute_exists)
    assert hasattr(plain, "_cache")
    assert isinstance(kernel(test_the_guarded_attribute_exists)._cache, jit.KernelCache)


def test_kernels_release_the_lock_and_allocate_nothing():
    options = kernel(test_the_guarded_attribute_exists).targetoptions
    assert options["nogil"]
    assert options["error_model"] == "numpy"
    assert not options["_nrt"]


SIGNATURES = """
import numpy as np
import cvkit
from cvkit_cpu import edges

src = np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8)
frozen = src.copy()
frozen.flags.writeable = False
images = [
    src, src[::2, ::3], src[..., 0], np.asfortranarray(src), src.T.copy().T, frozen, frozen[..., 1], src[:1],
    src[:, :1], src[:1, :1, 0], src[..., :1], src[..., :2], np.broadcast_to(src[:, :, :1], (40, 60, 4)),
]
counts = []
for l2 in (False, True):
    for image in images:
        h, w = image.shape[:2]
        for low in (50, 50.5, -1, 2**40, np.float32(3), np.uint8(3)):
            for aperture in ({apertures}):
                for out in (None, np.empty((h, w), np.uint8), np.empty((h, 2 * w), np.uint8)[:, ::2]):
                    cvkit.canny(image, low, 300, aperture=aperture, l2_gradient=l2 and np.True_, out=out)
    counts.append(len(edges.canny_band.signatures))
for dtype in ("<i2", ">i2"):
    for image in images:
        dx = image.astype(dtype)
        cvkit.canny_from_gradients(dx, dx[::-1], 50, 300)
        cvkit.canny_from_gradients(dx, dx[::-1], 50, 300, l2_gradient=1)
counts.append(len(edges.canny_band.signatures))
print(*counts)
"""


@pytest.mark.parametrize("apertures", ["3, 5, 7", "3, np.int32(5), np.uint16(7)"])
def test_one_dtype_compiles_one_signature(apertures):
    """Strides, writability, channels, byte order and types of numbers leave no mark. One is for aperture 3 and one for
    wider ones, as many for L2, which has wider magnitudes, and one for given derivatives.
    """
    assert run_python(SIGNATURES.format(apertures=apertures)) == "2 4 5"


def test_the_folder_is_where_the_environment_says(probe):
    program = PROGRAM.format(package=probe.package)
    for variable, below in (("CVKIT_CACHE_DIR", "kernels"), ("XDG_CACHE_HOME", "cvkit/kernels")):
        place = probe.folder / variable
        settings = {"CVKIT_CACHE_DIR": None, variable: str(place)}
        assert json.loads(run_python(program, **settings)) == [60, 2]
        assert len(list((place / below).iterdir())) == 2
