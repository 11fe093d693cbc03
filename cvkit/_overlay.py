"""Pictures of what was found in an image, drawn over it."""

from typing import Any

from cvkit._special_filters import visible

LINE = (0, 0, 255)  # red, in BGR


def in_color(image: Any) -> Any:
    """A copy as uint8 with three channels."""
    import numpy as np

    picture = visible(image)
    return np.repeat(picture[..., np.newaxis], 3, axis=2) if picture.ndim == 2 else picture[..., :3].copy()


def overlay(image: Any, labels: Any) -> Any:
    """An image with each label's pixels tinted in a colour of its own, and lines between regions (-1) in red."""
    import numpy as np

    picture = in_color(image)
    # Hues a golden section apart differ for any two labels that follow each other.
    hues = (np.arange(int(labels.max()) + 1) * 0.61803398875 % 1)[:, np.newaxis]
    tints = 127.5 * (1 + np.cos(2 * np.pi * (hues + np.array([0, 1 / 3, 2 / 3]))))
    mixed = np.rint((picture + tints[np.maximum(labels, 0)]) / 2).astype(np.uint8)
    picture = np.where((labels > 0)[..., np.newaxis], mixed, picture)
    picture[labels < 0] = LINE
    return picture
