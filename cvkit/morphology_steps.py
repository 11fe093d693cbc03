"""A compound operation of morphology one step after the other, each over the whole image."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.morphology_elements import Element

Array = NDArray[Any]


def step_by_step(
    plans: Any,
    unit: Any,
    rows: Array,
    channels: int,
    op: str,
    elements: tuple[Element | None, ...],
    border: int,
    value: Array | None,
) -> dict[str, Array]:
    """The results of the steps that the operation has, by their names in ``MorphologyStages``."""

    def step(which: str, source: Array, its: Element | None) -> Array:
        dst = np.full_like(rows, 255) if its is None else np.empty_like(rows)
        if its is not None:
            getattr(plans, which)(unit, source, dst, channels, its, border, value)
        dst.flags.writeable = False
        return dst

    steps: dict[str, Array] = {}
    if op == "hitmiss":
        complement = np.subtract(255, rows, dtype=rows.dtype)
        complement.flags.writeable = False
        steps["hits"] = step("erode", rows, elements[0])
        steps["misses"] = step("erode", complement, elements[1])
        return steps | {"result": steps["hits"] & steps["misses"]}
    (its,) = elements
    result = rows
    if op in ("erode", "open", "tophat", "gradient"):
        steps["eroded"] = result = step("erode", rows, its)
    if op in ("dilate", "close", "blackhat", "gradient"):
        steps["dilated"] = result = step("dilate", rows, its)
    if op in ("open", "tophat"):
        steps["opened"] = result = step("dilate", result, its)
    if op in ("close", "blackhat"):
        steps["closed"] = result = step("erode", result, its)
    if op == "gradient":
        result = _difference(steps["dilated"], steps["eroded"])
    elif op == "tophat":
        result = _difference(rows, steps["opened"])
    elif op == "blackhat":
        result = _difference(steps["closed"], rows)
    return steps | {"result": result}


def _difference(a: Any, b: Any) -> Array:
    """a - b, saturated where they are whole numbers."""
    if a.dtype.kind == "f":
        return np.asarray(a - b)
    limits = np.iinfo(a.dtype)
    return np.asarray(np.clip(a.astype(np.int32) - b, limits.min, limits.max), a.dtype)
