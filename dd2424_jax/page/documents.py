"""The page as Markdown, and as a LaTeX document that can be handed in."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from dd2424_jax.page.gather import Part
from dd2424_jax.page.page import Page
from dd2424_jax.reporting import latex
from dd2424_jax.reporting.tables import Table
from dd2424_jax.reporting.tables import markdown as markdown_table

# Markdown


def markdown(page: Page, picture: Callable[[Part, str], Path], folder: Path) -> str:
    """The page in this folder; `picture` says where the PNG of a part's figure is."""

    def link(file: Path) -> str:
        return Path(os.path.relpath(file, folder)).as_posix()

    blocks = [
        f"# {page.title}",
        *([f"**{page.brief}**"] if page.brief else []),
        page.text,
        *([f"**{page.warning}**"] if page.synthetic else []),
    ]

    def section(title: str, own: Table | None, *said: str) -> list[str]:
        return [f"## {title}", markdown_table(own).strip(), *said] if own else []

    blocks += section("What is reproduced", page.reproduced, page.rule, page.source)
    blocks += section("Findings", page.findings, *([page.who] if page.reports else []))
    for about, parts in page.sections:
        blocks += [f"## {about.title}", about.text]
        for part in parts:
            blocks += [f"```sh\n{part.command}\n```", *([] if part.real else [f"**{page.warning}**"])]
            blocks += [markdown_table(own).strip() for own in part.shown.tables]
            blocks += [*part.shown.remarks, *part.notes]
            blocks += [f"![{caption}]({link(picture(part, name))})" for name, caption in part.shown.captions.items()]
    blocks += section("Five reports, number by number", page.reports, page.rule_of_one)
    blocks += section("Where it was computed", page.environment)
    return "\n\n".join(blocks) + "\n"


# LaTeX

PREAMBLE = r"""\documentclass[a4paper,10pt]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{array, booktabs, graphicx, lmodern, longtable, placeins, textcomp}
\usepackage[margin=2.2cm]{geometry}
\usepackage[font=small]{caption}
\usepackage[hidelinks]{hyperref}
\setcounter{topnumber}{4}\setcounter{totalnumber}{6}
\renewcommand{\topfraction}{0.95}\renewcommand{\textfraction}{0.05}\renewcommand{\floatpagefraction}{0.8}
\sloppy
"""
TITLE = r"""
\author{} % whose report it is
\date{}
\begin{document}
\maketitle"""
WIDTH = 470  # points of its text block
SOURCES = {  # what the methods are from
    "hsu1984": "J. C. Hsu. Constrained simultaneous confidence intervals for multiple comparisons with the best. "
    "Annals of Statistics 12, 1984.",
    "holm1979": "S. Holm. A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics "
    "6, 1979.",
    "krizhevsky2009": "A. Krizhevsky. Learning multiple layers of features from tiny images. Technical report, "
    "University of Toronto, 2009.",
    "smith2017": "L. N. Smith. Cyclical learning rates for training neural networks. WACV, 2017.",
    "loshchilov2017": "I. Loshchilov and F. Hutter. SGDR: Stochastic gradient descent with warm restarts. ICLR, 2017.",
    "srivastava2014": "N. Srivastava and others. Dropout: A simple way to prevent neural networks from overfitting. "
    "Journal of Machine Learning Research 15, 2014.",
    "he2015": "K. He and others. Delving deep into rectifiers. ICCV, 2015.",
}
METHODS = (
    r"The images are those of CIFAR-10~\cite{krizhevsky2009}; learning rates are cyclical~\cite{smith2017}, in some "
    r"experiments along a cosine~\cite{loshchilov2017}; dropout is as in~\cite{srivastava2014}, one initialisation "
    r"as in~\cite{he2015}. Several differences at once are adjusted as by Holm~\cite{holm1979}; settings are compared "
    r"with the best of the others as by Hsu~\cite{hsu1984}."
)


def tex(page: Page, folder: Path) -> str:
    """A document in this folder; its figures are the PDFs of the run directories."""
    text = latex.text

    def section(title: str, table: Table | None, name: str, *said: str) -> list[str]:
        if table is None:
            return []
        return [
            r"\FloatBarrier",
            rf"\section{{{text(title)}}}",
            *map(text, said),
            f"See table~\\ref{{tab:report-{name}}}.",
            latex.table(table, f"report-{name}", WIDTH),
        ]

    blocks = [
        PREAMBLE + rf"\title{{{text(page.title)}}}" + TITLE,
        text(page.brief),
        text(page.text),
    ]
    blocks += [rf"\textbf{{{text(page.warning)}}}"] if page.synthetic else []
    blocks += [METHODS]
    blocks += section("What is reproduced", page.reproduced, "reproduced", page.rule, page.source)
    blocks += section("Findings", page.findings, "findings", *([page.who] if page.reports else []))
    for about, parts in page.sections:
        blocks += [r"\FloatBarrier", rf"\section{{{text(about.title)}}}", text(about.text)]
        for part in parts:
            blocks += _part(page, part, folder)
    blocks += section("Five reports, number by number", page.reports, "reports", page.rule_of_one)
    blocks += section("Where it was computed", page.environment, "environment")
    blocks += [r"\FloatBarrier"]
    items = [rf"\bibitem{{{key}}} {text(source)}" for key, source in SOURCES.items()]
    blocks += ["\\begin{thebibliography}{9}\n" + "\n".join(items) + "\n\\end{thebibliography}", r"\end{document}"]
    return "\n\n".join(blocks) + "\n"


def _part(page: Page, part: Part, folder: Path) -> Sequence[str]:
    text, name = latex.text, f"report-{part.name}"
    blocks = [r"\FloatBarrier", rf"\subsection*{{\texttt{{{text(part.command)}}}}}"]
    blocks += [] if part.real else [rf"\textbf{{{text(page.warning)}}}"]
    blocks += [text(remark) for remark in (*part.shown.remarks, *part.notes)]
    blocks += [latex.table(own, latex.label(name, own.name), WIDTH) for own in part.shown.tables]
    for figure, caption in part.shown.captions.items():
        file = Path(os.path.relpath(part.path / f"{figure}.pdf", folder)).as_posix()
        blocks += [latex.figure(file, caption, latex.label(name, figure))]
    return blocks
