"""In what type OpenCV sums over a window, and where in a row its vectors end.

Sums in float64 depend on the order of the additions, and whole numbers are rounded differently where the vectors have
ended, so CPU and CUDA kernels follow the same rules.
"""


def in_floats(dtype, area, normalize):
    """Whether the sums are float64: of floats, and for means of whole numbers whose sum may not fit in int32."""
    if dtype.kind == "f":
        return True
    if area <= 1 << 15:  # the usual case; a dtype's name takes a microsecond
        return False
    return normalize and area > {"uint8": 1 << 23, "uint16": 1 << 15}.get(dtype.name, 1 << 16)


def sums_anew(src, dst, kw, kh):
    """Whether each float64 sum along a row is made anew, from left to right, and not from the one before it."""
    return kw in (3, 5) or (kw <= 5 and kh <= 5 and src == dst)


def vector_values(n, dtype, fixed_point=False):
    """How many of a row's n values come from vectors, by the dtype of the result; ``fixed_point`` is for the means of
    uint8 that are made in 16 bits.
    """
    if dtype.itemsize == 8:
        return 0
    step = 16 if fixed_point else 4 if dtype.itemsize == 4 else 8
    return n // step * step


def fixed_point_division(area):
    """(half, multiplier) with which OpenCV divides sums of up to 256 uint8: (s + half) * multiplier >> 23."""
    exact, rest = divmod(1 << 23, area)
    up = 2 * rest >= area
    return area // 2 + (not up), exact + up
