"""What the commands of morphology have beyond the part that is generated from their operations."""

from typing import Any

import click

import cvkit
from cvkit._commands import Special
from cvkit._special_filters import Numbers, Size, Weights, example, visible

SHAPES = ("rect", "cross", "ellipse", "diamond")


def _options() -> list[click.Option]:
    kernel = "The structuring element itself: rows of 0 and 1 with ; between them, or a file of numbers."
    return [
        click.Option(["--ksize"], type=Size(), default="3", show_default=True, help="Its size, W or WxH."),
        click.Option(
            ["--shape"], type=click.Choice(SHAPES), default="rect", show_default=True, help="The structuring element."
        ),
        click.Option(["--kernel", "weights"], type=Weights(), metavar="KERNEL", help=kernel),
    ]


def _prepare(image: Any, arguments: dict[str, Any], values: dict[str, Any], name: str) -> Any:
    import numpy as np

    if values["weights"] is None:
        arguments["kernel"] = cvkit.get_structuring_element(values["shape"], values["ksize"])
    else:
        arguments["kernel"] = values["weights"].astype(np.int32)
    return image


def _check_hitmiss(arguments: dict[str, Any], values: dict[str, Any]) -> None:
    if values["weights"] is None:
        raise click.UsageError(
            "give --kernel: 1 where the pattern is set, -1 where it is not, 0 where it does not matter."
        )


def _tiles(image: Any, stages: Any, arguments: dict[str, Any]) -> list[Any]:
    from cvkit.draw import Tile

    steps = [(name.replace("_", " "), picture) for name, picture in stages._asdict().items() if picture is not None]
    size = f"input, {image.shape[1]} x {image.shape[0]}"
    return [Tile(label, visible(picture)) for label, picture in ((size, image), *steps)]


def _command(operation: str, line: str, summary: str = "", **more: Any) -> Special:
    return Special(
        operation=operation,
        summary=summary,
        hidden=("kernel",),
        types={"anchor": Numbers(int)},
        options=_options(),
        prepare=_prepare,
        examples=example(line),
        **more,
    )


def _compound(op: str, line: str, summary: str, **more: Any) -> Special:
    return _command("morphology_ex", line, summary, fixed={"op": op}, tiles=_tiles, **more)


MORPHOLOGY: dict[str, Special] = {
    "erode": _command("erode", "erode scan.png --ksize 5"),
    "dilate": _command("dilate", "dilate scan.png --shape ellipse --ksize 7"),
    "open": _compound("open", "open scan.png --ksize 5", "Remove bright details smaller than the element."),
    "close": _compound("close", "close scan.png --ksize 5", "Remove dark details smaller than the element."),
    "gradient": _compound("gradient", "gradient photo.jpg", "Outline: dilation less erosion."),
    "tophat": _compound(
        "tophat",
        "tophat photo.jpg --ksize 15 --stages steps.png",
        "Bright details smaller than the element: the image less its opening.",
    ),
    "blackhat": _compound(
        "blackhat",
        "blackhat page.jpg --ksize 31x3",
        "Dark details smaller than the element: the closing less the image.",
    ),
    "hitmiss": _compound(
        "hitmiss",
        "hitmiss mask.png --kernel '0 1 0; -1 1 1; -1 -1 0'",
        "Pixels whose neighbourhood is a pattern.",
        gray=True,
        check=_check_hitmiss,
    ),
}
