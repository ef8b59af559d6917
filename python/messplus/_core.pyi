from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, TypeAlias, TypedDict, final, type_check_only

import numpy as np
import numpy.typing as npt

from .reports.explain import Explanation
from .routing.request import Asked, Request

__version__: str
build_profile: str
SURFACE_FEATURES: int

def before_fork() -> None: ...
def after_fork_in_parent() -> None: ...
def after_fork_in_child() -> None: ...

# What crosses as a dict of these fields. They exist for type checkers only.

@type_check_only
class LevelCounters(TypedDict):
    target: float
    backlog: float
    feasible: bool
    decisions: int
    rated: int
    satisfaction: float
    spread: float
    imputed: int
    imputed_satisfaction: float
    cost: float
    unrated: bool
    since: int
    closed: list[ClosedPeriod]
    judged: int
    volunteered: int
    set_aside: int
    price_capped: int
    audits: AuditCounters
    history: list[tuple[int, float, float, int, float]]

@type_check_only
class ClosedPeriod(TypedDict):
    target: float
    decisions: int
    rated: int
    satisfaction: float
    imputed: int
    imputed_satisfaction: float
    cost: float
    backlog: float

@type_check_only
class PendingRecord(TypedDict):
    id: str
    model: str
    ranking: tuple[str, ...]
    p_satisfied: float
    sla: str
    reason: str
    audit: bool
    satisfied: float | None
    rated: tuple[str, ...]
    costed: tuple[str, ...]
    timed: tuple[str, ...]
    failed: tuple[str, ...]

@type_check_only
class AuditCounters(TypedDict):
    decided: int
    predicted: float
    audited: int
    rated: int
    weight: float
    residual: float
    spread: float

@type_check_only
class SourceCounters(TypedDict):
    compared: float
    true_positive: float
    false_positive: float

@type_check_only
class LimitCounters(TypedDict):
    limit: float
    backlog: float
    feasible: bool
    calls_before: int
    used_before: float

@type_check_only
class ModelCounters(TypedDict):
    removed: bool
    selected: int
    reasons: dict[str, int]
    predicted: float
    considered: int
    predicted_overall: float
    expected_cost_overall: float
    also_queried: int
    failed: int
    drifts: int
    cost_anomalies: int
    rated: int
    satisfaction: float
    costed: int
    cost: float
    timed: int
    latency: float

@type_check_only
class EstimateSums(TypedDict):
    n: int
    identified: int
    value: float
    square: float
    predicted: float
    served: float

@type_check_only
class ShadowCounters(TypedDict):
    decided: int
    agreed: int
    satisfaction: EstimateSums
    cost: EstimateSums

@type_check_only
class RandomisationCounters(TypedDict):
    epsilon: float
    requests: int
    cost: float
    satisfaction: float

@type_check_only
class CapCounters(TypedDict):
    router: float
    narrowed: int
    unaffordable: int

@type_check_only
class SlotCounters(TypedDict):
    start: int
    explored: int
    predicted: float
    backlog: float
    most_expensive: float
    slas: list[tuple[int, int, int, int, float, float, float]]
    models: list[tuple[int, int, int, int, int, float, float]]

@type_check_only
class CoreCalendar(TypedDict):
    slas: list[str]
    models: list[str]
    slots: dict[str, list[SlotCounters]]

@type_check_only
class CoreReport(TypedDict):
    decisions: int
    pending: int
    evicted: int
    slas: dict[str, LevelCounters]
    limits: dict[str, LimitCounters]
    models: dict[str, ModelCounters]
    sources: dict[str, SourceCounters]
    shadow: ShadowCounters
    randomisation: RandomisationCounters
    max_cost: CapCounters
    state_errors: dict[str, int]

@type_check_only
class FoundFolder(TypedDict):
    transitions: int
    replayed: int
    torn_bytes: int
    notes: list[str]

