"""What is shipped, and the workflow that ships it."""

from __future__ import annotations

import json
import re
import tomllib
import zipfile
from pathlib import Path

import pytest
from release import audit, licences, sbom, wheel
from release.shipped import ROOT, Crate, crates
from release.spdx import is_met

ALLOWED = ("MIT", "Apache-2.0", "Unicode-3.0")


@pytest.fixture(scope="module")
def shipped() -> list[Crate]:
    return crates()


def test_crates_are_found(shipped: list[Crate]) -> None:
    names = {crate.name for crate in shipped}
    assert {"messplus-py", "messplus-core", "tokenizers", "pyo3"} <= names
    # Of tests and of benches, not of what is shipped.
    assert not {"proptest", "criterion"} & names


def test_what_is_shipped_passes_the_audit(shipped: list[Crate]) -> None:
    for check in (audit.check_licences, audit.check_sources, audit.check_notices):
        finding = check(shipped)
        assert finding.verdict == "passed", finding.what
    listed = tomllib.loads(audit.ADVISORIES.read_text())
    assert audit.check_listed(shipped, listed).verdict in ("passed", "not checked")


def test_the_audit_notices_what_is_wrong(shipped: list[Crate]) -> None:
    crate = Crate("pyo3", "0.28.9", "GPL-3.0-only", "git+https://example.com", "", Path())
    listed = tomllib.loads(audit.ADVISORIES.read_text())
    assert "GPL-3.0-only" in audit.check_licences([*shipped, crate]).what
    assert "pyo3" in audit.check_sources([*shipped, crate]).what
    finding = audit.check_listed([*shipped, crate], listed)
    assert finding.verdict == "failed"
    assert "RUSTSEC-2026-0176" in finding.what
    assert "RUSTSEC-2026-0013" not in finding.what


@pytest.mark.parametrize(
    ("version", "bounds", "expected"),
    [
        ("0.9.5", ">= 0.9.3, < 0.10.0", True),
        ("0.10.0", ">= 0.9.3, < 0.10.0", False),
        ("0.10.1-rc.1", ">= 0.10.1", True),
        ("1.2", ">= 1.2.0", True),
        ("1.1.9", ">= 1.2", False),
    ],
)
def test_versions_are_compared_by_number(version: str, bounds: str, expected: bool) -> None:
    assert audit.matches(version, bounds) is expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("(GPL-2.0-only OR Apache-2.0) AND Unicode-3.0", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("(MIT", False),
        ("MIT MIT", False),
        ("", False),
    ],
)
def test_expressions_of_licences(expression: str, expected: bool) -> None:
    assert is_met(expression, ALLOWED) is expected


def test_every_foreign_crate_and_file_is_listed(shipped: list[Crate]) -> None:
    text = licences.OUT.read_text(encoding="utf-8")
    for crate in shipped:
        assert (f"\n{crate.name} {crate.version}: {crate.licence}\n" in text) is not crate.own
    assert "messplus/featurizers/data/static_table.onnx: from" in text
    assert text.count("Permission is hereby granted") > 10


def test_the_bill_names_everything_and_no_machine(shipped: list[Crate]) -> None:
    bill = sbom.bill()
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    named = {(part["name"], part.get("version")) for part in bill["components"]}
    assert {(crate.name, crate.version) for crate in shipped} <= named
    assert {("numpy", None), ("onnxruntime", None), ("pydantic", None)} <= named
    references = [part["bom-ref"] for part in bill["components"]]
    assert len(references) == len(set(references))
    assert str(ROOT) not in json.dumps(bill)


def test_a_wheel_that_promises_too_much_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "messplus-0.1.0-cp311-cp311-manylinux_2_28_x86_64.whl"
    native = b"GLIBC_2.17\0GLIBC_2.34\0/" + b"home/somebody/src/lib.rs"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("messplus/_core.abi3.so", native)
        file.writestr("messplus-0.1.0.dist-info/licenses/LICENSE", "")
    found = " ".join(wheel.problems(path))
    for word in ("py.typed", "THIRD-PARTY.txt", "glibc 2.34", "path of the machine", "abi3"):
        assert word in found
    assert "licenses/LICENSE: missing" not in found


def test_the_workflow_is_off_and_its_actions_are_pinned() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    jobs = re.findall(r"^  (\w+):\n    if: (.*)$", text.split("\njobs:\n")[1], re.MULTILINE)
    assert [name for name, _ in jobs] == ["test", "audit", "linux", "others", "publish"]
    assert all("vars.RELEASES == 'on'" in condition for _, condition in jobs)
    uses = re.findall(r"uses: (\S+)(.*)", text)
    assert len(uses) > 5
    for action, comment in uses:
        name, _, version = action.partition("@")
        by_hash = re.fullmatch(r"[0-9a-f]{40}", version)
        assert by_hash or (re.match(r"v\d", version) and "by version" in comment), name
    assert "permissions:\n  contents: read\n" in text
    assert "secrets." not in text
