"""The node of the detector: equipment in each frame that it has time for."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sensor_msgs.msg import Image
from vision_msgs.msg import Detection2DArray, LabelInfo

from thermoscout_core.detection.detector import ROBOT_MODEL, Detector, StageTimes
from thermoscout_core.detections import Detection
from thermoscout_core.errors import FrameError
from thermoscout_core.frames import Counts
from thermoscout_nodes.device_messages import stamp_key
from thermoscout_nodes.diagnostics import OK, WARN, Status
from thermoscout_nodes.images import image_to_counts
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.messages import detections_to_message, label_info
from thermoscout_nodes.parameter_tables.flow import DETECTOR
from thermoscout_nodes.parameters import names_of
from thermoscout_nodes.process import run
from thermoscout_nodes.qos import LATCHED, SENSOR_SUBSCRIBE, STANDARD
from thermoscout_nodes.trusted_files import verified
from thermoscout_nodes.workers import LatestWorker


@dataclass(frozen=True)
class _Job:
    image: Image
    counts: Counts
    taken_s: float


@dataclass(frozen=True)
class _Found:
    detections: list[Detection]
    times: StageTimes
    waited_s: float
    done_s: float


class DetectorNode(ManagedNode):
    """Detects the latest frame in a worker thread; publishes also when nothing is found."""

    def __init__(self, **options: Any) -> None:
        super().__init__("detector", DETECTOR, **options)
        self._worker: LatestWorker[_Job, _Found] | None = None
        self._detector: Detector | None = None

    def configure(self) -> None:
        p = self.parameters
        self._detector = Detector.load(
            self._model_file(),
            score_threshold=p["score_threshold"] or None,
            iou_threshold=p["iou_threshold"] or None,
            max_detections=p["max_detections"],
            threads=p["threads"],
            runtime=p["runtime"],
            looks=p["looks"] or None,
            fallbacks=names_of(p["fallback_runtimes"]),
        )
        self._tell_runtime()
        self._own_threshold = self._detector.score_threshold
        if p["score_threshold"]:
            self._own_threshold = p["score_threshold"]
        self.diagnostics.hardware_id = self._detector.model_id
        self._detections = self.advertise(Detection2DArray, "detections", STANDARD)
        self._label_info = self.advertise(LabelInfo, "label_info", LATCHED)
        self.subscribe(Image, "thermal/image_raw", self._on_image, SENSOR_SUBSCRIBE, vital=True)

    def _model_file(self) -> str | None:
        """The one that was asked for, else the shipped one for robots: the quickest."""
        p = self.parameters
        on_a_gpu = "tensorrt" in p["runtime"] + p["fallback_runtimes"]
        return verified(p["model"]) or (None if on_a_gpu else ROBOT_MODEL)

    def activate(self) -> None:
        self._worker = LatestWorker(
            "detector worker", self.inbox, self._detect, self._publish, self._failed, self._dropped
        )
        self._tell_labels()

    def deactivate(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def release(self) -> None:
        self.deactivate()
        self.diagnostics.remove_task("runtime")
        detector, self._detector = self._detector, None
        if detector is not None:
            detector.close()

    def parameters_changed(self, names: set[str]) -> None:
        detector = self._detector
        if "score_threshold" in names and detector is not None:
            threshold = self.parameters["score_threshold"] or self._own_threshold
            detector.selection = replace(detector.selection, score_threshold=threshold)
            self._tell_labels()

    def _tell_runtime(self) -> None:
        """What runs the network, in the log and on /diagnostics; a fallback is a warning."""
        assert self._detector is not None
        name, reasons = self._detector.backend.name, self._detector.fallback_reasons
        if reasons:
            level, sentence = WARN, f"fallback {name}, for {'; '.join(reasons)}"
            self.get_logger().warning(sentence)
        else:
            level, sentence = OK, name
            self.get_logger().info(f"the network runs in {name}")
        status = Status(level, sentence, {"runtime": name})
        self.diagnostics.add_task("runtime", lambda: status)

    def _tell_labels(self) -> None:
        assert self._detector is not None
        message = label_info(self._detector.classes, self._detector.score_threshold)
        message.header.stamp = self.get_clock().now().to_msg()
        self._label_info.publish(message)

    def _on_image(self, message: Image) -> None:
        self.diagnostics.count("frames")
        try:
            counts = image_to_counts(message)
        except FrameError as error:
            self.diagnostics.bad_frame(str(error))
            return
        if self._worker is not None:
            self._worker.offer(_Job(message, counts, time.perf_counter()))

    def _detect(self, job: _Job) -> _Found:
        """In the worker's thread."""
        begun_s = time.perf_counter()
        assert self._detector is not None
        stamp = stamp_key(job.image.header)
        begins = partial(self.handover.progress.begin, stamp)
        detections = self._detector.detect(job.counts, begins)
        return _Found(detections, self._detector.times, begun_s - job.taken_s, time.perf_counter())

    def _publish(self, job: _Job, found: _Found) -> None:
        if not self.is_active:
            return
        header = job.image.header
        message = detections_to_message(found.detections, header)
        report = self.diagnostics
        report.count("processed")
        report.count("detections", len(found.detections))
        report.latency("waiting", found.waited_s)
        report.latency("preprocess", found.times.preprocess_s)
        report.latency("network", found.times.network_s)
        report.latency("postprocess", found.times.postprocess_s)
        report.latency("handing_over", time.perf_counter() - found.done_s)
        report.latency("total", time.perf_counter() - job.taken_s)
        report.age("published", header.stamp)
        self._detections.publish(message)

    def _failed(self, job: _Job, error: Exception) -> None:
        if isinstance(error, FrameError):
            self.diagnostics.bad_frame(str(error))
            return
        self.diagnostics.error("detect", error)
        self.get_logger().error(f"detect: {error!r}", throttle_duration_sec=1.0)

    def _dropped(self, _job: _Job) -> None:
        self.diagnostics.count("dropped")


def main(args: list[str] | None = None) -> None:
    run(lambda: [DetectorNode()], args)


if __name__ == "__main__":
    main()
