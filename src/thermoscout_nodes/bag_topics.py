"""Which topics of a bag are played, under which names, and why the others aren't."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from rclpy.qos import QoSProfile

from thermoscout_nodes.bag_source import BagSource
from thermoscout_nodes.message_definitions import InstalledTypes
from thermoscout_nodes.qos import LATCHED, SENSOR_PUBLISH

NOT_PLAYED = ("/clock", "/rosout", "/parameter_events", "/diagnostics")
LIFECYCLE_EVENT = "lifecycle_msgs/msg/TransitionEvent"


@dataclass(frozen=True)
class PlayedTopic:
    """recorded: its name in the bag. relative: the name that it is played under."""

    recorded: str
    relative: str
    message_type: Any
    qos: QoSProfile


@dataclass
class Choice:
    """skipped: recorded name -> why a topic can't be played."""

    played: list[PlayedTopic] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


def prefix_of(recorded_namespace: str) -> str:
    """A namespace -> what the names of its topics begin with."""
    return f"/{recorded_namespace.strip('/')}/".replace("//", "/")


def choose_topics(
    bag: BagSource, prefix: str, resolve: Callable[[str], str], said: Collection[str]
) -> Choice:
    """Every input of a bag. resolve: a relative name -> the full one here. said: full names that
    the graph says itself."""
    choice, types = Choice(), InstalledTypes()
    for topic in bag.topics.values():
        relative = topic.name.removeprefix(prefix)
        is_ours = resolve(relative) in said or topic.type_name == LIFECYCLE_EVENT
        if is_ours or topic.name in NOT_PLAYED:
            continue
        if problem := types.problem_with(topic.type_name, topic.definition):
            choice.skipped[topic.name] = problem
            continue
        package, _, type_name = topic.type_name.split("/")
        message_type = getattr(import_module(f"{package}.msg"), type_name)
        qos = LATCHED if topic.latched else SENSOR_PUBLISH
        choice.played.append(PlayedTopic(topic.name, relative, message_type, qos))
    return choice
