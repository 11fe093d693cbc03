"""Commands for images, generated from the operations' signatures, declarations and docstrings.

Nothing here loads Numba or OpenCV before there is work for them.
"""

import contextlib
import inspect
import json
import math
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click
from click.types import FloatParamType

import cvkit
from cvkit import batch
from cvkit.errors import ArgumentError
from cvkit.io import MAX_PIXELS
from cvkit.operation import Spec


class Number(FloatParamType):
    """A finite number, above a bound where there is one."""

    def __init__(self, above: float = -math.inf) -> None:
        self._above = above

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        if number <= self._above:
            self.fail(f"{value} is not above {self._above:g}.", param, ctx)
        return number


def _anything_goes(arguments: dict[str, Any], values: dict[str, Any]) -> None:
    """No rule beyond those of the options."""


def _as_it_is(image: Any, arguments: dict[str, Any], values: dict[str, Any], name: str) -> Any:
    return image


RAW = "raw"  # signed and float results are written as they are, into TIFF, unless --view is given


@dataclass(frozen=True)
class Special:
    """What a command has beyond its operation's parameters.

    ``check(arguments, values)`` raises UsageError for wrong combinations; ``prepare(image, arguments, values, name)``
    returns the image to work on and may change the operation's arguments for it. ``values`` are the other options'.
    """

    operation: str = ""
    """name of the operation, where the command has another"""
    summary: str = ""
    """what it does in a line, where that is not the operation's own"""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """arguments that make the command what it is"""
    hidden: tuple[str, ...] = ()
    """parameters that are no options"""
    rename: Mapping[str, str] = field(default_factory=dict)
    """options that are not called as their parameters are"""
    types: "Mapping[str, click.ParamType[Any]]" = field(default_factory=dict)
    """types of options whose parameters take more than a number, a word or a flag"""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """for parameters that are required and options that are not"""
    required: tuple[str, ...] = ()
    """options that are required where their parameters are not"""
    optional: tuple[str, ...] = ()
    """required parameters that ``prepare`` can find where the options are not given"""
    gray: bool = False
    """take images as gray unless --color is given; otherwise in their own channels, with alpha, unless --gray is"""
    view: str = ""
    """how float results are brought to the image's depth: the default, or RAW; empty where the operation keeps it"""
    image: Callable[[Any], Any] | None = None
    """of the result: the image to write, where that is a part of it"""
    draw: Callable[[Any, Any, dict[str, Any], dict[str, Any]], Any] | None = None
    """of image, result, arguments and values: the picture to write instead of the result"""
    record: Callable[[Any], dict[str, Any]] | None = None
    """of the result: what --json prints of it"""
    options: Sequence[click.Option] = ()
    check: Callable[[dict[str, Any], dict[str, Any]], None] = _anything_goes
    prepare: Callable[[Any, dict[str, Any], dict[str, Any], str], Any] = _as_it_is
    run: Callable[[Any, dict[str, Any], dict[str, Any]], Any] | None = None
    """of image, arguments and values: the result, where that is not the operation's alone"""
    tiles: Callable[[Any, Any, dict[str, Any]], list[Any]] | None = None
    """of image, stages and arguments: what --stages shows"""
    examples: str = ""


def image_command(name: str, spec: Spec, special: Special) -> click.Command:
    """The command of an operation on one image: its parameters become options, required where they have no default."""
    about = _parameter_help(spec)
    left_out = (*spec.images, "device", "out", "dtype", *special.fixed, *special.hidden)
    parameters = [p for p in spec.parameters.values() if p.name not in left_out]
    options = [_option(spec, p, special, about.get(p.name, "")) for p in parameters]

    def callback(**values: Any) -> None:
        arguments = {p.name: values.pop(p.name) for p in parameters}
        _process(name, spec, special, {**arguments, **special.fixed}, values)

    text = (inspect.getdoc(spec.function) or "").partition("\n\nParameters\n")[0]
    if special.summary:
        text = f"{special.summary}\n\n{text}"
    return click.Command(
        name,
        callback=callback,
        params=[
            click.Argument(["images"], nargs=-1, required=True, metavar="IMAGE..."),
            *options,
            *special.options,
            *_file_options(spec, special),
        ],
        help=f"{_plain(text)}\n\n{FILES.format(name=name + _extension(special, None))}",
        short_help=special.summary or spec.summary,
        epilog=special.examples,
    )


