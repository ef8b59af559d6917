"""Agree on more than one thing: two service levels, a budget, and a bound on latency."""

import random

from messplus import SLA, Limit, Model, Router

LATENCY = {"small": 0.4, "large": 1.6}
COST = {"small": 0.2, "large": 3.0}

router = Router(
    [Model(name, cost) for name, cost in COST.items()],
    slas={"gold": SLA(0.85), "free": SLA(0.70)},
    limits=[Limit("cost", mean=2.5), Limit("latency", mean=1.4)],
    seed=1,
)
chance = random.Random(1)
for n in range(2_000):
    decision = router.select(f"Question {n}", sla="gold" if n % 2 else "free")
    model = decision.model
    satisfied = chance.random() < (0.95 if model == "large" else 0.65)
    router.feedback(decision, satisfied=satisfied, cost=COST[model], latency=LATENCY[model])

report = router.report()
for name, level in report.slas.items():
    print(f"{name}: target {level.target:.2f}, satisfied {level.satisfaction_rate:.3f}")
for name, limit in report.limits.items():
    print(f"{name}: limit {limit.limit:.2f}, mean {limit.mean:.3f}")
print("out of reach:", ", ".join(report.out_of_reach) or "nothing")
