"""A rule file that extends others: a site's own limits and classes on top of a shipped set.

id: north-substation
extends: dlt664                     # a shipped set or a file, or a list of them
without: [insulator-string-like]    # rules that don't hold here
rules:
  - id: connector-joint             # changes that rule: what isn't said here stays
    ...
  - id: busbar-joint                # is none of theirs: a new rule
    ...
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from functools import reduce
from pathlib import Path

import yaml

from thermoscout_core.diagnosis.rule_files import (
    Problem,
    RuleFile,
    RuleFileError,
    constructed,
    find_rule_file,
    read_tree,
)
from thermoscout_core.errors import ConfigurationError

GRADES = ("general", "serious", "critical")
SOURCE = ("edition", "clause", "verified")
NEEDED = ("equipment", "part", "fault", "heating", *SOURCE)
"""What a rule can't do without."""
_KEYWISE = ("measuring", "not_judged")
Entries = dict[str, tuple[yaml.Node, yaml.Node]]


def read_rule_file(name: Path | str | None = None) -> RuleFile:
    """A rule set by name or path, with all that it extends worked in; None: the default.

    Raises ConfigurationError (RuleFileError with the places) for what can't be found, read or
    extended. The rules themselves aren't looked at here.
    """
    return _read(find_rule_file(name), ())


def _read(path: Path, chain: tuple[Path, ...]) -> RuleFile:
    """chain: the files that are being extended on the way here."""
    tree = read_tree(path)
    entries = _entries(tree)
    if "extends" not in entries:
        if "without" in entries:
            raise _refusal(entries["without"][0], "without needs extends: without what?")
        return RuleFile(path, tree, (path,))
    key, value = entries["extends"]
    names = constructed(value)
    names = names if isinstance(names, list) else [names]
    if not names or not all(isinstance(name, str) and name for name in names):
        raise _refusal(key, "extends names a rule set or a file, or lists them")
    here = (*chain, path.resolve())
    bases = []
    for name in names:
        try:
            base = find_rule_file(name)
        except ConfigurationError as error:
            raise _refusal(key, f"extends: {error}") from None
        base = path.parent / base
        if base.resolve() in here:
            raise _refusal(key, f"{name} extends this file, or is it")
        if not base.is_file():
            raise _refusal(key, f"extends {name}: there is no {base}")
        bases.append(_read(base, here))
    merged = _changed(reduce(_joined, (base.tree for base in bases)), tree)
    files = dict.fromkeys([path, *(file for base in bases for file in base.files)])
    return RuleFile(path, merged, tuple(files))


def _joined(one: yaml.MappingNode, two: yaml.MappingNode) -> yaml.MappingNode:
    """Two sets that are extended at once: all rules; where both say something, the first does."""
    first, second = _entries(one), _entries(two)
    ours = _rows(first)
    known = set(map(_row_id, ours))
    rows = [*ours, *(row for row in _rows(second) if _row_id(row) not in known)]
    joined = {**second, **first, "rules": (_key("rules", one), _sequence(rows, one))}
    for name in _KEYWISE:
        if name in first and name in second:
            joined[name] = first[name][0], _over(second[name][1], first[name][1])
    return _mapping(joined, one)


def _changed(base: yaml.MappingNode, site: yaml.MappingNode) -> yaml.MappingNode:
    """The base with the site's word over it."""
    ours, theirs = _entries(site), _entries(base)
    _check_id(ours, theirs, site)
    rows = _Rows(theirs)
    problems = rows.leave_out(ours) + rows.take(ours)
    if problems:
        raise RuleFileError(problems)
    changed = {**theirs, **ours, "rules": (_key("rules", site), _sequence(rows.all(), site))}
    for name in _KEYWISE:
        if name in ours and name in theirs:
            changed[name] = ours[name][0], _over(theirs[name][1], ours[name][1])
    changed.pop("extends", None)
    changed.pop("without", None)
    return _mapping(changed, site)


def _check_id(ours: Entries, theirs: Entries, site: yaml.Node) -> None:
    """Verdicts, reports and the history name a rule set by its id."""
    its = theirs["id"][1].value if "id" in theirs else None
    if "id" not in ours:
        raise _refusal(site, "id: missing; a set that extends another has a name of its own")
    if ours["id"][1].value == its:
        raise _refusal(ours["id"][0], f"id: {its} is the extended set's; give this one its own")


