"""What flags and config.json call losses, optimizers and the like. Flags are there before JAX is."""

LOSSES = ("softmax", "sigmoid", "hinge")  # of losses.py, each under its name there
ACTIVATIONS = ("relu", "leaky_relu", "gelu")  # of activations.py
INITIALIZERS = ("fan_in", "he", "glorot")  # of initializers.py
SCHEDULES = ("triangular", "triangular2", "cosine", "one_cycle", "step_decay", "constant")  # of schedules.py
OPTIMIZERS = ("sgd", "momentum", "nesterov", "adam", "adamw")  # of optimizers.py
PRECISIONS = ("float32", "bfloat16", "tf32", "highest")  # of precisions.py
PADDINGS = ("zero", "edge")  # of data/augment.py
WITH_MOMENTUM = OPTIMIZERS[1:]
WITHOUT_LR_MIN = SCHEDULES[-2:]  # lr_max is all that they take
# Units of the networks whose gradients are compared
HIDDEN = {"linear": (), "two-layer": (50,), "four-layer": (10, 10, 10)}
# Standard deviation of all initial weights in a report of 2022, R3: 1/√50, where 1/√3072 belongs for W1
R3_STD = 0.1414
