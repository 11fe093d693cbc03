"""Writes median_networks.py, here and beside the CUDA kernels: medians of k x k windows by minima and maxima alone.

    python -m cvkit_cpu.median_generator

A window of k = 2 m + 1 columns is sorted column by column; a column belongs to k windows and is sorted once. Then each
row of ranks is sorted: two groups of m neighbours, each sorted once for the two windows it belongs to, are merged, and
the last column is put in. In a square whose rows and columns are sorted, an element with more than half of the others
above (or below) it can't be the median; of the rest the median is selected, dropping a least and a greatest element in
turn (forgetful selection; A. Paeth, Median finding on a 3 x 3 grid, Graphics Gems, 1990). That the order of columns is
kept when rows are sorted, and the groups themselves: D. Adams, Fast median filters using separable sorting networks,
ACM Transactions on Graphics 40(4), 2021.

What is known to be in order already is not compared. It is found by the 0-1 principle: a network of minima and maxima
does right with all values if it does with zeros and ones, and zeros and ones in a sorted square form a staircase, of
which there are few. A value is the set of staircases on which it is one, kept as the bits of an integer.

On the CPU the steps are passes over chunks of a row, on the GPU, where each thread has one window, functions of it.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations_with_replacement
from pathlib import Path

SIZES = (5, 7, 9)

# Elements of a row that pass through the buffers at once, so that these stay in the first cache.
CHUNKS = {5: 640, 7: 512, 9: 256}

# Passes run over whole vectors: lengths are rounded up to LANES, which also makes room for 4 channels of neighbours.
LANES = 64

SORTERS = {
    2: ((0, 1),),
    3: ((0, 2), (0, 1), (1, 2)),
    4: ((0, 2), (1, 3), (0, 1), (2, 3), (1, 2)),
    5: ((0, 3), (1, 4), (0, 2), (1, 3), (0, 1), (2, 4), (1, 2), (3, 4), (2, 3)),
    7: (
        *((0, 6), (2, 3), (4, 5), (0, 2), (1, 4), (3, 6), (0, 1), (2, 5)),
        *((3, 4), (1, 2), (4, 6), (2, 3), (4, 5), (1, 2), (3, 4), (5, 6)),
    ),
    9: (
        *((0, 3), (1, 7), (2, 5), (4, 8), (0, 7), (2, 4), (3, 8), (5, 6), (0, 2), (1, 3), (4, 5), (7, 8), (1, 4)),
        *((3, 6), (5, 7), (0, 1), (2, 4), (3, 5), (6, 8), (2, 3), (4, 5), (6, 7), (1, 2), (3, 4), (5, 6)),
    ),
}

# The order in which the selection takes its candidates (rank in the column, rank in the row) decides how many
# operations it needs; these are the best of a random search.
ORDERS = {
    5: "41 22 13 32 04 31 23 03 21 14 12 40 30",
    7: "14 33 40 23 15 32 43 24 25 05 34 16 44 31 04 42 13 35 52 22 26 50 53 41 61 51 62 60 06",
    9: (
        "17 55 16 07 44 36 25 63 35 28 15 42 46 52 34 06 33 45 37 43 53 24 27 41 14 64 50 47 54 18 62 05 51 38 74 73 "
        "60 71 26 82 72 08 83 61 70 80 81"
    ),
}


class Network:
    """Minima and maxima over named inputs; with ``truths`` a comparison whose outcome is known costs nothing."""

    def __init__(self, truths: dict[str, int] | None = None, prefix: str = "v") -> None:
        self.truths = truths
        self.prefix = prefix
        self.steps: list[tuple[str, str, str, str]] = []

    def _step(self, operation: str, a: str, b: str) -> str:
        if self.truths is not None:
            both = self.truths[a] & self.truths[b]
            if both == self.truths[a]:
                return a if operation == "lower" else b
            if both == self.truths[b]:
                return b if operation == "lower" else a
        name = f"{self.prefix}{len(self.steps)}"
        if self.truths is not None:
            self.truths[name] = both if operation == "lower" else self.truths[a] | self.truths[b]
        self.steps.append((name, operation, a, b))
        return name

    def lower(self, a: str, b: str) -> str:
        return self._step("lower", a, b)

    def upper(self, a: str, b: str) -> str:
        return self._step("upper", a, b)

    def exchange(self, values: list[str], i: int, j: int) -> None:
        """Put the lesser of two values at i, the greater at j."""
        values[i], values[j] = self.lower(values[i], values[j]), self.upper(values[i], values[j])

    def needed(self, results: Iterable[str]) -> list[tuple[str, str, str, str]]:
        """The steps that the results rest on, named anew in their order."""
        live, kept = set(results), []
        for step in reversed(self.steps):
            if step[0] in live:
                live.update(step[2:])
                kept.append(step)
        return kept[::-1]


def sort(network: Network, values: Sequence[str]) -> list[str]:
    """All values in order."""
    ordered = list(values)
    for i, j in SORTERS[len(ordered)]:
        network.exchange(ordered, i, j)
    return ordered


def merge(network: Network, a: list[str], b: list[str]) -> list[str]:
    """Two sorted lists as one (K. Batcher, Sorting networks and their applications, 1968)."""
    if not a or not b:
        return a or b
    if len(a) == len(b) == 1:
        return [network.lower(a[0], b[0]), network.upper(a[0], b[0])]
    even, odd = merge(network, a[::2], b[::2]), merge(network, a[1::2], b[1::2])
    merged = [even[0]]
    for i in range(max(len(even) - 1, len(odd))):
        pair = [each[at] for each, at in ((odd, i), (even, i + 1)) if at < len(each)]
        merged += [network.lower(*pair), network.upper(*pair)] if len(pair) == 2 else pair
    return merged


def candidates(k: int) -> list[tuple[int, int]]:
    """Places (rank in the column, rank in the row) of a sorted square where its median can be."""
    half = (k * k + 1) // 2
    return [(i, j) for i in range(k) for j in range(k) if (i + 1) * (j + 1) <= half and (k - i) * (k - j) <= half]


def staircases(k: int) -> tuple[dict[tuple[int, int], int], int]:
    """For each place of a sorted square of zeros and ones the set of squares that have a one there; and of those whose
    median is one.
    """
    places = {(i, j): 0 for i in range(k) for j in range(k)}
    median = 0
    for number, ones in enumerate(combinations_with_replacement(range(k + 1), k)):
        for i, count in enumerate(ones):
            for j in range(k - count, k):
                places[i, j] |= 1 << number
        if sum(ones) > k * k // 2:
            median |= 1 << number
    return places, median


def select(network: Network, values: list[str]) -> str:
    """The median of an odd number of values, of some of which the order is known."""
    count = len(values) // 2 + 2
    pool, rest = values[:count], values[count:]
    while len(pool) > 1:
        _drop(network, pool, least=True)
        _drop(network, pool, least=False)
        pool += rest[:1]
        rest = rest[1:]
    return pool[0]


def _drop(network: Network, pool: list[str], least: bool) -> None:
    """Remove the least or the greatest value: compare two that nothing is known to be beyond, until one is left."""
    truths = network.truths
    assert truths is not None

    def beyond(a: str, b: str) -> bool:
        """Whether b is known to lie beyond a, or equal to it and nearer the end."""
        both = truths[a] & truths[b]
        if truths[a] == truths[b]:
            return pool.index(b) < pool.index(a) if least else pool.index(b) > pool.index(a)
        return both == (truths[b] if least else truths[a])

    while True:
        ends = [a for a in pool if not any(b != a and beyond(a, b) for b in pool)]
        if len(ends) == 1:
            pool.remove(ends[0])
            return
        i, j = pool.index(ends[0]), pool.index(ends[1])
        network.exchange(pool, i, j)


def selection(k: int) -> tuple[list[tuple[str, str, str, str]], str]:
    """Steps from the candidates "c<rank in the column><rank in the row>" to the median, and its name."""
    places, median = staircases(k)
    names = ORDERS[k].split()
    if sorted(names) != sorted(f"{i}{j}" for i, j in candidates(k)):
        raise ValueError(f"the order for {k} x {k} does not list the candidates")
    network = Network({f"c{name}": places[int(name[0]), int(name[1])] for name in names})
    result = select(network, [f"c{name}" for name in names])
    assert network.truths is not None
    if network.truths[result] != median:
        raise ValueError(f"the selection for {k} x {k} does not give the median")
    return network.needed([result]), result


def row_sorting(k: int, rank: int) -> tuple[list[tuple[str, str, str, str]], dict[str, str]]:
    """Steps from a row of ranks, "r<rank>x<column>", to those places of the sorted row that are candidates,
    "c<rank><place>": two groups of neighbours and one column more.
    """
    m = k // 2
    columns = [f"r{rank}x{j}" for j in range(k)]
    network = Network(prefix=f"r{rank}v")
    merged = merge(network, sort(network, columns[:m]), sort(network, columns[m : 2 * m]))
    found = {}
    for j in (j for i, j in candidates(k) if i == rank):
        # Put into a sorted list, a value pushes what is above it one place up.
        if j == k - 1:
            found[j] = network.upper(merged[j - 1], columns[-1])
        else:
            kept = network.lower(merged[j], columns[-1])
            found[j] = kept if j == 0 else network.upper(merged[j - 1], kept)
    return network.needed(found.values()), {f"c{rank}{j}": name for j, name in found.items()}


class Source:
    """Lines of a module of kernels."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, text: str) -> None:
        self.lines.append(text)

    def function(self, name: str, arguments: str, doc: str) -> None:
        self.lines += ["", "", "@kernel", f"def {name}({arguments}):", f'    """{doc}"""']

    def steps(self, steps: Iterable[tuple[str, str, str, str]], rename: dict[str, str] | None = None) -> None:
        names = rename or {}
        for name, operation, a, b in steps:
            self.add(f"        {name} = {operation}({names.get(a, a)}, {names.get(b, b)})")


