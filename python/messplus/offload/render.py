"""The benchmark as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from messplus.reports._text_table import format_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NOTES = """\
reward: published scoring (k-NN estimate on the data itself; latency and usage of a dialogue's last
  six turns). excess: published violation, the mean among violators. violating: share of dialogues
  over either budget by all their turns, in the worst seed.
true reward, of best: by the generator's true means, beside the best any policy can reach within
  the budgets over all turns."""


def render(results: Mapping[str, Any]) -> str:
    """Show one table per configuration, its unseen budgets, and the parity numbers."""
    parts = [_configuration(config) for config in results["configs"]]
    if "m4a1_v1" in results:
        parts.append(_parity(results["m4a1_v1"]))
    return "\n\n".join([*parts, _NOTES])


def _configuration(config: Mapping[str, Any]) -> str:
    title = (
        f"{config['name']} (M={config['modalities']}, K={config['tasks']}, T={config['turns']}): "
        f"best reachable reward within the budgets {config['best_reachable_reward']:.4f}"
    )
    header = ["agent", "response", "latency s", "usage mUSD", "reward", "sd", "excess s"]
    header += ["excess mUSD", "violating", "true reward", "of best", "train s", "evaluate s"]
    rows = []
    for name, row in config["agents"].items():
        rows.append(
            [
                name,
                *_published_columns(row, 3, f"{row['reward_sd']:.3f}"),
                f"{row['violation_rate']:.1%}",
                f"{row['true_reward']:.4f}",
                f"{row['share_of_best']:.1%}",
                f"{row['train_s']:.2f}",
                f"{row['evaluate_s']:.2f}",
            ]
        )
        if name in config["published"]:
            columns = _published_columns(config["published"][name], 2, "")
            rows.append(["  published", *columns, "", "", "", "", ""])
    parts = [title, format_table(header, rows)]
    if config["budgets"][0]["agents"]:
        parts.append(_budgets(config["budgets"]))
    return "\n".join(parts)


def _published_columns(row: Mapping[str, float], digits: int, spread: str) -> list[str]:
    return [
        f"{row['response']:.{digits}f}",
        f"{row['latency']:.2f}",
        f"{row['usage']:.2f}",
        f"{row['reward']:.{digits}f}",
        spread,
        f"{row['latency_violation']:.2f}",
        f"{row['usage_violation']:.2f}",
    ]


def _budgets(budgets: Iterable[Mapping[str, Any]]) -> str:
    rows = [
        [
            f"{budget['latency']:g} s, {budget['usage']:g} mUSD",
            name,
            f"{row['reward']:.3f}",
            f"{row['true_reward']:.4f}",
            f"{row['violation_rate']:.1%}",
        ]
        for budget in budgets
        for name, row in budget["agents"].items()
    ]
    return format_table(["budget", "agent", "reward", "true reward", "violating"], rows)


def _parity(records: Iterable[Mapping[str, float]]) -> str:
    keys = ["latency", "usage", "association", "latency_violation", "usage_violation"]
    keys += ["response", "reward"]
    rows = [[str(record["action"]), *(f"{record[key]:.4f}" for key in keys)] for record in records]
    return "M4A1 v1 (100 dialogues), fixed actions\n" + format_table(["action", *keys], rows)
