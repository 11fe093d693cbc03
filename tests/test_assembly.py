"""Hot kernels run on lanes as narrow as their data: read in their machine code, for AVX2 and for this processor.

A small integer that Numba widens changes no result and takes three quarters of the speed: no other test notices.
"""

import inspect
import json
import platform
import re

import pytest
from support import start_python

pytestmark = pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64"), reason="reads the assembly of x86-64"
)

VECTOR = re.compile(r"^(v\w+)\s.*%[yz]mm")
# Arithmetic, comparisons, shifts and conversions of 64-bit lanes. Bitwise instructions and copies (vpxorq, vpternlogq,
# vpbroadcastq, vmovdqu64) only bear a q in their names: lanes mean nothing to them.
WIDE = re.compile(
    r"vp(add|sub|mull|abs|maxs|mins|maxu|minu|sllv?|srlv?|srav?|cmp(eq|gt|neq|n?le|n?lt)?u?)q"
    r"|vpmulu?dq|vpmov[sz]x[bwd]q|vpmovu?s?q[bwd]|vcvt\w*qq\w*|vcvt\w+2u?qq"
)

ROWS = {"smooth": "int16", "slope": "int16", "dx": "int16", "dy": "int16", "codes": "uint8", "near": "uint8"}
PIXELS = ("a", "b", "c", "d", "e", "f")  # rows of the image
NUMBERS = ("y", "cn", "low", "high", "stride", "left", "right", "y0", "y1", "at", "step", "size", "p", "q")
WEIGHTS = ("outer", "middle")
SUMS = {"row5_three": {**dict.fromkeys("abcdet", "uint16"), "dst": "uint8"}}  # rows where names above mean others
KERNELS = [
    *(("edges_gradients", name, "int16") for name in ("sobel3_row_u8", "columns3", "columns5", "columns7")),
    *(("edges_gradients", name, "int16") for name in ("along3", "along5", "along7")),
    *(("edges", name, magnitude) for name in ("l1_row", "suppress_row") for magnitude in ("int16", "int32")),
    ("edges", "l2_row", "int32"),
    ("edges", "settle_row", "uint8"),
    ("edges", "accept_band", "uint8"),
    ("gaussian_binomial", "row5_three", "uint16"),
    *(("derivatives_rows", name, "int16") for name in ("across_row", "down_row", "cross_row", "corners_row")),
    *(("morphology_gradient", name, "uint8") for name in ("along_5", "down_5")),
]


def widened(dx, dy, magnitude):
    """The test of a direction as one would write it first: |dx| and |dy| become int64, and LLVM must keep it so."""
    for x in range(dx.size):
        ax, ay = abs(dx[x]), abs(dy[x])
        magnitude[x] = ax if ay << 15 < ax * 13573 else 0


def serial(dx, dy, magnitude):
    """Each value needs the one before it, so there is nothing for vectors to do."""
    for x in range(1, dx.size):
        magnitude[x] = magnitude[x - 1] * dx[x] + dy[x]


def machine_code(function, other):
    """The instructions of a function without its wrappers; arrays that are not in ROWS have dtype ``other``."""
    import numba
    import numpy as np
    from numba.core.types import Array

    rows = SUMS.get(function.__name__, {})

    def of(name):
        if name in rows:
            return Array(numba.from_dtype(np.dtype(rows[name])), 1, "C")
        if name == "four":
            return numba.uint16
        if name in NUMBERS:
            return numba.intp
        if name in ("src", "dst"):
            return Array(numba.uint8, 2, "C", readonly=name == "src")
        if name in WEIGHTS:
            return numba.int16
        if name in PIXELS:
            return Array(numba.uint8, 1, "C", readonly=True)
        return Array(numba.from_dtype(np.dtype(ROWS.get(name, other))), 1, "C")

    # Numba shows no assembly of what it took from a cache, hence a fresh dispatcher.
    dispatcher = numba.njit(nogil=True, error_model="numpy", _nrt=False)(function)
    dispatcher.compile(tuple(of(name) for name in inspect.signature(function).parameters))
    (text,) = dispatcher.inspect_asm().values()
    parts = re.split(r"^(\S+):.*$", text, flags=re.M)
    start = next(
        i for i, name in enumerate(parts) if i % 2 and re.match(rf"_ZN(?!7cpython)\w*{function.__name__}", name)
    )
    end = next(i for i in range(start, len(parts)) if parts[i].startswith(".Lfunc_end"))
    return [line.strip() for part in parts[start + 1 : end : 2] for line in part.splitlines()]


