"""Sixteen 16-bit counts at a time: one vector of flat uint16 arrays, by LLVM's vector types.

Numba leaves it to LLVM's loop vectoriser to find vectors, which sees none in sixteen neighbours that are updated at an
index of their own.
"""

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic

COUNT = 16
VECTOR = ir.VectorType(ir.IntType(16), COUNT)


def _pointer(context, builder, kind, array, index):
    """Address of COUNT elements of a flat uint16 array from an index on."""
    view = context.make_array(kind)(context, builder, array)
    return builder.bitcast(builder.gep(view.data, [index]), VECTOR.as_pointer())


def _load(builder, pointer):
    loaded = builder.load(pointer)
    loaded.align = 2
    return loaded


def _check(name, *arrays):
    if not all(isinstance(a, types.Array) and a.dtype == types.uint16 and a.ndim == 1 for a in arrays):
        raise TypingError(f"median_counts.{name}: flat uint16 arrays, not {arrays}")


@intrinsic
def add_counts(context, counts, i, more, j):
    """counts[i : i + 16] += more[j : j + 16]"""
    _check("add_counts", counts, more)

    def build(context, builder, signature, args):
        place = _pointer(context, builder, signature.args[0], args[0], args[1])
        others = _pointer(context, builder, signature.args[2], args[2], args[3])
        builder.store(builder.add(_load(builder, place), _load(builder, others)), place, align=2)
        return context.get_dummy_value()

    return types.void(counts, types.intp, more, types.intp), build


@intrinsic
def exchange_counts(context, counts, i, more, j, less, k):
    """counts[i : i + 16] += more[j : j + 16] - less[k : k + 16]"""
    _check("exchange_counts", counts, more, less)

    def build(context, builder, signature, args):
        place = _pointer(context, builder, signature.args[0], args[0], args[1])
        others = _pointer(context, builder, signature.args[2], args[2], args[3])
        gone = _pointer(context, builder, signature.args[4], args[4], args[5])
        total = builder.add(_load(builder, place), _load(builder, others))
        builder.store(builder.sub(total, _load(builder, gone)), place, align=2)
        return context.get_dummy_value()

    return types.void(counts, types.intp, more, types.intp, less, types.intp), build


@intrinsic
def subtract_counts(context, counts, i, less, j):
    """counts[i : i + 16] -= less[j : j + 16]"""
    _check("subtract_counts", counts, less)

    def build(context, builder, signature, args):
        place = _pointer(context, builder, signature.args[0], args[0], args[1])
        gone = _pointer(context, builder, signature.args[2], args[2], args[3])
        builder.store(builder.sub(_load(builder, place), _load(builder, gone)), place, align=2)
        return context.get_dummy_value()

    return types.void(counts, types.intp, less, types.intp), build


@intrinsic
def copy_counts(context, counts, i, others, j):
    """counts[i : i + 16] = others[j : j + 16]"""
    _check("copy_counts", counts, others)

    def build(context, builder, signature, args):
        place = _pointer(context, builder, signature.args[0], args[0], args[1])
        source = _pointer(context, builder, signature.args[2], args[2], args[3])
        builder.store(_load(builder, source), place, align=2)
        return context.get_dummy_value()

    return types.void(counts, types.intp, others, types.intp), build


@intrinsic
def number_up_to(context, counts, i, limit):
    """How many of counts[i : i + 16] are at most ``limit``, a uint16."""
    _check("number_up_to", counts)

    def build(context, builder, signature, args):
        values = _load(builder, _pointer(context, builder, signature.args[0], args[0], args[1]))
        empty = ir.Constant(VECTOR, ir.Undefined)
        first = builder.insert_element(empty, args[2], ir.Constant(ir.IntType(32), 0))
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), COUNT), [0] * COUNT)
        limits = builder.shuffle_vector(first, empty, lanes)
        bits = builder.bitcast(builder.icmp_unsigned("<=", values, limits), ir.IntType(COUNT))
        return builder.zext(builder.ctpop(bits), ir.IntType(types.intp.bitwidth))

    return types.intp(counts, types.intp, types.uint16), build
