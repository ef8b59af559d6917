"""Saved state: complete or absent, private, and refused where it is not what it should be."""

from __future__ import annotations

import json
import os
import stat
import struct
import zlib
from typing import TYPE_CHECKING

import pytest

from messplus import MessPlusError, Router, StateError, StateVersionError
from messplus._core import Controller
from tests.zoo import StubFeaturizer, make_router

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def used() -> Router:
    """A router with a past: some decisions rated, some costed, some waiting."""
    router = make_router(seed=4)
    for n in range(40):
        decision = router.select(str(n), tags={"n": str(n % 3)})
        if n % 2:
            router.feedback(decision, satisfied=n % 3 == 0, cost=1.0 + n / 100)
    return router


def load(state: bytes, featurizer: StubFeaturizer | None = None) -> Router:
    return Router.from_bytes(state, featurizer=featurizer or StubFeaturizer())


def sealed(state: bytes) -> bytes:
    """The state with a checksum that fits whatever was done to it."""
    return state[:-4] + struct.pack("<I", zlib.crc32(state[:-4]))


def test_a_loaded_router_goes_on_as_if_nothing_had_happened(used: Router, tmp_path: Path) -> None:
    pending = used.select("pending")
    used.save(tmp_path / "state")
    loaded = Router.load(tmp_path / "state", featurizer=StubFeaturizer())
    assert loaded.to_bytes() == used.to_bytes()
    assert loaded.report() == used.report()
    for router in (used, loaded):
        router.feedback(pending.id, satisfied=False)
    for n in range(100):
        a, b = used.select(str(n)), loaded.select(str(n))
        assert (a.model, a.reason, a.score) == (b.model, b.reason, b.score)
        used.feedback(a, satisfied=0.5, cost=2.0)
        loaded.feedback(b, satisfied=0.5, cost=2.0)
    assert loaded.report() == used.report()


def test_a_file_is_replaced_and_readable_by_its_owner_only(used: Router, tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_bytes(b"older")
    path.chmod(0o644)
    used.save(str(path))
    assert path.read_bytes() == used.to_bytes()
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_save_leaves_the_old_file_and_no_other(
    used: Router, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state"
    used.save(path)
    before = path.read_bytes()
    used.select("more")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        used.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_or_folder_is_an_os_error(used: Router, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Router.load(tmp_path / "absent")
    with pytest.raises(FileNotFoundError):
        used.save(tmp_path / "absent" / "state")


def test_a_truncated_file_is_refused_wherever_it_ends(used: Router, tmp_path: Path) -> None:
    state = used.to_bytes()
    path = tmp_path / "state"
    for end in [*range(64), len(state) // 2, len(state) - 1]:
        path.write_bytes(state[:end])
        with pytest.raises(StateError, match=r"^state: "):
            Router.load(path, featurizer=StubFeaturizer())


def test_a_flipped_bit_is_noticed_anywhere(used: Router) -> None:
    state = used.to_bytes()
    for at in [*range(64), *range(64, len(state), 97), len(state) - 1]:
        damaged = bytearray(state)
        damaged[at] ^= 1 << at % 8
        with pytest.raises(StateError):
            load(bytes(damaged))


@pytest.mark.parametrize("state", [b"", b"MESSPLUS", b"PK\x03\x04" * 40, bytes(1000)])
def test_what_is_no_state_is_refused(state: bytes) -> None:
    with pytest.raises(StateError, match=r"^state: "):
        load(state)


@pytest.mark.parametrize("trailing", [b"\0", b"MESSPLUS"])
def test_trailing_bytes_are_refused(used: Router, trailing: bytes) -> None:
    with pytest.raises(StateError, match=r"^state: "):
        load(used.to_bytes() + trailing)


def test_another_version_is_refused_by_number(used: Router) -> None:
    state = bytearray(used.to_bytes())
    (current,) = struct.unpack_from("<I", state, 8)
    for version in (0, 1, current + 1, 2**32 - 1):
        struct.pack_into("<I", state, 8, version)
        with pytest.raises(StateVersionError, match=f"got {version}$"):
            load(sealed(bytes(state)))


def test_a_number_out_of_place_is_refused_though_the_checksum_fits(used: Router) -> None:
    state = used.to_bytes()
    nan = struct.pack("<d", float("nan"))
    # Wherever it lands in the numbers of the heads, the costs or the counters, it is refused or
    # stands for an integer; no state may come back with it.
    refused = 0
    for at in range(len(state) - 4 - 8 * 40, len(state) - 12, 8):
        try:
            restored = load(sealed(state[:at] + nan + state[at + 8 :]))
        except StateError:
            refused += 1
        else:
            assert restored.report().backlog >= 0
    assert refused > 0


def test_another_featurizer_is_refused_and_both_are_named(used: Router) -> None:
    with pytest.raises(StateError, match=r"^featurizer: .*'stub\[4\]\+tags8'.*'other"):
        load(used.to_bytes(), StubFeaturizer("other"))


def test_a_featurizer_of_the_same_name_and_another_length_is_refused(used: Router) -> None:
    with pytest.raises(StateError, match=r"^featurizer: .*\[4\].*\[5\]"):
        load(used.to_bytes(), StubFeaturizer(n_features=5))


@pytest.mark.parametrize("metadata", ["", "[]", "{}", '{"featurizer": "stub+tags8"}', "null"])
def test_the_state_of_a_bare_controller_is_refused(metadata: str) -> None:
    settings = json.loads(make_router()._core.config) | {"metadata": metadata}
    with pytest.raises(StateError, match=r"^state: "):
        load(Controller(json.dumps(settings)).to_bytes())


def test_every_refusal_can_be_caught_at_once() -> None:
    assert issubclass(StateVersionError, StateError)
    assert issubclass(StateError, MessPlusError)
