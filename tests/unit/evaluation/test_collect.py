"""Asking models that did not answer: commands, an API, a budget, and going on where it stopped."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from messplus.cli import main
from messplus.evaluation.collecting import collect
from messplus.evaluation.collecting.asking import Answer, AskingError, Command, Endpoint
from messplus.evaluation.collecting.rating import Judge
from messplus.exceptions import ConfigError, InputError
from messplus.prices import TokenPrice
from messplus.replay import load_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from messplus.featurizers import Prompt

PROMPTS = [f"question {n}" for n in range(12)]
LOG: list[dict[str, Any]] = [
    {"prompt": text, "model": "small", "satisfied": n % 2, "cost": 0.5}
    for n, text in enumerate(PROMPTS)
]


class Fake:
    """Answers at a price known beforehand or not; fails on what it is told to."""

    def __init__(self, cost: float = 1.0, *, told: bool = True, fails: str = "never") -> None:
        self.cost, self.told, self.fails = cost, told, fails
        self.asked: list[tuple[str, Prompt]] = []

    def ask(self, model: str, prompt: Prompt) -> Answer:
        self.asked.append((model, prompt))
        if self.fails in str(prompt):
            raise AskingError(f"{model}: must answer, got nothing")
        return Answer(f"{model} says {prompt}", self.cost, 0.1)

    def most(self, model: str, prompt: Prompt) -> float | None:  # noqa: ARG002
        return self.cost if self.told else None


class FakeJudge(Judge):
    """Likes what the large model says, at a price."""

    def rate(self, model: str, prompt: Prompt, answer: Answer) -> tuple[float, float]:
        assert answer.text == f"{model} says {prompt}"
        return float(model == "large"), 0.25


def gather(out: Path, fake: Fake, budget: float = 100.0, sample: int = 12, **more: Any) -> Any:
    return collect(
        more.pop("log", LOG),
        models=["small", "large"],
        sample=sample,
        budget=budget,
        asker=fake,
        judge=FakeJudge("-"),
        out=out,
        **more,
    )


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_the_table_is_one_that_replay_reads(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"table{suffix}"
    found = gather(out, fake := Fake())
    assert (found.rows, found.answers, found.asked, found.missing) == (12, 24, 12, 0)
    assert found.spent == pytest.approx(12 * 1.25)
    assert found.stopped is None
    # What the log has is not asked again.
    assert {model for model, _ in fake.asked} == {"large"}
    table = load_table(out)
    assert table.prompts == PROMPTS
    assert table.models == ("small", "large")
    assert table.mean_score.tolist() == [0.5, 1.0]
    assert table.mean_cost.tolist() == [0.5, 1.0]


def test_the_budget_is_kept_and_the_rest_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "table.jsonl"
    first = gather(out, Fake(), budget=5.0)
    # Four times 1.25, the price of judging included.
    assert (first.asked, first.missing, first.spent) == (4, 8, 5.0)
    assert first.stopped == "the next call could exceed the budget of 5"
    assert gather(out, fake := Fake(), budget=5.0).asked == 0
    assert fake.asked == []
    second = gather(out, fake := Fake(), budget=100.0)
    assert (second.asked, second.answers, second.missing) == (8, 24, 0)
    assert len(set(fake.asked)) == 8


def test_costs_told_afterwards_keep_to_the_highest_seen(tmp_path: Path) -> None:
    found = gather(tmp_path / "table.jsonl", Fake(told=False), budget=4.0)
    assert found.spent <= 4.0
    assert found.asked == 3


def test_a_line_cut_short_is_asked_for_again(tmp_path: Path) -> None:
    out = tmp_path / "table.jsonl"
    gather(out, Fake(), sample=12, budget=5.0)
    kept = out.with_name("table.jsonl.answers.jsonl")
    kept.write_bytes(kept.read_bytes()[:-20])
    again = gather(out, fake := Fake())
    assert (again.missing, len(fake.asked)) == (0, 9)
    assert len(kept.read_text().splitlines()) == 12


def test_a_spoilt_line_is_an_error(tmp_path: Path) -> None:
    out = tmp_path / "table.jsonl"
    gather(out, Fake())
    kept = out.with_name("table.jsonl.answers.jsonl")
    kept.write_text("nonsense\n" + kept.read_text())
    with pytest.raises(InputError, match=r"answers.jsonl: line 1: must be an answer"):
        gather(out, Fake())


def test_calls_that_fail_are_passed_over(tmp_path: Path) -> None:
    found = gather(tmp_path / "table.jsonl", Fake(fails="question 3"))
    assert (found.asked, found.failed, found.missing) == (11, 1, 1)
    assert found.stopped == "1 calls failed, the last: large: must answer, got nothing"


def test_a_provider_that_is_down_is_left_alone(tmp_path: Path) -> None:
    found = gather(tmp_path / "table.jsonl", fake := Fake(fails="question"))
    assert len(fake.asked) == 5
    assert found.rows == 0
    assert found.stopped is not None
    assert found.stopped.startswith("5 calls failed in a row, the last: ")


def test_the_sample_is_drawn_from_the_seed(tmp_path: Path) -> None:
    drawn = []
    for seed, name in ((1, "a"), (1, "b"), (2, "c")):
        gather(tmp_path / f"{name}.jsonl", fake := Fake(), sample=5, seed=seed)
        drawn.append([prompt for _, prompt in fake.asked])
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 5


def test_chats_are_asked_as_they_are(tmp_path: Path) -> None:
    chat = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]
    log = [{"prompt": chat, "model": "small", "satisfied": 1, "cost": 1.0}]
    found = gather(tmp_path / "table.jsonl", fake := Fake(), log=log)
    assert found.rows == 1
    assert fake.asked == [("large", chat)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sample": 0}, "sample: must be at least 1, got 0"),
        ({"budget": 0.0}, "budget: must be > 0, got 0.0"),
        ({"log": [{"model": "small", "cost": 1.0}]}, "log: must have a column 'prompt', got model"),
    ],
)
def test_bad_input(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, InputError), match=message):
        gather(tmp_path / "table.jsonl", Fake(), **settings)
    with pytest.raises(InputError, match=r"out: must end in .parquet, .csv or .jsonl, got '.txt'"):
        gather(tmp_path / "table.txt", Fake())
    assert list(tmp_path.iterdir()) == []


def python(code: str) -> str:
    return f"{sys.executable} -S -c '{code}'"


ANSWERS = python('import os,sys; print(os.environ["MESSPLUS_MODEL"], sys.stdin.read())')


def test_commands_answer_in_plain_text_or_with_a_cost() -> None:
    said = Command(ANSWERS).ask("small", "hi")
    assert (said.text, said.cost) == ("small hi", 0.0)
    priced = Command(python('print("{\\"answer\\": \\"ho\\", \\"cost\\": 0.5}")'))
    said = priced.ask("small", "hi")
    assert (said.text, said.cost) == ("ho", 0.5)
    assert Command(python("import sys; print(sys.argv[1])") + " {model}").ask("m", "x").text == "m"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (python('import sys; sys.exit("no key")'), "must exit with 0, got 1: no key"),
        (python('print("{}")'), "command: must write an answer, got '{}'"),
        ("there-is-no-such-program", "there-is-no-such-program: must run, got"),
    ],
)
def test_commands_that_fail(command: str, message: str) -> None:
    with pytest.raises(AskingError, match=message):
        Command(command).ask("small", "hi")


def test_a_command_that_hangs_is_ended() -> None:
    with pytest.raises(AskingError, match="timed out"):
        Command(python("import time; time.sleep(60)"), timeout=0.2).ask("small", "hi")


def test_judges_see_what_was_asked_and_said() -> None:
    code = (
        "import json,sys; d = json.load(sys.stdin); "
        'print(json.dumps({"satisfied": d["answer"] == d["prompt"], "cost": 0.1}))'
    )
    judge = Judge(python(code))
    assert judge.rate("small", "hi", Answer("hi", 0.0, 0.0)) == (1.0, 0.1)
    assert judge.rate("small", "hi", Answer("ho", 0.0, 0.0)) == (0.0, 0.1)


@pytest.mark.parametrize("output", ["good", "1.5", "{}"])
def test_judges_that_do_not_rate(output: str) -> None:
    with pytest.raises(AskingError, match="judge: must"):
        Judge(python(f'print("{output}")')).rate("small", "hi", Answer("hi", 0.0, 0.0))


class Provider(BaseHTTPRequestHandler):
    """An OpenAI-compatible API of its own."""

    seen: list[tuple[str, str | None, dict[str, Any]]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, self.headers["Authorization"], body))
        answer = {
            "choices": [{"message": {"content": f"{body['model']} answers"}}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 20},
        }
        self.send_response(500 if body["model"] == "broken" else 200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        """Be silent."""


@pytest.fixture
def url() -> Iterator[str]:
    Provider.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()
        thread.join()


def test_an_api_is_asked_with_the_key_of_the_environment(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", "secret")
    price = TokenPrice(input=1.0, output=2.0, output_tokens=20.0)
    endpoint = Endpoint(url, {"large": price, "broken": price}, key="TEST_KEY", max_tokens=64)
    said = endpoint.ask("large", "hi")
    assert said.text == "large answers"
    assert said.cost == pytest.approx(price.cost(10, 20))
    path, key, body = Provider.seen[0]
    assert (path, key) == ("/v1/chat/completions", "Bearer secret")
    assert body["messages"] == [{"role": "user", "content": "hi"}]
    assert body["max_tokens"] == 64
    assert (endpoint.most("large", "hi") or 0.0) > price.cost(1, 64)
    with pytest.raises(AskingError, match="url: broken must answer, got HTTP Error 500"):
        endpoint.ask("broken", "hi")
    with pytest.raises(ConfigError, match="url: must begin with http"):
        Endpoint("file:///etc/passwd", {})


def test_the_command_collects_from_an_api(
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    log, out, prices = (tmp_path / name for name in ("log.jsonl", "table.jsonl", "prices.json"))
    log.write_text("".join(json.dumps(row) + "\n" for row in LOG[:4]))
    prices.write_text(json.dumps({"large": {"input": 1.0, "output": 2.0, "output_tokens": 20}}))
    asked = ["collect", str(log), "--models", "large", "--budget", "5", "--url", url]
    asked += ["--judge", python("print(1)"), "--prices", str(prices), "--out", str(out)]
    assert main(asked) == 0
    assert "4 rows; 4 answers, 4 of them new, 0 missing" in capsys.readouterr().out
    assert load_table(out).models == ("large", "small")
    assert "secret" not in "".join(path.read_text() for path in tmp_path.iterdir())


def test_the_command_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, out = tmp_path / "log.jsonl", tmp_path / "table.csv"
    log.write_text("".join(json.dumps(row) + "\n" for row in LOG[:3]))
    asked = ["collect", str(log), "--models", "large", "--budget", "0.3", "--command", ANSWERS]
    asked += ["--judge", python('print("{\\"satisfied\\": 1, \\"cost\\": 0.2}")')]
    assert main([*asked, "--out", str(out)]) == 4
    said = capsys.readouterr().out
    assert "1 rows; 1 answers, 1 of them new, 2 missing; 0.2 spent" in said
    assert "stopped: the next call could exceed the budget of 0.3" in said


def test_the_command_needs_prices_for_an_api(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["collect", "log.jsonl", "--models", "large", "--budget", "1", "--url", "http://x"]
    assert main([*asked, "--judge", "true", "--out", str(tmp_path / "t.csv")]) == 2
    assert "prices: needed with --url, got none" in capsys.readouterr().err
