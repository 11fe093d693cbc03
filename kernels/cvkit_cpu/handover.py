"""Handing a core to a thread that waits awake: both sides do it without Python.

A worker looks at its box, in which a caller packs a core's address and arguments, as Numba passes them, and the address
of the code that unpacks them. Python's lock, its objects and its code, which a large image has long since pushed out
of the caches, are needed by the caller alone; waking a thread that sleeps takes some 50 us besides, as long as many an
operation runs.

Who wants a posted core takes it, worker or caller, by one atomic exchange of the box's state; a worker that comes late
finds none.
"""

import hashlib
import platform

import numpy as np
from llvmlite import ir
from numba import typeof, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.numpy_support import as_dtype

from cvkit_cpu.jit import kernel

# States of a box. The worker makes RUNS of POSTED, IDLE of RUNS and ASLEEP of IDLE; its caller POSTED of IDLE and
# ASLEEP, and IDLE again of POSTED.
IDLE, ASLEEP, POSTED, RUNS = range(4)

# Words of a box: first the state, in a cache line of its own; the code that unpacks the rest, the core, whether it
# failed, what it returned, and its arguments.
ENTRY, CORE, FAILED, RESULT, ARGUMENTS, WORDS = 8, 9, 10, 16, 32, 1024

# What tells the processor that a loop waits, so that the core's other thread gets its units meanwhile.
_HINTS = {
    "x86_64": ("llvm.x86.sse2.pause", ()),
    "AMD64": ("llvm.x86.sse2.pause", ()),
    "aarch64": ("llvm.aarch64.hint", (1,)),
    "arm64": ("llvm.aarch64.hint", (1,)),
}

_WORD = ir.IntType(64)

NO_ENTRIES = np.empty(0, np.int64)


def _words(context, builder, kind, array):
    """Address of the first word of an array of int64."""
    return context.make_array(kind)(context, builder, array).data


def _word(builder, words, index):
    return builder.gep(words, [ir.Constant(_WORD, index)])


@intrinsic
def _look(context, box):
    """The state of a box as other threads have left it."""

    def build(context, builder, signature, args):
        if platform.machine() in _HINTS:
            name, operands = _HINTS[platform.machine()]
            constants = [ir.Constant(ir.IntType(32), o) for o in operands]
            kind = ir.FunctionType(ir.VoidType(), [c.type for c in constants])
            builder.call(builder.module.globals.get(name) or ir.Function(builder.module, kind, name), constants)
        return builder.load_atomic(_words(context, builder, signature.args[0], args[0]), "acquire", 8)

    return types.int64(box), build


@intrinsic
def _take(context, box, seen, new):
    """Whether the state was ``seen`` and is ``new`` by this thread's doing, after all that it wrote before."""

    def build(context, builder, signature, args):
        words = _words(context, builder, signature.args[0], args[0])
        return builder.extract_value(builder.cmpxchg(words, args[1], args[2], "acq_rel", "acquire"), 1)

    return types.boolean(box, types.int64, types.int64), build


@intrinsic
def _pack(context, box, core, args):
    """Lay the address of a core, its arguments and the way into it into a box."""

    def build(context, builder, signature, values):
        kinds = signature.args[2].types
        words = _words(context, builder, signature.args[0], values[0])
        packer = context.get_arg_packer(kinds)
        flat = packer.as_arguments(builder, cgutils.unpack_tuple(builder, values[2], len(kinds)))
        if ARGUMENTS + len(flat) > WORDS:
            raise TypeError(f"a core of {len(flat)} words of arguments; a box has room for {WORDS - ARGUMENTS}")
        entry = _entry(context, builder.module, kinds)
        builder.store(builder.ptrtoint(entry, _WORD), _word(builder, words, ENTRY))
        builder.store(values[1], _word(builder, words, CORE))
        for i, value in enumerate(flat):
            builder.store(value, builder.bitcast(_word(builder, words, ARGUMENTS + i), value.type.as_pointer()))
        return context.get_dummy_value()

    return types.void(box, types.int64, args), build


