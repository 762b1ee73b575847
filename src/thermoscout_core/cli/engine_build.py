"""thermoscout engine build: a file made for TensorRT, an engine built of it, tested, kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from thermoscout_core.detection.engines.builder import Progress
    from thermoscout_core.detection.engines.cache import EngineCache
    from thermoscout_core.frames import Counts

Model = Annotated[
    Path | None, typer.Argument(metavar="MODEL", help="ONNX file; left out, the shipped one.")
]
Cache = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the engines; left out, $THERMOSCOUT_ENGINES or the user's cache."
    ),
]


class Precision(str, Enum):
    """What the convolutions compute in."""

    float32 = "float32"
    float16 = "float16"
    int8 = "int8"
    int8_float16 = "int8_float16"


def build(
    model: Model = None,
    precision: Annotated[
        Precision | None,
        typer.Option(help="Put this precision into the file first; left out, the file's own."),
    ] = None,
    with_preprocessing: Annotated[
        str | None,
        typer.Option(
            metavar="WIDTHxHEIGHT",
            help="Put gain control and resizing into the file first, for frames of that size.",
        ),
    ] = None,
    with_suppression: Annotated[
        bool,
        typer.Option(
            "--with-suppression",
            help="Put suppression (NMS) into the file first; measure whether it pays.",
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(help="The ONNX file made by these three; left out, in the cache's folder."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Dataset folder: frames of its train split calibrate int8 and test the engine "
            "(left out, simulated ones; for int8 real ones are far better)."
        ),
    ] = None,
    calibration_frames: Annotated[
        int, typer.Option(min=1, help="Frames that int8 is calibrated on.")
    ] = 64,
    calibration: Annotated[
        str, typer.Option(help="How int8 takes ranges: minmax, entropy or percentile.")
    ] = "percentile",
    calibrator: Annotated[
        bool,
        typer.Option(
            "--calibrator",
            help="With TensorRT 8 to 10: take its own int8 calibrator, on --data, instead of "
            "scales in the file (deprecated by NVIDIA, for comparison).",
        ),
    ] = False,
    batch: Annotated[
        str, typer.Option(metavar="LEAST,USUAL,MOST", help="Frames a run takes, where free.")
    ] = "1,1,1",
    workspace: Annotated[int, typer.Option(min=1, help="MiB that a layer may use.")] = 1024,
    dla: Annotated[
        int | None, typer.Option(min=0, help="Build for this deep-learning accelerator.")
    ] = None,
    tf32: Annotated[
        bool, typer.Option("--tf32", help="Let float32 products round their factors to 10 bits.")
    ] = False,
    level: Annotated[int, typer.Option(min=0, max=5, help="Optimisation level.")] = 3,
    compute_capability: Annotated[
        list[str] | None,
        typer.Option(
            help="With TensorRT for RTX: build for such a GPU (8.6) that isn't here; may be given "
            "again. Such an engine is tested when it is first loaded."
        ),
    ] = None,
    cache: Cache = None,
    force: Annotated[bool, typer.Option("--force", help="Build it again.")] = False,
) -> None:
    """Build an engine, test it against ONNX Runtime, and keep it.

    It belongs to this GPU and this version of TensorRT; after a change of either, or of the file,
    it is refused, and this command builds a new one.

    thermoscout engine build --precision float16 --with-preprocessing 640x512
    """
    from thermoscout_core.cli.sizes import parse_size
    from thermoscout_core.detection.detector import model_file
    from thermoscout_core.detection.engines.cache import EngineCache
    from thermoscout_core.detection.engines.calibrator import require_calibrator
    from thermoscout_core.detection.engines.making import make_engine
    from thermoscout_core.detection.engines.options import BuildOptions

    options = BuildOptions(
        batch=_batches(batch),
        workspace_mib=workspace,
        dla_core=dla,
        tf32=tf32,
        level=level,
        compute_capabilities=tuple(compute_capability or ()),
        calibrator=calibrator,
    )
    if calibrator:
        require_calibrator()
    engines = EngineCache(cache)
    source = model_file(model or "float32")
    size_px = None if with_preprocessing is None else parse_size(with_preprocessing)
    calibrated = calibrator or precision in (Precision.int8, Precision.int8_float16)
    number = calibration_frames if calibrated else 8
    frames = _frames(data, number)
    if precision is not None or size_px is not None or with_suppression:
        wanted = (precision or Precision.float32).value
        source = _deployed(
            source, output, wanted, size_px, frames, calibration, with_suppression, engines
        )
    with _progress() as progress:
        record, is_new = make_engine(
            source, options, frames, engines, force=force, progress=progress
        )
    convolutions = ", ".join(f"{n} {kind}" for kind, n in sorted(record.convolutions.items()))
    typer.echo(
        f"{'built in ' + str(record.build_s) + ' s' if is_new else 'already there'}: "
        f"{engines.plan_path(record)}, {record.plan_bytes / 1e6:.1f} MB, "
        f"{record.key.precision}, convolutions: {convolutions or 'not told'}"
    )
    if record.self_test is None:
        typer.echo("self-test: when it is first loaded, on the GPU that it is for")
    else:
        typer.echo(
            f"self-test: {record.self_test.detections} detections, scores within "
            f"{record.self_test.score:g}, boxes within {record.self_test.box_px:g} px"
        )
    typer.echo(f"to run it: model: {source}, runtime: tensorrt")


def _batches(text: str) -> tuple[int, int, int]:
    parts = text.split(",")
    if len(parts) != 3 or not all(part.strip().isdecimal() for part in parts):
        raise typer.BadParameter(f"--batch is least,usual,most, like 1,1,4, not '{text}'")
    least, usual, most = (int(part) for part in parts)
    return least, usual, most


def _frames(data: Path | None, number: int) -> list[Counts]:
    """Of the train split, or simulated."""
    from thermoscout_core.learning.data import open_dataset
    from thermoscout_core.simulation.dataset import example_frames

    if data is None:
        return example_frames(number)
    return open_dataset(data, "train").spread_frames(number)


def _deployed(
    source: Path,
    output: Path | None,
    precision: str,
    size_px: tuple[int, int] | None,
    frames: list[Counts],
    calibration: str,
    with_suppression: bool,
    engines: EngineCache,
) -> Path:
    """The ONNX file with precision, preprocessing and suppression inside."""
    from thermoscout_core.learning.deployment import deploy

    parts = [source.stem, precision]
    if size_px is not None:
        parts.append("{}x{}".format(*size_px))
    if with_suppression:
        parts.append("suppressed")
    path = output if output is not None else engines.folder / "models" / f"{'-'.join(parts)}.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    deploy(
        source,
        path,
        precision,
        size_px,
        frames,
        calibration,
        with_suppression=with_suppression,
    )
    return path


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar for each of TensorRT's phases; Ctrl-C stops the build at its next step."""
    import signal

    from rich.progress import Progress as Bars

    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    before = signal.signal(signal.SIGINT, stop)
    try:
        with Bars(transient=True) as bars:
            tasks = {}

            def told(phase: str, done: int, steps: int) -> bool:
                if phase not in tasks:
                    tasks[phase] = bars.add_task(phase, total=steps)
                bars.update(tasks[phase], completed=done)
                return not stopped

            yield told
    finally:
        signal.signal(signal.SIGINT, before)
    if stopped:
        raise typer.Abort
