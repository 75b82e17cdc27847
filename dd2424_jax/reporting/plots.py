"""Figures: functions that draw arrays on an `ax` and return it, in Okabe and Ito's colours, which everyone can see."""

import io
import itertools
import re
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import LogLocator, NullLocator

from dd2424_jax import stats
from dd2424_jax.reporting import labels

matplotlib.rcdefaults()  # figures do not depend on the user's matplotlibrc
matplotlib.rcParams.update(
    {
        **{"font.size": 9, "pdf.fonttype": 42},  # TrueType
        **{f"{part}size": "medium" for part in ("axes.title", "figure.title", "legend.font")},
        **{"legend.frameon": False, "lines.linewidth": 1.3, "lines.markersize": 4, "grid.alpha": 0.3},
    }
)

WIDTH, MAX_HEIGHT = 6.0, 7.5  # inches: about a page's text, so that its type stays as large as it is here
BLUE, LIGHT, VERMILION, GREY = "#0072B2", "#B9DDF1", "#D55E00", "#777777"
MAX_NAMES, MAX_LEGEND, MAX_TICKS, MAX_PANELS = 20, 12, 9, 5  # that a figure has room for


def some_of(*sequences, n: int = MAX_NAMES) -> list[list]:
    """Every so manieth of each, so that there are at most n: what there is room for, of legends and ticks."""
    every = -(-len(sequences[0]) // n)
    return [list(sequence)[::every] for sequence in sequences]


def figure(n_rows: int, n_columns: int, title: str, *, height: float = 2.4, **grid):
    """A figure as wide as a page's text with a grid of axes [n_rows, n_columns], a row so many inches high.

    `grid` goes to `Figure.subplots`.
    """
    fig = Figure(figsize=(WIDTH, min(0.4 + height * n_rows, MAX_HEIGHT)), layout="constrained", label=title)
    fig.suptitle(labels.in_math(re.sub(r" (?=[=%])|(?<==) ", "\xa0", title)), wrap=True)  # lines end elsewhere
    return fig, fig.subplots(n_rows, n_columns, squeeze=False, **grid)


def title(fig: Figure) -> str:
    """As it was given to `figure`."""
    return fig.get_label()


def in_words(fig: Figure) -> str:
    """What is on it, for those who do not see it: its panels, their axes, and the names of its curves."""
    panels, curves = [], []
    for ax in fig.axes:
        curves += [name for name in ax.get_legend_handles_labels()[1] if name not in curves]
        axes = [text for text in (ax.get_ylabel(), ax.get_xlabel()) if text]
        what = ": ".join(text for text in (ax.get_title(), " against ".join(axes)) if text)
        if what and what not in panels:
            panels.append(what)
    named = [f"Curves: {', '.join(curves)}."] if curves else []
    return " ".join([f"{'; '.join(panels)}.", *named]) if panels else title(fig)


def render(fig: Figure, form: str) -> bytes:
    """The figure as a file's content; `form` is png or pdf."""
    buffer = io.BytesIO()
    undated = {"metadata": {"CreationDate": None}} if form == "pdf" else {}  # drawn again, it is the same file
    fig.savefig(buffer, format=form, dpi=180, **undated)
    fig.set_layout_engine(None)  # the layout stands, and the next file of the figure need not find it again
    return buffer.getvalue()


def shades(n: int):
    """The colours of n curves in their order, dark to light."""
    return colormaps["viridis"](np.linspace(0, 0.9, n))


def curves_style(n: int) -> list:
    """(colour, marker) of n curves in their order."""
    return list(zip(shades(n), itertools.cycle("osv^D*Px"), strict=False))


def legend(fig: Figure, ax) -> None:
    """What one of its axes shows, each label once, below all of them, in as many columns as there is room for."""
    handles = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    names = [*handles]
    widths = [0.6 + _inches(name) for name in names]  # with its line, and the space to the next column
    fits = (n for n in range(len(names), 1, -1) if sum(map(max, np.array_split(widths, n))) < WIDTH)
    fig.legend(handles.values(), names, loc="outside lower center", ncols=next(fits, 1))


def _inches(text: str) -> float:
    """How wide a text is."""
    return text_to_path.get_text_width_height_descent(text, FontProperties(), ismath="$" in text)[0] / 72


def name_curves(fig: Figure, axes, names: Sequence[str]) -> None:
    """A legend below the figure, or where there is no room for it, a colour bar beside the axes.

    Of names that share their beginning up to "=", the bar's ticks have only what follows.
    """
    if len(names) <= MAX_LEGEND:
        legend(fig, np.atleast_1d(axes).flat[0])
        return
    symbols, texts = zip(*(name.split(" = ", 1) for name in names), strict=True)
    alike = len({*symbols}) == 1 and not any("=" in text for text in texts)
    ticks, shown = some_of(range(len(names)), texts if alike else names, n=MAX_TICKS)
    scale = ScalarMappable(matplotlib.colors.Normalize(-0.5, len(names) - 0.5), ListedColormap(shades(len(names))))
    bar = fig.colorbar(scale, ax=axes, ticks=ticks, label=symbols[0] if alike else "", aspect=40)
    bar.ax.set_yticklabels(shown)


def accuracy_limits(low: float, high: float, share: float = 0.25) -> tuple[float, float]:
    """Of an axis: what seeds reach, with so much room for their bands, which would squeeze it where seeds are few."""
    room = max(share * (high - low), 0.005)
    return max(0.0, low - room), min(1.0, high + room)


def log_ticks(axis, multiples):
    """Plain numbers on a logarithmic axis, at these multiples of powers of ten."""
    axis.set_major_locator(LogLocator(subs=multiples))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())


