"""`matchday pipelines ...`: jobs as the steps of a graph, from a file."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from cli.answers import Pipeline, PipelineStep
from cli.client import DEFAULT_URL, Api
from cli.failures import WrongUsage
from cli.jobs import AsJson, Url
from cli.show import STYLES
from cli.terminal import cell, notes, print_json, results

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Add pipelines, see them, cancel them, resume them."
)
PipelineId = Annotated[int, typer.Argument(metavar="ID", min=1, help="Of the pipeline, or of any step.")]


@app.command()
def submit(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="JSON as POST /api/pipelines takes it; - is stdin.")
    ],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Add the steps of a pipeline, all or none."""
    body = _body(file)
    with Api(url) as api:
        pipeline = api.submit_pipeline(body)
    told = f"pipeline {pipeline.id} has {len(pipeline.steps)} steps; see it with: matchday pipelines show"
    _tell(pipeline, as_json, f"{told} {pipeline.id}")


@app.command()
def show(
    pipeline_id: PipelineId,
    with_results: Annotated[
        bool, typer.Option("--results", help="With what each step has returned.")
    ] = False,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show a pipeline and its steps."""
    with Api(url) as api:
        pipeline = api.pipeline(pipeline_id, results=with_results)
    if as_json:
        print_json(pipeline.model_dump(mode="json"))
        return
    notes().print(f"pipeline {pipeline.id} is {pipeline.status}", markup=False)
    table = Table("job", "step", "type", "status", "done", "seconds", "after", "about", box=None)
    for step in pipeline.steps:
        table.add_row(*_row(step))
    results().print(table)


@app.command()
def cancel(pipeline_id: PipelineId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Cancel the pending steps, and ask the workers of running ones to stop them."""
    with Api(url) as api:
        pipeline = api.cancel_pipeline(pipeline_id)
    running = sum(step.status == "running" for step in pipeline.steps)
    told = f"is {pipeline.status}" if not running else f"is being cancelled; running steps: {running}"
    _tell(pipeline, as_json, f"pipeline {pipeline.id} {told}")


@app.command()
def retry(pipeline_id: PipelineId, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Put the failed and cancelled steps back; what has completed is not done again."""
    with Api(url) as api:
        pipeline = api.retry_pipeline(pipeline_id)
    _tell(pipeline, as_json, f"pipeline {pipeline.id} is {pipeline.status} again")


def _body(file: str) -> dict[str, Any]:
    try:
        body = json.loads(sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongUsage(f"{file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise WrongUsage(f"{file} is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise WrongUsage(f'{file} must hold a JSON object: {{"steps": [...]}}')
    return body


def _row(step: PipelineStep) -> list[Any]:
    seconds = "" if step.seconds is None else f"{step.seconds:.1f}"
    done = "" if step.progress is None else f"{step.progress:.0%}"
    about = cell(step.error, "red") if step.error else cell(_about(step))
    return [
        str(step.job_id or ""),
        cell(step.name),
        cell(step.type or ""),
        cell(step.status, STYLES.get(step.status, "")),
        done,
        seconds,
        cell(", ".join(step.after)),
        about,
    ]


def _about(step: PipelineStep) -> str:
    if step.result is not None or step.counts:
        return json.dumps(step.counts if step.result is None else step.result, ensure_ascii=False)
    return step.message


def _tell(pipeline: Pipeline, as_json: bool, line: str) -> None:
    if as_json:
        print_json(pipeline.model_dump(mode="json"))
    else:
        notes().print(line, markup=False)
