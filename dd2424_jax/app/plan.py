"""From flags to the plan of a sweep. With test=False it has no test split, so that nothing later can look at it."""

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import numpy as np

from dd2424_jax import configs, data, memory, names, registry, train
from dd2424_jax.app import command_line
from dd2424_jax.app.command_line import UsageError
from dd2424_jax.race import Race, check
from dd2424_jax.runs import previous
from dd2424_jax.runs.plan import Plan, folds

MAX_EVALUATIONS = 100_000  # of a run: each has its place in every file


def load(options: SimpleNamespace) -> data.Dataset:
    """The dataset that the flags name."""
    return data.load(options.dataset, options.data_dir)


def cycles(experiment: str, options: SimpleNamespace, *, test: bool, dataset: data.Dataset | None = None) -> Plan:
    """Training for some cycles of the learning rate; with `test`, the test split is looked at once it is over."""
    return _plan(experiment, options, config_of_cycles(options), test, dataset)


def config_of_cycles(options: SimpleNamespace) -> train.Config:
    n_evals, cycle = options.n_evals * options.n_cycles, 2 * options.n_s
    _check_extent(options, options.n_cycles * cycle, n_evals)
    if options.snapshots and options.weights == "none":
        raise UsageError("--snapshots keeps weights, and --weights=none keeps none: leave one of them out")
    snapshots = tuple(range(cycle, options.n_cycles * cycle, cycle)) if options.snapshots else ()
    # n_evals times a cycle, as evenly as whole numbers allow: each cycle's end is one of them
    ends = [round(i * cycle / options.n_evals) for i in range(1, n_evals + 1)]
    return _config(options, ends, snapshots=snapshots)


def rising(experiment: str, options: SimpleNamespace, *, test: bool) -> Plan:
    """Training while the learning rate rises, for half a cycle.

    Raises:
      UsageError: it does not rise.
    """
    settings = hypers(options)
    if np.any(settings.lr_min >= settings.lr_max):
        raise UsageError("lr_min must be below lr_max, as the learning rate is to rise from one to the other")
    _check_extent(options, options.n_s, options.n_evals)
    # After n_s (i / n_evals)² updates, or i where that is less: denser where the rate is low and accuracy rises fast
    steps = [max(i, round(options.n_s * (i / options.n_evals) ** 2)) for i in range(1, options.n_evals + 1)]
    return _plan(experiment, options, _config(options, steps), test, None)


