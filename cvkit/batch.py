"""Files in, files out: which images to take, where the results go, and the work on several at once."""

import glob
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvkit.errors import ArgumentError, CvkitError, DtypeError
from cvkit.io import EXTENSIONS, encode, imread, imwrite

Image = NDArray[Any]

STREAM = "-"  # standard input as a source, standard output as a target


class Job(NamedTuple):
    """One image and the place of its result."""

    source: str
    target: str


class Plan(NamedTuple):
    """What there is to do, found out before any of it is done."""

    jobs: list[Job]
    failures: list[str]
    """a sentence for each input that will have no result"""
    left_out: list[str]
    """named files that are results for other named files"""


class _Found(NamedTuple):
    path: str
    below: str
    """its folder as seen from the folder that was named; empty for a file that was named"""


def plan(
    names: Sequence[str],
    ending: str,
    *,
    output: str | None = None,
    output_dir: str | None = None,
    recursive: bool = False,
    force: bool = False,
    extension: str = ".png",
) -> Plan:
    """Find the images that files, folders and patterns name, and give each a place for its result.

    The result of NAME.jpg is NAME.`ending` with `extension`, beside it or in `output_dir`, where subfolders are kept.
    Files of a folder or pattern that carry `ending` are results of an earlier run and are no images to take; files that
    were named themselves count as such where NAME.* is taken too.

    Raises
    ------
    ArgumentError
        The arguments contradict each other, or a result would replace an input or another result.
    """
    if output is not None and output_dir is not None:
        raise ArgumentError("-o and --output-dir exclude each other.")
    if output not in (None, STREAM):
        check_extension(output, "-o")
    failures: list[str] = []
    left_out: list[str] = []
    if STREAM in names:
        if len(names) > 1:
            raise ArgumentError("- (standard input) is one image; it stands alone.")
        if output_dir is not None:
            raise ArgumentError("- (standard input) has no name to use in --output-dir; name the result with -o.")
        found = [_Found(STREAM, "")]
        targets = [output or STREAM]
    else:
        found, failures = _find(names, ending, recursive)
        found, left_out = _without_results(found, ending)
        if output is not None and len(found) > 1:
            raise ArgumentError(f"-o names one file and there are {len(found)} images; use --output-dir.")
        targets = [output or _target(f, ending + extension, output_dir) for f in found]
    jobs = [Job(f.path, target) for f, target in zip(found, targets, strict=True)]
    _refuse_collisions(jobs)
    free = []
    for job in jobs:
        reason = "" if force else taken(job.target)
        if reason:
            failures.append(f"{label(job.source)}: {reason}")
        else:
            free.append(job)
    return Plan(free, failures, left_out)


def check_extension(path: str, option: str) -> None:
    """ArgumentError unless the extension names a format that can be written."""
    extension = os.path.splitext(path)[1].lower()
    if extension not in EXTENSIONS:
        what = f"the unknown extension {extension}" if extension else "no extension"
        raise ArgumentError(f"{option} {path} has {what}; it takes {', '.join(EXTENSIONS)}.")


def taken(target: str) -> str:
    """Why a result must not be written there without --force, or nothing."""
    return f"{target} already exists; --force replaces it." if target != STREAM and os.path.lexists(target) else ""


def _find(names: Sequence[str], ending: str, recursive: bool) -> tuple[list[_Found], list[str]]:
    found: dict[str, _Found] = {}
    failures: list[str] = []
    for name in names:
        # What exists is taken by its name, even where that looks like a pattern.
        is_pattern = glob.has_magic(name) and not os.path.lexists(name)
        here: list[_Found] = []
        failures_before = len(failures)
        for path in sorted(glob.glob(name, recursive=True)) if is_pattern else [name]:
            if os.path.isdir(path):
                here += _in_folder(path, ending, recursive, failures)
            elif not (is_pattern and _is_result(path, ending)):
                here.append(_Found(path, ""))
        if not here and len(failures) == failures_before:
            hint = "" if recursive else "; --recursive looks into subfolders too"
            failures.append(f"{name}: no image matches." if is_pattern else f"{name}: the folder has no images{hint}.")
        for each in here:
            found.setdefault(os.path.normcase(os.path.abspath(each.path)), each)
    return list(found.values()), failures