FILES = """IMAGE is a file, a folder, a quoted pattern such as 'scans/*.tif', or - for standard input. The result of
NAME.jpg is NAME.{name} beside it; in folders and for patterns such results are passed over. With several images,
those that fail are named, the others are done, and the exit code is 1."""


def _option(spec: Spec, parameter: inspect.Parameter, special: Special, about: str) -> click.Option:
    name = parameter.name
    flag = f"--{special.rename.get(name, name).replace('_', '-')}"
    if name in special.defaults:
        settings: dict[str, Any] = {"default": special.defaults[name]}
    elif parameter.default is parameter.empty or name in special.required:
        settings = {"required": name not in special.optional}
    else:
        settings = {"default": parameter.default, "show_default": parameter.default is not None}
    choices = spec.borders if name == "border" else spec.choices.get(name)
    if name in special.types:
        settings["type"] = special.types[name]
    elif choices:
        words = {str(c): c for c in choices}
        settings["type"] = click.Choice(list(words))
        settings["callback"] = lambda ctx, param, value: words.get(value)
        if "default" in settings:
            settings["default"] = str(settings["default"])
    elif parameter.annotation is bool:
        settings.update(is_flag=True, show_default=False)
        if parameter.default is True:
            flag = f"{flag}/--no-{flag[2:]}"
    else:
        settings["type"] = Number() if parameter.annotation is float else parameter.annotation
    return click.Option([flag, name], help=about, **settings)


def _parameter_help(spec: Spec) -> dict[str, str]:
    """What the docstring's Parameters section says of each; of several under one text the others name the first."""
    doc = inspect.getdoc(spec.function) or ""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=\n\n\S|\Z)", doc, re.DOTALL | re.MULTILINE)
    texts: dict[str, str] = {}
    for names, text in re.findall(r"^(\S.*)\n((?:[ ]+.*\n?)+)", section[1] if section else "", re.MULTILINE):
        first, *others = names.split(", ")
        texts[first] = _plain(" ".join(text.split()))
        texts.update(dict.fromkeys(others, f"See --{first}."))
    return texts


def _plain(text: str) -> str:
    return text.replace("``", "").replace("`", "")


def _file_options(spec: Spec, special: Special) -> list[click.Option]:
    """The options of every command that takes images from files and writes images."""
    other, text = "gray", "Take the image as gray. By default it keeps its channels, and alpha is carried through."
    if special.gray:
        other, text = "color", "Take the three colour channels, not gray as cv2 reads it. Alpha is left out either way."
    place = "Where the result of one image goes, - for standard output; the extension is the format."
    options = [
        click.Option(["-o", "--output"], metavar="OUT", help=place),
        click.Option(["--output-dir"], metavar="DIR", type=click.Path(file_okay=False), help="Folder for all results."),
        click.Option(["--recursive"], is_flag=True, help="Look into subfolders; --output-dir keeps them."),
        click.Option(["--force"], is_flag=True, help="Replace files that exist."),
        click.Option([f"--{other}", "other_channels"], is_flag=True, help=text),
    ]
    if special.view == RAW:
        text = """Scale results for looking: abs shows absolute values from 0 on, norm stretches min..max over the whole
        range. Without it they are written as they are, signed or float, into a TIFF file."""
        options.append(click.Option(["--view"], type=click.Choice(["abs", "norm"]), help=text))
    elif special.view:
        way = click.Choice(["clip", "norm", "abs"])
        text = """How results become pixels of the image's depth: clip rounds and cuts off; norm stretches min..max over
        the whole range, abs the absolute values. Float images stay float."""
        options.append(click.Option(["--view"], type=way, default=special.view, show_default=True, help=text))
    if "uint16" not in spec.dtypes:
        way = click.Choice(["shift", "range"])
        text = """Take deeper images too: shift keeps the upper 8 of 16 bits; range maps the image's own min..max to
        0..255, rounded to nearest, halves to even, and is the one for float images."""
        options.append(click.Option(["--to-8bit", "to_8bit"], type=way, help=text))
    if spec.stages and special.tiles:
        text = "Write a labelled picture of each step of the algorithm, for one image."
        options.append(click.Option(["--stages"], metavar="FILE", help=text))
    if special.record:
        asked = "--draw, -o or --output-dir" if special.draw else "-o or --output-dir"
        text = f"Print the result, a line for each image; a picture is written only where {asked} asks for it."
        options.append(click.Option(["--json", "as_json"], is_flag=True, help=text))
        if special.draw and not any(option.name == "draw" for option in special.options):
            text = "Write the picture beside what --json prints; without --json it is written in any case."
            options.append(click.Option(["--draw", "picture_too"], is_flag=True, help=text))
    text = "Refuse files that declare more pixels; 0 lifts the limit."
    pixels = click.Option(
        ["--max-pixels"], type=click.IntRange(0), metavar="N", default=MAX_PIXELS, show_default=True, help=text
    )
    return [*options, *run_options(), pixels]


