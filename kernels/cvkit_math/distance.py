"""Costs of the steps between neighbours, in fixed point with 16 fractional bits, as OpenCV has them."""

BITS = 16
UINT_MAX = (1 << 32) - 1

# For a straight step, a diagonal one and a knight's move: (1, 2), (1, 1), (0.955, 1.3693) and (1, 1.4, 2.1969), the
# last in float32. With a knight's move that costs as much as the two steps that it is made of there is none.
COSTS = {
    "l1": (65536, 131072, 196608),
    "c": (65536, 65536, 131072),
    "l2 3": (62587, 89738, 152325),
    "l2 5": (65536, 91750, 143976),
}


def has_knights(costs):
    """Whether a knight's move is shorter than its two steps."""
    return costs[2] < costs[0] + costs[1]


def farthest(costs):
    """The distance of pixels from which there is no way, which is also the largest: OpenCV adds one more step to it and
    must stay in 32 bits.
    """
    return UINT_MAX - (costs[2] if has_knights(costs) else costs[1])
