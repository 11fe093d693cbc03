"""Memory as kernels see it: elements of arrays that LLVM may take to lie apart, and rows as views that carry no slice
arithmetic, so that a kernel of many rows compiles in a fraction of the time; and what a kernel asks of the compiler.
"""

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

ALIGNMENT = 64  # bytes: a line of the cache, and the widest vector


def _contiguous(array):
    if not (isinstance(array, types.Array) and array.ndim == 1 and array.layout == "C"):
        raise TypingError(f"a contiguous array of one axis, not {array}")


def _place(context, builder, kind, array, index):
    return builder.gep(context.make_array(kind)(context, builder, array).data, [index])


def written_scope(builder):
    """LLVM's name for the elements that ``put`` writes in this kernel, which the kernels it is part of keep apart."""
    module, kernel = builder.module, builder.function.name
    domain = module.add_metadata([ir.MetaDataString(module, "cvkit rows")])
    scope = module.add_metadata([ir.MetaDataString(module, f"written by {kernel}"), domain])
    return module.add_metadata([scope])


@intrinsic
def get(context, array, index):
    """array[index], not below 0, of an array to which the same kernel never writes by ``put``, in any of its calls.

    Arrays carry no promise that they are apart. LLVM compares their addresses before each loop, for a few arrays only,
    and with more of them leaves the loop scalar; between get and put it need not.
    """
    _contiguous(array)

    def build(context, builder, signature, args):
        loaded = builder.load(_place(context, builder, signature.args[0], *args))
        loaded.set_metadata("noalias", written_scope(builder))
        return loaded

    return array.dtype(array, types.intp), build


@intrinsic
def put(context, array, index, value):
    """array[index] = value; see get. What is read again of a written array is read as array[index]."""
    _contiguous(array)

    def build(context, builder, signature, args):
        stored = builder.store(args[2], _place(context, builder, signature.args[0], *args[:2]))
        stored.set_metadata("alias.scope", written_scope(builder))
        return context.get_dummy_value()

    return types.none(array, types.intp, array.dtype), build


@intrinsic
def half_vectors(context):
    """Ask LLVM for vectors of at most 32 bytes in this kernel.

    Of loads that start anywhere, every one of 64 bytes lies on two lines of the cache, of 32 bytes every other one: on
    processors whose paths to the cache are 32 bytes wide that is faster by a tenth.
    """

    def build(context, builder, signature, args):
        # llvmlite's own add takes attributes that are names only.
        set.add(builder.function.attributes, '"prefer-vector-width"="256"')
        return context.get_dummy_value()

    return types.none(), build


@intrinsic
def apart(context):
    """Keep this kernel out of those that call it, which then compile in a fraction of the time."""

    def build(context, builder, signature, args):
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.none(), build


def _row(context, builder, kind, data, size):
    """A row of ``size`` values from the address on."""
    row = context.make_array(kind)(context, builder)
    width = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    populate_array(row, data=data, shape=[size], strides=[width], itemsize=width, meminfo=None)
    return row._getvalue()


def _data(context, builder, kind, array):
    return context.make_array(kind)(context, builder, array).data


def _viewer(name, readonly):
    @intrinsic
    def view(context, array, start, size):
        if not (isinstance(array, types.Array) and array.layout == "C"):
            raise TypingError(f"{name}: a contiguous array, not {array}")
        kind = types.Array(array.dtype, 1, "C", readonly=readonly)

        def build(context, builder, signature, args):
            data = _data(context, builder, signature.args[0], args[0])
            return _row(context, builder, kind, builder.gep(data, [args[1]]), args[2])

        return kind(array, types.intp, types.intp), build

    view.__name__ = view.__qualname__ = name
    return view


# A row of ``size`` values in the memory of a contiguous array, from its value number ``start`` on: to write, to read.
written, read = _viewer("written", False), _viewer("read", True)


@intrinsic
def read_or(context, array, start, size, other):
    """``read``, or the row ``other`` where start is negative."""
    kind = types.Array(array.dtype, 1, "C", readonly=True)

    def build(context, builder, signature, args):
        inside = builder.gep(_data(context, builder, signature.args[0], args[0]), [args[1]])
        beyond = _data(context, builder, signature.args[3], args[3])
        negative = builder.icmp_signed("<", args[1], ir.Constant(args[1].type, 0))
        return _row(context, builder, kind, builder.select(negative, beyond, inside), args[2])

    return kind(array, types.intp, types.intp, other), build


@intrinsic
def sealed(context, array):
    """The same array, read-only: kernels then compile once for images and for scratch."""
    kind = array.copy(readonly=True)
    return kind(array), lambda context, builder, signature, args: impl_ret_borrowed(context, builder, kind, args[0])


@intrinsic
def first_aligned(context, array):
    """The first value of an array, of at least ALIGNMENT bytes, that starts a line of the cache."""

    def build(context, builder, signature, args):
        size = context.get_abi_sizeof(context.get_data_type(array.dtype))
        data = _data(context, builder, signature.args[0], args[0])
        address = builder.ptrtoint(data, ir.IntType(types.intp.bitwidth))
        rest = builder.and_(builder.neg(address), ir.Constant(address.type, ALIGNMENT - 1))
        return builder.udiv(rest, ir.Constant(address.type, size))

    return types.intp(array), build
