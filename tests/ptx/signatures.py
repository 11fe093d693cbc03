"""The argument types with which plans launch each kernel: one entry a dtype specialisation.

A kernel that is missing here fails the tests.
"""

from numba import float32, float64, int8, int16, int32, int64, uint8, uint16, uint32
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

BILATERAL = [line(float32), line(float32), int32, int32, int32]
BILATERAL_U8 = [(line(uint8), image(uint8), line(int32), *BILATERAL)]
BILATERAL_F32 = [(line(float32), image(float32), line(int32), *BILATERAL[:2], float32, *BILATERAL[2:])]
# What filter2d makes of what, by the type in which it sums.
PAIRS_F32 = [
    *((uint8, dtype) for dtype in (uint8, uint16, int16, float32)),
    *((uint16, dtype) for dtype in (uint16, float32)),
    *((int16, dtype) for dtype in (int16, float32)),
    (float32, float32),
]
PAIRS_F64 = [(dtype, float64) for dtype in (uint8, uint16, int16, float64)]
FIVE = [int32] * 5
PLANES = [int32] * 7
FILL_FLAGS = [int32] * 6
WHOLE = (uint8, uint16, int16, int32)
WINDOW_END = [int32, int32, float64, uint32, uint32]  # how windows in int32 are finished
FROM_IMAGE = [(image(d), image(float32), float32, float32, float64, *FIVE[:2], *FIVE[:4]) for d in (uint8, float32)]
FROM_SUMS = [(image(float64), image(float32), float64, *FIVE)]