@type_check_only
class AuditedFile(TypedDict):
    name: str
    bytes: int
    transitions_before: int | None
    transitions: int
    torn_bytes: int
    problem: str | None

@type_check_only
class RecordedDecision(TypedDict):
    transition: int
    id: str
    level: int
    model: int
    allowed: list[int] | None

@type_check_only
class RecordedOutcome(TypedDict):
    transition: int
    id: str
    model: int
    satisfied: float | None
    cost: float | None
    latency: float | None

@type_check_only
class RetracedRequests(TypedDict):
    id: list[str]
    model: list[int]
    level: list[int]
    propensity: list[float]
    audit: list[bool]
    session: list[int | None]
    features: npt.NDArray[np.float32]

@type_check_only
class OffloadMetrics(TypedDict):
    response: float
    association: float
    reward: float
    true_reward: float
    latency: float
    cost: float
    window_latency: float
    window_cost: float
    latency_violation: float
    cost_violation: float
    violation_rate: float
    latency_excess: float
    cost_excess: float
    levels: list[int]
    task_reward: list[float]
    dialogue_reward: list[float]

# Upper bounds in seconds, counts with one more beyond the last, and the sum of seconds.
_Reading: TypeAlias = tuple[list[float], list[int], float]

def read_spool(page: bytes) -> bytes | None: ...
def audit_folder(path: str | PathLike[str]) -> list[AuditedFile]: ...
def folder_history(
    path: str | PathLike[str],
) -> tuple[list[RecordedDecision], list[RecordedOutcome]]: ...
def log_history(
    snapshot: bytes, batches: Sequence[bytes]
) -> tuple[list[RecordedDecision], list[RecordedOutcome]]: ...
def retrace_folder(
    path: str | PathLike[str],
) -> tuple[RetracedRequests, list[tuple[str, int, float | None, float | None, str]]]: ...
def replay(
    config: str,
    features: npt.NDArray[np.float32],
    input_tokens: npt.NDArray[np.uint32],
    scores: npt.NDArray[np.float64],
    costs: npt.NDArray[np.float64],
    order: npt.NDArray[np.uint32],
    rated: npt.NDArray[np.bool_],
    delay: int,
    past: npt.NDArray[np.uint32],
    past_models: npt.NDArray[np.uint32],
    progress: Callable[[int], None] | None = None,
) -> tuple[list[npt.NDArray[Any]], float, float]: ...

@type_check_only
class SimulatedFleet(TypedDict):
    model: npt.NDArray[np.uint8]
    satisfaction: npt.NDArray[np.float64]
    cost: npt.NDArray[np.float64]
    accepted: int
    counted: int
    identical: bool
    bytes: int

def simulate_fleet(
    config: str,
    features: npt.NDArray[np.float32],
    input_tokens: npt.NDArray[np.uint32],
    scores: npt.NDArray[np.float64],
    costs: npt.NDArray[np.float64],
    order: npt.NDArray[np.uint32],
    rated: npt.NDArray[np.bool_],
    delay: int,
    traffic: Sequence[float],
    every: int,
    *,
    anywhere: bool = False,
    naive: bool = False,
    outage: tuple[int, int] | None = None,
    crash_every: int | None = None,
    seed: int = 0,
) -> SimulatedFleet: ...

