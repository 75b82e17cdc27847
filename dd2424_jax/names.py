"""What flags and config.json call losses, optimizers and the like. Flags are there before JAX is."""

LOSSES = ("softmax", "sigmoid", "hinge")  # of losses.py, each under its name there
SCHEDULES = ("cyclical", "constant")  # of train.py
OPTIMIZERS = ("sgd", "momentum", "nesterov", "adam")  # of optimizers.py
PRECISIONS = ("float32", "bfloat16", "tf32", "highest")  # of precisions.py
WITH_MOMENTUM = OPTIMIZERS[1:]
# Units of the networks whose gradients are compared
HIDDEN = {"linear": (), "two-layer": (50,), "four-layer": (10, 10, 10)}
