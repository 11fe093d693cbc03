"""The CPU side of a plan: serial cores over bands of rows, on threads that belong to cvkit."""

import importlib
import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.errors import ArgumentError

# Handing a band to a thread that waits awake costs some us, to one that sleeps 50 us and more; but the caller takes the
# bands that nobody has begun, so that a late thread costs little.
SMALLEST_BAND_NS = 20_000

# How often threads look for more work, and callers for the end of theirs, before they sleep: for some 100 us. A caller
# then looks again after a pause of so many seconds, and longer and longer ones.
LOOKS_FOR_WORK = LOOKS_FOR_END = 4000
ENDLESS = 1 << 62
SHORTEST_PAUSE = 2e-5

# Blocks of scratch are kept from call to call up to this size, in bytes: the map of a 4K image.
LARGEST_KEPT = 1 << 24

Band = tuple[int, int]
Scratch = tuple[tuple[Any, Any], ...]  # shape and dtype of each array


def available_cpus() -> int:
    """Processors that this process may use: its affinity, cut by the limit of its Linux control group."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as file:
            quota, period = file.read().split()
        if quota != "max":
            cpus = min(cpus, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError):
        pass  # no control group, or an older kind of it
    return max(1, cpus)


def _threads_from_environment() -> int:
    value = os.environ.get("CVKIT_NUM_THREADS", "").strip()
    if not value:
        return available_cpus()
    if not value.isdecimal() or int(value) < 1:
        raise ArgumentError(f"CVKIT_NUM_THREADS is {value!r}; it takes a whole number from 1 on.")
    return int(value)


_count: int | None = None


def get_num_threads() -> int:
    """Threads that one operation may use on the CPU.

    From ``set_num_threads``, else the environment variable ``CVKIT_NUM_THREADS``, else the processors that this process
    may use.
    """
    global _count
    if _count is None:
        _count = _threads_from_environment()
    return _count


def set_num_threads(n: int) -> None:
    """Let one operation use up to ``n`` threads on the CPU. Results never depend on it.

    Raises
    ------
    ArgumentError
        If ``n`` is not a whole number from 1 on.
    """
    global _count
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise ArgumentError(f"set_num_threads: n is {n!r}; it takes a whole number from 1 on.")
    _count = int(n)


@cache
def _handover() -> Any:
    """kernels/cvkit_cpu/handover.py, which loads Numba."""
    return importlib.import_module("cvkit_cpu.handover")


class _Kept:
    """Scratch of the last core, as a rule rows of the image: making it anew shows on small ones."""

    layout: Scratch = ()
    arrays: Sequence[NDArray[Any]] = ()

    def scratch(self, layout: Scratch) -> Sequence[NDArray[Any]]:
        """Arrays of any content for one core, the last ones if it asks for the same."""
        if not layout:
            return ()
        if layout != self.layout:
            self.arrays = [np.empty(shape, dtype) for shape, dtype in layout]
            self.layout = layout
        return self.arrays


class _KeptOfThread(_Kept, threading.local):
    pass


_kept = _KeptOfThread()


class _Worker:
    """A daemon thread that runs one core at a time: the one in its box."""

    def __init__(self) -> None:
        handover = _handover()
        self.box = handover.new_box()
        self.kept = _Kept()
        self.arguments: tuple[Any, ...] = ()  # of the core in the box: they live as long as it runs
        self.returns: Any = None
        self.wake = threading.Lock()
        self.wake.acquire()
        threading.Thread(target=self._serve, args=(handover.serve,), name="cvkit", daemon=True).start()

    def _serve(self, serve: Callable[..., None]) -> None:
        while True:
            self.wake.acquire()
            serve(self.box, LOOKS_FOR_WORK)


class _Workers:
    """Workers, started as they are first needed and shared by all callers. A forked child starts its own."""

    def __init__(self) -> None:
        self.forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forget)

    def forget(self) -> None:
        self._idle: list[_Worker] = []
        self._started = 0
        self._lock = threading.Lock()
        # The entry points of a core, one for each signature, as ``post`` wants them, and what they return.
        self._cores: dict[Callable[..., Any], tuple[NDArray[np.int64], tuple[Any, ...]]] = {}

    def run(
        self, core: Callable[..., Any], args: tuple[Any, ...], bands: Sequence[Band], scratch: Scratch
    ) -> list[Any]:
        """core(*args, *scratch, *band) for each band; the caller does what no worker is free for, or none has begun."""
        handover = _handover()
        workers: list[_Worker] = []
        try:
            self._take(workers, len(bands) - 1)
            for worker, band in zip(workers, bands, strict=False):
                worker.arguments = (*args, *worker.kept.scratch(scratch), *band)
                self._post(worker, core)
            own = [core(*args, *_kept.scratch(scratch), *band) for band in bands[len(workers) :]]
            for worker in workers:
                pause = SHORTEST_PAUSE
                while not handover.finish(worker.box, LOOKS_FOR_END):
                    time.sleep(pause)
                    pause *= 1.1
            return [self._result(worker, core) for worker in workers] + own
        except BaseException:
            for worker in workers:  # they use the caller's arrays
                handover.finish(worker.box, ENDLESS)
                worker.arguments = ()
            raise
        finally:
            self._idle.extend(workers)

    def _take(self, workers: list[_Worker], count: int) -> None:
        """Add as many workers as are free, up to ``count``."""
        while len(workers) < count:
            try:
                workers.append(self._idle.pop())
            except IndexError:
                with self._lock:
                    if self._started >= count:
                        return
                    self._started += 1
                try:
                    workers.append(_Worker())
                except RuntimeError:  # the system has no more threads
                    with self._lock:
                        self._started -= 1
                    return

    @staticmethod
    def _result(worker: _Worker, core: Callable[..., Any]) -> Any:
        """What the core in the worker's box returned."""
        arguments, worker.arguments = worker.arguments, ()
        if worker.box[_handover().FAILED]:
            return core(*arguments)  # it raises what it raised before
        return worker.returns and _handover().result(worker.box, *worker.returns)

    def _post(self, worker: _Worker, core: Callable[..., Any]) -> None:
        """Give the core its place in the worker's box, and wake the worker if it sleeps."""
        handover = _handover()
        entries, kinds = self._cores.get(core) or (handover.NO_ENTRIES, ())
        entry, asleep = handover.post(worker.box, entries, *worker.arguments)
        if entry < 0:
            new, kind = handover.entry_of(core, worker.arguments)
            self._cores[core] = entries, kinds = np.append(entries, new), (*kinds, kind)
            entry, asleep = handover.post(worker.box, entries, *worker.arguments)
        worker.returns = kinds[entry]
        if asleep:
            worker.wake.release()


