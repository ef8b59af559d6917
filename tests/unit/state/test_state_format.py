"""Saved files of every format load forever, and go on exactly where they stopped.

``python -m tests.unit.state.test_state_format`` writes the files of the current format that are
missing: a change of the format needs a new version and new files beside the old.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from messplus import Policy, Router
from tests.zoo import StubFeaturizer, make_router

DATA = Path(__file__).parents[2] / "data"
STATES = sorted(DATA.glob("state_v*.bin"))
PRESETS = {
    "paper": Policy.paper(v=0.5, lr=0.1, c=0.5),
    "default": Policy.default(),
    "epsilon_greedy": Policy.epsilon_greedy(epsilon=0.2),
}


def go_on(router: Router, first: int, n: int) -> list[dict[str, object]]:
    """Route and rate n requests; what was decided, exactly."""
    trace: list[dict[str, object]] = []
    for index in range(first, first + n):
        decision = router.select(f"prompt {index}", tags={"task": "qa"} if index % 3 else None)
        trace.append(
            {
                "model": decision.model,
                "reason": decision.reason,
                "p_satisfied": {name: p.hex() for name, p in decision.p_satisfied.items()},
                "score": {name: score.hex() for name, score in decision.score.items()},
            }
        )
        if index % 5:
            router.feedback(decision, satisfied=index % 4 != 0, cost=1.0 + index % 7)
    return trace


@pytest.mark.parametrize("path", STATES, ids=lambda path: path.stem)
def test_a_saved_state_goes_on_bit_for_bit(path: Path) -> None:
    router = Router.load(path, featurizer=StubFeaturizer())
    expected = json.loads(path.with_suffix(".json").read_text())
    assert router.report().decisions == expected["decisions"]
    assert go_on(router, expected["decisions"], len(expected["trace"])) == expected["trace"]


def test_there_are_states_of_every_preset() -> None:
    assert {path.stem.split("_", 2)[2] for path in STATES} == set(PRESETS)


def main() -> None:
    for name, policy in PRESETS.items():
        router = make_router(policy, pending_capacity=8, seed=7)
        go_on(router, 0, 60)
        version = int.from_bytes(router.to_bytes()[8:12], "little")
        path = DATA / f"state_v{version}_{name}.bin"
        if path.exists():
            continue
        router.save(path)
        expected = {"decisions": 60, "trace": go_on(router, 60, 20)}
        path.with_suffix(".json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
