"""Chamfer distances on the CPU (G. Borgefors, Distance transformations in digital images, CVGIP 34(3), 1986), in two
passes over the rows; of a pass's new values only the way along the row runs one after the other.
"""

from numba import float32, uint32

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel
from cvkit_cpu.views import get, put

PAD = 2  # pixels beside a row
SCALE = 2.0**-16


@kernel
def step3(own, near, here, straight, diagonal):
    """The row ``here`` is the least of its own values and of what the row beside it offers by three steps."""
    left, middle, right, inner = near[PAD - 1 :], near[PAD:], near[PAD + 1 :], here[PAD:]
    for x in range(own.size):
        offer = typed.add(typed.minimum(get(left, x), get(right, x)), diagonal)
        offer = typed.minimum(offer, typed.add(get(middle, x), straight))
        put(inner, x, typed.minimum(get(own, x), offer))


@kernel
def step5(own, far, near, here, straight, diagonal, knight):
    """As step3, with four knight's moves, two of them from the row behind the one beside it."""
    left, middle, right, inner = near[PAD - 1 :], near[PAD:], near[PAD + 1 :], here[PAD:]
    first, last, steep_left, steep_right = near, near[2 * PAD :], far[PAD - 1 :], far[PAD + 1 :]
    for x in range(own.size):
        offer = typed.add(typed.minimum(get(left, x), get(right, x)), diagonal)
        offer = typed.minimum(offer, typed.add(get(middle, x), straight))
        flat = typed.minimum(get(first, x), get(last, x))
        steep = typed.minimum(get(steep_left, x), get(steep_right, x))
        offer = typed.minimum(offer, typed.add(typed.minimum(flat, steep), knight))
        put(inner, x, typed.minimum(get(own, x), offer))


@kernel
def forward(here, straight):
    """Along the row to the right."""
    last = here[PAD - 1]
    for x in range(PAD, here.size - PAD):
        last = typed.minimum(typed.add(last, straight), here[x])
        here[x] = last


@kernel
def backward(here, straight):
    """Along the row to the left."""
    last = here[here.size - PAD]
    for x in range(here.size - PAD - 1, PAD - 1, -1):
        last = typed.minimum(typed.add(last, straight), here[x])
        here[x] = last


@kernel
def copy(src, dst):
    """A row into another one."""
    for x in range(src.size):
        dst[x] = src[x]


@kernel
def chamfer_image(src, dst, fixed, costs, knights, most, lines, own, y0, y1):
    """The whole image; fixed is the memory of dst as uint32, where the first pass leaves its values.

    lines: three rows with PAD values on either side, which stay at ``most``, no distance being larger. Adding the cost
    of a step to it does not overflow.
    """
    h, w = src.shape
    straight, diagonal, knight, limit = uint32(costs[0]), uint32(costs[1]), uint32(costs[2]), uint32(most)
    lines[:] = limit
    for y in range(h):
        here, near, far, row = lines[y % 3], lines[(y + 2) % 3], lines[(y + 1) % 3], src[y]
        for x in range(w):
            own[x] = typed.select(row[x] == 0, uint32(0), limit)
        if knights:
            step5(own, far, near, here, straight, diagonal, knight)
        else:
            step3(own, near, here, straight, diagonal)
        forward(here, straight)
        copy(here[PAD : PAD + w], fixed[y])
    lines[:] = limit
    for y in range(h - 1, -1, -1):
        here, near, far = lines[y % 3], lines[(y + 1) % 3], lines[(y + 2) % 3]
        if knights:
            step5(fixed[y], far, near, here, straight, diagonal, knight)
        else:
            step3(fixed[y], near, here, straight, diagonal)
        backward(here, straight)
        inner, result = here[PAD : PAD + w], dst[y]
        for x in range(w):
            result[x] = float32(inner[x]) * float32(SCALE)
