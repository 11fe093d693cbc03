"""``cvkit parity``: run the proofs against the OpenCV that is installed, and say what came out."""

import importlib.util
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from cvkit.errors import ArgumentError, CvkitError
from cvkit.files import store
from cvkit.operation import spec_of
from cvkit.parity.images import Images
from cvkit.parity.outcome import Report, Row, Showcase
from cvkit.parity.page import page
from cvkit.parity.proof import Arguments, Proof, compare, described, proofs

AVX2 = 11  # OpenCV's number of the processor feature
SIMULATOR_PIXELS = 600  # it interprets about a thousand pixels a second


def run(
    operations: Sequence[str] = (),
    *,
    device: str = "auto",
    max_pixels: int | None = None,
    json: str | None = None,
    html: str | None = None,
) -> int:
    """Print the table of a run, write the files that are asked for, and return the exit code: 1 where a proof falls
    short.
    """
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        chosen = select(operations)
        task = progress.add_task("", total=len(chosen))

        def step(name: str) -> None:
            progress.update(task, description=name, advance=1)

        report = prove(chosen, device=device, max_pixels=max_pixels, step=step)
    Console(width=None if sys.stdout.isatty() else 150).print(_table(report), _summary(report))
    try:
        if json is not None:
            store(json, (_as_json(report) + "\n").encode())
        if html is not None:
            store(html, page(report).encode())
    except OSError as error:
        raise CvkitError(
            f"parity: the report can't be written to {error.filename or json or html}: {error.strerror}."
        ) from None
    return 0 if report.passed else 1


def select(operations: Sequence[str]) -> dict[str, Proof]:
    """The proofs of the named operations, of all when none is named."""
    known = proofs()
    for name in operations:
        if name not in known:
            raise ArgumentError(f"parity: there is no operation {name}; there are {', '.join(known)}.")
    return {name: known[name] for name in operations or known}


def prove(
    chosen: dict[str, Proof],
    *,
    device: str = "auto",
    max_pixels: int | None = None,
    step: Callable[[str], None] = lambda name: None,
) -> Report:
    """Run every case of the proofs on a device."""
    import cv2

    if device == "cuda":
        from cvkit.run.device import cuda_device

        if max_pixels is None and cuda_device().info().get("name") == "simulator":
            max_pixels = SIMULATOR_PIXELS
    report = Report(_about(cv2, device, max_pixels), [], [], {})
    for name, proof in chosen.items():
        step(name)
        if device == "cuda" and (reason := _not_there(proof)):
            report.about[f"{name} left out"] = reason
            continue
        _prove_one(proof, cv2, report, device, max_pixels)
    return report


def _prove_one(proof: Proof, cv2: Any, report: Report, device: str, max_pixels: int | None) -> None:
    spec = spec_of(proof.operation)
    rows: dict[str, Row] = {}
    shown = False
    for arguments, reference, *own in proof.cases(Images(max_pixels)):
        criterion = own[0] if own else proof.criterion
        want = reference(cv2)
        of = arguments[spec.images[0]] if spec.images else want[0] if isinstance(want, tuple) else want
        row = rows.setdefault(of.dtype.name, Row(spec.name, of.dtype.name, str(proof.criterion)))
        row.cases += 1
        try:
            got = proof.operation(**arguments, device=device)
        except Exception as error:  # a case that raises is a case that fails, and the others still count
            row.failures.append(f"{described(arguments)}: {type(error).__name__}: {error}")
            continue
        result = compare(got, want, criterion)
        if criterion.reason:
            report.disputed[spec.name] = criterion.reason
        row.equal += result.differing == 0
        row.worst = max(row.worst, result.worst)
        if not result.same:
            row.failures.append(f"{described(arguments)}: {result.text}")
        if not shown and spec.images and _worth_showing(arguments, spec.images[0]):
            pictures = [_picture(r) for r in (got, want)]
            if all(p is not None for p in pictures):
                report.showcases.append(Showcase(spec.name, described(arguments), *pictures))
                shown = True
    report.rows.extend(rows.values())


def _picture(result: Any) -> Any:
    """The first image of a result, or None."""
    parts = map(np.asarray, result) if isinstance(result, tuple) else [np.asarray(result)]
    return next((p for p in parts if p.ndim >= 2), None)


def _not_there(proof: Proof) -> str:
    """Why an operation can't be proved on the GPU here, or nothing."""
    reason = spec_of(proof.operation).cuda
    if reason.startswith("library:") and importlib.util.find_spec("cupy"):
        return ""
    return reason


def _worth_showing(arguments: Arguments, name: str) -> bool:
    return bool(min(arguments[name].shape[:2]) >= 100)


def _about(cv2: Any, device: str, max_pixels: int | None) -> dict[str, str]:
    import cvkit

    notes = []
    if os.environ.get("OPENCV_IPP") != "disabled":
        notes.append("IPP is on: some results vary with the processor")
    if not cv2.checkHardwareSupport(AVX2):
        notes.append("this processor has no AVX2: OpenCV's own results differ here and there")
    if cv2.__version__ != "5.0.0":
        notes.append("the proofs were made with OpenCV 5.0.0")
    about = {
        "cvkit": cvkit.__version__,
        "OpenCV": f"{cv2.__version__}, {os.path.dirname(cv2.__file__)}",
        "device": device,
        "machine": f"{platform.machine()} {platform.system()}, Python {platform.python_version()}",
    }
    if device == "cuda":
        from cvkit.run.device import cuda_device

        about["device"] = ", ".join(str(v) for v in cuda_device().info().values())
    if max_pixels is not None:
        about["left out"] = f"images of more than {max_pixels} pixels"
    if notes:
        about["note"] = "; ".join(notes)
    return about


def _as_json(report: Report) -> str:
    rows = [{**asdict(row), "verdict": row.verdict} for row in report.rows]
    content = {"about": report.about, "passed": report.passed, "rows": rows, "disputed": report.disputed}
    return json.dumps(content, indent=2, default=str)


def _table(report: Report) -> Any:
    from rich.table import Table

    table = Table(title="cvkit against OpenCV", title_justify="left")
    for column in ("operation", "dtype", "cases", "equal", "worst difference", "criterion", "verdict"):
        table.add_column(column, justify="right" if column in ("cases", "equal", "worst difference") else "left")
    for row in report.rows:
        style = "bold red" if row.failures else ""
        cells = (row.operation, row.dtype, str(row.cases), str(row.equal), f"{row.worst:g}", row.criterion, row.verdict)
        table.add_row(*cells, style=style)
    return table


def _summary(report: Report) -> str:
    lines = [f"{key}: {value}" for key, value in report.about.items()]
    lines += [f"disputed, {name}: {reason}" for name, reason in report.disputed.items()]
    for row in report.rows:
        lines += [f"{row.operation} {row.dtype}: {text}" for text in row.failures[:5]]
        if len(row.failures) > 5:
            lines.append(f"{row.operation} {row.dtype}: and {len(row.failures) - 5} more")
    return "\n".join(lines)
