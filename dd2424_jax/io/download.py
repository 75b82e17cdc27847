"""A file from the first of several mirrors that delivers it, known by its checksum.

The checksum makes any mirror safe, and lets one mirror go on where another stopped.
"""

import contextlib
import hashlib
import http.client
import os
import queue
import ssl
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
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
    attempts: int = 3  # connections to one mirror that breaks off


PATIENCE = Patience()


def fetch(urls: Sequence[str], file: Path, *, sha256: str, md5: str, patience: Patience = PATIENCE) -> Path:
    """Download to `file`, which appears only when whole and right. A partial download is resumed.

    Raises:
      DownloadError: no mirror answered within `patience.answer` seconds, or none delivered the file.
      OSError: the file can't be written.
    """
    urls = _answering(urls, patience.answer)
    file.parent.mkdir(parents=True, exist_ok=True)
    with _alone(file.with_name(file.name + ".lock")):
        if not file.exists():  # another process may have fetched it meanwhile
            _fetch(urls, file, {"sha256": sha256, "md5": md5}, patience)
    return file


@contextlib.contextmanager
def _alone(lock: Path):
    """Wait while another process downloads the same file."""
    with open(lock, "w") as opened:
        files.lock(opened, wait=True)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _fetch(urls: Sequence[str], file: Path, checksums: dict[str, str], patience: Patience) -> None:
    part = file.with_name(file.name + ".part")
    print(f"downloading {file} from {urllib.parse.urlsplit(urls[0]).netloc}", file=sys.stderr)
    said = {}
    # In the first round slow mirrors are left for others; in the second, slow is better than nothing.
    for slowest in (patience.slow, 0.0):
        for url in [url for url in urls if said.get(url) in (None, SLOW)]:
            for _ in range(patience.attempts):
                resumed = part.exists()
                said[url] = _append(url, part, patience._replace(slow=slowest))
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


def _append(url: str, part: Path, patience: Patience) -> str:
    """Go on with `part`. Says how it went: WHOLE, SLOW, BROKEN and why (try again), or else why not (don't)."""
    have = part.stat().st_size if part.exists() else 0
    try:
        request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
        with urllib.request.urlopen(request, timeout=patience.stall) as response:
            have = have if response.status == 206 else 0  # a server without ranges sends all of it
            return _receive(response, part, have, patience)
    except urllib.error.HTTPError as error:
        # 416: nothing is left to send, so that the checksum decides.
        return WHOLE if error.code == 416 else f"HTTP status {error.code}"
    except TimeoutError:
        return f"{BROKEN}: stalled"
    except (urllib.error.URLError, ConnectionError, http.client.HTTPException, ssl.SSLError) as error:
        return f"{BROKEN}: {getattr(error, 'reason', error)}"


def _receive(response, part: Path, have: int, patience: Patience) -> str:
    length = response.headers.get("Content-Length")
    total = have + int(length) if length else 0
    start, first = time.monotonic(), have
    with open(part, "r+b" if have else "wb") as out, Progress(total, "B", scale=True) as progress:
        out.seek(have)
        progress.skip(have)
        while block := response.read1(BLOCK):
            out.write(block)
            have += len(block)
            progress.update(len(block), urllib.parse.urlsplit(response.url).netloc)
            seconds = time.monotonic() - start
            if seconds > patience.trial and (have - first) / seconds < patience.slow:
                return SLOW
    return f"{BROKEN}: cut off after {have:,} of {total:,} bytes" if have < total else WHOLE


def _digest(file: Path, algorithm: str) -> str:
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, algorithm).hexdigest()
