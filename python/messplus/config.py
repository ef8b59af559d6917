"""Settings of a router: checked, read from files, and written for the core."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar

from .exceptions import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    from ._schema import Amended, RouterSettings
    from .agreement import SLA, Limit
    from .models import Model
    from .policies import Policy

    Schema = TypeVar("Schema", bound=BaseModel)


class Settings(TypedDict, total=False):
    """Settings of a router beside its zoo, service level and policy, by keyword.

    Attributes
    ----------
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
        (``session``) last, in ``[0, 100]``: what a warm prompt cache saves. 0 by default.
    seed
        Seed of the generator that draws explorations, in ``[0, 2**64)``; 0 by default. Same seed
        and same calls, same decisions.
    tag_features
        Length of the block that tags are hashed into, in ``[0, 1024]``; 16 by default, 0 where tags
        are not used.
    pending_capacity
        Most decisions remembered for later feedback, ``>= 1``; 16,384 by default. Beyond it the
        oldest are forgotten, counted.
    pending_age
        Seconds of the router's running time after which a decision is forgotten, ``>= 1``; by
        default only their number counts.
    missing
        What a request whose rating never came does to the service level when it is forgotten:
        nothing (``ignore``, the default: the level speaks of rated requests), or it counts as
        satisfied with the probability ``predicted`` for it, or as ``unsatisfied``.
    cooldown
        Seconds for which a model whose calls keep failing rests, in ``[0, 86400]``; 5 by default.
        Twice as long with every probe that fails, up to an hour (:meth:`Router.failed`). With 0 no
        model ever rests.
    audit
        Probability, in ``[0, 1]``, with which a request is picked to be rated in any case
        (``decision.audit``), apart from prompt and choice; 0 by default. With audits the service
        levels speak of the audited requests, and ``report().slas[...].audit`` estimates the
        satisfaction of all requests, whoever else rates.
    audit_first
        Requests that are audited at first, in ``[0, 1e6]``; 0 by default, as without ``audit``. The
        n-th request of a service level is picked with probability
        ``max(audit, min(1, sqrt(audit_first / n)))``: labels are worth most while little is known.
        n requests take at most ``audit * n + 2 * sqrt(audit_first * n)`` audits on average: that
        is their price.
    epsilon
        Share of the requests, in ``[0, 1]``, that a model drawn uniformly from the allowed ones
        serves; 0 by default. Then every model has a known chance on every request
        (``decision.propensity``), and ``messplus evaluate`` can tell from the log what any other
        policy would have brought. ``report().randomisation`` has its price.
    max_cost
        The most a request may be expected to cost, in ``[0, 1e18]``, in the unit of the zoo; by
        default the largest, which caps nothing. Models that are expected to cost more on a request
        (as learned or, before that, as listed) are left out of its decision, of its ``ranking``
        too. Where all are, it is not refused: the cheapest that is not resting serves, with the
        reason ``unaffordable``. ``report().max_cost`` counts both.
    max_price
        The most that one more satisfied request may cost, in ``[0, 1e18]``, in the unit of the zoo:
        the policy pays no higher price for satisfaction (``decision.explain().price``), though a
        target be missed by that. By default the largest, which caps nothing beyond what the default
        policy does itself: at some 65,000 times what it counts costs in. Where ``cost`` is the
        objective. ``report().slas[...].price_capped`` counts how often it binds.
    unrated
        Where requests go after 1,000 of them without a rating (ten times the mean gap where ratings
        are rarer than one in a hundred): to the model expected to satisfy ``best``, the default; to
        the model of this name; or on as the policy has it (``learn``).
    """

    slas: Mapping[str, SLA]
    limits: Sequence[Limit]
    objective: Literal["cost", "satisfaction"]
    switching_cost: float
    seed: int
    tag_features: int
    pending_capacity: int
    pending_age: int | None
    missing: Literal["ignore", "predicted", "unsatisfied"]
    cooldown: int
    audit: float
    audit_first: float
    epsilon: float
    max_cost: float
    max_price: float
    unrated: str


def given(
    models: Sequence[Model], sla: SLA | None, policy: Policy | None, **settings: object
) -> RouterSettings:
    """Check the arguments of a router; raises as :func:`validate` does."""
    settings |= {"models": list(models)} | ({} if sla is None else {"sla": sla})
    return validate(settings if policy is None else {**settings, "policy": policy})


def validate(settings: Mapping[str, Any]) -> RouterSettings:
    """Check keys and types of a router's settings and fill in defaults.

    Ranges of numbers are checked by the core, once, when the router is made.

    Parameters
    ----------
    settings
        ``models``, ``sla`` or ``slas``, and optionally the other parameters of
        :class:`~messplus.Router`; plain mappings or the classes of this module.

    Raises
    ------
    ConfigError
        If a key is missing or unknown, or a value has the wrong type; the message names the key.
    """
    # Imported at use: pydantic takes longer to import than the rest of the package.
    from ._schema import RouterSettings

    checked = _checked(RouterSettings, settings)
    if (checked.sla is None) == (not checked.slas) and checked.objective == "cost":
        found = "both" if checked.slas else "neither"
        raise ConfigError(f"sla: required unless slas is given, and then not, got {found}")
    return checked


def validate_amendment(**settings: object) -> Amended:
    """Check keys and types of what is to change; raises as :func:`validate` does."""
    from ._schema import Amended

    return _checked(Amended, settings)


def validate_model(model: Model) -> Model:
    """Check keys and types of one model; raises as :func:`validate` does."""
    from ._schema import OneModel

    return _checked(OneModel, {"model": model}).model


def _checked(schema: type[Schema], settings: Mapping[str, Any]) -> Schema:
    from pydantic import ValidationError

    try:
        return schema.model_validate_json(_encoded(settings))
    except ValidationError as error:
        errors = error.errors(include_url=False)
        # Of the two forms of a cost, the one that was meant is at fault.
        first = next((e for e in errors if not _is_other_form(e)), errors[0])
        keys = _keys(first["loc"])
        path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
        path = path.removeprefix(".") or "settings"
        raise ConfigError(f"{path}: {first['msg'].lower()}, got {first['input']!r}") from None


def _encoded(settings: Mapping[str, Any]) -> bytes:
    text = json.dumps(settings, default=_plain, ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        around = text[max(0, error.start - 16) : error.end + 16]
        raise ConfigError(
            f"settings: must be text without lone surrogates, got {around!r}"
        ) from None


def _is_other_form(error: ErrorDetails) -> bool:
    if error["loc"][-1] == "float":
        return isinstance(error["input"], dict)
    return error["loc"][-1] == "TokenPrice" and not isinstance(error["input"], dict)


def _keys(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Leave out what pydantic names beside keys: the preset of a policy, the form of a cost."""
    if location[:1] == ("policy",):
        return location[:1] + location[2:]
    if location[:1] == ("models",) and location[2:3] == ("cost",):
        return location[:3] + location[4:]
    if location[:2] == ("model", "cost"):
        return location[:2]
    return location


def _plain(value: object) -> object:
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return {"not a setting": repr(value)}


def read(path: str | Path) -> RouterSettings:
    """Read settings from a TOML or JSON file.

    Raises
    ------
    ConfigError
        If the file breaks a rule of :func:`parse`, or its content one of :func:`validate`.
    """
    return validate(parse(path))


def parse(path: str | Path) -> dict[str, Any]:
    """Read the tables of a TOML or JSON file, unchecked.

    Raises
    ------
    ConfigError
        If the file is neither, or cannot be parsed.
    """
    path = Path(path)
    parsers = {".toml": tomllib.loads, ".json": json.loads}
    parser = parsers.get(path.suffix)
    if parser is None:
        raise ConfigError(f"path: must end in .toml or .json, got {str(path)!r}")
    try:
        settings = parser(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path.name}: must be valid {path.suffix[1:]}, got {error}") from error
    if not isinstance(settings, dict):
        raise ConfigError(f"{path.name}: must be a table of settings, got {settings!r}")
    return settings