@final
class Decision:
    """What to do with one request, and why. Nothing in it needs the prompt again.

    Attributes
    ----------
    id : str
        128 random bits as 32 hexadecimal digits: the handle for late feedback.
    step : int
        Requests decided before this one, plus one.
    model : str
        The model whose answer goes to the user.
    shadow_choice : str or None
        In shadow mode, the model the router would have chosen; else None.
    propensity : float
        Probability with which ``model`` was to serve, in ``(0, 1]``: one unless the router has an
        ``epsilon``, or explores in shadow mode.
    audit : bool
        Whether this request was picked to be rated in any case, by a judge or a person.
    also_query : tuple of str
        Models to query as well, for learning; empty unless the policy explores that way.
    reason : str
        ``exploit``, ``explore``, ``forced``, ``fallback``, ``warm-up``, ``shadow``, ``unrated`` or
        ``unaffordable``.
    ranking : tuple of str
        All allowed models, best first: the order to fall back in when a call fails.
    p_satisfied : dict of str to float
        Predicted probability of satisfaction per model, in ``(0, 1)``.
    expected_cost : dict of str to float
        Expected cost of this request per model, in the unit of the zoo.
    expected_latency : dict of str to float
        Expected latency per model in seconds; empty without a limit on latencies.
    score : dict of str to float
        Drift-plus-penalty score per model, lower is better.
    """

    @property
    def id(self) -> str: ...
    @property
    def step(self) -> int: ...
    @property
    def model(self) -> str: ...
    @property
    def shadow_choice(self) -> str | None: ...
    @property
    def propensity(self) -> float: ...
    @property
    def audit(self) -> bool: ...
    @property
    def also_query(self) -> tuple[str, ...]: ...
    @property
    def reason(self) -> str: ...
    @property
    def ranking(self) -> tuple[str, ...]: ...
    @property
    def p_satisfied(self) -> dict[str, float]: ...
    @property
    def expected_cost(self) -> dict[str, float]: ...
    @property
    def expected_latency(self) -> dict[str, float]: ...
    @property
    def score(self) -> dict[str, float]: ...
    @staticmethod
    def _restore(names: tuple[list[str], int], state: tuple[object, ...]) -> Decision: ...
    def explain(self) -> Explanation:
        """Give uncertainty, the price of satisfaction, and what would have flipped the decision."""

@type_check_only
class Standing(TypedDict):
    position: int
    share: float
    ahead: int
    given_up: int
    waiting: int
    taken: int
    again: int
    refused: int
    lost: int
    damaged: int

@final
class Replica:
    def __new__(cls, snapshot: bytes, id: int) -> Replica: ...  # noqa: A002
    @staticmethod
    def genesis(config: str) -> bytes: ...
    @staticmethod
    def founding(state: bytes) -> bytes: ...
    @staticmethod
    def taking_over(
        controller: Controller,
        id: int,  # noqa: A002
        spool: str | PathLike[str],
        each: bool,
        begin: Callable[[bytes], object],
    ) -> Replica | None: ...
    def spool(self, folder: str | PathLike[str], each: bool) -> None: ...
    def lasting(self) -> None: ...
    def end_spool(self) -> None: ...
    @property
    def controller(self) -> Controller: ...
    def next_batch(self) -> bytes | None: ...
    def sent(self) -> None: ...
    def send_again(self) -> None: ...
    def read(self, batches: Sequence[bytes], now: float, replicas: int) -> None: ...
    def reload(self, snapshot: bytes, now: float) -> None: ...
    def missing(self, at_most: int) -> list[bytes]: ...
    def rejoin(self, id: int) -> None: ...  # noqa: A002
    def snapshot(self) -> bytes: ...
    def standing(self) -> Standing: ...

