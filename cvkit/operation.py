"""What an operation takes, as pure data. Checks, error texts, ``--help``, the generated command and the support table
read it.
"""

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

FAMILIES = ("edges",)  # modules of cvkit whose functions are operations


@dataclass(frozen=True)
class Spec:
    """Declaration of one operation.

    ``images`` are the names of the array arguments, all of one shape; ``choices`` lists the values that an argument may
    have. ``stages`` names the function that shows the steps of the algorithm. ``cuda`` is empty, or the reason why
    there is no CUDA plan.
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
        spec = Spec(name=function.__name__, family=family, function=function, **declaration)
        function.spec = spec  # type: ignore[attr-defined]
        _operations[spec.name] = spec
        return function

    return declare


def spec_of(function: Callable[..., Any]) -> Spec:
    """The declaration of an operation."""
    spec: Spec = function.spec  # type: ignore[attr-defined]
    return spec


def operations() -> Mapping[str, Spec]:
    """All operations by name, in the order of their families."""
    for family in FAMILIES:
        importlib.import_module(f"cvkit.{family}")
    return _operations
