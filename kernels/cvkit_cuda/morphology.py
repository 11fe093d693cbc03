"""Morphology on the GPU.

As many steps as fit go in one launch: a block's tile with what they all need around it, three times, must not exceed
the 48 KiB of shared memory that every GPU has. Of bytes, an opening fits by elements of up to 45 x 45 on one channel
and 27 x 27 on three; of float32 up to 21 x 21 and 11 x 11. An element for which not even one step fits takes several
launches a step on the whole image. In either case the last launch writes the difference that a top hat, a black hat or
a gradient is; no launch is there for it alone.

Sizes: an image with what lies around it has fewer than 2**31 values, and at most 524,280 rows (65,535 blocks of 8).
"""

import numpy as np

from cvkit_cuda import morphology_tiles as tiles
from cvkit_cuda import morphology_windows as windows
from cvkit_cuda.morphology_pixels import ALONE, FROM_OTHER, LESS_OTHER, OTHER_WITHOUT

# Whether the first step takes the greatest, and what becomes of the second one's result.
STEPS = {
    "open": (False, ALONE),
    "close": (True, ALONE),
    "tophat": (False, FROM_OTHER),
    "blackhat": (True, LESS_OTHER),
}


def erode(gpu, src, dst, cn, element, border, value):
    """Plan: the least in the element's place; ``value`` (cn,) lies outside, None for what never wins."""
    _steps(gpu, src, dst, cn, element, border, value, (False,) * element.passes)


def dilate(gpu, src, dst, cn, element, border, value):
    """Plan: the greatest in the element's place."""
    _steps(gpu, src, dst, cn, element, border, value, (True,) * element.passes)


def morphology_ex(gpu, src, dst, cn, op, elements, border, value):
    """Plan: one element, or for "hitmiss" the one of the pixels that are set and the one of those that are not."""
    if op == "hitmiss":
        _hit_or_miss(gpu, src, dst, cn, *elements, border, value)
    elif op == "erode":
        erode(gpu, src, dst, cn, *elements, border, value)
    elif op == "dilate":
        dilate(gpu, src, dst, cn, *elements, border, value)
    elif op == "gradient":
        _gradient(gpu, src, dst, cn, *elements, border, value)
    else:
        (element,) = elements
        most, how = STEPS[op]
        steps = (most,) * element.passes + (not most,) * element.passes
        _steps(gpu, src, dst, cn, element, border, value, steps, how)


def _outsides(gpu, cn, dtype, value, most):
    """What lies outside steps of a kind and of the other, one value a channel: by default what never wins, of floats
    among the finite ones.
    """
    if value is not None:
        given = gpu.upload(np.asarray(value, dtype))
        return given, given
    limits = np.iinfo(dtype) if np.dtype(dtype).kind in "iu" else np.finfo(dtype)
    return [gpu.upload(np.full(cn, limits.min if each else limits.max, dtype)) for each in (most, not most)]


def _steps(gpu, src, dst, cn, element, border, value, steps, how=ALONE, other=None):
    """Erosions and dilations one after the other, True for a dilation, and what ``how`` says of the last one's result
    and another image.
    """
    other = src if other is None else other
    outsides = _outsides(gpu, cn, src.dtype, value, steps[0])
    together = tiles.most_steps(element, src.dtype, cn, border, len(steps))
    size = max(together, 1)
    source, spare = src, None
    for begin in range(0, len(steps), size):
        some = steps[begin : begin + size]
        last = begin + size >= len(steps)
        target, source_of_next = dst, None
        if not last:
            target = gpu.empty(src.shape, src.dtype) if spare is None or spare is source else spare
            source_of_next = target
        ways = (how, other) if last else (ALONE, source)
        around = outsides if some[0] == steps[0] else outsides[::-1]
        if together:
            tiles.launch(gpu, source, ways[1], target, around, cn, element, border, some, ways[0], False)
        else:
            windows.step(gpu, source, ways[1], target, around[0], cn, element, border, some[0], ways[0])
        spare, source = source if source is not src else None, source_of_next


def _gradient(gpu, src, dst, cn, element, border, value):
    """The dilated image less the eroded one."""
    steps = (False,) * element.passes
    if tiles.most_steps(element, src.dtype, cn, border, len(steps)) == len(steps):
        outsides = _outsides(gpu, cn, src.dtype, value, False)
        tiles.launch(gpu, src, src, dst, outsides, cn, element, border, steps, ALONE, True)
        return
    eroded = gpu.empty(src.shape, src.dtype)
    erode(gpu, src, eroded, cn, element, border, value)
    _steps(gpu, src, dst, cn, element, border, value, (True,) * element.passes, LESS_OTHER, eroded)


def _hit_or_miss(gpu, src, dst, cn, hits, misses, border, value):
    """Eroded by the hits, and its complement by the misses, which is the complement of a dilation."""
    if misses is None:
        if hits is None:
            gpu.fill(dst, 255)
        else:
            erode(gpu, src, dst, cn, hits, border, value)
        return
    hit = gpu.empty(src.shape, src.dtype)
    if hits is None:
        gpu.fill(hit, 255)
    else:
        erode(gpu, src, hit, cn, hits, border, value)
    complement = None if value is None else 255 - value
    _steps(gpu, src, dst, cn, misses, border, complement, (True,) * misses.passes, OTHER_WITHOUT, hit)
