"""Cap what one request may cost, and what one more satisfied request may cost."""

import random
from typing import Unpack

from messplus import SLA, Model, Router
from messplus.config import Settings

COST = {"small": 0.2, "medium": 1.0, "large": 6.0}
SATISFIES = {"small": 0.55, "medium": 0.75, "large": 0.9}


def serve(**caps: Unpack[Settings]) -> None:
    """Route 2,000 requests under caps, and say what came of them."""
    zoo = [Model(name, cost) for name, cost in COST.items()]
    router = Router(zoo, SLA(0.85), **caps)
    chance = random.Random(1)
    for n in range(2_000):
        decision = router.select(f"Question {n}")
        satisfied = chance.random() < SATISFIES[decision.model]
        router.feedback(decision, satisfied=satisfied, cost=COST[decision.model])
    report = router.report()
    level = report.slas["default"]
    print(
        f"{caps or 'no caps'}: satisfied {level.satisfaction_rate:.3f} of {level.target}, "
        f"cost {report.cost:.0f}, models left out {report.max_cost.narrowed} times, "
        f"highest price {level.price_capped} times"
    )


serve()
serve(max_cost=2.0)  # no request goes to the large model
serve(max_price=10.0)  # it is worth 5 for 0.15 more satisfied requests, or 33 each: too much
