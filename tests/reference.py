"""What the tests compare with: plain float64 NumPy, examples in rows, W as [fan_out, fan_in]; no JAX anywhere."""

import numpy as np


def forward(params, X):
    """(input of every layer, logits)."""
    inputs = []
    for i, (W, b) in enumerate(params):
        inputs.append(X)
        X = X @ W.T + b
        if i < len(params) - 1:
            X = np.where(X > 0, X, 0.0)
    return inputs, X


def softmax(S):
    P = np.exp(S - S.max(axis=1, keepdims=True))
    return P / P.sum(axis=1, keepdims=True)


def cost(params, X, y, lam):
    P = softmax(forward(params, X)[1])
    return -np.mean(np.log(P[np.arange(len(y)), y])) + lam * sum((W**2).sum() for W, _ in params)


def loss_gradient(S, y, loss):
    """∂ℓ/∂s of every example, [n, K]."""
    true = np.eye(S.shape[1])[y]
    if loss == "softmax":
        return softmax(S) - true
    if loss == "sigmoid":
        return (1 / (1 + np.exp(-S)) - true) / S.shape[1]
    G = np.zeros_like(S)
    for i, k in np.ndindex(S.shape):
        if k != y[i] and S[i, k] - S[i, y[i]] + 1 > 0:
            G[i, k] += 1
            G[i, y[i]] -= 1
    return G


def gradients(params, X, y, lam, loss="softmax"):
    inputs, S = forward(params, X)
    G = loss_gradient(S, y, loss) / len(y)
    found = []
    for (W, _), H in zip(params[::-1], inputs[::-1], strict=True):
        found.append((G.T @ H + 2 * lam * W, G.sum(axis=0)))
        G = (G @ W) * (H > 0)
    return found[::-1]


def triangular(t, lr_min, lr_max, n_s):
    t %= 2 * n_s
    if t <= n_s:
        return lr_min + t / n_s * (lr_max - lr_min)
    return lr_max - (t - n_s) / n_s * (lr_max - lr_min)


def train(params, X, y, batches, lam, lr_min, lr_max, n_s, loss="softmax"):
    """Mini-batch gradient descent over `batches` of indices."""
    params = [(W.copy(), b.copy()) for W, b in params]
    for t, batch in enumerate(batches):
        lr = triangular(t, lr_min, lr_max, n_s)
        grads = gradients(params, X[batch], y[batch], lam, loss)
        params = [(W - lr * dW, b - lr * db) for (W, b), (dW, db) in zip(params, grads, strict=True)]
    return params


def standardize(X, train_X):
    """z-scores by the training split, with pixels scaled to [0, 1] first, as the assignments say."""
    scaled = train_X.astype(float) / 255
    return (X.astype(float) / 255 - scaled.mean(axis=0)) / scaled.std(axis=0)


def numerical(function, params, h):
    """Centred differences of function(params) with respect to every parameter."""
    found = []
    for i in range(len(params)):
        layer = []
        for j in range(2):
            gradient = np.zeros_like(params[i][j])
            for k in np.ndindex(gradient.shape):
                values = []
                for sign in (1, -1):
                    moved = [[np.array(a) for a in layer] for layer in params]
                    moved[i][j][k] += sign * h
                    values.append(function(moved))
                gradient[k] = (values[0] - values[1]) / (2 * h)
            layer.append(gradient)
        found.append(layer)
    return found
