"""The gradient check's tables and figure."""

from collections.abc import Sequence

import numpy as np

from dd2424_jax import data
from dd2424_jax.gradients import cases
from dd2424_jax.gradients.cases import CASES
from dd2424_jax.reporting import plots
from dd2424_jax.reporting.report import Report
from dd2424_jax.reporting.tables import Table

# One report's largest absolute and relative errors of W and b, for the first four cases of a linear softmax classifier.
PUBLISHED = {
    (CASES[0].name, "W1"): (3.68e-10, 1.88e-6),
    (CASES[1].name, "W1"): (8.98e-10, 1.72e-4),
    (CASES[2].name, "W1"): (1.70e-9, 2.97e-7),
    (CASES[3].name, "W1"): (2.15e-9, 2.35e-4),
    (CASES[0].name, "b1"): (2.41e-10, 8.38e-10),
    (CASES[1].name, "b1"): (4.34e-10, 2.32e-9),
    (CASES[2].name, "b1"): (9.46e-10, 4.04e-8),
    (CASES[3].name, "b1"): (6.66e-10, 1.18e-8),
}
DRAW = (
    "The largest of 30,000 rounding errors is a matter of the draw, here and in the published table; seed 0 is the "
    "first one, and shown as it comes."
)
KINKS = (
    f"Every image is kept {cases.CLEARANCE:g} away from the kinks of ReLU and of the hinge; the figure shows how "
    "differences over larger steps, which cross them, are off."
)


def draw(rows: Sequence[cases.Row], batch: data.Split, networks: Sequence[str], label: str, seed: int) -> Report:
    """The published cases, the U(−2, 2) case, everything; the verdict; errors against the step."""
    failed = sorted({f"{row.network}, {row.loss}" for row in rows if not row.passed})
    verdict = f"FAIL: {'; '.join(failed)}." if failed else f"PASS: all {len(rows)} gradients."
    shown = [table for table in (_published(rows, label), _uniform(rows, label), _every(rows, label)) if table.rows]
    about_draw = [DRAW] if seed == 0 else []
    return Report(shown, [*about_draw, KINKS, verdict], {"step_sizes": _step_figure(batch, networks, label, seed)})


def _number(value: float) -> str:
    return f"{value:.2e}"


def _published(rows: Sequence[cases.Row], label: str) -> Table:
    caption = (
        f"Closed form against centred differences on {label}, linear softmax classifier: largest errors, beside one "
        "report's"
    )
    header = ["case", "parameter", "absolute", "published", "relative", "published"]
    cells = []
    for row in rows:
        if (row.network, row.loss) == ("linear", "softmax") and (row.case, row.parameter) in PUBLISHED:
            absolute, relative = PUBLISHED[row.case, row.parameter]
            numbers = (row.centred.absolute, absolute, row.centred.relative, relative)
            cells.append([row.case, row.parameter, *map(_number, numbers)])
    return Table("published", caption, header, cells)


def _uniform(rows: Sequence[cases.Row], label: str) -> Table:
    """In the reports' layout."""
    caption = f"{CASES[-1].name} on {label}: the gradient, and its error against centred differences"
    header = ["network, loss", "parameter", "gradient max", "mean", "sd", "error max", "mean", "sd"]
    cells = [
        [f"{row.network}, {row.loss}", row.parameter, *map(_number, (*row.gradient, *row.error))]
        for row in rows
        if row.case == CASES[-1].name
    ]
    return Table("uniform", caption, header, cells)


def _every(rows: Sequence[cases.Row], label: str) -> Table:
    caption = (
        f"Closed form against jax.grad (float64, float32) and differences on {label}: largest errors. An entry passes "
        "within either limit"
    )
    ways = ["jax.grad abs", "rel", "float32 abs", "rel", "centred abs", "rel", "forward abs", "rel"]
    limits = [_number(limit) for tolerance in cases.LIMITS.values() for limit in tolerance]
    cells = [
        [f"{row.network}, {row.loss}: {row.case}", row.parameter]
        + [_number(getattr(row, way)[i]) for way in cases.LIMITS for i in (0, 1)]
        + ["PASS" if row.passed else "FAIL"]
        for row in rows
    ]
    header = ["network, loss: case", "parameter", *ways, "verdict"]
    return Table("cases", caption, header, [["limits: absolute or relative", "", *limits, ""], *cells])


def _step_figure(batch: data.Split, networks: Sequence[str], label: str, seed: int):
    """Largest error against h: truncation to the right, rounding to the left."""
    steps = 10.0 ** np.arange(-12, -0.5, 0.5)
    title = f"Differences against the closed form, {CASES[2].name}: {label}"
    columns = min(2, len(networks))
    fig, axes = plots.figure(-(-len(networks) // columns), columns, title, sharey=True)
    for ax in axes.flat[len(networks) :]:
        ax.set_axis_off()
    for ax, name in zip(axes.flat, networks, strict=False):
        plots.step_sizes(ax, steps, *cases.step_errors(batch, name, steps, seed), chosen=(1e-6, 1e-5))
        ax.set(title=name, ylim=(1e-12, 1))
    for ax in axes[:, 1:].flat:
        ax.set_ylabel("")
    return fig
