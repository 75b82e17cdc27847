"""Progress of something long, on standard error: a bar on a terminal, elsewhere a line now and then."""

import sys
import time

import tqdm

LINE_EVERY = 10.0  # seconds between lines where there is no terminal
LONG = 2 * 3600.0  # seconds; more are foretold
FEW_CORES = 0.7  # of those that it could keep busy: less, for as long as a line takes, and others have the rest


class Progress:
    """`with Progress(total, "step") as progress: progress.update(n, note)`. `scale` is for numbers in k and M.

    With `quiet`, nothing is shown: another process does. `cores` are those that the work keeps busy where it has them:
    what it does not get, others use, and that is said.
    """

    def __init__(self, total: int, unit: str, *, scale: bool = False, quiet: bool = False, cores: int = 0):
        self.total, self.unit, self.done, self.scale, self._cores = total, unit, 0, scale, cores
        self._clocked = time.monotonic(), time.process_time()
        self._first, self._start, self._said = 0, time.monotonic(), time.monotonic()
        self._bar, self._quiet, self._foretold = None, quiet, scale  # of bytes nobody asks how many hours
        if sys.stderr.isatty() and not quiet:
            self._bar = tqdm.tqdm(
                total=total, unit=unit, unit_scale=scale, dynamic_ncols=True, leave=False, file=sys.stderr
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._bar is not None:
            self._bar.close()

    def update(self, n: int, note: str = "") -> None:
        """n more are done; `note` says how it stands."""
        self.done += n
        if not self._foretold and (left := self._seconds_left()) > LONG:
            self.say(f"some {left / 3600:,.0f} hours to go; interrupted, it is resumed from its last checkpoint")
        self._foretold = True
        if self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(n)
        if time.monotonic() - self._said >= LINE_EVERY and not self._quiet:
            self._said = time.monotonic()
            contended = self._contended()
            if self._bar is None:
                print(", ".join([self._line(note), *contended]), file=sys.stderr, flush=True)
            elif contended:
                self.say(contended[0])

    def skip(self, n: int) -> None:
        """n were done before: they count, but not for the speed."""
        self.done, self._first = self.done + n, self._first + n
        if self._bar is not None:
            self._bar.initial += n
            self._bar.update(n)

    def say(self, text: str) -> None:
        """A line that does not disturb the bar."""
        if not self._quiet:
            tqdm.tqdm.write(text, file=sys.stderr)

    def _contended(self) -> list[str]:
        """What there is to say of the cores since it was last asked."""
        before, self._clocked = self._clocked, (time.monotonic(), time.process_time())
        wall, cpu = (now - then for now, then in zip(self._clocked, before, strict=True))
        if cpu >= FEW_CORES * self._cores * wall:
            return []
        return [f"on {cpu / wall:.1f} of {self._cores} cores: other programs use this machine too"]

    def _seconds_left(self) -> float:
        seconds = time.monotonic() - self._start
        return (self.total - self.done) * seconds / max(self.done - self._first, 1)

    def _line(self, note: str) -> str:
        def show(number):
            return tqdm.tqdm.format_sizeof(number) if self.scale else f"{number:,}"

        left = tqdm.tqdm.format_interval(self._seconds_left())
        text = f"{show(self.done)} of {show(self.total)} {self.unit}s, {left} left"
        return f"{text}, {note}" if note else text
