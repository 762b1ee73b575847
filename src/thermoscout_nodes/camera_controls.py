"""What a user may ask of a camera while it runs: a shutter correction, other object parameters."""

from __future__ import annotations

import math
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.task import Future
from std_srvs.srv import Trigger

from thermoscout_core.cameras.base import Adjustable, Camera, HasShutter
from thermoscout_core.cameras.object_parameters import parse_object_parameters
from thermoscout_core.device_reader import DeviceReader
from thermoscout_core.errors import DeviceError
from thermoscout_core.frames import ObjectParameters, ThermalFrame
from thermoscout_nodes.lifecycle import ManagedNode

NUC_SERVICE = "thermal/nuc"


class CameraControls:
    """The service thermal/nuc and the parameter object_parameters of one reader.

    Make it in configure, end it with release(). What the user wants is set again on every camera
    that is opened, before its first frame is given on.
    """

    def __init__(self, node: ManagedNode, reader: DeviceReader[ThermalFrame], wanted: str) -> None:
        self._node = node
        self._reader = reader
        self._wanted = parse_object_parameters(wanted)
        self._adjusted: Camera | None = None
        self.applied = ""
        self.problem = ""
        # a group of its own: while an answer is awaited, the node's other callbacks go on
        self._service = node.create_service(
            Trigger, NUC_SERVICE, self._correct, callback_group=MutuallyExclusiveCallbackGroup()
        )

    def release(self) -> None:
        self._node.destroy_service(self._service)

    def want(self, text: str) -> None:
        """Set other object parameters, now if a camera is there, else when one is opened."""
        self._wanted = parse_object_parameters(text)
        self._reader.ask(self.adjust, lambda answer, problem: None)

    def prepare(self, camera: Camera) -> bool:
        """In the reader's thread, for each frame: whether it was taken with what is wanted."""
        if camera is self._adjusted:
            return True
        self._adjusted = camera
        return not self.adjust(camera)

    def adjust(self, camera: Camera) -> bool:
        """In the reader's thread: set what is wanted and read back; whether anything was set."""
        self.applied = self.problem = ""
        if all(math.isnan(value) for value in vars(self._wanted).values()):
            return False
        try:
            if not isinstance(camera, Adjustable):
                raise DeviceError(f"{camera.hardware_id} takes no object parameters")
            self.applied = _words(camera.adjust(self._wanted))
        except DeviceError as error:  # the frames tell what holds; the user is told here
            self.problem = str(error)
            return False
        return True

    async def _correct(self, request: Any, response: Any) -> Any:
        """Answers when the camera has begun, or says why it can't; the executor goes on."""
        answered = Future(executor=self._node.executor)

        def done(answer: object, problem: str) -> None:
            self._node.call_soon(lambda: answered.set_result(problem))

        self._reader.ask(_correct_non_uniformity, done)
        problem = await answered
        response.success = not problem
        response.message = problem or "the shutter closes; frames say so while it is closed"
        return response


def _correct_non_uniformity(camera: Camera) -> None:
    if not isinstance(camera, HasShutter):
        raise DeviceError(f"{camera.hardware_id} has no shutter that can be asked for")
    camera.correct_non_uniformity()


def _words(applied: ObjectParameters) -> str:
    return " ".join(f"{name}={value:g}" for name, value in vars(applied).items())
