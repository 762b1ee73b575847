"""The parameters of every node: one table each. docs/parameters.md and config/inspection.yaml are
written from here by ``python -m thermoscout_nodes.parameter_files``."""

from __future__ import annotations

from thermoscout_nodes.parameter_tables.bags import BAG_PLAYER, BAG_RECORDER, FOXGLOVE_SERVER
from thermoscout_nodes.parameter_tables.devices import IR_CAMERA, LASER_RANGEFINDER
from thermoscout_nodes.parameter_tables.flow import DETECTOR, FAULT_JUDGE, TEMPERATURE_CORRECTION
from thermoscout_nodes.parameters import Table

TABLES: dict[str, Table] = {
    "ir_camera": IR_CAMERA,
    "laser_rangefinder": LASER_RANGEFINDER,
    "detector": DETECTOR,
    "temperature_correction": TEMPERATURE_CORRECTION,
    "fault_judge": FAULT_JUDGE,
    "bag_recorder": BAG_RECORDER,
    "bag_player": BAG_PLAYER,
    "foxglove_server": FOXGLOVE_SERVER,
}
"""Node name -> its table."""
