"""The machine: memory and what others take of it."""

import os
from pathlib import Path

import pytest

from thermoscout_core import machine
from thermoscout_core.machine import CpuClock, cpu_name, package_versions, peak_rss_mib


def test_what_others_took_is_the_busy_time_less_our_own() -> None:
    processors = os.cpu_count() or 1
    begun = CpuClock(busy_s=100.0, own_s=5.0, wall_s=50.0)
    ended = CpuClock(busy_s=100.0 + processors, own_s=5.0 + processors / 2, wall_s=52.0)
    assert ended.foreign_since(begun) == pytest.approx(0.25)


def test_a_system_that_tells_no_busy_time_gives_no_share() -> None:
    assert CpuClock(None, 2.0, 2.0).foreign_since(CpuClock(None, 1.0, 1.0)) is None


def test_peak_memory_is_at_least_an_interpreter_s() -> None:
    peak = peak_rss_mib()
    assert peak is None or 5 < peak < 100_000


def test_machine_and_versions_are_named() -> None:
    assert cpu_name() and package_versions()["numpy"]


@pytest.mark.parametrize(
    ("architecture", "flags", "cuts"),
    [
        ("x86_64", "fma avx2 erms", True),
        ("x86_64", "avx2 avx512f avx512_vnni", False),
        ("x86_64", "avx2 avx_vnni", False),
        ("aarch64", "", False),
    ],
)
def test_x86_without_vnni_cuts_sums_of_byte_products(
    architecture: str, flags: str, cuts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine.platform, "machine", lambda: architecture)
    tell_flags(monkeypatch, f"flags\t\t: fpu {flags}")
    assert machine.cuts_byte_products() is cuts


@pytest.mark.parametrize(
    ("line", "has"),
    [
        ("flags\t\t: avx2 avx512f", False),
        ("flags\t\t: avx2 avx512_bf16", True),
        ("Features\t: asimd bf16", True),
        ("Features\t: asimd", False),
    ],
)
def test_who_computes_in_bfloat16(line: str, has: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    tell_flags(monkeypatch, line)
    assert machine.has_bfloat16() is has


def tell_flags(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    told = f"processor\t: 0\n{line}\nbugs\t: none\n"
    monkeypatch.setattr(Path, "read_text", lambda _, **__: told)
