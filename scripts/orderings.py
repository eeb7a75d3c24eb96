"""Holds docs/ORDERINGS.md against the code, both ways. Prints what does not agree; tidy.sh runs it.

Of the code that ships: every `Ordering::X` has, on its line or in a comment at most four lines above it, the number of a
row (O1, O2, ..) that the page has, that names X, and that names the file. Of the page: every row is cited by the code.
engine/src/sync.rs hands orderings through and makes none up.

    python3 scripts/orderings.py FILE...      the Rust files of the engine
"""

import re
import sys
from pathlib import Path

PAGE = "docs/ORDERINGS.md"
SOURCES = "engine/src/"
ORDERINGS = r"Relaxed|Acquire|Release|AcqRel|SeqCst"
# How far above an ordering its comment may end.
ABOVE = 4


def rows_of(page):
    """The rows of the table: number -> (line, orderings that are named, files that are named)."""
    rows = {}
    for line, text in enumerate(page.splitlines(), start=1):
        cells = [cell.strip() for cell in text.split("|")]
        if len(cells) < 3 or not re.fullmatch(r"O\d+", cells[1]):
            continue
        # Models and faults are named in the last column, and say nothing about an ordering.
        said = " | ".join(cells[2:-2])
        files, folder = set(), ""
        for named, name in re.findall(r"`((?:\w+/)*)(\w+\.rs)`", said):
            # `cells/pin.rs`, `fence.rs`: a name without a folder is of the folder before.
            folder = named or folder
            files.add(folder + name)
        rows[cells[1]] = (line, set(re.findall(rf"\b(?:{ORDERINGS})\b", said)), files)
    return rows


def code_of(path):
    """The lines of a file that ship, as (number, text); tests stand at the end or in a file of their own."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    for number, text in enumerate(lines):
        if re.match(r"#\[cfg\((all\()?test\b", text) and any(re.match(r"(pub(\(\w+\))? )?mod \w+", next) for next in lines[number : number + 3]):
            break
        yield number + 1, text


def findings_in(path, rows, cited):
    """What does not agree in one file. Adds the rows that it cites to `cited`."""
    name = path.removeprefix(SOURCES)
    numbers_at = {}
    for line, text in code_of(path):
        comment = text.partition("//")[2]
        numbers_at[line] = re.findall(r"\bO\d+\b", comment)
        cited.update(numbers_at[line])
        for number in numbers_at[line]:
            if number not in rows:
                yield f"{path}:{line}: {number} is no row of {PAGE}"
        for ordering in dict.fromkeys(re.findall(rf"\bOrdering::({ORDERINGS})\b", text.partition("//")[0])):
            near = [number for at in range(line - ABOVE, line + 1) for number in numbers_at.get(at, [])]
            near = [number for number in dict.fromkeys(near) if number in rows]
            if not near:
                yield f"{path}:{line}: {ordering} without the number of a row"
            elif not any(ordering in rows[number][1] and name in rows[number][2] for number in near):
                yield f"{path}:{line}: {' and '.join(near)} does not name {ordering} together with `{name}`"


def main(paths):
    rows = rows_of(Path(PAGE).read_text(encoding="utf-8"))
    if not rows:
        sys.exit(f"{PAGE} has no rows")
    cited, found = set(), []
    for path in paths:
        if path != SOURCES + "sync.rs" and not re.search(r"(_tests|/tests)\.rs$", path):
            found.extend(findings_in(path, rows, cited))
    for number, (line, _, files) in rows.items():
        if number not in cited:
            found.append(f"{PAGE}:{line}: no code cites {number}")
        found.extend(f"{PAGE}:{line}: {number} names `{file}`, which is not there" for file in sorted(files) if SOURCES + file not in paths)
    print("\n".join(found))


main(sys.argv[1:])
