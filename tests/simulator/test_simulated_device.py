"""The CUDA object in the simulator: copies, foreign arrays, and drivers named by the environment."""

import gc
import threading

import numpy as np
import pytest

from cvkit.errors import DeviceError
from cvkit.run import device


class Foreign:
    """An array of another library: it has ``__cuda_array_interface__`` and nothing else."""

    def __init__(self, array):
        self.array = array
        self.__cuda_array_interface__ = {**array.__array_interface__, "version": 3, "stream": 1}


class Least:
    """The least that a driver must have; its device arrays are NumPy's."""

    def upload(self, array, stream=None):
        return np.array(array)

    def empty(self, shape, dtype):
        return np.empty(shape, dtype)

    def download(self, array, out=None):
        return np.array(array)

    def launch(self, kernel, grid, block, args, shared_bytes=0):
        kernel[grid, block, 0, shared_bytes](*args)

    def synchronize(self):
        pass


@pytest.fixture
def fresh(monkeypatch):
    """No device made yet."""
    monkeypatch.setattr(device, "_device", None)
    monkeypatch.delenv("CVKIT_CUDA_DRIVER", raising=False)
    return monkeypatch


def pixels(*shape, dtype=np.int16):
    return np.arange(np.prod(shape), dtype=dtype).reshape(shape)


def test_one_device_for_all_threads(fresh):
    made = []
    threads = [threading.Thread(target=lambda: made.append(device.cuda_device())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len({id(each) for each in made}) == 1
    assert made[0].info()["name"] == "simulator"


@pytest.mark.parametrize("array", [pixels(3, 5), pixels(4, 6)[::2, ::-1], pixels(2, 3, 4)], ids=["C", "strided", "3-D"])
def test_up_and_down(gpu, array):
    on_device = gpu.upload(array)
    np.testing.assert_array_equal(gpu.download(on_device), array)
    for out in (np.zeros_like(array, order="C"), np.zeros_like(array, order="F"), np.zeros(array.shape, np.int32)):
        assert gpu.download(on_device, out) is out
        np.testing.assert_array_equal(out, array)
    gpu.synchronize()


@pytest.mark.parametrize("shape", [(1,), (259,), (3, 5), (2, 3, 4)], ids=str)
def test_fill(gpu, shape):
    array = gpu.empty(shape, np.int32)
    gpu.fill(array, -7)
    np.testing.assert_array_equal(gpu.download(array), np.full(shape, -7, np.int32))


def test_wrap_is_the_same_memory(gpu):
    foreign = Foreign(pixels(3, 4))
    wrapped = gpu.wrap(foreign)
    foreign.array[1, 2] = 99
    assert gpu.download(wrapped)[1, 2] == 99
    foreign = Foreign(np.full((64, 64), 5, np.uint8))
    wrapped = gpu.wrap(foreign)
    del foreign
    gc.collect()
    assert np.all(gpu.download(wrapped) == 5)


@pytest.mark.parametrize(
    "view",
    [
        pixels(6, 40)[1:5, 3:37],
        pixels(6, 7)[::-1],
        pixels(9, 5).T,
        pixels(3, 4, 11).transpose(1, 2, 0),
        pixels(5, 6, 4)[..., :3],
        pixels(20)[::3],
    ],
    ids=["region", "flipped", "transposed", "planes", "channels", "1-D"],
)
def test_wrap_packs_strided_arrays(gpu, view):
    for foreign in (Foreign(view), gpu.upload(view)):
        wrapped = gpu.wrap(foreign)
        assert wrapped.flags.c_contiguous
        np.testing.assert_array_equal(gpu.download(wrapped), view)


def test_wrap_refuses(gpu):
    with pytest.raises(DeviceError, match="ndarray is not an array on a CUDA device"):
        gpu.wrap(pixels(2, 2))
    with pytest.raises(DeviceError, match="4 axes; at most 3"):
        gpu.wrap(Foreign(pixels(2, 2, 2, 2).T))


def test_hand_back_uses_the_library_of_what_came(gpu, monkeypatch):
    """Stand-ins for CuPy and torch: the result goes through their own constructor, over the same memory."""

    class Library:
        @staticmethod
        def asarray(result):
            return "cupy", result

        @staticmethod
        def as_tensor(result, device):
            return device, result

    result = gpu.empty((2, 2), np.uint8)
    for library, kind in (("cupy", "cupy"), ("torch", "cuda:0")):
        foreign = type("Array", (), {"__module__": f"{library}.core", "device": "cuda:0"})()
        monkeypatch.setitem(__import__("sys").modules, library, Library)
        assert gpu.hand_back(result, foreign) == (kind, result)
    assert gpu.hand_back(result, Foreign(pixels(2, 2))) is result
    assert gpu.beside(Foreign(pixels(2, 2))) is gpu


def test_driver_from_the_environment(fresh):
    fresh.setenv("CVKIT_CUDA_DRIVER", f"{__name__}:Least")
    gpu = device.cuda_device()
    array = gpu.empty((3, 50), np.uint8)
    gpu.fill(array, 9)
    assert np.all(gpu.download(array) == 9)
    np.testing.assert_array_equal(gpu.wrap(pixels(2, 3)), pixels(2, 3))
    assert gpu.beside(array) is gpu
    assert gpu.hand_back(array, array) is array
    assert gpu.info()["name"].endswith(":Least")


@pytest.mark.parametrize("origin", ["nowhere_at_all:Driver", f"{__name__}:Missing", "no_colon", f"{__name__}:Foreign2"])
def test_driver_that_cannot_be_had(fresh, origin):
    fresh.setenv("CVKIT_CUDA_DRIVER", origin)
    with pytest.raises(DeviceError, match="CVKIT_CUDA_DRIVER="):
        device.cuda_device()


def test_driver_with_methods_missing(fresh):
    fresh.setenv("CVKIT_CUDA_DRIVER", "builtins:object")
    with pytest.raises(DeviceError, match="has no upload, empty, download, launch, synchronize"):
        device.cuda_device()


def test_missing_package_and_missing_gpu(fresh):
    fresh.setattr(device.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DeviceError, match=r"numba-cuda is missing; install the \"cuda\" extra"):
        device.cuda_device()
    fresh.undo()
    from numba import cuda

    fresh.setattr(device, "_device", None)
    fresh.setattr(cuda.config, "ENABLE_CUDASIM", 0)
    fresh.setattr(cuda, "is_available", lambda: False)
    fresh.setattr(cuda, "cuda_error", lambda: "no driver\nhere.", raising=False)
    with pytest.raises(DeviceError, match=r"no usable NVIDIA GPU or driver \(no driver here\)"):
        device.cuda_device()
