"""Rule files: found by name or path, read with the line of every key, extended by one another."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from thermoscout_core.errors import ConfigurationError
from thermoscout_core.resources import resource_path

FOLDER = "config/rules"
DEFAULT = "dlt664"
Keys = Sequence[str | int]


@dataclass(frozen=True)
class Problem:
    """Something wrong in a rule file; line: 1-based. Without is_error it is a warning."""

    file: Path
    line: int
    message: str
    is_error: bool = True

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: {'error' if self.is_error else 'warning'}: {self.message}"
        )


class RuleFileError(ConfigurationError):
    """A rule file can't be used; problems: one or more, each with its place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.file}: line {p.line}: {p.message}" for p in problems))


@dataclass(frozen=True)
class RuleFile:
    """A rule file as it stands, what it extends worked in. path: its own. tree: of YAML nodes,
    each of which knows its file and line. files: it, then all that it extends."""

    path: Path
    tree: yaml.MappingNode
    files: tuple[Path, ...]

    @property
    def content(self) -> dict[str, Any]:
        """The data, as plain dictionaries and lists."""
        content: dict[str, Any] = constructed(self.tree)
        return content

    @property
    def sha256(self) -> str:
        """Identifies the rules: the file's SHA-256; of several files, that of all of theirs."""
        digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in self.files]
        return (
            digests[0]
            if len(digests) == 1
            else hashlib.sha256("".join(digests).encode()).hexdigest()
        )

    def problem(self, keys: Keys, message: str, *, is_error: bool = True) -> Problem:
        """A problem at a key path, or at the deepest part of it that is there."""
        mark = self.tree.start_mark
        node: yaml.Node | None = self.tree
        for key in keys:
            place, node = _step(node, key)
            if place is None:
                break
            mark = place.start_mark
        return Problem(Path(mark.name), mark.line + 1, message, is_error)


def _step(node: yaml.Node | None, key: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
    """One key further: the node that names the place, and the value there."""
    if isinstance(node, yaml.MappingNode):
        # the last of them counts: a merge key (<<) puts what it brings first
        pairs = [pair for pair in node.value if pair[0].value == str(key)]
        return pairs[-1] if pairs else (None, None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key], node.value[key]
    return None, None


def shipped_rule_sets() -> tuple[str, ...]:
    """Names of the shipped rule sets, the default one first."""
    folder = resource_path(f"{FOLDER}/{DEFAULT}.yaml").parent
    return tuple(
        sorted((file.stem for file in folder.glob("*.yaml")), key=lambda n: (n != DEFAULT, n))
    )


def find_rule_file(name: Path | str | None) -> Path:
    """The file of a rule set: None is the shipped default; a bare name, such as ``neta``, a
    shipped one; anything with a folder or an ending, a path.

    Raises ConfigurationError for a name that isn't shipped; whether a path is there shows when
    it is read.
    """
    name = DEFAULT if name is None else str(name)
    if Path(name).suffix or Path(name).name != name:
        return Path(name)
    if name not in shipped_rule_sets():
        raise ConfigurationError(
            f"no rule set {name}: the shipped ones are {', '.join(shipped_rule_sets())}; "
            f"a file of your own is named with its ending, such as {name}.yaml"
        )
    return resource_path(f"{FOLDER}/{name}.yaml")


def read_tree(path: Path) -> yaml.MappingNode:
    """One file's nodes, merge keys (<<) worked in.

    Raises RuleFileError for a file that can't be read, isn't YAML, isn't a mapping, or gives a key
    twice.
    """

    def refusal(line: int, message: str) -> RuleFileError:
        return RuleFileError([Problem(path, line, message)])

    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise refusal(1, f"no readable rule file ({error})") from None
    loader.name = str(path)
    try:
        tree = loader.get_single_node()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        what = getattr(error, "problem", None) or error
        raise refusal(line, f"not valid YAML: {what}") from None
    if not isinstance(tree, yaml.MappingNode):
        raise refusal(1, "a rule file is a mapping with id, title and rules")
    repeated = _repeated_keys(tree, set())
    if repeated:
        raise RuleFileError(
            [
                Problem(path, key.start_mark.line + 1, f"{key.value} is given twice; remove one")
                for key in repeated
            ]
        )
    try:
        constructed(tree)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        raise refusal(mark.line + 1 if mark else 1, f"not valid YAML: {error}") from None
    return tree


def constructed(tree: yaml.Node) -> Any:
    """The data of a tree. Works its merge keys (<<) into the nodes on the way."""
    return yaml.SafeLoader("").construct_document(tree)


def _repeated_keys(node: yaml.Node, seen: set[int]) -> list[yaml.ScalarNode]:
    """YAML keeps the last of two equal keys in silence; a threshold must not vanish so.

    seen: ids of the nodes looked at: an alias leads to the same node again.
    """
    if id(node) in seen or isinstance(node, yaml.ScalarNode):
        return []
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [key for item in node.value for key in _repeated_keys(item, seen)]
    found: list[yaml.ScalarNode] = []
    names: set[str] = set()
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in names:
                found.append(key)
            names.add(key.value)
        found += _repeated_keys(value, seen)
    return found
