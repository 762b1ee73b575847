"""What the thermographer knows beside the pictures: site, people, instrument, load, weather.

Thermoscout can't measure these. They come from a YAML file; what is missing there is stated as
unknown in the report.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thermoscout_core.diagnosis.conditions import MeasuringConditions
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.results import ImageRecord

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Celsius = Annotated[float, Field(ge=-90, le=100)]


class Circumstances(BaseModel):
    """Of one image, or of all. None and "" mean unknown.

    visible: a picture of the same view in visible light, relative to the YAML file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    equipment: str = Field(default="", description="Name or number of the equipment.")
    weather: str = ""
    wind_m_s: NotNegative | None = None
    air_c: Celsius | None = None
    relative_humidity: Share | None = Field(default=None, description="0..1")
    load_a: NotNegative | None = None
    rated_load_a: Positive | None = None
    precipitation: bool | None = Field(default=None, description="Rain, snow or fog.")
    direct_sun: bool | None = None
    visible: Path | None = None
    remark: str = ""

    @property
    def load_share(self) -> float | None:
        """Load current over rated current."""
        if self.load_a is None or self.rated_load_a is None:
            return None
        return self.load_a / self.rated_load_a


class Details(Circumstances):
    """Of the whole inspection; ``images`` says by image id what differs there."""

    site: str = ""
    voltage: str = Field(default="", description="Voltage class, such as 220 kV.")
    inspector: str = ""
    checker: str = ""
    instrument: str = Field(default="", description="Make and model; empty takes the files'.")
    serial_number: str = ""
    images: dict[str, Circumstances] = {}

    def of(self, image: ImageRecord) -> Circumstances:
        """What holds for one image: its own entry, then the inspection's, then what the
        thermogram itself or the options of ``inspect`` state."""
        return self._known_of(
            image.id,
            {
                "air_c": image.scene.air_c,
                "relative_humidity": image.scene.relative_humidity,
            },
        )

    def conditions_of(self, image_id: str) -> MeasuringConditions:
        """What of it an image is judged by."""
        known = self._known_of(image_id, {})

        def number(value: float | None) -> float:
            return math.nan if value is None else value

        return MeasuringConditions(
            air_c=number(known.air_c),
            relative_humidity=number(known.relative_humidity),
            wind_m_s=number(known.wind_m_s),
            load_share=number(known.load_share),
            direct_sun=known.direct_sun,
            precipitation=known.precipitation,
        )

    def _known_of(self, image_id: str, known: dict[str, Any]) -> Circumstances:
        """known: what goes last."""
        for source in (self, self.images.get(image_id)):
            if source is not None:
                stated = source.model_dump(include=set(Circumstances.model_fields))
                known |= {name: value for name, value in stated.items() if value not in (None, "")}
        return Circumstances.model_validate(known)


def read_details(path: Path) -> Details:
    """Read the YAML file. Raises ConfigurationError naming the file and the key that is wrong."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        details = Details.model_validate(content or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: no readable YAML file: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "file"
        raise ConfigurationError(
            f"{path}: {key}: {first['msg']}; docs/report.md lists the keys"
        ) from error
    return _with_pictures_beside(details, path.parent)


def _with_pictures_beside(details: Details, folder: Path) -> Details:
    def moved(one: Circumstances) -> dict[str, Path]:
        return {} if one.visible is None else {"visible": folder / one.visible}

    images = {name: one.model_copy(update=moved(one)) for name, one in details.images.items()}
    return details.model_copy(update={**moved(details), "images": images})
