"""What the commands of filters have beyond the part that is generated from their operations."""

from typing import Any

import click

from cvkit._commands import Number, Special


class Size(click.ParamType):  # type: ignore[type-arg]
    """A kernel's size: one number, or WIDTHxHEIGHT."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        sides = value.lower().split("x")
        if len(sides) > 2 or not all(s.isdecimal() for s in sides):
            self.fail(f"{value!r} is no size such as 5 or 5x3 (width x height).", param, ctx)
        return int(sides[0]), int(sides[-1])


class Numbers(click.ParamType):  # type: ignore[type-arg]
    """Two numbers "X,Y", or several such pairs with ";" between them."""

    name = "numbers"

    def __init__(self, kind: type, *, several: bool = False) -> None:
        self._kind = kind
        self._several = several

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            pairs = [tuple(self._kind(n) for n in pair.split(",")) for pair in value.split(";")]
        except ValueError:
            pairs = []
        if not pairs or any(len(pair) != 2 for pair in pairs) or (len(pairs) > 1 and not self._several):
            form = '"X,Y" or "X,Y;X,Y"' if self._several else "X,Y"
            self.fail(f"{value!r} is not {form}.", param, ctx)
        return pairs if self._several else pairs[0]


class Weights(click.ParamType):  # type: ignore[type-arg]
    """A kernel: numbers with blanks between them and ";" between rows, or a file of numbers (.npy, or text)."""

    name = "weights"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        import os

        import numpy as np

        try:
            if os.path.exists(value):
                npy = value.lower().endswith(".npy")
                return np.load(value, allow_pickle=False) if npy else np.loadtxt(value, ndmin=2)
            return np.array([[float(n) for n in row.replace(",", " ").split()] for row in value.split(";")])
        except (OSError, ValueError):
            text = f"{value!r} is neither a file of numbers nor rows of them such as '0 -1 0; -1 5 -1; 0 -1 0'."
            self.fail(text, param, ctx)


def _check_gaussian(arguments: dict[str, Any], values: dict[str, Any]) -> None:
    if 0 in arguments["ksize"] and not arguments["sigma_x"]:
        raise click.UsageError("give --sigma, --ksize, or both.")


def _bilateral_tiles(image: Any, stages: Any, arguments: dict[str, Any]) -> list[Any]:
    from cvkit.draw import Tile

    near, alike = f"near, sigma {arguments['sigma_space']:g}", f"alike, sigma {arguments['sigma_color']:g}"
    tiles = ("input", image), (f"spatial weights only: {near}", stages.spatial), (f"range only: {alike}", stages.range)
    return [Tile(label, visible(picture)) for label, picture in (*tiles, ("both", stages.both))]


def _frequency_tiles(image: Any, stages: Any, arguments: dict[str, Any]) -> list[Any]:
    import numpy as np

    from cvkit.draw import Tile, scaled, signed

    def first(values: Any) -> Any:
        return values if values.ndim == 2 else values[..., 0]

    transfer = stages.transfer
    if np.iscomplexobj(transfer):  # of an all-pass filter, which changes phases only
        factor = Tile("phase of the transfer function, 0 is mid-gray", signed(np.angle(transfer)))
    else:
        factor = Tile("transfer function", scaled(transfer))
    return [
        Tile(f"input, {image.shape[1]} x {image.shape[0]}", visible(image)),
        Tile("spectrum, logarithm, 0 in the middle", scaled(first(stages.spectrum))),
        factor,
        Tile("result, stretched", visible(stages.result)),
    ]


def visible(values: Any) -> Any:
    """uint8 as it is, other values stretched over its range."""
    import numpy as np

    from cvkit.batch import in_depth

    return values if values.dtype == np.uint8 else in_depth(values.astype(np.float64), np.uint8, "norm")


def _prepare_frequency(image: Any, arguments: dict[str, Any], values: dict[str, Any], name: str) -> Any:
    arguments["pad"] = arguments["pad"] or False
    return image


def _frequency(mode: str, view: str, summary: str, line: str) -> Special:
    hidden = tuple(n for n, modes in (("width", ("band", "stop")), ("centers", ("notch",))) if mode not in modes)
    return Special(
        operation="frequency_filter",
        summary=summary,
        fixed={"mode": mode},
        hidden=(*hidden, "shape") if mode == "all" else hidden,
        required=("width", "centers"),
        types={
            "width": Number(above=0),
            "cutoff": Number(above=0),
            "centers": Numbers(float, several=True),
            "pad": click.Choice(["reflect", "zero"]),
        },
        defaults={"pad": None},
        view=view,
        prepare=_prepare_frequency,
        tiles=_frequency_tiles,
        examples=example(line),
    )


def example(line: str) -> str:
    return f"Example:\n\n\\b\n  cvkit {line}"


FILTERS: dict[str, Special] = {
    "blur": Special(types={"ksize": Size(), "anchor": Numbers(int)}, examples=example("blur photo.jpg --ksize 9x3")),
    "box": Special(
        operation="box_filter",
        types={"ksize": Size(), "anchor": Numbers(int)},
        examples=example("box photo.jpg --ksize 31 --border replicate"),
    ),
    "gaussian": Special(
        operation="gaussian_blur",
        rename={"sigma_x": "sigma"},
        types={"ksize": Size()},
        defaults={"ksize": (0, 0)},
        check=_check_gaussian,
        examples=example("gaussian photo.jpg --sigma 2.5"),
    ),
    "median": Special(operation="median_blur", examples=example("median scans --ksize 5 --output-dir clean")),
    "bilateral": Special(
        operation="bilateral_filter",
        tiles=_bilateral_tiles,
        examples=example("bilateral face.jpg --d 9 --sigma-color 40 --sigma-space 5 --stages steps.png"),
    ),
    "filter": Special(
        operation="filter2d",
        types={"kernel": Weights(), "anchor": Numbers(int)},
        examples=example("filter photo.jpg --kernel '0 -1 0; -1 5 -1; 0 -1 0'"),
    ),
    "sepfilter": Special(
        operation="sep_filter2d",
        types={"kernel_x": Weights(), "kernel_y": Weights(), "anchor": Numbers(int)},
        examples=example("sepfilter photo.jpg --kernel-x '.25 .5 .25' --kernel-y '.25 .5 .25'"),
    ),
    "wiener": Special(
        types={"ksize": Size(), "noise": Number()}, view="clip", examples=example("wiener noisy.png --ksize 5")
    ),
    "lowpass": _frequency(
        "low",
        "clip",
        "Keep the frequencies below a cutoff: smooth.",
        "lowpass photo.jpg --cutoff 30 --stages steps.png",
    ),
    "highpass": _frequency(
        "high",
        "norm",
        "Keep the frequencies above a cutoff: edges and texture.",
        "highpass photo.jpg --cutoff 30 --shape butterworth --order 2",
    ),
    "bandpass": _frequency(
        "band", "norm", "Keep the frequencies of a band.", "bandpass photo.jpg --cutoff 40 --width 20"
    ),
    "bandstop": _frequency(
        "stop", "clip", "Remove the frequencies of a band.", "bandstop photo.jpg --cutoff 40 --width 20 --shape ideal"
    ),
    "allpass": _frequency(
        "all", "clip", "Change the phase of the frequencies and nothing else.", "allpass photo.jpg --cutoff 30"
    ),
    "notch": _frequency(
        "notch",
        "clip",
        "Remove single frequencies, such as a screen's or a scan's pattern.",
        "notch scan.png --centers '32,0;0,48' --cutoff 4",
    ),
}
