"""Figures as a table for people and as a file for comparisons."""

import json
import platform
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"


def report(name: str, figures: dict[str, float]) -> None:
    """Prints the figures and writes bench/results/<name>.json."""
    table = Table(show_header=False, box=None)
    for label, value in figures.items():
        table.add_row(label.replace("_", " "), f"{value:,.1f}")
    console = Console(highlight=False)
    console.print(name.replace("_", " "), style="bold")
    console.print(table)
    measured = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": psutil.cpu_count(),
        "load_before": round(psutil.getloadavg()[1], 2),
        "figures": {label: round(value, 2) for label, value in figures.items()},
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(measured, indent=2) + "\n")
