"""Arithmetic that keeps its width: every intrinsic against NumPy's for every integer type, extremes included."""

import itertools
from fractions import Fraction
from functools import cache

import numba
import numpy as np
import pytest
from cvkit_cpu import typed
from numba.core.errors import TypingError

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
PLAIN = ("add", "sub", "mul", "bit_and", "bit_or", "bit_xor", "minimum", "maximum", "add_saturated", "sub_saturated")
SHIFTS = ("shl", "shr")
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered")


@cache
def over(name):
    """The binary intrinsic over whole arrays, compiled for each type that comes."""
    operation = getattr(typed, name)

    @numba.njit
    def loop(a, b, out):
        for i in range(out.size):
            out[i] = operation(a[i], b[i])

    return loop


def pairs(dtype):
    """Every two of the extremes and their neighbours, then noise; an odd number, so that vectors leave a rest."""
    limits = np.iinfo(dtype)
    special = [limits.min, limits.min + 1, limits.max - 1, limits.max, 0, 1, 2, 3, limits.max // 2, limits.max // 2 + 1]
    special += [-1, -2] if limits.min else []
    noise = np.random.default_rng(3).integers(limits.min, limits.max, (2, 1001), dtype, endpoint=True)
    return np.concatenate([np.array([*itertools.product(special, repeat=2)], dtype).T, noise], axis=1)


def exact(name, a, b):
    """The result of saturating arithmetic, in Python's integers."""
    limits = np.iinfo(a.dtype)
    sign = 1 if name == "add_saturated" else -1
    sums = [int(x) + sign * int(y) for x, y in zip(a, b, strict=True)]
    return np.array([min(max(s, limits.min), limits.max) for s in sums], a.dtype)


REFERENCE = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "bit_and": np.bitwise_and,
    "bit_or": np.bitwise_or,
    "bit_xor": np.bitwise_xor,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "shl": np.left_shift,
    "shr": np.right_shift,
}


def check(name, a, b):
    got = np.empty_like(a)
    over(name)(a, b, got)
    want = REFERENCE[name](a, b) if name in REFERENCE else exact(name, a, b)
    assert want.dtype == got.dtype
    wrong = np.flatnonzero(got != want)
    assert not wrong.size, f"{name}({a[wrong[0]]}, {b[wrong[0]]}) is {got[wrong[0]]}, not {want[wrong[0]]}"


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("name", PLAIN)
def test_binary(name, dtype):
    check(name, *pairs(dtype))


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("name", SHIFTS)
def test_shifts(name, dtype):
    """By less than the width; a shift right keeps the sign of a signed number."""
    a, b = pairs(dtype)
    check(name, a, (b.astype(np.uint64) % np.uint64(8 * a.itemsize)).astype(dtype))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_absolute(dtype):
    """The smallest integer has no other; what has no sign stays as it is."""
    absolute = numba.njit(lambda a: typed.absolute(a))
    values = np.unique(pairs(dtype)[0])
    for value in (values[0], values[-1], *values[1:-1:17]):
        assert absolute(value) == np.abs(value)


@pytest.mark.parametrize("dtype", [*INTEGERS, "float32", "float64"])
def test_select(dtype):
    select = numba.njit(lambda condition, a, b: typed.select(condition, a, b))
    a, b = np.array([3, 100], dtype)
    assert select(True, a, b) == 3
    assert select(False, a, b) == 100
    kind = numba.typeof(a)
    assert select.overloads[(numba.boolean, kind, kind)].signature.return_type == kind


@pytest.mark.parametrize(("source", "target"), [*itertools.product(INTEGERS, INTEGERS)])
def test_cast_of_integers(source, target):
    """Cut or extended, by the sign of what comes."""

    @numba.njit
    def loop(a, out):
        for i in range(out.size):
            out[i] = typed.cast(a[i], out[i])

    a = np.unique(pairs(source)[0])
    got = np.empty(a.shape, target)
    loop(a, got)
    np.testing.assert_array_equal(got, a.astype(target))


@pytest.mark.parametrize("target", ["uint8", "int16", "int32"])
@pytest.mark.parametrize("source", [np.float32, np.float64])
def test_cast_of_floats(source, target):
    cast = numba.njit(lambda a, like: typed.cast(a, like))
    like = np.dtype(target).type(0)
    for value in (0.0, 0.99, 1.5, 2.5, 254.999, *(() if target == "uint8" else (-0.99, -1.5, -32767.5))):
        assert cast(source(value), like) == int(source(value))


