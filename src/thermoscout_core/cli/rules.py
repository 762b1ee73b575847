"""thermoscout rules: check rule files, say them in words, run their examples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thermoscout_core.reporting.choices import Language

if TYPE_CHECKING:
    from thermoscout_core.diagnosis.rule_examples import Trial
    from thermoscout_core.diagnosis.rules import Rule

rules = typer.Typer(
    no_args_is_help=True,
    help="The rules that readings are judged by: shipped sets, named as in `rules list`, and YAML "
    "files of your own (docs/rules.md), which may extend a shipped set.",
)

Sets = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME|FILE]...", help="Rule sets; none: the shipped ones."),
]


@rules.command("list")
def list_() -> None:
    """List the shipped rule sets: what `inspect --rules` and fault_judge's parameter take."""
    from rich.console import Console
    from rich.table import Table

    from thermoscout_core.diagnosis.rule_files import shipped_rule_sets
    from thermoscout_core.diagnosis.rules import KnowledgeBase

    table = Table(box=None)
    for heading in ("name", "rules", "verified", "title"):
        table.add_column(heading, no_wrap=heading != "title")
    for name in shipped_rule_sets():
        base = KnowledgeBase.load(name)
        verified = sum(rule.verified for rule in base.rules)
        table.add_row(name, str(len(base.rules)), str(verified), base.title)
    Console().print(table)


@rules.command()
def check(
    sets: Sets = None,
    model: Annotated[
        Path | None,
        typer.Option(metavar="ONNX", help="Your detector: each of its classes needs a rule."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
) -> None:
    """Look for what is wrong, with line numbers. Ends with 1 when there are errors.

    Errors are what no verdict can be given by: unknown keys, wrong values, a grade that is never
    reached because a graver one always holds. Warnings: rules that overlap or never decide, gaps
    between grades, classes without a rule, limits without an example just above and just below.
    """
    from thermoscout_core.diagnosis.rule_check import DETECTOR_CLASSES, check_rules
    from thermoscout_core.diagnosis.rule_files import shipped_rule_sets

    classes = _classes_of(model) if model else DETECTOR_CLASSES
    failed = False
    for name in sets or shipped_rule_sets():
        problems = check_rules(name, classes)
        for problem in problems:
            color = typer.colors.RED if problem.is_error else typer.colors.YELLOW
            typer.secho(str(problem), fg=color)
        errors = sum(problem.is_error for problem in problems)
        failed |= errors > 0 or (strict and bool(problems))
        typer.echo(
            f"{name}: {_count(errors, 'error')}, {_count(len(problems) - errors, 'warning')}"
        )
    if failed:
        raise typer.Exit(1)


@rules.command()
def explain(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE", help="The rule set.")],
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RULE]...", help="Ids of rules, or classes of equipment; none: all."
        ),
    ] = None,
    language: Annotated[Language, typer.Option(help="English, Chinese, or both.")] = Language.EN,
) -> None:
    """Say rules in words: for what, from which limits on, and by which clause."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from thermoscout_core.diagnosis.rules import KnowledgeBase
    from thermoscout_core.reporting.rule_words import RuleWords

    base = KnowledgeBase.load(name)
    chosen = _chosen(base.rules, ids or [], base.id)
    console = Console(highlight=False)
    languages = (Language.ZH, Language.EN) if language is Language.BOTH else (language,)
    every = [RuleWords(one) for one in languages]
    sections = [(f"{base.id}: {base.title}", [row for say in every for row in say.base(base)])]
    sections += [(rule.id, [row for say in every for row in say.rule(rule)]) for rule in chosen]
    for heading, rows in sections:
        console.print(Text(heading, "bold"))
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 2))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for label, said in rows:
            table.add_row(Text(label, "dim"), Text(said))
        console.print(table)
        console.print()


@rules.command()
def test(sets: Sets = None) -> None:
    """Run the examples that stand in rule files through the judge. Ends with 1 when one fails.

    Each example is judged by its own rule alone. It also counts the limits that the examples show
    from just above and from just below.
    """
    from thermoscout_core.diagnosis.rule_examples import run_examples, uncovered
    from thermoscout_core.diagnosis.rule_extension import read_rule_file
    from thermoscout_core.diagnosis.rule_files import shipped_rule_sets
    from thermoscout_core.diagnosis.rules import KnowledgeBase

    failed = False
    for name in sets or shipped_rule_sets():
        file = read_rule_file(name)
        base = KnowledgeBase.of(file)
        trials = run_examples(base)
        bad = [trial for trial in trials if not trial.passed]
        for trial in bad:
            keys = ("rules", base.rules.index(trial.rule), "examples", trial.number)
            typer.secho(str(file.problem(keys, _why(trial))), fg=typer.colors.RED)
        failed |= bool(bad)
        limits = sum(_limits(rule) for rule in base.rules)
        open_ = sum(1 for rule in base.rules for _ in uncovered(base, rule))
        typer.echo(
            f"{name}: {len(trials) - len(bad)} of {len(trials)} examples right; "
            f"{limits - open_} of {limits} limits shown from both sides"
        )
    if failed:
        raise typer.Exit(1)


@rules.command()
def schema() -> None:
    """Print the JSON schema of rule files, for an editor that completes and checks YAML."""
    from thermoscout_core.diagnosis.rule_schema import rules_schema

    typer.echo(rules_schema(), nl=False)


def _classes_of(model: Path) -> tuple[str, ...]:
    from thermoscout_core.detection.detector import Detector

    return Detector.load(model).classes


def _chosen(every: tuple[Rule, ...], ids: list[str], base_id: str) -> list[Rule]:
    """The rules with those ids, or for those classes, in their order."""
    from difflib import get_close_matches

    from thermoscout_core.errors import ConfigurationError

    names = {name for rule in every for name in (rule.id, *rule.equipment)}
    for unknown in (name for name in ids if name not in names):
        close = get_close_matches(unknown, names, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ConfigurationError(f"{base_id} has no rule and no class {unknown}{hint}")
    return [rule for rule in every if not ids or {rule.id, *rule.equipment} & set(ids)]


def _why(trial: Trial) -> str:
    example, verdict = trial.example, trial.verdict
    wanted = example.severity.value + (f" ({example.category})" if example.category else "")
    return (
        f"rule {trial.rule.id}: example {trial.number + 1} should be {wanted}, but is "
        f"{verdict.severity.value}: {verdict.reason}"
    )


def _limits(rule: Rule) -> int:
    return sum(len(one.limits) for _, every in rule.grades() for one in every)


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
