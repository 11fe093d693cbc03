"""The CUDA device: every contact of cvkit with a GPU goes through one object.

``cuda_device()`` makes it on first use. It is numba.cuda, on hardware or in Numba's simulator, unless the environment
variable ``CVKIT_CUDA_DRIVER=module:Class`` names another.
"""

import importlib
import importlib.util
import math
import os
import sys
import threading
from types import SimpleNamespace
from typing import Any

import numpy as np

from cvkit.errors import DeviceError

INSTALL = "install the \"cuda\" extra: pip install '.[cuda]'"

# What a class named by CVKIT_CUDA_DRIVER must have; the other methods of Device rest on these.
REQUIRED = ("upload", "empty", "download", "launch", "synchronize")
OPTIONAL = ("fill", "wrap", "beside", "hand_back", "info")

# DLPack's numbers for memory that a CUDA kernel can read: device, pinned host, managed.
CUDA_MEMORY = (2, 3, 13)

LEGACY_STREAM = 1  # the value by which array interfaces and DLPack name CUDA's default stream


class Device:
    """What plans and placement ask of a CUDA device. A driver adds what REQUIRED lists."""

    upload: Any
    empty: Any
    download: Any
    launch: Any
    synchronize: Any

    def fill(self, array: Any, value: Any) -> None:
        """Set every element of a C-contiguous device array."""
        from cvkit_cuda import copies

        elements = math.prod(array.shape)
        typed = np.dtype(array.dtype).type(value)
        self.launch(copies.fill, (-(-elements // copies.THREADS),), (copies.THREADS,), (array, typed))

    def wrap(self, foreign: Any) -> Any:
        """A device array with the contents of another library's array."""
        return self.upload(np.asarray(foreign))

    def beside(self, *foreign: Any) -> Any:
        """The device on the stream that these arrays' owner works on."""
        return self

    def hand_back(self, result: Any, foreign: Any) -> Any:
        """The result as the kind of array that foreign is."""
        return result

    def info(self) -> dict[str, Any]:
        """What the device is called."""
        return {"name": getattr(self, "name", type(self).__name__)}


class Adapted(Device):
    """A driver from elsewhere: its methods where it has them, Device's where not."""

    def __init__(self, driver: Any, origin: str) -> None:
        missing = [name for name in REQUIRED if not callable(getattr(driver, name, None))]
        if missing:
            raise DeviceError(
                f"CVKIT_CUDA_DRIVER={origin}: the class has no {', '.join(missing)}; it needs {', '.join(REQUIRED)}."
            )
        self.name = getattr(driver, "name", origin)
        for method in (*REQUIRED, *OPTIONAL):
            if callable(getattr(driver, method, None)):
                setattr(self, method, getattr(driver, method))


class NumbaCuda(Device):
    """numba.cuda on one stream; in the simulator device arrays are host arrays behind the same calls.

    Launches and copies are queued on ``stream``, a pointer as array interfaces give it, or CUDA's default stream. Only
    download and synchronize wait, and hand_back and wrap where the other library works on another stream.
    """

    def __init__(self, stream: int | None = None) -> None:
        self._cuda = _numba_cuda()
        self._simulated = bool(self._cuda.config.ENABLE_CUDASIM)
        self._pointer = stream
        self._stream: Any = self._cuda.external_stream(stream) if stream is not None else 0
        self._streams: dict[int, NumbaCuda] = {}
        self._lock = threading.Lock()

    def upload(self, array: Any, stream: Any = None) -> Any:
        """A C-contiguous copy of a host array on the device."""
        if stream is None:
            stream = self._stream
        elif isinstance(stream, int):
            stream = self._cuda.external_stream(stream)
        return self._cuda.to_device(np.ascontiguousarray(array), stream=stream)

    def empty(self, shape: Any, dtype: Any) -> Any:
        """A C-contiguous device array with arbitrary contents."""
        return self._cuda.device_array(shape, np.dtype(dtype))

    def download(self, array: Any, out: Any = None) -> Any:
        """A host copy of a device array, in ``out`` where given; returns when it is complete."""
        direct = out is not None and out.flags.c_contiguous and out.dtype == array.dtype and out.shape == array.shape
        host = array.copy_to_host(out if direct else None, stream=self._stream)
        if self._stream:
            self._stream.synchronize()
        if out is None or direct:
            return host
        out[...] = host
        return out

    def launch(self, kernel: Any, grid: Any, block: Any, args: Any, shared_bytes: int = 0) -> None:
        """Queue a kernel; scalars come NumPy-typed, as a Python number would compile another kernel."""
        if self._simulated:
            configured = kernel[grid, block, 0, shared_bytes]
        else:
            configured = self._configured(kernel, (grid, block, self._stream, shared_bytes))
        configured(*args)

    def _configured(self, kernel: Any, configuration: Any) -> Any:
        """kernel[configuration] without Numba's warning that a small image makes a small grid."""
        with self._lock:
            config = self._cuda.config
            before, config.CUDA_LOW_OCCUPANCY_WARNINGS = config.CUDA_LOW_OCCUPANCY_WARNINGS, 0
            try:
                return kernel[configuration]
            finally:
                config.CUDA_LOW_OCCUPANCY_WARNINGS = before

    def synchronize(self) -> None:
        """Wait for all work queued on this stream."""
        if self._stream:
            self._stream.synchronize()
        else:
            self._cuda.synchronize()

    def info(self) -> dict[str, Any]:
        """Name, compute capability, driver and runtime versions; in the simulator its name alone."""
        if self._simulated:
            return {"name": "simulator"}
        from numba.cuda.cudadrv import driver

        device = self._cuda.get_current_device()
        name = device.name.decode() if isinstance(device.name, bytes) else str(device.name)
        return {
            "name": name,
            "compute capability": tuple(device.compute_capability),
            "driver": tuple(driver.get_version()),
            "runtime": tuple(self._cuda.runtime.get_version()),
        }

    def wrap(self, foreign: Any) -> Any:
        """Another library's array on this GPU as a C-contiguous device array: the same memory, or a packed copy of it.

        The result keeps foreign alive. Work queued on the stream that foreign names is waited for, unless it is ours.
        """
        described, owner = self._described(foreign)
        shape, strides = tuple(described["shape"]), described.get("strides")
        itemsize = np.dtype(described["typestr"]).itemsize
        if strides is None or _is_contiguous(shape, strides, itemsize):
            # Without strides an axis of length 1 can't make Numba see another layout, and compile for it.
            return self._view({**described, "strides": None}, owner)
        if len(shape) > 3:
            raise DeviceError(f"a strided array on a GPU has {len(shape)} axes; at most 3 are taken.")
        from cvkit_cuda import copies

        pad = 3 - len(shape)
        volume = (1,) * pad + shape
        view = self._view({**described, "shape": volume, "strides": (itemsize,) * pad + tuple(strides)}, owner)
        packed = self.empty(volume, view.dtype)
        columns, rows = volume[1] * volume[2], volume[0]
        grid = (-(-columns // copies.BLOCK[0]), -(-rows // copies.BLOCK[1]))
        self.launch(copies.pack, grid, copies.BLOCK, (view, packed))
        return packed.reshape(shape)

    def _described(self, foreign: Any) -> tuple[dict[str, Any], Any]:
        """The array's memory, in the terms of ``__cuda_array_interface__``, and what keeps it alive."""
        if self._simulated and getattr(foreign, "__cuda_ndarray__", False):
            return dict(foreign.__array_interface__), foreign
        interface = getattr(foreign, "__cuda_array_interface__", None)
        place = getattr(foreign, "__dlpack_device__", None)
        kind, number = place() if place is not None else (CUDA_MEMORY[0], None)
        if kind not in CUDA_MEMORY or (interface is None and place is None):
            raise DeviceError(f"{type(foreign).__name__} is not an array on a CUDA device; upload it first.")
        if kind == CUDA_MEMORY[0] and number is not None and not self._simulated:
            ours = self._cuda.get_current_device().id
            if number != ours:
                raise DeviceError(
                    f"the array lies on GPU {number} and cvkit runs on GPU {ours}: copy it there, or select the GPU "
                    "with CUDA_VISIBLE_DEVICES."
                )
        return (dict(interface), foreign) if interface is not None else self._from_dlpack(foreign)

    def _from_dlpack(self, foreign: Any) -> tuple[dict[str, Any], Any]:
        memory: Any = importlib.import_module("cuda.core.utils")
        view = memory.StridedMemoryView.from_dlpack(foreign, stream_ptr=self._pointer or LEGACY_STREAM)
        dtype = np.dtype(view.dtype)
        strides = None if view.strides is None else tuple(s * dtype.itemsize for s in view.strides)
        described = {
            "shape": tuple(view.shape),
            "strides": strides,
            "typestr": dtype.str,
            "data": (view.ptr, view.readonly),
            "version": 3,
        }
        return described, view

    def _view(self, described: dict[str, Any], owner: Any) -> Any:
        """A device array over described memory that keeps its owner alive."""
        if self._simulated:
            from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

            return FakeCUDAArray(np.asarray(SimpleNamespace(__array_interface__=described, owner=owner)))
        other_stream = _stream_pointer(described.get("stream")) != self._pointer
        return self._cuda.from_cuda_array_interface(described, owner=owner, sync=other_stream)

    def beside(self, *foreign: Any) -> Any:
        """This device on the stream that the first array with one names, so that the caller's own order holds."""
        pointer = next((p for p in map(_caller_stream, foreign) if p is not None), None)
        if pointer == self._pointer or pointer is None or self._simulated:
            return self
        with self._lock:
            if pointer not in self._streams:
                self._streams[pointer] = NumbaCuda(pointer)
            return self._streams[pointer]

    def hand_back(self, result: Any, foreign: Any) -> Any:
        """The device array as a CuPy array or torch tensor over the same memory where foreign is one; else as it is."""
        if not self._simulated and _caller_stream(foreign) != self._pointer:
            self.synchronize()
        library = type(foreign).__module__.partition(".")[0]
        if library == "cupy":
            return sys.modules[library].asarray(result)
        if library == "torch":
            return sys.modules[library].as_tensor(result, device=foreign.device)
        return result


def _is_contiguous(shape: tuple[int, ...], strides: tuple[int, ...], itemsize: int) -> bool:
    """Whether the strides are those of C order; the stride of an axis of length 1 means nothing."""
    expected = itemsize
    for length, stride in zip(reversed(shape), reversed(strides), strict=True):
        if length != 1 and stride != expected:
            return False
        expected *= length
    return True


def _stream_pointer(value: Any) -> int | None:
    """A stream of an array interface as NumbaCuda keeps it: None is CUDA's default stream."""
    return None if value is None or int(value) in (0, LEGACY_STREAM) else int(value)


def _caller_stream(foreign: Any) -> int | None:
    """The stream on which foreign's owner works: torch's current one, or what the array interface names."""
    library = type(foreign).__module__.partition(".")[0]
    if library == "torch":
        return _stream_pointer(sys.modules[library].cuda.current_stream(foreign.device).cuda_stream)
    interface = getattr(foreign, "__cuda_array_interface__", None)
    return _stream_pointer(interface.get("stream")) if interface is not None else None


def _numba_cuda() -> Any:
    """numba.cuda, or DeviceError with what is missing."""
    if importlib.util.find_spec("numba_cuda") is None:
        raise DeviceError(f"the package numba-cuda is missing; {INSTALL}.")
    from numba import cuda

    if not cuda.config.ENABLE_CUDASIM and not cuda.is_available():
        reason = " ".join(str(cuda.cuda_error() or "no device was found").split()).rstrip(".")
        raise DeviceError(f"this machine has no usable NVIDIA GPU or driver ({reason}).")
    return cuda


def _from_environment(origin: str) -> Device:
    """The driver that CVKIT_CUDA_DRIVER names."""
    module, _, name = origin.partition(":")
    try:
        driver = getattr(importlib.import_module(module), name)()
    except (ImportError, AttributeError, ValueError) as error:
        raise DeviceError(f"CVKIT_CUDA_DRIVER={origin}: {error}; it takes an importable module:Class.") from error
    return driver if isinstance(driver, Device) else Adapted(driver, origin)


_device: Device | None = None
_making = threading.Lock()


def cuda_device() -> Device:
    """The device of this process, made by the first call; DeviceError says what is missing."""
    global _device
    with _making:
        if _device is None:
            origin = os.environ.get("CVKIT_CUDA_DRIVER", "").strip()
            _device = _from_environment(origin) if origin else NumbaCuda()
        return _device
