"""Pictures about images: a labelled contact sheet, and arrays of any range made visible."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SMALLEST, LARGEST = 240, 512  # bounds of a tile's longer side; between them a tile has the pixels of its image
GAP = 20
LABEL = 30
PAPER, INK = 32, 224


class Tile(NamedTuple):
    """One picture of a contact sheet."""

    label: str
    image: Array
    """uint8, gray or BGR"""
    thin: bool = False
    """lines of one pixel that must not fade when the tile is made smaller"""


def contact_sheet(tiles: Sequence[Tile], *, columns: int = 4) -> Array:
    """All tiles in rows, each under its label, on a dark ground: uint8 BGR.

    Tiles larger than LARGEST are made smaller, tiny ones larger by a whole factor, which keeps their pixels square.
    """
    import cv2

    pictures = [_fitted(tile) for tile in tiles]
    font, size = cv2.FONT_HERSHEY_SIMPLEX, 0.5
    widths = [cv2.getTextSize(tile.label, font, size, 1)[0][0] for tile in tiles]
    cell_w = max(*widths, *(p.shape[1] for p in pictures)) + GAP
    cell_h = max(p.shape[0] for p in pictures) + GAP + LABEL
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    sheet = np.full((rows * cell_h + GAP, columns * cell_w + GAP, 3), PAPER, np.uint8)
    for i, (tile, picture) in enumerate(zip(tiles, pictures, strict=True)):
        x, y = GAP + i % columns * cell_w, GAP + i // columns * cell_h
        cv2.putText(sheet, tile.label, (x, y + LABEL - 12), font, size, (INK, INK, INK), 1, cv2.LINE_AA)
        h, w = picture.shape[:2]
        sheet[y + LABEL : y + LABEL + h, x : x + w] = picture
    return sheet


def signed(values: Array) -> Array:
    """Signed values as uint8: 0 at mid-gray 128, the largest absolute value 127 away from it."""
    largest = max(float(np.abs(values.astype(np.float64)).max()), 1e-300)
    return np.rint(128 + values * (127 / largest)).astype(np.uint8)


def scaled(values: Array) -> Array:
    """Values from 0 on as uint8: 0 stays black, the largest is white."""
    largest = max(float(values.max()), 1e-300)
    return np.rint(values * (255 / largest)).astype(np.uint8)


def _fitted(tile: Tile) -> Array:
    """The tile's picture as BGR in the size that it has on the sheet."""
    import cv2

    image = tile.image if tile.image.ndim == 3 else np.repeat(tile.image[:, :, np.newaxis], 3, axis=2)
    h, w = image.shape[:2]
    longer = max(h, w)
    if longer <= LARGEST:
        factor = -(-SMALLEST // longer)
        return image.repeat(factor, axis=0).repeat(factor, axis=1)
    shrink = longer / LARGEST
    to = (max(1, round(w / shrink)), max(1, round(h / shrink)))
    if not tile.thin:
        return cv2.resize(image, to, interpolation=cv2.INTER_AREA)
    reach = math.ceil(shrink)
    return cv2.resize(cv2.dilate(image, np.ones((reach, reach), np.uint8)), to, interpolation=cv2.INTER_NEAREST)
