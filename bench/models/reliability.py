"""The reliability plot: how often things happened that were told to be so probable."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.models.contest import Contest
from bench.models.judging import Judgement
from modeling.metrics import OUTCOMES, Outcomes, Probabilities

COLUMNS = 4
PANEL_INCHES = 2.6
BINS = 10
# Of fewer forecasts the share is mostly luck.
FEWEST_FORECASTS = 20
COLOURS = {"home": "#1f77b4", "draw": "#7f7f7f", "away": "#d62728"}


def plot(judged: Judgement, asked: Contest, path: Path) -> None:
    """One panel for everybody who was judged, a line for each outcome; on the diagonal is who is right."""
    rows = -(-len(judged.models) // COLUMNS)
    figure = Figure(figsize=(COLUMNS * PANEL_INCHES, rows * PANEL_INCHES), layout="constrained")
    panels = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False).flat
    outcomes = asked.outcomes[judged.matches]
    for (name, told), panel in zip(judged.models.items(), panels, strict=False):
        _draw(panel, told.probabilities[judged.matches], outcomes)
        panel.set_title(name, fontsize=9)
    for unused in list(panels):
        unused.set_axis_off()
    figure.supxlabel("told probability")
    figure.supylabel("share that happened")
    figure.suptitle(f"Reliability on {len(outcomes):,} matches", fontsize=11)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def _draw(panel: Axes, probabilities: Probabilities, outcomes: Outcomes) -> None:
    panel.plot([0, 1], [0, 1], color="black", linewidth=0.6, linestyle=":")
    for number, outcome in enumerate(OUTCOMES):
        told = probabilities[:, number]
        bins = np.minimum((told * BINS).astype(int), BINS - 1)
        counts = np.bincount(bins, minlength=BINS)
        shown = counts >= FEWEST_FORECASTS
        mean = np.bincount(bins, told, BINS)[shown] / counts[shown]
        share = np.bincount(bins, outcomes == number, BINS)[shown] / counts[shown]
        panel.plot(mean, share, marker="o", markersize=3, linewidth=1, color=COLOURS[outcome], label=outcome)
    panel.tick_params(labelsize=7)
    panel.legend(fontsize=6, frameon=False, loc="upper left")
