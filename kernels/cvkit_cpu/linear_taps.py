"""Sums over the taps of a two-dimensional kernel: a row of the result from a ring of padded rows."""

from cvkit_cpu.jit import kernel
from cvkit_cpu.linear_passes import turn
from cvkit_cpu.linear_values import multiply, multiply_add
from cvkit_cpu.views import apart, get, put


@kernel
def sum_taps(ring, first, x0, rows, places, weights, delta, fused, out):
    """delta and the products of all taps, in order, for the elements from x0 on.

    Tap t lies in row rows[t] of the window, whose uppermost row is ``first`` of the ring, and starts places[t] elements
    into it. Eight taps go through the stretch at a time, then four, then single ones; nine at first where that leaves
    none over, as for 3 x 3, 5 x 5 and 7 x 7.
    """
    apart()
    taps = rows.size
    height = ring.shape[0]
    t = 0
    if taps > 8 and taps % 8 == 1:
        a = ring[turn(first + rows[0], height)][x0 + places[0] :]
        b = ring[turn(first + rows[1], height)][x0 + places[1] :]
        c = ring[turn(first + rows[2], height)][x0 + places[2] :]
        d = ring[turn(first + rows[3], height)][x0 + places[3] :]
        e = ring[turn(first + rows[4], height)][x0 + places[4] :]
        f = ring[turn(first + rows[5], height)][x0 + places[5] :]
        g = ring[turn(first + rows[6], height)][x0 + places[6] :]
        h = ring[turn(first + rows[7], height)][x0 + places[7] :]
        i = ring[turn(first + rows[8], height)][x0 + places[8] :]
        ka, kb, kc, kd = weights[0], weights[1], weights[2], weights[3]
        ke, kf, kg, kh, ki = weights[4], weights[5], weights[6], weights[7], weights[8]
        if fused:
            for x in range(out.size):
                s = multiply_add(kb, get(b, x), multiply_add(ka, get(a, x), delta))
                s = multiply_add(kd, get(d, x), multiply_add(kc, get(c, x), s))
                s = multiply_add(kf, get(f, x), multiply_add(ke, get(e, x), s))
                s = multiply_add(kh, get(h, x), multiply_add(kg, get(g, x), s))
                put(out, x, multiply_add(ki, get(i, x), s))
        else:
            for x in range(out.size):
                s = delta + multiply(ka, get(a, x)) + multiply(kb, get(b, x))
                s = s + multiply(kc, get(c, x)) + multiply(kd, get(d, x))
                s = s + multiply(ke, get(e, x)) + multiply(kf, get(f, x))
                s = s + multiply(kg, get(g, x)) + multiply(kh, get(h, x))
                put(out, x, s + multiply(ki, get(i, x)))
        t = 9
    else:
        for x in range(out.size):
            out[x] = delta
    while t + 8 <= taps:
        a = ring[turn(first + rows[t], height)][x0 + places[t] :]
        b = ring[turn(first + rows[t + 1], height)][x0 + places[t + 1] :]
        c = ring[turn(first + rows[t + 2], height)][x0 + places[t + 2] :]
        d = ring[turn(first + rows[t + 3], height)][x0 + places[t + 3] :]
        e = ring[turn(first + rows[t + 4], height)][x0 + places[t + 4] :]
        f = ring[turn(first + rows[t + 5], height)][x0 + places[t + 5] :]
        g = ring[turn(first + rows[t + 6], height)][x0 + places[t + 6] :]
        h = ring[turn(first + rows[t + 7], height)][x0 + places[t + 7] :]
        ka, kb, kc, kd = weights[t], weights[t + 1], weights[t + 2], weights[t + 3]
        ke, kf, kg, kh = weights[t + 4], weights[t + 5], weights[t + 6], weights[t + 7]
        if fused:
            for x in range(out.size):
                s = multiply_add(kb, get(b, x), multiply_add(ka, get(a, x), out[x]))
                s = multiply_add(kd, get(d, x), multiply_add(kc, get(c, x), s))
                s = multiply_add(kf, get(f, x), multiply_add(ke, get(e, x), s))
                put(out, x, multiply_add(kh, get(h, x), multiply_add(kg, get(g, x), s)))
        else:
            for x in range(out.size):
                s = out[x] + multiply(ka, get(a, x)) + multiply(kb, get(b, x))
                s = s + multiply(kc, get(c, x)) + multiply(kd, get(d, x))
                s = s + multiply(ke, get(e, x)) + multiply(kf, get(f, x))
                put(out, x, s + multiply(kg, get(g, x)) + multiply(kh, get(h, x)))
        t += 8
    if t + 4 <= taps:
        a = ring[turn(first + rows[t], height)][x0 + places[t] :]
        b = ring[turn(first + rows[t + 1], height)][x0 + places[t + 1] :]
        c = ring[turn(first + rows[t + 2], height)][x0 + places[t + 2] :]
        d = ring[turn(first + rows[t + 3], height)][x0 + places[t + 3] :]
        ka, kb, kc, kd = weights[t], weights[t + 1], weights[t + 2], weights[t + 3]
        if fused:
            for x in range(out.size):
                s = multiply_add(kb, get(b, x), multiply_add(ka, get(a, x), out[x]))
                put(out, x, multiply_add(kd, get(d, x), multiply_add(kc, get(c, x), s)))
        else:
            for x in range(out.size):
                s = out[x] + multiply(ka, get(a, x)) + multiply(kb, get(b, x))
                put(out, x, s + multiply(kc, get(c, x)) + multiply(kd, get(d, x)))
        t += 4
    while t < taps:
        a, ka = ring[turn(first + rows[t], height)][x0 + places[t] :], weights[t]
        if fused:
            for x in range(out.size):
                put(out, x, multiply_add(ka, get(a, x), out[x]))
        else:
            for x in range(out.size):
                put(out, x, out[x] + multiply(ka, get(a, x)))
        t += 1
