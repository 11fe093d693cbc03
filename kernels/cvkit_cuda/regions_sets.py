"""Sets of pixels by union-find on the GPU: a label is the index of an older member of the same set, and a root its own
label (D. Playne, K. Hawick, A new algorithm for parallel connected-component labelling on GPUs, 2018).

Labels only ever fall, by atomic minimum, and a root is the least member. So neither the order of threads nor a stale
read shows in the result, and no relaunch is needed.
"""

from numba import cuda, int32, uint32

BLOCK = (32, 8)
THREADS = 256


def grid(w, h, block=BLOCK):
    """Blocks that cover w columns and h rows."""
    return -(-w // block[0]), -(-h // block[1])


@cuda.jit(device=True)
def find_root(labels, i):
    """Root of the set of i, halving the path on the way."""
    while True:
        parent = labels[uint32(i)]
        if parent == i:
            return i
        grandparent = labels[uint32(parent)]
        if grandparent != parent:
            cuda.atomic.min(labels, uint32(i), grandparent)
        i = grandparent


@cuda.jit(device=True)
def join(labels, a, b):
    """Put the sets of a and b under the smaller root.

    When the larger root has got a parent in the meantime, the minimum may have replaced that link, so the loop goes on
    to join the old parent, too; the larger of the two falls each time, hence it ends.
    """
    a, b = find_root(labels, a), find_root(labels, b)
    while a != b:
        larger, smaller = int32(max(a, b)), int32(min(a, b))
        parent = int32(cuda.atomic.min(labels, uint32(larger), smaller))
        if parent == larger:
            return
        a, b = find_root(labels, parent), smaller
