"""Model versions, trainings and changes of what serves as tables for people."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from cli.model_answers import Check, Model, Models, ServiceChanges, Trainings, Version, Versions
from cli.terminal import cell, results

FIGURES = ("log_loss", "brier", "accuracy")
STYLES = {"active": "bold green", "refused": "yellow", "forced": "yellow"}
FEATURES_NAMED = 3
FEATURES_SHOWN = 10


def show_models(found: Models) -> None:
    table = _table("model", "status", "as of (UTC)", *_titles(), "why")
    for model in found.items:
        table.add_row(cell(model), _status(model.status), *_told(model), cell(model.reason or ""))
    results().print(table)


def show_versions(found: Versions) -> None:
    table = _table("version", "status", "as of (UTC)", *_titles(), "matches", "leans on", "why")
    for one in found.items:
        matches = f"{one.training_matches:,} / {one.validation_matches:,}"
        leans_on = ", ".join(list(one.importance)[:FEATURES_NAMED])
        sentences = (matches, cell(leans_on), cell(one.reason or ""))
        table.add_row(str(one.version), _status(one.status), *_told(one), *sentences)
    results().print(table)


def show_version(version: Version) -> None:
    training = version.training
    facts = {
        "model": version,
        "status": version.status,
        "why": version.reason,
        "as of": _time(version.as_of),
        "trained on": f"{version.training_matches:,} matches",
        "from": f"{version.data_from:%Y-%m-%d} to {version.data_to:%Y-%m-%d}",
        "judged on": f"{version.validation_matches:,} matches",
        **dict(zip(_titles(), _figures(version), strict=True)),
        "leans on": _shares(version.importance),
        "artifact": version.artifact_sha256,
        "made by": f"job {version.job_id}, matchday {version.code_revision}",
        "outcome": training and training.outcome,
    }
    table = Table(box=None, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for label, value in facts.items():
        if value:
            table.add_row(label, cell(value))
    _add_checks(table, training.checks if training else [])
    results().print(table)


def show_changes(found: ServiceChanges) -> None:
    table = _table("at (UTC)", "by", "what", "model", "before", "why")
    for change in found.items:
        what = (cell(change.action.replace("_", " ")), cell(change.model), cell(change.before or ""))
        table.add_row(_time(change.at), cell(change.by), *what, cell(change.reason))
    results().print(table)


def show_trainings(found: Trainings) -> None:
    table = _table("id", "job", "as of (UTC)", "outcome", "best", "matches", "seconds", "why")
    for one in found.items:
        outcome = f"{one.outcome}, a dry run" if one.is_dry_run else one.outcome
        what = (_status(outcome), cell(one.best or ""))
        matches = f"{one.training_matches:,} / {one.validation_matches:,}"
        names = (str(one.id), str(one.job_id), _time(one.as_of))
        table.add_row(*names, *what, matches, f"{one.seconds:.1f}", cell(one.reason))
    results().print(table)


def _table(*titles: str) -> Table:
    """The last column has the sentences: it alone may take more than a line."""
    table = Table(box=None)
    for title in titles[:-1]:
        table.add_column(title, no_wrap=True)
    table.add_column(titles[-1], overflow="fold")
    return table


def _titles() -> list[str]:
    return [name.replace("_", " ") for name in FIGURES]


def _told(model: Model) -> list[str]:
    return [_time(model.as_of), *_figures(model)]


def _figures(model: Model) -> list[str]:
    return [f"{model.metrics[name]:.4f}" if name in model.metrics else "" for name in FIGURES]


def _add_checks(table: Table, checks: Sequence[Check]) -> None:
    for check in checks:
        label, style = ("passed", "") if check.passed else ("failed", "yellow")
        table.add_row(label, cell(check.says, style))


def _shares(importance: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {share:.0%}" for name, share in list(importance.items())[:FEATURES_SHOWN])


def _status(status: str) -> Text:
    return cell(status, STYLES.get(status, ""))


def _time(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