class _Rows:
    """The extended rules by id, as they are changed."""

    def __init__(self, base: Entries) -> None:
        rows = _rows(base)
        self._unnamed = [row for row in rows if not _row_id(row)]
        self._named = {_row_id(row): row for row in rows if _row_id(row)}
        self._of_base = frozenset(self._named)

    def all(self) -> list[yaml.Node]:
        return [*self._named.values(), *self._unnamed]

    def leave_out(self, ours: Entries) -> list[Problem]:
        if "without" not in ours:
            return []
        node = ours["without"][1]
        if not isinstance(node, yaml.SequenceNode):
            return [_problem(node, "without lists ids of rules")]
        problems = []
        for item in node.value:
            if self._named.pop(str(item.value), None) is None:
                problems.append(_problem(item, f"without: {self._unknown(str(item.value))}"))
        return problems

    def take(self, ours: Entries) -> list[Problem]:
        problems = []
        seen: set[str] = set()
        for row in _rows(ours):
            name = _row_id(row)
            if not isinstance(row, yaml.MappingNode) or not name:
                self._unnamed.append(row)
                continue
            if name in seen:
                problems.append(_problem(row, f"rule ids must differ; repeated: {name}"))
            seen.add(name)
            problems += self._take_one(row, name)
        return problems

    def _take_one(self, row: yaml.MappingNode, name: str) -> list[Problem]:
        said = _entries(row)
        if name not in self._named:
            missing = [key for key in NEEDED if key not in said]
            self._named[name] = row
            if not missing:
                return []
            return [
                _problem(row, f"{self._unknown(name)}; a new rule also needs {', '.join(missing)}")
            ]
        before = self._named[name]
        kept = _entries(before) if isinstance(before, yaml.MappingNode) else {}
        problems = []
        if any(key in said for key in GRADES):
            kept.pop("examples", None)  # they show limits that hold no longer
            missing = [key for key in SOURCE if key not in said]
            if missing:
                problems.append(
                    _problem(row, f"rule {name} has other limits: say whose: {', '.join(missing)}")
                )
        self._named[name] = _mapping({**kept, **said}, row)
        return problems

    def _unknown(self, name: str) -> str:
        close = get_close_matches(name, self._of_base, 1)
        return f"no rule {name} is extended" + (f"; did you mean {close[0]}?" if close else "")


def _entries(node: yaml.MappingNode) -> Entries:
    """Key -> its node and its value's; of equal keys (a merge key brings some) the last."""
    return {str(key.value): (key, value) for key, value in node.value}


def _rows(entries: Entries) -> Sequence[yaml.Node]:
    if "rules" not in entries:
        return []
    key, node = entries["rules"]
    if not isinstance(node, yaml.SequenceNode):
        raise _refusal(key, "rules: a list of rules")
    return list(node.value)


def _row_id(row: yaml.Node) -> str:
    if not isinstance(row, yaml.MappingNode):
        return ""
    entries = _entries(row)
    return str(entries["id"][1].value) if "id" in entries else ""


def _over(base: yaml.Node, site: yaml.Node) -> yaml.Node:
    """A mapping with another one's entries over it; what isn't a mapping is replaced."""
    if not isinstance(base, yaml.MappingNode) or not isinstance(site, yaml.MappingNode):
        return site
    return _mapping({**_entries(base), **_entries(site)}, site)


def _mapping(entries: Entries, at: yaml.Node) -> yaml.MappingNode:
    return yaml.MappingNode(
        "tag:yaml.org,2002:map", list(entries.values()), at.start_mark, at.end_mark
    )


def _sequence(items: Sequence[yaml.Node], at: yaml.Node) -> yaml.SequenceNode:
    return yaml.SequenceNode("tag:yaml.org,2002:seq", list(items), at.start_mark, at.end_mark)


def _key(name: str, at: yaml.Node) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", name, at.start_mark, at.end_mark)


def _problem(node: yaml.Node, message: str) -> Problem:
    return Problem(Path(node.start_mark.name), node.start_mark.line + 1, message)


def _refusal(node: yaml.Node, message: str) -> RuleFileError:
    return RuleFileError([_problem(node, message)])
