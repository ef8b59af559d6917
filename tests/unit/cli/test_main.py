import json
import subprocess
import sys
from pathlib import Path

import pytest

from messplus import __version__
from messplus.cli import main

CSV = "prompt,score:s,cost:s,score:l,cost:l\n" + "".join(
    f"question {n},{n % 2},1,1,5\n" for n in range(40)
)


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MESSPLUS_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "t.csv"
    path.write_text(CSV)
    return path


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"messplus {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["replay"], ["dance"], ["replay", "t", "--target", "x"]])
def test_bad_usage_exits_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from messplus.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'onnxruntime', 'pyarrow', 'matplotlib', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "replay" in done.stdout


def test_nothing_a_terminal_obeys_is_printed(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table.write_text(CSV.replace(":s", ":s\x1b[2J").replace(":l", ":l\u202e"))
    assert main(["replay", str(table), "--target", "0.8", "--policy", "random"]) == 0
    printed = capsys.readouterr().out
    assert r"s\x1b[2J" in printed
    assert printed.replace("\n", "").isprintable()
    assert main(["replay", str(table.with_name("\x1b[2J.csv")), "--target", "0.8"]) == 2
    error = capsys.readouterr().err
    assert r"\x1b[2J" in error
    assert error.rstrip("\n").isprintable()


def test_replay_prints_and_writes(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, plot = table.with_name("out.json"), table.with_name("out.png")
    policies = ["--policy", "paper,v_rel=0.3", "--policy", "random"]
    arguments = ["replay", str(table), "--target", "0.8", *policies]
    assert main([*arguments, "--seeds", "2", "--json", str(out), "--plot", str(plot)]) == 0
    printed = capsys.readouterr().out
    assert "paper,v_rel=0.3" in printed
    assert "clairvoyant" in printed
    assert list(json.loads(out.read_text())["policies"]) == ["paper,v_rel=0.3", "random"]
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--target", "1.5"], "target: must be in (0, 1], got 1.5"),
        (["--target", "0.8", "--policy", "magic"], "policy: must be one of"),
        (["--target", "0.8", "--cost", "joules"], "must have a column 'joules:s'"),
        (["--target", "0.8", "--models", "s,x"], "models must be among"),
        (["--target", "0.8", "--tags", "source"], "tags: source needs a column 'source'"),
        (["--target", "0.8", "--json", "/nowhere/out.json"], "No such file"),
        (["--target", "0.8", "--plot", "out.docx"], "plot: must end in .png, .svg or .pdf"),
    ],
)
def test_bad_input_is_one_line_and_2(
    table: Path, extra: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(table), *extra]) == 2
    error = capsys.readouterr().err
    assert error.startswith("messplus replay: ")
    assert message in error
    assert error.count("\n") == 1


def test_a_missing_table_is_one_line_and_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "none.csv", "--target", "0.8"]) == 2
    assert "none.csv" in capsys.readouterr().err


def test_an_interrupt_exits_with_130(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("messplus.replay.load_table", interrupted)
    assert main(["replay", str(table), "--target", "0.8"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_a_reader_that_leaves_is_no_error(table: Path) -> None:
    command = [sys.executable, "-m", "messplus", "replay", str(table), "--target", "0.8"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0
