"""The node that plays a bag to the graph in its process: the same bag gives the same verdicts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rclpy.clock import Clock, ClockType
from rosgraph_msgs.msg import Clock as ClockMessage
from thermoscout.msg import ThermalVerdicts

from thermoscout_core.errors import ConfigurationError
from thermoscout_nodes.bag_pace import Pace
from thermoscout_nodes.bag_progress import Awaited, Played
from thermoscout_nodes.bag_source import NS, BagMessage, BagSource, stamp_in
from thermoscout_nodes.bag_topics import choose_topics, prefix_of
from thermoscout_nodes.diagnostics import OK, WARN, Status
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.parameter_tables.bags import BAG_PLAYER
from thermoscout_nodes.qos import STANDARD

IMAGES = "thermal/image_raw"
VERDICTS = "verdicts"
PACED_TICK_S = 0.005
UNPACED_TICK_S = 0.25
"""So often time is told and a frame without verdicts is noticed; messages themselves need no tick
where nothing holds them back."""

HANDLED_TIMEOUT_S = 2.0


class BagPlayer(ManagedNode):
    """Plays the inputs of a bag one by one: each message is handled by every listener, and each
    frame has its verdicts, before the next one comes. So nothing depends on the machine's speed.

    listeners: the graph's nodes, in this process and on the same executor. What they say
    themselves isn't played. answered(data): gets each frame's verdicts, serialised, when set.
    """

    def __init__(self, listeners: Sequence[ManagedNode] = (), **options: Any) -> None:
        super().__init__("bag_player", BAG_PLAYER, **options)
        self._listeners = listeners
        self._bag: BagSource | None = None
        self._talkers: dict[str, Any] = {}
        self._awaited: Awaited | None = None
        self._next: BagMessage | None = None
        self._timer: Any = None
        self.played = Played()
        self.answered: Callable[[bytes], None] | None = None

    def configure(self) -> None:
        p = self.parameters
        if not p["bag"]:
            raise ConfigurationError("no bag was given; set the parameter bag to a bag's folder")
        if waiting := [node.get_name() for node in self._listeners if not node.is_active]:
            raise ConfigurationError(f"{', '.join(waiting)} can't take part yet; see the log")
        self._bag = bag = BagSource(Path(p["bag"]))
        self.diagnostics.hardware_id = p["bag"]
        self._images_topic = self.resolve_topic_name(IMAGES)
        self._choose_topics(bag, p["recorded_namespace"])
        self._time = self.create_publisher(ClockMessage, "/clock", STANDARD)
        self.subscribe(ThermalVerdicts, VERDICTS, self._on_verdicts, STANDARD, raw=True)
        self.diagnostics.add_task("bag", self._bag_status)

    def activate(self) -> None:
        p = self.parameters
        self._pace = Pace(p["rate"], p["paused"])
        self._seek(p["position"])
        step = self.guarded(self._step, "step")
        for node in (self, *self._listeners):
            node.after_message = step
        self._set_tick()

    def deactivate(self) -> None:
        self.destroy_timer(self._timer)
        self._timer = self._awaited = None
        self.after_message = None
        for node in self._listeners:
            node.after_message = None

    def release(self) -> None:
        self._talkers.clear()
        self._messages: Iterator[BagMessage] = iter(())
        self._next = None
        self.diagnostics.remove_task("bag")
        if self._bag is not None:
            self._bag.close()
            self._bag = None
            self.destroy_publisher(self._time)

    def parameters_changed(self, names: set[str]) -> None:
        p = self.parameters
        if not self.is_active:
            return
        if "position" in names:
            self._seek(p["position"])
        if names & {"rate", "paused"}:
            self._pace.change(p["rate"], p["paused"], self.played.position_s)
            self._set_tick()

    # What is played

    def _choose_topics(self, bag: BagSource, recorded_namespace: str) -> None:
        said = set().union(*(node.published_topics for node in self._listeners))
        prefix = prefix_of(recorded_namespace)
        choice = choose_topics(bag, prefix, self.resolve_topic_name, said)
        for name, problem in choice.skipped.items():
            self.get_logger().warning(f"{name} isn't played: {problem}")
        self.played.skipped.update(choice.skipped)
        for topic in choice.played:
            talker = self.advertise(topic.message_type, topic.relative, topic.qos)
            self._talkers[topic.recorded] = talker
        if not any(talker.topic_name == self._images_topic for talker in self._talkers.values()):
            images = [t.name for t in bag.topics.values() if t.type_name.endswith("/Image")]
            raise ConfigurationError(
                f"{bag.path} has no {prefix}{IMAGES} to play; its images are on "
                f"{', '.join(images) or 'no topic'}. Give recorded_namespace, or remap one: "
                f"--ros-args -r /their/images:={IMAGES}"
            )

    def _seek(self, position_s: float) -> None:
        assert self._bag is not None
        self._pace.seek(position_s)
        self._awaited = None
        start_ns = self._bag.start_ns + round(position_s * NS)
        self._messages = self._bag.messages(list(self._talkers), start_ns)
        self._next = next(self._messages, None)

    # Playing

    def _tick(self) -> None:
        """Time passes also where the bag holds no message."""
        if self._bag is None:
            return
        at_s = self._pace.bag_s
        if not self._pace.paused and self._pace.rate and self._awaited is None and self._next:
            self._tell_time(min(self._bag.start_ns + round(at_s * NS), self._next.time_ns))
        self._step()

    def _set_tick(self) -> None:
        if self._timer is not None:
            self.destroy_timer(self._timer)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        period_s = PACED_TICK_S if self._pace.rate else UNPACED_TICK_S
        self._timer = self.create_timer(period_s, self.guarded(self._tick, "tick"), clock=steady)

    def _step(self) -> None:
        while self.is_active and self._bag is not None and self._all_is_handled():
            message = self._next
            if message is None:
                self._end()
                return
            if not self._all_listen() or not self._pace.is_due(self._seconds(message)):
                return
            self._next = next(self._messages, None)
            self._play(message)

    def _play(self, message: BagMessage) -> None:
        talker = self._talkers[message.topic]
        self.played.position_s = self._seconds(message)
        self._tell_time(message.time_ns)
        topic = talker.topic_name
        listening = [node for node in self._listeners if topic in node.heard_topics]
        heard = [(node, node.heard[topic] + 1) for node in listening]
        now_s = time.monotonic()
        self._awaited = Awaited(topic, heard, now_s + HANDLED_TIMEOUT_S)
        if topic == self._images_topic:
            self.played.frames += 1
            self._awaited.heard = []
            self._awaited.verdicts, self._awaited.image = stamp_in(message.data), message.data
            self._awaited.until_s = now_s + self.parameters["answer_timeout"]
        self.diagnostics.count("messages")
        talker.publish(message.data)

    def _all_listen(self) -> bool:
        """Whether every listener's subscription is connected, so that nothing goes astray."""
        for talker in self._talkers.values():
            topic = talker.topic_name
            expected = sum(topic in node.heard_topics for node in self._listeners)
            if talker.get_subscription_count() < expected:
                return False
        return True

    def _all_is_handled(self) -> bool:
        awaited = self._awaited
        if awaited is None or awaited.has_come():
            self._awaited = None
            return True
        if time.monotonic() < awaited.until_s:
            return False
        self._give_up(awaited)
        return self._awaited is None

    def _give_up(self, awaited: Awaited) -> None:
        """An image that has no verdicts is sent once more; then the bag goes on without."""
        if awaited.image:
            self._awaited = Awaited(
                awaited.topic,
                [],
                time.monotonic() + self.parameters["answer_timeout"],
                awaited.verdicts,
            )
            talker = next(t for t in self._talkers.values() if t.topic_name == awaited.topic)
            talker.publish(awaited.image)
            return
        self._awaited = None
        if awaited.verdicts is not None:
            self.played.unanswered += 1
            self.diagnostics.bad_frame(f"no verdicts for the frame of {awaited.verdicts}")
        else:
            self.diagnostics.bad_frame(f"a message on {awaited.topic} wasn't handled")

    def _on_verdicts(self, data: bytes) -> None:
        awaited = self._awaited
        if awaited is None or awaited.verdicts is None or stamp_in(data) != awaited.verdicts:
            return
        self._awaited = None
        self.played.answered += 1
        self.played.digest.update(data)
        if self.answered is not None:
            self.answered(data)

    def _end(self) -> None:
        at_end = self.parameters["at_end"]
        self.played.complete = True
        if at_end == "loop":
            self._seek(0.0)
        elif at_end == "stop":
            self.finished = True

    def _tell_time(self, time_ns: int) -> None:
        message = ClockMessage()
        message.clock.sec, message.clock.nanosec = divmod(time_ns, NS)
        self._time.publish(message)

    def _seconds(self, message: BagMessage) -> float:
        assert self._bag is not None
        return (message.time_ns - self._bag.start_ns) / NS

    def _bag_status(self) -> Status:
        bag, played = self._bag, self.played
        assert bag is not None
        values = {
            "position_s": f"{played.position_s:.3f}",
            "length_s": f"{(bag.end_ns - bag.start_ns) / NS:.3f}",
            "frames": str(played.frames),
            "without_verdicts": str(played.unanswered),
            **{f"not_played {topic}": why for topic, why in played.skipped.items()},
        }
        if played.unanswered or played.skipped:
            return Status(WARN, "playing, but not all of it was used", values)
        return Status(OK, "paused" if self._pace.paused else "playing", values)
