"""All that stands on the page, in its order, before it is set as HTML, Markdown or LaTeX."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dd2424_jax.page import gather, verdicts
from dd2424_jax.page.contents import Section
from dd2424_jax.page.gather import Part
from dd2424_jax.reporting import published
from dd2424_jax.reporting.tables import Table

QUICK = "A quick look: settings are those of the commands, small ones, and not those of the texts."


class Page(NamedTuple):
    """What is reproduced and found; sections with their parts; five reports; where it was computed.

    synthetic  whether some of it is of images that are none
    brief      the last networks' accuracies, and the verdicts, counted
    """

    synthetic: bool
    brief: str
    reproduced: Table | None
    findings: Table | None
    sections: Sequence[tuple[Section, Sequence[Part]]]
    reports: Table | None
    environment: Table
    title: str = "CIFAR-10 with linear and two-layer networks: results over seeds"
    text: str = (
        "Means are over seeds; ± is the standard deviation over seeds; an interval is Student's, of the mean over "
        "seeds, unless its caption says otherwise."
    )
    warning: str = "These images are a synthetic stand-in, not CIFAR-10: accuracies say nothing about it."
    rule: str = verdicts.RULE
    rule_of_one: str = verdicts.RULE_OF_ONE
    source: str = published.SOURCE
    who: str = published.WHO


def make(sections: Sequence[tuple[Section, Sequence[Part]]], *, quick: bool = False) -> Page:
    parts = [part for _, own in sections for part in own]
    real = [part for part in parts if part.real]
    ours = verdicts.accuracies(real)
    found = [(part, own) for part in parts if part.item.shows(gather.FINDINGS) for own in part.findings]
    tables = (verdicts.reproduced(ours), findings(found), verdicts.of_reports(ours))
    reproduced, claimed, reports = (table if table.rows else None for table in tables)
    counted = brief(tables[0], [(part, own) for part, own in found if part.real])
    page = Page(len(real) < len(parts), counted, reproduced, claimed, sections, reports, environment(parts))
    return page._replace(warning=f"{page.warning} {QUICK}") if quick else page


def brief(reproduced: Table, found: Sequence[tuple[Part, Mapping]]) -> str:
    """The last networks' accuracies, and how many verdicts of each kind; of a claim, that of most seeds."""
    ours = reproduced.header.index("ours, % (seeds)")
    last = [
        "{}: {} % of the test images ({} seeds).".format(row[0], *row[ours].strip(")").split(" ("))
        for row in reproduced.rows
        if row[0] in verdicts.LAST
    ]
    means = [row[reproduced.header.index("verdict")] for row in reproduced.rows]
    best: dict[str, Mapping] = {}
    for part, own in found:
        known = best.get(own["claim"])
        if not part.has_preset and (known is None or own["n"] > known["n"]):
            best[own["claim"]] = own
    counted = (
        ("accuracies that many authors publish", means),
        ("claims, each by its most seeds in the course's settings", [own["verdict"] for own in best.values()]),
    )
    sentences = [
        f"Of {len(said)} {what}: {', '.join(f'{n} {verdict}' for verdict, n in Counter(said).most_common())}."
        for what, said in counted
        if said
    ]
    return " ".join([*last, *sentences])


def findings(found: Sequence[tuple[Part, Mapping]]) -> Table:
    """Equal claims stand together."""
    rows, order = [], {}
    for part, own in found:
        which = f", with {' '.join(part.item.flags)}" if part.item.flags else ""
        row = [own["claim"] + which, own["verdict"], own["amount"], own["interval"], str(own["n"])]
        row += [own["reports"] or "–", f"{part.name}, {own['file']}"]
        rows.append((order.setdefault(own["claim"], len(order)), row))
    header = ["claim", "verdict", "effect", "interval", "seeds", "reports have", "from"]
    caption = (
        "Claims, and what the seeds say: effects with intervals; the verdicts on an experiment's claims hold "
        "simultaneously at 95 % (Holm), each interval at the confidence of its step: supported where it lies wholly on "
        "the claimed side, refuted where wholly on the other; a published run is compatible where it can be one of ours"
    )
    return Table("findings", caption, header, [row for _, row in sorted(rows, key=lambda row: row[0])])


def environment(parts: Sequence[Part]) -> Table:
    """Every run's machine, versions and commit, those that are alike once."""
    rows: dict[tuple, list[str]] = {}
    for part in parts:
        versions = part.config.get("versions", {})
        about = ", ".join(f"{name} {version}" for name, version in versions.items())
        devices = ", ".join(part.config.get("devices", ())) or "–"
        rows.setdefault((part.commit, about, devices, part.data), []).append(part.name)
    cells = [
        [", ".join(names), commit[:18], about, devices, data] for (commit, about, devices, data), names in rows.items()
    ]
    return Table(
        "environment", "Where the numbers were computed", ["runs", "commit", "versions", "devices", "data"], cells
    )
