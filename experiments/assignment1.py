"""Assignment 1: the linear classifier in its four settings of λ and learning rate, ten seeds each.

    python experiments/assignment1.py
    python experiments/assignment1.py --loss=sigmoid
    python experiments/assignment1.py --loss=hinge

Batch 1 to train on, batch 2 to validate on, 40 epochs, n_batch = 100, W ~ N(0, 0.01²), constant η. Expect a test
accuracy of about 28, 39, 39 and 37 % in the four settings. The other losses have four settings of their own unless
--lam or --lr say otherwise: the mean over K sigmoids has gradients K times smaller and wants η ten times larger and λ
ten times smaller (36 to 39 %); the sum over the hinges has larger ones and wants η ten times smaller or more (35 to
37.5 %).
"""

import itertools

import numpy as np
from absl import flags

import common
import mistakes
import reproduce
from dd2424_jax import cifar10, plots, report, stats, tables, train
from dd2424_jax.report import Report

FLAGS = flags.FLAGS
SETTINGS = {  # of λ, of η
    "softmax": ((0.0, 0.0, 0.1, 1.0), (0.1, 0.001, 0.001, 0.001)),
    "sigmoid": ((0.0, 0.0, 0.01, 0.1), (0.1, 0.01, 0.01, 0.01)),
    "hinge": ((0.0, 0.0, 0.1, 1.0), (0.001, 0.0001, 0.0001, 0.0001)),
}
# The middle half of 22 to 24 published reports' test accuracies, in per cent.
PUBLISHED = {(0.0, 0.1): "27.9-29.5", (0.0, 0.001): "38.7-39.2", (0.1, 0.001): "39.0-39.3", (1.0, 0.001): "37.4-37.6"}
BIAS_STD = {"zeros_bias": 0.0, "normal_bias": 0.01}

common.define_output_flags()
common.define_split_flags(n_train=10_000, n_valid=10_000, train_batches=[1], valid_batches=[2])
common.define_training_flags(lam=SETTINGS["softmax"][0], n_seeds=10)
common.define_numbers("lr", SETTINGS["softmax"][1], common.LR)
flags.DEFINE_integer("n_epochs", 40, "epochs; at least 1", lower_bound=1)
flags.DEFINE_enum("init", "zeros_bias", list(BIAS_STD), "biases 0, or drawn as the weights are (older editions)")


def name(setting) -> str:
    return f"λ = {setting.lam:g}, η = {setting.lr_max:g}"


def accuracies(found: reproduce.Found) -> tables.Table:
    header = ["setting", "train %", "validation %", "test %", "95 % interval", "diverged"]
    caption = f"Assignment 1, {FLAGS.loss}, on {found.label}: accuracy, mean ± sd, 95 % interval of the mean on test"
    rows = []
    for setting in found.settings:
        of_split = [setting.estimates[f"{split}_accuracy"] for split in ("train", "valid", "test")]
        row = [name(setting), *map(tables.percent, of_split), tables.percent_interval(of_split[-1])]
        rows.append([*row, str(setting.diverged)])
    if FLAGS.loss == "softmax":
        header, caption = [*header, "published"], f"{caption}, middle half of published reports"
        for row, setting in zip(rows, found.settings, strict=True):
            row.append(PUBLISHED.get((setting.lam, setting.lr_max), "–"))
    return tables.Table(caption, header, rows)


def differences(found: reproduce.Found) -> tuple[tables.Table, list[str]]:
    """Test accuracy of every pair of settings, seed by seed; and in words what can be told apart."""
    accuracy = np.where(found.outcome.diverged, np.nan, found.outcome.test.accuracy)
    rows, sentences = [], []
    for i, j in itertools.combinations(range(len(found.settings)), 2):
        first, second = (name(found.settings[k]) for k in (i, j))
        difference = stats.paired(accuracy[j], accuracy[i])
        told = stats.excludes_zero(difference)
        verdict = "yes" if told else "no"
        points, interval = tables.points(difference.mean), tables.points_interval(difference.low, difference.high)
        rows.append([f"{second} minus {first}", points, interval, str(difference.n), verdict])
        sentences.append((told, f"{second} rather than {first}: {points} points"))
    caption = f"Paired differences of test accuracy on {found.label}, in points, each with its 95 % interval"
    header = ["difference", "points", "95 % interval", "seeds", "differs from 0"]
    remarks = []
    for told, text in ((True, "Distinguishable from 0"), (False, "Not distinguishable from 0")):
        chosen = [sentence for verdict, sentence in sentences if verdict == told]
        if chosen:
            remarks.append(f"{text}: {'; '.join(chosen)}.")
    return tables.Table(caption, header, rows), remarks


def curves(found: reproduce.Found):
    """Loss, cost and accuracy (rows), a panel a setting."""
    outcome = found.outcome
    fig, axes = plots.figure(
        3, len(found.settings), f"Assignment 1, {FLAGS.loss}: {found.label}, mean and 95 % band", width=3.4, height=2.6
    )
    epoch = outcome.step * FLAGS.n_batch / len(found.splits.train.y)
    for row, metric in zip(axes, train.Metrics._fields, strict=True):
        for i, (ax, setting) in enumerate(zip(row, found.settings, strict=True)):
            plots.curves_of_setting(ax, epoch, outcome, i, metric, x="epoch")
            if metric == "loss":
                ax.set_title(name(setting), fontsize=10)
            if ax is not axes[0, 0]:
                ax.get_legend().remove()  # it is the same in every panel
    return fig


def templates(found: reproduce.Found):
    """The weights of every class, of the first seed."""
    title = f"Weights of every class, seed {found.outcome.seeds[0]} of: {found.label}"
    n_classes = len(cifar10.CLASSES)
    fig, axes = plots.figure(len(found.settings), n_classes, title, width=0.95, height=1.0)
    for i, (row, setting) in enumerate(zip(axes, found.settings, strict=True)):
        for k, ax in enumerate(row):
            plots.template(ax, found.outcome.params[0].W[i, 0, k])
            if i == 0:
                ax.set_title(cifar10.CLASSES[k], fontsize=7)
        row[0].set_ylabel(name(setting).replace(", ", "\n"), fontsize=7)
    return fig


def draw(found: reproduce.Found) -> Report:
    table, remarks = differences(found)
    shown, figures = [accuracies(found), table], {"curves": curves(found), "templates": templates(found)}
    best = report.ranking(found.settings, "valid_accuracy")
    if best:
        figures["confusion"], classes = mistakes.draw(
            found, best[0], f"{name(found.settings[best[0]])}, the best on validation"
        )
        shown.append(classes)
    return Report(shown, remarks, figures)


def chosen_settings() -> tuple[list[float], list[float]]:
    """λ and η of every setting: as given, else the loss's own; and the flags say so too."""
    lams, lrs = SETTINGS[FLAGS.loss]
    if FLAGS["lam"].present:
        lams, lrs = common.numbers(FLAGS.lam), lrs[-1:]
    if FLAGS["lr"].present:
        lrs = common.numbers(FLAGS.lr)
    lrs = common.one_for_each(lams, lrs)
    FLAGS.lam, FLAGS.lr = ([",".join(f"{value:g}" for value in values)] for values in (lams, lrs))
    return lams, lrs


def main():
    lams, lrs = chosen_settings()
    given = common.given()
    reproduce.training(
        "assignment1",
        draw,
        given,
        hypers=train.Hypers(lams, lrs, lrs),
        eval_steps=common.epochs(given),
        with_test=True,
        init_std=0.01,
        bias_std=BIAS_STD[FLAGS.init],
        schedule=train.constant,
    )


if __name__ == "__main__":
    common.start(main)
