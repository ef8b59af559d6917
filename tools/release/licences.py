"""Write ``THIRD-PARTY.txt``: whose work a wheel holds, and the notices that go with it.

Run ``python -m release.licences`` after a change of ``Cargo.lock``; ``--check`` compares only.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import defaultdict
from typing import TYPE_CHECKING

from release.shipped import DATA, ROOT, crates

if TYPE_CHECKING:
    from release.shipped import Crate

OUT = ROOT / "THIRD-PARTY.txt"
_NOTICES = re.compile(r"(?i)^(licen[cs]e|copying|copyright|unlicense|notice)([-._].*)?$")
# The full text is in LICENSE, beside this file.
_APACHE = re.compile(r"(?is)^\s*apache license\s+version 2\.0, january 2004")
_RULE = "=" * 80

_HEAD = """\
Third-party software and data in binary distributions of messplus
{rule}

The native module messplus._core is linked from the crates below; each is used under a licence of
its expression. Notices follow, each once, with the crates that carry it. The text of Apache-2.0 is
in LICENSE, beside this file. Written by `make licences`.

"""


def text() -> str:
    """The whole file."""
    foreign = [crate for crate in crates() if not crate.own]
    lines = [f"{crate.name} {crate.version}: {crate.licence}\n" for crate in foreign]
    lines += [
        f"{data.path.split('/', 1)[1]}: from {data.origin}, {data.licence}\n" for data in DATA
    ]
    by_notice: dict[str, list[str]] = defaultdict(list)
    for crate in foreign:
        for notice in notices(crate):
            by_notice[notice].append(f"{crate.name} {crate.version}")
    parts = [_HEAD.format(rule="=" * 65), *lines]
    for notice, names in sorted(by_notice.items(), key=lambda item: item[1]):
        parts.append(f"\n{_RULE}\n{', '.join(names)}\n{_RULE}\n\n{notice}\n")
    return "".join(parts)


def notices(crate: Crate) -> list[str]:
    """Return the licence files of a crate but for the text of Apache-2.0, tidied."""
    files = sorted(file for file in crate.folder.iterdir() if _NOTICES.match(file.name))
    found = [
        "\n".join(line.rstrip() for line in file.read_text(encoding="utf-8").strip().splitlines())
        for file in files
        if file.is_file()
    ]
    return [notice for notice in found if not _APACHE.match(notice)]


def main() -> int:
    """Write or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if not parser.parse_args().check:
        OUT.write_text(text(), encoding="utf-8")
    elif OUT.read_text(encoding="utf-8") != text():
        print(f"{OUT.name}: differs from Cargo.lock; run make licences", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
