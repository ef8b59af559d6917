"""Ways to get a router: files, folders, bytes."""

# Wrong types are the point of this table, and its rows read better whole.
# mypy: disable-error-code="func-returns-value,misc,arg-type,dict-item,assignment"

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from messplus import (
    SLA,
    ConfigError,
    Router,
    StateError,
    StateVersionError,
)
from tests.unit.bad_input.case import Case, World
from tests.zoo import MODELS, TAG_FEATURES, StubFeaturizer, make_router

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def ways_to_get_a_router() -> Iterable[Case]:
    """``Router.open``, ``from_config``, ``load``, ``from_bytes``."""
    stub = StubFeaturizer()

    def opened(w: World, **kw: Any) -> Router:
        return Router.open(
            w.folder / "state", MODELS, SLA(0.7), featurizer=stub, tag_features=TAG_FEATURES, **kw
        )

    def reopened(w: World, **kw: Any) -> Router:
        opened(w).close()
        return opened(w, **kw)

    def file(w: World, name: str, text: str) -> Path:
        path = w.folder / name
        path.write_text(text)
        return path

    yield Case(
        "open durability", lambda w: opened(w, durability="all"), ConfigError, ("durability", "all")
    )
    yield Case(
        "open journal_bytes",
        lambda w: opened(w, journal_bytes=-1),
        ConfigError,
        ("journal_bytes", "-1"),
    )
    yield Case(
        "open journal_bytes text",
        lambda w: opened(w, journal_bytes="1M"),
        ConfigError,
        ("journal_bytes", "1M"),
    )
    yield Case("open other seed", lambda w: reopened(w, seed=3), ConfigError, ("seed", "0", "3"))
    yield Case(
        "open without models",
        lambda w: Router.open(w.folder / "none", featurizer=stub),
        ConfigError,
        ("models",),
    )
    yield Case(
        "open another featurizer",
        lambda w: (
            opened(w).close(),
            Router.open(w.folder / "state", featurizer=StubFeaturizer("b")),
        ),
        StateError,
        ("featurizer", "'b"),
    )
    yield Case(
        "open a file",
        lambda w: Router.open(file(w, "f", ""), MODELS, SLA(0.7), featurizer=stub),
        StateError,
        ("f",),
    )
    for name, text, words in (
        ("a.yaml", "", ("path", ".toml or .json", "a.yaml")),
        ("a.json", "{", ("a.json", "valid json")),
        ("a.toml", "=", ("a.toml", "valid toml")),
        ("b.json", "[]", ("b.json", "table of settings", "[]")),
        ("c.json", '{"models": []}', ("sla",)),
        ("d.json", '{"models": [], "sla": {"target": 0.5}}', ("models", "1 to 64")),
        ("e.json", '{"models": [{"name": "a"}], "sla": {"target": 0.5}}', ("models[0].cost",)),
        (
            "g.json",
            '{"models": [{"name": "\\ud800", "cost": 1}], "sla": {"target": 0.5}}',
            ("surrog",),
        ),
        ("h.json", "[" * 100_000, ("h.json", "valid json")),
        ("h.toml", "a = " + "[" * 100_000, ("h.toml", "valid toml")),
        ("f.json", '{"models": [], "sla": {"target": 0.5}, "speed": 1}', ("speed", "1")),
    ):
        yield Case(
            f"from_config {name}",
            lambda w, name=name, text=text: Router.from_config(file(w, name, text)),
            ConfigError,
            words,
        )
    good = make_router().to_bytes()
    other = json.dumps({}).encode()
    for what, state, error, words in (
        ("empty", b"", StateError, ("state", "0 bytes")),
        ("label", b"NOTMESSP" + good[8:], StateError, ("label",)),
        ("format", good[:8] + b"\x01\0\0\0" + good[12:], StateVersionError, ("format", "1")),
        ("short", good[:-9], StateError, ("state", "bytes")),
        ("long", good + b"\0", StateError, ("state",)),
        ("flipped", good[:40] + bytes([good[40] ^ 1]) + good[41:], StateError, ("checksum",)),
        ("JSON", other, StateError, ("state",)),
    ):
        yield Case(
            f"from_bytes {what}",
            lambda _, state=state: Router.from_bytes(state, featurizer=stub),
            error,
            words,
        )
    yield Case(
        "from_bytes text",
        lambda _: Router.from_bytes("state", featurizer=stub),
        TypeError,
        (),
    )
    yield Case(
        "from_bytes another featurizer",
        lambda _: Router.from_bytes(good, featurizer=StubFeaturizer("other")),
        StateError,
        ("featurizer", "'other", "'stub"),
    )
    yield Case(
        "load rubbish",
        lambda w: Router.load(file(w, "r", "rubbish"), featurizer=stub),
        StateError,
        ("state",),
    )
    yield Case(
        "load nothing", lambda w: Router.load(w.folder / "none"), FileNotFoundError, ("none",)
    )
