"""What ``cvkit bench canny`` does not measure: the whole command as a process, and memory.

    python benchmarks/edges.py process     cvkit canny IMAGE against cv2_canny.py, five lines that do the same
    python benchmarks/edges.py memory      peak memory of canny on 8K images beyond input and result (Linux)

Run it with cvkit and its parity extra installed. Both are medians and minima of several runs, by turns.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

import cvkit
from cvkit.parity.images import photograph, spiral

HERE = Path(__file__).resolve().parent


def process(rounds=11):
    """Seconds from start to end on a 1080p photograph, byte code and kernel cache there: the first round makes them."""
    photo = cv2.resize(photograph("astronaut", 3), (1920, 1080), interpolation=cv2.INTER_CUBIC)
    with tempfile.TemporaryDirectory() as folder:
        image, ours, theirs = (str(Path(folder, n)) for n in ("photo.png", "ours.png", "theirs.png"))
        cv2.imwrite(image, photo)
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        canny = [sys.executable, "-m", "cvkit", "canny", image, "--low", "50", "--high", "150", "-o", ours, "--force"]
        commands = {"cvkit": canny, "cv2": [sys.executable, str(HERE / "cv2_canny.py"), image, theirs]}
        times = {name: [] for name in commands}
        for i in range(rounds + 1):
            for name, command in commands.items():
                start = time.perf_counter()
                subprocess.run(command, env=environment, check=True, capture_output=True)
                if i:
                    times[name].append(time.perf_counter() - start)
        same = np.array_equal(cv2.imread(ours, cv2.IMREAD_UNCHANGED), cv2.imread(theirs, cv2.IMREAD_UNCHANGED))
    for name, values in times.items():
        print(f"{name:6s} min {min(values):.3f} s  median {statistics.median(values):.3f} s")
    print(f"ratio  min {min(times['cvkit']) / min(times['cv2']):.2f}  same pixels: {same}")


def memory():
    """Bytes a pixel that canny holds at its peak beyond input and result, each in a process of its own."""
    for name in ("photograph", "noise", "spiral"):
        for threads in ("1", "2"):
            subprocess.run([sys.executable, __file__, "peak", name, threads], check=True)


def peak(name, threads):
    """One measurement, by the kernel's own record of the highest resident set."""
    h, w = 4320, 7680
    low, high = 50, 150
    if name == "photograph":
        src = cv2.resize(photograph("astronaut", 1), (w, h), interpolation=cv2.INTER_CUBIC)
    elif name == "noise":
        src = np.random.default_rng(0).integers(0, 256, (h, w), np.uint8)
    else:  # all of the line is weak but its outer end, so hysteresis walks the whole of it
        src = np.where(spiral(h, w), 120, 20).astype(np.uint8)
        src[0, :3] = 255
        low, high = 100, 700
    cvkit.set_num_threads(int(threads))
    out = np.ones((h, w), np.uint8)
    cvkit.canny(src[:64, :64].copy(), low, high)  # compiles, and starts what is started once
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest so far
    cvkit.canny(src, low, high, out=out)
    extra = _status("VmHWM") - before
    edges = np.count_nonzero(out)
    beyond = extra / src.size
    print(f"{name:10s} {threads} threads: {beyond:.2f} bytes a pixel beyond input and result, {edges} edge pixels")


def _status(key):
    line = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith(key + ":"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    actions = {"process": process, "memory": memory, "peak": peak}
    if len(sys.argv) < 2 or sys.argv[1] not in actions:
        sys.exit(__doc__)
    actions[sys.argv[1]](*sys.argv[2:])
