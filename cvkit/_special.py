"""What commands on images have beyond the part that is generated from their operations."""

from typing import Any

import click

import cvkit
from cvkit import batch
from cvkit._commands import Number, Special, say
from cvkit._special_corners import CORNERS
from cvkit._special_filters import FILTERS
from cvkit._special_gradients import GRADIENTS
from cvkit._special_morphology import MORPHOLOGY
from cvkit._special_regions import REGIONS
from cvkit._special_shapes import SHAPES
from cvkit._special_thresholds import THRESHOLDS

NO_COMMAND = (
    "integral",
    "integral2",
    "integral3",
    "sqr_box_filter",
    "spatial_gradient",
    "corner_eigen_vals_and_vecs",
    "corner_sub_pix",
    "connected_components",
    "watershed",
)
"""Operations on one image whose results are no pictures, or several."""


def _check_canny(arguments: dict[str, Any], values: dict[str, Any]) -> None:
    given = [arguments[name] is not None for name in ("low", "high")]
    if values["auto"] and any(given):
        raise click.UsageError("--auto chooses the thresholds; leave --low and --high out.")
    if not values["auto"] and not all(given):
        raise click.UsageError("give --low and --high, or --auto.")


def _prepare_canny(image: Any, arguments: dict[str, Any], values: dict[str, Any], name: str) -> Any:
    if values["blur"] is not None:
        image = cvkit.gaussian_blur(image, (0, 0), values["blur"])
    if values["auto"]:
        flags = {option: arguments[option] for option in ("aperture", "l2_gradient")}
        arguments["low"], arguments["high"] = cvkit.canny_thresholds(image, **flags)
        say(f"{batch.label(name)}: --low {arguments['low']:.10g} --high {arguments['high']:.10g}")
    return image


def _canny_tiles(image: Any, stages: Any, arguments: dict[str, Any]) -> list[Any]:
    from cvkit.draw import Tile, scaled, signed

    norm = "|dx| + |dy|" if not arguments["l2_gradient"] else "sqrt(dx^2 + dy^2)"
    low, high = sorted((arguments["low"], arguments["high"]))
    magnitude, suppressed = stages.magnitude, stages.suppressed
    if arguments["l2_gradient"]:
        magnitude, suppressed = magnitude**0.5, suppressed**0.5
    return [
        Tile(f"input, {image.shape[1]} x {image.shape[0]}", image),
        Tile("dx, 0 is mid-gray", signed(stages.dx)),
        Tile("dy, 0 is mid-gray", signed(stages.dy)),
        Tile(f"magnitude {norm}", scaled(magnitude)),
        Tile("after non-maximum suppression", scaled(suppressed), thin=True),
        Tile(f"weak > {low:g} gray, strong > {high:g} white", scaled(stages.classes), thin=True),
        Tile("result", stages.edges, thin=True),
    ]


BLUR = "Smooth first, as cv2.GaussianBlur(image, (0, 0), SIGMA) does."

SPECIAL: dict[str, Special] = {
    **FILTERS,
    **GRADIENTS,
    **MORPHOLOGY,
    **CORNERS,
    **THRESHOLDS,
    **REGIONS,
    **SHAPES,
    "canny": Special(
        rename={"l2_gradient": "l2"},
        optional=("low", "high"),
        gray=True,
        options=[
            click.Option(["--auto"], is_flag=True, help="Choose both thresholds from the image (Otsu) and print them."),
            click.Option(["--blur"], type=Number(above=0), metavar="SIGMA", help=BLUR),
        ],
        check=_check_canny,
        prepare=_prepare_canny,
        tiles=_canny_tiles,
        examples="""Examples:

\b
  cvkit canny photo.jpg --low 50 --high 150
  cvkit canny photo.jpg --auto --blur 1.4 -o edges.png --stages steps.png
  cvkit canny scans --recursive --low 50 --high 150 --output-dir edges
  cvkit canny 'scans/*.tif' --low 50 --high 150 --to-8bit range
  curl -s https://example.org/photo.jpg | cvkit canny - --auto > edges.png""",
    ),
}
