"""Every proof against OpenCV on the CPU, and that every operation is declared in all the places where it has to be."""

import ast
import doctest
import importlib
import importlib.util
import re
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from support import TESTS

import cvkit
from cvkit._cli import main
from cvkit.operation import FAMILIES, operations
from cvkit.parity.images import Images
from cvkit.parity.proof import EQUAL, Criterion, compare, described, proofs

# A generator that loses its cases must not pass; each operation's number stands a little below what it has.
FEWEST_CASES = {
    "adaptive_threshold": 680,
    "approx_poly_dp": 5000,
    "arc_length": 1250,
    "bilateral_filter": 1050,
    "blur": 2400,
    "bounding_rect": 460,
    "box_filter": 1300,
    "canny": 600,
    "canny_from_gradients": 250,
    "connected_components": 500,
    "connected_components_with_stats": 500,
    "contour_area": 1250,
    "convex_hull": 740,
    "convexity_defects": 1900,
    "corner_eigen_vals_and_vecs": 590,
    "corner_harris": 590,
    "corner_min_eigen_val": 590,
    "corner_sub_pix": 530,
    "dilate": 2800,
    "distance_transform": 550,
    "distance_transform_labels": 800,
    "erode": 2800,
    "filter2d": 800,
    "find_contours": 2900,
    "flood_fill": 1500,
    "frequency_filter": 780,
    "gaussian_blur": 2500,
    "get_deriv_kernels": 2500,
    "get_gaussian_kernel": 1100,
    "get_structuring_element": 700,
    "good_features_to_track": 640,
    "gradient_magnitude": 980,
    "integral": 700,
    "integral2": 1050,
    "integral3": 1050,
    "laplacian": 2100,
    "median_blur": 2600,
    "min_area_rect": 1150,
    "moments": 1400,
    "morphology_ex": 2450,
    "scharr": 1400,
    "sep_filter2d": 2700,
    "sobel": 2100,
    "sobel_diagonal": 760,
    "spatial_gradient": 590,
    "sqr_box_filter": 900,
    "threshold": 3000,
    "watershed": 620,
    "watershed_segment": 620,
    "wiener": 1100,
}
SECTIONS = ("Parameters", "Returns", "Raises", "Examples")
SHOWN = 5


@pytest.mark.parametrize("name", proofs())
def test_proof(name):
    proof = proofs()[name]
    count, failures = 0, []
    for arguments, reference, *own in proof.cases(Images()):
        count += 1
        criterion = own[0] if own else proof.criterion
        comparison = compare(proof.operation(**arguments), reference(cv2), criterion)
        if not comparison.same:
            failures.append(f"{comparison.text} [{described(arguments)}]")
    assert not failures, "\n".join([f"{len(failures)} of {count} cases differ:", *failures[:SHOWN]])
    assert count >= FEWEST_CASES[name]


@pytest.mark.long
@pytest.mark.parametrize("name", operations())
def test_warm_up(name):
    """Compiles what it can and raises nothing."""
    assert CliRunner().invoke(main, ["warmup", name]).exit_code == 0


def test_small_runs_keep_to_their_limit():
    """The simulator's runs: at most a thousand pixels, and still a case of each channel count."""
    shapes = [a["src"].shape for a, _ in proofs()["canny"].cases(Images(max_pixels=1000))]
    assert max(h * w for h, w, *_ in shapes) <= 1000
    assert {shape[2] if len(shape) == 3 else 1 for shape in shapes} == {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("got", "text"),
    [
        (np.array([[1, 2], [9, 9]], np.uint8), r"2 of 4 differ, first at \(1, 0\): 9 instead of 3"),
        (np.array([[1, 2], [3, 4]], np.int16), r"int16 \(2, 2\) instead of uint8 \(2, 2\)"),
        (np.array([[1, 2, 3, 4]], np.uint8), r"uint8 \(1, 4\) instead of uint8 \(2, 2\)"),
    ],
)
def test_compare_tells_what_differs(got, text):
    comparison = compare(got, np.array([[1, 2], [3, 4]], np.uint8), EQUAL)
    assert not comparison.same
    assert re.fullmatch(text, comparison.text)


