"""``cvkit bench``: cvkit, OpenCV and, where it has the operation, scikit-image, by turns in one process.

Both sides write into arrays that were made before, on the same number of threads. Each round times one after the other,
so what else the machine does hits both alike. Short calls are repeated until a round takes a millisecond.
"""

import json as json_module
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from cvkit.errors import ArgumentError, CvkitError, DeviceError
from cvkit.files import store
from cvkit.operation import spec_of
from cvkit.parity.images import photograph
from cvkit.parity.proof import Duel, Proof
from cvkit.parity.report import select
from cvkit.run.threads import available_cpus, get_num_threads, set_num_threads

NAMED_SIZES = {"1080p": (1080, 1920), "4k": (2160, 3840), "8k": (4320, 7680)}
ROUND_NS = 1_000_000
ROUNDS = (9, 60)
BUDGET_NS = 1_500_000_000  # for all rounds of one line, within ROUNDS


@dataclass(frozen=True)
class Measurement:
    """One line: times of a call in milliseconds, and how many times as fast as OpenCV cvkit was."""

    operation: str
    case: str
    size: str
    threads: int
    device: str
    cvkit_min: float
    cvkit_median: float
    cv2_min: float
    cv2_median: float
    ratio_min: float
    ratio_median: float
    gain: float
    """of cvkit against its own time with the first number of threads"""
    skimage_min: float | None


def run(
    operations: Sequence[str] = (),
    *,
    sizes: Sequence[str] = ("64", "512", "1080p", "4k"),
    threads: Sequence[int] | None = None,
    device: str = "auto",
    json: str | None = None,
) -> int:
    """Print the measurements of the named operations, of all when none is named, and return the exit code."""
    from rich.console import Console

    chosen = {name: proof for name, proof in select(operations).items() if proof.benchmark}
    shapes = [(text, parsed_size(text)) for text in sizes]
    counts = list(threads or (1 if device == "cuda" else n for n in sorted({1, available_cpus()})))
    gpu = _gpu() if device == "cuda" else None
    console = Console(width=None if sys.stdout.isatty() else 150)
    measurements: list[Measurement] = []
    before = get_num_threads()
    try:
        for name, proof in chosen.items():
            for text, shape in shapes:
                measurements += _measure(name, proof, text, shape, counts, gpu)
    finally:
        set_num_threads(before)
    console.print(_table(measurements))
    console.print(
        "Times in ms, the least of all rounds; ratio: OpenCV's time over cvkit's, of the least and of the medians."
    )
    if json is not None:
        try:
            store(json, (json_module.dumps([asdict(m) for m in measurements], indent=2) + "\n").encode())
        except OSError as error:
            raise CvkitError(f"bench: {json} can't be written: {error.strerror}.") from None
    return 0


def parsed_size(text: str) -> tuple[int, int]:
    """Height and width of '64', '640x480' (width first, as people say it), '1080p', '4k' or '8k'."""
    word = text.strip().lower()
    if word in NAMED_SIZES:
        return NAMED_SIZES[word]
    sides = word.split("x")
    if len(sides) > 2 or not all(s.isdecimal() and int(s) > 0 for s in sides):
        raise ArgumentError(f"bench: size is {text!r}; it takes a side, WIDTHxHEIGHT, {', '.join(NAMED_SIZES)}.")
    return int(sides[-1]), int(sides[0])


def _measure(
    name: str, proof: Proof, text: str, shape: tuple[int, int], counts: Sequence[int], gpu: Any
) -> list[Measurement]:
    """The lines of one operation at one size."""
    import cv2

    photo = cv2.resize(photograph("astronaut", 3), shape[::-1], interpolation=cv2.INTER_CUBIC)
    assert proof.benchmark is not None
    found = []
    for duel in proof.benchmark(photo):
        first: float | None = None
        for count in counts:
            set_num_threads(count)
            cv2.setNumThreads(count)
            ours = _on_gpu(proof, duel, gpu) if gpu else _on_cpu(proof, duel)
            dst = np.empty_like(duel.out)
            mine, theirs = _by_turns(ours, lambda duel=duel, dst=dst: duel.cv2(cv2, dst))  # type: ignore[misc]
            first = first or min(mine)
            other = _once(duel.skimage) if duel.skimage and count == counts[0] and shape[0] <= 1080 else None
            found.append(
                Measurement(
                    name,
                    duel.label,
                    text,
                    count,
                    "cuda" if gpu else "cpu",
                    min(mine),
                    statistics.median(mine),
                    min(theirs),
                    statistics.median(theirs),
                    min(theirs) / min(mine),
                    statistics.median(theirs) / statistics.median(mine),
                    first / min(mine),
                    other,
                )
            )
    return found


def _on_cpu(proof: Proof, duel: Duel) -> Callable[[], Any]:
    options = {"out": duel.out} if "out" in spec_of(proof.operation).parameters else {}
    return lambda: proof.operation(**duel.arguments, **options, device="cpu")


def _on_gpu(proof: Proof, duel: Duel, gpu: Any) -> Callable[[], Any]:
    """The arrays lie on the device already, as they do between two operations."""
    names = spec_of(proof.operation).images
    arguments = {k: gpu.upload(v) if k in names else v for k, v in duel.arguments.items()}

    def call() -> None:
        proof.operation(**arguments)
        gpu.synchronize()

    return call


def _gpu() -> Any:
    from cvkit.run.device import cuda_device

    gpu = cuda_device()
    if gpu.info().get("name") == "simulator":
        raise DeviceError("bench: device is Numba's simulator, whose speed says nothing about a GPU.")
    return gpu


def _by_turns(ours: Callable[[], Any], theirs: Callable[[], Any]) -> tuple[list[float], list[float]]:
    """Milliseconds a call, one value a round, for each side."""
    for _ in range(3):
        slowest = _timed(ours, 1) + _timed(theirs, 1)
    repeats = max(1, round(ROUND_NS / max(slowest, 1)))
    rounds = min(max(round(BUDGET_NS / (repeats * slowest)), ROUNDS[0]), ROUNDS[1])
    pairs = [(_timed(ours, repeats), _timed(theirs, repeats)) for _ in range(rounds)]
    return [a / repeats / 1e6 for a, _ in pairs], [b / repeats / 1e6 for _, b in pairs]


def _timed(call: Callable[[], Any], repeats: int) -> int:
    start = time.perf_counter_ns()
    for _ in range(repeats):
        call()
    return time.perf_counter_ns() - start


def _once(call: Callable[[], Any]) -> float:
    return min(_timed(call, 1) for _ in range(3)) / 1e6


def _table(measurements: list[Measurement]) -> Any:
    from rich.table import Table

    table = Table(title="cvkit beside OpenCV", title_justify="left")
    columns = (
        "operation",
        "case",
        "size",
        "threads",
        "cvkit",
        "OpenCV",
        "ratio",
        "ratio (median)",
        "gain",
        "scikit-image",
    )
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i < 2 else "right")
    for m in measurements:
        times = (
            f"{m.cvkit_min:.4g}",
            f"{m.cv2_min:.4g}",
            f"{m.ratio_min:.2f}",
            f"{m.ratio_median:.2f}",
            f"{m.gain:.2f}",
        )
        other = "" if m.skimage_min is None else f"{m.skimage_min:.4g}"
        table.add_row(m.operation, m.case, m.size, str(m.threads), *times, other)
    return table
