"""thermoscout engine: TensorRT engines of a detector, built, listed, tested, timed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from thermoscout_core.cli.engine_build import Cache, Model, build

engine = typer.Typer(
    no_args_is_help=True,
    help="TensorRT engines of a detector: what an NVIDIA GPU runs. Build one on the machine that "
    "runs it, then set the detector's parameters model and runtime: tensorrt.",
)

engine.command()(build)


@engine.command("list")
def list_(cache: Cache = None) -> None:
    """List the engines that are kept, newest first."""
    from thermoscout_core.detection.engines.cache import EngineCache

    engines = EngineCache(cache)
    records = engines.records()
    if not records:
        typer.echo(f"no engines in {engines.folder}")
        return
    for record in records:
        made_for = record.key.environment
        convolutions = ", ".join(f"{n} {kind}" for kind, n in sorted(record.convolutions.items()))
        tested = "at first load" if record.self_test is None else record.self_test.when
        typer.echo(
            f"{record.name}, {record.key.precision}, {record.plan_bytes / 1e6:.1f} MB\n"
            f"  file {record.key.model_sha256[:12]}, {', '.join(record.key.flags)}\n"
            f"  for GPU {made_for.gpu}, compute capability {made_for.compute_capability}, "
            f"{made_for.library} {made_for.version}\n"
            f"  convolutions: {convolutions or 'not told'}\n"
            f"  built {record.built}, tested {tested}"
        )


@engine.command()
def verify(model: Model = None, cache: Cache = None) -> None:
    """Load a model's engine as the detector would, and test it against ONNX Runtime's answer."""
    from thermoscout_core.detection.detector import model_file
    from thermoscout_core.detection.engines.cache import EngineCache
    from thermoscout_core.detection.engines.opening import open_engine

    path = model_file(model or "float32")
    opened = open_engine(path, EngineCache(cache))
    try:
        typer.echo(f"{opened.name}: fits this machine, loads, and passes its self-test")
    finally:
        opened.close()


@engine.command()
def bench(
    model: Model = None,
    runtime: Annotated[str, typer.Option(help="What runs it; see docs/bench.md.")] = "tensorrt",
    frame_size: Annotated[
        str, typer.Option(metavar="WIDTHxHEIGHT", help="Of the camera's frames.")
    ] = "640x512",
    repeats: Annotated[int, typer.Option(min=10, help="Timed frames.")] = 500,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads, where the CPU computes.")] = 2,
    output: Annotated[Path | None, typer.Option(help="The JSON file to write.")] = None,
) -> None:
    """Time the detector on this machine: network alone, counts to detections, CPU, power.

    One JSON that says it all; please send the one of your Jetson back (docs/jetson_tensorrt.md).

    thermoscout engine bench detector-float16-640x512.onnx --output jetson.json
    """
    import json

    from rich.progress import Progress

    from thermoscout_core.atomic import write_bytes
    from thermoscout_core.bench.deployment import measure_deployment
    from thermoscout_core.cli.sizes import parse_size
    from thermoscout_core.detection.detector import Detector
    from thermoscout_core.simulation.dataset import example_frames

    detector = Detector.load(model, runtime=runtime, threads=threads)
    try:
        with Progress(transient=True) as progress:
            task = progress.add_task("frames", total=2 * repeats)
            record = measure_deployment(
                detector,
                example_frames(4, parse_size(frame_size)),
                repeats,
                warm_up=min(20, repeats),
                told=lambda done: progress.update(task, completed=done),
            )
    finally:
        detector.close()
    text = json.dumps(record, indent=2, ensure_ascii=False)
    typer.echo(text)
    if output is not None:
        write_bytes(output, text.encode() + b"\n")
