"""What the commands of derivatives have beyond the part that is generated from their operations."""

from typing import Any

import click

from cvkit._commands import RAW, Special
from cvkit._special_filters import example

ORDERS = {"dx": 0, "dy": 0}


def _check_orders(arguments: dict[str, Any], values: dict[str, Any]) -> None:
    if arguments["dx"] is arguments["dy"] is None:
        raise click.UsageError("give --dx, --dy or both: the order of the derivative along each axis, such as --dx 1.")
    arguments.update({name: arguments[name] or 0 for name in ORDERS})


def _magnitude_tiles(image: Any, stages: Any, arguments: dict[str, Any]) -> list[Any]:
    from cvkit.draw import Tile, scaled, signed

    def first(values: Any) -> Any:
        return values if values.ndim == 2 else values[..., 0]

    return [
        Tile(f"input, {image.shape[1]} x {image.shape[0]}", image),
        Tile("dx, 0 is mid-gray", signed(first(stages.dx))),
        Tile("dy, 0 is mid-gray", signed(first(stages.dy))),
        Tile("direction, 0 to 360 degrees", scaled(first(stages.direction))),
        Tile("magnitude", scaled(first(stages.magnitude))),
    ]


GRADIENTS: dict[str, Special] = {
    "sobel": Special(
        optional=tuple(ORDERS),
        check=_check_orders,
        view=RAW,
        examples=example("sobel photo.jpg --dx 1 --view abs -o edges.png"),
    ),
    "scharr": Special(
        optional=tuple(ORDERS), check=_check_orders, view=RAW, examples=example("scharr photo.jpg --dy 1")
    ),
    "laplacian": Special(view=RAW, examples=example("laplacian photo.jpg --ksize 3 --view norm")),
    "sobel-diagonal": Special(
        operation="sobel_diagonal", view=RAW, examples=example("sobel-diagonal photo.jpg --angle 45 --view abs")
    ),
    "magnitude": Special(
        operation="gradient_magnitude",
        view=RAW,
        tiles=_magnitude_tiles,
        examples=example("magnitude photo.jpg --view norm --stages steps.png"),
    ),
}