def at(array: str, plane: int, stride: int) -> str:
    """Element x of a plane."""
    return f"{array}[x + {plane * stride}]" if plane else f"{array}[x]"


def stride_of(k: int) -> int:
    """Elements from one plane of a buffer to the next: a chunk and what its windows reach on both sides."""
    return CHUNKS[k] + LANES


def write_columns(out: Source, k: int) -> None:
    """Pass 1: k rows of the image to k planes of ranks."""
    rows = [f"s{i}" for i in range(k)]
    out.function(f"columns{k}", "src, y, first, last, ranks", f"Sort columns [first, last) of the {k} rows around y.")
    out.add("    bottom = src.shape[0] - 1")
    for i, row in enumerate(rows):
        out.add(f"    {row} = src[min(max(y + {i - k // 2}, 0), bottom), first:last]")
    out.add("    for x in range(last - first):")
    network = Network()
    ordered = sort(network, rows)
    out.steps(network.needed(ordered), {row: f"{row}[x]" for row in rows})
    for i, name in enumerate(ordered):
        out.add(f"        {at('ranks', i, stride_of(k))} = {name}")


def write_network(out: Source, k: int) -> None:
    """All passes of one window size and the loop over rows and chunks."""
    stride, fused = stride_of(k), k == 5
    write_columns(out, k)
    result = "dst" if fused else "found"
    doc = "the median of each window" if fused else "what can be the median of each window"
    out.function(f"rows{k}", f"ranks, cn, {result}", f"Sort each rank's row as far as it is needed: {doc}.")
    for j in range(1, k):
        out.add(f"    ranks{j} = ranks[{j} * cn :]" if j > 1 else "    ranks1 = ranks[cn:]")
    out.add(f"    for x in range({result}.size):")
    names: dict[str, str] = {}
    for rank in range(k):
        steps, places = row_sorting(k, rank)
        out.steps(steps, {f"r{rank}x{j}": at(f"ranks{j or ''}", rank, stride) for j in range(k)})
        names |= places
    steps, median = selection(k)
    if fused:
        out.steps(steps, names)
        out.add(f"        dst[x] = {median}")
    else:
        planes = {f"c{i}{j}": at("found", number, stride) for number, (i, j) in enumerate(candidates(k))}
        for name, place in planes.items():
            out.add(f"        {place} = {names[name]}")
        out.function(f"select{k}", "found, dst", "The median of the candidates.")
        out.add("    for x in range(dst.size):")
        out.steps(steps, planes)
        out.add(f"        dst[x] = {median}")
    write_band(out, k, fused)