def learning_rate(ax, steps, rate, name: str):
    """A schedule's learning rate [n_steps] against the update step."""
    ax.plot(steps, rate, color=BLUE)
    ax.set(title=name, xlim=(steps[0], steps[-1]), ylim=(0, None))
    ax.grid(True)
    return ax


def step_sizes(ax, steps, centred, forward, *, chosen):
    """Largest errors of centred and forward differences against the step h, log-log; `chosen` steps are marked."""
    for values, label, colour, style in ((centred, "centred", BLUE, "o-"), (forward, "forward", VERMILION, "s--")):
        ax.loglog(steps, values, style, color=colour, label=label)
    for h in chosen:
        ax.axvline(h, color=GREY, linestyle=":", linewidth=1)
        where = {"xycoords": ("data", "axes fraction"), "rotation": 90, "va": "top", "ha": "right"}
        ax.annotate(f"h = {h:.0e} ", (h, 1), fontsize="small", **where)
    ax.set(xlabel="step h", ylabel="largest absolute error")
    ax.grid(True)
    ax.legend()
    return ax


def forest(ax, names: Sequence[str], differences: Sequence[stats.Estimate], split: str):
    """Differences of accuracies on a split and their intervals, a row each; full markers where these exclude 0."""
    ax.axvline(0, color="black", linewidth=1)
    for i, one in enumerate(differences):
        excludes = stats.excludes_zero(one)
        style = {"fmt": "D", "markersize": 5, "capsize": 3, "markerfacecolor": BLUE if excludes else "white"}
        label = f"{split}: {'excludes' if excludes else 'includes'} 0"
        ax.errorbar(100 * one.mean, i, xerr=100 * np.nan_to_num(one.high - one.mean), color=BLUE, label=label, **style)
    ax.set(xlabel="points", ylim=(len(differences) - 0.5, -0.5))
    ax.set_yticks(range(len(names)), [labels.in_math(name) for name in names])
    ax.grid(True)
    return ax


def slanted_title(ax, name: str):
    """Above a panel that is narrower than a name."""
    ax.set_title(name, rotation=35, loc="left", rotation_mode="anchor")
    return ax


def template(ax, w):
    """A row of first-layer weights w [3072] as an image, rescaled to [0, 1]."""
    image = np.asarray(w).reshape(3, 32, 32).transpose(1, 2, 0)
    ax.imshow((image - image.min()) / max(np.ptp(image), 1e-12))
    ax.set(xticks=[], yticks=[])
    return ax


def confusion(ax, fractions, classes):
    """A confusion matrix [K, K] whose rows sum to 1: shade and percent."""
    ax.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
    for (i, j), value in np.ndenumerate(fractions):
        shade = "white" if value > 0.5 else "black"
        ax.text(j, i, f"{100 * value:.0f}", ha="center", va="center", color=shade)
    ticks = np.arange(len(classes))
    ax.set_xticks(ticks, classes, rotation=45, ha="right")
    ax.set_yticks(ticks, classes)
    ax.set(xlabel="predicted", ylabel="true class (rows sum to 100 %)")
    return ax
