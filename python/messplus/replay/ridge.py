"""Ridge regression whose predictions come from models that have not seen the row."""

import numpy as np
import numpy.typing as npt

PENALTIES = np.logspace(-2, 4, 13)


def cross_validated(
    x: npt.NDArray[np.float32], y: npt.NDArray[np.float64], folds: int, seed: int = 0
) -> npt.NDArray[np.float64]:
    """Predict every row of ``y`` from ``x`` with a ridge regression fitted on the other folds.

    The penalty of each target is the one of `PENALTIES` with the least squared error over the
    predictions themselves: a choice in hindsight, of one number.

    Parameters
    ----------
    x
        Features, ``[n, k]``; the intercept is added here and not penalised.
    y
        Targets, ``[n, m]``.
    folds
        Number of folds, at least 2.
    seed
        Seed of the random assignment of rows to folds.

    Returns
    -------
    ndarray
        Predictions, ``float64 [n, m]``.
    """
    x = np.asarray(x, dtype=np.float64)
    fold = np.random.default_rng(seed).permutation(len(x)) % folds
    predictions = np.empty((len(PENALTIES), *y.shape))
    for held_out in range(folds):
        test = fold == held_out
        mean_x, mean_y = x[~test].mean(axis=0), y[~test].mean(axis=0)
        centred = x[~test] - mean_x
        # One decomposition serves every penalty: (X'X + aI)^-1 = V (D + a)^-1 V'.
        eigenvalues, vectors = np.linalg.eigh(centred.T @ centred)
        projected = vectors.T @ (centred.T @ (y[~test] - mean_y))
        basis = (x[test] - mean_x) @ vectors
        for index, penalty in enumerate(PENALTIES):
            weights = projected / (np.maximum(eigenvalues, 0.0) + penalty)[:, None]
            predictions[index, test] = basis @ weights + mean_y
    errors = ((predictions - y) ** 2).sum(axis=1)
    best: npt.NDArray[np.float64] = np.take_along_axis(
        predictions, errors.argmin(axis=0)[None, None, :], axis=0
    )[0]
    return best
