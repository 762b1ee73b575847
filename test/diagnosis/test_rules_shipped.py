"""The shipped rule sets hold the figures of their tables, and say which were checked."""

from __future__ import annotations

import json
from functools import lru_cache

import jsonschema
import pytest
import yaml

from thermoscout_core.diagnosis.rule_files import DEFAULT, find_rule_file, shipped_rule_sets
from thermoscout_core.diagnosis.rule_schema import SCHEMA, rules_schema
from thermoscout_core.diagnosis.rules import Heating, KnowledgeBase, Rule
from thermoscout_core.resources import resource_path

SURFACE_2016 = {
    "connector-joint": (90, 130),
    "disconnector-contact": (90, 130),
    "bushing-column-head": (55, 80),
    "cable-termination-lug": (80, 110),
    "device-terminal": (80, 110),
    "conductor": (80, 110),
    "circuit-breaker-contact": (55, 80),
    "current-transformer-connection": (55, 80),
    "capacitor-fuse": (55, 80),
}
"""DL/T 664: above which hot spot serious and critical."""
VOLTAGE = {
    "cast-instrument-transformer": (None, 4),
    "oil-instrument-transformer": (2, 3),
    "coupling-capacitor": (2, 3),
    "bushing-body": (2, 3),
    "surge-arrester": (0.5, 1),
    "porcelain-insulator": (0.5, 1),
    "composite-insulator": (0.5, 1),
    "cable-termination-body": (0.5, 1),
    "cable-sheath-earthing": (5, 10),
}
"""DL/T 664-2008 Annex B: K between like points, lower and upper end."""
IEC = {
    "contact-bare-air": (75, 35),
    "contact-bare-sf6": (105, 65),
    "contact-bare-oil": (80, 40),
    "contact-silver": (105, 65),
    "contact-silver-oil": (90, 50),
    "contact-tinned": (90, 50),
    "joint-bare-air": (90, 50),
    "joint-bare-sf6": (115, 75),
    "joint-bare-oil": (100, 60),
    "joint-silver": (115, 75),
    "joint-tinned": (105, 65),
    "terminal-bare": (90, 50),
    "terminal-plated": (105, 65),
    "operated-part": (70, 30),
    "accessible-part": (80, 40),
}
"""IEC 60694:1996 Table 3: highest °C and K."""


load = lru_cache(KnowledgeBase.load)


def rule(base: str, name: str) -> Rule:
    return next(rule for rule in load(base).rules if rule.id == name)


def limits(alternatives, key: str) -> list[float]:
    """Those by which the quantity alone decides."""
    every = [one.limits for one in alternatives or ()]
    return [one[key] for one in every if list(one) == [key]]


def test_the_sets_are_there_and_called_as_their_files():
    names = shipped_rule_sets()
    assert names == (DEFAULT, "dlt664_2008", "iec62271", "neta")
    assert [load(name).id for name in names] == list(names)


@pytest.mark.parametrize("edition", ["dlt664", "dlt664_2008"])
@pytest.mark.parametrize(("name", "surface_c"), SURFACE_2016.items())
def test_current_heating_is_graded_by_surface_and_delta(edition, name, surface_c):
    row = rule(edition, name)
    assert row.heating is Heating.CURRENT
    assert limits(row.serious, "surface_above_c") == [surface_c[0]]
    assert limits(row.critical, "surface_above_c") == [surface_c[1]]
    assert limits(row.serious, "relative_difference") == [0.80]
    with_heat = [{"surface_above_c": surface_c[0], "relative_difference": 0.95}]
    alone = [{"relative_difference": 0.95}]
    by_delta = [c.limits for c in row.critical if c.relative_difference is not None]
    assert by_delta == (alone if edition == "dlt664_2008" else with_heat)


@pytest.mark.parametrize("edition", ["dlt664", "dlt664_2008"])
@pytest.mark.parametrize(("name", "span_k"), VOLTAGE.items())
def test_voltage_heating_is_graded_by_like_comparison(edition, name, span_k):
    row = rule(edition, name)
    assert row.heating is Heating.VOLTAGE
    lower = limits(row.general, "like_above_k")
    assert lower == ([] if span_k[0] is None else [span_k[0]])
    assert limits(row.serious, "like_above_k") == [span_k[1]]
    assert row.measuring is not None and row.measuring.max_wind_m_s == 0.5


def test_the_tank_has_a_row_since_2016():
    new, old = rule("dlt664", "transformer-tank"), rule("dlt664_2008", "transformer-tank")
    assert limits(new.serious, "surface_above_c") == [85]
    assert limits(new.critical, "surface_above_c") == [105]
    assert old.serious is None and old.critical is None


def test_neta_has_the_steps_of_table_100_18():
    like, air = rule("neta", "similar-components"), rule("neta", "over-ambient")
    assert [limits(every, "like_above_k") for _, every in like.grades()] == [[15], [3], [1]]
    assert [limits(every, "rise_above_k") for _, every in air.grades()] == [[40], [20, 10], [1]]


@pytest.mark.parametrize(("name", "limit"), IEC.items())
def test_iec_limits_temperature_and_rise(name, limit):
    row = rule("iec62271", name)
    assert limits(row.serious, "surface_above_c") == [limit[0]]
    assert limits(row.serious, "rise_above_k") == [limit[1]]


def test_only_what_a_public_source_confirms_is_called_verified():
    """Every row of DL/T 664 is working knowledge; NETA's and IEC's figures were confirmed."""
    for name in shipped_rule_sets():
        for row in load(name).rules:
            confirmed = row.edition in ("ANSI/NETA MTS", "IEC 60694:1996")
            assert row.verified is confirmed, (name, row.id)
            assert row.source.endswith("(unverified)") is not confirmed


def test_the_shipped_schema_is_the_models():
    shipped = resource_path(SCHEMA).read_text(encoding="utf-8")
    assert shipped == rules_schema(), f"run: thermoscout rules schema > {SCHEMA}"


@pytest.mark.parametrize("name", shipped_rule_sets())
def test_the_shipped_sets_obey_the_schema(name):
    content = yaml.safe_load(find_rule_file(name).read_text(encoding="utf-8"))
    jsonschema.validate(content, json.loads(rules_schema()))


@pytest.mark.parametrize(
    "change",
    [
        {"colour": 1},
        {"min_rise_k": -1},
        {"rules": [{"id": "joint", "colour": 1}]},
        {"rules": [{"id": "joint", "serious": [{"surface_above": 3}]}]},
        {"extends": 3},
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(change):
    site = {"id": "site", "extends": "dlt664", "rules": [{"id": "joint", "verified": True}]}
    schema = json.loads(rules_schema())
    jsonschema.validate(site, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**site, **change}, schema)
