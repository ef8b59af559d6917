"""Would it have paid? Replay policies on a table of recorded outcomes."""

import csv
import random
import tempfile
from pathlib import Path

from messplus.replay import load_table, replay

chance = random.Random(1)
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "outcomes.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["prompt", "score:small", "score:large", "cost:small", "cost:large"])
        for n in range(1_500):
            hard = chance.random() < 0.5
            prompt = f"Prove lemma {n} by induction over its length." if hard else f"Sum of {n}?"
            small, large = chance.random() < (0.3 if hard else 0.95), chance.random() < 0.95
            table.writerow([prompt, int(small), int(large), 0.2, 3.0])
    result = replay(load_table(path), target=0.8, policies=["default", "blind:default"], seeds=2)

for policy in result.policies:
    print(f"{policy.name}: cost {policy.mean_cost:.2f}, satisfied {policy.satisfaction:.3f}")
print(f"the cheapest blind mixture, known in hindsight: {result.problem.bounds.static_mix:.2f}")
