"""The argument types with which plans launch each kernel: one entry a dtype specialisation.

A kernel that is missing here fails the tests.
"""

from numba import float32, float64, int16, int32, uint8, uint16
from numba.core.types import Array


def line(dtype):
    return Array(dtype, 1, "C")


def image(dtype):
    return Array(dtype, 2, "C")


def volume(dtype, layout="C"):
    return Array(dtype, 3, layout)


PIXELS = (uint8, uint16, int16, float32, float64)
WINDOW_SUMS = image(float64)
CLASSES_U8 = [(image(uint8), image(uint8), line(int32), int32, int32, int32, int32)]

SIGNATURES = {
    "copies": {
        "fill": [
            *((kind(dtype), dtype) for kind in (line, image, volume) for dtype in (uint8, int32)),
            (image(float32), float32),
        ],
        "pack": [(volume(dtype, "A"), volume(dtype)) for dtype in (uint8, int16, uint16, float32)],
    },
    "edges": {
        "classes_u8_3": CLASSES_U8,
        "classes_u8_5": CLASSES_U8,
        "classes_u8_7": CLASSES_U8,
        "classes_i16": [(image(int16), image(int16), image(uint8), line(int32), int32, int32, int32, int32)],
        "link_neighbours": [(image(uint8), line(int32))],
        "write_edges": [(image(uint8), line(int32))],
    },
    "frequency": {
        "column_sums": [(image(d), WINDOW_SUMS, WINDOW_SUMS, int32, int32) for d in PIXELS],
        "moments": [(*[WINDOW_SUMS] * 4, int32, int32, int32, float64)],
        "channel_totals": [(WINDOW_SUMS, WINDOW_SUMS, int32)],
        "shrink": [(image(d), WINDOW_SUMS, WINDOW_SUMS, float64, WINDOW_SUMS, int32) for d in PIXELS],
    },
}

# Kernels that sum in float64, as their docstrings say, though none of their arguments is float64.
SUMS_IN_DOUBLE: set[str] = set()
