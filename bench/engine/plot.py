"""Draws images a second against cores. Runs in the peers' environment, which has matplotlib.

python bench/engine/plot.py TARGET.svg '{"way": [[cores, images_a_second], ...], ...}'
"""

import json
import sys
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot
from matplotlib.ticker import MaxNLocator


def main() -> None:
    """Write the file; the same numbers give the same bytes."""
    target, series = Path(sys.argv[1]), json.loads(sys.argv[2])
    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "sightline", "font.size": 10})
    figure, axes = pyplot.subplots(figsize=(6, 3.6), layout="constrained")
    highest = 0.0
    for (way, points), marker in zip(series.items(), "os^v", strict=False):
        cores, rates = zip(*points, strict=True)
        axes.plot(cores, rates, marker=marker, label=way)
        highest = max(highest, *rates)
    first = max(points[0][1] for points in series.values())
    last = max(points[-1][0] for points in series.values())
    axes.plot([1, last], [first, first * last], linestyle=":", color="grey", label="in proportion")
    axes.set(xlabel="cores", ylabel="images/s", ylim=(0, 1.1 * max(highest, first * last)))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, loc="lower right")
    axes.grid(alpha=0.3)
    figure.savefig(target, metadata={"Date": None})


if __name__ == "__main__":
    main()
