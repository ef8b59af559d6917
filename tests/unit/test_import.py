"""What importing and making a router brings along."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("onnxruntime", "pydantic", "pyarrow", "matplotlib", "asyncio", "multiprocessing")


def output_of(script: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)


def imported_by(script: str) -> set[str]:
    report = "import sys; print(' '.join(sys.modules))"
    return set(output_of(f"{script}\n{report}").stdout.split())


@pytest.mark.parametrize("name", HEAVY)
def test_importing_is_light(name: str) -> None:
    modules = imported_by("import messplus")
    assert "messplus.router" in modules
    assert name not in modules


def test_a_router_with_the_embedded_table_needs_no_onnxruntime() -> None:
    made = "from messplus import *; Router([Model('small', 1.0)], SLA(0.5)).select('x')"
    modules = imported_by(made)
    assert "pydantic" in modules
    assert "onnxruntime" not in modules


def test_the_version_is_the_package_s() -> None:
    from importlib.metadata import version

    import messplus

    assert messplus.__version__ == version("messplus")


def test_nothing_is_logged_unless_asked_for() -> None:
    script = "import messplus, logging; logging.getLogger('messplus').warning('x')"
    assert output_of(script).stderr == ""
