"""The gradient check's tables and figure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from dd2424_jax import data
from dd2424_jax.gradients import checks, draws
from dd2424_jax.gradients.cases import CASES
from dd2424_jax.gradients.checks import Row
from dd2424_jax.reporting import plots
from dd2424_jax.reporting.report import Report
from dd2424_jax.reporting.tables import Table

Drawn = Mapping[tuple[str, str, str, str], Sequence[Row]]  # of a network, loss, case and parameter: a row a draw

LINEAR = ("linear", "softmax")  # what published figures and criteria are of
# One report's largest absolute and relative errors, for the first four cases.
PUBLISHED = {
    (CASES[0].name, "W1"): (3.68e-10, 1.88e-6),
    (CASES[0].name, "b1"): (2.41e-10, 8.38e-10),
    (CASES[1].name, "W1"): (8.98e-10, 1.72e-4),
    (CASES[1].name, "b1"): (4.34e-10, 2.32e-9),
    (CASES[2].name, "W1"): (1.70e-9, 2.97e-7),
    (CASES[2].name, "b1"): (9.46e-10, 4.04e-8),
    (CASES[3].name, "W1"): (2.15e-9, 2.35e-4),
    (CASES[3].name, "b1"): (6.66e-10, 1.18e-8),
}
KINDS = ("absolute", "relative")


class Criterion(NamedTuple):
    """By which a report calls its gradient correct: errors of one kind, of W and of b, are below a limit."""

    name: str
    kind: str
    limit: float
    cases: Sequence[str]


CRITERIA = (  # of three reports; the first does not say of which entries
    Criterion("relative error of order 1e-7: the largest below 1e-6", "relative", 1e-6, [CASES[4].name]),
    Criterion("relative error of order 1e-7: the mean below 1e-6", "mean_relative", 1e-6, [CASES[4].name]),
    Criterion("equal to six decimals: absolute error below 1.5e-6", "absolute", 1.5e-6, [CASES[5].name]),
    Criterion("absolute error below 1e-7", "absolute", 1e-7, [case.name for case in CASES]),
)
NEARLY = 0.1  # is how close to λ h, as a share of it, an error is called nearly constant
DRAW = (
    "The largest of 30,000 rounding errors is a matter of the draw. Seed 0 and the first images of batch 1 are the "
    "first draw, and the figure's; the next ones follow in order, and no others were tried."
)
KINKS = (
    f"Every image is kept {draws.CLEARANCE:g} away from the kinks of ReLU and of the hinge; the figure shows how "
    "differences over larger steps, which cross them, are off."
)


def draw(rows: Sequence[Row], batch: data.Split, networks: Sequence[str], label: str, seed: int) -> Report:
    """What reports publish, then everything; what differs from them, and the verdict; errors against the step.

    seed  the first draw's, of which the figure is
    """
    drawn: dict = {}
    for row in rows:
        drawn.setdefault((row.network, row.loss, row.case, row.parameter), []).append(row)
    tables = [table(drawn, label) for table in (_published, _criteria, _uniform, _forward, _every)]
    remarks = [
        *([DRAW] if seed == 0 else []),
        *_above_published(drawn),
        *_constant_error(drawn),
        KINKS,
        _verdict(drawn),
    ]
    figures = {"step_sizes": _step_figure(batch, networks, label, seed)}
    return Report([table for table in tables if table.rows], remarks, figures)


def _number(value: float) -> str:
    return f"{value:.2e}"


def _count(met) -> str:
    return f"{sum(met)} of {len(met)}"


def _errors(rows: Sequence[Row], kind: str, way: str = "centred") -> np.ndarray:
    """The largest error of each draw, [n_draws]."""
    return np.array([getattr(getattr(row, way), kind) for row in rows])


def _beside(drawn: Drawn) -> Iterator[tuple[str, str, dict[str, tuple[np.ndarray, float]]]]:
    """(case, parameter, by kind the errors of each draw [n_draws] and the published one) of all that is published."""
    for (case, parameter), figures in PUBLISHED.items():
        if rows := drawn.get((*LINEAR, case, parameter)):
            yield case, parameter, {kind: (_errors(rows, kind), own) for kind, own in zip(KINDS, figures, strict=True)}


def _published(drawn: Drawn, label: str) -> Table:
    caption = (
        f"Closed form against centred differences on {label}, linear softmax classifier: largest errors over draws, "
        "beside one report's, and in how many draws they are below it"
    )
    header = ["case", "parameter"]
    for kind in KINDS:
        header += [f"{kind}: median", "largest", "published", "draws below"]
    cells = []
    for case, parameter, kinds in _beside(drawn):
        cells.append([case, parameter])
        for errors, figure in kinds.values():
            cells[-1] += [*map(_number, (np.median(errors), errors.max(), figure)), _count(errors < figure)]
    return Table("published", caption, header, cells)


def _above_published(drawn: Drawn) -> list[str]:
    """Which errors are larger than published, and in how many draws."""
    every = {
        f"{case}, {parameter}, {kind}": errors >= figure
        for case, parameter, kinds in _beside(drawn)
        for kind, (errors, figure) in kinds.items()
    }
    if not every:
        return []
    n = sum(above.any() for above in every.values())
    often = [f"{name} ({_count(above)})" for name, above in every.items() if above.mean() > 0.5]
    most = f"; in more than half of the draws: {'; '.join(often)}" if often else ""
    return [f"Larger than published in some draws: {n} of {len(every)} errors{most}."]


def _criteria(drawn: Drawn, label: str) -> Table:
    """What is met in all draws passes."""
    caption = (
        f"Criteria by which three reports call their gradient correct, on {label}, linear softmax classifier, closed "
        "form against centred differences. The first draw has the first images"
    )
    header = ["criterion", "cases", "first draw", "largest", "draws that meet it", "verdict"]
    cells = []
    for name, kind, limit, cases in CRITERIA:
        parts = [_errors(rows, kind) for key, rows in drawn.items() if key[:2] == LINEAR and key[2] in cases]
        if parts:
            largest = np.max(parts, axis=0)
            met = largest < limit
            of = cases[0] if len(cases) == 1 else "all"
            verdict = "PASS" if met.all() else "in some draws" if met.any() else "in no draw"
            cells.append([name, of, _number(largest[0]), _number(largest.max()), _count(met), verdict])
    return Table("criteria", caption, header, cells)


def _uniform(drawn: Drawn, label: str) -> Table:
    """In the layout of a report, whose own figures nobody kept."""
    caption = (
        f"{CASES[-1].name} on {label}: the gradient, and its absolute error against centred differences, over the "
        "entries of a parameter; medians over draws. The layout is one report's, whose own figures are not known"
    )
    header = ["network, loss", "parameter", "gradient max", "mean", "sd", "error max", "mean", "sd"]
    cells = [
        [f"{network}, {loss}", parameter, *map(_number, np.median([row.gradient + row.error for row in rows], axis=0))]
        for (network, loss, case, parameter), rows in drawn.items()
        if case == CASES[-1].name
    ]
    return Table("uniform", caption, header, cells)


PENALTY = CASES[-1].lam * CASES[-1].h  # λ h, its part of a forward difference's error h/2 J''


def _nearly_penalty(rows: Sequence[Row]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and sd over entries of a forward difference's error, and whether that is nearly λ h: [n_draws] each."""
    means, sds = np.array([row.bias.mean for row in rows]), np.array([row.bias.sd for row in rows])
    return means, sds, (np.abs(means - PENALTY) < NEARLY * PENALTY) & (sds < NEARLY * PENALTY)