def write_band(out: Source, k: int, fused: bool) -> None:
    """The loop over rows and chunks. A row's last values, where they fill no vector, go by way of a buffer."""
    m, stride = k // 2, stride_of(k)
    out.function(f"median{k}_band", "src, dst, cn, ranks, found, y0, y1", f"Rows [y0, y1) of the {k} x {k} median.")
    out.add(f"    n, reach = src.shape[1], {m} * cn")
    out.add("    ranks, found = ranks[lead(ranks) :], found[lead(found) :]")
    out.add("    for y in range(y0, y1):")
    out.add(f"        for x0 in range(0, n, {CHUNKS[k]}):")
    out.add(f"            x1 = min(x0 + {CHUNKS[k]}, n)")
    out.add("            count, left, right = x1 - x0, max(x0 - reach, 0), min(x1 + reach, n)")
    out.add("            start, stop = left - x0 + reach, left + whole(right - left)")
    out.add("            if stop <= n:")
    out.add(f"                columns{k}(src, y, left, stop, ranks[start:])")
    out.add(f"            elif n - left < {LANES}:")
    out.add(f"                columns{k}(src, y, left, n, ranks[start:])")
    out.add("            else:")
    out.add(f"                columns{k}(src, y, left, stop - {LANES}, ranks[start:])")
    out.add(f"                columns{k}(src, y, n - {LANES}, n, ranks[start + n - {LANES} - left :])")
    out.add("            if start > 0 or right < x1 + reach:")
    out.add(f"                for plane in range(0, {k * stride}, {stride}):")
    out.add("                    repeat_ends(ranks[plane:], start, start + right - left, count + 2 * reach, cn)")
    if not fused:
        out.add(f"            rows{k}(ranks, cn, found[: whole(count)])")
    last = f"rows{k}(ranks, cn, " if fused else f"select{k}(found, "
    spare = "found" if fused else "ranks"
    out.add("            row = dst[y, x0:x1]")
    out.add("            if count == whole(count):")
    out.add(f"                {last}row)")
    out.add("            else:")
    out.add(f"                {last}{spare}[: whole(count)])")
    out.add("                for x in range(count):")
    out.add(f"                    row[x] = {spare}[x]")


