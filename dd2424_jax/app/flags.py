"""The flags that experiments share, and what they mean."""

from collections.abc import Sequence

from absl import flags

from dd2424_jax import names
from dd2424_jax.app import commands, hosts, kinds
from dd2424_jax.app.command_line import IMAGES, LONG, RESULTS, WHAT, group

# Where, and which images


@group(RESULTS)
def define_result_flags():
    """Where results go."""
    kinds.define_path("out_dir", commands.results(), "where run directories go")
    kinds.define_path("name", None, "the run directory's name; by default a digest of what decides its numbers")
    flags.DEFINE_boolean("force", False, "compute from scratch, beside the finished run of the same configuration")


@group(RESULTS)
def define_weights(text: str = "keep the final weights of every run, in params.npz, or of none"):
    """Whether final weights are kept, which changes no other number."""
    flags.DEFINE_enum("weights", "all", ["all", "none"], text)


@group(IMAGES)
def define_data_flags():
    """Where the data is."""
    flags.DEFINE_enum(
        "dataset",
        "auto",
        ["auto", "cifar10", "synthetic"],
        "auto: CIFAR-10 if it is there or can be downloaded, else, with a warning, the synthetic stand-in",
    )
    define_data_dir()


@group(IMAGES)
def define_data_dir():
    """Where CIFAR-10 is."""
    kinds.define_path(
        "data_dir", None, "where CIFAR-10 is, or is downloaded to; else $DD2424_DATA_DIR, else the user's cache"
    )


@group(IMAGES)
def define_split_flags(*, n_train: int, n_valid: int, train_batches: Sequence[int], valid_batches: Sequence[int] = ()):
    """Which images, and where they are."""
    define_data_flags()
    kinds.define_integers("train_batches", train_batches, "training batches to learn from, some of 1 to 5", least=1)
    kinds.define_integers(
        "valid_batches",
        valid_batches,
        "training batches to validate on; empty: hold out the end of train_batches",
        least=1,
    )
    flags.DEFINE_integer("n_train", n_train, "training images, the first of train_batches; at least 1", lower_bound=1)
    flags.DEFINE_integer("n_valid", n_valid, "validation images; at least 1, fewer than there are", lower_bound=1)


# Which runs

LAM = "λ of the penalty λ Σ W²; each at least 0"
PAIRED = "; of every setting, or one for all"


@group(WHAT)
def define_run_flags(
    *,
    lam: Sequence[float],
    n_seeds: int,
    seed: int = 0,
    n_batch: int = 100,
    hidden: Sequence[int] | None = None,
    optimizer: str = "sgd",
    precision: str = "float32",
):
    """Which runs, and on what. Without `hidden` there is no such flag: the experiment is about linear classifiers."""
    kinds.define_numbers("lam", lam, LAM + ("" if len(lam) else "; by default as a search found"))
    flags.DEFINE_boolean("grid", False, "cross the lists of λ, learning rates and momentum; else they are paired")
    flags.DEFINE_enum(
        "loss",
        "softmax",
        list(names.LOSSES),
        "cross-entropy of the softmax, mean cross-entropy of K sigmoids, or the SVM's hinge loss",
    )
    flags.DEFINE_enum(
        "optimizer",
        optimizer,
        list(names.OPTIMIZERS),
        "mini-batch gradient descent without or with momentum, Nesterov's, Adam, or AdamW: the penalty apart from Adam",
    )
    kinds.define_numbers("momentum", [0.9], f"momentum, and Adam's β1, below 1; not of sgd{PAIRED}")
    if hidden is not None:
        _define_hidden_flags(hidden)
    kinds.define_share("smoothing", "ε of label smoothing in training: labels (1 − ε) y + ε / K; not of hinge")
    kinds.define_share("input_dropout", "probability of dropping a pixel in training")
    flags.DEFINE_enum(
        "precision",
        precision,
        names.PRECISIONS,
        "of matrix products: float32 as the device does by default (NVIDIA's GPUs: TF32), bfloat16 (sums, weights and "
        "all else are float32), tf32 (of such GPUs only), or highest, float32 on every device",
    )
    flags.DEFINE_integer(
        "eval_train",
        0,
        "training images to evaluate between the ends of a run, the first of them; 0: all; at most n_train",
        lower_bound=0,
    )
    flags.DEFINE_integer("n_batch", n_batch, "examples of an update; 1 to n_train", lower_bound=1)
    flags.DEFINE_integer("seed", seed, "the first seed; 0 to 2^32 - 1", lower_bound=0, upper_bound=2**32 - 1)
    flags.DEFINE_integer("n_seeds", n_seeds, "how many seeds: seed, seed + 1, ...; at least 1", lower_bound=1)
    define_augment_flags()
    define_weights()
    hosts.define_devices()
    hosts.define_processes()
    flags.register_multi_flags_validator(
        ["n_batch", "n_train"], lambda f: f["n_batch"] <= f["n_train"], "n_batch must not exceed n_train"
    )
    flags.register_multi_flags_validator(
        ["eval_train", "n_train"], lambda f: f["eval_train"] <= f["n_train"], "eval_train must not exceed n_train"
    )
    flags.register_multi_flags_validator(
        ["seed", "n_seeds"], lambda f: f["seed"] + f["n_seeds"] <= 2**32, "the last seed must be below 2^32"
    )
    flags.register_validator("momentum", lambda values: max(values) < 1 - 2**-25, "must be below 1")  # in float32


