"""The callback: LiteLLM asks it which deployments may serve, and tells it what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from messplus import usage as usages
from messplus._optional import require
from messplus.integrations.failure import of_error
from messplus.integrations.guard import Guard

from . import config
from .attempt import KEY, Attempt, noted, served
from .sync import SyncSelection

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from messplus.featurizers import Prompt
    from messplus.router import Router

    from .sync import LiteLLMRouter

    Deployment = dict[str, Any]
    Kwargs = dict[str, Any]

HEADER = "x-messplus-decision-id"

_CustomLogger: Any = require("litellm.integrations.custom_logger", "litellm").CustomLogger


class Handler(_CustomLogger):
    """A LiteLLM callback that routes, and tells the router what became of it.

    Parameters
    ----------
    router
        The router; its models are named as in ``litellm_params.model`` of the deployments, or as
        in ``model_info.messplus_model`` where that is given.
    groups
        Model groups to route; every other group passes through untouched.

    Attributes
    ----------
    guard
        Nothing here fails a request; ``guard.errors`` counts what was left out instead.
    """

    def __init__(self, router: Router, groups: Collection[str]) -> None:
        super().__init__(turn_off_message_logging=True)
        self.guard = Guard(router)
        self.groups = frozenset(groups)

    async def async_filter_deployments(
        self,
        model: str,
        healthy_deployments: list[Deployment],
        messages: Prompt | None,
        request_kwargs: Kwargs | None = None,
        parent_otel_span: object = None,
    ) -> list[Deployment]:
        """Keep the healthy deployments of the chosen model; all where nothing can be chosen."""
        del parent_otel_span
        try:
            attempt = self.attempt(model, healthy_deployments, messages, request_kwargs)
            if attempt is None:
                return healthy_deployments
            if attempt.note is None:
                attempt.decided(await self.guard.aselect(**attempt.request()))
            return next(attempt.choices(), healthy_deployments)
        except Exception as error:
            self.guard.left_out("filter", error)
            return healthy_deployments

    def attempt(
        self,
        group: str,
        deployments: list[Deployment],
        messages: Prompt | None,
        kwargs: Kwargs | None,
    ) -> Attempt | None:
        """See what is to be routed; None for another group, and for what is neither chat nor text.

        Parameters
        ----------
        group, deployments
            The model group, and its deployments that may serve.
        messages
            The chat; the responses API has its text in ``kwargs`` instead, embeddings nowhere.
        kwargs
            The request as LiteLLM keeps it.
        """
        prompt = messages or (kwargs or {}).get("input")
        if group not in self.groups or kwargs is None or not prompt:
            return None
        models = config.by_model(deployments, [model.name for model in self.guard.router.models])
        return Attempt(models, prompt, kwargs) if models else None

    def attach(self, litellm_router: LiteLLMRouter) -> None:
        """Check the zoo against a ``litellm.Router``, and route its synchronous calls as well.

        Parameters
        ----------
        litellm_router
            The router of the SDK.

        Raises
        ------
        ConfigError
            If LiteLLM lacks one of the groups, or a deployment for a model of the zoo.
        """
        zoo = [model.name for model in self.guard.router.models]
        config.check(zoo, self.groups, litellm_router.model_list)
        litellm_router.get_available_deployment = SyncSelection(
            self.guard, self.attempt, litellm_router
        )

    async def async_post_call_failure_deployment_hook(
        self,
        request_data: Mapping[str, Any],
        exception: Exception,
        call_type: object,
        fallback_depth: int | None = None,
    ) -> None:
        """Take in that one attempt failed."""
        del call_type, fallback_depth
        self._failed(request_data, exception)

    def log_failure_event(
        self, kwargs: Kwargs, response_obj: object, start_time: datetime, end_time: datetime
    ) -> None:
        """Take in that an attempt of a synchronous call failed."""
        del response_obj, start_time, end_time
        self._failed(kwargs.get("litellm_params") or {}, kwargs.get("exception"))

    def _failed(self, kwargs: Mapping[str, Any], exception: object) -> None:
        try:
            metadata = noted(kwargs)
            model = served(metadata)
            if metadata is None or model is None or not isinstance(exception, Exception):
                return
            note = metadata[KEY]
            if model in note.decision.ranking and model not in note.failed:
                note.failed.add(model)
                failure = of_error(exception)
                if failure is not None:
                    self.guard.failed(note.decision, model, failure)
        except Exception as error:
            self.guard.left_out("failed", error)

    async def async_log_success_event(
        self, kwargs: Kwargs, response_obj: object, start_time: datetime, end_time: datetime
    ) -> None:
        """Take in which model served, and what that took."""
        self.log_success_event(kwargs, response_obj, start_time, end_time)

    def log_success_event(
        self, kwargs: Kwargs, response_obj: object, start_time: datetime, end_time: datetime
    ) -> None:
        """Take in which model served, and what that took."""
        try:
            metadata = noted(kwargs.get("litellm_params") or {})
            model = served(metadata)
            # What a cache answers costs nothing and says nothing about the model.
            if metadata is None or model is None or kwargs.get("cache_hit"):
                return
            self.guard.served(
                metadata[KEY].decision,
                model,
                usage=usages.read(getattr(response_obj, "usage", None)),
                # LiteLLM gives zero where it knows no price.
                cost=kwargs.get("response_cost") or None,
                latency=max(0.0, (end_time - start_time).total_seconds()),
            )
        except Exception as error:
            self.guard.left_out("served", error)

    async def async_post_call_response_headers_hook(
        self,
        data: Mapping[str, Any],
        user_api_key_dict: object,
        response: object,
        request_headers: Mapping[str, str] | None = None,
        litellm_call_info: Mapping[str, object] | None = None,
    ) -> dict[str, str] | None:
        """Tell the client the decision's id, for its feedback."""
        del user_api_key_dict, response, request_headers, litellm_call_info
        metadata = noted(data)
        return None if metadata is None else {HEADER: str(metadata[KEY])}
