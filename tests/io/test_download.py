import concurrent.futures
import contextlib
import hashlib
import http.server
import threading
import time

import pytest

from dd2424_jax.io import download

CONTENT = bytes(range(256)) * 2000  # 512 kB
RIGHT = {
    "sha256": hashlib.sha256(CONTENT).hexdigest(),
    "md5": hashlib.md5(CONTENT).hexdigest(),
    "n_bytes": len(CONTENT),
}
QUICK = download.Patience(answer=3.0, stall=0.6, trial=0.3, slow=1e6, slowest=1e4, attempts=3)


def _write_until_left(mirror, content, seconds):
    with contextlib.suppress(OSError):
        while not mirror.server.over.wait(seconds):
            mirror.wfile.write(content)


def _header(text):
    return lambda mirror: mirror.wfile.write(f"HTTP/1.1 {text}\r\n\r\n".encode())


def _then(first, content, seconds=0.0):
    def answer(mirror):
        mirror.wfile.write(first)
        _write_until_left(mirror, content, seconds)

    return answer


HOSTILE = {  # what a server can do, each to be left in time
    "endless": _then(b"HTTP/1.1 200 OK\r\n\r\n", bytes(2**16)),
    "endless-with-length": _then(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", bytes(2**16)),
    "drips": _then(b"HTTP/1.1 200 OK\r\n\r\n", b"x", 0.05),
    "drips-headers": _then(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.05),
    "drips-chunks": _then(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0", 0.05),
    "continues": _then(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01),
    "nothing-left": _header("416 Range Not Satisfiable"),
    "no-length": _header("200 OK\r\nContent-Length: many"),
    "less-than-nothing": _header("200 OK\r\nContent-Length: -5"),
    "away": _header("302 Found\r\nLocation: http://[::bad/x"),
    "far-away": _header("302 Found\r\nLocation: http://" + "a" * 300 + "/x"),
    "to-a-file": _header("302 Found\r\nLocation: file:///etc/passwd"),
    "round": _header("302 Found\r\nLocation: /round"),
    "not-http": lambda mirror: mirror.wfile.write(b"\xff" * 100_000),
    "nothing": lambda mirror: None,
}


class Mirror(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT at /<behaviour>, and notes what was asked for."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.send_response(200)
        self.end_headers()

    def do_GET(self):
        behaviour = self.path[1:]
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        self.server.asked.append((behaviour, start))
        if behaviour == "missing":
            self.send_error(404)
            return
        if behaviour in HOSTILE:
            self.close_connection = True
            HOSTILE[behaviour](self)
            return
        if start >= len(CONTENT):
            self.send_error(416)
            return
        if behaviour == "no-ranges":
            start = 0
        content = b"?" * len(CONTENT) if behaviour == "wrong" else CONTENT
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.close_connection = True
        if behaviour == "cuts-off":
            self.wfile.write(content[start : start + 200_000])
        elif behaviour == "stalls":
            self.wfile.write(content[start : start + 1000])
            self.server.over.wait(5)
        elif behaviour == "slow":
            while start < len(content) and not self.server.over.wait(0.02):
                self.wfile.write(content[start : start + 5000])  # at most 250 kB a second
                start += 5000
        else:
            self.wfile.write(content[start:])


@pytest.fixture
def mirror():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    server.asked, server.over, server.daemon_threads = [], threading.Event(), True
    server.handle_error = lambda *_: None  # clients hang up: that is the point
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.url = lambda behaviour: f"http://127.0.0.1:{server.server_port}/{behaviour}"
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def fetch(mirror, tmp_path, monkeypatch):
    """fetch(behaviour, ...) from mirrors in just that order; returns what was asked of them."""
    monkeypatch.setattr(download, "_answering", lambda urls, _: list(urls))

    def fetch(*behaviours):
        file = tmp_path / "archive"
        assert download.fetch([mirror.url(b) for b in behaviours], file, **RIGHT, patience=QUICK) == file
        assert file.read_bytes() == CONTENT
        assert [entry.name for entry in tmp_path.iterdir()] == ["archive"]
        return mirror.asked

    return fetch


def test_two_processes_download_once(mirror, tmp_path):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(download.fetch, [mirror.url("good")], tmp_path / "archive", **RIGHT, patience=QUICK)
            for _ in range(2)
        ]
        assert all(job.result().read_bytes() == CONTENT for job in jobs)
    assert mirror.asked == [("good", 0)]


def test_a_good_mirror_is_enough(fetch):
    assert fetch("good") == [("good", 0)]


def test_a_mirror_that_cuts_off_is_gone_on_with(fetch):
    assert fetch("cuts-off") == [("cuts-off", 0), ("cuts-off", 200_000), ("cuts-off", 400_000)]


def test_a_mirror_that_stalls_is_left_and_its_bytes_are_kept(fetch):
    asked = fetch("stalls", "good")
    assert asked[-1] == ("good", 3000)  # three attempts of a thousand bytes


def test_wrong_bytes_are_thrown_away(fetch):
    assert fetch("wrong", "good") == [("wrong", 0), ("good", 0)]


def test_a_missing_file_is_not_asked_for_twice(fetch):
    assert fetch("missing", "good") == [("missing", 0), ("good", 0)]


def test_a_slow_mirror_is_left_for_a_faster_one(fetch):
    began = time.monotonic()
    asked = fetch("slow", "good")
    assert [behaviour for behaviour, _ in asked] == ["slow", "good"]
    assert asked[1][1] > 0  # what the slow one had sent is kept
    assert time.monotonic() - began < 5


def test_slow_is_better_than_nothing(fetch):
    asked = fetch("slow", "missing")
    assert [behaviour for behaviour, _ in asked] == ["slow", "missing", "slow"]


def test_a_partial_download_is_gone_on_with(fetch, tmp_path):
    (tmp_path / "archive.part").write_bytes(CONTENT[:123_456])
    assert fetch("good") == [("good", 123_456)]


def test_a_whole_partial_download_needs_no_mirror(fetch, tmp_path):
    (tmp_path / "archive.part").write_bytes(CONTENT)
    assert fetch("good") == []


def test_a_wrong_partial_download_is_begun_again(fetch, tmp_path):
    (tmp_path / "archive.part").write_bytes(b"?" * 1000)
    assert fetch("good") == [("good", 1000), ("good", 0)]


def test_a_mirror_without_ranges_sends_all_of_it(fetch, tmp_path):
    (tmp_path / "archive.part").write_bytes(CONTENT[:1000])
    assert fetch("no-ranges") == [("no-ranges", 1000)]


def test_when_nobody_delivers_all_reasons_are_told(mirror, tmp_path):
    urls = [mirror.url("wrong"), mirror.url("missing"), mirror.url("stalls")]
    with pytest.raises(download.DownloadError, match=r"checksum|404|stalled") as error:
        download.fetch(urls, tmp_path / "archive", **RIGHT, patience=QUICK)
    assert all(f"{url}: " in str(error.value) for url in urls)
    assert not (tmp_path / "archive").exists()


def test_no_network_is_noticed_in_time(tmp_path):
    began = time.monotonic()
    # A port nobody listens on, a name nobody has, an address that never answers.
    urls = ["http://127.0.0.1:1/x", "http://no-such-host.invalid/x", "http://192.0.2.1/x"]
    with pytest.raises(download.DownloadError, match=r"no network"):
        download.fetch(urls, tmp_path / "archive", **RIGHT, patience=QUICK)
    assert time.monotonic() - began < QUICK.answer + 1
    assert download.PATIENCE.answer < 15
    assert not any(tmp_path.iterdir())


def test_mirrors_that_answer_come_first(mirror):
    dead, alive = "http://127.0.0.1:1/x", mirror.url("good")
    assert download._answering([dead, alive], 3.0) == [alive, dead]


def test_whatever_a_mirror_does_it_is_left_in_time_for_the_next(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_answering", lambda urls, _: list(urls))

    def fetch(behaviour):
        began, file = time.monotonic(), tmp_path / behaviour / "archive"
        download.fetch([mirror.url(behaviour), mirror.url("good")], file, **RIGHT, patience=QUICK)
        assert file.read_bytes() == CONTENT
        return time.monotonic() - began

    with concurrent.futures.ThreadPoolExecutor(len(HOSTILE)) as all_at_once:
        seconds = dict(zip(HOSTILE, all_at_once.map(fetch, HOSTILE), strict=True))
    assert max(seconds.values()) < 3 * QUICK.stall + 5, seconds


def test_a_mirror_that_is_hopelessly_slow_is_left_even_if_it_is_the_only_one(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_answering", lambda urls, _: list(urls))
    with pytest.raises(download.DownloadError, match=r"drips: slow"):
        download.fetch([mirror.url("drips")], tmp_path / "archive", **RIGHT, patience=QUICK)


def test_a_part_that_is_a_link_is_not_written_through(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_answering", lambda urls, _: list(urls))
    (tmp_path / "precious").write_text("all")
    (tmp_path / "archive.part").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="symbolic link"):
        download.fetch([mirror.url("good")], tmp_path / "archive", **RIGHT, patience=QUICK)
    assert (tmp_path / "precious").read_text() == "all"
