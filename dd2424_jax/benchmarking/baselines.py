"""What people would use instead, each as its users write it, doing the same arithmetic.

Every baseline trains one seed with several λ, by plain mini-batch gradient descent at a constant learning rate, on
images that were z-scored beforehand. It is made from a `Problem`.
"""

import importlib.util
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

EVALUATION_CHUNK = 1000


class Problem(NamedTuple):
    """X [n, d] z-scores and y [n]; weights W [fan_out, fan_in], b [fan_out] to start from; batches of indices."""

    X: np.ndarray
    y: np.ndarray
    layers: Sequence[tuple[np.ndarray, np.ndarray]]
    batches: np.ndarray  # [n_steps, n_batch]
    lams: Sequence[float]
    lr: float


class Baseline(NamedTuple):
    """`train()`: W1, b1, W2, b2 of every λ after all batches, from the start each time. `evaluate()`: loss, accuracy.

    `n_runs` of the problem's λ are trained: 1 where they go one after the other, which costs each the same.
    """

    n_runs: int
    train: Callable[[], Sequence]
    evaluate: Callable[[], object] | None = None


def numpy_loop(problem: Problem, dtype=np.float32) -> Baseline:
    """The course's own way: NumPy, vectorised over the batch, run after run."""
    X, Y = problem.X.astype(dtype), np.eye(10, dtype=dtype)[problem.y]

    def probabilities(W1, b1, W2, b2, X):
        H = np.maximum(X @ W1.T + b1, 0)
        S = H @ W2.T + b2
        P = np.exp(S - S.max(axis=1, keepdims=True))
        P /= P.sum(axis=1, keepdims=True)
        return H, P

    def run(lam):
        W1, b1, W2, b2 = (a.astype(dtype) for layer in problem.layers for a in layer)
        for batch in problem.batches:
            X_batch = X[batch]
            H, P = probabilities(W1, b1, W2, b2, X_batch)
            G2 = (P - Y[batch]) / len(batch)
            G1 = (G2 @ W2) * (H > 0)
            W2 -= problem.lr * (G2.T @ H + 2 * lam * W2)
            b2 -= problem.lr * G2.sum(axis=0)
            W1 -= problem.lr * (G1.T @ X_batch + 2 * lam * W1)
            b1 -= problem.lr * G1.sum(axis=0)
        return W1, b1, W2, b2

    layers = [a.astype(dtype) for layer in problem.layers for a in layer]

    def evaluate():
        P = np.concatenate([probabilities(*layers, chunk)[1] for chunk in _chunks(X)])
        return -np.mean(np.log(P[np.arange(len(P)), problem.y])), np.mean(P.argmax(axis=1) == problem.y)

    return Baseline(1, lambda: [run(lam) for lam in problem.lams[:1]], evaluate)


def numpy_loop_float64(problem: Problem) -> Baseline:
    """The same in NumPy's own precision, as most reports have it."""
    return numpy_loop(problem, np.float64)


def _jax_cost(layers, X, y, lam):
    """JAX's own examples' way: weights as [fan_in, fan_out]."""
    W1, b1, W2, b2 = layers
    log_p = jax.nn.log_softmax(jax.nn.relu(X @ W1 + b1) @ W2 + b2)
    loss = -jnp.mean(jnp.take_along_axis(log_p, y[:, None], axis=1))
    return loss + lam * (jnp.sum(W1**2) + jnp.sum(W2**2))


def _jax_step(layers, X, y, batch, lam, lr):
    grads = jax.grad(_jax_cost)(layers, X[batch], y[batch], lam)
    return jax.tree.map(lambda a, g: a - lr * g, layers, grads)


def _jax_layers(problem: Problem) -> list:
    return [jnp.asarray(a.T, jnp.float32) for layer in problem.layers for a in layer]


def jit_run_by_run(problem: Problem) -> Baseline:
    """A jitted update in a Python loop, run after run."""
    X, y, batches = jnp.asarray(problem.X), jnp.asarray(problem.y, jnp.int32), jnp.asarray(problem.batches)
    step = jax.jit(_jax_step)

    def run(lam):
        layers = _jax_layers(problem)
        for batch in batches:
            layers = step(layers, X, y, batch, lam, problem.lr)
        return [a.T for a in jax.block_until_ready(layers)]

    return Baseline(1, lambda: [run(lam) for lam in problem.lams[:1]])


def naive_vmap(problem: Problem) -> Baseline:
    """vmap over whole runs, a scan of updates each, with a gather of its own for every run's batches."""
    X, y = jnp.asarray(problem.X), jnp.asarray(problem.y, jnp.int32)
    lams = jnp.asarray(problem.lams, jnp.float32)
    batches = jnp.asarray(np.stack([problem.batches] * len(lams)))  # equal ones here, but JAX can't know

    def run(X, y, lam, batches):
        def step(layers, batch):
            return _jax_step(layers, X, y, batch, lam, problem.lr), None

        return jax.lax.scan(step, _jax_layers(problem), batches)[0]

    runs = jax.jit(jax.vmap(run, in_axes=(None, None, 0, 0)))

    def train():
        W1, b1, W2, b2 = jax.block_until_ready(runs(X, y, lams, batches))
        return list(zip(W1.mT, b1, W2.mT, b2, strict=True))

    return Baseline(len(lams), train)


