from collections.abc import Callable, Collection, Mapping
from os import PathLike
from typing import Any, final

import numpy as np
import numpy.typing as npt

__version__: str
build_profile: str

def before_fork() -> None: ...
def after_fork_in_parent() -> None: ...
def after_fork_in_child() -> None: ...
def audit_folder(path: str | PathLike[str]) -> list[dict[str, Any]]: ...
def folder_history(path: str | PathLike[str]) -> list[dict[str, Any]]: ...
def replay(
    config: str,
    features: npt.NDArray[np.float32],
    scores: npt.NDArray[np.float64],
    costs: npt.NDArray[np.float64],
    order: npt.NDArray[np.uint32],
    rated: npt.NDArray[np.bool_],
    delay: int,
    progress: Callable[[int], None] | None = None,
) -> tuple[list[npt.NDArray[Any]], float, float]: ...

@final
class Decision:
    """What to do with one request, and why. Nothing in it needs the prompt again.

    Attributes
    ----------
    id
        128 random bits as 32 hexadecimal digits: the handle for late feedback.
    step
        Requests decided before this one, plus one.
    model
        The model whose answer goes to the user.
    also_query
        Models to query as well, for learning; empty unless the policy explores that way.
    reason
        ``exploit``, ``explore``, ``forced``, ``fallback`` or ``warm-up``.
    ranking
        All allowed models, best first: the order to fall back in when a call fails.
    p_satisfied
        Predicted probability of satisfaction per model, in ``(0, 1)``.
    expected_cost
        Expected cost of this request per model.
    score
        Drift-plus-penalty score per model, lower is better.
    """

    @property
    def id(self) -> str: ...
    @property
    def step(self) -> int: ...
    @property
    def model(self) -> str: ...
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
    def score(self) -> dict[str, float]: ...

@final
class Controller:
    def __new__(cls, config: str) -> Controller: ...
    @staticmethod
    def open(
        path: str | PathLike[str], config: str | None, durability: str, journal_bytes: int
    ) -> tuple[Controller, dict[str, Any] | None]: ...
    @staticmethod
    def recover(path: str | PathLike[str]) -> tuple[Controller, dict[str, Any]]: ...
    def checkpoint(self) -> None: ...
    def close(self) -> None: ...
    @staticmethod
    def from_bytes(state: bytes) -> Controller: ...
    def to_bytes(self) -> bytes: ...
    @property
    def config(self) -> str: ...
    def decide(
        self,
        features: npt.NDArray[np.float32] | None = None,
        costs: Mapping[str, float] | None = None,
        allowed: Collection[str] | None = None,
    ) -> Decision: ...
    def observe(
        self,
        decision: Decision | str,
        satisfied: bool | float | Mapping[str, bool | float] | None = None,
        cost: float | Mapping[str, float] | None = None,
        latency: float | Mapping[str, float] | None = None,
    ) -> None: ...
    def report(self) -> dict[str, Any]: ...

@final
class WordPiece:
    def __new__(cls, vocabulary: str, max_tokens: int) -> WordPiece: ...
    def encode(
        self, texts: list[str]
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8], npt.NDArray[np.float32]]: ...

def prompt_features(
    embeddings: npt.NDArray[np.float32], tokens: npt.NDArray[np.float32], dims: int
) -> npt.NDArray[np.float32]: ...

@final
class FolderTokenizer:
    def __new__(cls, json: bytes, max_tokens: int) -> FolderTokenizer: ...
    def encode(
        self, texts: list[str]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]: ...
