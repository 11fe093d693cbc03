"""Rows of pixels as bits, 64 to a word: bit k of word j is the pixel 64 * j + k."""

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic

BYTES = ir.VectorType(ir.IntType(8), 64)
BITS = ir.VectorType(ir.IntType(1), 64)
WORD = ir.IntType(64)


def _address(context, builder, kind, array, index):
    """Where 64 bytes of a flat array of bytes start; they need not be aligned."""
    place = builder.gep(context.make_array(kind)(context, builder, array).data, [index])
    return builder.bitcast(place, BYTES.as_pointer())


def _bytes(name, array):
    if not (isinstance(array, types.Array) and array.ndim == 1 and array.layout == "C" and array.dtype.bitwidth == 8):
        raise TypingError(f"{name}: a flat array of bytes, not {array}")


@intrinsic
def pack(context, array, index):
    """A bit for each of the 64 bytes from an index on: whether it is not 0."""
    _bytes("pack", array)

    def build(context, builder, signature, args):
        loaded = builder.load(_address(context, builder, signature.args[0], *args))
        loaded.align = 1
        return builder.bitcast(builder.icmp_unsigned("!=", loaded, ir.Constant(BYTES, [0] * 64)), WORD)

    return types.uint64(array, types.intp), build


@intrinsic
def unpack(context, word, array, index):
    """Write 64 bytes from an index on: 1 for each bit that is set, 0 for the others."""
    _bytes("unpack", array)

    def build(context, builder, signature, args):
        stored = builder.zext(builder.bitcast(args[0], BITS), BYTES)
        builder.store(stored, _address(context, builder, signature.args[1], *args[1:]), align=1)
        return context.get_dummy_value()

    return types.void(types.uint64, array, types.intp), build


@intrinsic
def put_eight(context, array, index, value, bits):
    """Write eight int32 to a flat array from an index on: the value for each of the lowest bits that is set, else 0."""
    if array != types.Array(types.int32, 1, "C") or value != types.int32 or bits != types.uint64:
        raise TypingError(f"put_eight: a flat array of int32, int32 and uint64, not {array}, {value} and {bits}")
    lanes, chosen = ir.VectorType(ir.IntType(32), 8), ir.VectorType(ir.IntType(1), 8)

    def build(context, builder, signature, args):
        place = builder.gep(context.make_array(array)(context, builder, args[0]).data, [args[1]])
        first = builder.insert_element(ir.Constant(lanes, ir.Undefined), args[2], ir.Constant(ir.IntType(32), 0))
        spread = builder.shuffle_vector(first, ir.Constant(lanes, ir.Undefined), ir.Constant(lanes, [0] * 8))
        which = builder.bitcast(builder.trunc(args[3], ir.IntType(8)), chosen)
        stored = builder.select(which, spread, ir.Constant(lanes, [0] * 8))
        builder.store(stored, builder.bitcast(place, lanes.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, value, bits), build


def _counter(name, extra):
    @intrinsic
    def count(context, word):
        if word != types.uint64:
            raise TypingError(f"{name}: uint64, not {word}")

        def build(context, builder, signature, args):
            more = [ir.Constant(ir.IntType(1), 0)] if extra else []
            parameters = [WORD, *(each.type for each in more)]
            full = f"llvm.{name}.i64"
            function = builder.module.globals.get(full)
            if function is None:
                function = ir.Function(builder.module, ir.FunctionType(WORD, parameters), full)
            return builder.call(function, [*args, *more])

        return types.int64(word), build

    return count


population = _counter("ctpop", False)
"""How many bits are set."""
lowest = _counter("cttz", True)
"""Place of the lowest bit that is set; 64 for none."""
zeros_above = _counter("ctlz", True)
"""Zeros above the highest bit that is set; 64 for none."""