def run_options() -> list[click.Option]:
    devices = click.Choice(["auto", "cpu", "cuda"])
    device = "Where to compute; auto is the CPU unless CVKIT_DEVICE names another."
    threads = "Threads that compute; by default all processors that may be used."
    return [
        click.Option(["--device"], type=devices, default="auto", show_default=True, help=device),
        click.Option(["--threads"], type=click.IntRange(1), metavar="N", help=threads),
    ]


def _extension(special: Special, view: str | None) -> str:
    return ".tif" if special.view == RAW and not view else ".png"


def _process(name: str, spec: Spec, special: Special, arguments: dict[str, Any], values: dict[str, Any]) -> None:
    """Read, compute and write all images of one command."""
    started = time.perf_counter()
    special.check(arguments, values)
    force, stages, output, view = values["force"], values.get("stages"), values["output"], values.get("view")
    as_json = values.get("as_json", False)
    asked = values.get("draw") or values.get("picture_too") or output is not None or values["output_dir"] is not None
    writes = asked or not as_json
    drawn = special.draw is not None and values.get("draw", True)
    extension = ".png" if drawn else _extension(special, view)
    with _usage():
        plan = batch.plan(
            values["images"],
            name,
            output=output,
            output_dir=values["output_dir"],
            recursive=values["recursive"],
            force=force or not writes,
            extension=extension,
        )
        if stages:
            _check_stages(stages, plan, force)
        if extension == ".tif" and output not in (None, batch.STREAM):
            _check_raw(output)
    if writes and any(job.target == batch.STREAM for job in plan.jobs):
        if as_json:
            raise click.UsageError("--json prints to standard output, where the picture is to go; give -o a file.")
        if sys.stdout.isatty():
            raise click.UsageError("standard output is a terminal and the result is an image; redirect it or give -o.")
    if plan.left_out:
        say(f"left out, being results of this command: {', '.join(plan.left_out)}")
    workers = _start(values["device"], values["threads"], len(plan.jobs)) if plan.jobs else 1

    gray: bool | None = special.gray != values["other_channels"]
    own_channels = not special.gray and not gray
    max_pixels = values["max_pixels"] or None
    records: dict[batch.Job, str] = {}

    def work(job: batch.Job) -> None:
        image = batch.read(job.source, gray=None if own_channels else gray, alpha=own_channels, max_pixels=max_pixels)
        image, alpha = batch.without_alpha(image)
        if "to_8bit" in values and image.dtype.name not in spec.dtypes:
            image = batch.to_8bit(image, values["to_8bit"])
        own, picture = dict(arguments), image
        image = special.prepare(image, own, values, job.source)
        if special.run:
            result = special.run(image, own, values)
        else:
            result = spec.function(image, **own, device=values["device"])
        if as_json and special.record:
            records[job] = json.dumps({"image": batch.label(job.source), **special.record(result)})
        if writes:
            if drawn and special.draw:
                result = special.draw(picture, result, own, values)
            elif special.image:
                result = special.image(result)
            if special.view == RAW and view and not drawn:
                result = batch.in_depth(result, "uint16" if image.dtype == "uint16" else "uint8", view)
            elif special.view != RAW and special.view:
                result = batch.in_depth(result, image.dtype, view)
            result = batch.with_alpha(result, alpha, job.target)
            if values["output_dir"]:
                os.makedirs(os.path.dirname(job.target), exist_ok=True)
            batch.write(job.target, result, force=force, extension=extension)
        if stages and special.tiles:
            from cvkit.draw import contact_sheet

            steps = getattr(cvkit, spec.stages)(image, **own)
            batch.write(stages, contact_sheet(special.tiles(image, steps, own)), force=force)

    with progress(len(plan.jobs), name) as done:
        failures = plan.failures + batch.run(plan.jobs, work, workers=workers, done=done)
    for job in plan.jobs:
        if job in records:
            click.echo(records[job])
    for failure in failures:
        say(f"error: {failure}")
    total = len(plan.jobs) + len(plan.failures)
    if total > 1:
        failed = f", {len(failures)} failed" if failures else ""
        say(f"{total - len(failures)} of {total} images done{failed}, {time.perf_counter() - started:.1f} s")
    elif not failures and writes and plan.jobs[0].target != batch.STREAM:
        say(f"wrote {plan.jobs[0].target}")
    if failures:
        raise click.exceptions.Exit(1)