SIGNATURES = {
    "bilateral": {
        "lay_out": [(image(dtype), image(dtype), int32, int32, int32) for dtype in (uint8, float32)],
        "extremes": [(line(float32), image(float32))],
        **{f"{kind}_u8{tile}": BILATERAL_U8 for kind in ("gray", "color") for tile in ("", "_tile")},
        **{f"{kind}_f32{tile}": BILATERAL_F32 for kind in ("gray", "color") for tile in ("", "_tile")},
    },
    "box": {
        **{f"tile_{dtype}": [(image(dtype), image(dtype), *FIVE, int32, *WINDOW_END)] for dtype in WHOLE},
        "running_rows_int32": [(image(d), image(int32), *FIVE, int32) for d in WHOLE],
        "running_rows_float64": [(image(d), image(float64), *FIVE, int32) for d in (*PIXELS, int32)],
        "rows_anew": [(image(d), image(float64), *FIVE[:4]) for d in (float32, float64)],
        "running_columns_int32": [(image(int32), image(d), *FIVE[:4], *WINDOW_END) for d in (*WHOLE, float32, float64)],
        "running_columns_float64": [(image(float64), image(d), *FIVE[:4], *WINDOW_END) for d in PIXELS],
    },
    "copies": {
        "fill": [
            *((kind(dtype), dtype) for kind in (line, image, volume) for dtype in (uint8, int32)),
            (image(float32), float32),
        ],
        "pack": [(volume(dtype, "A"), volume(dtype)) for dtype in (uint8, int16, uint16, float32)],
    },
    "corners": {
        "harris_3": FROM_IMAGE,
        "eigenvalue_3": FROM_IMAGE,
        "eigenvectors_3": FROM_IMAGE,
        "row_sums": [(image(float32), image(float32), image(float64), int32, int32)],
        "harris_of_sums": FROM_SUMS,
        "eigenvalue_of_sums": FROM_SUMS,
        "eigenvectors_of_sums": FROM_SUMS,
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
    "gaussian": {
        **{
            f"blur_{dtype}": [(image(dtype), image(dtype), image(int32), image(int32), *FIVE[:4])]
            for dtype in (uint8, uint16)
        },
        "columns_uint8": [(image(uint8), image(uint16), image(int32), int32)],
        "columns_uint16": [(image(uint16), image(uint32), image(int32), int32)],
        "rows_uint8": [(image(uint16), image(uint8), image(int32), int32, int32, int32)],
        "rows_uint16": [(image(uint32), image(uint16), image(int32), int32, int32, int32)],
    },
    "gradients": {
        "both_derivatives": [(image(uint8), image(int16), image(int16), int32, int32)],
        **{f"magnitude_{size}": [(image(uint8), image(float32), *FIVE)] for size in (3, 5)},
        "magnitude": [(*[image(float32)] * 3, int32)],
    },
    "integrals": {
        "row_sums_int32": [(image(uint8), image(int32), int32, int32)],
        "row_sums_float32": [(image(d), image(float32), int32, int32) for d in (uint8, float32)],
        "row_sums_float64": [(image(d), image(float64), int32, int32) for d in PIXELS],
        "column_sums": [(image(d), int32) for d in (int32, float32, float64)],
        "resume_rows": [(image(uint8), image(float32), int32, int32, int32)],
        "add_last_row": [(image(float32), int32)],
        "diagonal_sums_int32": [(image(uint8), image(int32), image(int32), int32)],
        "diagonal_sums_float32": [(image(d), image(float32), image(float32), int32) for d in (uint8, float32)],
        "diagonal_sums_float64": [(image(d), image(float64), image(float64), int32) for d in PIXELS],
        "tilted_edge": [(image(d), image(d), image(d), int32) for d in (int32, float32, float64)],
        "tilted_sums": [(image(d), image(d), int32) for d in (int32, float32, float64)],
    },
    "keypoints": {
        "largest": [(image(float32), image(uint8), int32, line(float32))],
        "list_maxima": [(image(float32), image(uint8), int32, float32, line(float32), line(int32), line(int32))],
        "refine": [
            (image(d), image(float32), image(float32), image(float32), int32, float64, int32) for d in (uint8, float32)
        ],
    },
    "linear": {
        "row_sums_f32": [(image(d), image(float32), line(float32), *FIVE) for d in (uint8, uint16, int16, float32)],
        "row_sums_f64": [(image(d), image(float64), line(float64), *FIVE) for d in PIXELS],
        "row_sums_i32": [(image(uint8), image(int32), line(int32), *FIVE)],
        "row_mirrored_f32": [(image(float32), image(float32), line(float32), float32, *FIVE[:4])],
        "column_sums_f32": [
            (image(float32), image(d), line(float32), *FIVE[:4]) for d in (uint8, uint16, int16, float32)
        ],
        "column_sums_f64": [
            (image(float64), image(d), line(float64), *FIVE[:4]) for d in (uint8, uint16, int16, float64)
        ],
        "column3_f32": [(image(float32), image(float32), line(float32), *FIVE[:3])],
        "column_fixed": [(image(float32), image(uint8), line(float32), line(int32), *FIVE[:4])],
        "column_whole": [(image(int32), image(int16), line(int32), *PLANES[:6], float32)],
        "planar_tile_f32": [(image(a), image(b), line(int32), line(float32), *PLANES, float32) for a, b in PAIRS_F32],
        "planar_tile_f64": [(image(a), image(b), line(int32), line(float64), *PLANES, float64) for a, b in PAIRS_F64],
        "planar_image_f32": [(image(a), image(b), image(int32), line(float32), *FIVE, float32) for a, b in PAIRS_F32],
        "planar_image_f64": [(image(a), image(b), image(int32), line(float64), *FIVE, float64) for a, b in PAIRS_F64],
    },
    "median": {
        "median_3": [(image(d), image(d), int32) for d in (uint8, uint16, int16, float32)],
        "median_5": [(image(d), image(d), int32) for d in (uint8, uint16, int16, float32)],
        "median_merged": [(image(d), image(d), int32, int32) for d in (uint8, uint16, int16, float32)],
        "median_histogram": [(image(uint8), image(uint8), int32, int32, int32)],
    },
    "morphology": {},
    "morphology_pixels": {},
    "morphology_tiles": {
        f"tile_{d}": [(*[image(d)] * 3, line(d), line(d), image(int32), line(int32), *[int32] * 11)] for d in PIXELS
    },
    "morphology_windows": {
        "lay_out": [(image(d), image(d), int32, int32, int32, int32, line(d)) for d in PIXELS],
        "grow": [(*[image(d)] * 3, *[int32] * 8) for d in PIXELS],
        "take_runs": [(*[image(d)] * 3, image(int32), *[int32] * 5) for d in PIXELS],
    },
    "regions": {},
    "regions_sets": {},
    "regions_flood": {
        **{
            f"ways_{name}": [(image(d), image(uint8), line(bound), line(bound), image(uint8), *FILL_FLAGS)]
            for name, d, bound in (("u8", uint8, int32), ("i32", int32, int32), ("f32", float32, float32))
        },
        "single_sets": [(line(int32),)],
        "link_ways": [(image(uint8), line(int32))],
        "plant": [(line(int32), image(uint8), *FIVE[:4], line(int32))],
        "gather": [(line(int32), line(int32), image(uint8))],
        "sow": [(image(uint8), *FIVE[:3], image(uint8))],
        "spread": [(image(uint8), image(uint8), int32, int32, line(int32))],
        "paint": [
            (image(d), image(uint8), line(d), image(uint8), *FIVE[:4], image(d), image(uint8), line(int32))
            for d in (uint8, int32, float32)
        ],
    },
    "regions_components": {
        **{
            name: [(image(d), int32, int32, line(int32)) for d in (uint8, int8)]
            for name in ("start_nodes", "link_nodes")
        },
        "count_roots": [(line(int32), line(int32))],
        "number_roots": [(line(int32), line(int32), line(int32))],
        "write_labels": [(image(d), int32, int32, line(int32), line(int32), image(int32)) for d in (uint8, int8)],
        "start_stats": [(image(int32), image(int64))],
        "measure": [(image(int32), image(int32), image(int64))],
        "finish_stats": [(image(int32), image(int64), image(float64))],
    },
    "segmentation": {},
    "shapes": {
        "extreme_points": [(image(d), image(d)) for d in (int32, float32)],
        "list_outer": [
            (image(d), line(d), image(float32), image(d), line(int32), line(int32)) for d in (int32, float32)
        ],
    },
    "derivatives": {
        **{f"derivative_{size}": [(image(uint8), image(int16), *[int32] * 12)] for size in (3, 5, 7)},
        "sum_whole_f32": [(image(int16), image(int16), image(d), float32, float32) for d in PIXELS[:4]],
        "sum_whole_f64": [(image(int16), image(int16), image(float64), float64, float64)],
        "sum_f32": [
            *((image(float32), image(float32), image(d), float32, float32) for d in PIXELS[:4]),
            *((image(float64), image(float64), image(d), float32, float32) for d in PIXELS[:3]),
        ],
        "sum_f64": [
            (image(float32), image(float32), image(float64), float64, float64),
            *((image(float64), image(float64), image(d), float64, float64) for d in PIXELS),
        ],
    },
    "distance": {"euclidean_rows": [(image(int32), image(float32), uint32)]},
    "distance_chamfer": {
        "column_distances": [(image(uint8), image(int32))],
        "chamfer_rows": [(image(int32), image(float32), int32, int32, int32, uint32)],
    },
    "distance_labels": {
        "start_zeros": [(image(uint8), line(int32))],
        "link_zeros": [(image(uint8), line(int32))],
        "start_distances": [(image(uint8), image(uint32), uint32)],
        "columns_above": [(image(uint8), image(int32))],
        "first_pass": [(image(int32), image(uint32), int32, int32, int32, uint32)],
        "second_pass": [(image(int32), image(uint32), int32, int32, int32, uint32)],
        "choose_neighbours": [
            (image(uint32), image(uint32), int32, int32, int32, int32, uint32, line(int32)),
        ],
        "jump": [(line(int32), line(int32))],
        "write_both": [
            (image(uint32), line(int32), line(int32), line(int32), line(int32), image(float32), image(int32)),
        ],
    },
    "thresholds": {
        "level_elements": [(image(d), image(d), int32, d, d, d) for d in PIXELS],
        "counts_u8": [(image(uint8), line(int32))],
        "counts_u16": [(image(uint16), line(int32))],
        "above_mean": [(image(uint8), image(uint8), int32, uint8, int32)],
        "round_means": [(image(float32), image(uint8))],
        "widen": [(image(uint8), image(float32))],
    },
}

# Kernels that sum in float64, as their docstrings say, though none of their arguments is float64.
SUMS_IN_DOUBLE: set[str] = set()
