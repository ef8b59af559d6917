"""One file for a router and what serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from messplus import ConfigError
from messplus.integrations.settings import VARIABLE, load

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """\
state = "kept"

[sla]
target = 0.9

[litellm]
groups = ["smart"]

[serve]
anything = 1

[[models]]
name = "small"
cost = 1.0
"""


def write(folder: Path, text: str = TEXT) -> Path:
    path = folder / "messplus.toml"
    path.write_text(text)
    return path


def test_the_router_is_in_its_folder_and_the_own_table_is_given(tmp_path: Path) -> None:
    loaded = load(write(tmp_path), "litellm")
    with loaded.router as router:
        router.select("x")
    assert loaded.table == {"groups": ["smart"]}
    assert loaded.folder == tmp_path
    with load(write(tmp_path), "litellm").router as router:
        assert router.report().decisions == 1


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(write(tmp_path, TEXT.replace('state = "kept"', ""))))
    assert load(None, "serve").table == {"anything": 1}
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(ConfigError, match="MESSPLUS_CONFIG: must name a settings file"):
        load(None, "serve")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('state = "kept"', "state = 7", "state: must be a path, got 7"),
        ('state = "kept"', "litellm = 7", "litellm: must be a table, got 7"),
        ('state = "kept"', "sated = 7", "sated: extra inputs are not permitted, got 7"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = TEXT.replace(old, new)
    if new.startswith("litellm"):
        text = text.replace('[litellm]\ngroups = ["smart"]\n', "")
    with pytest.raises(ConfigError, match=message):
        load(write(tmp_path, text), "litellm")
