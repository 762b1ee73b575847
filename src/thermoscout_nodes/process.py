"""A node process: make the nodes, spin them one callback at a time, end cleanly when asked."""

from __future__ import annotations

import gc
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from types import FrameType

import cv2
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.logging import get_logger
from rclpy.signals import SignalHandlerOptions

from thermoscout_core.errors import ConfigurationError, ThermoscoutError
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.order import Outlived
from thermoscout_nodes.parameters import names_of
from thermoscout_nodes.turns import TurnTakingExecutor

END_SIGNALS = (signal.SIGINT, signal.SIGTERM)
ONE_REQUEST_S = 0.5
"""Signals that come so soon after the first are the same request: a terminal or a service manager
asks a whole group, and ros2 launch, which is asked too, hands it on."""

SIGNAL_CHECK_S = 0.1
"""The executor wakes so often to see whether a signal asked it to end."""

THREAD_TURN_S = 0.0002
"""A thread that wants the interpreter gets it after so long. Python's own 5 ms are paid at each
hand-over between executor, camera and inference while all of them have work (two cores kept busy
by others, benchmarks/graph_latency.py: frame to verdict p50 78 ms with 5 ms, 19 ms with 0.5 ms;
less the network p95 8.0 ms with 0.5 ms, 7.2 with 0.2 and with 0.1).
"""


def share_the_cores() -> None:
    """Set the process up for threads that hand frames to each other: the interpreter changes
    hands soon, and OpenCV works in the caller's thread alone, for its own threads would stand in
    the way of the network's, which spin while they wait for each other."""
    sys.setswitchinterval(THREAD_TURN_S)
    cv2.setNumThreads(1)


def begin(nodes: Sequence[ManagedNode], executor: TurnTakingExecutor) -> None:
    """Start the nodes in order, the last in the flow first so that nothing is sent to nobody.

    What is there then stays, so the garbage collector needn't look at it: a full collection of it
    would hold a frame up.
    """
    for node in nodes:
        node.inbox.turns = executor.turns
        executor.add_node(node)
    with executor.turns:
        for node in reversed(nodes):
            node.start_if_asked()
    gc.collect()
    gc.freeze()


def spin(nodes: Sequence[ManagedNode], executor: TurnTakingExecutor, stop: list[int]) -> None:
    """Begin, and spin until stop holds a signal number and the nodes in end_after are gone, a node
    has finished, or the context ends; no callback's exception ends it."""
    begin(nodes, executor)
    outlived = Outlived((n, names_of(n.parameters["end_after"])) for n in nodes)
    while not (stop and outlived.gone) and not any(node.finished for node in nodes):
        try:
            executor.spin_once(timeout_sec=SIGNAL_CHECK_S)
        except ExternalShutdownException:
            return
        except Exception as error:
            nodes[0].diagnostics.error("executor", error)
            nodes[0].get_logger().error(f"executor: {error}\n{traceback.format_exc()}")


def serve(
    make_nodes: Callable[[], Sequence[ManagedNode]],
    args: list[str] | None = None,
    domain_id: int | None = None,
    first_start_must_succeed: bool = False,
) -> None:
    """Make the nodes, in the order of the flow, spin them until SIGINT or SIGTERM or until one has
    finished, and end them, the first in the flow first. Asked again, it no longer waits for
    others to end, nor for a callback.

    Raises KeyboardInterrupt then, ThermoscoutError for a wrong parameter or file; with
    first_start_must_succeed also when a node can't start, in place of trying again.
    """
    share_the_cores()
    try:
        rclpy.init(args=args, domain_id=domain_id, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # a malformed parameter file or ROS argument; names it
        raise ConfigurationError(str(error)) from error
    stop: list[int] = []
    asked_s = 0.0

    def asked_to_end(number: int, _frame: FrameType | None) -> None:
        nonlocal asked_s
        if not stop:
            asked_s = time.monotonic()
            stop.append(number)
        elif time.monotonic() - asked_s > ONE_REQUEST_S:
            for each in END_SIGNALS:  # closing is not broken off; SIGKILL does, where it hangs
                signal.signal(each, signal.SIG_IGN)
            raise KeyboardInterrupt

    for each in END_SIGNALS:
        signal.signal(each, asked_to_end)
    nodes: Sequence[ManagedNode] = ()
    executor = TurnTakingExecutor()
    try:
        nodes = make_nodes()
        if first_start_must_succeed:
            _start_or_raise(nodes)
        spin(nodes, executor, stop)
    finally:
        for node in nodes:
            node.close()
        executor.shutdown(timeout_sec=0.5)
        rclpy.try_shutdown()


def _start_or_raise(nodes: Sequence[ManagedNode]) -> None:
    for node in reversed(nodes):
        node.start_if_asked()
        if node.why_not:
            raise ThermoscoutError(f"{node.get_name()} can't start: {node.why_not}")


def run(make_nodes: Callable[[], Sequence[ManagedNode]], args: list[str] | None = None) -> None:
    """The main() of a node process: serve, and exit with 2 when a parameter or a file is wrong,
    with the sentence that says which, with 130 when asked to end a second time."""
    try:
        serve(make_nodes, args)
    except KeyboardInterrupt:
        get_logger("thermoscout").warning("asked to end again, so it doesn't wait for the others")
        sys.exit(130)
    except ThermoscoutError as error:
        get_logger("thermoscout").fatal(str(error))
        sys.exit(2)
