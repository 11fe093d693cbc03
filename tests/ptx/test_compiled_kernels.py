"""Every CUDA kernel compiles for every supported architecture, within bounds that keep it fast."""

import importlib
import pkgutil
import re

import cvkit_cuda
import pytest
from numba import cuda, float32, float64, int64
from numba.cuda.dispatcher import CUDADispatcher
from signatures import SIGNATURES, SUMS_IN_DOUBLE, image, line
from toolchain import assemble, occupancy, ptx_of

ARCHITECTURES = [
    pytest.param((7, 5), id="sm_75"),
    pytest.param((8, 0), id="sm_80", marks=pytest.mark.long),
    pytest.param((9, 0), id="sm_90", marks=pytest.mark.long),
    pytest.param((10, 0), id="sm_100"),
]
MODULES = sorted(module.name for module in pkgutil.iter_modules(cvkit_cuda.__path__))
THREADS = 256

# Double precision, memory that is really the thread's stack, and 64-bit division, each tens of times slower.
SLOW = re.compile(r"\S*\.f64\S*|\S*\.local\b\S*|\b(?:div|rem)(?:\.\w+)*\.[su]64")


def kernels_of(name):
    """The launchable kernels that a module of cvkit_cuda defines, by name."""
    module = importlib.import_module(f"cvkit_cuda.{name}")
    return {
        key: value
        for key, value in vars(module).items()
        if isinstance(value, CUDADispatcher)
        and not value.targetoptions.get("device")
        and value.py_func.__module__ == module.__name__
    }


def slow_code(ptx, in_double=False):
    """Instructions that a kernel must do without; double precision is legal where its data or its sums have it."""
    found = {match.group() for match in SLOW.finditer(ptx)}
    return sorted(each for each in found if not (in_double and ".f64" in each))


@pytest.mark.parametrize("name", MODULES)
def test_every_kernel_is_listed(name):
    listed, found = set(SIGNATURES.get(name, ())), set(kernels_of(name))
    assert listed == found, f"signatures.py and cvkit_cuda.{name} differ in {sorted(listed ^ found)}"


@pytest.mark.parametrize("cc", ARCHITECTURES)
@pytest.mark.parametrize(
    ("name", "kernel", "signature"),
    [
        pytest.param(name, kernel, signature, id=f"{name}-{kernel}-{number}")
        for name, kernels in SIGNATURES.items()
        for kernel, signatures in kernels.items()
        for number, signature in enumerate(signatures)
    ],
)
def test_within_bounds(name, kernel, signature, cc, record_property):
    ptx = ptx_of(kernels_of(name)[kernel], signature, cc)
    double = f"{name}.{kernel}" in SUMS_IN_DOUBLE or any("float64" in str(kind) for kind in signature)
    assert slow_code(ptx, double) == []
    machine = assemble(ptx, cc)
    record_property("machine", str(machine))  # plain: it goes from one process to another
    assert machine.spill == 0
    assert machine.stack == 0
    assert machine.registers <= 64
    assert machine.shared <= 48 * 1024
    assert occupancy(machine, THREADS, cc) >= 0.5


@cuda.jit
def in_double(src, dst):
    """A slip: the literal makes the product float64."""
    k = cuda.grid(1)
    if k < dst.size:
        dst[k] = src[k] * 0.1


@cuda.jit
def with_a_stack(dst, n):
    """An array indexed at run time can't live in registers; n // 3 is signed 64-bit division."""
    values = cuda.local.array(40, int64)
    for i in range(40):
        values[i] = n // (dst.shape[0] + i)
    dst[0, 0] = values[n % dst.shape[1]]


def test_the_bounds_see_slow_code():
    assert any(".f64" in each for each in slow_code(ptx_of(in_double, (line(float32), line(float32)), (7, 5))))
    found = slow_code(ptx_of(with_a_stack, (image(float64), int64), (7, 5)))
    for what in (".f64", ".local", "div.s64"):
        assert any(what in each for each in found), found
