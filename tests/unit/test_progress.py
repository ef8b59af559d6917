import io

import pytest

from messplus._progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> str:
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr("messplus._progress._INTERVAL_S", 0.0)
    monkeypatch.setenv("COLUMNS", "60")
    with Progress(200, "replay") as progress:
        advance = progress.part(100, "paper")
        advance(50, "and a note " * 20)
    return stream.getvalue()


def test_a_terminal_sees_a_line_that_fits_and_is_wiped_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = shown(monkeypatch, Terminal())
    line, rest = text.removeprefix("\r\x1b[K").split("\r", 1)
    assert line.startswith("replay ██████████████████░░░░░░  75%")
    assert len(line) == 59
    assert rest == "\x1b[K"


def test_a_file_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, io.StringIO()) == ""
