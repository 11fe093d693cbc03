"""Kernels through the offline compilers, in a process where Numba compiles: run this folder by itself."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import toolchain


def pytest_configure(config):
    """Refuse to run half of the tests: without the compilers none of them says anything."""
    problem = toolchain.problem()
    if problem is not None:
        raise pytest.UsageError(problem)
