"""The CPU side of a plan: serial cores over bands of rows, on threads that belong to cvkit."""

import itertools
import math
import os
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.errors import ArgumentError

# Handing a band to a thread that waits awake costs about 7 us, to one that sleeps 50 us and more; but the caller takes
# the bands that nobody has begun, so that a late thread costs little.
SMALLEST_BAND_NS = 20_000

# How often threads look for more work, and callers for the end of theirs, before they sleep: for some 100 us. The
# moment is what a caller needs to enter its first band.
LOOKS_FOR_WORK = LOOKS_FOR_END = 4000
A_MOMENT = 100

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


class _Job:
    """Bands that the caller and idle workers take one after the other; a worker that comes late finds none left."""

    def __init__(
        self, core: Callable[..., Any], args: tuple[Any, ...], bands: Sequence[Band], scratch: Scratch
    ) -> None:
        self._core, self._args, self._bands, self._scratch = core, args, bands, scratch
        self._next = itertools.count(1)  # the caller has the first
        self._lock = threading.Lock()
        self._unfinished = len(bands)
        self._finished = threading.Lock()
        self._finished.acquire()
        self.results: list[Any] = [None] * len(bands)
        self.end = np.zeros(1, np.int64)
        self.error: BaseException | None = None

    def begin(self, first: tuple[Any, ...]) -> bool:
        """The caller's part: the first band, whose arguments are ready, and what is left then. As ``work``."""
        return self._run(0, first) or self.work()

    def work(self) -> bool:
        """Whether this was the last to end."""
        last = False
        while (i := next(self._next)) < len(self._bands):
            last = self._run(i, (*self._args, *_scratch(self._scratch), *self._bands[i]))
        return last

    def _run(self, i: int, arguments: tuple[Any, ...]) -> bool:
        """One band; whether it was the last to end."""
        try:
            self.results[i] = self._core(*arguments)
        except BaseException as error:
            self.error = error
        with self._lock:
            self._unfinished -= 1
            last = not self._unfinished
        if last:
            self._finished.release()
        return last

    def wait(self, look_for_end: Callable[..., bool]) -> None:
        if not look_for_end(self.end, LOOKS_FOR_END):
            self._finished.acquire()


class _Workers:
    """Daemon threads, started as they are first needed and shared by all callers. A forked child starts its own."""

    def __init__(self) -> None:
        self.forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forget)

    def forget(self) -> None:
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._posted = np.zeros(1, np.int64)
        self._started = 0
        self._look_for_end: Callable[..., bool] = _asleep
        self._lock = threading.Lock()

    def run(
        self, core: Callable[..., Any], args: tuple[Any, ...], bands: Sequence[Band], scratch: Scratch
    ) -> list[Any]:
        """core(*args, *scratch, *band) for each band; the caller works too, so it never waits for a worker to become
        free.
        """
        helpers = len(bands) - 1
        if self._started < helpers:
            self._start(helpers)
        job = _Job(core, args, bands, scratch)
        first = (*args, *_scratch(scratch), *bands[0])
        for _ in range(helpers):
            self._jobs.put(job)
        self._posted[0] += 1
        # From here to inside the core as fast as can be: workers who see it wait a moment only for Python's lock.
        if not job.begin(first):
            job.wait(self._look_for_end)
        if job.error is not None:
            raise job.error
        return job.results

    def _start(self, helpers: int) -> None:
        with self._lock:
            if not self._started:
                self._look_for_end = _compile_waiting()
            while self._started < helpers:
                self._started += 1
                threading.Thread(target=self._serve, args=(self._jobs, self._posted), name="cvkit", daemon=True).start()

    @staticmethod
    def _serve(jobs: "queue.SimpleQueue[_Job]", posted: NDArray[np.int64]) -> None:
        from cvkit_cpu.waiting import look_for_work

        nobody = np.zeros(1, np.int64)
        end = nobody
        while True:
            seen = posted[0]
            look_for_work(end, posted, seen, LOOKS_FOR_WORK if jobs.empty() else 0, A_MOMENT)
            job = jobs.get()
            end = job.end if job.work() else nobody
            del job


def _asleep(end: NDArray[np.int64], looks: int) -> bool:
    """Stands for look_for_end, which loads Numba, as long as there are no workers."""
    return False


def _compile_waiting() -> Callable[..., bool]:
    """look_for_end, compiled ahead of the work, in which not every thread comes to wait: who has warmed up has all
    kernels.
    """
    from cvkit_cpu.waiting import look_for_end, look_for_work

    word = np.zeros(1, np.int64)
    look_for_end(word, 0)
    look_for_work(word, word, word[0], 0, 0)
    return look_for_end  # type: ignore[no-any-return]


_workers = _Workers()


class _Kept(threading.local):
    """A thread's scratch of its last core, as a rule rows of the image: making it anew shows on small ones."""

    layout: Scratch = ()
    arrays: Sequence[NDArray[Any]] = ()


_kept = _Kept()
_blocks: list[NDArray[np.uint8]] = []  # at most one a thread of an operation, each up to LARGEST_KEPT


def _scratch(layout: Scratch) -> Sequence[NDArray[Any]]:
    """Arrays of any content for one core, the ones of this thread's last call if it asked for the same."""
    if not layout:
        return ()
    if layout != _kept.layout:
        _kept.arrays = [np.empty(shape, dtype) for shape, dtype in layout]
        _kept.layout = layout
    return _kept.arrays


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
            return [core(*args, *_scratch(scratch), *bands[0])]
        return _workers.run(core, args, bands, scratch)
