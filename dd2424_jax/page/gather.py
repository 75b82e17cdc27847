"""The parts of the page: finished runs, what was drawn from them, and where they came from."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dd2424_jax.page.contents import Item, Section
from dd2424_jax.reporting import labels, published, report
from dd2424_jax.reporting.report import Shown
from dd2424_jax.runs import directory, latest
from dd2424_jax.runs.directory import ResultError
from dd2424_jax.runs.identity import code

FINDINGS, REMARKS = "findings", "remarks"  # of findings, the page has one table for all


class Part(NamedTuple):
    """A finished run as it is shown.

    shown  what the item names of it, findings left out
    """

    item: Item
    path: Path
    config: Mapping
    summary: Mapping
    shown: Shown

    @property
    def name(self) -> str:
        """Of this run on the page, in its anchors and in file names."""
        return "-".join([self.item.experiment, *(flag.lstrip("-").replace("=", "-") for flag in self.item.flags)])

    @property
    def command(self) -> str:
        """That has it as its run."""
        return shlex.join(["python", f"experiments/{self.item.experiment}.py", *flags_of(self.config)])

    @property
    def seconds(self) -> float:
        """That it took."""
        timing = self.summary["timing"]
        return timing.get("total_seconds", timing["run_seconds"])

    @property
    def commit(self) -> str:
        return self.config.get("commit") or "unknown"

    @property
    def data(self) -> str:
        """Which images, and their digest."""
        about = self.config.get("dataset")
        return f"{labels.DATASETS[about['name']]}, SHA-256 {about['sha256'][:12]}" if about else ""

    @property
    def real(self) -> bool:
        return _is_real(self.config)

    @property
    def notes(self) -> Sequence[str]:
        """What is to be said of these numbers on real images."""
        return [*self.item.notes] if self.real else []

    @property
    def findings(self) -> Sequence[Mapping]:
        """Of its summary; none where it has none."""
        return self.summary.get(FINDINGS, ())

    @property
    def has_preset(self) -> bool:
        """Whether it is of other settings than the course's."""
        return any(flag.startswith("--preset=") for flag in self.item.flags)

    def numbers(self) -> str | None:
        """The file with a row a run, where it has one."""
        return "runs.csv" if (self.path / "runs.csv").exists() else None


def flags_of(config: Mapping) -> list[str]:
    """The flags that a run's command needs, as they would be typed: the others have the experiment's own values."""
    return [typed(name, value) for name, value in config.get("changed", {}).items()]


def typed(name: str, value: object) -> str:
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no{name}"
    return f"--{name}={','.join(map(str, value)) if isinstance(value, list) else value}"


def any_run(run: Path, config: Mapping) -> bool:
    return True


def newest(
    out_dir: str | Path,
    experiment: str,
    flags: Sequence[str],
    images: str | None = None,
    suits: Callable[[Path, Mapping], bool] = any_run,
) -> Path | None:
    """The newest finished run with these flags, and of the others the experiment's own values; of CIFAR-10 if there is.

    images: the SHA-256 of those that it must be of; None: any.
    suits: whether a run with a config may be it: `any_run`, `is_computed`, `is_drawn`.
    """
    other = None
    for run in latest.finished(out_dir, experiment):
        config = directory.read_config(run)
        script = Path(config.get("command", ("", ""))[1]).stem  # exercise 2 checks some of the gradients
        theirs = (config.get("dataset") or {"sha256": images})["sha256"]
        if script == experiment and images in (None, theirs) and _has(config, flags) and suits(run, config):
            if _is_real(config):
                return run
            other = other or run
    return other


def _has(config: Mapping, flags: Sequence[str]) -> bool:
    """Whether a run had these values, and no other that is not its experiment's own."""
    values = config.get("flags", {})
    wanted = {typed(name, values[name]) for name in values} & {*flags}
    return len(wanted) == len({*flags}) and {*flags_of(config)} <= wanted


def _is_real(config: Mapping) -> bool:
    return (config.get("dataset") or {"name": "cifar10"})["name"] == "cifar10"


def is_computed(run: Path, config: Mapping) -> bool:
    """Whether the package's present code has computed the numbers of a run."""
    return config.get("identity", {}).get("code", code()) == code()


def is_drawn(run: Path, config: Mapping) -> bool:
    """Whether it has drawn them too, and nothing of that is damaged."""
    return is_computed(run, config) and report.is_current(run, directory.Run(run).summary.get("table"))


def is_intact(run: Path, config: Mapping) -> bool:
    """Whether what any code has drawn can be shown."""
    return report.intact(run, directory.Run(run).summary.get("table"))


def figure(part: Part, name: str) -> Path:
    """The PNG of one of its figures."""
    return part.path / f"{name}.png"


def part(item: Item, path: Path) -> Part:
    """What is shown of a finished run.

    Raises:
      ResultError: what was drawn is damaged, or was drawn by an earlier version.
    """
    summary, config = directory.Run(path).summary, directory.read_config(path)
    try:
        shown = report.read_structure(path, summary.get("table"))
    except ResultError as error:
        command = shlex.join([item.experiment + ".py", *flags_of(config)])
        raise ResultError(f"{path} is damaged, or of an earlier version: {command} draws it again") from error
    once = (published.SOURCE, published.WHO)  # which the page has in front
    shown = shown._replace(
        tables=[table for table in shown.tables if table.name != FINDINGS and item.shows(table.name)],
        remarks=[remark for remark in shown.remarks if item.shows(REMARKS) and remark not in once],
        captions={name: caption for name, caption in shown.captions.items() if item.shows(name)},
    )
    return Part(item, path, config, summary, shown)


def parts(sections: Sequence[Section], run_of: Callable[[Item], Path | None]) -> Iterator[tuple[Section, list[Part]]]:
    """Every section that has something, with its parts."""
    for section in sections:
        paths = [(item, run_of(item)) for item in section.items]
        if own := [part(item, path) for item, path in paths if path is not None]:
            yield section, own
