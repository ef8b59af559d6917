"""What a call costs: tables by level, and the analytic model of a local call."""

from __future__ import annotations

import math
from dataclasses import dataclass

from messplus.exceptions import ConfigError


@dataclass(frozen=True)
class CostTable:
    """Latency and cost by level: local, then cloud with 0, 1, .., M modalities.

    Parameters
    ----------
    latency
        Seconds of one call at each of the M + 2 levels, finite, ``>= 0``. Upper bounds, if budgets
        are to hold without exception.
    cost
        USD of one call at each level, likewise.

    Raises
    ------
    ConfigError
        If the lengths differ or are below 3, or an entry is negative or not finite.
    """

    latency: tuple[float, ...]
    cost: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in ("latency", "cost"):
            values = tuple(float(value) for value in getattr(self, name))
            for level, value in enumerate(values):
                if not (math.isfinite(value) and value >= 0):
                    raise ConfigError(f"{name}[{level}]: must be finite and >= 0, got {value!r}")
            object.__setattr__(self, name, values)
        sizes = len(self.latency), len(self.cost)
        if sizes[0] != sizes[1] or sizes[0] < 3:
            raise ConfigError(f"latency, cost: must have one entry per level (M + 2), got {sizes}")

    @property
    def modalities(self) -> int:
        """Number of modalities M."""
        return len(self.latency) - 2

    def as_tuple(self) -> tuple[list[float], list[float]]:
        """``(latency, cost)``."""
        return list(self.latency), list(self.cost)

    @classmethod
    def published(cls, network: str = "wired", device: str = "jetson tx2") -> CostTable:
        """Table of the TMO reference code for three image modalities.

        Parameters
        ----------
        network
            ``wired``, ``wifi``, ``5g`` or ``4g``.
        device
            A key of :data:`DEVICES`.

        Returns
        -------
        CostTable
            Of three modalities.

        Raises
        ------
        ConfigError
            If network or device is not one of these.

        Notes
        -----
        The reference divides the work of a local call by the base length where it would have to
        multiply, so its local latency is about a thousand times too small: 11 ms on a Jetson TX2,
        where two floating-point operations per parameter and token give 11.7 s. It is kept because
        the published numbers rest on it. For real use, measure your own device or see
        :func:`local_call`.
        """
        if network not in NETWORKS or device not in DEVICES:
            raise ConfigError(
                f"network, device: must be among {sorted(NETWORKS)} and {sorted(DEVICES)}, "
                f"got {network!r}, {device!r}"
            )
        flops, power = DEVICES[device]
        work = 2 * _PARAMETERS / _BASE_TOKENS * _TOTAL_TOKENS
        latency = work / flops
        local_cost = power * latency * USD_PER_JOULE
        return cls((latency, *NETWORKS[network]), (local_cost, *_CLOUD_USD))

    @classmethod
    def synthetic(cls, modalities: int) -> CostTable:
        """Table for the dialogues of :func:`generate`.

        Parameters
        ----------
        modalities
            Number of modalities M.

        Returns
        -------
        CostTable
            Cloud calls take ``0.5 + 1.5 n`` s and ``0.0005 + 0.004 n`` USD with n modalities; local
            ones what :meth:`published` gives.
        """
        local = cls.published()
        sizes = range(modalities + 1)
        return cls(
            (local.latency[0], *(0.5 + 1.5 * n for n in sizes)),
            (local.cost[0], *(0.0005 + 0.004 * n for n in sizes)),
        )


def local_call(
    parameters: float,
    tokens: float,
    peak_flops: float,
    power_w: float,
    usd_per_joule: float,
    utilisation: float = 1.0,
) -> tuple[float, float]:
    """Latency and cost of a local call: two operations per parameter and token.

    Parameters
    ----------
    parameters
        Parameters of the model.
    tokens
        Tokens read and written by the call.
    peak_flops
        Peak floating-point operations per second of the device.
    power_w
        Power draw under load, watts.
    usd_per_joule
        Price of energy.
    utilisation
        Share of the peak that is reached, in ``(0, 1]``.

    Returns
    -------
    tuple of float
        Seconds and USD.

    Raises
    ------
    ConfigError
        If ``utilisation`` is outside ``(0, 1]``, or another argument is not finite and positive.

    Examples
    --------
    >>> seconds, usd = local_call(3.8e9, 2048, 1.33e12, 15.0, 4.63e-8)
    >>> round(seconds, 1)
    11.7
    """
    for name, value in (
        ("parameters", parameters),
        ("tokens", tokens),
        ("peak_flops", peak_flops),
        ("power_w", power_w),
    ):
        if not (math.isfinite(value) and value > 0):
            raise ConfigError(f"{name}: must be finite and > 0, got {value!r}")
    if not 0 < utilisation <= 1:
        raise ConfigError(f"utilisation: must be in (0, 1], got {utilisation!r}")
    seconds = 2 * parameters * tokens / (peak_flops * utilisation)
    return seconds, power_w * seconds * usd_per_joule


USD_PER_JOULE = 0.1668 / 3.6e6
"""16.68 US cents per kWh."""

DEVICES = {
    "raspberry pi 4b": (13.5e9, 8.0),
    "raspberry pi 5": (31.4e9, 12.0),
    "jetson nano": (472e9, 10.0),
    "jetson tx2": (1.33e12, 15.0),
    "jetson xavier nx": (21e12, 20.0),
    "jetson orin nx": (100e12, 25.0),
    "jetson agx orin": (275e12, 60.0),
    "iphone 15 pro": (35e12, 15.0),
}
"""Peak FLOP/s and watts of the devices in TMO's code."""

NETWORKS = {
    "wired": (6.46030, 4.76134, 6.24569, 6.98211),
    "wifi": (0.5, 1.898, 2.016, 2.238),
    "5g": (0.5, 6.037, 6.412, 7.118),
    "4g": (0.5, 16.603, 17.636, 19.573),
}
"""Seconds of a cloud call with 0 to 3 images."""

_CLOUD_USD = (0.00049, 0.005, 0.00945, 0.01368)
_PARAMETERS, _BASE_TOKENS, _TOTAL_TOKENS = 3.8e9, 1024, 2048
