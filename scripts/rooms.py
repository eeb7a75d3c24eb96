"""Holds the maps of docs/ARCHITECTURE.md against the code: every folder, every arrow, and that imports run one way.

A map is a mermaid block behind a comment that says of which folder it is, and what everybody may import:

    <!-- map engine/src | ground sync kind | apart lib -->

Its nodes are the folders and files in there, its arrows the imports between them: `scrape --> cells` says that scrape/
imports something of cells/, through whatever mod.rs hands on. What stands on the ground has no arrows to it; what is
apart is in no map. Tests do not count.

    python3 scripts/rooms.py           prints what does not agree; tidy.sh runs it
    python3 scripts/rooms.py --draw    prints the maps as the code has them
"""

import re
import sys
from pathlib import Path

PAGE = Path("docs/ARCHITECTURE.md")
MAP = re.compile(r"<!-- map (\S+)((?: \| \w+(?: [\w/]+)+)*) -->\n```mermaid\n(.*?)```", re.S)
ROOTS = {"mod", "lib", "main"}


def code_of(path):
    """The text of a file without comments and without the tests at its end."""
    text = re.sub(r"(?m)//.*$", "", path.read_text(encoding="utf-8"))
    return re.split(r"#\[cfg\((?:all\()?test\b[^\n]*\n(?:#\[[^\n]*\n)*\s*(?:pub(?:\(\w+\))? )?mod \w+", text)[0]


def expanded(path):
    """The paths of one `use`, with its braces multiplied out."""
    path = path.strip()
    match = re.match(r"^(.*?)\{(.*)\}$", path, re.S)
    if not match:
        return [re.sub(r"\s+as\s+\w+$", "", path).strip()]
    before, body = match.groups()
    parts, depth, part = [], 0, ""
    for char in body:
        depth += (char == "{") - (char == "}")
        if char == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += char
    parts.append(part)
    return [path for part in parts if part.strip() for path in expanded(before + part.strip())]


class Crate:
    """The modules of a crate, and what each imports of the others."""

    def __init__(self, source):
        self.files, self.text, self.imports, self.handed_on = {}, {}, {}, {}
        for path in sorted(source.rglob("*.rs")):
            if path.name == "tests.rs" or path.name.endswith("_tests.rs"):
                continue
            parts = list(path.relative_to(source).with_suffix("").parts)
            is_root = parts[-1] in ROOTS
            module = tuple(parts[:-1] if is_root else parts)
            self.files[module], self.text[module] = (path, is_root), code_of(path)
        for module, (_, is_root) in self.files.items():
            self.read(module, is_root)

    def read(self, module, is_root):
        self.imports[module], self.handed_on[module] = [], {}
        use = r"(?m)^\s*(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);"
        for visible, body in re.findall(use, self.text[module]):
            for path in expanded(re.sub(r"\s+", " ", body)):
                target = self.absolute(module, path)
                if target is None:
                    continue
                if visible and is_root:
                    self.handed_on[module][target[-1]] = target
                else:
                    self.imports[module].append(target)
        for path in re.findall(r"\b((?:crate|super)(?:::\w+)+)", re.sub(use, "", self.text[module])):
            self.imports[module].append(self.absolute(module, path))

    def absolute(self, module, path):
        parts = path.split("::")
        if parts[0] == "crate":
            return tuple(parts[1:])
        if parts[0] == "self":
            return module + tuple(parts[1:])
        base = list(module)
        if parts[0] == "super":
            while parts and parts[0] == "super":
                base, parts = base[:-1], parts[1:]
            return tuple(base + parts)
        return module + tuple(parts) if module + tuple(parts[:1]) in self.files else None

    def defined_in(self, path, depth=0):
        """The module whose file defines what a path names."""
        for length in range(len(path), -1, -1):
            module, rest = path[:length], path[length:]
            if module not in self.files:
                continue
            if rest and depth < 8 and rest[0] in self.handed_on[module]:
                return self.defined_in(self.handed_on[module][rest[0]] + rest[1:], depth + 1)
            return module
        return None

    def arrows(self, folder):
        """The nodes of a folder, and the arrows between them."""
        node_of = {}
        for module, (_, is_root) in self.files.items():
            inside = module[: len(folder)] == folder and len(module) > len(folder)
            if inside and not (is_root and module == folder):
                node_of[module] = module[len(folder)]
        arrows = set()
        for module, node in node_of.items():
            # What a mod.rs hands on is imported by whoever takes it, not by the mod.rs.
            for path in self.imports[module]:
                other = node_of.get(self.defined_in(path) or ())
                if other and other != node:
                    arrows.add((node, other))
        return set(node_of.values()), arrows


def loop_in(arrows):
    """A loop of arrows, if there is one."""
    nodes = {node for arrow in arrows for node in arrow}
    while True:
        free = {node for node in nodes if not any(tail == node and head in nodes for tail, head in arrows)}
        if not free:
            return sorted(nodes)
        nodes -= free


def findings(draw):
    page = PAGE.read_text(encoding="utf-8")
    maps = MAP.findall(page)
    if not maps:
        yield f"{PAGE} has no map"
    crates = {}
    for place, options, drawing in maps:
        said = {words[0]: set(words[1:]) for words in (option.split() for option in options.split("|") if option.strip())}
        ground, apart = said.get("ground", set()), said.get("apart", set())
        parts = Path(place).parts
        source = Path(*parts[: parts.index("src") + 1])
        crate = crates.setdefault(source, Crate(source))
        nodes, arrows = crate.arrows(tuple(parts[parts.index("src") + 1 :]))
        arrows = {(tail, head) for tail, head in arrows if head not in ground and not {tail, head} & apart}
        nodes -= apart
        if draw:
            print(f"map {place}\nflowchart BT")
            print("\n".join(f"    {tail} --> {head}" for tail, head in sorted(arrows)))
        drawn = set(re.findall(r"^\s*(\w+) --> (\w+)\s*$", drawing, re.M))
        named = {node for arrow in drawn for node in arrow} | set(re.findall(r"^\s*(\w+)(?:\[.*\])?\s*$", drawing, re.M))
        for node in sorted(nodes - named - ground):
            yield f"{PAGE}, map of {place}: `{node}` is missing"
        for node in sorted(named - nodes - {"end"}):
            yield f"{PAGE}, map of {place}: there is no `{node}`"
        for tail, head in sorted(arrows - drawn):
            yield f"{PAGE}, map of {place}: `{tail}` imports `{head}`, and no arrow says so"
        for tail, head in sorted(drawn - arrows):
            yield f"{PAGE}, map of {place}: `{tail}` does not import `{head}`"
        if loop := loop_in(arrows):
            yield f"{place}: {', '.join(loop)} import each other in a loop"


def main():
    draw = sys.argv[1:] == ["--draw"]
    for finding in findings(draw):
        print(finding)


if __name__ == "__main__":
    main()
