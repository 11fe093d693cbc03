"""What several tests need: comparison, pictures, and Python in a process of its own."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np

from cvkit.parity.proof import EQUAL, compare, described

TESTS = Path(__file__).parent
DATA = TESTS.parent / "data"


def assert_same(got, want, case="", criterion=EQUAL):
    """The same dtype, shape and elements; says how many differ, where first, got and want, and the case."""
    comparison = compare(got, want, criterion)
    assert comparison.same, f"{comparison.text} [{described(case) if isinstance(case, dict) else case}]"


@cache
def photo(name, gray=False):
    """A photograph of data/, read by cv2 and read-only."""
    import cv2

    image = cv2.imread(str(DATA / name), cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR)
    image.flags.writeable = False
    return image


@cache
def large_photo(shape=(1080, 1920)):
    """A gray photograph repeated to a size that is worth several threads."""
    camera = photo("camera.png", gray=True)
    tiles = [-(-a // b) for a, b in zip(shape, camera.shape, strict=True)]
    return np.ascontiguousarray(np.tile(camera, tiles)[: shape[0], : shape[1]])


def noise(shape, seed=0, dtype=np.uint8):
    """Values over the whole range of an integer dtype."""
    limits = np.iinfo(dtype)
    return np.random.default_rng(seed).integers(limits.min, limits.max, shape, dtype, endpoint=True)


class HostTensor:
    """A tensor of another library in host memory, known by DLPack alone."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


def environment(**variables):
    """This process's environment for another Python that finds the same modules; a variable set to None is left out."""
    merged = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *filter(None, sys.path)]), **variables}
    return {name: value for name, value in merged.items() if value is not None}


def start_python(*arguments, **variables):
    """A Python process with these arguments, its output caught."""
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_python(code, **variables):
    """What a program prints in a process of its own; fails with its traceback when it fails."""
    process = start_python("-c", code, **variables)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, f"exit status {process.returncode}\n{errors}"
    return output.strip()
