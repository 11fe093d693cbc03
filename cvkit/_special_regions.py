"""What the commands of regions have beyond the part that is generated from their operations."""

from typing import Any

import click

import cvkit
from cvkit._commands import RAW, Number, Special
from cvkit._overlay import overlay
from cvkit._special_filters import Numbers, example
from cvkit._special_thresholds import binary, binary_options
from cvkit.errors import ArgumentError


class Values(click.ParamType):  # type: ignore[type-arg]
    """A number, or one for each channel with commas between them."""

    name = "values"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            numbers = tuple(float(n) for n in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is not a number, or numbers such as 0,128,255.", param, ctx)
        return numbers[0] if len(numbers) == 1 else numbers


def _each_channel(image: Any, arguments: dict[str, Any], values: dict[str, Any], name: str) -> Any:
    """One number counts for all channels; to the operation, as to cv2, it is the first channel's."""
    if image.ndim == 3:
        for key in ("value", "lo_diff", "up_diff"):
            if not isinstance(arguments[key], tuple):
                arguments[key] = (arguments[key],) * image.shape[2]
    return image


class Mask(click.ParamType):  # type: ignore[type-arg]
    """A file with a gray image."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return cvkit.imread(value, gray=True)


def _prepare_fill(image: Any, arguments: dict[str, Any], values: dict[str, Any], name: str) -> Any:
    if values["mask"] is not None:
        arguments["mask"] = _framed(values["mask"], *image.shape[:2])
    return _each_channel(image, arguments, values, name)


def _framed(mask: Any, h: int, w: int) -> Any:
    """A mask of the image's size, or of one with a frame of a pixel, as one with a frame."""
    import numpy as np

    if mask.shape == (h + 2, w + 2):
        return mask != 0
    if mask.shape != (h, w):
        raise ArgumentError(
            f"floodfill: --mask has {mask.shape[1]} x {mask.shape[0]} pixels; it takes {w} x {h}, as the image has, or "
            f"{w + 2} x {h + 2}, with a frame of one pixel as in cv2."
        )
    return np.pad(mask != 0, 1)


def _fill(image: Any, arguments: dict[str, Any], values: dict[str, Any]) -> Any:
    return arguments["seed"], cvkit.flood_fill(image, **arguments, device=values["device"])


def _filled_image(result: Any) -> Any:
    return result[1].image


def _draw_fill(image: Any, result: Any, arguments: dict[str, Any], values: dict[str, Any]) -> Any:
    region = result[1].mask[1:-1, 1:-1] != 0
    if "mask" in arguments:
        region &= ~arguments["mask"][1:-1, 1:-1]
    return overlay(image, region.astype(int))


def _fill_record(result: Any) -> dict[str, Any]:
    seed, filled = result
    return {"seed": list(seed), "area": int(filled.area), "rect": [int(n) for n in filled.rect]}


def _labels(result: Any) -> Any:
    return result.labels


def _components(image: Any, found: Any, arguments: dict[str, Any], values: dict[str, Any]) -> Any:
    return overlay(image, found.labels)


def _components_record(found: Any) -> dict[str, Any]:
    names = ("left", "top", "width", "height", "area")
    objects = [
        {**dict(zip(names, map(int, row), strict=True)), "center": [float(x), float(y)]}
        for row, (x, y) in zip(found.stats[1:], found.centroids[1:], strict=True)
    ]
    return {"objects": objects}


class Markers(Mask):
    """An image file of labels, 0 where there is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        import numpy as np

        return super().convert(value, param, ctx).astype(np.int32)


def _check_watershed(arguments: dict[str, Any], values: dict[str, Any]) -> None:
    if (values["markers"] is None) != values["auto"]:
        raise click.UsageError("give --markers FILE, or --auto; one of the two.")
    if values["markers"] is not None and values["stages"]:
        raise click.UsageError("--stages shows how --auto finds the markers; leave --markers out.")


def _watershed(image: Any, arguments: dict[str, Any], values: dict[str, Any]) -> Any:
    if values["markers"] is not None:
        return cvkit.watershed(image, values["markers"], device=values["device"])
    return cvkit.watershed_segment(image, **arguments, device=values["device"])


def _segments(image: Any, labels: Any, arguments: dict[str, Any], values: dict[str, Any]) -> Any:
    return overlay(image, labels)


def _segments_record(labels: Any) -> dict[str, Any]:
    import numpy as np

    found, areas = np.unique(labels[labels > 0], return_counts=True)
    return {"areas": {str(label): int(area) for label, area in zip(found, areas, strict=True)}}


def _watershed_tiles(image: Any, stages: Any, arguments: dict[str, Any]) -> list[Any]:
    from cvkit.draw import Tile, scaled

    return [
        Tile(f"input, {image.shape[1]} x {image.shape[0]}", image),
        Tile("what the threshold is for", stages.relief),
        Tile("foreground", stages.foreground),
        Tile("opened", stages.opened),
        Tile("distance to what is outside", scaled(stages.distance)),
        Tile("cores: where that is large", stages.cores),
        Tile("markers", overlay(image, stages.markers)),
        Tile("regions", overlay(image, stages.labels)),
    ]


DRAW = "Write the image with its regions in colours, not their labels."
MASK = """An image that is not 0 where nothing may be filled: of the image's size, or with a frame of one pixel around
it as cv2 takes it; the frame counts for nothing."""

REGIONS: dict[str, Special] = {
    "floodfill": Special(
        operation="flood_fill",
        rename={"value": "color", "lo_diff": "lo", "up_diff": "up"},
        types={"seed": Numbers(int), "value": Values(), "lo_diff": Values(), "up_diff": Values()},
        hidden=("mask", "mask_only", "mask_value"),
        options=[
            click.Option(["--mask"], type=Mask(), metavar="FILE", help=MASK),
            click.Option(["--draw"], is_flag=True, help="Write the image with the region tinted, not painted."),
        ],
        prepare=_prepare_fill,
        run=_fill,
        image=_filled_image,
        draw=_draw_fill,
        record=_fill_record,
        examples=example("floodfill photo.jpg --seed 200,40 --color 0,0,255 --lo 8 --up 8"),
    ),
    "components": Special(
        operation="connected_components_with_stats",
        gray=True,
        view=RAW,
        options=[*binary_options(), click.Option(["--draw"], is_flag=True, help=DRAW)],
        prepare=binary,
        image=_labels,
        draw=_components,
        record=_components_record,
        examples=example("components coins.png --draw --json -o objects.png"),
    ),
    "watershed": Special(
        operation="watershed_segment",
        types={"threshold": Number()},
        view=RAW,
        options=[
            click.Option(["--markers"], type=Markers(), metavar="FILE", help="Labels from which regions grow."),
            click.Option(["--auto"], is_flag=True, help="Find markers in the middle of objects."),
            click.Option(["--draw"], is_flag=True, help=DRAW),
        ],
        check=_check_watershed,
        run=_watershed,
        draw=_segments,
        record=_segments_record,
        tiles=_watershed_tiles,
        examples=example("watershed coins.png --auto --draw --stages steps.png"),
    ),
}