def _entry(context, module, kinds):
    """A function that calls the core of a box with the arguments in it, which are of these types."""
    name = f"cvkit.enter.{signature_number(kinds):x}"
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [_WORD.as_pointer()]), name)
    function.linkage = "internal"
    builder = ir.IRBuilder(function.append_basic_block())
    (words,) = function.args
    kind = context.call_conv.get_function_type(types.none, kinds)
    core = builder.inttoptr(builder.load(_word(builder, words, CORE)), kind.as_pointer())
    result = builder.bitcast(_word(builder, words, RESULT), kind.args[0])
    error = cgutils.alloca_once(builder, kind.args[1].pointee)
    flat = [
        builder.load(builder.bitcast(_word(builder, words, ARGUMENTS + i), each.as_pointer()))
        for i, each in enumerate(kind.args[2:])
    ]
    status = builder.call(core, [result, error, *flat])
    # Kernels raise nothing, but under Numba's bounds checks; 0 and less say what was returned.
    failed = builder.icmp_signed(">", status, ir.Constant(status.type, 0))
    builder.store(builder.zext(failed, _WORD), _word(builder, words, FAILED))
    builder.ret_void()
    return function


@intrinsic
def _enter(context, box):
    """Call the core that lies in a box."""

    def build(context, builder, signature, args):
        words = _words(context, builder, signature.args[0], args[0])
        kind = ir.FunctionType(ir.VoidType(), [words.type])
        builder.call(builder.inttoptr(builder.load(_word(builder, words, ENTRY)), kind.as_pointer()), [words])
        return context.get_dummy_value()

    return types.void(box), build


@intrinsic
def _signature_number(context, args):
    """``signature_number`` of the types of a tuple, a constant."""

    def build(context, builder, signature, values):
        return ir.Constant(_WORD, signature_number(signature.args[0].types))

    return types.int64(args), build


def signature_number(kinds):
    """A number that stands for these types: the start of a digest of their names."""
    return int.from_bytes(hashlib.sha256(repr(tuple(map(str, kinds))).encode()).digest()[:7])


def new_box():
    """A box whose worker is about to sleep, and what works on boxes compiled: who has warmed up has all kernels."""
    words = np.zeros(WORDS + 8, np.int64)
    first = -words.ctypes.data % 64 // 8  # of a cache line
    box = words[first : first + WORDS]
    serve(box, 0)
    finish(box, 0)
    return box


def entry_of(core, args):
    """The pair that ``post`` wants of a core for arguments like these, and what ``result`` does."""
    kinds = tuple(map(typeof, args))
    core.compile(kinds)
    compiled = core.overloads[kinds]
    address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
    kind = compiled.signature.return_type
    pair = signature_number(kinds), address
    if kind == types.none:
        return pair, None
    dtype, count = (kind.dtype, kind.count) if isinstance(kind, types.UniTuple) else (kind, 0)
    if count > ARGUMENTS - RESULT:
        raise TypeError(f"a core that returns {count} numbers; a box has room for {ARGUMENTS - RESULT}")
    return pair, (as_dtype(dtype), count)


def result(box, dtype, count):
    """What the core in a box returned: a number, or a tuple of ``count``."""
    values = box[RESULT:].view(dtype)
    return tuple(values[:count].tolist()) if count else values[0].item()


@kernel
def post(box, entries, *args):
    """Lay a core into the box of a worker: the number of its entry point among the pairs (signature, address), -1 if
    none is for such arguments, and whether the worker must be woken.
    """
    wanted = _signature_number(args)
    for i in range(entries.size // 2):
        if entries[2 * i] == wanted:
            _pack(box, entries[2 * i + 1], args)
            if _take(box, IDLE, POSTED):
                return i, False
            _take(box, ASLEEP, POSTED)
            return i, True
    return -1, False


@kernel
def serve(box, looks):
    """A worker's part: run what is posted, until it has looked so many times in vain, each for 10 to 40 ns, and may
    sleep.
    """
    left = looks
    while True:
        state = _look(box)
        if state == POSTED:
            if _take(box, POSTED, RUNS):
                _enter(box)
                _take(box, RUNS, IDLE)
            left = looks
        elif left > 0:
            left -= 1
        elif _take(box, IDLE, ASLEEP):
            return


@kernel
def finish(box, looks):
    """A caller's part: run what the worker hasn't begun; whether the core came to its end while one looks so many
    times.
    """
    if _take(box, POSTED, IDLE):
        _enter(box)
        return True
    while looks > 0 and _look(box) == RUNS:
        looks -= 1
    return _look(box) != RUNS
