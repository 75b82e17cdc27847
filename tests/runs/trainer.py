"""In the place of what trains: it takes no time, and remembers what it was asked for."""

import tempfile
from pathlib import Path

import jax
import numpy as np

from dd2424_jax import sweep
from dd2424_jax.runs import directory, result, training, weights
from dd2424_jax.runs.shards import WHOLE
from tests.runs.examples import PLAN, outcome


class Trainer:
    """Trains at once, to the numbers that `outcome` has for the whole plan; remembers which runs."""

    def __init__(self, plan):
        self.plan, self.whole = plan, outcome(plan)
        self.times = np.zeros(self.whole.trained.shape, int)
        self.rectangles, self.die_after = [], np.inf

    def each(self, config, rectangles, directory, devices):
        for i, ((hypers, seeds), splits) in filter(lambda numbered: numbered[1], enumerate(rectangles)):
            if len(self.rectangles) >= self.die_after:
                raise KeyboardInterrupt
            rows = [self.plan.settings().index(one) for one in PLAN._replace(hypers=hypers).settings()]
            columns = [self.plan.seeds.index(seed) for seed in seeds.tolist()]
            assert all(splits is self.plan.folds[self.plan.fold[j]] for j in columns)
            cells = np.ix_(rows, columns)
            self.times[cells] += 1
            self.rectangles.append((rows, columns))
            sweep.checkpoint_of(directory, i).write_text("")
            whole = self.whole
            numbers = (whole.train, whole.valid, whole.test, whole.seconds, *whole.weights)
            own = jax.tree.map(lambda a, cells=cells: a[cells], numbers)
            named = dict(zip(("train", "valid", "test", "seconds", *sweep.Weights._fields), own, strict=True))
            yield whole._replace(hypers=hypers, seeds=seeds, lr=whole.lr[rows], **named)


said = []


def train(out_dir, plan, shard=WHOLE, reuse=True, runs_at_once=None, finish=False, kept=True):
    """The run, after its shard was trained, with its weights `kept` or not; with `finish`, as a finished one."""
    name = None if shard.n == 1 else shard.name
    with directory.open_run(out_dir, plan.experiment, plan.identity(), {"dataset": plan.dataset}, shard=name) as run:
        options = {"devices": jax.devices()[:1], "runs_at_once": runs_at_once, "say": said.append}
        training.train(run, plan, shard, reuse=reuse, weights=kept, **options)
        if finish:
            result.write_arrays(run.path, plan, gathered(run, plan, reuse, kept)[0])
            run.finish({})
    return run


def gathered(run, plan, reuse=False, kept=True):
    """The outcome, with its weights where they are `kept`, and how many runs are whose."""
    outcome, given, taken = training.gather(run, plan, reuse=reuse, weights=kept)
    return (with_weights(outcome, plan, given) if kept else outcome), taken


def with_weights(outcome, plan, given):
    with tempfile.TemporaryDirectory() as folder:  # what is mapped stays when its file is gone
        return outcome._replace(**weights.gather(Path(folder), plan, given)._asdict())
