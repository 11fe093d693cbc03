"""Image derivatives on the CPU: Sobel's operator on uint8, a row at a time.

A row of the image is a row of w * cn values; its neighbours to the left and right lie cn values away.
"""

from numba import int16, int32

from cvkit_cpu import typed
from cvkit_cpu.jit import kernel


@kernel
def sobel_row_u8(src, y, cn, smooth, slope, dx, dy):
    """Row y of both derivatives as ``cv2.Sobel(..., CV_16S, ksize=3, borderType=BORDER_REPLICATE)`` gives them.

    smooth and slope are scratch, int16, of w * cn + 2 * cn values: columns first (smoothed in one, differenced in the
    other), then along the row. The largest value is 4 * 255.
    """
    columns3(src, y, smooth[cn:], slope[cn:])
    replicate_ends(smooth, cn, cn)
    replicate_ends(slope, cn, cn)
    along3(smooth, slope, cn, dx, dy)


@kernel
def sobel_wide_row_u8(src, y, cn, aperture, smooth, slope, dx, dy):
    """As sobel_row_u8 for apertures 5 and 7; 7 is scaled by 1/16 and rounded half to even, as Canny takes it.

    smooth and slope have w * cn + 2 * cn * (aperture // 2) values. Largest values: 48 * 255 and 640 * 255 / 16, so
    int16 holds each of them; 64 * 255 in scratch likewise.
    """
    pad = cn * (aperture // 2)
    if aperture == 5:
        columns5(src, y, smooth[pad:], slope[pad:])
    else:
        columns7(src, y, smooth[pad:], slope[pad:])
    replicate_ends(smooth, cn, pad)
    replicate_ends(slope, cn, pad)
    if aperture == 5:
        along5(smooth, slope, cn, dx, dy)
    else:
        along7(smooth, slope, cn, dx, dy)


@kernel
def sobel3_row_u8(src, y, dx, dy):
    """Row y of both derivatives for one channel and aperture 3, in one loop: the case that is wanted most.

    d0 and d1 are the differences along the two diagonals; their sum and difference hold the corners of both kernels.
    """
    h, w = src.shape
    above, here, below = src[max(y - 1, 0)], src[y], src[min(y + 1, h - 1)]
    for x in range(1, w - 1):
        d0 = typed.sub(int16(below[x + 1]), int16(above[x - 1]))
        d1 = typed.sub(int16(above[x + 1]), int16(below[x - 1]))
        across = typed.sub(int16(here[x + 1]), int16(here[x - 1]))
        down = typed.sub(int16(below[x]), int16(above[x]))
        dx[x] = typed.add(typed.add(d0, d1), typed.add(across, across))
        dy[x] = typed.add(typed.sub(d0, d1), typed.add(down, down))
    for x in (0, w - 1):
        left, right = max(x - 1, 0), min(x + 1, w - 1)
        dx[x] = above[right] - above[left] + 2 * (here[right] - here[left]) + below[right] - below[left]
        dy[x] = below[left] - above[left] + 2 * (below[x] - above[x]) + below[right] - above[right]


@kernel
def replicate_ends(row, cn, pad):
    """Fill pad values at either end with the outermost pixel of cn values."""
    last = row.size - pad - cn
    for x in range(pad):
        row[x] = row[pad + x % cn]
        row[last + cn + x] = row[last + x % cn]


@kernel
def columns3(src, y, smooth, slope):
    """[1 2 1] and [-1 0 1] down the columns."""
    h, n = src.shape
    above, here, below = src[max(y - 1, 0)], src[y], src[min(y + 1, h - 1)]
    for x in range(n):
        smooth[x] = above[x] + 2 * here[x] + below[x]
    for x in range(n):
        slope[x] = below[x] - above[x]


@kernel
def columns5(src, y, smooth, slope):
    """[1 4 6 4 1] and [-1 -2 0 2 1] down the columns."""
    h, n = src.shape
    a, b, c = src[max(y - 2, 0)], src[max(y - 1, 0)], src[y]
    d, e = src[min(y + 1, h - 1)], src[min(y + 2, h - 1)]
    for x in range(n):
        smooth[x] = a[x] + e[x] + 4 * (b[x] + d[x]) + 6 * c[x]
    for x in range(n):
        slope[x] = e[x] - a[x] + 2 * (d[x] - b[x])


@kernel
def columns7(src, y, smooth, slope):
    """[1 6 15 20 15 6 1] and [-1 -4 -5 0 5 4 1] down the columns."""
    h, n = src.shape
    a, b, c, d = src[max(y - 3, 0)], src[max(y - 2, 0)], src[max(y - 1, 0)], src[y]
    e, f, g = src[min(y + 1, h - 1)], src[min(y + 2, h - 1)], src[min(y + 3, h - 1)]
    for x in range(n):
        smooth[x] = a[x] + g[x] + 6 * (b[x] + f[x]) + 15 * (c[x] + e[x]) + 20 * d[x]
    for x in range(n):
        slope[x] = g[x] - a[x] + 4 * (f[x] - b[x]) + 5 * (e[x] - c[x])


@kernel
def along3(smooth, slope, cn, dx, dy):
    """The other factor of the separable kernel, along the row."""
    n = dx.size
    s2 = smooth[2 * cn :]
    for x in range(n):
        dx[x] = s2[x] - smooth[x]
    t1, t2 = slope[cn:], slope[2 * cn :]
    for x in range(n):
        dy[x] = slope[x] + 2 * t1[x] + t2[x]


@kernel
def along5(smooth, slope, cn, dx, dy):
    """The other factor of the separable kernel, along the row."""
    n = dx.size
    s1, s3, s4 = smooth[cn:], smooth[3 * cn :], smooth[4 * cn :]
    for x in range(n):
        dx[x] = s4[x] - smooth[x] + 2 * (s3[x] - s1[x])
    t1, t2, t3, t4 = slope[cn:], slope[2 * cn :], slope[3 * cn :], slope[4 * cn :]
    for x in range(n):
        dy[x] = slope[x] + t4[x] + 4 * (t1[x] + t3[x]) + 6 * t2[x]


@kernel
def along7(smooth, slope, cn, dx, dy):
    """The other factor of the separable kernel, along the row, in 32 bits before the division by 16."""
    n = dx.size
    s1, s2, s4, s5, s6 = smooth[cn:], smooth[2 * cn :], smooth[4 * cn :], smooth[5 * cn :], smooth[6 * cn :]
    for x in range(n):
        dx[x] = sixteenth(int32(s6[x] - smooth[x] + 4 * (s5[x] - s1[x]) + 5 * (s4[x] - s2[x])))
    t1, t2, t3, t4, t5, t6 = (
        slope[cn:],
        slope[2 * cn :],
        slope[3 * cn :],
        slope[4 * cn :],
        slope[5 * cn :],
        slope[6 * cn :],
    )
    for x in range(n):
        dy[x] = sixteenth(int32(slope[x] + t6[x] + 6 * (t1[x] + t5[x]) + 15 * (t2[x] + t4[x]) + 20 * t3[x]))


@kernel
def sixteenth(total):
    """An int32 divided by 16, half to even, as int16: a half goes up only from an odd quotient."""
    odd = typed.bit_and(typed.shr(total, int32(4)), int32(1))
    return int16(typed.shr(typed.add(typed.add(total, int32(7)), odd), int32(4)))
