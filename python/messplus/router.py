"""The router applications embed: select a model for a prompt, feed back what became of it.

This is the public face: every method is a line or two, and says what it takes, gives and raises.
``routing/`` selects and takes in outcomes, ``state/`` makes, keeps and changes routers,
``featurizers/`` turn requests into vectors, ``reports/`` account for it, ``logs/`` write it down.
The native controller decides and learns.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from . import config
from ._core import Controller
from ._files import replacing
from .exceptions import InputError, StateError
from .fleet.address import is_address
from .fleet.membership import Membership
from .logs import warm_start
from .logs.jsonl import JsonlLog
from .reports import prediction
from .reports.accounts import Accounts
from .reports.watch import Watch
from .routing.caches import PromptCaches
from .routing.outcomes import Outcomes
from .routing.pending import CallerIds
from .routing.selector import Selector, billed_tokens
from .shadow import checked
from .state import amendment, zoo
from .state.core_config import CoreConfig
from .state.parts import Parts, make, restore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime
    from typing import Self, Unpack

    import numpy.typing as npt

    from ._core import Decision
    from .agreement import SLA, Limit
    from .config import Settings
    from .featurizers import Prompt
    from .featurizers.requests import AnyFeaturizer
    from .logs.logged_data import LoggedData
    from .models import Model
    from .policies import Policy
    from .prices import TokenPrice
    from .reports.calendar import Calendar
    from .reports.prediction import Prediction
    from .reports.report import Report
    from .reports.span import SpanReport
    from .routing.attached import Attached
    from .routing.outcomes import FailureKind
    from .routing.pending import PendingDecision
    from .routing.request import Asked, Request, Terms
    from .shadow import Shadow
    from .state.recovery import Recovery


class Router:
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
    featurizer
        Turns prompts into features: the embedded table by default, an encoder folder
        (:class:`messplus.featurizers.OnnxFeaturizer`), or any function from text to a vector.
    log
        File to which decisions and outcomes are appended, or a :class:`messplus.logs.JsonlLog`;
        none by default. It belongs to the process, not to the state.
    shadow
        A model that serves whatever the router would choose, or a :class:`messplus.Shadow`; see
        ``decision.shadow_choice`` and ``report().shadow``. It belongs to the process as well: the
        same state without it goes live with all that was learned.
    settings
        What else is agreed and how the router works, by keyword: see
        :class:`messplus.config.Settings`.

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

    def __init__(
        self,
        models: Sequence[Model],
        sla: SLA | None = None,
        policy: Policy | None = None,
        *,
        featurizer: AnyFeaturizer = None,
        log: str | Path | JsonlLog | None = None,
        shadow: str | Shadow | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        given = config.given(models, sla, policy, **settings)
        self._assemble(make(given, featurizer), log, shadow)

    def _assemble(
        self, parts: Parts, log: str | Path | JsonlLog | None, shadow: str | Shadow | None
    ) -> None:
        core, settings = parts.core, CoreConfig.of(parts.core)
        self._core, self._recovery = core, parts.recovery
        self._membership = parts.membership or Membership()
        self._log = JsonlLog(log) if isinstance(log, (str, os.PathLike)) else log
        self._ids = CallerIds(core, settings.fixed["seed"])
        watch = Watch()
        self.caches = PromptCaches()
        self._selector = Selector(
            core,
            parts.features,
            self._ids,
            checked(shadow, settings),
            self._log,
            watch,
            self.caches,
        )
        self._outcomes = Outcomes(core, self._ids, self._log, self.caches)
        self._accounts = Accounts(core, self._selector, self._log, watch, self._membership)

    @classmethod
    def _found(
        cls,
        find: Callable[[AnyFeaturizer], Parts],
        *,
        featurizer: AnyFeaturizer = None,
        log: str | Path | JsonlLog | None = None,
        shadow: str | Shadow | None = None,
    ) -> Self:
        router, parts = cls.__new__(cls), find(featurizer)
        try:
            router._assemble(parts, log, shadow)
        except BaseException:
            parts.close()
            raise
        return router

    # How routers are made, kept and found again

    @classmethod
    def from_config(cls, path: str | Path, **attached: Unpack[Attached]) -> Self:
        """Make a router from a TOML or JSON file whose keys are the parameters of the class.

        Parameters
        ----------
        path
            The file, ``.toml`` or ``.json``.
        attached
            ``featurizer``, ``log`` and ``shadow``, as for the class.

        Returns
        -------
        Router
            The router.

        Raises
        ------
        ConfigError
            If a key is unknown or missing, or a value breaks its rule; the message names the key.
        """
        return cls._found(lambda featurizer: make(config.read(path), featurizer), **attached)

    @classmethod
    def open(
        cls,
        path: str | Path,
        models: Sequence[Model] | None = None,
        sla: SLA | None = None,
        policy: Policy | None = None,
        *,
        featurizer: AnyFeaturizer = None,
        log: str | Path | JsonlLog | None = None,
        shadow: str | Shadow | None = None,
        durability: Literal["group", "each", "none"] = "group",
        journal_bytes: int = 32 << 20,
        **settings: Unpack[Settings],
    ) -> Self:
        """Open the router that is kept in a folder, or make one there.

        Every transition is on file when :meth:`select` or :meth:`feedback` returns, so a killed
        process loses nothing, and feedback on decisions made before a restart is accepted. A disk
        that fails does not fail requests: the router routes on, logs it, counts it in
        ``report().state_errors``, and keeps what it was told until the disk takes it. What is
        found damaged or missing is told in :attr:`recovery`; nothing is overwritten.

        Parameters
        ----------
        path
            The folder; made, for its owner only, where it is missing. Processes of one host that
            open the same folder, and forked children, share what is learned and keep one service
            level; see ``docs/fleet.md``. Or the address of a fleet,
            ``"redis://host:6379/0?name=chat"``: any number of processes on any hosts that open it
            do the same. Needs ``messplus[redis]``.
        models, sla, policy, featurizer, log, shadow, settings
            As for the class; where the folder holds a router the settings may be left out.
        durability
            What power loss may cost a folder: the last 50 milliseconds (``group``), nothing that a
            call returned for (``each``, some milliseconds per call), or what the operating system
            had not written yet (``none``).
        journal_bytes
            Size of a journal after which a snapshot is written.

        Returns
        -------
        Router
            The router, open until :meth:`close` or the end of its ``with`` block.

        Raises
        ------
        ConfigError
            If a setting breaks its rule, or differs from that of the router found.
        StateLockedError
            If another process has the folder open, and does not share it within 10 seconds.
        StateError
            If the folder or log cannot be read or written, or was made with another featurizer.
        """
        given = None if models is None else config.given(models, sla, policy, **settings)
        if is_address(path):
            # Loaded where there is a fleet: its hooks around forks must be outside of the core's.
            from .fleet.opening import join

            return cls._found(
                lambda found: join(str(path), given, found),
                featurizer=featurizer,
                log=log,
                shadow=shadow,
            )
        if os.name == "posix":
            from .fleet.sharing import open_folder
        else:
            from .state.folder import open_folder
        return cls._found(
            lambda found: open_folder(Path(path), given, found, durability, journal_bytes),
            featurizer=featurizer,
            log=log,
            shadow=shadow,
        )

    @classmethod
    def load(cls, path: str | Path, **attached: Unpack[Attached]) -> Self:
        """Read the router that :meth:`save` wrote, as :meth:`from_bytes` does.

        Parameters
        ----------
        path
            The file.
        attached
            ``featurizer``, ``log`` and ``shadow``, as for the class.

        Returns
        -------
        Router
            A router that decides as the saved one would, bit for bit.
        """
        return cls.from_bytes(Path(path).read_bytes(), **attached)

    @classmethod
    def from_bytes(cls, state: bytes, **attached: Unpack[Attached]) -> Self:
        """Read the router that :meth:`to_bytes` wrote.

        Parameters
        ----------
        state
            The bytes.
        attached
            ``featurizer``, ``log`` and ``shadow``, as for the class.

        Returns
        -------
        Router
            A router that decides as the saved one would, bit for bit.

        Raises
        ------
        StateError
            If the bytes are truncated, corrupt, of another format, or were made with another
            featurizer; the message names both.
        """
        core = Controller.from_bytes(state)
        return cls._found(lambda featurizer: restore(core, featurizer), **attached)

    def save(self, path: str | Path) -> None:
        """Write the state to a file: complete or not at all, readable by the owner only.

        Parameters
        ----------
        path
            The file; one that is there is replaced.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        with replacing(path) as file:
            file.write(self.to_bytes())

    def to_bytes(self) -> bytes:
        """Everything needed to go on as if nothing had happened, versioned and checksummed."""
        self._membership.refresh()
        return self._core.to_bytes()

    @property
    def recovery(self) -> Recovery | None:
        """How :meth:`open` found the folder; None where it made the router."""
        return self._recovery

    def checkpoint(self) -> None:
        """Write a snapshot and begin a new journal; nothing to do for a router in memory.

        In a fleet: send what happened here, and take in what happened everywhere, at once.

        Raises
        ------
        StateError
            If the snapshot cannot be written; the router goes on with the old one.
        """
        member = self._membership.member
        if member is not None and not member.is_closed:
            try:
                member.sync()
            except OSError as error:
                raise StateError(str(error)) from error
        self._core.checkpoint()

    def close(self) -> None:
        """Write a snapshot and release the folder; nothing to do for a router in memory.

        A closed router still routes, in memory only, and counts what it does not record.
        """
        self._membership.close()
        self._core.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # The zoo

    @property
    def models(self) -> tuple[Model, ...]:
        """The zoo: the models that may be chosen, with the costs listed now."""
        return CoreConfig.of(self._core).zoo

    def add_model(self, model: Model) -> None:
        """Let a model join the zoo.

        It starts from its listed cost and quality and is tried where it might win; what was learned
        about the others stays. A model that left and returns keeps what was learned of it.

        Parameters
        ----------
        model
            The model; its name must not have been used for another one.

        Raises
        ------
        ConfigError
            If a value breaks its rule, the name is taken, or the zoo has 64 models, those that left
            included. Nothing has changed then.
        """
        zoo.add(self._core, model)

    def remove_model(self, name: str) -> None:
        """Let a model leave the zoo; feedback on requests it served is accepted as before.

        Parameters
        ----------
        name
            The model.

        Raises
        ------
        InputError
            If it is not in the zoo, or the last of it. Nothing has changed then.
        """
        self._core.remove_model(name)

    def reprice(self, name: str, cost: float | TokenPrice) -> None:
        """Change the listed cost of a model; what it is expected to cost changes in proportion.

        Parameters
        ----------
        name
            The model.
        cost
            Its listed cost from now on.

        Raises
        ------
        ConfigError
            If the cost breaks the rule of :class:`Model`. Nothing has changed then.
        InputError
            If the model is not in the zoo. Nothing has changed then.
        """
        zoo.reprice(self._core, name, cost)

    # Requests

    def select(self, prompt: Prompt | None = None, **request: Unpack[Request]) -> Decision:
        """Choose the model that serves this request.

        Parameters
        ----------
        prompt
            Text of the request, or its list of chat messages, of which the text of all user
            messages counts.
        request
            What else is known and asked, by keyword: ``tags``, ``features``, ``costs``,
            ``allowed``, ``requires``, ``max_cost``, ``sla``, ``session``, ``input_tokens``,
            ``cached_tokens`` and ``id``, each explained by
            :class:`messplus.routing.request.Request`.

        Returns
        -------
        Decision
            The model to call, the order to fall back in, and the predictions behind both.

        Raises
        ------
        InputError
            If an argument breaks its rule. Nothing has changed then.
        UnservableError
            If no model that is allowed can serve this request: an :class:`InputError` too. The
            message says what was required and what each of them supports.

        Notes
        -----
        A prompt that cannot be turned into features is routed without them: the decision's reason
        is ``fallback``, the error is logged without the text, and :meth:`report` counts it.
        """
        return self._selector.now(prompt, request)

    async def aselect(
        self, prompt: Prompt | None = None, *, deadline: float = 0.25, **request: Unpack[Request]
    ) -> Decision:
        """Choose as :meth:`select` does, without blocking the event loop.

        An encoder runs in a small pool of threads of its own, behind a bounded queue. The embedded
        table is quicker than another thread, and runs at once.

        Parameters
        ----------
        prompt, request
            The request, as for :meth:`select`.
        deadline
            Seconds to wait for the features, the queue included, ``> 0``. After that, or if the
            queue is full, the request is routed without: reason ``fallback``, and counted by
            :meth:`report`.

        Returns
        -------
        Decision
            As from :meth:`select`.

        Raises
        ------
        InputError
            If an argument breaks its rule. Nothing has changed then.
        """
        return await self._selector.later(deadline, prompt, request)

    def select_many(
        self,
        prompts: Sequence[Prompt],
        *,
        tags: Sequence[Mapping[str, str] | None] | None = None,
        **terms: Unpack[Terms],
    ) -> list[Decision]:
        """Choose for many requests, in their order; their features are computed in batches.

        Parameters
        ----------
        prompts
            The requests.
        tags
            Tags of each request.
        terms
            ``costs``, ``allowed``, ``requires``, ``max_cost`` and ``sla`` as in :meth:`select`, the
            same for all.

        Returns
        -------
        list of Decision
            One decision per prompt, in their order.

        Raises
        ------
        InputError
            If an argument breaks its rule. Requests before the one at fault have been decided
            only if the fault is in ``terms``, or no model can serve.
        """
        return self._selector.many(prompts, tags, terms)

    def predict(self, prompt: Prompt | None = None, **asked: Unpack[Asked]) -> Prediction:
        """Say how the models look on a request, without deciding: for dashboards and tests.

        No state changes, nothing is counted or logged, and the next decision is the one that would
        have been made anyway. The policy predicts on a copy of itself: some hundred microseconds
        for a large zoo, in which no other thread can decide.

        Parameters
        ----------
        prompt, asked
            The request, as for :meth:`select`, without an ``id``.

        Returns
        -------
        Prediction
            Per model the probability of satisfaction, its uncertainty, the expected cost and the
            score; and the ranking.

        Raises
        ------
        InputError
            If an argument breaks its rule.
        FeaturizerError
            If the prompt cannot be turned into features, where :meth:`select` would do without.

        Examples
        --------
        >>> from messplus import SLA, Model, Router
        >>> router = Router([Model("small", 0.2), Model("large", 3.0)], SLA(0.9))
        >>> prediction = router.predict("What is the capital of France?")
        >>> sorted(prediction.ranking)
        ['large', 'small']
        >>> router.report().decisions
        0
        """
        return prediction.predict(self._selector.what_if(prompt, asked))

    def feedback(
        self,
        decision: Decision | str,
        satisfied: bool | float | Mapping[str, bool | float] | None = None,
        *,
        cost: float | Mapping[str, float] | None = None,
        latency: float | Mapping[str, float] | None = None,
        source: str | None = None,
        id: str | None = None,  # noqa: A002
        rater: str | None = None,
        replace: bool = False,
        usage: object = None,
    ) -> None:
        """Say what became of a decision: late, in parts and in any order.

        Each part counts once; a rating counts once per source.

        Parameters
        ----------
        decision
            The decision, its ``id``, or the id given to :meth:`select`.
        satisfied
            Rating of the answer, bool or in ``[0, 1]``; a mapping where several models answered
            (``decision.also_query``) or another one than ``decision.model`` served.
        cost
            What the call cost, in the unit of the zoo, or a mapping by model.
        latency
            How long the call took in seconds, or a mapping by model.
        source
            Who rates: ``user`` where none is named, ``judge``, ``code``, any name of 1 to 64 bytes,
            at most 16 of them. The service level speaks of one (``SLA(source=...)``; by default the
            first there is). What others say teaches the predictions as far as it has been seen to
            agree with that one, and moves no queue.
        id
            Name of this feedback: the same again for the same decision changes nothing. The last
            four per decision are remembered.
        rater
            Who of the source rated; only a hash is kept. Once 16 of the last 256 ratings that name
            a rater are one rater's, further ones are set aside, and counted by :meth:`report`.
        replace
            Whether the rating takes the place of the one this source gave before: queue and counts
            are then corrected by the difference.
        usage
            Tokens of the call, as the response of OpenAI, Anthropic, LiteLLM or LangChain has them,
            or ``{model: usage}`` where another than ``decision.model`` served: what the provider
            had cached, and what it therefore should have cached of the next prompt of the
            ``session``, for ``router.caches.ttl`` seconds (300). Where no ``cost`` is given, it is
            the listed price of these tokens, for models that have prices per token.

        Raises
        ------
        FeedbackError
            If the decision is unknown, expired, or has this part already. Nothing has changed then.
        InputError
            If a value breaks its rule. Nothing has changed then.
        """
        self._outcomes.rated(decision, satisfied, cost, latency, source, id, rater, replace, usage)

    def failed(
        self,
        decision: Decision | str,
        model: str | None = None,
        kind: FailureKind = "error",
        retry_after: float | None = None,
    ) -> str | None:
        """Say that a call failed, and get the model to call instead.

        Where half of the last twenty calls have failed, or the first five, the model rests for
        ``cooldown`` seconds. Then one call at a time goes out as a probe, until one is answered;
        every probe that fails doubles the rest. A single failure among calls that succeed changes
        nothing. Nothing is learned about the model's quality. Say which model served in the end
        with ``feedback(decision, {model: satisfied})``.

        Parameters
        ----------
        decision
            The decision whose call failed, its ``id``, or the id given to :meth:`select`.
        model
            The model that did not answer; the chosen one by default.
        kind
            Why. After a ``context_window`` error the model does not rest: the prompt is too long
            for it, and it is left out for this request alone.
        retry_after
            Seconds after which the provider wants to be asked again, ``>= 0``. After a
            ``rate_limit`` the model rests for that long, a day at most.

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
            If the model is not in the zoo, or an argument breaks its rule.
        """
        return self._outcomes.failed(decision, model, kind, retry_after)

    def decision(self, id: str) -> PendingDecision | None:  # noqa: A002
        """Look up a decision whose feedback may still come.

        Parameters
        ----------
        id
            ``decision.id``, or the id given to :meth:`select`.

        Returns
        -------
        PendingDecision or None
            What is known of it so far; None where it is unknown, forgotten or cancelled.
        """
        return self._ids.find(id)

    def cancel(self, decision: Decision | str) -> None:
        """Take a decision back: its call was never made, and nothing of it counts.

        Parameters
        ----------
        decision
            The decision, its ``id``, or the id given to :meth:`select`.

        Raises
        ------
        FeedbackError
            If it is unknown or expired. Nothing has changed then.
        InputError
            If something is known of one of its calls. Nothing has changed then.
        """
        self._outcomes.cancelled(decision)

    def observe(
        self,
        prompt: Prompt | None,
        model: str,
        *,
        satisfied: bool | float | None = None,
        cost: float | None = None,
        latency: float | None = None,
        tags: Mapping[str, str] | None = None,
        features: npt.ArrayLike | None = None,
        sla: str | None = None,
        input_tokens: int | None = None,
        count: bool = False,
    ) -> None:
        """Learn from a request that was routed elsewhere.

        Parameters
        ----------
        prompt, tags, features, input_tokens
            The request, as for :meth:`select`.
        model
            The model that served it.
        satisfied, cost, latency
            What became of it; at least one.
        sla
            Its service level, where it counts and there are several.
        count
            Whether it counts for the service level and the limits as a request routed here does;
            else it teaches only, as :meth:`warm_start` does.

        Raises
        ------
        InputError
            If an argument breaks its rule, or requests are audited and this one is to count: it was
            not drawn with them. Nothing has changed then.
        """
        tokens = billed_tokens(prompt, input_tokens)
        vector = self._selector.features.one(prompt, tags, features, tokens)
        self._core.learn_elsewhere(vector, model, sla, tokens, satisfied, cost, latency, count)

    def amend(
        self,
        *,
        slas: SLA | Mapping[str, SLA] | None = None,
        limits: Sequence[Limit] | None = None,
        cooldown: int | None = None,
        missing: Literal["ignore", "predicted", "unsatisfied"] | None = None,
        audit: float | None = None,
        audit_first: float | None = None,
        max_cost: float | None = None,
        max_price: float | None = None,
        unrated: str | None = None,
    ) -> None:
        """Change what was agreed, and keep what was learned. What is left out stays.

        A level whose target or source changes, and every level where ``audit`` or
        ``audit_first`` does, begins a new
        accounting period: its queue and counters start anew, and the period before is kept in
        ``report().slas[...].closed``. Ratings still to come count in the new period.

        Parameters
        ----------
        slas
            New targets of the service levels there are: one :class:`SLA`, or all by name.
        limits
            New bounds on the resources that are limited.
        cooldown, missing, audit, audit_first, max_cost, max_price, unrated
            See :class:`messplus.config.Settings`.

        Raises
        ------
        ConfigError
            If a value breaks its rule, or service levels or limited resources are not those there
            are. Nothing has changed then.
        """
        asked = config.validate_amendment(
            slas=slas,
            limits=limits,
            cooldown=cooldown,
            missing=missing,
            audit=audit,
            audit_first=audit_first,
            max_cost=max_cost,
            max_price=max_price,
            unrated=unrated,
        )
        amendment.apply(self._core, asked)

    # What was learned, and what came of it

    def warm_start(self, data: LoggedData, *, fit: bool | None = None) -> int:
        """Learn from logged data: requests that were not routed here.

        Trains what predicts satisfaction, cost and latency and, until the first rating of a request
        routed here, finds the price of satisfaction to start with. These requests count in no
        report and move no queue. A model with rated rows is no longer in ``warm-up``.

        Parameters
        ----------
        data
            One row per answer, learned in the order given; see
            :data:`messplus.logs.logged_data.LoggedData` for its forms and columns.
        fit
            Whether to fit the featurizer to the prompts first, which predicts better where it
            reduces a wide embedding (docs/featurizers.md); the state carries the fit. By default
            that is done where it can be: nothing has been decided or learned yet, and there are two
            prompts per dimension kept.

        Returns
        -------
        int
            Rows learned from.

        Raises
        ------
        InputError
            If a row breaks a rule; the message names row (from 1), column, rule and value. Or if
            ``fit`` is asked for and cannot be done. Nothing has changed then.
        FeaturizerError
            If the featurizer fails. Nothing has changed then.

        Examples
        --------
        >>> from messplus import SLA, Model, Router
        >>> router = Router([Model("small", 1.0), Model("large", 9.0)], SLA(0.8))
        >>> router.warm_start([{"prompt": "2 + 2?", "model": "small", "satisfied": True}])
        1
        """
        features = self._selector.features
        self._selector.features, learned = warm_start.learn(self._core, features, data, fit)
        return learned

    @overload
    def report(self) -> Report: ...
    @overload
    def report(
        self, *, since: date | datetime, until: date | datetime | None = None
    ) -> SpanReport: ...
    def report(
        self, *, since: date | datetime | None = None, until: date | datetime | None = None
    ) -> Report | SpanReport:
        """Account for everything since the router was made, or for a span of time.

        A target or limit newly found out of reach is logged as a warning as well, as is, without a
        report, a service level that nobody rates any more.

        Parameters
        ----------
        since, until
            The first moment of the span and the first after it, UTC: dates, or datetimes with a
            time zone. Days are kept for 92 of them, full hours for 48, full minutes for 60; a
            router in memory keeps none.

        Returns
        -------
        Report or SpanReport
            A :class:`SpanReport` where ``since`` is given.

        Raises
        ------
        InputError
            If the router cannot tell what happened since then, or until then.
        """
        if since is not None:
            return self._accounts.span(since, until)
        if until is not None:
            raise InputError("since: must be given with until, got none")
        return self._accounts.report()

    def calendar(self) -> Calendar:
        """Give what happened in the latest minutes, hours and days.

        Returns
        -------
        Calendar
            Without any for a router in memory, which does not look at the clock.
        """
        return self._accounts.calendar()
