"""cvkit: classical computer vision with OpenCV's results, from kernels that one can read, change and run on a GPU.

Names, order and defaults follow cv2 in snake_case. Everything is loaded on first use: ``import cvkit`` alone loads
neither Numba nor OpenCV nor NumPy.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cvkit.bilateral import BilateralStages as BilateralStages
    from cvkit.bilateral import bilateral_filter as bilateral_filter
    from cvkit.bilateral import bilateral_stages as bilateral_stages
    from cvkit.box import blur as blur
    from cvkit.box import box_filter as box_filter
    from cvkit.box import sqr_box_filter as sqr_box_filter
    from cvkit.contours import approx_poly_dp as approx_poly_dp
    from cvkit.contours import arc_length as arc_length
    from cvkit.contours import contour_area as contour_area
    from cvkit.contours import find_contours as find_contours
    from cvkit.corners import HarrisStages as HarrisStages
    from cvkit.corners import corner_eigen_vals_and_vecs as corner_eigen_vals_and_vecs
    from cvkit.corners import corner_harris as corner_harris
    from cvkit.corners import corner_min_eigen_val as corner_min_eigen_val
    from cvkit.corners import harris_stages as harris_stages
    from cvkit.derivatives import DerivKernels as DerivKernels
    from cvkit.derivatives import get_deriv_kernels as get_deriv_kernels
    from cvkit.derivatives import laplacian as laplacian
    from cvkit.derivatives import scharr as scharr
    from cvkit.derivatives import sobel as sobel
    from cvkit.derivatives import sobel_diagonal as sobel_diagonal
    from cvkit.distance import DistanceLabels as DistanceLabels
    from cvkit.distance import distance_transform as distance_transform
    from cvkit.distance import distance_transform_labels as distance_transform_labels
    from cvkit.edges import CannyStages as CannyStages
    from cvkit.edges import canny as canny
    from cvkit.edges import canny_from_gradients as canny_from_gradients
    from cvkit.edges import canny_stages as canny_stages
    from cvkit.edges import canny_thresholds as canny_thresholds
    from cvkit.errors import ArgumentError as ArgumentError
    from cvkit.errors import CvkitError as CvkitError
    from cvkit.errors import DeviceError as DeviceError
    from cvkit.errors import DtypeError as DtypeError
    from cvkit.errors import ImageIOError as ImageIOError
    from cvkit.frequency import FrequencyStages as FrequencyStages
    from cvkit.frequency import frequency_filter as frequency_filter
    from cvkit.frequency import frequency_stages as frequency_stages
    from cvkit.frequency import transfer_function as transfer_function
    from cvkit.frequency import wiener as wiener
    from cvkit.gaussian import gaussian_blur as gaussian_blur
    from cvkit.gaussian import get_gaussian_kernel as get_gaussian_kernel
    from cvkit.gradients import Gradient as Gradient
    from cvkit.gradients import GradientStages as GradientStages
    from cvkit.gradients import gradient_magnitude as gradient_magnitude
    from cvkit.gradients import gradient_stages as gradient_stages
    from cvkit.gradients import spatial_gradient as spatial_gradient
    from cvkit.integrals import Integral2 as Integral2
    from cvkit.integrals import Integral3 as Integral3
    from cvkit.integrals import integral as integral
    from cvkit.integrals import integral2 as integral2
    from cvkit.integrals import integral3 as integral3
    from cvkit.io import imread as imread
    from cvkit.io import imwrite as imwrite
    from cvkit.keypoints import corner_sub_pix as corner_sub_pix
    from cvkit.keypoints import good_features_to_track as good_features_to_track
    from cvkit.linear import filter2d as filter2d
    from cvkit.linear import sep_filter2d as sep_filter2d
    from cvkit.median import median_blur as median_blur
    from cvkit.morphology import MorphologyStages as MorphologyStages
    from cvkit.morphology import dilate as dilate
    from cvkit.morphology import erode as erode
    from cvkit.morphology import get_structuring_element as get_structuring_element
    from cvkit.morphology import morphology_ex as morphology_ex
    from cvkit.morphology import morphology_stages as morphology_stages
    from cvkit.regions import Components as Components
    from cvkit.regions import ComponentsWithStats as ComponentsWithStats
    from cvkit.regions import FloodFill as FloodFill
    from cvkit.regions import connected_components as connected_components
    from cvkit.regions import connected_components_with_stats as connected_components_with_stats
    from cvkit.regions import flood_fill as flood_fill
    from cvkit.run.placement import get_device as get_device
    from cvkit.run.placement import set_device as set_device
    from cvkit.run.threads import get_num_threads as get_num_threads
    from cvkit.run.threads import set_num_threads as set_num_threads
    from cvkit.segmentation import SegmentStages as SegmentStages
    from cvkit.segmentation import watershed as watershed
    from cvkit.segmentation import watershed_segment as watershed_segment
    from cvkit.segmentation import watershed_stages as watershed_stages
    from cvkit.shapes import BoundingRect as BoundingRect
    from cvkit.shapes import Moments as Moments
    from cvkit.shapes import RotatedRect as RotatedRect
    from cvkit.shapes import bounding_rect as bounding_rect
    from cvkit.shapes import convex_hull as convex_hull
    from cvkit.shapes import convexity_defects as convexity_defects
    from cvkit.shapes import min_area_rect as min_area_rect
    from cvkit.shapes import moments as moments
    from cvkit.thresholds import Threshold as Threshold
    from cvkit.thresholds import adaptive_threshold as adaptive_threshold
    from cvkit.thresholds import threshold as threshold

__version__ = "0.1.0"

# Where each public name lives; the imports above say the same to type checkers, and a test compares the two.
_HOMES = {
    "cvkit.bilateral": (
        "BilateralStages",
        "bilateral_filter",
        "bilateral_stages",
    ),
    "cvkit.box": (
        "blur",
        "box_filter",
        "sqr_box_filter",
    ),
    "cvkit.contours": (
        "approx_poly_dp",
        "arc_length",
        "contour_area",
        "find_contours",
    ),
    "cvkit.corners": (
        "HarrisStages",
        "corner_eigen_vals_and_vecs",
        "corner_harris",
        "corner_min_eigen_val",
        "harris_stages",
    ),
    "cvkit.derivatives": (
        "DerivKernels",
        "get_deriv_kernels",
        "laplacian",
        "scharr",
        "sobel",
        "sobel_diagonal",
    ),
    "cvkit.distance": (
        "DistanceLabels",
        "distance_transform",
        "distance_transform_labels",
    ),
    "cvkit.edges": (
        "CannyStages",
        "canny",
        "canny_from_gradients",
        "canny_stages",
        "canny_thresholds",
    ),
    "cvkit.errors": (
        "ArgumentError",
        "CvkitError",
        "DeviceError",
        "DtypeError",
        "ImageIOError",
    ),
    "cvkit.frequency": (
        "FrequencyStages",
        "frequency_filter",
        "frequency_stages",
        "transfer_function",
        "wiener",
    ),
    "cvkit.gaussian": (
        "gaussian_blur",
        "get_gaussian_kernel",
    ),
    "cvkit.gradients": (
        "Gradient",
        "GradientStages",
        "gradient_magnitude",
        "gradient_stages",
        "spatial_gradient",
    ),
    "cvkit.integrals": (
        "Integral2",
        "Integral3",
        "integral",
        "integral2",
        "integral3",
    ),
    "cvkit.io": (
        "imread",
        "imwrite",
    ),
    "cvkit.keypoints": ("corner_sub_pix", "good_features_to_track"),
    "cvkit.linear": (
        "filter2d",
        "sep_filter2d",
    ),
    "cvkit.median": ("median_blur",),
    "cvkit.morphology": (
        "MorphologyStages",
        "dilate",
        "erode",
        "get_structuring_element",
        "morphology_ex",
        "morphology_stages",
    ),
    "cvkit.regions": (
        "Components",
        "ComponentsWithStats",
        "FloodFill",
        "connected_components",
        "connected_components_with_stats",
        "flood_fill",
    ),
    "cvkit.run.placement": (
        "get_device",
        "set_device",
    ),
    "cvkit.run.threads": (
        "get_num_threads",
        "set_num_threads",
    ),
    "cvkit.segmentation": (
        "SegmentStages",
        "watershed",
        "watershed_segment",
        "watershed_stages",
    ),
    "cvkit.shapes": (
        "BoundingRect",
        "Moments",
        "RotatedRect",
        "bounding_rect",
        "convex_hull",
        "convexity_defects",
        "min_area_rect",
        "moments",
    ),
    "cvkit.thresholds": (
        "Threshold",
        "adaptive_threshold",
        "threshold",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *_HOME_OF]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'cvkit' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
