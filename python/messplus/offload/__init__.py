"""Local/cloud offloading of multi-modal, multi-task, multi-turn conversations under budgets."""

from .actions import Action, ActionSpace
from .agents import Agent, train
from .budget import UNLIMITED, Budget
from .conversation import Conversation, OffloadDecision
from .costs import CostTable, local_call
from .dialogues import Dialogue, OfflineDataset, Turn, generate
from .estimator import KnnEstimator
from .evaluation import Evaluation, best_reachable_reward, evaluate
from .m4a1 import load_m4a1
from .reward import Reward, RewardWeights
from .router import OffloadRouter

__all__ = [
    "UNLIMITED",
    "Action",
    "ActionSpace",
    "Agent",
    "Budget",
    "Conversation",
    "CostTable",
    "Dialogue",
    "Evaluation",
    "KnnEstimator",
    "OfflineDataset",
    "OffloadDecision",
    "OffloadRouter",
    "Reward",
    "RewardWeights",
    "Turn",
    "best_reachable_reward",
    "evaluate",
    "generate",
    "load_m4a1",
    "local_call",
    "train",
]
