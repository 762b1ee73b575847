"""The latest samples, in memory that doesn't grow."""

from __future__ import annotations

from thermoscout_nodes.sample_window import SampleWindow


def test_it_holds_what_was_added_while_there_is_room() -> None:
    window = SampleWindow(4)
    for sample in (1.0, 2.0, 3.0):
        window.append(sample)
    assert list(window) == [1.0, 2.0, 3.0]
    assert len(window) == 3
    assert window.samples.tolist() == [1.0, 2.0, 3.0]


def test_afterwards_the_oldest_give_way() -> None:
    window = SampleWindow(4)
    for sample in range(11):
        window.append(float(sample))
    assert list(window) == [7.0, 8.0, 9.0, 10.0]
    assert sorted(window.samples) == [7.0, 8.0, 9.0, 10.0]


def test_a_window_that_is_just_full_begins_with_its_first() -> None:
    window = SampleWindow(3)
    for sample in (1.0, 2.0, 3.0):
        window.append(sample)
    assert list(window) == [1.0, 2.0, 3.0]


def test_an_empty_window_is_empty() -> None:
    assert not list(SampleWindow(4)) and len(SampleWindow(4)) == 0
