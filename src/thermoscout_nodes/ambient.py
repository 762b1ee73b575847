"""The air as topics state it: temperature and humidity, each with its stamp."""

from __future__ import annotations

import math

from sensor_msgs.msg import RelativeHumidity, Temperature

from thermoscout_core.frames import ObjectParameters
from thermoscout_nodes.device_messages import to_seconds
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.qos import SENSOR_SUBSCRIBE

Sample = tuple[float, float]
"""Stamp in seconds and value: °C, or humidity 0..1."""


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
