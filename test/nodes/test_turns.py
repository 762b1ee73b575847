"""One at a time: whose thread runs the nodes' calls, and that none runs beside another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from thermoscout_nodes.turns import Turns, TurnTakingExecutor

THREADS, CALLS = 4, 200
PATIENCE_S = 10.0


def in_a_thread(work: Any) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_a_call_runs_at_once_in_the_thread_that_brings_it() -> None:
    turns, ran_in = Turns(), []

    def work() -> None:
        turns.put(lambda: ran_in.append(threading.current_thread()))
        assert ran_in == [threading.current_thread()]

    in_a_thread(work)
    assert ran_in != [threading.current_thread()]


def test_whoever_comes_while_the_turn_is_held_goes_on_and_the_holder_runs_the_call() -> None:
    turns, ran_in = Turns(), []
    with turns:
        in_a_thread(lambda: turns.put(lambda: ran_in.append(threading.current_thread())))
        assert ran_in == []
    assert ran_in == [threading.current_thread()]


def test_a_call_that_brings_another_ends_before_that_one_begins() -> None:
    turns, order = Turns(), []

    def first() -> None:
        turns.put(lambda: order.append("second"))
        order.append("first")

    turns.put(first)
    assert order == ["first", "second"]


def test_no_call_runs_beside_another_and_each_threads_calls_keep_their_order() -> None:
    turns, done = Turns(), []
    beside, running = [], []

    def call(name: int, number: int) -> None:
        running.append(name)
        beside.append(len(running))
        done.append((name, number))
        running.pop()

    def work(name: int) -> None:
        for number in range(CALLS):
            turns.put(lambda number=number: call(name, number))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert set(beside) == {1}
    assert len(done) == THREADS * CALLS
    for name in range(THREADS):
        assert [number for who, number in done if who == name] == list(range(CALLS))


class Spun:
    """A plain node on a turn-taking executor."""

    def __init__(self, graph: Any) -> None:
        self.executor = TurnTakingExecutor(context=graph.context)
        self.node = graph.peer
        graph.executor.remove_node(self.node)
        self.executor.add_node(self.node)

    def spin_until(self, condition: Any) -> None:
        for _ in range(200):
            if condition():
                return
            self.executor.spin_once(timeout_sec=0.1)
        pytest.fail("the condition didn't come true")


@pytest.fixture
def spun(graph: Any) -> Iterator[Spun]:
    made = Spun(graph)
    yield made
    made.executor.shutdown(timeout_sec=1.0)


def test_a_threads_call_waits_for_the_callback_that_the_executor_runs(spun: Spun) -> None:
    order: list[str] = []

    def callback() -> None:
        in_a_thread(lambda: spun.executor.turns.put(lambda: order.append("call")))
        order.append("callback")
        timer.cancel()

    timer = spun.node.create_timer(0.001, callback)
    spun.spin_until(lambda: order)
    assert order == ["callback", "call"]


def test_what_a_callback_raises_comes_out_of_the_spinning(spun: Spun) -> None:
    def callback() -> None:
        raise ValueError("broken")

    spun.node.create_timer(0.001, callback)
    with pytest.raises(ValueError, match="broken"):
        spun.spin_until(lambda: False)
    in_a_thread(lambda: spun.executor.turns.put(lambda: None))


def test_a_silent_graph_lets_the_executor_go_on_after_the_timeout(spun: Spun) -> None:
    spun.executor.spin_once(timeout_sec=0.01)
