"""The choice of a threshold from a histogram, in float64 and in OpenCV's order: the CPU compiles it, and the host runs
it as it stands for the GPU.
"""

SMALLEST_SHARE = 2.0**-23  # of the pixels in a class: one that has less is none


def otsu_value(histogram):
    """The value that splits the pixels into two classes of largest variance between them, 0 where nothing does."""
    pixels, total = 0, 0.0
    for i in range(len(histogram)):
        pixels += histogram[i]
        total += i * float(histogram[i])
    scale = 1.0 / pixels
    mean = total * scale
    share, below, largest, found = 0.0, 0.0, 0.0, 0
    for i in range(len(histogram)):
        p = histogram[i] * scale
        below *= share
        share += p
        rest = 1.0 - share
        if min(share, rest) < SMALLEST_SHARE or max(share, rest) > 1.0 - SMALLEST_SHARE:
            continue
        below = (below + i * p) / share
        above = (mean - share * below) / rest
        variance = share * rest * (below - above) * (below - above)
        if variance > largest:
            largest, found = variance, i
    return found


def triangle_value(histogram):
    """The value whose count is farthest below the line from the peak of a histogram to its farther end."""
    last = len(histogram) - 1
    left, right, peak = -1, 0, 0
    for i in range(last + 1):
        if histogram[i] > 0:
            left = i if left < 0 else left
            right = i
        if histogram[i] > histogram[peak]:
            peak = i
    left, right = max(left - 1, 0), min(right + 1, last)
    mirrored = peak - left < right - peak
    if mirrored:
        left, peak = last - right, last - peak
    height = histogram[last - peak] if mirrored else histogram[peak]
    largest, found = 0, left
    for i in range(left + 1, peak + 1):
        count = histogram[last - i] if mirrored else histogram[i]
        distance = height * i + (left - peak) * count
        if distance > largest:
            largest, found = distance, i
    found -= 1
    return last - found if mirrored else found
