"""Reading an encoder folder somebody else made: nothing outside it, nothing oversized."""

from __future__ import annotations

import json
import stat
from hashlib import sha256
from pathlib import Path
from typing import Any

from messplus.exceptions import EncoderError, UnsafeEncoderError

MEBIBYTE = 1 << 20
MAX_CONFIG = MEBIBYTE
MAX_TOKENIZER = 64 * MEBIBYTE
MAX_GRAPH = 2048 * MEBIBYTE  # the limit of protocol buffers


class Folder:
    """A folder whose files are read once, whole, and hashed as they are read.

    Parameters
    ----------
    path
        The folder.

    Raises
    ------
    EncoderError
        If there is no such folder.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self._real = self.path.resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            raise EncoderError(f"path: no such folder: {str(path)!r:.200}") from None
        if not self._real.is_dir():
            raise EncoderError(f"path: must be a folder, got {str(path)!r}")
        self._hashes: dict[str, str] = {}

    def resolve(self, name: str) -> Path:
        """Return where a file really is.

        Raises
        ------
        UnsafeEncoderError
            If that is outside the folder, by its name or through a symbolic link, or if the name
            is no line of text.
        """
        if not name.isprintable():
            raise UnsafeEncoderError(f"{name!r:.200}: must be a name of printable characters")
        try:
            real = (self._real / name).resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise UnsafeEncoderError(f"{name!r:.200}: cannot be resolved: {error}") from None
        if not real.is_relative_to(self._real):
            raise UnsafeEncoderError(
                f"{name!r:.200}: must be inside the folder, leads to {str(real)!r}; "
                "if that is intended, copy the folder with its links followed"
            )
        return real

    def has(self, name: str) -> bool:
        """Whether there is such a file, without following links out of the folder."""
        mode = self._mode(name)
        return mode is not None and stat.S_ISREG(mode)

    def read(self, name: str, limit: int) -> bytes:
        """Read a file of at most ``limit`` bytes.

        Raises
        ------
        EncoderError
            If there is no such file.
        UnsafeEncoderError
            If it is outside the folder, not a regular file, or larger than the limit.
        """
        mode = self._mode(name)
        if mode is None:
            raise EncoderError(f"{name}: no such file in {str(self.path)!r}")
        # A device or a pipe could be read forever.
        if not stat.S_ISREG(mode):
            raise UnsafeEncoderError(f"{name}: must be a regular file")
        with self.resolve(name).open("rb") as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise UnsafeEncoderError(f"{name}: must have at most {limit} bytes")
        self._hashes[name] = sha256(content).hexdigest()
        return content

    def _mode(self, name: str) -> int | None:
        """What kind of file it is, None if there is none."""
        try:
            return self.resolve(name).stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            rule = "must be a file that can be read"
            raise UnsafeEncoderError(f"{name!r:.200}: {rule}, got {error.strerror}") from None

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a JSON object; an absent file is an empty one.

        Raises
        ------
        EncoderError
            If the file is not a JSON object.
        """
        value = self.read_json_value(name)
        if not isinstance(value, dict):
            raise EncoderError(f"{name}: must be a JSON object, got {type(value).__name__}")
        return value

    def read_json_value(self, name: str) -> Any:  # noqa: ANN401
        """Read any JSON value; an absent file is an empty object."""
        if not self.has(name):
            return {}
        try:
            return json.loads(self.read(name, MAX_CONFIG))
        except (ValueError, RecursionError) as error:
            raise EncoderError(f"{name}: must be JSON: {error}") from None

    def graphs(self) -> list[str]:
        """Names of the ONNX files in the folder and in its sub-folder ``onnx``."""
        found = [*self._real.glob("*.onnx"), *self._real.glob("onnx/*.onnx")]
        return sorted(file.relative_to(self._real).as_posix() for file in found)

    def sha256(self) -> str:
        """Hash of the names and contents of all files read so far."""
        lines = "".join(f"{self._hashes[name]}  {name}\n" for name in sorted(self._hashes))
        return sha256(lines.encode()).hexdigest()
