"""N of M to raise, N of M to clear: what persists, and how soon."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermoscout_core.diagnosis.persistence import HeldSeverity, Persistence
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.verdicts import Severity

LETTERS = {s.value[0].upper(): s for s in Severity}  # U N G S C
P = Persistence(raise_n=3, raise_m=5, clear_n=4, clear_m=6)


def held_after(verdicts: str, persistence: Persistence = P) -> str:
    """What is held after each verdict, by its letter."""
    held, said = HeldSeverity(persistence), ""
    for stamp_s, letter in enumerate(verdicts):
        held.add(float(stamp_s), LETTERS[letter])
        said += held.severity.value[0].upper()
    return said


@pytest.mark.parametrize(
    ("verdicts", "held"),
    [
        ("GGG", "NNG"),
        ("GNGNG", "NNNNG"),  # 3 of the last 5
        ("GNNGNNG", "NNNNNNN"),  # never 3 of 5
        ("CCC", "NNC"),
        ("GSC", "NNG"),  # three at least general; serious and critical haven't lasted
        ("GGGCCC", "NNGGGC"),
        ("GUUUGG", "NNNNNG"),  # unknown is no evidence
        ("GGGNNNN", "NNGGGGN"),
        ("GGGNNGNN", "NNGGGGGN"),  # 4 of the last 6
        ("GGGNNNGGGNNNG", "NNGGGGGGGGGGG"),  # swings between: stays
        ("CCCGGGG", "NNCCCCG"),  # milder, still a fault
        ("CCCNNNNCC", "NNCCCCNNN"),  # raised again only by fresh evidence
    ],
)
def test_what_is_held(verdicts: str, held: str) -> None:
    assert held_after(verdicts) == held


FAULTS = "GSC"


@given(st.text("NGSCU", min_size=1, max_size=40))
def test_a_severity_is_held_only_after_raise_n_verdicts_that_grave(verdicts: str) -> None:
    held = HeldSeverity(P)
    seen = []
    for letter in verdicts:
        before = held.severity
        held.add(0.0, LETTERS[letter])
        seen.append(LETTERS[letter])
        if held.severity.rank > before.rank:
            judged = [s for s in seen if s is not Severity.UNKNOWN][-P.raise_m :]
            assert sum(s.rank >= held.severity.rank for s in judged) >= P.raise_n


@given(st.integers(1, 6), st.integers(0, 6), st.data())
def test_the_alarm_comes_with_the_nth_fault_within_m(
    n: int, more: int, data: st.DataObject
) -> None:
    m = n + more
    extra = data.draw(st.permutations([True] * (n - 1) + [False] * (m - n)))
    hot = [True, *extra]  # n faults among the first m, from the first fault on
    held = HeldSeverity(Persistence(n, m))
    raised_at = None
    for index, is_hot in enumerate(hot):
        held.add(float(index), Severity.SERIOUS if is_hot else Severity.NORMAL)
        if raised_at is None and held.severity is Severity.SERIOUS:
            raised_at = index
    nth_fault = [index for index, is_hot in enumerate(hot) if is_hot][n - 1]
    assert raised_at == nth_fault <= m - 1


def test_the_first_fault_that_counts_is_dated() -> None:
    held = HeldSeverity(P)
    for stamp_s, letter in ((1.0, "N"), (2.0, "G"), (3.0, "N"), (4.0, "G"), (5.0, "G")):
        held.add(stamp_s, LETTERS[letter])
    assert held.first_fault_s == 2.0
    assert held.recent == (3, 5)


@pytest.mark.parametrize("wrong", [(0, 5), (6, 5)])
def test_n_outside_1_to_m_is_refused(wrong: tuple[int, int]) -> None:
    with pytest.raises(ConfigurationError, match=r"clear_n is .* clear_m is 5"):
        Persistence(clear_n=wrong[0], clear_m=wrong[1])
