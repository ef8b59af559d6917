"""Decide turn by turn: a local model, or the cloud with some of the pictures, within a budget."""

from messplus.offload import ActionSpace, Budget, CostTable, OffloadRouter

space = ActionSpace(("first person", "side", "overhead"))
router = OffloadRouter(space, ["query", "message"], CostTable.published("wifi"))
conversation = router.start(budget=Budget(latency=30.0, cost=0.05))
for task in ("query", "message", "query"):
    decision = conversation.decide(task, association=[0.22, 0.21, 0.20])
    print(task, decision.location, decision.modalities, decision.reason)
    local = decision.location == "local"
    conversation.record(latency=0.1 if local else 1.9, cost=0.0 if local else 0.005, score=1.2)
conversation.finish()
