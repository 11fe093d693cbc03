"""The command line: the group of commands, and those that take no images."""

import contextlib
import functools
import gc
import importlib
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import click

import cvkit
from cvkit._commands import Special, image_command, progress, run_options, say
from cvkit._special import NO_COMMAND, SPECIAL
from cvkit.errors import CvkitError
from cvkit.operation import Spec, operations
from cvkit.run import threads as cpu_threads


class Commands(click.Group):
    """cvkit's commands: one for each operation on one image, made when it is asked for, and the tools below.

    Errors become one line on standard error; exit code 1 is a failure, 2 wrong usage, 130 an interrupt.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_image_commands(), *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        tool = super().get_command(ctx, cmd_name)
        if tool is None and cmd_name in _image_commands():
            return image_command(cmd_name, *_image_commands()[cmd_name])
        return tool

    def main(self, *args: Any, **settings: Any) -> NoReturn:
        # Numba's modules make many objects that stay: looking through them for garbage takes a fifth of a cold start.
        gc.set_threshold(50_000)
        try:
            code = super().main(*args, **{**settings, "standalone_mode": False}) or 0
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx else "cvkit"
            say(f"error: {error.format_message()} See '{command} --help'.")
            code = error.exit_code
        except (click.ClickException, CvkitError, OSError) as error:
            say(f"error: {error}")
            code = 1
        except click.Abort:
            say("interrupted")
            code = 130
        sys.exit(code)


ONE_IMAGE = ("src",), ("image",)  # arguments of operations on one image


@functools.cache
def _image_commands() -> dict[str, tuple[Spec, Special]]:
    """By their names: a command for each operation on one image, or those that SPECIAL makes of it."""
    known = operations()
    made = {*NO_COMMAND, *(special.operation for special in SPECIAL.values() if special.operation)}
    plain = {n.replace("_", "-"): n for n, spec in known.items() if spec.images in ONE_IMAGE and n not in made}
    named = {name: special.operation for name, special in SPECIAL.items() if special.operation in known}
    return {name: (known[of], SPECIAL.get(name, Special())) for name, of in {**plain, **named}.items()}


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""Examples:

\b
  cvkit canny photo.jpg --low 50 --high 150
  cvkit canny photos --recursive --auto --output-dir edges
  cvkit warmup
  cvkit COMMAND --help""",
)
@click.version_option(cvkit.__version__, message="cvkit %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Classical computer vision with OpenCV's results, from Numba kernels for CPU and CUDA."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def _known(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> list[str]:
    """Names of operations, all of them where none is given."""
    known = operations()
    for name in names:
        if name not in known:
            raise click.BadParameter(f"there is no operation {name!r}; there are {', '.join(known)}.")
    return list(names) or list(known)


OPERATIONS = click.Argument(["names"], nargs=-1, metavar="[OP]...", callback=_known)


def _tool(*options: click.Parameter) -> Callable[[Callable[..., None]], click.Command]:
    """A command on operations: it takes their names and these options."""

    def add(function: Callable[..., None]) -> click.Command:
        command = click.command(params=[OPERATIONS, *options])(function)
        main.add_command(command)
        return command

    return add


@_tool()
def warmup(names: list[str]) -> None:
    """Compile kernels ahead of their first use.

    Those of all operations, or of the ones that are named, are compiled for the CPU and kept for later runs.
    """
    from cvkit_cpu import jit

    if jit.folder() is None:
        raise click.ClickException("compiled kernels can't be kept, so this is of no use; cvkit doctor says why.")
    compiled: list[str] = []
    jit.on_compile.append(compiled.append)
    calls = [(name, call) for name in names for call in _warmup_calls(operations()[name])]
    with progress(len(calls), "compiling") as done, _in_bands():
        for name, group in itertools.groupby(calls, key=lambda c: c[0]):
            compiled.clear()
            started = time.perf_counter()
            for _, arguments in group:
                operations()[name].function(**arguments, device="cpu")
                done()
            click.echo(f"{name}: {len(compiled)} kernels compiled, {time.perf_counter() - started:.1f} s")
    jit.on_compile.remove(compiled.append)


@contextlib.contextmanager
def _in_bands() -> Iterator[None]:
    """Cut even tiny images into two bands: some kernels have work only where bands meet."""
    smallest, count = cpu_threads.SMALLEST_BAND_NS, cvkit.get_num_threads()
    cpu_threads.SMALLEST_BAND_NS = 1
    cvkit.set_num_threads(2)
    try:
        yield
    finally:
        cpu_threads.SMALLEST_BAND_NS = smallest
        cvkit.set_num_threads(count)


def _warmup_calls(spec: Spec) -> Iterator[dict[str, Any]]:
    """Arguments for each way through an operation's kernels: what its proof declares, or dtypes, channels, choices and
    flags.
    """
    import numpy as np

    from cvkit.parity.proof import proofs

    declared = proofs()[spec.name].warm_ups
    if declared is not None:
        yield from declared()
        return
    options: dict[str, tuple[Any, ...]] = {}
    for name, parameter in spec.parameters.items():
        if name in spec.choices:
            options[name] = spec.choices[name]
        elif parameter.annotation is bool:
            options[name] = (False, True)
        elif parameter.default is parameter.empty and name not in spec.images:
            options[name] = (1,)
    for dtype, channels, *chosen in itertools.product(spec.dtypes, spec.channels, *options.values()):
        shape = (8, 8) if channels == 1 else (8, 8, channels)
        yield {**{n: np.zeros(shape, dtype) for n in spec.images}, **dict(zip(options, chosen, strict=True))}


@main.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Show what cvkit runs on, and what of it is broken.

    Versions, processors, GPU and the cache of compiled kernels. Exit code 1 if something is broken.
    """
    from cvkit.doctor import examine

    lines, problems = examine()
    for line in lines:
        click.echo(line)
    for problem in problems:
        say(f"error: {problem}")
    ctx.exit(1 if problems else 0)


def _numbers(ctx: click.Context, param: click.Parameter, text: str | None) -> list[int] | None:
    if text is None:
        return None
    parts = text.split(",")
    if not all(p.isdecimal() and int(p) for p in parts):
        raise click.BadParameter(f"{text!r} is not a list of whole numbers from 1 on, such as 1,2.")
    return [int(p) for p in parts]


@_tool(
    *run_options(),
    click.Option(["--max-pixels"], type=click.IntRange(1), metavar="N", help="Leave out images of more pixels."),
    click.Option(["--json"], metavar="FILE", help="Write the report as JSON."),
    click.Option(["--html"], metavar="FILE", help="Write the report as HTML."),
)
def parity(
    names: list[str], device: str, threads: int | None, max_pixels: int | None, json: str | None, html: str | None
) -> None:
    """Compare operations with OpenCV, pixel by pixel.

    Exit code 1 if one differs.
    """
    if os.environ.get("OPENCV_IPP") != "disabled":
        # IPP's results vary with the processor, and OpenCV reads this when it is loaded: hence a process of its own.
        path = os.pathsep.join(p for p in sys.path if p)
        environment = {"OPENCV_LOG_LEVEL": "ERROR", **os.environ, "OPENCV_IPP": "disabled", "PYTHONPATH": path}
        given = {"--threads": threads, "--max-pixels": max_pixels, "--json": json, "--html": html, "--device": device}
        options = [str(word) for pair in given.items() if pair[1] is not None for word in pair]
        command = [sys.executable, "-m", "cvkit", "parity", *names, *options]
        sys.exit(subprocess.run(command, env=environment, check=False).returncode)
    if threads:
        cvkit.set_num_threads(threads)
    report: Any = importlib.import_module("cvkit.parity.report")
    sys.exit(report.run(names, device=device, max_pixels=max_pixels, json=json, html=html))


@_tool(
    click.Option(["--sizes"], default="64,512,1080p,4k", show_default=True, help="Sides of squares, or 1080p, 4k."),
    click.Option(["--threads"], callback=_numbers, metavar="N,N", help="Numbers of threads to measure with."),
    click.Option(["--device"], type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True),
    click.Option(["--json"], metavar="FILE", help="Write the measurements as JSON."),
)
def bench(names: list[str], sizes: str, threads: list[int] | None, device: str, json: str | None) -> None:
    """Measure operations beside OpenCV."""
    module: Any = importlib.import_module("cvkit.bench")
    sys.exit(module.run(names, sizes=sizes.split(","), threads=threads, device=device, json=json))