def source() -> str:
    """The text of median_networks.py."""
    out = Source()
    out.lines = [
        '"""Medians of 5 x 5, 7 x 7 and 9 x 9 windows by minima and maxima: written by median_generator.py, edit that.',
        "",
        "A plane of a buffer holds one value for each element of a chunk of a row; the generator tells the method.",
        '"""',
        "",
        "from cvkit_cpu.jit import kernel",
        "from cvkit_cpu.median_order import lead, lower, upper",
        "",
        "# For each size the planes of the three buffers and the elements of a plane; a buffer has SLACK more.",
        f"SLACK = {2 * LANES}",
    ]
    planes = {k: (k, 1 if k == 5 else len(candidates(k))) for k in SIZES}
    out.add(f"PLANES = {planes!r}")
    out.add(f"STRIDES = { ({k: stride_of(k) for k in SIZES})!r}")
    out.function(
        "repeat_ends", "row, start, end, size, cn", "Fill row[:start] and row[end:size] with the outermost pixels."
    )
    out.add("    for x in range(start):")
    out.add("        row[x] = row[start + x % cn]")
    out.add("    for x in range(end, size):")
    out.add("        row[x] = row[x - cn]")
    out.function("whole", "n", f"n rounded up to {LANES}.")
    out.add(f"    return (n + {LANES - 1}) & {-LANES}")
    for k in SIZES:
        write_network(out, k)
    return "\n".join(out.lines) + "\n"


def source_for_cuda() -> str:
    """The text of cvkit_cuda/median_networks.py."""
    k = 5
    names = [f"a{i}" for i in range(k)]
    sorting = Network()
    ordered = sort(sorting, names)
    lines = [
        '"""The median of a 5 x 5 window in registers. Written by cvkit_cpu/median_generator.py: edit that."""',
        "",
        "from numba import cuda, uint32",
        "",
        "",
        "@cuda.jit(device=True)",
        f"def sort{k}({', '.join(names)}):",
        f'    """{k} values in order."""',
        *steps_of(sorting.needed(ordered)),
        f"    return {', '.join(ordered)}",
        "",
        "",
        "@cuda.jit(device=True)",
        f"def median{k}(ranks, j, i, cn):",
        f'    """The median of the {k} sorted columns at i, i + cn, ... of row j; ranks[0] holds the least of each."""',
        "    c0 = uint32(i)",
        *(f"    c{j} = uint32(c{j - 1} + uint32(cn))" for j in range(1, k)),
    ]
    found: dict[str, str] = {}
    for rank in range(k):
        lines += [f"    r{rank}x{j} = ranks[{rank}, j, c{j}]" for j in range(k)]
        steps, places = row_sorting(k, rank)
        lines += steps_of(steps)
        found |= places
    steps, median = selection(k)
    return "\n".join([*lines, *steps_of(steps, found), f"    return {median}"]) + "\n"


def steps_of(steps: Iterable[tuple[str, ...]], rename: dict[str, str] | None = None) -> list[str]:
    """Steps as lines for Numba's CUDA compiler, whose min and max are one instruction."""
    names = rename or {}
    word = {"lower": "min", "upper": "max"}
    return [f"    {name} = {word[which]}({names.get(a, a)}, {names.get(b, b)})" for name, which, a, b in steps]


def modules() -> dict[Path, str]:
    """The text of each module that is written here."""
    here = Path(__file__).parent
    return {
        here / "median_networks.py": source(),
        here.parent / "cvkit_cuda" / "median_networks.py": source_for_cuda(),
    }


if __name__ == "__main__":
    for path, text in modules().items():
        path.write_text(text, encoding="ascii")
