"""What is worked out ahead is the same as without, for the image that is answered next."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from thermoscout_nodes.handover import PROGRESS_PATIENCE_S, Progress
from thermoscout_nodes.look_ahead import LookAhead

PATIENCE_S = 10.0


class Look:
    """Says what it was asked and by which thread; works while it is let."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.in_thread: list[str] = []
        self.may = threading.Event()
        self.may.set()
        self.begun = threading.Event()

    def __call__(self, image: str, context: object) -> str:
        self.begun.set()
        assert self.may.wait(PATIENCE_S)
        self.asked.append(image)
        if threading.current_thread() is not threading.main_thread():
            self.in_thread.append(image)
        if image == "broken":
            raise ValueError("a broken image")
        return f"{image} {context}"


@pytest.fixture
def look() -> Look:
    return Look()


@pytest.fixture
def ahead(look: Look) -> Iterator[LookAhead[str, object, str]]:
    made = LookAhead("ahead", look)
    yield made
    look.may.set()
    made.close()


CONTEXT = "scale"


def answer(ahead: LookAhead[str, object, str], second: int, image: str) -> str:
    said = ahead.take((second, 0), image, CONTEXT)
    ahead.go_on()
    return said


def begin(ahead: LookAhead[str, object, str], look: Look, second: int, image: str) -> None:
    look.begun.clear()
    ahead.offer((second, 0), image, CONTEXT)
    assert look.begun.wait(PATIENCE_S)


def test_the_image_is_looked_at_in_the_thread_before_it_is_answered(
    ahead: LookAhead[str, object, str], look: Look
) -> None:
    begin(ahead, look, 1, "a")
    assert answer(ahead, 1, "a") == "a scale"
    assert look.asked == look.in_thread == ["a"]


def test_an_answer_waits_for_what_has_begun(
    ahead: LookAhead[str, object, str], look: Look
) -> None:
    look.may.clear()
    begin(ahead, look, 1, "a")
    said: list[str] = []
    answering = threading.Thread(target=lambda: said.append(answer(ahead, 1, "a")))
    answering.start()
    look.may.set()
    answering.join(PATIENCE_S)
    assert said == ["a scale"]
    assert look.asked == ["a"]


def test_without_an_offer_it_is_looked_at_when_it_is_answered(
    ahead: LookAhead[str, object, str], look: Look
) -> None:
    assert answer(ahead, 1, "a") == "a scale"
    assert look.in_thread == []


def test_a_context_that_came_late_counts(ahead: LookAhead[str, object, str], look: Look) -> None:
    begin(ahead, look, 1, "a")
    assert ahead.take((1, 0), "a", "later scale") == "a later scale"


def test_images_that_a_busy_detector_drops_are_not_looked_at(
    ahead: LookAhead[str, object, str], look: Look
) -> None:
    begin(ahead, look, 1, "a")
    for second, image in ((2, "b"), (3, "c")):
        ahead.offer((second, 0), image, CONTEXT)
    look.begun.clear()
    answer(ahead, 1, "a")
    assert look.begun.wait(PATIENCE_S)
    assert answer(ahead, 3, "c") == "c scale"
    assert look.asked == look.in_thread == ["a", "c"]


def test_a_detector_that_says_nothing_costs_one_look(
    ahead: LookAhead[str, object, str], look: Look
) -> None:
    begin(ahead, look, 1, "a")
    for second in range(2, 50):
        ahead.offer((second, 0), f"image {second}", CONTEXT)
    assert answer(ahead, 49, "image 49") == "image 49 scale"
    assert look.asked == ["a", "image 49"]


def test_an_answer_to_an_earlier_image_leaves_the_later_one_to_its_own(
    ahead: LookAhead[str, object, str], look: Look
) -> None:
    begin(ahead, look, 2, "b")
    assert answer(ahead, 1, "a") == "a scale"
    assert answer(ahead, 2, "b") == "b scale"
    assert look.in_thread == ["b"]


def test_an_image_of_an_earlier_time_is_looked_at_anew(
    ahead: LookAhead[str, object, str], look: Look
) -> None:
    begin(ahead, look, 100, "before the clock was set back")
    begin(ahead, look, 1, "a")
    assert answer(ahead, 1, "a") == "a scale"
    assert look.in_thread[-1] == "a"


def test_another_image_of_the_same_stamp_is_not_taken_for_it(
    ahead: LookAhead[str, object, str], look: Look
) -> None:
    begin(ahead, look, 1, "a")
    assert answer(ahead, 1, "sent once more") == "sent once more scale"


def test_what_fails_in_the_thread_fails_where_it_is_answered_and_the_next_goes_on(
    ahead: LookAhead[str, object, str], look: Look
) -> None:
    begin(ahead, look, 1, "broken")
    with pytest.raises(ValueError, match="broken image"):
        answer(ahead, 1, "broken")
    begin(ahead, look, 2, "b")
    assert answer(ahead, 2, "b") == "b scale"


def test_nothing_is_kept_after_clear(ahead: LookAhead[str, object, str], look: Look) -> None:
    begin(ahead, look, 1, "a")
    ahead.offer((2, 0), "b", CONTEXT)
    ahead.clear()
    ahead.go_on()
    assert answer(ahead, 2, "b") == "b scale"
    assert "b" not in look.in_thread


def test_the_thread_begins_when_it_is_the_time_for_that_image(look: Look) -> None:
    network = Progress()
    ahead = LookAhead("ahead", look, network.wait_for)
    begun_s = time.monotonic()
    begin_with = threading.Timer(0.004, network.begin, [(1, 0)])
    begin_with.start()
    ahead.offer((1, 0), "image 1", CONTEXT)
    assert look.begun.wait(PATIENCE_S)
    assert time.monotonic() - begun_s >= 0.004
    assert answer(ahead, 1, "image 1") == "image 1 scale"
    begin_with.join()
    ahead.close()
    assert look.in_thread == ["image 1"]


def test_progress_is_not_waited_for_where_a_later_frame_has_begun_or_for_long() -> None:
    network = Progress()
    network.begin((2, 0))
    begun_s = time.monotonic()
    network.wait_for((1, 500))
    network.wait_for((2, 0))
    assert time.monotonic() - begun_s < PROGRESS_PATIENCE_S
    network.wait_for((2, 1))
    assert time.monotonic() - begun_s >= PROGRESS_PATIENCE_S