@final
class Controller:
    def __new__(cls, config: str) -> Controller: ...
    @staticmethod
    def open(
        path: str | PathLike[str], config: str | None, durability: str, journal_bytes: int
    ) -> tuple[Controller, FoundFolder | None]: ...
    @staticmethod
    def recover(path: str | PathLike[str]) -> tuple[Controller, FoundFolder]: ...
    @staticmethod
    def write_folder(path: str | PathLike[str], state: bytes) -> None: ...
    def checkpoint(self) -> None: ...
    def close(self) -> None: ...
    @property
    def is_replica(self) -> bool: ...
    @staticmethod
    def from_bytes(state: bytes) -> Controller: ...
    def to_bytes(self) -> bytes: ...
    @property
    def config(self) -> str: ...
    @property
    def is_new(self) -> bool: ...
    def decide(
        self,
        features: npt.NDArray[np.float32] | None = None,
        asked: Request | None = None,
        shadow: tuple[str, float] | None = None,
        given: str | None = None,
    ) -> Decision: ...
    def predict(
        self,
        features: npt.NDArray[np.float32] | None = None,
        asked: Asked | None = None,
    ) -> Decision: ...
    def pending(self, decision: str) -> PendingRecord | None: ...
    def cancel(self, decision: Decision | str) -> None: ...
    def amend(self, amendment: str) -> None: ...
    def learn_elsewhere(
        self,
        features: npt.NDArray[np.float32] | None,
        model: str,
        sla: str | None,
        input_tokens: int | None,
        satisfied: bool | float | None,
        cost: float | None,
        latency: float | None,
        count: bool,
    ) -> None: ...
    def observe(
        self,
        decision: Decision | str,
        satisfied: bool | float | Mapping[str, bool | float] | None = None,
        cost: float | Mapping[str, float] | None = None,
        latency: float | Mapping[str, float] | None = None,
        source: str | None = None,
        key: str | None = None,
        rater: str | None = None,
        replace: bool = False,
        cached_tokens: int | None = None,
    ) -> None: ...
    def unrated(self) -> tuple[str, ...]: ...
    def warm_start(
        self,
        features: npt.NDArray[np.float32],
        input_tokens: npt.NDArray[np.uint32],
        models: npt.NDArray[np.uint32],
        satisfied: npt.NDArray[np.float64],
        costs: npt.NDArray[np.float64],
        latencies: npt.NDArray[np.float64],
        metadata: str | None = None,
    ) -> None: ...
    def fail(
        self,
        decision: Decision | str,
        model: str | None = None,
        kind: str = "error",
        retry_after: float | None = None,
    ) -> tuple[str, str | None]: ...
    def add_model(self, model: str) -> None: ...
    def equip(self, model: str) -> None: ...
    def remove_model(self, model: str) -> None: ...
    def reprice(self, model: str, cost: str) -> None: ...
    def advance(self, now: int) -> None: ...
    def feedback_delays(self) -> _Reading: ...
    def report(self) -> CoreReport: ...
    def calendar(self) -> CoreCalendar: ...

@final
class Histogram:
    def __new__(cls, bounds: Sequence[float]) -> Histogram: ...
    def observe(self, seconds: float) -> None: ...
    def read(self) -> _Reading: ...

@final
class StaticTable:
    def __new__(
        cls,
        vocabulary: str,
        rows: npt.NDArray[np.int8],
        scale: npt.NDArray[np.float32],
        max_tokens: int,
    ) -> StaticTable: ...
    def tokenize(self, text: str) -> tuple[list[int], float]: ...
    def features(self, text: str, tail: int = 0) -> npt.NDArray[np.float32]: ...
    def batch(self, texts: list[str]) -> npt.NDArray[np.float32]: ...

def text_features(
    texts: list[str],
    tokens: npt.NDArray[np.float32],
    embeddings: npt.NDArray[np.float32],
    dims: int,
) -> npt.NDArray[np.float32]: ...

@final
class FolderTokenizer:
    def __new__(cls, json: bytes, max_tokens: int) -> FolderTokenizer: ...
    def encode(
        self, texts: list[str]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]: ...

@final
class OffloadData:
    def __new__(
        cls,
        modalities: int,
        tasks: int,
        lengths: npt.NDArray[np.int64],
        task: npt.NDArray[np.int64],
        action: npt.NDArray[np.int64],
        score: npt.NDArray[np.float64],
        association: npt.NDArray[np.float32],
    ) -> OffloadData: ...
    @staticmethod
    def generate(
        modalities: int, tasks: int, turns: int, dialogues: int, seed: int
    ) -> OffloadData: ...
    def select(self, dialogues: Sequence[int]) -> OffloadData: ...
    @property
    def lengths(self) -> list[int]: ...
    def turn(self, dialogue: int, turn: int) -> tuple[int, int, float, list[float]]: ...
    def observations(self, dialogue: int, span: int) -> npt.NDArray[np.float32]: ...

