"""The learning rate range test: which lr_min and lr_max to train with.

    python experiments/lr_range_test.py
    python experiments/lr_range_test.py --lam=1e-5,1e-3,0.1
    python experiments/lr_range_test.py --optimizer=momentum --lr_max=0.1
    python experiments/lr_range_test.py --optimizer=adam --lr_max=0.02

The images and the network of the coarse search. The learning rate rises linearly from lr_min to lr_max for n_s updates
(8 epochs), to where training fails; accuracy rises with it, and falls again. Suggested is the range from where the
mean validation accuracy over seeds has risen by a tenth of its rise, to where it is highest (see `lr_range.py`).
Expect about 0.003 to 0.1; with momentum 0.9 a fifth of that, with Adam a thirtieth. The test images are not looked at.
"""

from dd2424_jax.app import entry  # first: it handles Ctrl-C

# isort: split
import functools

from dd2424_jax.app import command_line, flags, pipeline, plan, session
from dd2424_jax.reporting import lr_range

flags.define_result_flags()
flags.define_split_flags(n_train=45_000, n_valid=5_000, train_batches=[1, 2, 3, 4, 5])
flags.define_run_flags(lam=[0.001], n_seeds=5, hidden=[50])
flags.define_rise_flags(lr_min=1e-5, lr_max=0.3, n_s=3600, n_evals=30)

EVAL_TRAIN = 5_000  # unless --eval_train is given: evaluations on all images would take longer than training


def main():
    options = command_line.options()
    here = session.start(options)
    if not command_line.given("eval_train"):
        options.eval_train = min(EVAL_TRAIN, options.n_train)
    draw = functools.partial(lr_range.draw, title="Learning rate range test")
    pipeline.run(plan.rising("lr_range_test", options, test=False), draw, here)


if __name__ == "__main__":
    entry.start(main)
