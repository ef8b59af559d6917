"""Reader of the M4A1 schema (kitchen assistant, three camera views, four tasks)."""

from __future__ import annotations

import json
from pathlib import Path

from messplus.exceptions import InputError

from .actions import ActionSpace
from .dialogues import Dialogue, OfflineDataset, Turn

VIEWS = ("first person", "side", "overhead")
TASKS = ("Assistive System", "Message Editing", "Query", "Recommendation")
REFUSALS = ("sorry", "I don't have", "can't")
"""Markers of an answer that refuses, case-sensitive; its score counts as 0."""


def load_m4a1(path: str | Path) -> OfflineDataset:
    """Read dialogues from an M4A1 file.

    Parameters
    ----------
    path
        JSON file: a list of records with ``id``, ``interactions`` (per turn ``task_cat``,
        ``action``, ``image_index``, ``answer``, ``score``) and ``association_score`` (T x 3).

    Returns
    -------
    OfflineDataset
        One dialogue per record, in file order. The score of an answer that holds one of
        :data:`REFUSALS` is 0.

    Raises
    ------
    InputError
        If the file is not such a list; the message names the record and the field.
    """
    path = Path(path)
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path.name}: must be valid JSON, got {error}") from error
    if not isinstance(records, list) or not records:
        raise InputError(f"{path.name}: must be a non-empty list of records")
    space = ActionSpace(VIEWS)
    return OfflineDataset(space, TASKS, [_dialogue(i, record) for i, record in enumerate(records)])


def _dialogue(position: int, record: object) -> Dialogue:
    if not isinstance(record, dict):
        raise InputError(f"record {position}: must be an object, got {type(record).__name__}")
    where = f"record {position} (id {record.get('id')!r})"
    turns = record.get("interactions")
    associations = record.get("association_score")
    if not isinstance(turns, list) or not turns:
        raise InputError(f"{where}, interactions: must be a non-empty list")
    if not isinstance(associations, list) or len(associations) != len(turns):
        raise InputError(f"{where}, association_score: must have one row per interaction")
    return Dialogue(
        tuple(
            _turn(f"{where}, turn {t}", turn, row)
            for t, (turn, row) in enumerate(zip(turns, associations, strict=True))
        )
    )


def _turn(where: str, turn: object, association: object) -> Turn:
    if not isinstance(turn, dict):
        raise InputError(f"{where}: must be an object, got {type(turn).__name__}")
    task, cloud = turn.get("task_cat"), turn.get("action")
    views, answer, score = turn.get("image_index"), turn.get("answer"), turn.get("score")
    if task not in TASKS:
        raise InputError(f"{where}, task_cat: must be one of {TASKS}, got {task!r}")
    if cloud not in (0, 1):
        raise InputError(f"{where}, action: must be 0 or 1, got {cloud!r}")
    positions = [] if views is None else views
    if not isinstance(positions, list) or any(v not in range(len(VIEWS)) for v in positions):
        raise InputError(f"{where}, image_index: must be null or a list of views, got {views!r}")
    if positions and not cloud:
        raise InputError(f"{where}, image_index: must be null for a local turn, got {views!r}")
    if not isinstance(answer, str):
        raise InputError(f"{where}, answer: must be a string, got {answer!r}")
    if not isinstance(score, int | float) or isinstance(score, bool) or score < 0:
        raise InputError(f"{where}, score: must be a number >= 0, got {score!r}")
    if (
        not isinstance(association, list)
        or len(association) != len(VIEWS)
        or not all(isinstance(c, int | float) and c >= 0 for c in association)
    ):
        raise InputError(f"{where}, association_score: must be three numbers, got {association!r}")
    location = "cloud" if cloud else "local"
    action = ActionSpace(VIEWS).encode(location, [VIEWS[v] for v in positions])
    refused = any(marker in answer for marker in REFUSALS)
    return Turn(task, action, 0.0 if refused else float(score), tuple(association))
