"""What an operation takes, as pure data. Checks, error texts, ``--help``, the generated command and the support table
read it.
"""

import functools
import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import numpy as np

from cvkit.errors import ArgumentError

Function = TypeVar("Function", bound=Callable[..., Any])

FAMILIES = (
    "bilateral",
    "box",
    "contours",
    "corners",
    "derivatives",
    "distance",
    "edges",
    "frequency",
    "gaussian",
    "gradients",
    "integrals",
    "keypoints",
    "linear",
    "median",
    "morphology",
    "regions",
    "segmentation",
    "shapes",
    "thresholds",
)  # modules of cvkit whose functions are operations


@dataclass(frozen=True)
class Spec:
    """Declaration of one operation.

    ``images`` are the names of the array arguments, all of one shape; ``choices`` lists the values that an argument may
    have. ``stages`` names the function that shows the steps of the algorithm. ``cuda`` is empty, or "host: " and why
    there is no CUDA plan, or "library: " and what its plan needs on the device.
    """

    name: str
    family: str
    function: Callable[..., Any]
    dtypes: tuple[str, ...]
    channels: tuple[int, ...]
    result: str
    images: tuple[str, ...] = ("src",)
    borders: tuple[str, ...] = ()
    choices: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    stages: str = ""
    cuda: str = ""

    @functools.cached_property
    def dtype_numbers(self) -> frozenset[int]:
        """NumPy's numbers of the dtypes; a dtype's name takes a microsecond to make."""
        return frozenset(np.dtype(d).num for d in self.dtypes)

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        return inspect.signature(self.function).parameters


_operations: dict[str, Spec] = {}


def operation(**declaration: Any) -> Callable[[Function], Function]:
    """Make a public function an operation: ``function.spec`` holds the declaration, and ``operations()`` lists it."""

    def declare(function: Function) -> Function:
        family = function.__module__.rpartition(".")[2]
        if "dtype" in inspect.signature(function).parameters:
            function = _without_ddepth(function)
        spec = Spec(name=function.__name__, family=family, function=function, **declaration)
        function.spec = spec  # type: ignore[attr-defined]
        _operations[spec.name] = spec
        return function

    return declare


def _without_ddepth(function: Function) -> Function:
    """cv2 takes the depth of the result by position where cvkit takes ``dtype=``: say so to who writes it as in cv2."""
    parameters = inspect.signature(function).parameters.values()
    most = sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)

    @functools.wraps(function)
    def checked(*args: Any, **options: Any) -> Any:
        if len(args) > most:
            raise ArgumentError(
                f"{function.__name__}: {len(args)} arguments by position; it takes {most}. "
                "The depth of the result is an option, dtype=, not cv2's ddepth by position, and so are the others."
            )
        return function(*args, **options)

    return cast(Function, checked)


def spec_of(function: Callable[..., Any]) -> Spec:
    """The declaration of an operation."""
    spec: Spec = function.spec  # type: ignore[attr-defined]
    return spec


def operations() -> Mapping[str, Spec]:
    """All operations by name, in the order of their families, whatever was imported first."""
    for family in FAMILIES:
        importlib.import_module(f"cvkit.{family}")
    return {spec.name: spec for family in FAMILIES for spec in _operations.values() if spec.family == family}