def _define_hidden_flags(hidden: Sequence[int]):
    """What only networks with hidden layers have."""
    kinds.define_integers("hidden", hidden, "units of every hidden layer; empty: a linear classifier", least=1)
    flags.DEFINE_enum("activation", "relu", names.ACTIVATIONS, "of hidden units")
    flags.DEFINE_enum(
        "init", "fan_in", names.INITIALIZERS, "standard deviation of W [m, d]: 1/√d, √(2/d), or √(2/(d + m))"
    )
    kinds.define_float("init_std", 0.0, "the same for all layers, in the place of --init; 0: as --init says")
    kinds.define_share("dropout", "probability of dropping a hidden unit in training")


@group(IMAGES)
def define_augment_flags():
    """How training changes its images."""
    flags.DEFINE_float(
        "flip", 0.0, "probability that training mirrors an image; 0 to 1", lower_bound=0.0, upper_bound=1.0
    )
    flags.DEFINE_integer(
        "shift", 0, "training moves an image by up to so many pixels; 0 to 31", lower_bound=0, upper_bound=31
    )
    flags.DEFINE_enum("shift_padding", "zero", names.PADDINGS, "what comes in from outside: black, or the edge")


@group(LONG)
def define_schedule(default: str):
    """The learning rate as a function of the update."""
    flags.DEFINE_enum(
        "schedule",
        default,
        names.SCHEDULES,
        "triangular, triangular2 (every cycle half as high), cosine (down, in every cycle), one_cycle (up in 30 % of "
        "the run, and down), step_decay (from lr_max), constant (lr_max)",
    )
    define_decay()


@group(LONG)
def define_decay():
    """Of step_decay."""
    kinds.define_float("decay", 0.1, "factor of step_decay")
    text = "updates from one step_decay to the next; 0: a third of the run"
    flags.DEFINE_integer("n_decay", 0, text, lower_bound=0, upper_bound=2**31 - 1)


@group(LONG)
def define_cycle_flags(*, lr_min: float, lr_max: float, n_s: int, n_cycles: int, n_evals: int):
    """A cyclical learning rate or another schedule, and how long, in cycles."""
    _define_rates(lr_min, lr_max)
    define_schedule("triangular")
    define_half_cycle(n_s)
    flags.DEFINE_integer("n_cycles", n_cycles, "cycles; at least 1", lower_bound=1)
    flags.DEFINE_integer("n_evals", n_evals, "evaluations per cycle; 1 to 2 n_s", lower_bound=1)
    flags.DEFINE_boolean("snapshots", False, "keep the weights at the end of every cycle too")
    flags.register_multi_flags_validator(
        ["n_evals", "n_s"], lambda f: f["n_evals"] <= 2 * f["n_s"], "n_evals must not exceed 2 n_s"
    )


@group(LONG)
def define_rise_flags(*, lr_min: float, lr_max: float, n_s: int, n_evals: int):
    """A learning rate that rises for half a cycle."""
    _define_rates(lr_min, lr_max)
    define_half_cycle(n_s)
    flags.DEFINE_integer("n_evals", n_evals, "evaluations, denser where the rate is low; 1 to n_s", lower_bound=1)
    flags.register_multi_flags_validator(
        ["n_evals", "n_s"], lambda f: f["n_evals"] <= f["n_s"], "n_evals must not exceed n_s"
    )


def _define_rates(lr_min: float, lr_max: float):
    kinds.define_numbers("lr_min", [lr_min], f"least learning rate{PAIRED}")
    kinds.define_numbers("lr_max", [lr_max], f"greatest learning rate, at least lr_min{PAIRED}")


@group(LONG)
def define_half_cycle(n_s: int):
    flags.DEFINE_integer(
        "n_s",
        n_s,
        "updates of half a cycle of the learning rate; at least 1",
        lower_bound=1,
        upper_bound=2**30 - 1,  # updates are counted in int32
    )


@group(LONG)
def define_epoch_flags(*, lr: Sequence[float], n_epochs: int):
    """A constant learning rate or another schedule, which has one cycle, and how long, in epochs."""
    kinds.define_numbers("lr", lr, f"learning rate; of other schedules than constant, the greatest{PAIRED}")
    kinds.define_numbers("lr_min", [0.0], f"least learning rate; not of constant and step_decay{PAIRED}")
    define_schedule("constant")
    flags.DEFINE_integer("n_epochs", n_epochs, "epochs; at least 1", lower_bound=1)
