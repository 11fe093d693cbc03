"""Kernels in Numba's CUDA simulator. A process chooses it before it imports Numba: run this folder by itself."""

import os
import sys

import pytest

os.environ.setdefault("NUMBA_ENABLE_CUDASIM", "1")
os.environ["OPENCV_IPP"] = "disabled"


def _simulated() -> bool:
    if "numba" not in sys.modules:
        return os.environ["NUMBA_ENABLE_CUDASIM"] == "1"
    from numba import config

    return bool(config.ENABLE_CUDASIM)


def pytest_configure(config):
    """Refuse a process in which kernels would be compiled instead of simulated."""
    if not _simulated():
        raise pytest.UsageError(
            "tests/simulator needs a process where Numba starts with NUMBA_ENABLE_CUDASIM=1: run pytest on it alone."
        )


@pytest.fixture(scope="session")
def gpu():
    """The device as operations get it."""
    from cvkit.run.device import cuda_device

    return cuda_device()
