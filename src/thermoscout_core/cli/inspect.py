"""thermoscout inspect: from thermogram files to verdicts, results.json and a report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from thermoscout_core.diagnosis.conditions import MeasuringConditions
    from thermoscout_core.frames import ObjectParameters
    from thermoscout_core.history.recorder import PatrolRecorder
    from thermoscout_core.inspection import Inspector, NamedInspection
    from thermoscout_core.reporting.details import Details
    from thermoscout_core.thermograms import ThermogramFile

_INTERRUPTED = 130


def inspect(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Thermogram files, folders, dataset folders."),
    ],
    output: Annotated[Path, typer.Option(help="Folder for results.json, report and pictures.")],
    split: Annotated[
        str | None, typer.Option(help="Of dataset folders, only splits/NAME.txt.", metavar="NAME")
    ] = None,
    score_threshold: Annotated[
        float | None, typer.Option(help="Leave out detections below it, 0..1.", metavar="F")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="Detector (ONNX file), or float32, int8 (the default), small."),
    ] = None,
    looks: Annotated[
        int | None,
        typer.Option(
            help="How often each frame is looked at: 1; 2: also as its mirror image; 12: also "
            "closer and from further away. More finds more, in as many times the network's time. "
            "Left out: as often as the model can.",
            metavar="1|2|12",
        ),
    ] = None,
    rules: Annotated[
        str | None,
        typer.Option(
            help="Rule set: a shipped one (`thermoscout rules list`), or a YAML file.",
            metavar="NAME|FILE",
        ),
    ] = None,
    correction: Annotated[
        Path | None, typer.Option(help="Correction network (.npz) of `thermoscout calibrate`.")
    ] = None,
    distance: Annotated[
        float | None, typer.Option(help="Distance to the equipment, m.", min=0, metavar="M")
    ] = None,
    emissivity: Annotated[
        float | None, typer.Option(help="Emissivity, 0..1.", min=0.01, max=1)
    ] = None,
    air: Annotated[float | None, typer.Option(help="Air temperature, °C.")] = None,
    humidity: Annotated[
        float | None, typer.Option(help="Relative humidity, 0..1.", min=0, max=1)
    ] = None,
    reflected: Annotated[
        float | None, typer.Option(help="Reflected apparent temperature, °C.")
    ] = None,
    details: Annotated[
        Path | None,
        typer.Option(
            metavar="YAML",
            help="Load, weather, site, people: verdicts and report take them. docs/report.md "
            "lists the keys.",
        ),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report/--no-report", help="Pictures and report.html.")
    ] = True,
    history: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write everything into this history file, too."),
    ] = None,
    waypoint: Annotated[
        str,
        typer.Option(
            help="Where the pictures were taken, for the history: equipment is known again by it. "
            "{folder} and {stem} stand for the picture's folder and name.",
            metavar="NAME",
        ),
    ] = "",
) -> None:
    """Find equipment in thermograms, read its temperature, judge it, and write a report.

    Ends with 0 also when some files were bad (they are listed), with 1 when all were; Ctrl-C
    keeps what was done.
    """
    from thermoscout_core.errors import HistoryError
    from thermoscout_core.inspection import Inspector
    from thermoscout_core.reporting.composition import ReportOptions
    from thermoscout_core.reporting.details import Details, read_details
    from thermoscout_core.reporting.report import ReportWriter
    from thermoscout_core.results import run_results
    from thermoscout_core.thermograms import find_thermograms

    known = read_details(details) if details else Details()
    files = find_thermograms(paths, split)
    inspector = Inspector.default(model, score_threshold, rules, correction, looks)
    writer = ReportWriter(output)
    scene = _scene(emissivity, reflected, air, humidity, distance)
    recorder = _recorder(history, inspector, output.name) if history else None
    complete, not_recorded = True, None
    try:
        for named in _inspect_all(files, inspector, scene, known):
            writer.add(named, report)
            if recorder is not None:
                _record(recorder, named, waypoint)
    except KeyboardInterrupt:
        complete = False
    except HistoryError as error:
        complete, not_recorded = False, error
    finally:
        if recorder is not None:
            recorder.close()
    results = run_results(inspector, writer.records, complete)
    page = writer.finish(results, ReportOptions(details=known), page=report)

    from thermoscout_core.cli.summary import print_summary

    print_summary(results, output, page if report else None)
    if not_recorded is not None:
        raise not_recorded
    if not complete:
        typer.secho(
            f"stopped after {len(writer.records)} of {len(files)} images",
            fg=typer.colors.YELLOW,
            err=True,
        )
        raise typer.Exit(_INTERRUPTED)
    if all(record.error for record in writer.records):
        raise typer.Exit(1)


def _scene(
    emissivity: float | None,
    reflected_c: float | None,
    air_c: float | None,
    relative_humidity: float | None,
    distance_m: float | None,
) -> ObjectParameters:
    """The options as object parameters; those not given stay unknown."""
    from thermoscout_core.frames import ObjectParameters

    given = {
        "emissivity": emissivity,
        "reflected_c": reflected_c,
        "air_c": air_c,
        "relative_humidity": relative_humidity,
        "distance_m": distance_m,
    }
    return ObjectParameters(**{name: value for name, value in given.items() if value is not None})


def _recorder(path: Path, inspector: Inspector, name: str) -> PatrolRecorder:
    from thermoscout_core.history.recorder import PatrolInfo, PatrolRecorder

    info = PatrolInfo(name, model=inspector.model_id, rules=inspector.rules_id)
    return PatrolRecorder(path, info)


def _record(recorder: PatrolRecorder, named: NamedInspection, waypoint: str) -> None:
    from thermoscout_core.history.recorder import FrameRecord

    if named.inspection is None:
        return
    path = Path(named.file).resolve()
    place = waypoint.replace("{folder}", path.parent.name).replace("{stem}", path.stem)
    recorder.record(FrameRecord.of_photo(named.inspection, str(path), place))


def _inspect_all(
    files: Iterable[ThermogramFile],
    inspector: Inspector,
    scene: ObjectParameters,
    details: Details,
) -> Iterator[NamedInspection]:
    from rich.console import Console
    from rich.progress import track

    # on stderr, so that the summary on stdout can be piped
    for file in track(list(files), "Inspecting", console=Console(stderr=True)):
        conditions = details.conditions_of(file.id)
        yield _inspected(file, inspector, _with_air(conditions).or_else(scene), conditions)


def _with_air(conditions: MeasuringConditions) -> ObjectParameters:
    """The air of the details goes before options and files, as in the report."""
    from thermoscout_core.frames import ObjectParameters

    return ObjectParameters(air_c=conditions.air_c, relative_humidity=conditions.relative_humidity)


def _inspected(
    file: ThermogramFile,
    inspector: Inspector,
    scene: ObjectParameters,
    conditions: MeasuringConditions,
) -> NamedInspection:
    """One file -> its inspection; a bad file becomes a record with an error, not an end."""
    from thermoscout_core.errors import FrameError, ThermogramError
    from thermoscout_core.inspection import NamedInspection
    from thermoscout_core.thermograms import read_thermogram

    try:
        frame = read_thermogram(file.path, file.scale)
        known = replace(frame.radiometry, scene=scene.or_else(frame.radiometry.scene))
        frame = replace(frame, radiometry=known)
        inspection = inspector.inspect(frame, conditions=conditions)
    except (ThermogramError, FrameError) as error:
        return NamedInspection(file.id, str(file.path), None, str(error))
    return NamedInspection(file.id, str(file.path), inspection)
