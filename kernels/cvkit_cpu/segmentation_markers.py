"""What comes before the flooding when an image is segmented: from pixels to markers."""

import numpy as np
from numba import int32

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel

# Lengths of the steps of a 5 x 5 chamfer mask in 16 bits: along an axis, diagonal, a knight's.
STRAIGHT, DIAGONAL, KNIGHT = (round(float(np.float32(length)) * 65536) for length in (1, 1.4, 2.1969))
FAR = 2**31 - 1 - KNIGHT
LEAST_WEIGHT = 2.0**-23


@kernel
def gray_band(src, dst, y0, y1):
    """Rows [y0, y1) of gray levels from pixels of three channels, blue first, with weights of 15 bits."""
    for y in range(y0, y1):
        here, row = src[y], dst[y]
        for x in range(row.size):
            blue, green, red = int32(here[3 * x]), int32(here[3 * x + 1]), int32(here[3 * x + 2])
            row[x] = (3735 * blue + 19235 * green + 9798 * red + 16384) >> 15


def extreme(image, choose, steps):
    """The largest or smallest value of the square of 2 * steps + 1 pixels around each pixel, inside the image.

    choose: np.maximum or np.minimum.
    """
    result = image.copy()
    for _ in range(steps):
        before = result.copy()
        choose(result[1:], before[:-1], out=result[1:])
        choose(result[:-1], before[1:], out=result[:-1])
        before[:] = result
        choose(result[:, 1:], before[:, :-1], out=result[:, 1:])
        choose(result[:, :-1], before[:, 1:], out=result[:, :-1])
    return result


def otsu(image):
    """The level that splits the pixels into two classes of greatest variance between them (N. Otsu, 1979), summed as
    OpenCV does.
    """
    counts = np.bincount(image.ravel(), minlength=256)
    shares = counts * (1.0 / image.size)
    mean = 0.0
    for level, count in enumerate(counts.tolist()):
        mean += level * float(count)
    mean *= 1.0 / image.size
    below, lower, best, found = 0.0, 0.0, 0.0, 0
    for level, share in enumerate(shares.tolist()):
        lower *= below
        below += share
        above = 1.0 - below
        if min(below, above) < LEAST_WEIGHT or max(below, above) > 1.0 - LEAST_WEIGHT:
            continue
        lower = (lower + level * share) / below
        upper = (mean - below * lower) / above
        variance = below * above * (lower - upper) * (lower - upper)
        if variance > best:
            best, found = variance, level
    return found


@kernel
def from_rows(two, one, far):
    """The shortest way to each pixel of a row by way of the two rows beside it; all with two pixels of margin."""
    for x in range(far.size):
        a = typed.minimum(typed.minimum(two[x + 1], two[x + 3]), typed.minimum(one[x], one[x + 4]))
        b = typed.minimum(one[x + 1], one[x + 3])
        c = typed.minimum(typed.add(a, int32(KNIGHT)), typed.add(b, int32(DIAGONAL)))
        far[x] = typed.minimum(c, typed.add(one[x + 2], int32(STRAIGHT)))


@kernel
def chamfer(flags, steps, far, dst):
    """Distances to the nearest pixel that is 0, in 16 fractional bits, by two passes of a 5 x 5 mask.

    steps: (h + 4, w + 4), with two pixels of FAR around the image; far: a row (G. Borgefors, Distance transformations
    in digital images, 1986). Without a pixel of 0 all distances are the largest float32.
    """
    h, w = flags.shape
    for y in (0, 1, h + 2, h + 3):
        steps[y][:] = FAR
    nowhere = True
    for y in range(h):
        here, row = flags[y], steps[y + 2]
        from_rows(steps[y], steps[y + 1], far)
        row[:2] = FAR
        row[w + 2 :] = FAR
        d = int32(FAR)
        for x in range(w):
            d = typed.minimum(typed.minimum(typed.add(d, int32(STRAIGHT)), far[x]), int32(FAR))
            d = typed.select(here[x] == 0, int32(0), d)
            nowhere &= here[x] != 0
            row[x + 2] = d
    for y in range(h - 1, -1, -1):
        row, out = steps[y + 2], dst[y]
        from_rows(steps[y + 4], steps[y + 3], far)
        d = int32(FAR)
        for x in range(w - 1, -1, -1):
            d = typed.minimum(typed.minimum(typed.add(d, int32(STRAIGHT)), far[x]), row[x + 2])
            row[x + 2] = d
        for x in range(w):
            out[x] = np.float32(row[x + 2]) * np.float32(1.0 / 65536.0)
    if nowhere:
        for y in range(h):
            dst[y][:] = np.float32(3.4028234663852886e38)


def masks(gray, gradient, threshold, invert, opening, dilations):
    """What is compared with the threshold, what passes it, that without small parts, and what isn't surely background,
    the last three of 0 and 255. threshold: a number, or None for Otsu's.
    """
    relief = gray
    if gradient:
        relief = extreme(gray, np.maximum, 1) - extreme(gray, np.minimum, 1)
    limit = otsu(relief) if threshold is None else np.floor(threshold)
    foreground = np.where((relief > limit) != (gradient != invert), 255, 0).astype(np.uint8)
    opened = extreme(extreme(foreground, np.minimum, opening), np.maximum, opening)
    wide = np.full_like(opened, 255) if gradient else extreme(opened, np.maximum, dilations)
    return relief, foreground, opened, wide
