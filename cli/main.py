"""The command line, put together: every command, and how each kind of failure becomes an exit code.

0 done; 1 the job failed, the API refused or a process died; 2 usage or settings; 3 no API or database;
130 Ctrl-C. Commands that start processes import them when they run, so that `matchday --help` is quick.
"""

import os
import sys
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Annotated

import typer

from cli import bets, jobs, models, pipelines, predictions, queues, schedules, teams
from cli.arguments import money
from cli.failures import CommandFailed
from cli.performance import performance
from cli.terminal import notes
from cli.workers import workers

HELP = "Sports predictions as jobs on PostgreSQL."
EPILOG = (
    "Exit codes: 0 done, 1 the job failed or the API refused, 2 usage or settings, 3 the API or the "
    "database cannot be reached, 130 Ctrl-C."
)

app = typer.Typer(
    no_args_is_help=True,
    help=HELP,
    epilog=EPILOG,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
app.add_typer(jobs.app, name="jobs")
app.add_typer(models.app, name="models")
app.add_typer(pipelines.app, name="pipelines")
app.add_typer(queues.app, name="queues")
app.add_typer(schedules.app, name="schedules")
app.add_typer(teams.app, name="teams")
app.add_typer(bets.app, name="bets")
app.add_typer(predictions.app, name="predictions")
app.command()(predictions.picks)
app.command()(workers)
app.command()(performance)


@app.command()
def demo(
    data: Annotated[
        str | None, typer.Option(metavar="FOLDER_OR_URL", help="CSV files of football-data.co.uk to use.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as one JSON object.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Stay up until Ctrl-C.")] = False,
) -> None:
    """Run the whole pipeline once on a throwaway platform, and show what came of it."""
    from cli.demo import run_demo  # noqa: PLC0415

    raise typer.Exit(run_demo(data, as_json=as_json, keep=keep))


@app.command()
def replay(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day.")],
    data: Annotated[
        str, typer.Option(metavar="FOLDER_OR_URL", help="CSV files of football-data.co.uk, with odds.")
    ],
    bankroll: Annotated[str, typer.Option(metavar="MONEY", help="What there is to bet with.")] = "1000.00",
    chart: Annotated[Path, typer.Option(metavar="FILE", help="The picture, a PNG.")] = Path("replay.png"),
    as_json: Annotated[bool, typer.Option("--json", help="The figures as one JSON object.")] = False,
) -> None:
    """Run the operation over a past season on a throwaway platform: train weekly, predict, bet, settle."""
    from cli.replay import run_replay  # noqa: PLC0415

    code = run_replay(
        first.date(), last.date(), data, bankroll=money("--bankroll", bankroll), chart=chart, as_json=as_json
    )
    raise typer.Exit(code)


@app.command()
def serve() -> None:
    """Run API and worker until Ctrl-C, on DATABASE_URL or an embedded PostgreSQL (development only)."""
    from cli.serve import run_serve  # noqa: PLC0415

    raise typer.Exit(run_serve())


@app.command()
def api(
    host: Annotated[str | None, typer.Option(help="Default: API_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option(envvar="PORT", min=0, max=65_535, help="Default: API_PORT.")
    ] = None,
    descriptor: Annotated[int | None, typer.Option("--fd", hidden=True)] = None,
) -> None:
    """Run the web process."""
    from cli.web import serve_web  # noqa: PLC0415

    serve_web(host, port, descriptor)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def worker(context: typer.Context) -> None:
    """Run a worker process; `matchday worker --help` shows its options."""
    # The process becomes the worker: its children import its main module, which is a light one.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "jobs.worker", *context.args])  # noqa: S606


@app.command()
def migrate() -> None:
    """Bring the database of DATABASE_URL up to date."""
    from cli.migrations import run_migrations  # noqa: PLC0415

    run_migrations()


@app.command()
def version() -> None:
    """Print the version."""
    sys.stdout.write(f"matchday {package_version('matchday')}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    code = _run(arguments)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has had enough; the interpreter must not try to write the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        app(arguments, prog_name="matchday")
    except SystemExit as end:
        return _exit_code(end)
    except CommandFailed as failure:
        notes().print(f"matchday: {failure}", markup=False, style="red", soft_wrap=True)
        return failure.exit_code
    return 0


def _exit_code(end: SystemExit) -> int:
    if isinstance(end.code, str):
        notes().print(end.code, markup=False, style="red", soft_wrap=True)
        return 1
    return end.code or 0


if __name__ == "__main__":
    sys.exit(main())
