"""Waiting awake: a thread that goes to sleep takes some 50 us to come back, as long as many an operation runs."""

import platform

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from cvkit_cpu.jit import kernel

# What tells the processor that a loop waits, so that the core's other thread gets its units meanwhile.
_HINTS = {
    "x86_64": ("llvm.x86.sse2.pause", ()),
    "AMD64": ("llvm.x86.sse2.pause", ()),
    "aarch64": ("llvm.aarch64.hint", (1,)),
    "arm64": ("llvm.aarch64.hint", (1,)),
}


@intrinsic
def _look(context, word):
    """word[0] as other threads have left it, for int64."""

    def build(context, builder, signature, args):
        if platform.machine() in _HINTS:
            name, operands = _HINTS[platform.machine()]
            constants = [ir.Constant(ir.IntType(32), o) for o in operands]
            kind = ir.FunctionType(ir.VoidType(), [c.type for c in constants])
            builder.call(builder.module.globals.get(name) or ir.Function(builder.module, kind, name), constants)
        view = context.make_array(signature.args[0])(context, builder, args[0])
        return builder.load_atomic(view.data, "acquire", 8)

    return types.int64(word), build


@intrinsic
def _tell(context, word):
    """word[0] = 1, after all that this thread wrote before; for int64."""

    def build(context, builder, signature, args):
        view = context.make_array(signature.args[0])(context, builder, args[0])
        builder.store_atomic(ir.Constant(ir.IntType(64), 1), view.data, "release", 8)
        return context.get_dummy_value()

    return types.void(word), build


@kernel
def look_for_end(end, looks):
    """Whether end[0] becomes 1 while one looks at it so many times, each for 10 to 40 ns."""
    while looks > 0 and _look(end) == 0:
        looks -= 1
    return looks > 0


@kernel
def look_for_work(end, posted, seen, looks, moment):
    """Tell who looks for the end, then look so many times whether posted[0] is still ``seen``, and a moment more.

    Both happen here, without Python's lock: who is told takes it next, and after a moment who posted has let go of it.
    A thread that finds it taken goes to sleep, which is what all this avoids.
    """
    _tell(end)
    while looks > 0 and _look(posted) == seen:
        looks -= 1
    if looks > 0:
        for _ in range(moment):
            _look(posted)