def _forward(drawn: Drawn, label: str) -> Table:
    caption = (
        f"{CASES[-1].name} on {label}: the forward difference's error of W1 over its entries, medians over draws, "
        "beside λ h, the penalty's part of h/2 J''; nearly λ h: the mean within, and the sd below, "
        f"{100 * NEARLY:.0f} % of it"
    )
    header = ["network, loss", "λ h", "mean", "sd", "draws of nearly λ h"]
    cells = []
    for (network, loss, case, parameter), rows in drawn.items():
        if (case, parameter) == (CASES[-1].name, "W1"):
            means, sds, nearly = _nearly_penalty(rows)
            numbers = map(_number, (PENALTY, np.median(means), np.median(sds)))
            cells.append([f"{network}, {loss}", *numbers, _count(nearly)])
    return Table("forward", caption, header, cells)


def _constant_error(drawn: Drawn) -> list[str]:
    """Of exercise 2's network."""
    if not (rows := drawn.get(("two-layer", "softmax", CASES[-1].name, "W1"))):
        return []
    means, sds, nearly = _nearly_penalty(rows)
    return [
        "One report's error of W1 is nearly constant. With parameters from U(−2, 2), so is a forward difference's: "
        f"nearly λ h = {PENALTY:g} in {_count(nearly)} draws (medians: mean {_number(np.median(means))}, sd "
        f"{_number(np.median(sds))}), where h/2 J'' is little but the penalty's. A centred difference has no such "
        "error."
    ]


def _every(drawn: Drawn, label: str) -> Table:
    caption = (
        f"Closed form against jax.grad (float64, float32) and differences on {label}: largest errors over draws. An "
        "entry passes within either limit"
    )
    ways = ["jax.grad abs", "rel", "float32 abs", "rel", "centred abs", "rel", "forward abs", "rel"]
    limits = [_number(limit) for tolerance in checks.LIMITS.values() for limit in tolerance]
    cells = [
        [f"{network}, {loss}: {case}", parameter, str(len(rows))]
        + [_number(_errors(rows, kind, way).max()) for way in checks.LIMITS for kind in KINDS]
        + ["PASS" if all(row.passed for row in rows) else "FAIL"]
        for (network, loss, case, parameter), rows in drawn.items()
    ]
    header = ["network, loss: case", "parameter", "draws", *ways, "verdict"]
    return Table("cases", caption, header, [["limits: absolute or relative", "", "", *limits, ""], *cells])


def _verdict(drawn: Drawn) -> str:
    failed: dict = {}
    for (network, loss, *_), rows in drawn.items():
        failed.setdefault(f"{network}, {loss}", set()).update(row.seed for row in rows if not row.passed)
    named = [f"{name}, by seed {', '.join(map(str, sorted(seeds)))}" for name, seeds in failed.items() if seeds]
    n_draws = sorted({len(rows) for rows in drawn.values()})
    every = "" if n_draws == [1] else f", in each of {' or '.join(map(str, n_draws))} draws"
    return f"FAIL: {'; '.join(named)}." if named else f"PASS: all {len(drawn)} gradients{every}."


def _step_figure(batch: data.Split, networks: Sequence[str], label: str, seed: int):
    """Largest error against h: truncation to the right, rounding to the left."""
    steps = 10.0 ** np.arange(-12, -0.5, 0.5)
    title = f"Differences against the closed form, {CASES[2].name}: {label}"
    columns = min(2, len(networks))
    fig, axes = plots.figure(-(-len(networks) // columns), columns, title, sharey=True)
    for ax in axes.flat[len(networks) :]:
        ax.set_axis_off()
    for ax, name in zip(axes.flat, networks, strict=False):
        plots.step_sizes(ax, steps, *checks.step_errors(batch, name, steps, seed), chosen=(1e-6, 1e-5))
        ax.set(title=name, ylim=(1e-12, 1))
    for ax in axes[:, 1:].flat:
        ax.set_ylabel("")
    return fig
