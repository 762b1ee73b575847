"""What `ros2 run` and launch start: each command's module, loaded with nothing to interrupt.

A node loads for a second or two. Asked to end meanwhile, it has nothing to close, so it ends at
once, without the traceback of whatever import it was in.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from importlib import import_module


def _command(module: str) -> Callable[[], None]:
    def command() -> None:
        before = signal.getsignal(signal.SIGINT)
        if before is signal.default_int_handler:  # not where a job ignores it
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        main = import_module(f"thermoscout_nodes.{module}").main
        signal.signal(signal.SIGINT, before)
        main()

    return command


bag_recorder = _command("bag_recorder")
demo = _command("demo")
detector = _command("detector")
fault_judge = _command("fault_judge")
foxglove_server = _command("foxglove_server")
inspection = _command("inspection")
ir_camera = _command("ir_camera")
laser_rangefinder = _command("laser_rangefinder")
replay = _command("replay")
soak = _command("soak")
temperature_correction = _command("temperature_correction")