def test_compare_of_floats():
    want = np.array([1.0, np.nan, 100.0])
    close = Criterion("close", bound=1e-3)
    assert compare(want, want.copy(), EQUAL).same
    assert not compare(want * [1, 1, 1.0005], want, EQUAL).same
    assert not compare(np.array([1.0, 2.0, 100.0]), want, close).same, "a number where the reference has none"
    assert not compare(np.array([np.nan, np.nan, 100.0]), want, close).same, "no number where the reference has one"
    assert not compare(want * [1, 1, 1.002], want, close).same
    assert compare(want * [1, 1, 1.0005], want, close).same, "within the bound; both have no number in one place"


@cache
def source_of(module):
    """The path of a module's source, found without importing it."""
    package, _, name = module.rpartition(".")
    for folder in importlib.util.find_spec(package).submodule_search_locations:
        path = Path(folder, f"{name}.py")
        if path.exists():
            return path
    return None


def plans(package, family):
    """The functions of a module of kernels that have no decorator, with the names of their arguments."""
    tree = ast.parse(source_of(f"{package}.{family}").read_bytes())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.decorator_list]
    return {node.name: [a.arg for a in (*node.args.posonlyargs, *node.args.args)] for node in functions}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_one_name_in_every_folder(family):
    for package in ("cvkit", "cvkit_cpu", "cvkit_cuda", "cvkit.parity"):
        assert source_of(f"{package}.{family}"), f"{package}/{family}.py is missing"
    assert (TESTS / f"test_{family}.py").exists()


def test_proofs_are_of_operations():
    assert set(proofs()) == set(operations())
    assert set(FEWEST_CASES) == set(operations())


@pytest.mark.parametrize("name", operations())
class TestOperation:
    def test_is_proved_and_measured(self, name):
        proof = proofs()[name]
        assert proof.operation is operations()[name].function
        assert proof.benchmark is not None
        assert proof.cases.__doc__ or proof.operation.__doc__

    def test_is_public(self, name):
        assert name in cvkit.__all__
        assert getattr(cvkit, name) is operations()[name].function

    def test_has_plans_of_its_name(self, name):
        spec = operations()[name]
        on_cpu = plans("cvkit_cpu", spec.family)[name]
        assert on_cpu[0] == "cpu"
        if spec.cuda:
            assert re.match(r"(host|library): \w+", spec.cuda), "why there is no CUDA plan, or what it needs"
        if spec.cuda.startswith("host:"):
            return
        on_cuda = plans("cvkit_cuda", spec.family)[name]
        assert on_cuda == ["gpu", *on_cpu[1:]], "twins take the same arguments"

    def test_is_documented(self, name):
        spec = operations()[name]
        text = spec.function.__doc__
        assert spec.summary.endswith(".")
        assert "Equal to" in text or "Close to" in text
        for section in SECTIONS:
            assert re.search(rf"^ *{section}\n *-{{{len(section)}}}$", text, re.M), f"no section {section}"
        described = re.search(r"Parameters\n *-+\n(.*?)\n *Returns\n", text, re.S)[1]
        for parameter in spec.parameters:
            assert re.search(rf"^ *([\w, ]+, )?{parameter}(,|$)", described, re.M), f"{parameter} is not described"

    def test_declares_what_exists(self, name):
        spec = operations()[name]
        assert set(spec.images) <= set(spec.parameters)
        assert set(spec.choices) <= set(spec.parameters)
        assert {np.dtype(d).name for d in spec.dtypes} == set(spec.dtypes)
        assert not spec.stages or callable(getattr(importlib.import_module(f"cvkit.{spec.family}"), spec.stages))


@pytest.mark.parametrize("family", FAMILIES)
def test_examples(family):
    """Every example in a docstring gives what stands below it."""
    module = importlib.import_module(f"cvkit.{family}")
    failed, tried = doctest.testmod(module, extraglobs={"np": np})
    assert tried
    assert not failed
