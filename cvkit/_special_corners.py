"""What the commands of corners have beyond the part that is generated from their operations."""

from typing import Any

import click

import cvkit
from cvkit._commands import RAW, Number, Special
from cvkit._overlay import in_color
from cvkit._special_filters import example
from cvkit._special_regions import Mask

MARK = (0, 0, 255)  # red, in BGR


def marked(image: Any, points: Any) -> Any:
    """An image in colour with a circle around each point (x, y)."""
    import cv2

    picture = in_color(image)
    radius = max(3, round(max(picture.shape) / 256))
    for x, y in points:
        cv2.circle(picture, (round(float(x)), round(float(y))), radius, MARK, 1, cv2.LINE_AA)
    return picture


def _draw_harris(image: Any, response: Any, arguments: dict[str, Any], values: dict[str, Any]) -> Any:
    """Local maxima of the response, from the strongest on."""
    options = {
        "block_size": arguments["block_size"],
        "gradient_size": arguments["ksize"],
        "k": arguments["k"],
        "harris": True,
    }
    return marked(image, cvkit.good_features_to_track(image, 0, values["quality"], values["distance"], **options))


def _harris_tiles(image: Any, stages: Any, arguments: dict[str, Any]) -> list[Any]:
    from cvkit.draw import Tile, scaled, signed

    return [
        Tile(f"input, {image.shape[1]} x {image.shape[0]}", image),
        Tile("dx, 0 is mid-gray", signed(stages.dx)),
        Tile("dy, 0 is mid-gray", signed(stages.dy)),
        Tile("dx * dx", scaled(stages.xx)),
        Tile("dx * dy, 0 is mid-gray", signed(stages.xy)),
        Tile("dy * dy", scaled(stages.yy)),
        Tile("response, 0 is mid-gray", signed(stages.response)),
        Tile("local maxima", scaled(stages.maxima), thin=True),
    ]


def _draw_corners(image: Any, points: Any, arguments: dict[str, Any], values: dict[str, Any]) -> Any:
    return marked(image, points)


def _record_corners(points: Any) -> dict[str, Any]:
    return {"corners": [[float(x), float(y)] for x, y in points]}


CORNERS: dict[str, Special] = {
    "harris": Special(
        operation="corner_harris",
        gray=True,
        defaults={"block_size": 2, "ksize": 3, "k": 0.04},
        view=RAW,
        draw=_draw_harris,
        tiles=_harris_tiles,
        options=[
            click.Option(["--draw"], is_flag=True, help="Write the image with its corners marked, not the response."),
            click.Option(
                ["--quality"],
                type=Number(above=0),
                default=0.01,
                show_default=True,
                help="With --draw: the weakest corner, as a part of the strongest response.",
            ),
            click.Option(
                ["--distance"],
                type=Number(),
                default=10,
                show_default=True,
                help="With --draw: smallest distance of two corners, in pixels.",
            ),
        ],
        examples=example("harris photo.jpg --draw -o corners.png --stages steps.png"),
    ),
    "mineigen": Special(
        operation="corner_min_eigen_val",
        gray=True,
        defaults={"block_size": 2},
        view=RAW,
        examples=example("mineigen photo.jpg --block-size 3 --view norm"),
    ),
    "corners": Special(
        operation="good_features_to_track",
        gray=True,
        defaults={"max_corners": 500, "quality_level": 0.01, "min_distance": 10},
        types={"mask": Mask()},
        draw=_draw_corners,
        record=_record_corners,
        examples=example("corners photo.jpg --max-corners 200 --json"),
    ),
}
