"""Teaching a router what was learned elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from messplus.state.core_config import CoreConfig

from . import logged_data
from .logged_features import featurize

if TYPE_CHECKING:
    from messplus._core import Controller
    from messplus.featurizers.requests import RequestFeatures

    from .logged_data import LoggedData


def learn(
    core: Controller, features: RequestFeatures, data: LoggedData, fit: bool | None
) -> tuple[RequestFeatures, int]:
    """Learn the rows of logged data; parameters and errors as for ``Router.warm_start``.

    Parameters
    ----------
    core, features
        Those of the router.
    data
        The logged data.
    fit
        Whether to fit the featurizer as well.

    Returns
    -------
    tuple
        The features of the router from now on, and the number of rows learned from.
    """
    columns = logged_data.read(data)
    models = logged_data.models(columns, [model.name for model in CoreConfig.of(core).models])
    satisfied, costs, latencies = (
        logged_data.numbers(columns, name) for name in logged_data.OUTCOMES
    )
    tokens = logged_data.tokens(columns)
    fitted, vectors = featurize(columns, features, tokens, fit, lambda: core.is_new)
    metadata = None if fitted is features else fitted.metadata()
    core.warm_start(vectors, tokens, models, satisfied, costs, latencies, metadata)
    known = ~np.isnan([satisfied, costs, latencies])
    return fitted, int(known.any(axis=0).sum())
