"""What cvkit runs on: versions, processors, GPU, cache of compiled kernels, and what of it is broken."""

import contextlib
import importlib
import os
import platform
import sys
from importlib import metadata

import cvkit
from cvkit.errors import CvkitError
from cvkit.run.device import cuda_device
from cvkit.run.threads import available_cpus, get_num_threads

# All of these install the one package cv2, so that of two wheels the later overwrites files of the earlier.
OPENCV_WHEELS = (
    "opencv-contrib-python",
    "opencv-python",
    "opencv-contrib-python-headless",
    "opencv-python-headless",
)


def examine() -> tuple[list[str], list[str]]:
    """Lines that describe the installation, and a sentence for each thing that is broken."""
    lines: list[str] = []
    problems: list[str] = []

    def add(name: str, text: str) -> None:
        lines.append(f"{name:<12} {text}")

    add("cvkit", f"{cvkit.__version__}  {os.path.dirname(cvkit.__file__)}")
    add("python", f"{platform.python_version()}  {sys.executable}")
    for package in ("numpy", "numba", "llvmlite", "cv2"):
        try:
            module = importlib.import_module(package)
        except Exception as error:  # a broken wheel can raise anything
            problems.append(f"{package} cannot be imported: {' '.join(str(error).split())}")
        else:
            add(package, f"{module.__version__}  {os.path.dirname(module.__file__ or '')}")
    wheels = _opencv_wheels()
    add("opencv", ", ".join(f"{wheel} {version}" for wheel, version in wheels.items()) or "not from a wheel")
    if len(wheels) > 1:
        problems.append(
            f"{' and '.join(wheels)} overwrite each other's files. Keep one: pip uninstall -y {' '.join(wheels)}, "
            f"then pip install {next(iter(wheels))}."
        )
    add("platform", platform.platform())
    add("processor", _processor())
    try:
        machine = f"{os.cpu_count()} in the machine{_group_limit()}"
        add("threads", f"{get_num_threads()} used, {available_cpus()} usable, {machine}")
    except CvkitError as error:
        problems.append(str(error))
    try:
        add("cuda", ", ".join(f"{key} {_shown(value)}" for key, value in cuda_device().info().items()))
    except (CvkitError, ImportError) as error:
        add("cuda", f"not available: {error}")
    try:
        add("cache", _cache())
    except ImportError as error:
        add("cache", f"not available: {error}")
    return lines, problems


def _opencv_wheels() -> dict[str, str]:
    """The versions of those that are installed."""
    found = {}
    for wheel in OPENCV_WHEELS:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[wheel] = metadata.version(wheel)
    return found


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()


def _group_limit() -> str:
    """The limit of the Linux control group, where there is one."""
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as file:
            quota, period = file.read().split()
        return "" if quota == "max" else f", control group limit {int(quota) / int(period):g}"
    except (OSError, ValueError):
        return ""


def _shown(value: object) -> str:
    return ".".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _cache() -> str:
    from cvkit_cpu import jit

    folder = jit.folder()
    if folder is None:
        return (
            "none: the folder is missing, cannot be written, or others can write it, so that each process compiles its "
            "kernels; CVKIT_CACHE_DIR names another."
        )
    sizes = [file.stat().st_size for file in folder.glob("*.kernel")]
    return f"{folder}  {len(sizes)} kernels, {sum(sizes) / 1e6:.1f} MB"
