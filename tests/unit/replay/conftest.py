from pathlib import Path

import numpy as np
import pytest

from messplus.replay import Table


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MESSPLUS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def table() -> Table:
    """300 requests, half of them hard for the small model; the last 60 not scored for it."""
    rng = np.random.default_rng(0)
    hard = rng.random(300) < 0.5
    p_satisfied = np.column_stack([np.where(hard, 0.2, 0.9), np.full(300, 0.9)])
    scores = (rng.random((300, 2)) < p_satisfied).astype(float)
    scores[-60:, 0] = np.nan
    costs = np.where(np.isnan(scores), np.nan, [[1.0, 8.0]]) * rng.uniform(0.5, 1.5, (300, 1))
    prompts = ["prove this theorem" if h else "say hello" for h in hard]
    sources = ["maths" if h else "chat" for h in hard]
    return Table(Path("t.csv"), prompts, sources, ("small", "large"), scores, costs, "cost")