_workers = _Workers()
_blocks: list[NDArray[np.uint8]] = []  # at most one a thread of an operation, each up to LARGEST_KEPT


class Cpu:
    """What a plan asks of the CPU. One instance serves all calls and threads."""

    def take(self, size: int) -> NDArray[np.uint8]:
        """``size`` bytes of scratch with any content, for the whole image; a plan gives them back at its end."""
        try:
            block = _blocks.pop()
        except IndexError:
            return np.empty(size, np.uint8)
        return block[:size] if block.size >= size else np.empty(size, np.uint8)

    def give(self, scratch: NDArray[np.uint8]) -> None:
        """Keep the block for the next call: fresh pages from the system cost more than many an operation."""
        block = scratch if scratch.base is None else scratch.base
        if isinstance(block, np.ndarray) and block.size <= LARGEST_KEPT and len(_blocks) < get_num_threads():
            _blocks.append(block)

    def split(self, rows: int, row_ns: float) -> list[Band]:
        """Cut ``rows`` rows, each of about ``row_ns`` nanoseconds, into as many equal bands as are worth a thread."""
        threads = _count or get_num_threads()
        if threads == 1 or rows * row_ns < 2 * SMALLEST_BAND_NS:
            return [(0, rows)]
        count = min(int(rows * row_ns) // SMALLEST_BAND_NS, threads, rows)
        return [(i * rows // count, (i + 1) * rows // count) for i in range(count)]

    def bands(
        self,
        core: Callable[..., Any],
        *args: Any,
        bands: Sequence[Band],
        scratch: Scratch = (),
    ) -> list[Any]:
        """``core(*args, *scratch, y0, y1)`` for each band, with scratch of its own; returns what the cores return."""
        if len(bands) == 1:
            return [core(*args, *_kept.scratch(scratch), *bands[0])]
        return _workers.run(core, args, bands, scratch)

    def calls(self, function: Callable[..., Any], *args: Any, bands: Sequence[Band]) -> None:
        """``function(*args, y0, y1)`` for each band: for Python over a library that lets go of Python's lock."""
        with ThreadPoolExecutor(len(bands)) as pool:
            others = [pool.submit(function, *args, *band) for band in bands[1:]]
            function(*args, *bands[0])
            for other in others:
                other.result()