@final
class OffloadEstimator:
    def __new__(cls, data: OffloadData, k: int, span: int) -> OffloadEstimator: ...
    def predict_all(self, observation: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]: ...

@final
class OffloadEnv:
    def __new__(
        cls,
        data: OffloadData,
        estimator: OffloadEstimator,
        costs: tuple[Sequence[float], Sequence[float]],
        weights: tuple[float, float, float, float],
        budget: tuple[float, float],
        random_budgets: bool,
        constraint: str,
        history: str,
        n: int,
        seed: int,
    ) -> OffloadEnv: ...
    def __len__(self) -> int: ...
    def reset(
        self, i: int, dialogue: int | None = None, budget: tuple[float, float] | None = None
    ) -> None: ...
    def step(self, i: int, action: int) -> tuple[float, float, float, float, float, bool]: ...
    def step_all(
        self, actions: Sequence[int]
    ) -> list[tuple[float, float, float, float, float, bool]]: ...
    def observation(self, i: int) -> npt.NDArray[np.float32]: ...
    def action_mask(self, i: int) -> npt.NDArray[np.bool_]: ...

@final
class OffloadAgent:
    @staticmethod
    def train(
        algorithm: str,
        env: OffloadEnv,
        steps: int,
        seed: int,
        progress: Callable[[int], object] | None = None,
    ) -> OffloadAgent: ...
    @property
    def algorithm(self) -> str: ...
    @property
    def shape(self) -> tuple[int, int, int]: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(state: bytes) -> OffloadAgent: ...

@final
class OffloadDecision:
    @property
    def action(self) -> int: ...
    @property
    def expected_response(self) -> float: ...
    @property
    def expected_reward(self) -> float: ...
    @property
    def expected_latency(self) -> float: ...
    @property
    def expected_cost(self) -> float: ...
    @property
    def reason(self) -> Literal["planned", "budget", "exhausted"]: ...

@final
class OffloadConversation:
    @property
    def spending(self) -> tuple[int, float, float, float, float]: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(state: bytes) -> OffloadConversation: ...

@final
class OffloadRouter:
    def __new__(
        cls,
        modalities: int,
        tasks: int,
        costs: tuple[Sequence[float], Sequence[float]],
        weights: tuple[float, float, float, float],
        max_turns: int,
        optimism: float,
        cost_rate: float,
    ) -> OffloadRouter: ...
    def fit(self, data: OffloadData) -> None: ...
    def start(
        self, budget: tuple[float, float], turns: int | None = None
    ) -> OffloadConversation: ...
    def decide(
        self,
        conversation: OffloadConversation,
        task: int,
        association: npt.NDArray[np.float32] | None = None,
    ) -> OffloadDecision: ...
    def record(
        self,
        conversation: OffloadConversation,
        latency: float,
        cost: float,
        score: float | None = None,
    ) -> None: ...
    def finish(self, conversation: OffloadConversation) -> None: ...
    @property
    def seen(self) -> int: ...
    @property
    def shape(self) -> tuple[int, int, int]: ...
    @property
    def costs(self) -> tuple[list[float], list[float]]: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(state: bytes) -> OffloadRouter: ...

def offload_evaluate(
    policy: int | str | OffloadAgent | OffloadRouter,
    masked: bool,
    data: OffloadData,
    estimator: OffloadEstimator,
    costs: tuple[Sequence[float], Sequence[float]],
    weights: tuple[float, float, float, float],
    budget: tuple[float, float],
    true_means: bool,
    seed: int,
) -> OffloadMetrics: ...
def offload_best_reachable_reward(
    data: OffloadData,
    weights: tuple[float, float, float, float],
    budget: tuple[float, float],
) -> float: ...
