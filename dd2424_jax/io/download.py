"""A file from the first of several mirrors that delivers it, known by its checksum.

The checksum makes any mirror safe, and lets one mirror go on where another stopped.
"""

import contextlib
import hashlib
import http
import os
import queue
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from dd2424_jax.io import files
from dd2424_jax.io.progress import Progress

BLOCK = 1 << 18  # bytes
WHOLE, SLOW, BROKEN = "whole", "slow", "broke off"


class DownloadError(Exception):
    """No mirror delivered the file; says what each one did."""


class Patience(NamedTuple):
    """When to give up, in seconds; and when to look for a faster mirror."""

    answer: float = 12.0  # for the first sign of any mirror
    stall: float = 15.0  # without a single byte
    trial: float = 8.0  # before a mirror's speed is judged
    slow: float = 500e3  # bytes per second: below, the other mirrors are tried first
    slowest: float = 10e3  # below, the file would not come within hours
    attempts: int = 3  # connections to one mirror that breaks off


PATIENCE = Patience()


def fetch(
    urls: Sequence[str], file: Path, *, sha256: str, md5: str, n_bytes: int, patience: Patience = PATIENCE
) -> Path:
    """Download to `file`, which appears only when whole and right. A partial download is resumed.

    Raises:
      DownloadError: no mirror answered within `patience.answer` seconds, or none delivered the file.
      OSError: the file can't be written.
    """
    urls = _answering(urls, patience.answer)
    file.parent.mkdir(parents=True, exist_ok=True)
    with files.open_locked(lock := file.with_name(f".{file.name}.lock")):  # waits while another process downloads
        try:
            if not file.exists():  # another process may have fetched it meanwhile
                _fetch(urls, file, {"sha256": sha256, "md5": md5}, n_bytes, patience)
        finally:
            lock.unlink(missing_ok=True)
    return file


def _fetch(urls: Sequence[str], file: Path, checksums: dict[str, str], n_bytes: int, patience: Patience) -> None:
    part = file.with_name(file.name + ".part")
    print(f"downloading {file} from {urllib.parse.urlsplit(urls[0]).netloc}", file=sys.stderr)
    said = {}
    # In the first round slow mirrors are left for others; in the second, slow is better than nothing.
    for slowest in (patience.slow, patience.slowest):
        for url in [url for url in urls if said.get(url) in (None, SLOW)]:
            for _ in range(patience.attempts):
                resumed = part.exists()
                said[url] = _append(url, part, n_bytes, patience._replace(slow=slowest))
                if said[url] == WHOLE:
                    if all(_digest(part, algorithm) == digest for algorithm, digest in checksums.items()):
                        os.replace(part, file)
                        return
                    part.unlink()
                    said[url] = "wrong bytes (checksum)"
                    if resumed:  # the earlier part may have been what was wrong
                        continue
                if not said[url].startswith(BROKEN):
                    break
    raise DownloadError("; ".join(f"{url}: {what}" for url, what in said.items()))


def _answering(urls: Sequence[str], seconds: float) -> list[str]:
    """The mirrors, those that answer first in front. Asked all at once, in threads: a name look-up has no timeout."""
    answers = queue.SimpleQueue()

    def ask(url):
        try:
            urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=seconds).close()
        except urllib.error.HTTPError:
            pass  # an answer all the same: it may refuse only HEAD
        except Exception:
            url = None
        answers.put(url)

    for url in urls:
        threading.Thread(target=ask, args=(url,), daemon=True).start()
    quick, deadline = [], time.monotonic() + seconds
    for _ in urls:
        try:
            answer = answers.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            break
        if answer:
            quick.append(answer)
            deadline = min(deadline, time.monotonic() + 1.0)  # the others get a second more
    if not quick:
        raise DownloadError(f"no network: none of {len(urls)} mirrors answered")
    return quick + [url for url in urls if url not in quick]


def _append(url: str, part: Path, n_bytes: int, patience: Patience) -> str:
    """Go on with `part`, to n_bytes. Says how it went: WHOLE, SLOW, BROKEN and why (try again), or else why not."""
    have = part.lstat().st_size if part.exists() else 0
    if have >= n_bytes:
        return WHOLE  # if it is: the checksum decides
    with contextlib.closing(_stream(url, have, patience.stall)) as stream:
        try:
            have = have if next(stream) == http.HTTPStatus.PARTIAL_CONTENT else 0  # without ranges, all of it is sent
            return _receive(stream, urllib.parse.urlsplit(url).netloc, part, have, n_bytes, patience)
        except _Broken as error:
            reason = error.__cause__
            if isinstance(reason, urllib.error.HTTPError):
                return f"HTTP status {reason.code}"
            return f"{BROKEN}: {'stalled' if isinstance(reason, TimeoutError) else getattr(reason, 'reason', reason)}"


def _receive(stream: Iterator[bytes], host: str, part: Path, have: int, n_bytes: int, patience: Patience) -> str:
    start, first = time.monotonic(), have
    with open(part, "r+b" if have else "wb", opener=_without_links) as out, Progress(n_bytes, "B", scale=True) as bar:
        out.seek(have)
        bar.skip(have)
        for block in stream:
            if have + len(block) > n_bytes:
                part.unlink()
                return f"wrong bytes (more than {n_bytes:,})"
            out.write(block)
            have += len(block)
            bar.update(len(block), host)
            seconds = time.monotonic() - start
            if seconds > patience.trial and (have - first) / seconds < patience.slow:
                return SLOW
    return f"{BROKEN}: cut off after {have:,} of {n_bytes:,} bytes" if have < n_bytes else WHOLE


class _Broken(Exception):
    """The connection failed, as its cause says."""


def _stream(url: str, start: int, seconds: float) -> Iterator:
    """The status of the answer, then its blocks; from byte `start`, where the server can.

    They are read in a thread, which is left behind when nothing has come for so many seconds: what a server can do to
    keep one waiting (drip its headers, say `Continue` for ever) no timeout of a socket ends.

    Raises:
      _Broken: it failed.
    """
    items, left = queue.Queue(maxsize=4), threading.Event()

    def put(item):
        while not left.is_set():
            with contextlib.suppress(queue.Full):
                items.put(item, timeout=0.5)
                return

    def read():
        try:
            request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
            with urllib.request.urlopen(request, timeout=seconds) as response:
                put(response.status)
                while not left.is_set() and (block := response.read1(BLOCK)):
                    put(block)
            put(None)
        except Exception as error:
            put(error)

    threading.Thread(target=read, daemon=True).start()
    try:
        while (item := items.get(timeout=seconds)) is not None:
            if isinstance(item, Exception):
                raise _Broken from item
            yield item
    except queue.Empty:
        raise _Broken from TimeoutError()
    finally:
        left.set()


def _without_links(file: str, flags: int) -> int:
    return os.open(file, flags | getattr(os, "O_NOFOLLOW", 0), 0o644)


def _digest(file: Path, algorithm: str) -> str:
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, algorithm).hexdigest()
