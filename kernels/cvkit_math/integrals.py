"""Where OpenCV's vectors end in a row of an integral image of uint8 in float32."""


def vector_fronts(w, cn):
    """How many pixels of a row the vectors cover, and how many of the last row."""
    front = w // 8 * 8 if cn == 4 else w // 32 * 32
    return front, max(w // 32 * 32 - 32, 0) if cn == 3 else front
