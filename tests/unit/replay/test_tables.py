import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from messplus.exceptions import InputError
from messplus.replay import load_table

ROWS = [
    {"prompt": "a", "source": "x", "score:s": 0.0, "cost:s": 1.0, "score:l": 1.0, "cost:l": 5.0},
    {"prompt": "b", "source": "y", "score:s": 0.5, "cost:s": 2.0, "score:l": None, "cost:l": None},
    {"prompt": "c", "source": "x", "score:s": 1.0, "cost:s": 3.0, "score:l": 1.0, "cost:l": 7.0},
]


def write(folder: Path, suffix: str, rows: list[dict[str, object]]) -> Path:
    path = folder / f"table{suffix}"
    names = list(rows[0])
    match suffix:
        case ".parquet":
            pq.write_table(pa.table({name: [row[name] for row in rows] for name in names}), path)
        case ".csv":
            lines = [",".join("" if v is None else str(v) for v in row.values()) for row in rows]
            path.write_text("\n".join([",".join(names), *lines]) + "\n")
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_every_format_gives_the_same_table(tmp_path: Path, suffix: str) -> None:
    table = load_table(write(tmp_path, suffix, ROWS))
    assert table.prompts == ["a", "b", "c"]
    assert table.sources == ["x", "y", "x"]
    assert table.models == ("s", "l")
    np.testing.assert_array_equal(table.scores, [[0.0, 1.0], [0.5, np.nan], [1.0, 1.0]])
    np.testing.assert_array_equal(table.costs, [[1.0, 5.0], [2.0, np.nan], [3.0, 7.0]])
    np.testing.assert_array_equal(table.mean_score, [0.5, 1.0])
    np.testing.assert_array_equal(table.mean_cost, [2.0, 6.0])
    assert table.complete.tolist() == [True, False, True]


def test_models_are_selected_in_the_order_given_and_rows_without_them_are_dropped(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, ".csv", ROWS)
    assert load_table(path, models=["l", "s"]).models == ("l", "s")
    table = load_table(path, models=["l"])
    assert (table.prompts, table.dropped) == (["a", "c"], 1)


def test_truth_values_and_text_count_as_scores(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text('prompt,score:s,cost:s\n"two\nlines",True,1\nb,false,2\nc,NaN,\n')
    table = load_table(path)
    assert table.prompts == ["two\nlines", "b"]
    assert table.scores[:, 0].tolist() == [1.0, 0.0]


def test_other_cost_columns_can_be_used(tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    path.write_text('{"prompt": "a", "score:s": 1, "cost:s": 1, "energy_j:s": 9}\n\n')
    assert load_table(path, cost="energy_j").costs.tolist() == [[9.0]]


def changed(row: int, **values: object) -> list[dict[str, object]]:
    rows = [dict(r) for r in ROWS]
    rows[row] |= {name.replace("__", ":"): value for name, value in values.items()}
    return rows


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            changed(1, score__s=1.5),
            "column 'score:s', row 2: must be in [0, 1] or missing, got 1.5",
        ),
        (changed(2, cost__s=-1), "column 'cost:s', row 3: must be finite and >= 0 where"),
        (changed(0, cost__l=None), "column 'cost:l', row 1: must be finite and >= 0 where"),
        (changed(0, score__s="good"), "column 'score:s', row 1: must be a number or missing"),
        (changed(0, score__s=[1]), "column 'score:s', row 1: must be a number or missing"),
        (changed(2, prompt=None), "column 'prompt', row 3: must be text, got None"),
        (changed(2, source=7), "column 'source', row 3: must be text, got 7"),
    ],
)
def test_a_bad_value_is_named_by_file_column_and_row(
    tmp_path: Path, rows: list[dict[str, object]], message: str
) -> None:
    path = write(tmp_path, ".jsonl", rows)
    with pytest.raises(InputError) as caught:
        load_table(path)
    assert f"{path}: {message}" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "", "must have a header"),
        ("t.csv", "prompt,prompt\n", "columns must be distinct"),
        ("t.csv", "prompt,score:s,cost:s\n", "must have at least one row"),
        ("t.csv", "prompt,score:s,cost:s\na,1,2\nb,1\n", "row 2: must have 3 values, got 2"),
        ("t.csv", 'prompt,score:s,cost:s\n"a,1,2\n', "must be CSV in UTF-8"),
        ("t.csv", "text,score:s,cost:s\na,1,2\n", "must have a column 'prompt'"),
        ("t.csv", "prompt,cost:s\na,2\n", "must have a column 'score:<model>'"),
        ("t.csv", "prompt,score:s\na,1\n", "must have a column 'cost:s'"),
        ("t.csv", "prompt,score:s,cost:s\na,,\n", "must score one of 's' in some row"),
        ("t.jsonl", '{"prompt": \n', "line 1: must be JSON"),
        ("t.jsonl", "[1]\n", "line 1: must be a JSON object, got list"),
        ("t.parquet", "not parquet", "must be a Parquet file"),
        ("t.xlsx", "", "must end in .parquet, .csv or .jsonl, got '.xlsx'"),
    ],
)
def test_a_malformed_file_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_table(path)
    assert f"{path}: {message}" in str(caught.value)


def test_bytes_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"prompt\n\xff\n")
    with pytest.raises(InputError, match="UTF-8"):
        load_table(path)


@pytest.mark.parametrize(
    ("models", "message"),
    [(["s", "s"], "must be distinct"), ([], "must be distinct"), (["huge"], "got 'huge'")],
)
def test_bad_selections_are_refused(tmp_path: Path, models: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_table(write(tmp_path, ".csv", ROWS), models=models)


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    for suffix in (".csv", ".jsonl", ".parquet"):
        with pytest.raises(FileNotFoundError):
            load_table(tmp_path / f"none{suffix}")


def test_refuses_a_log_of_one_answer_per_request(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("prompt,score:a,cost:a,score:b,cost:b\nx,1,1,,\ny,,,0,2\n")
    with pytest.raises(InputError, match="must score two models in some row"):
        load_table(path)


def test_one_answer_per_request_is_no_choice(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"prompt": "a", "score:s": 1.0, "cost:s": 1.0, "score:l": None, "cost:l": None},
        {"prompt": "b", "score:s": None, "cost:s": None, "score:l": 1.0, "cost:l": 5.0},
    ]
    path = write(tmp_path, ".csv", rows)
    with pytest.raises(InputError, match=r"nothing to choose from, got one per row; .*evaluate"):
        load_table(path)
    # Of one model alone there is no choice either, and none is expected.
    assert len(load_table(path, models=["s"])) == 1


def test_a_log_is_sent_where_logs_are_read(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("prompt,model,satisfied,cost\na,s,1,1.0\n")
    with pytest.raises(InputError, match=r"must have a column 'score:<model>'.*messplus evaluate"):
        load_table(path)
