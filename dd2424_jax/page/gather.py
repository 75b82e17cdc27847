"""The parts of the page: finished runs, what was drawn from them, and where they came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dd2424_jax.page.contents import Item, Section
from dd2424_jax.reporting import labels, report
from dd2424_jax.reporting.report import Shown
from dd2424_jax.runs import directory, latest
from dd2424_jax.runs.directory import ResultError
from dd2424_jax.runs.identity import code

FINDINGS = "findings"  # the table of which the page has one for all
PLACES = ("--data_dir", "--out_dir")  # flags that say where, not what


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
        """That was given, but for the folders."""
        return " ".join(["python", f"experiments/{self.item.experiment}.py", *given(self.config)])

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
        return (self.config.get("dataset") or {"name": "cifar10"})["name"] == "cifar10"

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


def given(config: Mapping) -> list[str]:
    """The flags of a run's command that say what it is."""
    _, _, *flags = config["command"]
    return [flag for flag in flags if not flag.startswith(PLACES)]


def newest(
    out_dir: str | Path,
    experiment: str,
    flags: Sequence[str] | None,
    images: str | None = None,
    *,
    current: bool = False,
) -> Path | None:
    """The newest finished run of a command with these flags and no others; with None, whatever its flags were.

    images: the SHA-256 of those that it must be of; None: any. `current`: none that other code has computed or drawn.
    """
    for run in latest.finished(out_dir, experiment):
        config = directory.read_config(run)
        of_its_own = Path(config["command"][1]).stem == experiment  # exercise 2 checks some of the gradients
        theirs = (config.get("dataset") or {"sha256": images})["sha256"]
        wanted = of_its_own and images in (None, theirs) and (flags is None or given(config) == list(flags))
        if wanted and (not current or _is_current(run, config)):
            return run
    return None


def _is_current(run: Path, config: Mapping) -> bool:
    """Whether the package's present code has drawn it, from numbers that it has computed itself."""
    return config.get("identity", {}).get("code", code()) == code() and report.is_current(run)


def figure(part: Part, name: str) -> Path:
    """The PNG of one of its figures."""
    return part.path / f"{name}.png"


def part(item: Item, path: Path) -> Part:
    """What is shown of a finished run.

    Raises:
      ResultError: what was drawn is damaged, or was drawn by an earlier version.
    """
    summary = directory.Run(path).summary
    try:
        shown = report.read_structure(path, summary["table"])
    except ResultError as error:
        raise ResultError(f"{path} is damaged or of an earlier version: the same command draws it again") from error
    shown = shown._replace(
        tables=[table for table in shown.tables if table.name != FINDINGS and item.shows(table.name)],
        captions={name: caption for name, caption in shown.captions.items() if item.shows(name)},
    )
    return Part(item, path, directory.read_config(path), summary, shown)


def parts(sections: Sequence[Section], run_of: Callable[[Item], Path | None]) -> Iterator[tuple[Section, list[Part]]]:
    """Every section that has something, with its parts."""
    for section in sections:
        paths = [(item, run_of(item)) for item in section.items]
        if own := [part(item, path) for item, path in paths if path is not None]:
            yield section, own
