"""The whole graph in one process on the simulated patrol: from counts to verdicts."""

from __future__ import annotations

from typing import Any

import pytest
from sensor_msgs.msg import Image
from thermoscout.msg import ThermalVerdicts

from thermoscout_nodes.bag_frames import Judged
from thermoscout_nodes.device_messages import stamp_key
from thermoscout_nodes.found_versus_truth import compare
from thermoscout_nodes.inspection import make_graph
from thermoscout_nodes.messages import message_to_verdicts
from thermoscout_nodes.qos import SENSOR_SUBSCRIBE, STANDARD

# the whole round in a few seconds, so that every fault is passed
HURRIED = "sim://patrol?seed=7&width=384&height=288&rate=5&hold=1.2"
PERIOD_S = 9 * 1.2


@pytest.fixture
def running(graph: Any, tmp_path: Any) -> Any:
    """The graph, spinning, with the parameters of a hurried patrol."""
    file = tmp_path / "parameters.yaml"
    file.write_text(
        f'/**/ir_camera: {{ros__parameters: {{url: "{HURRIED}"}}}}\n'
        '/**/laser_rangefinder: {ros__parameters: {url: "sim://patrol?seed=7&hold=1.2"}}\n'
    )
    options = {"context": graph.context, "cli_args": ["--ros-args", "--params-file", str(file)]}
    nodes = [graph.add(node) for node in make_graph(**options)]
    graph.spin_until(lambda: all(node.is_active for node in nodes))
    return graph, nodes


def test_faults_are_found_where_they_are(running: Any) -> None:
    graph, nodes = running
    verdicts = graph.listen(ThermalVerdicts, "verdicts", STANDARD)
    truths = graph.listen(ThermalVerdicts, "simulation/truth", STANDARD)

    def went_round() -> bool:
        stamps = [m.header.stamp.sec + m.header.stamp.nanosec * 1e-9 for m in verdicts]
        return bool(stamps) and stamps[-1] - stamps[0] > PERIOD_S

    graph.spin_until(went_round, deadline_s=60.0)
    true = {stamp_key(m.header): tuple(message_to_verdicts(m)) for m in truths}
    comparison = compare(
        Judged(stamp_key(m.header), tuple(message_to_verdicts(m)), true.get(stamp_key(m.header)))
        for m in verdicts
    )
    faults = [item for item in comparison.equipment if item.true_severity.is_fault]
    assert len(faults) >= 5
    recognised = [item for item in faults if not item.is_missed_fault]
    assert len(recognised) >= len(faults) / 2, comparison.summary()
    for node in nodes:
        assert node.diagnostics.total("callback_errors") == 0, node.diagnostics.last_error


def test_every_verdict_belongs_to_a_frame_that_was_sent(running: Any) -> None:
    graph, _ = running
    images = graph.listen(Image, "thermal/image_raw", SENSOR_SUBSCRIBE)
    verdicts = graph.listen(ThermalVerdicts, "verdicts", STANDARD)
    graph.spin_until(lambda: len(verdicts) >= 10)
    sent = {stamp_key(image.header) for image in images}
    judged = [stamp_key(message.header) for message in verdicts]
    assert set(judged[2:]) <= sent
    assert judged == sorted(set(judged))


def test_pictures_are_made_while_somebody_looks(running: Any) -> None:
    graph, _ = running
    overlays = graph.listen(Image, "overlay", SENSOR_SUBSCRIBE)
    temperatures = graph.listen(Image, "thermal/temperature", SENSOR_SUBSCRIBE)
    graph.spin_until(lambda: overlays and temperatures)
    assert (overlays[0].width, overlays[0].height) == (384, 288)
    assert temperatures[0].encoding == "32FC1"
