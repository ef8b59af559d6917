"""Write a software bill of materials in CycloneDX 1.6: crates, data, and what Python installs.

The same checkout gives the same bytes: no time, no path, no random number.
"""

from __future__ import annotations

import json
import re
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from release.shipped import DATA, ROOT, Crate, crates, project


def bill() -> dict[str, Any]:
    """The document."""
    about = project()
    root = f"pkg:pypi/messplus@{about['version']}"
    linked = [_crate(crate) for crate in crates()]
    requirements = [_requirement(line) for line in about["dependencies"]]
    components = [*linked, *map(_data, DATA), *requirements]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": root,
                "name": "messplus",
                "version": about["version"],
                "description": about["description"],
                "licenses": [{"expression": about["license"]}],
                "purl": root,
            }
        },
        "components": components,
        "dependencies": [
            {"ref": root, "dependsOn": [component["bom-ref"] for component in components]}
        ],
    }


def _crate(crate: Crate) -> dict[str, Any]:
    purl = f"pkg:cargo/{crate.name}@{crate.version}"
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": crate.name,
        "version": crate.version,
        "scope": "required",
        "licenses": [{"expression": crate.licence}],
        "purl": purl,
    }
    if crate.checksum:
        component["hashes"] = [{"alg": "SHA-256", "content": crate.checksum}]
    return component


def _data(data: Any) -> dict[str, Any]:  # noqa: ANN401
    name = data.path.split("/", 1)[1]
    return {
        "type": "data",
        "bom-ref": f"file:{name}",
        "name": name,
        "description": f"made from {data.origin}",
        "licenses": [{"expression": data.licence}],
        "hashes": [
            {"alg": "SHA-256", "content": sha256((ROOT / data.path).read_bytes()).hexdigest()}
        ],
    }


def _requirement(line: str) -> dict[str, Any]:
    """A package that is installed beside the wheel, in a version its user chooses."""
    name, versions = cast("re.Match[str]", re.match(r"([\w-]+)(.*)", line)).groups()
    return {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}",
        "name": name,
        "scope": "required",
        "purl": f"pkg:pypi/{name}",
        "properties": [{"name": "messplus:versions", "value": versions}],
    }


def main() -> int:
    """Write to the file named."""
    out = Path(sys.argv[1])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(bill(), indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
