from dd2424_jax.runs import directory, interim

PART = "part-0123456789"


def test_what_there_is_on_the_way_goes_by_its_name(tmp_path):
    names = ["checkpoint-000.npz", "checkpoint-best.npz", PART, "part-of-mine", "shard-1-of-12", "shard-notes"]
    for name in names:
        (tmp_path / name).mkdir() if name.count("-") != 1 else (tmp_path / name).write_text("")
    (tmp_path / "checkpoint-001.npz").mkdir()
    assert [file.name for file in interim.checkpoints(tmp_path)] == ["checkpoint-000.npz"]
    assert [folder.name for folder in interim.parts(tmp_path)] == [PART]
    assert [folder.name for folder in interim.shards(tmp_path)] == ["shard-1-of-12"]


def test_of_a_shards_folder_only_what_it_wrote_is_removed(tmp_path):
    with directory.open_run(str(tmp_path), "e", {"lam": 1}, {}) as run:
        for folder in ("shard-0-of-2", "shard-1-of-2", "shard-2-of-2"):
            (run.path / folder).mkdir()
            (run.path / folder / "checkpoint-000.npz").write_text("")
            (run.path / folder / PART).mkdir()
            (run.path / folder / PART / "curves.npz").write_text("")
        (run.path / "shard-1-of-2" / "notes").write_text("mine")
        with directory.held(run.path / "shard-2-of-2"):  # its process still writes
            run.finish({})
    assert not (run.path / "shard-0-of-2").exists()
    assert [file.name for file in (run.path / "shard-1-of-2").iterdir()] == ["notes"]
    assert (run.path / "shard-2-of-2" / "checkpoint-000.npz").exists()
