"""Thumbs come from those who like to give them: audits tell what all requests think."""

import random

from messplus import SLA, Model, Router

router = Router(
    [Model("small", 0.2), Model("large", 3.0)],
    SLA(target=0.8, source="user"),
    audit=0.2,
    seed=1,
)
chance = random.Random(1)
total = 0.0
for n in range(4_000):
    decision = router.select(f"Question {n}")
    satisfied = chance.random() < (0.9 if decision.model == "large" else 0.6)
    total += satisfied
    volunteers = chance.random() < (0.10 if satisfied else 0.02)
    if decision.audit or volunteers:  # an audited request is rated whatever the answer was
        router.feedback(decision, satisfied=satisfied)

level = router.report().slas["default"]
assert level.audit is not None
low, high = level.audit.interval
print(f"rated in any case {level.audit.rated}, volunteered {level.volunteered}")
print(f"satisfied {total / 4_000:.3f}; the audits say {low:.3f} to {high:.3f}; {level.status}")