def judged(function, other):
    """How many of a function's instructions work on whole ymm or zmm registers, and which of them on 64-bit lanes."""
    vector = [line for line in machine_code(function, other) if VECTOR.match(line)]
    wide = [line for line in vector if WIDE.fullmatch(VECTOR.match(line)[1])]
    integer = [line for line in vector if line.startswith("vp")]
    return {"vector": len(integer), "wide": wide, "zmm": any("%zmm" in line for line in vector)}


def report():
    """What a process of its own prints, as the processor to compile for is chosen when Numba starts."""
    import importlib

    found = {}
    for family, name, other in KERNELS:
        kernel = getattr(importlib.import_module(f"cvkit_cpu.{family}"), name)
        found[f"{name}-{other}"] = judged(kernel.py_func, other)
    return {**found, "widened": judged(widened, "int16"), "serial": judged(serial, "int16")}


@pytest.fixture(scope="module")
def reports():
    """Of the oldest processors with AVX2, and of this one if it has AVX2."""
    from llvmlite import binding

    processors = {"haswell": "haswell"} | ({"this": None} if binding.get_host_cpu_features().get("avx2") else {})
    code = "import json, test_assembly; print(json.dumps(test_assembly.report()))"
    # With a name and no features Numba takes this processor's.
    running = {
        key: start_python("-c", code, NUMBA_CPU_NAME=name, NUMBA_CPU_FEATURES=name and "")
        for key, name in processors.items()
    }
    found = {}
    for key, process in running.items():
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        found[key] = json.loads(output)
    return found


def of_processor(reports, processor):
    if processor not in reports:
        pytest.skip("this processor has no AVX2")
    return reports[processor]


@pytest.mark.parametrize("processor", ["haswell", "this"])
@pytest.mark.parametrize("kernel", [f"{name}-{other}" for _, name, other in KERNELS])
def test_lanes_are_narrow(kernel, processor, reports):
    found = of_processor(reports, processor)[kernel]
    assert found["vector"] >= 3, "the loop is not vectorised"
    assert not found["wide"], "\n".join(["64-bit lanes:", *found["wide"][:10]])


@pytest.mark.parametrize("processor", ["haswell", "this"])
def test_slow_code_is_seen(processor, reports):
    """That the test above can fail."""
    found = of_processor(reports, processor)
    assert found["widened"]["wide"]
    assert found["serial"]["vector"] < 3
    assert processor == "this" or not any(each["zmm"] for each in found.values()), "haswell has no zmm"


@pytest.mark.parametrize(
    ("instruction", "wide"),
    [
        ("vpaddq", True),
        ("vpsubq", True),
        ("vpmuldq", True),
        ("vpmuludq", True),
        ("vpmullq", True),
        ("vpmovsxwq", True),
        ("vpmovzxbq", True),
        ("vpmovqw", True),
        ("vpsllq", True),
        ("vpsraq", True),
        ("vpcmpgtq", True),
        ("vpcmpnltuq", True),
        ("vpabsq", True),
        ("vpaddw", False),
        ("vpmovsxwd", False),
        ("vpxorq", False),
        ("vpandq", False),
        ("vpternlogq", False),
        ("vpbroadcastq", False),
        ("vpermq", False),
        ("vmovdqu64", False),
        ("vpcmpgtw", False),
        ("vpmulhuw", False),
    ],
)
def test_names_of_instructions(instruction, wide):
    assert bool(WIDE.fullmatch(instruction)) == wide
