"""The router applications embed: select a model for a prompt, feed back what became of it."""

from __future__ import annotations

import json
import logging
from time import perf_counter
from typing import TYPE_CHECKING, Literal

import numpy as np

from . import config
from ._core import Controller, Decision
from .featurizers.chat import estimate_tokens
from .featurizers.requests import RequestFeatures
from .logs import logged_data, logged_features
from .reports import accounting
from .state.persistent import Persistent, native
from .state.zoo import Zoo

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from .agreement import SLA, Limit
    from .featurizers import Prompt
    from .featurizers.requests import AnyFeaturizer
    from .logs.logged_data import LoggedData
    from .models import Model
    from .policies import Policy
    from .reports.report import Report
    from .shadow import Shadow

_log = logging.getLogger("messplus")


class Router(Zoo, Persistent):
    """Names the cheapest model that keeps the agreed long-run satisfaction rate.

    Safe to share between threads; every call is one atomic transition of the router's state.

    Parameters
    ----------
    models
        The zoo, 1 to 64 models.
    sla
        The service level to hold.
    policy
        How to route; :meth:`Policy.default` where none is given.
    slas
        Service levels by name, in place of ``sla``; each request names its own, and each is kept
        and reported by itself over shared predictors. At most 64.
    limits
        Further long-run bounds, at most one per resource; for the default policy.
    objective
        What to optimise while targets and limits hold: the least ``cost``, or the most
        ``satisfaction`` within at least one limit, where a target may be left out.
    switching_cost
        Share of its expected cost that a call adds where another model served the conversation
        (``session``) last, in ``[0, 100]``: what a warm prompt cache saves.
    seed
        Seed of the generator that draws explorations: same seed and same calls, same decisions.
    featurizer
        Turns prompts into features: the embedded table by default, an encoder folder
        (:class:`messplus.featurizers.OnnxFeaturizer`), or any function from text to a vector.
    tag_features
        Length of the block that tags are hashed into; 0 where tags are not used.
    pending_capacity
        Most decisions remembered for later feedback; beyond it the oldest are forgotten, counted.
    pending_age
        Seconds after which a decision is forgotten, ``>= 1``; by default only their number counts.
    missing
        What a request whose rating never came does to the service level when it is forgotten:
        nothing (``ignore``: the level speaks of rated requests), or it counts as satisfied with the
        probability ``predicted`` for it, or as ``unsatisfied``.
    cooldown
        Seconds for which a model that :meth:`failed` is left alone, in ``[0, 86400]``; twice as
        long with every further failure in a row, up to 64 times.
    log
        File to which decisions and outcomes are appended, see :class:`messplus.logs.JsonlLog`; none
        by default. It belongs to the process, not to the state.
    shadow
        A model that serves whatever the router would choose, or a :class:`messplus.Shadow`; see
        ``decision.shadow_choice`` and ``report().shadow``. It belongs to the process as well: the
        same state without it goes live with all that was learned.

    Raises
    ------
    ConfigError
        If a setting breaks its rule; the message names it.

    Notes
    -----
    With backlog Q after T rated requests, the mean satisfaction of these requests is at least
    ``target - Q / T``: on every sample path, whatever was chosen (:meth:`report`). That Q stays
    small, and cost near the optimum, holds in expectation for i.i.d. requests and a zoo in which
    some model exceeds the target (MESS+, arXiv 2505.19947).

    Examples
    --------
    >>> from messplus import SLA, Model, Router
    >>> router = Router([Model("small", cost=0.2), Model("large", cost=3.0)], SLA(target=0.9))
    >>> decision = router.select("What is the capital of France?")
    >>> decision.model in ("small", "large")
    True
    >>> router.feedback(decision, satisfied=True, cost=0.21)
    """

    _warned = False

    def __init__(
        self,
        models: Sequence[Model],
        sla: SLA | None = None,
        policy: Policy | None = None,
        *,
        slas: Mapping[str, SLA] | None = None,
        limits: Sequence[Limit] = (),
        objective: Literal["cost", "satisfaction"] = "cost",
        switching_cost: float = 0.0,
        seed: int = 0,
        featurizer: AnyFeaturizer = None,
        tag_features: int = 16,
        pending_capacity: int = 16_384,
        pending_age: int | None = None,
        missing: Literal["ignore", "predicted", "unsatisfied"] = "ignore",
        cooldown: int = 5,
        log: str | Path | None = None,
        shadow: str | Shadow | None = None,
    ) -> None:
        settings = config.given(
            models,
            sla,
            policy,
            slas={} if slas is None else slas,
            limits=list(limits),
            objective=objective,
            switching_cost=switching_cost,
            seed=seed,
            tag_features=tag_features,
            pending_capacity=pending_capacity,
            pending_age=pending_age,
            missing=missing,
            cooldown=cooldown,
        )
        features = RequestFeatures(featurizer, settings.tag_features)
        self._set_up(Controller(native(settings, features)), features, log, shadow)

    @classmethod
    def from_config(
        cls,
        path: str | Path,
        *,
        featurizer: AnyFeaturizer = None,
        log: str | Path | None = None,
        shadow: str | Shadow | None = None,
    ) -> Router:
        """Make a router from a TOML or JSON file whose keys are the parameters of the class.

        Raises
        ------
        ConfigError
            If a key is unknown or missing, or a value breaks its rule; the message names the key.
        """
        settings = config.read(path)
        values = {name: getattr(settings, name) for name in type(settings).model_fields}
        return cls(**values, featurizer=featurizer, log=log, shadow=shadow)

    def select(
        self,
        prompt: Prompt | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        features: npt.ArrayLike | None = None,
        costs: Mapping[str, float] | None = None,
        allowed: Collection[str] | None = None,
        sla: str | None = None,
        session: str | None = None,
        input_tokens: int | None = None,
    ) -> Decision:
        """Choose the model that serves this request.

        Parameters
        ----------
        prompt
            Text of the request, or its list of chat messages, of which the text of all user
            messages counts.
        tags
            What else is known about the request, for example ``{"task": "qa"}``.
        features
            Ready features instead of a prompt, float32, shape ``(n_features,)``: text features
            alone, or followed by a block of tags.
        costs
            Cost of this request per model where the caller knows it better than the learned mean;
            models may be left out.
        allowed
            Models that may serve this request; all by default. Models that have left the zoo are
            passed over.
        sla
            Name of the service level of this request; may be left out where there is one.
        session
            Key of the conversation this request belongs to; with ``switching_cost``, the model that
            served it last is preferred. Only a hash of the key is kept.
        input_tokens
            Tokens the request is billed for where the caller knows, ``>= 1``; a quarter of the
            prompt's bytes by default, all messages of a chat counted. Prices per token
            (:class:`TokenPrice`) are multiplied with it.

        Raises
        ------
        InputError
            If an argument breaks its rule. Nothing has changed then.

        Notes
        -----
        A prompt that cannot be turned into features is routed without them: the decision's reason
        is ``fallback``, the error is logged without the text, and :meth:`report` counts it.
        """
        start = perf_counter()
        tokens = input_tokens
        if tokens is None and prompt is not None:
            tokens = estimate_tokens(prompt)
        vector = self._features.one(prompt, tags, features, tokens)
        decision = self._core.decide(vector, costs, allowed, sla, session, tokens, self._shadow)
        return self._noted(start, decision)

    async def aselect(
        self,
        prompt: Prompt | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        features: npt.ArrayLike | None = None,
        costs: Mapping[str, float] | None = None,
        allowed: Collection[str] | None = None,
        sla: str | None = None,
        session: str | None = None,
        input_tokens: int | None = None,
        deadline: float = 0.25,
    ) -> Decision:
        """Choose as :meth:`select` does, without keeping the event loop from its work.

        An encoder runs in a small pool of threads of its own, behind a bounded queue. The embedded
        table is quicker than the way there, and runs at once.

        Parameters
        ----------
        deadline
            Seconds to wait for the features, the queue included, ``> 0``. After that, or if the
            queue is full, the request is routed without: reason ``fallback``, and counted by
            :meth:`report`.

        Raises
        ------
        InputError
            If an argument breaks its rule. Nothing has changed then.
        """
        start = perf_counter()
        tokens = input_tokens
        if tokens is None and prompt is not None:
            tokens = estimate_tokens(prompt)
        vector = await self._features.one_async(prompt, tags, features, tokens, deadline)
        decision = self._core.decide(vector, costs, allowed, sla, session, tokens, self._shadow)
        return self._noted(start, decision)

    def _noted(self, start: float, decision: Decision) -> Decision:
        self._durations.observe(perf_counter() - start)
        if self._jsonl is not None:
            self._jsonl.decided(decision)
        return decision

    def select_many(
        self,
        prompts: Sequence[Prompt],
        *,
        tags: Sequence[Mapping[str, str] | None] | None = None,
        costs: Mapping[str, float] | None = None,
        allowed: Collection[str] | None = None,
        sla: str | None = None,
    ) -> list[Decision]:
        """Choose for many requests, in their order; their features are computed in batches.

        Parameters
        ----------
        prompts
            The requests.
        tags
            Tags of each request.
        costs, allowed, sla
            As in :meth:`select`, the same for all.

        Raises
        ------
        InputError
            If an argument breaks its rule. Requests before the one at fault have been decided
            only if the fault is in ``costs`` or ``allowed``.
        """
        vectors = self._features.many(prompts, tags)
        decide = self._core.decide
        return [
            self._noted(
                perf_counter(),
                decide(vector, costs, allowed, sla, None, estimate_tokens(prompt), self._shadow),
            )
            for prompt, vector in zip(prompts, vectors, strict=True)
        ]

    def feedback(
        self,
        decision: Decision | str,
        satisfied: bool | float | Mapping[str, bool | float] | None = None,
        *,
        cost: float | Mapping[str, float] | None = None,
        latency: float | Mapping[str, float] | None = None,
    ) -> None:
        """Say what became of a decision: late, in parts and in any order, but each part once.

        Parameters
        ----------
        decision
            The decision or its ``id``.
        satisfied
            Rating of the answer, bool or in ``[0, 1]``; a mapping where several models answered
            (``decision.also_query``) or another one than ``decision.model`` served.
        cost
            What the call cost, in the unit of the zoo, or a mapping by model.
        latency
            How long the call took in seconds, or a mapping by model.

        Raises
        ------
        FeedbackError
            If the decision is unknown, expired, or has this part already. Nothing has changed then.
        InputError
            If a value breaks its rule. Nothing has changed then.
        """
        self._core.observe(decision, satisfied, cost, latency)
        if self._jsonl is not None:
            self._jsonl.observed(decision, satisfied, cost, latency)

    def warm_start(self, data: LoggedData, *, fit: bool | None = None) -> int:
        """Learn from logged data: requests that were not routed here.

        Trains what predicts satisfaction, cost and latency and, until the first rating of a request
        routed here, finds the price of satisfaction to start with. Nothing else changes: these
        requests were not routed under the service level, so they count in no report, move no queue
        and leave the clock of exploration where it is. A model with rated rows is no longer in
        ``warm-up``.

        Parameters
        ----------
        data
            One row per answer: a ``.parquet``, ``.csv`` or ``.jsonl`` file, columns by name (a
            mapping, a data frame, a pyarrow table), or a list of records. Columns: ``model``;
            ``satisfied`` (bool or in ``[0, 1]``), ``cost``, ``latency``, at least one of them;
            ``prompt`` (text or messages) or ``features``; ``tags``; ``input_tokens``. Values may be
            missing (None, NaN). Other columns are left alone.
        fit
            Whether to fit the featurizer to the prompts as well: a wide embedding is then reduced
            to the principal axes of these prompts instead of random ones, which predicts better
            (docs/featurizers.md), and the state carries the axes. By default that is done where it
            can be: nothing has been decided or learned yet, the featurizer reduces a wider
            embedding, and there are two prompts per dimension kept.

        Returns
        -------
        int
            Rows learned from.

        Raises
        ------
        InputError
            If a row breaks a rule; the message names row, column, rule and value. Rows count from
            1. Or if ``fit`` is asked for and cannot be done. Nothing has changed then.
        FeaturizerError
            If the featurizer fails. Nothing has changed then.

        Notes
        -----
        Order matters little; rows are learned in the order given, earlier than all that follows.
        Prompts are featurized first, which takes an encoder its time. Of a router in a folder a
        process killed within this call may have learned only the first part of the data.

        Examples
        --------
        >>> from messplus import SLA, Model, Router
        >>> router = Router([Model("small", 1.0), Model("large", 9.0)], SLA(0.8))
        >>> router.warm_start([{"prompt": "2 + 2?", "model": "small", "satisfied": True}])
        1
        """
        columns = logged_data.read(data)
        names = [model["name"] for model in json.loads(self._core.config)["models"]]
        models = logged_data.models(columns, names)
        outcomes = [logged_data.numbers(columns, name) for name in logged_data.OUTCOMES]
        tokens = logged_data.tokens(columns)
        features, vectors = logged_features.featurize(
            columns, self._features, tokens, fit, lambda: self._core.is_new
        )
        metadata = None if features is self._features else json.dumps(features.metadata())
        satisfied, cost, latency = outcomes
        self._core.warm_start(vectors, tokens, models, satisfied, cost, latency, metadata)
        self._features = features
        return int((~np.isnan(outcomes)).any(axis=0).sum())

    def failed(self, decision: Decision, model: str | None = None) -> str | None:
        """Say that a call failed, and get the model to call instead.

        The model cools down (``cooldown``) and is then tried again, with one request at a time,
        until feedback shows that it answers. Nothing is learned about its quality. Say which model
        served in the end with ``feedback(decision, {model: satisfied})``.

        Parameters
        ----------
        decision
            The decision whose call failed.
        model
            The model that did not answer; the chosen one by default.

        Returns
        -------
        str or None
            The best model of ``decision.ranking`` that has not failed on this request; None where
            all have.

        Raises
        ------
        FeedbackError
            If the decision is unknown or expired, or the model has failed on it already.
        InputError
            If the model is not in the zoo.
        """
        model = decision.model if model is None else model
        failed = self._core.fail(decision, model)
        _log.info("a call of %r failed", model)
        if self._jsonl is not None:
            self._jsonl.failed(decision, model)
        return next((name for name in decision.ranking if name not in failed), None)

    def report(self) -> Report:
        """Account for everything since the router was made.

        The first report that finds a target or limit out of reach logs a warning as well.
        """
        counters = self._core.report()
        counters["state_errors"]["log"] = 0 if self._jsonl is None else self._jsonl.errors
        durations = {
            "select": self._durations.read(),
            "featurize": self._features.durations.read(),
            "feedback": self._core.feedback_delays(),
        }
        account = accounting.build(
            counters, self._features.errors, self._features.timeouts, durations
        )
        if not account.feasible and not self._warned:
            self._warned = True
            _log.warning(
                "out of reach: %s; what comes nearest is served", ", ".join(account.out_of_reach)
            )
        return account
