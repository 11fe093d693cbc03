"""From a kernel to PTX (NVVM) and on to machine code (ptxas) with the compilers that pip installs; no GPU, no driver.

A PTX is made for one architecture: below 10.0 NVVM takes an older dialect of LLVM, from there on a newer one with
clearly different code, so one of each is the least to look at.
"""

import contextlib
import importlib.util
import os
import re
import subprocess
import sysconfig
import tempfile
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Of a multiprocessor: most threads, most blocks, bytes of shared memory; the register file has 65,536 on each.
LIMITS = {
    (7, 5): (1024, 16, 65536),
    (8, 0): (2048, 32, 167936),
    (9, 0): (2048, 32, 233472),
    (10, 0): (2048, 32, 233472),
}


def ptxas() -> Path | None:
    """The assembler of the package nvidia-cuda-nvcc."""
    found = sorted(Path(sysconfig.get_paths()["purelib"], "nvidia").glob("*/bin/ptxas*"))
    return found[-1] if found else None


def problem() -> str | None:
    """Why kernels can't be compiled in this process, in one sentence."""
    if os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0"):
        return "tests/ptx compiles kernels, which Numba's simulator can't: run it without NUMBA_ENABLE_CUDASIM."
    if importlib.util.find_spec("numba_cuda") is None or ptxas() is None:
        return "tests/ptx needs offline CUDA compilers: install the \"cuda-check\" extra: pip install '.[cuda-check]'."
    return None


@contextlib.contextmanager
def _instead_of_a_gpu(cc: tuple[int, int]) -> Iterator[None]:
    """Device functions ask the current GPU for its compute capability when they are first compiled: answer for it."""
    from numba.cuda import dispatcher

    ask = dispatcher.get_current_device
    dispatcher.get_current_device = lambda: types.SimpleNamespace(compute_capability=cc)
    try:
        yield
    finally:
        dispatcher.get_current_device = ask


def ptx_of(kernel, signature: tuple, cc: tuple[int, int]) -> str:
    """The PTX of a cuda.jit kernel for arguments of these Numba types."""
    from numba import cuda

    with _instead_of_a_gpu(cc):
        return cuda.compile(kernel.py_func, signature, device=False, abi="numba", cc=cc)[0]


@dataclass(frozen=True)
class Machine:
    """What ptxas says about a kernel: registers a thread, the others in bytes."""

    registers: int
    spill: int
    stack: int
    shared: int


def assemble(ptx: str, cc: tuple[int, int]) -> Machine:
    """Machine code for one architecture; only its size is of interest."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "kernel.ptx")
        source.write_text(ptx, encoding="ascii")
        command = [str(ptxas()), "-v", f"-arch=sm_{cc[0]}{cc[1]}", str(source), "-o", str(Path(folder, "kernel.cubin"))]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode:
        raise RuntimeError(said.stderr)

    def total(pattern: str) -> int:
        return sum(map(int, re.findall(pattern, said.stderr)))

    return Machine(
        registers=total(r"Used (\d+) registers"),
        spill=total(r"(\d+) bytes spill (?:stores|loads)"),
        stack=total(r"(\d+) bytes stack frame"),
        shared=total(r"(\d+) bytes smem"),
    )


def occupancy(machine: Machine, threads: int, cc: tuple[int, int]) -> float:
    """Share of a multiprocessor's threads that can be resident with blocks of this size."""
    most_threads, most_blocks, shared = LIMITS[cc]
    warps = -(-threads // 32)
    of_a_warp = -(-machine.registers * 32 // 256) * 256
    by_registers = 4 * (16384 // of_a_warp) // warps
    used = machine.shared + (1024 if cc >= (8, 0) else 0)  # the system's own kilobyte of a block
    by_shared = shared // (-(-used // 128) * 128) if used else most_blocks
    return min(most_blocks, most_threads // (32 * warps), by_registers, by_shared) * warps * 32 / most_threads
