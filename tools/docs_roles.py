"""Docstrings say ``:meth:`select``` where the site needs links: an extension of griffe's."""

from __future__ import annotations

import re

import griffe

_ROLE = re.compile(r":(?:class|meth|func|mod|attr|data|exc):`(~?)([^`]+)`")


class Roles(griffe.Extension):  # type: ignore[misc]
    """Turns roles into links where the site has what they name, into code elsewhere."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Rewrite the docstring of one object."""
        if obj.docstring is not None:
            obj.docstring.value = _ROLE.sub(lambda match: _link(obj, match), obj.docstring.value)


def _link(obj: griffe.Object, match: re.Match[str]) -> str:
    short, name = match[1], match[2].lstrip(".")
    try:
        target = obj.resolve(name)
    except griffe.NameResolutionError:
        target = name
    label = name.rpartition(".")[2] if short else name.removeprefix("messplus.")
    return f'<autoref identifier="{target}" optional><code>{label}</code></autoref>'
