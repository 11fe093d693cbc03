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
    from cvkit.io import imread as imread
    from cvkit.io import imwrite as imwrite
    from cvkit.linear import filter2d as filter2d
    from cvkit.linear import sep_filter2d as sep_filter2d
    from cvkit.median import median_blur as median_blur
    from cvkit.run.placement import get_device as get_device
    from cvkit.run.placement import set_device as set_device
    from cvkit.run.threads import get_num_threads as get_num_threads
    from cvkit.run.threads import set_num_threads as set_num_threads

__version__ = "0.1.0"

# Where each public name lives; the imports above say the same to type checkers, and a test compares the two.
_HOMES = {
    "cvkit.bilateral": ("BilateralStages", "bilateral_filter", "bilateral_stages"),
    "cvkit.edges": ("CannyStages", "canny", "canny_from_gradients", "canny_stages", "canny_thresholds"),
    "cvkit.errors": ("ArgumentError", "CvkitError", "DeviceError", "DtypeError", "ImageIOError"),
    "cvkit.frequency": (
        "FrequencyStages",
        "frequency_filter",
        "frequency_stages",
        "transfer_function",
        "wiener",
    ),
    "cvkit.gaussian": ("gaussian_blur", "get_gaussian_kernel"),
    "cvkit.io": ("imread", "imwrite"),
    "cvkit.linear": ("filter2d", "sep_filter2d"),
    "cvkit.median": ("median_blur",),
    "cvkit.run.placement": ("get_device", "set_device"),
    "cvkit.run.threads": ("get_num_threads", "set_num_threads"),
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
