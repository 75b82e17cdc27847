import numpy as np
import pytest

from dd2424_jax.benchmarking import analysis, tables
from dd2424_jax.reporting import latex
from tests.benchmarking.records import MACHINE, record


def test_a_number_is_its_median_and_quartiles():
    measured = {"median": 2.0, "quartiles": [1.5, 2.5]}
    assert tables.number(measured, 10) == "20 (15–25)"
    assert tables.number(measured, digits=1) == "2.0 (1.5–2.5)"
    assert tables.number(None) == "–"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("changes", [{}, {"processes": {}, "growth": {**record()["growth"], "memory": []}}])
def test_a_record_is_drawn_whether_or_not_processes_and_memory_were_measured(changes):
    report = tables.draw(record(**changes))
    assert len(report.tables) == (8 if not changes else 7)
    for table in report.tables:
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.header)}
        assert latex.table(table, table.name).isascii()
    assert len({table.name for table in report.tables}) == len(report.tables)
    report.figures["growth"].draw_without_rendering()


def test_baselines_stand_below_this_project():
    table = tables.baselines_table(record())
    ours, torch, other = table.rows
    assert [row[0] for row in table.rows] == ["this project", "torch", "other"]
    assert ours[1] == "200000000 (150000000–300000000)"
    assert ours[2:4] == ["1", "1"]
    assert torch[2:4] == ["3.0 (3.0–3.0)", "3.0"]
    assert torch[5] == "3.0 (3.0–3.0)"
    assert other[4:6] == ["–", "–"]
    assert "8 λ × 3 seeds) on Chip_1, 2 cores, median (quartiles) of 3 rounds" in table.caption


def test_limits_are_speeds_and_shares_of_the_best_product():
    numpy, xla, bfloat16, memory, *_ = tables.limits_table(record()).rows
    assert bfloat16[2] == "200 %"
    assert numpy[1:] == ["0 (0–0) GFLOP/s", "50 %", "2.0"]
    assert xla[2] == "100 %"
    assert memory[2] == "–"


def test_many_runs_take_what_one_takes_so_often():
    run = 3600 * np.median([1, 4, 2]) * (100 + 125)  # updates, with the evaluation of 125 images each
    table = tables.plan_table(record())
    rows = dict(table.rows)
    assert rows["one run, evaluations included"] == f"{run:.2g} s"
    assert rows["100,000 runs on one such machine"] == f"{1e5 * run / 3600:,.1f} hours"
    assert rows["memory of every further run at once"] == f"{2**30 / 3e6:.1f} MB"
    weights = 4 * (3072 * 50 + 50 * 10)
    assert rows["final weights of 100,000 runs, on disk"] == f"{1e5 * weights / 1e9:,.0f} GB"


def test_targets_say_yes_no_or_unknown():
    rows = {row[0]: row[1:] for row in tables.targets_table(record()).rows}
    assert rows["times as fast as torch, at best"] == ["3.00", ">= 2.5", "yes"]
    assert rows["exercise 3: share of XLA's products of its shapes"][2] == "yes"
    assert rows["times as fast as NumPy float64, at best"] == ["–", ">= 6", "unknown"]


def test_a_precision_that_is_slower_is_remarked_on():
    assert not any("SLOWER" in remark for remark in tables.remarks(record()))
    slow = record()
    for sweep in analysis.other_precisions(slow):
        sweep["ratio_with_evaluation"] = {"median": 0.9}
    assert [remark for remark in tables.remarks(slow) if remark.startswith("bfloat16 is SLOWER than float32")]


def test_other_precisions_stand_beside_float32():
    narrow, wide = tables.precisions_table(record()).rows
    assert [row[:2] for row in (narrow, wide)] == [["bfloat16", "1 × 5"], ["bfloat16", "8 × 3"]]
    assert wide[3] == "2.00 (2.00–2.00)"


def test_what_a_part_adds_is_in_per_cent():
    (row,) = tables.parts_table(record()).rows
    assert row[:2] == ["flips", "8 × 3"]
    assert row[3].startswith("6 (")


def test_cpu_contention_is_remarked_on():
    assert not any("CONTENTION" in remark for remark in tables.remarks(record()))
    busy = tables.remarks(record(machine={**MACHINE, "cores": 4, "devices": 4}))
    assert busy[0].startswith("CPU CONTENTION: a large product had 2.0 of 4 cores.")
