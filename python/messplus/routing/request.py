"""What a request says of itself: the keywords that every way of selecting takes, listed once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import numpy.typing as npt


class Terms(TypedDict, total=False):
    """On what terms requests are served.

    Attributes
    ----------
    costs
        Cost of this request per model where the caller knows it better than the learned mean;
        models may be left out.
    allowed
        Models that may serve this request; all by default. Models that have left the zoo are
        passed over.
    requires
        What a model must support to serve this request, as :class:`messplus.Model` lists it:
        ``{"vision"}``. Models that do not, or whose ``max_input_tokens`` are fewer than those
        of the prompt, are left out.
    max_cost
        The most this request may be expected to cost, in ``[0, 1e18]``, in the unit of the zoo;
        the router's own ``max_cost`` holds as well. See :class:`messplus.config.Settings`.
    sla
        Name of the service level of this request; may be left out where there is one.
    """

    costs: Mapping[str, float] | None
    allowed: Collection[str] | None
    requires: Collection[str] | None
    max_cost: float | None
    sla: str | None


class Asked(Terms, total=False):
    """All that the choice of a model depends on, the terms included.

    Attributes
    ----------
    tags
        What else is known about the request, for example ``{"task": "qa"}``.
    features
        Ready features instead of a prompt, float32, shape ``(n_features,)``: text features
        alone, or followed by a block of tags.
    session
        Key of the conversation this request belongs to. Models whose provider should have its
        last prompt cached are expected to cost less (``cached_tokens``); with
        ``switching_cost``, the one that served it last is preferred. The state keeps only a
        hash of the key.
    input_tokens
        Tokens the request is billed for where the caller knows, ``>= 1``; a quarter of the
        prompt's bytes by default, all messages of a chat counted. Prices per token
        (:class:`messplus.TokenPrice`) are multiplied with it, ``max_input_tokens`` compared.
    cached_tokens
        Those of them that each provider has in its prompt cache, by model: the default policy
        expects them to be billed at ``TokenPrice(cached_input=...)``. By default what the
        ``usage`` of earlier calls of the ``session`` lets expect.
    """

    tags: Mapping[str, str] | None
    features: npt.ArrayLike | None
    session: str | None
    input_tokens: int | None
    cached_tokens: Mapping[str, int] | None


class Request(Asked, total=False):
    """What :meth:`messplus.Router.select` takes beside the prompt.

    Attributes
    ----------
    id
        The caller's own id of the request, which may be given in place of ``decision.id`` from
        then on; it must not be that of another pending decision. Without one, ``decision.id``
        is 128 random bits. With one, it is a hash of it, keyed by the router's seed.
    """

    id: str | None
