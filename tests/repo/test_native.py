"""The native module: classes that cannot be changed, nothing that is not used."""

import ast
import inspect
import json
import re
from pathlib import Path

import numpy as np

import messplus
from messplus import _core

ROOT = Path(__file__).parents[2]
CLASSES = {name: cls for name, cls in vars(_core).items() if inspect.isclass(cls)}

# What an object of a class is called where Python uses it.
RECEIVERS = {
    "Controller": {"Controller", "_core", "core"},
    "FolderTokenizer": {"tokenizer"},
    "Histogram": {"durations", "histogram"},
    "OffloadAgent": {"OffloadAgent", "native"},
    "OffloadConversation": {"OffloadConversation", "_native"},
    "OffloadData": {"OffloadData", "native"},
    "OffloadDecision": {"native"},
    "OffloadEnv": {"_env", "env"},
    "OffloadEstimator": {"native"},
    "OffloadRouter": {"OffloadRouter", "_router", "native"},
    "Replica": {"Replica", "_replica", "replica"},
    "StaticTable": {"table", "tokenizer"},
}


def called(node: ast.expr) -> str | None:
    """The last name of what stands before a dot."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return called(node.func) if isinstance(node, ast.Call) else None


def uses() -> tuple[set[str], set[tuple[str | None, str]]]:
    """Names imported from the native module, and attributes with the name they are asked of."""
    imported: set[str] = set()
    asked: set[tuple[str | None, str]] = set()
    for folder in ("python/messplus", "benches/python", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("_core"):
                    imported |= {alias.name for alias in node.names}
                elif isinstance(node, ast.Attribute):
                    asked.add((called(node.value), node.attr))
    return imported, asked


IMPORTED, ASKED = uses()


def test_every_native_class_is_frozen() -> None:
    sources = sorted((ROOT / "rust/messplus-py/src").rglob("*.rs"))
    attributes = [
        attribute
        for source in sources
        for attribute in re.findall(r"#\[pyclass\b(.*?)\]\s", source.read_text(), re.DOTALL)
    ]
    assert len(attributes) == len(CLASSES) >= 2
    for attribute in attributes:
        assert re.search(r"\bfrozen\b", attribute), f"#[pyclass{attribute}] is not frozen"
        assert 'module = "messplus._core"' in attribute


def test_every_native_name_is_used_by_python() -> None:
    names = {name for name in vars(_core) if not name.startswith("__")}
    assert {"Controller", "Decision"} <= names
    asked = {name for receiver, name in ASKED if receiver == "_core"}
    assert sorted(names - IMPORTED - asked) == ["OffloadDecision"]  # made, never named


def test_every_method_of_an_internal_class_is_used_by_python() -> None:
    internal = {name: cls for name, cls in CLASSES.items() if name not in messplus.__all__}
    assert set(internal) == set(RECEIVERS)
    unused = [
        f"{name}.{member}"
        for name, cls in internal.items()
        for member in vars(cls)
        if not member.startswith("__")
        and not any((receiver, member) in ASKED for receiver in RECEIVERS[name])
    ]
    assert unused == []


def test_exceptions_of_the_stub_allowlist_exist_and_have_a_reason() -> None:
    lines = (ROOT / "tests/repo/stubtest-allowlist.txt").read_text().splitlines()
    entries = [n for n, line in enumerate(lines) if line and not line.startswith("#")]
    for n in entries:
        assert n > 0, f"{lines[n]}: needs a reason above it"
        assert lines[n - 1].startswith("# "), f"{lines[n]}: needs a reason above it"
        module, _, name = lines[n].rpartition(".")
        assert module.startswith("messplus._core")
        owner = _core if module == "messplus._core" else getattr(_core, module.rpartition(".")[2])
        assert hasattr(owner, name), f"{lines[n]}: excuses what does not exist"


STUB = ROOT / "python/messplus/_core.pyi"
FIELDS = {
    node.name: [field.target.id for field in node.body if isinstance(field, ast.AnnAssign)]  # type: ignore[union-attr]
    for node in ast.parse(STUB.read_text(encoding="utf-8")).body
    if isinstance(node, ast.ClassDef) and any("TypedDict" in ast.dump(base) for base in node.bases)
}


def test_what_crosses_has_the_fields_that_the_stub_says(tmp_path: Path) -> None:
    models = [messplus.Model("small", 1.0), messplus.Model("large", 2.0)]
    limits = [messplus.Limit("cost", mean=1.5)]
    with messplus.Router.open(tmp_path, models, messplus.SLA(0.5), limits=limits) as router:
        router.feedback(router.select("x"), satisfied=True, cost=1.0)
        router.amend(slas=messplus.SLA(0.6))
        pending = router.select("x").id
        files = _core.audit_folder(tmp_path)
        decisions, outcomes = _core.folder_history(tmp_path)
    core, found = _core.Controller.recover(tmp_path)
    report = core.report()
    record = core.pending(pending)
    assert record is not None
    calendar = core.calendar()
    retraced, _ = _core.retrace_folder(tmp_path)
    replica = _core.Replica(_core.Replica.genesis(core.config), 1)
    rows = np.zeros((1, len(models)))
    features = np.zeros((1, json.loads(core.config)["n_features"]), np.float32)
    row, tokens = np.zeros(1, np.uint32), np.zeros(0, np.uint32)
    simulated = _core.simulate_fleet(
        core.config, features, tokens, rows, rows, row, np.ones(1, bool), 0, [1.0], 1
    )
    crossed = {
        "RetracedRequests": retraced,
        "CoreReport": report,
        "LevelCounters": report["slas"]["default"],
        "LimitCounters": report["limits"]["cost"],
        "ModelCounters": report["models"]["small"],
        "ClosedPeriod": report["slas"]["default"]["closed"][0],
        "PendingRecord": record,
        "AuditCounters": report["slas"]["default"]["audits"],
        "SourceCounters": report["sources"]["user"],
        "RandomisationCounters": report["randomisation"],
        "CapCounters": report["max_cost"],
        "ShadowCounters": report["shadow"],
        "CoreCalendar": calendar,
        "SlotCounters": calendar["slots"]["minute"][0],
        "EstimateSums": report["shadow"]["cost"],
        "FoundFolder": found,
        "AuditedFile": files[0],
        "RecordedDecision": decisions[0],
        "RecordedOutcome": outcomes[0],
        "Standing": replica.standing(),
        "SimulatedFleet": simulated,
    }
    # Evaluation(**metrics) takes these fields one by one, and no others.
    expected = {name: fields for name, fields in FIELDS.items() if name != "OffloadMetrics"}
    assert {name: list(fields) for name, fields in crossed.items()} == expected


def test_everything_native_is_documented_at_run_time() -> None:
    functions = {name: value for name, value in vars(_core).items() if inspect.isbuiltin(value)}
    members = {
        f"{name}.{member}": value
        for name, cls in CLASSES.items()
        for member, value in vars(cls).items()
        if not member.startswith("_")
    }
    assert len(members) > 60
    found = CLASSES | functions | members
    assert [name for name, value in found.items() if not (value.__doc__ or "").strip()] == []


def test_a_decision_is_documented_alike_for_editors_and_at_run_time() -> None:
    nodes = ast.parse(STUB.read_text(encoding="utf-8")).body
    (decision,) = (n for n in nodes if isinstance(n, ast.ClassDef) and n.name == "Decision")
    assert ast.get_docstring(decision) == inspect.getdoc(messplus.Decision)
