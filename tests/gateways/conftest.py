"""A fake provider for the tests of integrations."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.gateways import provider

if TYPE_CHECKING:
    from collections.abc import Iterator

# LiteLLM fetches its price map from the network when imported, unless told not to.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """The API of a provider whose calls do not fail, but for models named so."""
    with provider.running() as api:
        yield api
