"""Energy counters, on files laid out as the kernel's."""

import math
from pathlib import Path

import pytest

from thermoscout_core.bench.energy import find_meter


def write(path: Path, value: int | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{value}\n")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    domain = tmp_path / "class/powercap/intel-rapl:0"
    write(domain / "energy_uj", 9_000_000)
    write(domain / "max_energy_range_uj", 10_000_000)
    write(tmp_path / "class/powercap/intel-rapl:0:0/energy_uj", 1)
    return domain


def test_a_machine_without_counters_has_no_meter(tmp_path: Path) -> None:
    assert find_meter(tmp_path) is None


def test_rapl_counts_whole_packages_in_joules(tmp_path: Path, package: Path) -> None:
    meter = find_meter(tmp_path)
    assert meter is not None and meter.name == "RAPL, 1 package(s)"
    meter.start()
    write(package / "energy_uj", 9_500_000)
    assert meter.stop_j() == pytest.approx(0.5)


def test_rapl_s_counter_may_wrap_around(tmp_path: Path, package: Path) -> None:
    meter = find_meter(tmp_path)
    assert meter is not None
    meter.start()
    write(package / "energy_uj", 250_000)
    assert meter.stop_j() == pytest.approx(1.25)


def test_a_counter_that_may_not_be_read_is_no_counter(tmp_path: Path, package: Path) -> None:
    write(package / "energy_uj", "")
    assert find_meter(tmp_path) is None


def test_a_jetson_s_input_rail_is_sampled(tmp_path: Path) -> None:
    monitor = tmp_path / "class/hwmon/hwmon3"
    write(monitor / "in1_label", "VDD_IN")
    write(monitor / "in1_input", 5000)
    write(monitor / "curr1_input", 2000)
    meter = find_meter(tmp_path)
    assert meter is not None and meter.name == "INA3221 VDD_IN"
    meter.start()
    used_j = meter.stop_j()
    assert math.isfinite(used_j) and 0 <= used_j < 10.0