def _in_folder(folder: str, ending: str, recursive: bool, failures: list[str]) -> Iterator[_Found]:
    """Images by their extension; hidden files and folders are passed over, and links to folders not followed."""

    def unreadable(error: OSError) -> None:
        failures.append(f"{error.filename}: {error.strerror}.")

    for parent, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(f for f in folders if not f.startswith(".")) if recursive else []
        below = os.path.relpath(parent, folder)
        for name in sorted(files):
            is_image = os.path.splitext(name)[1].lower() in EXTENSIONS and not name.startswith(".")
            if is_image and not _is_result(name, ending):
                yield _Found(os.path.join(parent, name), "" if below == os.curdir else below)


def _is_result(path: str, ending: str) -> bool:
    return os.path.splitext(path)[0].endswith(f".{ending}")


def _without_results(found: list[_Found], ending: str) -> tuple[list[_Found], list[str]]:
    """Drop NAME.`ending`.* where NAME.* is there too: a shell that expands *.png names both in a second run."""
    stems = {os.path.splitext(f.path)[0] for f in found}
    of_others = {f"{stem}.{ending}" for stem in stems}
    results = {f for f in found if os.path.splitext(f.path)[0] in of_others}
    return [f for f in found if f not in results], [f.path for f in found if f in results]


def _target(found: _Found, ending: str, output_dir: str | None) -> str:
    folder, name = os.path.split(found.path)
    place = folder if output_dir is None else os.path.join(output_dir, found.below)
    return os.path.join(place, f"{os.path.splitext(name)[0]}.{ending}")


def _refuse_collisions(jobs: list[Job]) -> None:
    def same(path: str) -> str:
        return os.path.normcase(os.path.realpath(path))

    sources = {same(job.source): job.source for job in jobs if job.source != STREAM}
    sources_of: dict[str, str] = {}
    for source, target in jobs:
        if target == STREAM:
            continue
        place = same(target)
        if place in sources:
            raise ArgumentError(f"the result of {source} would replace the input {sources[place]}; name another place.")
        if place in sources_of:
            raise ArgumentError(
                f"{sources_of[place]} and {source} would both become {target}; "
                "run them apart, each with its own --output-dir."
            )
        sources_of[place] = source


def run(jobs: Sequence[Job], work: Callable[[Job], None], *, workers: int, done: Callable[[], None]) -> list[str]:
    """``work(job)`` for each job, on up to `workers` threads, ``done()`` after each; a sentence for each that failed.

    A worker takes an image from its file to its result, so no more than `workers` images are in memory. An interrupt
    lets these be finished and starts no other.
    """
    if len(jobs) == 1:  # in this thread, which an interrupt reaches at once
        reason = _attempt(work, jobs[0])
        done()
        return [reason] if reason else []
    reasons: dict[int, str] = {}
    with ThreadPoolExecutor(workers) as pool:
        running = {pool.submit(_attempt, work, job): i for i, job in enumerate(jobs)}
        try:
            for future in as_completed(running):
                reasons[running[future]] = future.result()
                done()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [reasons[i] for i in range(len(jobs)) if reasons[i]]


def _attempt(work: Callable[[Job], None], job: Job) -> str:
    try:
        work(job)
    except BrokenPipeError:
        raise
    except Exception as error:  # whatever is wrong with one file, the others are to be done
        return failure(job.source, error)
    return ""


def failure(source: str, error: Exception) -> str:
    """One line that names the file and says what was wrong."""
    text = str(error) if isinstance(error, CvkitError | OSError) else f"{type(error).__name__}: {error}"
    text = " ".join(text.split())
    return text if repr(source) in text else f"{label(source)}: {text}"


