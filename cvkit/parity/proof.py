"""A proof: cases of an operation, what OpenCV gives for each, and when the two count as the same."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.operation import FAMILIES, spec_of
from cvkit.parity.images import Images

Arguments = dict[str, Any]
Reference = Callable[[Any], Any]
"""Takes the module cv2 and gives its result."""
Cases = Callable[[Images], Iterator[Any]]
"""Yields (arguments, reference), or (arguments, reference, criterion) for a case with a criterion of its own."""


@dataclass(frozen=True)
class Criterion:
    """When a result counts as the reference. ``reason`` says what OpenCV disagrees with itself about, where it does."""

    name: str
    bound: float = 0.0
    """largest difference, relative to the largest absolute value of the reference"""
    steps: int = 0
    """largest difference as it is, for integers"""
    reason: str = ""

    def __str__(self) -> str:
        if self.steps:
            return f"{self.name}, within {self.steps}"
        return f"{self.name}, within {self.bound:g} of the largest" if self.bound else self.name


EQUAL = Criterion("equal")


def close(bound: float) -> Criterion:
    """Float results whose order of summation is cvkit's own."""
    return Criterion("close", bound)


def disputed(reason: str, *, bound: float = 0.0, steps: int = 0) -> Criterion:
    """Results on which OpenCV's own paths disagree with each other, and about what."""
    return Criterion("disputed", bound, steps, reason)


@dataclass(frozen=True)
class Duel:
    """One line of the benchmark: ``operation(**arguments, out=out)`` against ``cv2(module, dst)``, both writing where
    they are told.
    """

    label: str
    arguments: Arguments
    out: NDArray[Any]
    cv2: Callable[[Any, Any], Any]
    skimage: Callable[[], Any] | None = None


@dataclass
class Proof:
    """How one operation is proved and measured."""

    operation: Callable[..., Any]
    cases: Cases
    criterion: Criterion
    benchmark: Callable[[NDArray[Any]], Iterator[Duel]] | None = None
    warm_ups: Callable[[], Iterator[Arguments]] | None = None


_proofs: dict[str, Proof] = {}


def proof(operation: Callable[..., Any], *, criterion: Criterion) -> Callable[[Cases], Cases]:
    """Declare a generator of (arguments, reference) as the proof of an operation."""

    def declare(cases: Cases) -> Cases:
        _proofs[spec_of(operation).name] = Proof(operation, cases, criterion)
        return cases

    return declare


def benchmark(operation: Callable[..., Any]) -> Callable[[Any], Any]:
    """Declare a generator of duels on a colour photograph as the benchmark of an operation that has a proof."""

    def declare(duels: Any) -> Any:
        _proofs[spec_of(operation).name].benchmark = duels
        return duels

    return declare


def warm_ups(operation: Callable[..., Any]) -> Callable[[Any], Any]:
    """Declare a generator of calls on tiny images that between them compile what an operation has kernels for.

    Without it the calls are made from the operation's dtypes, channels, choices and flags.
    """

    def declare(calls: Any) -> Any:
        _proofs[spec_of(operation).name].warm_ups = calls
        return calls

    return declare


def proofs() -> Mapping[str, Proof]:
    """All proofs by the name of their operation."""
    for family in FAMILIES:
        importlib.import_module(f"cvkit.parity.{family}")
    return _proofs


@dataclass(frozen=True)
class Comparison:
    """How a result differs from its reference."""

    same: bool
    differing: int = 0
    worst: float = 0.0
    text: str = ""


def compare(got: Any, want: Any, criterion: Criterion) -> Comparison:
    """Compare dtype, shape and every element; the text says how many differ, where first, and by how much.

    Results of several arrays are compared one by one, under one criterion.
    """
    if isinstance(want, (tuple, list)):
        if not isinstance(got, (tuple, list)) or len(got) != len(want):
            return Comparison(False, 1, np.inf, f"{type(got).__name__} instead of {len(want)} arrays")
        parts = [compare(g, w, criterion) for g, w in zip(got, want, strict=True)]
        text = "; ".join(f"array {i}: {p.text}" for i, p in enumerate(parts) if p.text)
        worst = max((p.worst for p in parts), default=0.0)
        return Comparison(all(p.same for p in parts), sum(p.differing for p in parts), worst, text)
    got, want = np.asarray(got), np.asarray(want)
    if got.dtype != want.dtype or got.shape != want.shape:
        return Comparison(False, want.size, np.inf, f"{got.dtype} {got.shape} instead of {want.dtype} {want.shape}")
    unequal = got != want
    if np.issubdtype(want.dtype, np.inexact):
        unequal &= ~(np.isnan(got) & np.isnan(want))
    differing = int(np.count_nonzero(unequal))
    if not differing:
        return Comparison(True)
    distance = np.abs(got[unequal].astype(np.float64) - want[unequal].astype(np.float64))
    worst = float(np.nan_to_num(distance, nan=np.inf).max())
    largest = float(np.abs(want.astype(np.float64)).max(initial=0, where=np.isfinite(want)))
    if worst <= max(criterion.steps, criterion.bound * largest):
        return Comparison(True, differing, worst)
    first = tuple(int(i) for i in np.argwhere(unequal)[0])
    text = f"{differing} of {want.size} differ, first at {first}: {got[first]} instead of {want[first]}"
    return Comparison(False, differing, worst, text)


def described(arguments: Arguments) -> str:
    """A case in a line: arrays by dtype, shape and strides, the rest by value."""
    parts = []
    for name, value in arguments.items():
        if isinstance(value, np.ndarray):
            layout = "" if value.flags.c_contiguous else f" strides {value.strides}"
            parts.append(f"{name}={value.dtype}{list(value.shape)}{layout}")
        else:
            parts.append(f"{name}={value}")
    return ", ".join(parts)
