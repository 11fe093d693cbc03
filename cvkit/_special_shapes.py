"""What the commands of shapes have beyond the part that is generated from their operations."""

from typing import Any

import cvkit
from cvkit._commands import Special
from cvkit._overlay import LINE, in_color, overlay
from cvkit._special_filters import example
from cvkit._special_thresholds import binary, binary_options


def _drawn(image: Any, curves: Any) -> Any:
    import cv2

    picture = in_color(image)
    cv2.polylines(picture, [curve.reshape(-1, 1, 2) for curve in curves], True, LINE, 1, cv2.LINE_8)
    return picture


def _contours(image: Any, found: Any, arguments: dict[str, Any], values: dict[str, Any]) -> Any:
    return _drawn(image, found[0])


def _contours_record(found: Any) -> dict[str, Any]:
    contours, hierarchy = found
    return {"contours": [c.tolist() for c in contours], "hierarchy": hierarchy.tolist()}


def _hulls(image: Any, arguments: dict[str, Any], values: dict[str, Any]) -> Any:
    contours, _ = cvkit.find_contours(image, "external", "simple", device="cpu")
    return [cvkit.convex_hull(contour, device=values["device"]) for contour in contours]


def _draw_hulls(image: Any, hulls: Any, arguments: dict[str, Any], values: dict[str, Any]) -> Any:
    return _drawn(image, hulls)


def _hulls_record(hulls: Any) -> dict[str, Any]:
    return {"hulls": [{"points": h.tolist(), "area": cvkit.contour_area(h)} for h in hulls]}


def _objects_or_levels(image: Any, arguments: dict[str, Any], values: dict[str, Any], name: str) -> Any:
    """Each gray level is a label of its own where the mode is for labels."""
    if arguments["mode"] == "floodfill":
        return image.astype("int32")
    return binary(image, arguments, values, name)


def _zones(image: Any, found: Any, arguments: dict[str, Any], values: dict[str, Any]) -> Any:
    return overlay(image, found.labels)


def _zones_record(found: Any) -> dict[str, Any]:
    import numpy as np

    areas = np.bincount(found.labels.ravel())
    return {"areas": areas[1:].tolist(), "largest_distance": float(found.distance.max())}


SHAPES: dict[str, Special] = {
    "contours": Special(
        operation="find_contours",
        gray=True,
        options=binary_options(),
        prepare=_objects_or_levels,
        draw=_contours,
        record=_contours_record,
        examples=example("contours coins.png --mode tree --json"),
    ),
    "hull": Special(
        operation="find_contours",
        summary="The convex hulls of the objects in an image.",
        gray=True,
        hidden=("mode", "method"),
        options=binary_options(),
        prepare=binary,
        run=_hulls,
        draw=_draw_hulls,
        record=_hulls_record,
        examples=example("hull coins.png --json"),
    ),
    "voronoi": Special(
        operation="distance_transform_labels",
        summary="Which object or part of the background every pixel is nearest to.",
        gray=True,
        hidden=("mask_size",),
        options=binary_options(),
        prepare=binary,
        draw=_zones,
        record=_zones_record,
        examples=example("voronoi coins.png --invert --json"),
    ),
}
