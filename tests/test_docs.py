"""What the documentation says is what the code says, and its examples run."""

import doctest
import importlib
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = ("cvkit.edges", "cvkit.io", "cvkit.run.threads", "cvkit.run.placement", "cvkit.check")


def test_the_table_of_operations_is_current():
    page = runpy.run_path(str(ROOT / "docs" / "make_operations.py"))["table"]()
    assert (ROOT / "docs" / "operations.md").read_text(encoding="utf-8") == page, "run python docs/make_operations.py"


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, extraglobs={"np": np})
    assert failed == 0


def test_the_readme_shows_python_that_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    threads = importlib.import_module("cvkit").get_num_threads()
    try:
        for block in blocks:
            exec(block, {})
    finally:
        importlib.import_module("cvkit").set_num_threads(threads)


def test_links_in_the_readme_lead_somewhere():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / target).exists(), target
