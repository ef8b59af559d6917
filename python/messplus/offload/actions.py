"""The action space: run locally, or in the cloud with a subset of the modalities."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from messplus.exceptions import ConfigError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_MODALITIES = 12
"""Most modalities; the action space doubles with each."""


@dataclass(frozen=True)
class Action:
    """Where a turn runs and what it uploads.

    Parameters
    ----------
    location
        ``"local"`` or ``"cloud"``.
    modalities
        Names of the uploaded modalities, in the order of the action space; empty for local and for
        a text-only cloud call.
    """

    location: Literal["local", "cloud"]
    modalities: tuple[str, ...] = ()


@dataclass(frozen=True)
class ActionSpace:
    """The ``1 + 2^M`` actions over M modalities.

    Action 0 is local. Action ``1 + i`` is the cloud with the i-th subset, subsets ordered by size
    and then lexicographically by position.

    Parameters
    ----------
    modalities
        Names of the modalities, 1 to 12, unique.

    Raises
    ------
    ConfigError
        If there are too few or too many names, or one occurs twice.

    Examples
    --------
    >>> space = ActionSpace(("first person", "side", "overhead"))
    >>> len(space)
    9
    >>> space.decode(6)
    Action(location='cloud', modalities=('first person', 'overhead'))
    >>> space.encode("cloud", ["overhead", "first person"])
    6
    """

    modalities: tuple[str, ...]

    def __post_init__(self) -> None:
        names = tuple(self.modalities)
        if not 1 <= len(names) <= MAX_MODALITIES:
            raise ConfigError(f"modalities: must be 1 to {MAX_MODALITIES} names, got {len(names)}")
        if len(set(names)) < len(names):
            raise ConfigError(f"modalities: must be unique, got {names!r}")
        object.__setattr__(self, "modalities", names)

    @cached_property
    def _subsets(self) -> list[tuple[int, ...]]:
        positions = range(len(self.modalities))
        return [s for size in range(len(positions) + 1) for s in combinations(positions, size)]

    @cached_property
    def _index(self) -> dict[tuple[int, ...], int]:
        return {subset: 1 + i for i, subset in enumerate(self._subsets)}

    def __len__(self) -> int:
        return 1 + len(self._subsets)

    def encode(self, location: str, modalities: Iterable[str] = ()) -> int:
        """Index of an action.

        Parameters
        ----------
        location
            ``"local"`` or ``"cloud"``.
        modalities
            Names of the uploaded modalities, in any order; none for local.

        Returns
        -------
        int
            In ``0..len(self) - 1``.

        Raises
        ------
        InputError
            If the location or a modality is unknown, or local is given modalities.
        """
        names = list(modalities)
        unknown = [name for name in names if name not in self.modalities]
        if unknown:
            raise InputError(f"modalities: must be among {self.modalities!r}, got {unknown[0]!r}")
        if location == "local" and not names:
            return 0
        if location != "cloud":
            raise InputError(
                f"location: must be 'cloud', or 'local' without modalities, got {location!r}"
            )
        return self._index[tuple(sorted({self.modalities.index(name) for name in names}))]

    def decode(self, index: int) -> Action:
        """Return the action with this index.

        Parameters
        ----------
        index
            In ``0..len(self) - 1``.

        Returns
        -------
        Action
            Where it runs and what it uploads.

        Raises
        ------
        InputError
            If ``index`` is outside ``0..len(self) - 1``.
        """
        if not 0 <= index < len(self):
            raise InputError(f"index: must be in 0..{len(self) - 1}, got {index}")
        if index == 0:
            return Action("local")
        return Action("cloud", tuple(self.modalities[m] for m in self._subsets[index - 1]))

    def level(self, index: int) -> int:
        """Cost level of an action.

        Parameters
        ----------
        index
            In ``0..len(self) - 1``.

        Returns
        -------
        int
            0 for local, ``1 + n`` for the cloud with n modalities.

        Raises
        ------
        InputError
            If ``index`` is outside ``0..len(self) - 1``.
        """
        action = self.decode(index)
        return 0 if action.location == "local" else 1 + len(action.modalities)

    def mask(self, max_modalities: int, *, cloud: bool = True) -> list[bool]:
        """Which actions upload at most so many modalities.

        Parameters
        ----------
        max_modalities
            Most modalities of an allowed cloud action.
        cloud
            Whether cloud actions are allowed at all.

        Returns
        -------
        list of bool, length ``1 + 2^M``
            By index; local is always allowed.

        Examples
        --------
        >>> ActionSpace(("camera",)).mask(0)
        [True, True, False]
        """
        return [
            index == 0 or (cloud and self.level(index) - 1 <= max_modalities)
            for index in range(len(self))
        ]