def _check_raw(output: str) -> None:
    if os.path.splitext(output)[1].lower() not in (".tif", ".tiff"):
        raise click.UsageError(
            f"-o {output}: signed and float results are kept in .tif; for other formats give --view abs or --view norm."
        )


@contextlib.contextmanager
def _usage() -> Iterator[None]:
    """What the arguments contradict is wrong usage, not a failure."""
    try:
        yield
    except ArgumentError as error:
        raise click.UsageError(str(error)) from error


def _check_stages(path: str, plan: batch.Plan, force: bool) -> None:
    batch.check_extension(path, "--stages")
    if len(plan.jobs) + len(plan.failures) > 1:
        raise click.UsageError("--stages shows one image; give one.")
    if any(os.path.realpath(path) == os.path.realpath(place) for job in plan.jobs for place in job):
        raise click.UsageError(f"--stages {path} is the image or its result; choose another name.")
    if not force and batch.taken(path):
        raise click.ClickException(batch.taken(path))


def _start(device: str, threads: int | None, images: int) -> int:
    """Set up device, threads and the message about compilation; returns how many images to work on at once."""
    if "cuda" in (device, cvkit.get_device() if device == "auto" else ""):
        from cvkit.run.device import cuda_device

        cuda_device()  # says once, rather than for each image, that there is none
    threads = threads or cvkit.get_num_threads()
    for_one = max(1, threads // images)
    cvkit.set_num_threads(for_one)
    import cv2  # reads and writes the files

    cv2.setNumThreads(for_one)
    announce_compilation()
    return min(threads, images)


_announced = False


def announce_compilation() -> None:
    """Say once, when a kernel is first compiled, why this takes so long."""
    from cvkit_cpu import jit

    def announce(kernel: str) -> None:
        global _announced
        if not _announced:
            _announced = True
            kept = "keeps them for the next" if jit.folder() else "cannot keep them (cvkit doctor says more)"
            say(f"compiling kernels: this first run takes some seconds and {kept}")

    if not _announced:
        jit.on_compile.append(announce)


def say(text: str) -> None:
    """A message, which goes to standard error."""
    click.echo(f"cvkit: {text}", err=True)


@contextlib.contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[], None]]:
    """A bar on standard error where that is a terminal; yields what to call after each step."""
    if total < 2 or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), redirect_stdout=False) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
