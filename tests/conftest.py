"""Settings of every test. Nothing here loads Numba or cv2: tests/simulator sets their mode after it was read."""

import os
import tempfile

# IPP's results vary with the processor, and cv2 reads this once, when it is imported.
os.environ["OPENCV_IPP"] = "disabled"
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", os.path.join(tempfile.gettempdir(), "cvkit-hypothesis"))

import hypothesis
import pytest

from cvkit.run import placement, threads

# The first example compiles kernels, so no deadline; the same examples in each run, so that a failure comes back.
hypothesis.settings.register_profile("cvkit", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("cvkit")


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch):
    """A test may set threads and device; the next one finds what this one found."""
    monkeypatch.setattr(threads, "_count", threads._count)
    monkeypatch.setattr(placement, "_default", placement._default)
