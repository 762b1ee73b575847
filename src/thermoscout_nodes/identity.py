"""What a node works with, for /diagnostics: which rules, which correction, by their checksums."""

from __future__ import annotations

from pathlib import Path

from thermoscout_core.diagnosis.rules import KnowledgeBase
from thermoscout_core.resources import sha256_of
from thermoscout_core.thermometry.bp_network import BpNetwork
from thermoscout_nodes.diagnostics import OK, Status

SHIPPED = "shipped"


def rules_status(knowledge: KnowledgeBase, path: str) -> Status:
    """path: of the rule file, "" for the shipped one."""
    values = {"file": path or SHIPPED, "rules": str(len(knowledge.rules)), **_sum(path)}
    return Status(OK, f"{knowledge.id}: {knowledge.title}", values)


def correction_status(network: BpNetwork | None, path: str) -> Status:
    """The inputs' ranges in training: outside them a reading is flagged out_of_calibration."""
    if network is None:
        return Status(OK, "the physical model alone")
    values = {"file": path or SHIPPED, **_sum(path)}
    for name, (low, high) in zip(network.inputs, network.domain, strict=True):
        values[f"domain {name}"] = f"{low:g} … {high:g}"
    low_c, high_c = network.surface_domain_c
    values["domain surface_c"] = f"{low_c:g} … {high_c:g}"
    values["residual_std_c"] = f"{network.residual_std_c:.3f}"
    return Status(OK, "BP network", values)


def _sum(path: str) -> dict[str, str]:
    return {"sha256": sha256_of(Path(path))} if path else {}
