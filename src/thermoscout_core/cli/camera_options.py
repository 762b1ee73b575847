"""Options that `thermoscout calibrate` and `thermoscout correct` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from thermoscout_core.frames import PlanckConstants

Planck = Annotated[
    str,
    typer.Option(
        metavar="R1,R2,B,F,O",
        help="The camera's Planck constants (FLIR files state them); left out: the SC660's.",
    ),
]
AmbientC = Annotated[
    float | None,
    typer.Option(min=-60.0, max=60.0, help="Air, °C, where the file has no such column."),
]
RelativeHumidity = Annotated[
    float | None, typer.Option(min=0.0, max=1.0, help="Humidity 0..1, likewise.")
]
Emissivity = Annotated[float | None, typer.Option(min=0.01, max=1.0, help="Likewise.")]
ReflectedC = Annotated[
    float | None,
    typer.Option(min=-100.0, max=300.0, help="Reflected apparent temperature, °C, likewise."),
]
TrustUnits = Annotated[
    bool, typer.Option("--trust-units", help="The file is in °C, unusual as its range looks.")
]


def planck_constants(text: str) -> PlanckConstants:
    """ "R1,R2,B,F,O" -> constants; "" -> the SC660's. Raises ConfigurationError otherwise."""
    from thermoscout_core.errors import ConfigurationError
    from thermoscout_core.frames import PlanckConstants

    if not text:
        return PlanckConstants()
    try:
        r1, r2, b_k, f, o = (float(number) for number in text.split(","))
    except ValueError:
        raise ConfigurationError(
            f"--planck {text}: give five numbers R1,R2,B,F,O, such as "
            "21106.77,0.012545258,1501,1,-7340"
        ) from None
    if min(r1, r2, b_k) <= 0:
        raise ConfigurationError(f"--planck {text}: R1, R2 and B must be above 0")
    return PlanckConstants(r1, r2, b_k, f, o)


def stated(
    ambient_c: float | None,
    relative_humidity: float | None,
    emissivity: float | None,
    reflected_c: float | None,
) -> dict[str, float]:
    """The options that were given, by input name."""
    given = {
        "air_c": ambient_c,
        "relative_humidity": relative_humidity,
        "emissivity": emissivity,
        "reflected_c": reflected_c,
    }
    return {name: value for name, value in given.items() if value is not None}
