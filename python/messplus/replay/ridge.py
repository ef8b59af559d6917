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

    References
    ----------
    Hoerl and Kennard, Ridge regression, Technometrics 12(1), 1970, eq. 2.1.
    """
    fold = np.random.default_rng(seed).permutation(len(x)) % folds
    centre = y.mean(axis=0)
    x = x - x.mean(axis=0, dtype=np.float64)
    y = y - centre
    gram, cross = x.T @ x, x.T @ y
    predictions = np.empty((len(PENALTIES), *y.shape))
    for held_out in range(folds):
        test = fold == held_out
        x_test, y_test = x[test], y[test]
        # Sums over the other folds are those over all, which are zero, less those over this one.
        n_train = len(x) - len(x_test)
        mean_x, mean_y = -x_test.sum(axis=0) / n_train, -y_test.sum(axis=0) / n_train
        train_gram = gram - x_test.T @ x_test - n_train * np.outer(mean_x, mean_x)
        train_cross = cross - x_test.T @ y_test - n_train * np.outer(mean_x, mean_y)
        # One decomposition serves every penalty: (X'X + aI)^-1 = V (D + a)^-1 V'.
        eigenvalues, vectors = np.linalg.eigh(train_gram)
        projected = vectors.T @ train_cross
        basis = (x_test - mean_x) @ vectors
        for index, penalty in enumerate(PENALTIES):
            weights = projected / (np.maximum(eigenvalues, 0.0) + penalty)[:, None]
            predictions[index, test] = basis @ weights + mean_y
    errors = ((predictions - y) ** 2).sum(axis=1)
    best = np.take_along_axis(predictions, errors.argmin(axis=0)[None, None, :], axis=0)[0]
    return np.asarray(best + centre)
