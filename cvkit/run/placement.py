"""Where an operation runs: where its arrays lie, unless the caller says otherwise."""

import importlib
import os
from functools import cache
from operator import attrgetter
from typing import Any

import numpy as np

from cvkit import check
from cvkit.check import Image, Operation
from cvkit.errors import ArgumentError, DeviceError
from cvkit.operation import spec_of
from cvkit.run.threads import Cpu

DEVICES = ("auto", "cpu", "cuda")

_cpu = Cpu()
_rows = attrgetter("rows")
_default: str | None = None


def set_device(device: str) -> None:
    """Where operations called with ``device="auto"`` run: "auto" (where their arrays lie), "cpu" or "cuda".

    The environment variable ``CVKIT_DEVICE`` gives the value to start with.
    """
    global _default
    _default = _known(device, "set_device: device")


def get_device() -> str:
    """What ``set_device`` or ``CVKIT_DEVICE`` chose; "auto" otherwise."""
    global _default
    if _default is None:
        _default = _known(os.environ.get("CVKIT_DEVICE", "").strip() or "auto", "CVKIT_DEVICE")
    return _default


def _known(device: Any, what: str) -> str:
    if not isinstance(device, str) or device not in DEVICES:
        raise ArgumentError(f"{what} is {device!r}; it takes auto, cpu or cuda.")
    return device


class OnCpu:
    """An operation in host memory. ``unit`` is what its plan runs on."""

    name = "cpu"
    unit: Any = _cpu

    def __init__(self, operation: Operation, images: tuple[Image, ...]) -> None:
        self._operation = operation
        self._images = images
        self._out: Any = None

    def rows(self) -> list[Any]:
        """The images as the plan takes them."""
        return list(map(_rows, self._images))

    def result(self, out: Any, shape: tuple[int, ...], dtype: Any) -> Any:
        """An array for the plan to write: ``out`` itself where its memory serves, else a fresh one."""
        if out is None:
            return np.empty(shape, dtype)
        check.result(self._operation, out, shape, dtype, self._images)
        if out.flags.carray and type(out) is np.ndarray:
            return out
        self._out = out
        return np.empty(shape, dtype)

    def hand_back(self, dst: Any) -> Any:
        """What the caller gets: ``dst``, copied into ``out`` where that lies in memory in another way."""
        if self._out is None:
            return dst
        self._out[...] = dst
        return self._out


class OnCuda:
    """An operation on a GPU: arrays on the device go in without a copy and come back in kind, host arrays are moved
    there and back.
    """

    name = "cuda"

    def __init__(self, operation: Operation, images: tuple[Image, ...]) -> None:
        from cvkit.run.device import cuda_device

        try:
            # On the caller's stream, so that the order of the caller's own work holds.
            self.unit: Any = cuda_device().beside(*(i.rows for i in images if i.on_gpu))
        except DeviceError as error:
            raise DeviceError(f"{spec_of(operation).name}: device is cuda, but {error}") from error
        self._operation = operation
        self._images = images
        self._out: Any = None

    def rows(self) -> list[Any]:
        """The images as the plan takes them."""
        return [self._on_device(i) for i in self._images]

    def _on_device(self, image: Image) -> Any:
        shape = (image.height, image.width * image.channels)
        if image.on_gpu:
            return self.unit.wrap(image.rows).reshape(shape)
        return self.unit.upload(image.rows)

    def result(self, out: Any, shape: tuple[int, ...], dtype: Any) -> Any:
        """An array on the device for the plan to write."""
        if out is not None:
            if self._images[0].on_gpu:
                raise ArgumentError(
                    f"{spec_of(self._operation).name}: out goes with images in host memory; "
                    "a result on the GPU comes as a new array."
                )
            check.result(self._operation, out, shape, dtype, self._images)
        self._out = out
        return self.unit.empty(shape, dtype)

    def hand_back(self, dst: Any) -> Any:
        """What the caller gets: an array of the kind that came."""
        if self._images[0].on_gpu:
            return self.unit.hand_back(dst, self._images[0].rows)
        return self.unit.download(dst, self._out)


@cache
def kernels(device: str, family: str) -> Any:
    """The module of kernels and plans of a family: cvkit_cpu or cvkit_cuda, loaded with Numba on the first call."""
    return importlib.import_module(f"cvkit_{device}.{family}")


def place(operation: Operation, device: Any, *images: Image) -> OnCpu | OnCuda:
    """Choose the device for images that all lie in host memory or all on a GPU."""
    wanted = (_default or get_device()) if isinstance(device, str) and device == "auto" else device
    if not isinstance(wanted, str) or wanted not in DEVICES:
        _known(device, f"{spec_of(operation).name}: device")
    on_gpu = 0
    for image in images:
        on_gpu += image.on_gpu
    if not on_gpu and wanted != "cuda":
        return OnCpu(operation, images)
    name = spec_of(operation).name
    if 0 < on_gpu < len(images):
        raise DeviceError(f"{name}: some arrays lie on a GPU and some in host memory; copy them to one side first.")
    if on_gpu and wanted == "cpu":
        raise DeviceError(f"{name}: the image lies on a GPU and device is cpu; copy it to host memory first.")
    return OnCuda(operation, images)
