"""What the commands of thresholds have beyond the part that is generated from their operations."""

from typing import Any

import click

import cvkit
from cvkit._commands import RAW, Special
from cvkit._overlay import overlay
from cvkit._special_filters import example


def _image(result: Any) -> Any:
    return result.image


def _draw_passed(image: Any, result: Any, arguments: dict[str, Any], values: dict[str, Any]) -> Any:
    passed = (result.image if isinstance(result, cvkit.Threshold) else result) != 0
    return overlay(image, (passed if passed.ndim == 2 else passed.any(axis=2)).astype(int))


def _draw_distance(image: Any, result: Any, arguments: dict[str, Any], values: dict[str, Any]) -> Any:
    """From blue to red as the distance grows; what has none stays black."""
    import cv2

    from cvkit.draw import scaled

    picture = cv2.applyColorMap(scaled(result), cv2.COLORMAP_TURBO)
    picture[result == 0] = 0
    return picture


def _distance_record(result: Any) -> dict[str, Any]:
    import numpy as np

    y, x = np.unravel_index(int(result.argmax()), result.shape)
    return {"largest": float(result[y, x]), "at": [int(x), int(y)]}


def _threshold_record(result: Any) -> dict[str, Any]:
    return {"threshold": float(result.value)}


def binary_options() -> list[click.Option]:
    """How a command that takes objects finds them in a gray image."""
    text = "Objects are brighter than this; by default Otsu's threshold."
    invert = "Objects are dark."
    return [
        click.Option(["--thresh"], type=float, metavar="LEVEL", help=text),
        click.Option(["--invert", "dark"], is_flag=True, help=invert),
    ]


def binary(image: Any, arguments: dict[str, Any], values: dict[str, Any], name: str) -> Any:
    """Objects 255, the rest 0."""
    kind = "binary_inv" if values["dark"] else "binary"
    if values["thresh"] is None:
        return cvkit.threshold(image, 0, 255, kind + "+otsu").image
    return cvkit.threshold(image, values["thresh"], 255, kind).image


PASSED = "Write the image, tinted where the result is not 0."
FAR = "Write the distances in colours, from blue to red."

THRESHOLDS: dict[str, Special] = {
    "threshold": Special(
        defaults={"thresh": 0.0},
        image=_image,
        options=[click.Option(["--draw"], is_flag=True, help=PASSED)],
        draw=_draw_passed,
        record=_threshold_record,
        gray=True,
        examples=example("threshold page.jpg --type binary+otsu"),
    ),
    "adaptive": Special(
        operation="adaptive_threshold",
        defaults={"max_value": 255.0, "method": "gaussian", "type": "binary", "block_size": 11, "c": 2.0},
        gray=True,
        options=[click.Option(["--draw"], is_flag=True, help=PASSED)],
        draw=_draw_passed,
        examples=example("adaptive page.jpg --block-size 25 --c 10"),
    ),
    "distance": Special(
        operation="distance_transform",
        gray=True,
        view=RAW,
        options=[*binary_options(), click.Option(["--draw"], is_flag=True, help=FAR)],
        prepare=binary,
        draw=_draw_distance,
        record=_distance_record,
        examples=example("distance mask.png --view norm"),
    ),
}