@pytest.mark.parametrize("dtype", ["int16", "uint16", "int32", "uint32", "int64"])
def test_high_product(dtype):
    values = np.unique([0, 1, 2, 181, 255, 256, 13573, 27146, 32766, 32767, *range(0, 32768, 613)])
    a, b = (each.ravel().astype(dtype) for each in np.meshgrid(values, values))
    got = np.empty_like(a)
    over("high_product")(a, b, got)
    np.testing.assert_array_equal(got, (a.astype(np.int64) * b.astype(np.int64)) >> 16)


def fused(a, b, c):
    """a * b + c exactly, then rounded once."""
    return float(Fraction(a) * Fraction(b) + Fraction(c))


def test_fma_rounds_once():
    fma = numba.njit(lambda a, b, c: typed.fma(a, b, c))
    separate = 0
    for a, b, c in np.random.default_rng(5).normal(size=(200, 3)):
        assert fma(a, b, c) == fused(a, b, c)
        separate += fused(a, b, c) != a * b + c
    assert separate, "the inputs show the difference"
    small = np.float32(1 + 2**-12)
    assert fma(small, small, np.float32(-1)) == np.float32(2**-11 + 2**-24)
    assert fma.overloads[(numba.float32,) * 3].signature.return_type == numba.float32


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_rint_goes_half_to_even(kind):
    rint = numba.njit(lambda a: typed.rint_int32(a))
    for value in (
        -2.5,
        -1.5,
        -0.5,
        -0.4,
        0.0,
        0.5,
        0.51,
        1.5,
        2.5,
        3.5,
        8388607.5,
        -8388607.5,
        2147483520.0,
        -2147483648.0,
    ):
        assert rint(kind(value)) == int(np.rint(kind(value)))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_trailing_zeros(dtype):
    count = numba.njit(lambda a: typed.trailing_zeros(a))
    width = 8 * np.dtype(dtype).itemsize
    assert count(np.dtype(dtype).type(0)) == width
    for bit in range(width):
        pattern = np.uint64((2**64 - 1) << bit & (2**64 - 1)).astype(dtype)
        assert count(pattern) == bit
        assert count(np.uint64(1 << bit).astype(dtype)) == bit


@pytest.mark.parametrize(("name", "dtype"), [("load_uint32", np.uint32), ("load_uint64", np.uint64)])
def test_load_of_unaligned_bytes(name, dtype):
    operation = getattr(typed, name)
    load = numba.njit(lambda array, index: operation(array, index))
    array = np.random.default_rng(7).integers(128, 256, 64, np.uint8)
    size = np.dtype(dtype).itemsize
    for offset in range(3):
        view = array[offset:]
        for index in range(view.size - size + 1):
            assert load(view, index) == np.frombuffer(view[index : index + size].tobytes(), dtype)[0]


BYTES = np.zeros(32, np.uint8)
REFUSED = {
    "two types": (lambda a: typed.load_uint32(a, 0), BYTES.astype(np.int8)),
    "two axes": (lambda a: typed.load_uint64(a, 0), BYTES.reshape(4, 8)),
    "bytes apart": (lambda a: typed.load_uint32(a, 0), BYTES[::2]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_load_refuses_what_is_not_bytes_in_a_row(case):
    function, array = REFUSED[case]
    with pytest.raises(TypingError):
        numba.njit(function)(array)


MIXED = [(np.int16(1), np.int32(1)), (np.uint8(1), np.int8(1)), (np.int16(1), 1), (np.float32(1), np.float64(1))]


@pytest.mark.parametrize("name", [*PLAIN, *SHIFTS, "high_product"])
def test_two_types_are_an_error(name):
    """Numba would widen them in silence, which is what these are there to prevent."""
    operation = getattr(typed, name)
    for a, b in MIXED:
        with pytest.raises(TypingError, match="operands of one type"):
            numba.njit(lambda a, b: operation(a, b))(a, b)


def test_two_types_are_an_error_for_three_operands():
    with pytest.raises(TypingError, match=r"typed\.select: operands of one type"):
        numba.njit(lambda a, b: typed.select(True, a, b))(np.int16(1), np.int32(1))
    with pytest.raises(TypingError, match=r"typed\.fma: operands of one type"):
        numba.njit(lambda a, b: typed.fma(a, b, b))(np.float32(1), np.float64(1))


def test_every_intrinsic_is_tested():
    known = {*PLAIN, *SHIFTS, "absolute", "select", "cast", "high_product", "fma", "rint_int32", "trailing_zeros"}
    found = {name for name, value in vars(typed).items() if type(value).__name__ == "_Intrinsic"}
    assert found == known | {"load_uint32", "load_uint64"}
