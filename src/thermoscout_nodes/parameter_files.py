"""Writes docs/parameters.md and config/inspection.yaml from the parameter tables.

``python -m thermoscout_nodes.parameter_files ROOT`` from a source tree; a test holds both equal.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from thermoscout_nodes.parameter_tables import TABLES
from thermoscout_nodes.parameters import Parameter, Value

DOCS = Path("docs/parameters.md")
CONFIG = Path("config/inspection.yaml")


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def parameters_markdown() -> str:
    """The page docs/parameters.md."""
    lines = [
        "# Parameters",
        "",
        "Written from `src/thermoscout_nodes/parameter_tables/` by "
        "`python -m thermoscout_nodes.parameter_files .`; edit the tables there, not this page.",
        "",
        "A *dynamic* parameter may be set while the node runs; the others are read at configure. "
        "A value of the wrong type or out of range is refused with its reason, and so is an "
        "unknown name.",
    ]
    for node, table in TABLES.items():
        lines += [
            "",
            f"## {node}",
            "",
            "| parameter | type | default | allowed | unit | dynamic | meaning |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [_row(parameter) for parameter in table]
    return "\n".join(lines) + "\n"


def _row(parameter: Parameter) -> str:
    cells = (
        f"`{parameter.name}`",
        parameter.type_name,
        f"`{_literal(parameter.default)}`",
        parameter.allowed,
        parameter.unit,
        "yes" if parameter.dynamic else "",
        parameter.description,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def parameters_yaml() -> str:
    """The file config/inspection.yaml: every node's parameters at their defaults."""
    lines = [
        "# Every parameter of every node, at its default. What each means: docs/parameters.md.",
        "# Copy, change, and give the copy as params_file; /**/ matches any namespace.",
    ]
    for node, table in TABLES.items():
        lines += ["", f"/**/{node}:", "  ros__parameters:"]
        lines += [f"    {p.name}: {_literal(p.default)}" for p in table]
    return "\n".join(lines) + "\n"


def main() -> None:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    (root / DOCS).write_text(parameters_markdown(), encoding="utf-8")
    (root / CONFIG).write_text(parameters_yaml(), encoding="utf-8")


if __name__ == "__main__":
    main()
