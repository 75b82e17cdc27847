import jax

from dd2424_jax import chunks, memory, train

CONFIG = train.Config(sizes=(12, 5, 3), n_batch=16, eval_steps=(20,))
LARGE = train.Config((3072, 5000, 5000, 10), 100, (1,))


def test_what_does_not_fit_together_is_trained_run_by_run(monkeypatch):
    monkeypatch.setattr(memory, "of_host", lambda: 2**31)
    assert len(chunks.cut(LARGE, (3, 2), jax.devices())) == 6


def test_more_runs_at_once_than_there_are_need_no_more_memory():
    assert chunks.cut(CONFIG, (3, 4), jax.devices(), 10**12) == [(slice(0, 3), slice(0, 4))]


def test_a_cpus_chunks_are_as_wide_as_its_caches(monkeypatch):
    assert chunks.cut(CONFIG, (3, 4), jax.devices()) == [(slice(0, 3), slice(0, 4))]
    monkeypatch.setattr(chunks, "WEIGHTS_OF_A_CORE", 1)  # a setting for each of two devices
    assert chunks.cut(CONFIG, (3, 4), jax.devices()[:2]) == [(slice(0, 2), slice(0, 4)), (slice(2, 3), slice(0, 4))]


def test_chunks_have_at_most_so_many_runs_and_keep_a_seeds_settings_together():
    assert chunks.cut(CONFIG, (3, 4), jax.devices(), 6) == [(slice(0, 3), slice(0, 2)), (slice(0, 3), slice(2, 4))]
    assert chunks.cut(CONFIG, (3, 1), jax.devices(), 2) == [(slice(0, 2), slice(0, 1)), (slice(2, 3), slice(0, 1))]


def test_chunks_are_as_alike_as_can_be():
    sizes = {cut.stop - cut.start for _, cut in chunks.cut(CONFIG, (3, 12), jax.devices(), 15)}
    assert sizes == {4}  # of 5 each, the last would be another shape to compile