def label(source: str) -> str:
    """How messages name a source."""
    return "standard input" if source == STREAM else source


def read(source: str, *, gray: bool | None, alpha: bool, max_pixels: int | None) -> Image:
    """The image of a job, as ``cvkit.imread`` gives it."""
    content = sys.stdin.buffer.read() if source == STREAM else source
    return imread(content, gray=gray, alpha=alpha, max_pixels=max_pixels)


def without_alpha(image: Image) -> tuple[Image, Image | None]:
    """The colour channels of an image, and its alpha channel where it has one."""
    if image.ndim == 2 or image.shape[2] < 4:
        return image, None
    return image[:, :, :3], image[:, :, 3]


def with_alpha(image: Image, alpha: Image | None, target: str) -> Image:
    """Put an alpha channel back, unchanged, where the result can have one and its file can hold it."""
    holds = target == STREAM or os.path.splitext(target)[1].lower() in (".png", ".tif", ".tiff", ".webp", ".bmp")
    if alpha is None or not holds or image.ndim == 2 or image.dtype != alpha.dtype:
        return image
    return np.dstack([image, alpha])


def in_depth(values: Image, dtype: Any, view: str | None) -> Image:
    """Float values, or signed ones, in the depth of the image that they were computed from.

    "clip" rounds, halves to even, and cuts off at the ends of the depth's range. "norm" maps the smallest value to the
    lower end and the largest to the upper one; "abs" does so with the absolute values, from 0 on. Where the image was
    float they only take its dtype.
    """
    if values.dtype == dtype or np.issubdtype(dtype, np.floating):
        return values.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    lowest, highest = float(limits.min), float(limits.max)
    if view != "clip":
        values = values.astype(np.float64)  # in int16 the difference of two values may not fit
        values = np.abs(values) if view == "abs" else values - values.min()
        values = lowest + values * ((highest - lowest) / (float(values.max()) or 1.0))
    return np.clip(np.rint(values), lowest, highest).astype(dtype)


def write(target: str, image: Image, *, force: bool, extension: str = ".png") -> None:
    """The result of a job: into its file, or in the format of `extension` to standard output."""
    if target == STREAM:
        sys.stdout.buffer.write(encode(image, extension))
        sys.stdout.buffer.flush()
    else:
        imwrite(target, image, overwrite=force)


def to_8bit(image: Image, how: str | None) -> Image:
    """An image with 8 bits a channel, converted only in the way that was asked for.

    "shift" keeps the upper 8 of 16 bits, v >> 8. "range" maps the image's own smallest and largest value, over all
    channels, to 0 and 255 and what is between them linearly, (v - min) * 255 / (max - min) in float64, rounded to the
    nearest integer, halves to the even one; a constant image becomes 0. An 8-bit image stays as it is.
    """
    if image.dtype == np.uint8:
        return image
    deep = image.dtype == np.uint16
    if how is None:
        ways = "--to-8bit shift (the upper 8 bits) or --to-8bit range" if deep else "--to-8bit range"
        raise DtypeError(
            f"the image is {image.dtype} and uint8 is taken; convert it with {ways} (its min..max to 0..255)."
        )
    if how == "shift":
        if not deep:
            raise DtypeError(f"the image is {image.dtype} and --to-8bit shift takes 16-bit ones; use --to-8bit range.")
        return (image >> 8).astype(np.uint8)
    values = image.astype(np.float64)
    lowest, highest = float(values.min()), float(values.max())
    if not np.isfinite(highest - lowest):
        raise ArgumentError(
            "the image has NaN or infinite values, or too large ones; --to-8bit range takes finite ones."
        )
    values -= lowest
    values *= 255.0
    if highest > lowest:
        values /= highest - lowest
    return np.rint(values).astype(np.uint8)
