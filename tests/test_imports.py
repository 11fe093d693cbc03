"""Who imports whom, and what ``import cvkit`` costs. Sources are read, not imported."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest
from support import run_python

import cvkit
from cvkit.operation import FAMILIES

PACKAGES = ("cvkit", "cvkit_cpu", "cvkit_cuda", "cvkit_math")
HEAVY = ("numba", "llvmlite", "cv2", "scipy", "skimage", "numpy", "PIL", "rich", "click")


def sources():
    """Every module of the four packages, by name, with its parsed source."""
    found = {}
    for package in PACKAGES:
        for folder in importlib.util.find_spec(package).submodule_search_locations:
            for path in sorted(Path(folder).rglob("*.py")):
                parts = [package, *path.relative_to(folder).with_suffix("").parts]
                name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                found[name] = ast.parse(path.read_bytes())
    return found


SOURCES = sources()


def for_types_only(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def imports(tree, inside_functions=True):
    """Names of the modules that a source imports when it runs; of `from a import b` both a and a.b."""
    todo, names = [tree], []
    while todo:
        node = todo.pop()
        if for_types_only(node):
            todo.extend(node.orelse)
            continue
        if not inside_functions and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.Import):
            names.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute: the stamp of the kernels' cache reads only those"
            names.append(node.module)
            names.extend(f"{node.module}.{alias.name}" for alias in node.names)
        todo.extend(ast.iter_child_nodes(node))
    return names


def modules_of_cvkit(tree, **options):
    """Those of them that are modules of the four packages."""
    return {name for name in imports(tree, **options) if name in SOURCES}


def packages(tree, **options):
    return {name.partition(".")[0] for name in imports(tree, **options)}


def test_import_loads_nothing_heavy():
    code = f"import sys, cvkit; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert run_python(code) == "[]"


def test_settings_load_no_numba():
    code = """
import sys, cvkit
cvkit.set_num_threads(cvkit.get_num_threads())
cvkit.set_device(cvkit.get_device())
cvkit.canny, cvkit.imread
print([m for m in ("numba", "cv2", "scipy", "skimage") if m in sys.modules])
"""
    assert run_python(code) == "[]"


def test_help_loads_no_numba():
    code = """
import sys
from cvkit._cli import main
sys.argv = ["cvkit", "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code
print([m for m in ("numba", "cv2", "scipy", "skimage") if m in sys.modules])
"""
    assert run_python(code).splitlines()[-1] == "[]"


def typed_names():
    """What type checkers see: the imports under TYPE_CHECKING in cvkit/__init__.py, name and module."""
    block = next(node for node in SOURCES["cvkit"].body if for_types_only(node))
    return {alias.asname: node.module for node in block.body for alias in node.names if alias.asname == alias.name}


def test_public_names_are_those_of_type_checkers():
    assert {"__version__", *typed_names()} == set(cvkit.__all__)
    assert len(cvkit.__all__) == len(set(cvkit.__all__))
    assert set(cvkit.__all__) <= set(dir(cvkit))


@pytest.mark.parametrize("name", cvkit.__all__)
def test_public_name_resolves(name):
    value = getattr(cvkit, name)
    if name != "__version__":
        assert value.__module__ == typed_names()[name]
        assert value.__name__ == name
        assert value.__doc__


def test_a_missing_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"^module 'cvkit' has no attribute 'cannny'$"):
        cvkit.cannny  # noqa: B018


def test_version_is_a_release():
    assert re.fullmatch(r"\d+\.\d+\.\d+", cvkit.__version__)


@pytest.mark.parametrize("name", SOURCES)
def test_packages_keep_their_distance(name):
    """CPU and CUDA kernels never import each other, shared arithmetic neither; only functions of cvkit load kernels."""
    tree, package = SOURCES[name], name.partition(".")[0]
    allowed = {
        "cvkit": {"cvkit"},
        "cvkit_cpu": {"cvkit_cpu", "cvkit_math"},
        "cvkit_cuda": {"cvkit_cuda", "cvkit_math"},
        "cvkit_math": {"cvkit_math"},
    }[package]
    assert packages(tree, inside_functions=package != "cvkit") & set(PACKAGES) <= allowed
    if package == "cvkit":
        assert not packages(tree, inside_functions=False) & {"numba", "llvmlite"}
    if package == "cvkit_cpu":
        assert "numba.cuda" not in imports(tree)


# The lower half of cvkit: each may import what stands before it, its own package, and no other part of cvkit.
LOWER = ["cvkit.errors", "cvkit.operation", "cvkit.check", "cvkit.run", "cvkit.points", "cvkit.structure_tensor"]
LAYERS = [*LOWER, *(f"cvkit.{family}" for family in FAMILIES)]


@pytest.mark.parametrize("layer", LAYERS)
def test_layers(layer):
    lower = LAYERS[: min(LAYERS.index(layer), len(LOWER))]
    for name, tree in SOURCES.items():
        if name == layer or name.startswith(f"{layer}."):
            mine = {n for n in modules_of_cvkit(tree) if n.startswith("cvkit.")}
            assert {n for n in mine if not n.startswith((layer, *lower))} == set(), name


def test_no_circles():
    """Neither at the top of modules nor inside functions."""
    edges = {name: modules_of_cvkit(tree) - {name} for name, tree in SOURCES.items()}
    done, path = set(), []

    def visit(name):
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            path.append(name)
            for other in sorted(edges[name]):
                visit(other)
            done.add(path.pop())

    for name in edges:
        visit(name)


def test_the_reading_of_imports():
    """That the tests above can fail."""
    tree = ast.parse(
        "import a.b\nfrom c import d\nif TYPE_CHECKING:\n    import e\nelse:\n    import f\n"
        "def g():\n    import h\nclass I:\n    import j\ntry:\n    import k\nexcept ImportError:\n    import l\n"
    )
    top = {"a.b", "c", "c.d", "f", "j", "k", "l"}
    assert set(imports(tree, inside_functions=False)) == top
    assert set(imports(tree)) == top | {"h"}
    assert {"cvkit_cpu.typed", "cvkit_cpu.jit", "cvkit_cpu.edges_gradients"} <= modules_of_cvkit(
        SOURCES["cvkit_cpu.edges"]
    )
