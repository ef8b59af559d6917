"""Calling the models of a decision in their order until one answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from .failure import of_error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from messplus._core import Decision

    from .guard import Guard

Answer = TypeVar("Answer")


def answer(
    guard: Guard, decision: Decision | None, call: Callable[[str], Answer]
) -> tuple[str, Answer]:
    """Call one model after the other, as the decision ranks them.

    Parameters
    ----------
    guard
        Whom to tell of failures.
    decision
        The decision; without one the models are called in the order of the zoo.
    call
        Calls a model by its name in the zoo. What it raises goes to the caller at once unless
        another model may do better (:func:`~.failure.of_error`).

    Returns
    -------
    tuple of str and Answer
        The model that answered, and its answer.
    """
    *others, last = _order(guard, decision)
    for model in others:
        try:
            return model, call(model)
        except Exception as error:
            _note(guard, decision, model, error)
    try:
        return last, call(last)
    except Exception as error:
        _note(guard, decision, last, error)
        raise


async def answer_async(
    guard: Guard, decision: Decision | None, call: Callable[[str], Awaitable[Answer]]
) -> tuple[str, Answer]:
    """Call one model after the other, as :func:`answer` does."""
    *others, last = _order(guard, decision)
    for model in others:
        try:
            return model, await call(model)
        except Exception as error:
            _note(guard, decision, model, error)
    try:
        return last, await call(last)
    except Exception as error:
        _note(guard, decision, last, error)
        raise


def _order(guard: Guard, decision: Decision | None) -> Iterable[str]:
    return decision.ranking if decision else [model.name for model in guard.router.models]


def _note(guard: Guard, decision: Decision | None, model: str, error: Exception) -> None:
    failure = of_error(error)
    if failure is None:
        raise error
    if decision is not None:
        guard.failed(decision, model, failure)