def torch_loop(problem: Problem) -> Baseline:
    """The usual loop: autograd, every thread, run after run; on the GPU where there is one."""
    import torch

    X, y, batches, layers = _torch_tensors(problem)

    def forward(layers, X):
        W1, b1, W2, b2 = layers
        return torch.relu(X @ W1.T + b1) @ W2.T + b2

    def run(lam):
        own = [a.clone().requires_grad_() for a in layers]
        for batch in batches:
            loss = torch.nn.functional.cross_entropy(forward(own, X[batch]), y[batch])
            cost = loss + lam * (own[0].square().sum() + own[2].square().sum())
            grads = torch.autograd.grad(cost, own)
            with torch.no_grad():
                for a, grad in zip(own, grads, strict=True):
                    a -= problem.lr * grad
        return [a.detach().cpu() for a in own]

    @torch.no_grad()
    def evaluate():
        logits = torch.cat([forward(layers, chunk) for chunk in _chunks(X)])
        return torch.nn.functional.cross_entropy(logits, y).item(), (logits.argmax(dim=1) == y).float().mean().item()

    return Baseline(1, lambda: [run(lam) for lam in problem.lams[:1]], evaluate)


def torch_func_vmap(problem: Problem) -> Baseline:
    """torch.func.vmap of the gradient over λ, all of which share the batch."""
    import torch

    X, y, batches, layers = _torch_tensors(problem)
    lams = torch.tensor(problem.lams, dtype=torch.float32, device=X.device)

    def cost(layers, X, y, lam):
        W1, b1, W2, b2 = layers
        logits = torch.relu(X @ W1.T + b1) @ W2.T + b2
        return torch.nn.functional.cross_entropy(logits, y) + lam * (W1.square().sum() + W2.square().sum())

    gradients = torch.func.vmap(torch.func.grad(cost), in_dims=(0, None, None, 0))

    def train():
        stacked = [a.repeat(len(lams), *[1] * a.dim()) for a in layers]
        for batch in batches:
            grads = gradients(stacked, X[batch], y[batch], lams)
            for a, grad in zip(stacked, grads, strict=True):
                a -= problem.lr * grad
        return list(zip(*(a.cpu() for a in stacked), strict=True))

    return Baseline(len(lams), train)


def _torch_tensors(problem: Problem):
    import torch

    torch.set_num_threads(os.cpu_count())
    device = "cuda" if torch.cuda.is_available() else "cpu"
    X, y, batches = (torch.as_tensor(a, device=device) for a in (problem.X, problem.y, problem.batches))
    return X, y.long(), batches.long(), [torch.as_tensor(a, device=device) for layer in problem.layers for a in layer]


def sklearn_classifier(problem: Problem) -> Baseline:
    """MLPClassifier without momentum. Its penalty's gradient is α W / n_batch: α = 2 λ n_batch. It draws its own W."""
    from sklearn.neural_network import MLPClassifier

    n_batch = problem.batches.shape[1]
    chosen = problem.batches.ravel()

    def run(lam):
        model = MLPClassifier(
            [len(problem.layers[0][1])],
            solver="sgd",
            alpha=2 * lam * n_batch,
            batch_size=n_batch,
            learning_rate_init=problem.lr,
            momentum=0.0,
            shuffle=False,
        )
        model.partial_fit(problem.X[chosen], problem.y[chosen], classes=np.arange(10))
        return [a for W, b in zip(model.coefs_, model.intercepts_, strict=True) for a in (W.T, b)]

    return Baseline(1, lambda: [run(lam) for lam in problem.lams[:1]])


def _chunks(X) -> list:
    return [X[i : i + EVALUATION_CHUNK] for i in range(0, len(X), EVALUATION_CHUNK)]


BASELINES = {  # name, what it needs beside this project's own packages, and how to make it
    "NumPy float32": (None, numpy_loop),
    "NumPy float64": (None, numpy_loop_float64),
    "jax.jit, run by run": (None, jit_run_by_run),
    "jax.vmap over runs": (None, naive_vmap),
    "torch": ("torch", torch_loop),
    "torch.func.vmap over λ": ("torch", torch_func_vmap),
    "scikit-learn": ("sklearn", sklearn_classifier),
}


def installed() -> dict[str, Callable[[Problem], Baseline]]:
    """Those that can be had here."""
    return {name: make for name, (needs, make) in BASELINES.items() if needs is None or importlib.util.find_spec(needs)}
