"""What one process can show; real ones are in tests/commands/test_processes.py."""

import sys
import threading

import jax
import numpy as np
import pytest

from dd2424_jax.parallel import processes


def test_alone_a_process_is_the_first_and_gets_what_it_broadcasts_and_gathers():
    assert processes.first()
    assert processes.broadcast(b"content") == b"content"
    np.testing.assert_array_equal(processes.gather(np.arange(3)), [[0, 1, 2]])


@pytest.fixture
def initialize(monkeypatch):
    """Replaces JAX's own way of finding the other processes, and keeps what `start` sets in this one."""
    monkeypatch.setattr(jax.config, "update", lambda *_: None)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setenv("grpc_proxy", "")
    return lambda function: monkeypatch.setattr(jax.distributed, "initialize", function)


def test_processes_that_do_not_connect_in_time_give_up(initialize, monkeypatch):
    said, given_up = [], threading.Event()
    monkeypatch.setattr(processes, "_give_up", lambda message: (said.append(message), given_up.set()))
    initialize(lambda *_, **__: given_up.wait(60))
    processes.start("127.0.0.1:1", 2, 1, timeout=0)
    assert said == ["--distributed: 2 processes did not connect at 127.0.0.1:1 within 0 s; was each started, and once?"]


def test_what_keeps_them_from_connecting_is_said_with_advice(initialize):
    def refused(*_, **__):
        raise ValueError("coordinator_address should be defined.")

    initialize(refused)
    with pytest.raises(processes.ProcessError, match=r"coordinator_address should be .*give --coordinator=host:port"):
        processes.start(None, None, None, timeout=60)


def test_every_process_needs_as_many_devices(monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    monkeypatch.setattr(jax, "local_device_count", lambda: 1)
    monkeypatch.setattr(jax, "device_count", lambda: 3)
    with pytest.raises(processes.ProcessError, match="process 0 has 1 of the 3 devices of 2 processes"):
        processes.connect()


def test_a_process_that_was_lost_is_said(monkeypatch):
    def closed(_):
        raise ValueError("Gloo AllGather failed: Connection closed by peer")

    monkeypatch.setattr(processes.multihost_utils, "process_allgather", closed)
    with pytest.raises(processes.ProcessError, match=r"another process was lost \(Gloo .*the same commands resume"):
        processes.gather(np.zeros(1))


def test_a_process_that_is_alone_leaves_as_any_other():
    with pytest.raises(SystemExit) as ended:
        processes.leave(3)
    assert ended.value.code == 3
