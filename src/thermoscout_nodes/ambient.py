"""The air as topics state it, and the other conditions as the judge's parameters do."""

from __future__ import annotations

import math
from typing import Any

from sensor_msgs.msg import RelativeHumidity, Temperature

from thermoscout_core.diagnosis.conditions import MeasuringConditions
from thermoscout_core.frames import ObjectParameters
from thermoscout_nodes.device_messages import to_seconds
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.qos import SENSOR_SUBSCRIBE

_SAID = {"yes": True, "no": False}

Sample = tuple[float, float]
"""Stamp in seconds and value: °C, or humidity 0..1."""


def measuring_conditions(air: ObjectParameters, parameters: Any) -> MeasuringConditions:
    """What the judge knows of a measurement; NaN and None for what nobody states."""
    wind_m_s, load_share = parameters["wind_speed"], parameters["load_share"]
    return MeasuringConditions(
        air_c=air.air_c,
        relative_humidity=air.relative_humidity,
        wind_m_s=wind_m_s if wind_m_s >= 0 else math.nan,
        load_share=load_share if load_share >= 0 else math.nan,
        direct_sun=_SAID.get(parameters["direct_sun"]),
        precipitation=_SAID.get(parameters["precipitation"]),
    )


class AmbientAir:
    """Hears ambient/temperature and ambient/humidity for a node. What is no temperature and no
    humidity isn't heard."""

    def __init__(self) -> None:
        self.temperature: Sample | None = None
        self.humidity: Sample | None = None

    def subscribe(self, node: ManagedNode) -> None:
        node.subscribe(Temperature, "ambient/temperature", self._on_temperature, SENSOR_SUBSCRIBE)
        node.subscribe(RelativeHumidity, "ambient/humidity", self._on_humidity, SENSOR_SUBSCRIBE)

    def clear(self) -> None:
        self.temperature = self.humidity = None

    def at(self, stamp_s: float, max_age_s: float) -> ObjectParameters:
        """What is fresh at a stamp; NaN for the rest."""

        def fresh(sample: Sample | None) -> float:
            known = sample is not None and abs(stamp_s - sample[0]) <= max_age_s
            return sample[1] if sample is not None and known else math.nan

        return ObjectParameters(
            air_c=fresh(self.temperature), relative_humidity=fresh(self.humidity)
        )

    def _on_temperature(self, message: Temperature) -> None:
        if math.isfinite(message.temperature):
            self.temperature = to_seconds(message.header.stamp), message.temperature

    def _on_humidity(self, message: RelativeHumidity) -> None:
        if 0 <= message.relative_humidity <= 1:
            self.humidity = to_seconds(message.header.stamp), message.relative_humidity
