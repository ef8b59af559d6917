"""Synchronous calls of LiteLLM's SDK, which it routes past its callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from messplus._optional import require

if TYPE_CHECKING:
    from collections.abc import Callable

    from messplus.featurizers import Prompt
    from messplus.integrations.guard import Guard

    from .attempt import Attempt

    Deployment = dict[str, Any]

_types = require("litellm.types.router", "litellm")


class LiteLLMRouter(Protocol):
    """What is used of ``litellm.Router``."""

    model_list: list[Deployment]
    get_available_deployment: Callable[..., Deployment]

    def get_model_list(self, model_name: str) -> list[Deployment] | None:
        """Deployments of a model group."""


class SyncSelection:
    """Stands in for ``litellm.Router.get_available_deployment``.

    LiteLLM still chooses among the deployments of a model, and knows which cool down; it is asked
    to leave those of other models out, model by model in the order of the decision.

    Parameters
    ----------
    guard
        Whom to ask.
    attempt
        :meth:`Handler.attempt`.
    litellm_router
        The router of the SDK.
    """

    def __init__(
        self,
        guard: Guard,
        attempt: Callable[..., Attempt | None],
        litellm_router: LiteLLMRouter,
    ) -> None:
        self._guard = guard
        self._attempt = attempt
        self._list = litellm_router.get_model_list
        self._original = litellm_router.get_available_deployment

    def __call__(
        self,
        model: str,
        messages: Prompt | None = None,
        input: object = None,  # noqa: A002 - LiteLLM's name
        specific_deployment: bool | None = False,
        request_kwargs: dict[str, Any] | None = None,
    ) -> Deployment:
        """Give the deployment that serves."""
        kwargs = {} if request_kwargs is None else request_kwargs
        for others in self._left_out(model, messages, kwargs):
            kwargs["_excluded_deployment_ids"] = others
            try:
                return self._original(model, messages, input, specific_deployment, kwargs)
            except _types.RouterRateLimitError:
                continue
        kwargs.pop("_excluded_deployment_ids", None)
        return self._original(model, messages, input, specific_deployment, kwargs)

    def _left_out(
        self, model: str, messages: Prompt | None, kwargs: dict[str, Any]
    ) -> list[list[str]]:
        try:
            deployments = self._list(model_name=model) or []
            attempt = self._attempt(model, deployments, messages, kwargs)
            if attempt is None:
                return []
            if attempt.note is None:
                attempt.decided(self._guard.select(**attempt.request()))
            ids = [[d["model_info"]["id"] for d in choice] for choice in attempt.choices()]
            every = [d["model_info"]["id"] for d in deployments]
            return [[other for other in every if other not in kept] for kept in ids]
        except Exception as error:
            self._guard.left_out("filter", error)
            return []
