"""Fixed policies on M4A1 v1 (100 dialogues): numbers any implementation must reproduce."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .bench import BUDGET
from .costs import CostTable
from .estimator import KnnEstimator
from .evaluation import evaluate
from .m4a1 import load_m4a1

if TYPE_CHECKING:
    from pathlib import Path


def fixed_actions(path: str | Path) -> list[dict[str, Any]]:
    """Evaluate every fixed action on all dialogues of an M4A1 file.

    Parameters
    ----------
    path
        M4A1 v1, as :func:`messplus.offload.load_m4a1` reads it.

    Returns
    -------
    list of dict
        By action, with the estimator fitted to the same dialogues: ``latency``,
        ``usage``, ``association``, the two violations, ``response`` and
        ``reward``; usage in 0.001 USD.
    """
    data = load_m4a1(path)
    estimator, costs = KnnEstimator(data), CostTable.published()
    records = []
    for action in range(len(data.space)):
        row = evaluate(action, data, estimator, costs, BUDGET)
        records.append(
            {
                "action": action,
                "latency": row.latency,
                "usage": 1e3 * row.cost,
                "association": row.association,
                "latency_violation": row.latency_violation,
                "usage_violation": 1e3 * row.cost_violation,
                "response": row.response,
                "reward": row.reward,
            }
        )
    return records
