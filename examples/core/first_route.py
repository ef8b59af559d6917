"""Route a stream of requests and say what became of them: the level is kept, at what cost."""

import random

from messplus import SLA, Model, Router

# What each model satisfies here: easy questions, hard questions. The router does not know it.
TRUTH = {"small": (0.95, 0.30), "medium": (0.97, 0.70), "large": (0.99, 0.95)}
COST = {"small": 0.2, "medium": 1.0, "large": 9.0}

router = Router([Model(name, cost) for name, cost in COST.items()], SLA(target=0.85), seed=1)
chance = random.Random(1)
for n in range(2_000):
    hard = chance.random() < 0.4
    prompt = f"Prove lemma {n} of chapter {n % 7}." if hard else f"What is {n} + {n}?"
    decision = router.select(prompt)
    satisfied = chance.random() < TRUTH[decision.model][hard]
    router.feedback(decision, satisfied=satisfied, cost=COST[decision.model])

report = router.report()
print(f"satisfied {report.satisfaction_rate:.3f}, certainly at least {report.lower_bound:.3f}")
print(f"cost {report.cost / report.decisions:.2f} a request; the large model costs {COST['large']}")
