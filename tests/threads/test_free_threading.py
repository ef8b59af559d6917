"""Under a free-threaded interpreter the native module must not bring the global lock back."""

import subprocess
import sys
import sysconfig

import pytest


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"),
    reason="this interpreter has a global lock: make freethreaded runs one that has none",
)
def test_importing_the_package_leaves_the_lock_off() -> None:
    # In a process of its own: what else the tests import may turn the lock on.
    code = "import sys; from messplus import _core; print(sys._is_gil_enabled())"
    command = [sys.executable, "-X", "gil=0", "-W", "error", "-c", code]
    assert subprocess.check_output(command, text=True).strip() == "False"