def epochs(
    experiment: str, options: SimpleNamespace, *, test: bool, dataset: data.Dataset | None = None, **config
) -> Plan:
    """Training for some epochs, which are one cycle; `config`: fields of train.Config that have no flag."""
    _check_extent(options, options.n_epochs * options.n_train // options.n_batch, options.n_epochs)
    ends = [round(epoch * options.n_train / options.n_batch) for epoch in range(1, options.n_epochs + 1)]
    return _plan(experiment, options, _config(options, ends, n_s=-(-ends[-1] // 2), **config), test, dataset)


def _plan(
    experiment: str, options: SimpleNamespace, config: train.Config, test: bool, dataset: data.Dataset | None
) -> Plan:
    settings, race = hypers(options), race_of(options)
    dataset = dataset or load(options)
    batches = tuple(options.train_batches), tuple(options.valid_batches)
    n_splits = getattr(options, "n_splits", 1)
    source = data.Source(dataset.name, dataset.sha256, *batches, options.n_train, options.n_valid, n_splits)
    seeds = tuple(range(options.seed, options.seed + _n_seeds(options)))
    return Plan(experiment, config, settings, seeds, source, folds(source, dataset, test=test), race)


def race_of(options: SimpleNamespace) -> Race | None:
    """The race that the flags describe; its last look says how many seeds there are."""
    if not getattr(options, "race", False):
        if command_line.given("looks"):
            raise UsageError("--looks is of a race: give --race too")
        return None
    if command_line.given("n_seeds"):
        raise UsageError("--n_seeds is not of a race: its last --looks says how many")
    if options.n_splits > 1:
        raise UsageError("a race compares seeds that have their validation images in common: --n_splits is not of it")
    race = Race(tuple(options.looks), options.margin / 100, options.variances)
    typed = ",".join(map(str, race.looks))
    try:
        check(race)
    except ValueError as error:
        raise UsageError(f"--looks={typed}: needs ascending numbers of seeds, the first at least 3") from error
    if options.seed + race.looks[-1] > 2**32:
        raise UsageError(f"--seed={options.seed} and --looks={typed}: the last seed must be below 2^32")
    return race


def _n_seeds(options: SimpleNamespace) -> int:
    race = race_of(options)
    return race.looks[-1] if race else options.n_seeds


def _check_extent(options: SimpleNamespace, n_updates: int, n_evals: int) -> None:
    """Before anything of that length is made.

    Raises:
      UsageError: there are too many updates or evaluations, or a batch is larger than the training set.
      memory.TooLarge: what comes of the runs does not fit.
    """
    if options.n_batch > options.n_train:  # of a plan that changes what the flags say; these are checked
        raise UsageError(f"n_batch={options.n_batch} must not exceed n_train={options.n_train}")
    if n_updates > configs.MAX_UPDATES:
        raise UsageError(f"{n_updates:,} updates are too many: at most {configs.MAX_UPDATES:,}")
    if n_evals > MAX_EVALUATIONS:
        raise UsageError(f"{n_evals:,} evaluations of a run are too many: at most {MAX_EVALUATIONS:,}")
    lengths = [len(values) for values in hyper_flags(options).values()]
    n_settings = math.prod(lengths) if options.grid else max(lengths)
    memory.check(_sizes(options), n_settings * _n_seeds(options), n_evals)


def _sizes(options: SimpleNamespace) -> tuple[int, ...]:
    return data.DIMENSIONS, *getattr(options, "hidden", ()), len(data.CLASSES)


def _config(options: SimpleNamespace, eval_steps: Sequence[int], **config) -> train.Config:
    """Every field of train.Config that has a flag of its name, and what is given besides.

    Raises:
      UsageError: a flag is given that is about nothing.
    """
    check_parts(options)
    flagged = {name: value for name, value in vars(options).items() if name in _CONFIG_FIELDS}
    named = {name: registry.NAMES[name][value] for name, value in flagged.items() if name in registry.NAMES}
    fields = {"sizes": _sizes(options), "eval_steps": tuple(eval_steps), **flagged, **named, **config}
    fields["eval_train"] = options.eval_train if options.eval_train < options.n_train else 0  # all
    try:
        return train.Config(**{**fields, "init_std": fields.get("init_std") or None})
    except ValueError as error:  # what a single flag can't know
        raise UsageError(str(error)) from error


_CONFIG_FIELDS = {field.name for field in dataclasses.fields(train.Config)}


def check_parts(options: SimpleNamespace) -> None:
    """That what is given is about something that there is, so that no flag is without effect.

    Raises:
      UsageError: it is not.
    """
    own = vars(options)
    schedule = own.get("schedule", "triangular")
    linear, no_lr_min = own.get("hidden") == [], schedule in names.WITHOUT_LR_MIN
    without = {
        **dict.fromkeys(("activation", "dropout"), "--hidden=, which has no hidden layer" if linear else ""),
        "init": f"--init_std={own.get('init_std')}, which is of all layers" if own.get("init_std") else "",
        "shift_padding": "" if own["shift"] else "no --shift",
        **dict.fromkeys(("decay", "n_decay"), "" if schedule == "step_decay" else "no --schedule=step_decay"),
        "lr_min": f"--schedule={schedule}" if no_lr_min else "",
        "smoothing": "--loss=hinge" if own["loss"] == "hinge" and own["smoothing"] else "",
    }
    for name, why in without.items():
        if why and command_line.given(name):
            raise UsageError(f"--{name} has no meaning with {why}: leave one of them out")


def hyper_flags(options: SimpleNamespace) -> dict[str, list[float]]:
    """The lists that settings are made of, by flag: the fields of train.Hypers, with `lr` where the rate is constant.

    Raises:
      UsageError: momentum is given to an optimizer that has none.
    """
    own = vars(options)
    flags = ["lr" if name == "lr_max" and "lr" in own else name for name in train.Hypers._fields]
    lists = {name: own[name] for name in flags if name in own}
    if own.get("schedule") in names.WITHOUT_LR_MIN:
        lists.pop("lr_min", None)
    if options.optimizer not in names.WITH_MOMENTUM:
        del lists["momentum"]
        if command_line.given("momentum"):
            raise UsageError(f"--momentum is not of --optimizer={options.optimizer}")
    return lists


def hypers(options: SimpleNamespace) -> train.Hypers:
    """The settings: lists of as many numbers are paired, and single numbers are of all; with --grid, all are crossed.

    Raises:
      UsageError: the lists do not pair up, a number is out of its range, or two settings are one in float32.
    """
    lists = hyper_flags(options)
    if options.grid:
        settings = list(itertools.product(*lists.values()))
    else:
        n = max(map(len, lists.values()))
        longest = next(name for name, values in lists.items() if len(values) == n)
        for name, values in lists.items():
            if len(values) not in (1, n):
                raise UsageError(
                    f"--{name} has {len(values)} values and --{longest} {n}: give as many, one for all, or --grid"
                )
        settings = list(zip(*(values * (n // len(values)) for values in lists.values()), strict=True))
    settings = list(dict.fromkeys(settings))  # one that is given twice is one
    as_trained = {}
    for setting in settings:
        other = as_trained.setdefault(tuple(map(np.float32, setting)), setting)
        if other != setting:
            raise UsageError(f"of {', '.join(lists)}, {setting} and {other} are one setting in float32: give only one")
    named = dict(zip(lists, map(list, zip(*settings, strict=True)), strict=True))
    if "lr" in named:
        named["lr_max"] = named.pop("lr")
    named.setdefault("lr_min", named["lr_max"])
    try:
        return configs.as_arrays(train.Hypers(**named))
    except ValueError as error:  # each list was checked when it was parsed
        raise UsageError("lr_min must not exceed lr_max") from error


def find_search(experiment: str, options: SimpleNamespace, dataset: data.Dataset, *, instead: str) -> previous.Search:
    """The search to follow: that of --search, or the newest on the same data with the same flags.

    Of these, what stands on the command line must be the search's; of the others, the search must have had its script's
    own, so that one that was only tried is never taken for the real one. Learning rates and momentum that stand on the
    command line must be those that the search tried. Those that do not must be this script's defaults, unless the
    search varied them: then its choice is taken. Of --search, only what stands on the command line, the data and the
    optimizer must agree. `instead` says what else the user can do.
    """
    values = {name: values for name, values in hyper_flags(options).items() if name != "lam"}
    given = [*filter(command_line.given, [*values, *previous.ALIKE.values()])]
    extent = {
        name: value for name, value in vars(options).items() if name in previous.EXTENT and command_line.given(name)
    }
    wanted = previous.Wanted(config_of_cycles(options), dataset, values, given, extent)
    return previous.find(experiment, options.out_dir, wanted, path=options.search, instead=instead)


def follow(options: SimpleNamespace, search: previous.Search, setting: Mapping[str, float]) -> list[str]:
    """Take learning rates and momentum from a setting of a search; which of them the search has chosen."""
    flags = [name for name in hyper_flags(options) if name != "lam"]
    for name in flags:
        setattr(options, name, [setting[name]])
    return [name for name in flags if search.has_chosen(name)]
