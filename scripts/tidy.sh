#!/usr/bin/env bash
# What no compiler checks: the direction of imports, memory orderings and their page, the length of files, the
# README's code, the packages' licences, machine paths, and the scripts themselves. Prints every finding, then fails if
# there was one.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0
# finding TITLE TEXT: reports the lines of TEXT, if there are any.
finding() {
    if [ -n "$2" ]; then
        printf 'tidy: %s\n%s\n' "$1" "$2" >&2
        failed=1
    fi
}

# code FILE...: their lines as FILE:LINE:TEXT, without comments, without the test modules at the ends of files and
# without files of tests. What is left is what ships.
code() {
    awk '
        FNR == 1 { tests = 0; attribute = 0; skip = FILENAME ~ /(_tests|\/tests)\.rs$/ }
        attribute && /^[[:space:]]*(pub(\([a-z]+\))? )?mod / { tests = 1 }
        !attribute || !/^[[:space:]]*#\[/ { attribute = /^[[:space:]]*#\[cfg\(test\)\]/ }
        tests || skip || /^[[:space:]]*\/\// { next }
        { sub(/[[:space:]]\/\/ .*/, ""); print FILENAME ":" FNR ":" $0 }
    ' "$@"
}
# below FOLDER...: the tracked Rust files of the folders.
below() { git ls-files --cached --others --exclude-standard -- "${@/%//*.rs}"; }
# matches PATTERN: grep that does not fail where it finds nothing.
matches() { grep -E "$@" || true; }

mapfile -t engine < <(below engine/src)
mapfile -t encode < <(below engine/src/encode)
mapfile -t buckets < <(below engine/src/buckets)

# One door to atomics, locks and shared pointers, so that loom can stand behind it. `#[cfg(engine_loom)]` and the
# two macros that loom has no re-export for (loom::thread_local!, loom::lazy_static!) are no imports.
mapfile -t outside < <(below engine/src | grep -vx engine/src/sync.rs)
finding "only engine/src/sync.rs names std::sync, parking_lot, arc-swap or loom" "$(
    code "${outside[@]}" |
        matches '\b(std::sync|core::sync|std::\{[^}]*\bsync\b|parking_lot|arc_swap|loom::)' |
        matches -v 'loom::(thread_local|lazy_static)!'
)"

# The folder table: what the rooms of the engine, and the floors of its registry, must not name. The maps of
# docs/ARCHITECTURE.md, which scripts/rooms.py holds against the imports, say the same as arrows.
while read -r room forbidden; do
    mapfile -t files < <(below "engine/src/$room")
    within=""
    case "$room" in registry/*) within='registry::' ;; esac
    finding "$room/ names what is above it: one of $forbidden" "$(
        code "${files[@]}" |
            matches "\b(crate::$within|super::super::)($forbidden)\b|crate::$within?\{[^}]*\b($forbidden)\b"
    )"
done <<'ROOMS'
cells               buckets|label|metric|registry|scrape|encode|parse
buckets             sync|cells|label|metric|registry|scrape|encode|parse
label               cells|buckets|metric|registry|scrape|encode|parse
metric              registry|scrape|encode|parse
encode              sync|cells|metric|registry|scrape|parse
registry            scrape|encode|parse
scrape              parse
parse               sync|cells|buckets|label|metric|registry|scrape|encode
registry/desc       store|collect|names|inner|declare|family|catalog|registry|self_metrics
registry/store      collect|names|inner|declare|family|catalog|registry|self_metrics
registry/collect    names|inner|declare|family|catalog|registry|self_metrics
registry/names      collect|inner|declare|family|catalog|registry|self_metrics
registry/declare    family|catalog|registry|self_metrics
registry/family     catalog|registry|self_metrics
ROOMS
finding "encode/ and buckets/ know no atomics" "$(code "${encode[@]}" "${buckets[@]}" | matches '\bAtomic|Ordering::')"
finding "docs/ARCHITECTURE.md does not show the rooms as they are" "$(python3 scripts/rooms.py)"

# Every ordering of the engine carries the number of a row of docs/ORDERINGS.md that names it and its file, and every row
# is cited. By an assignment, which ends the script where the program itself fails.
orderings="$(python3 scripts/orderings.py "${engine[@]}")"
finding "docs/ORDERINGS.md and the code do not agree" "$orderings"

# The engine has no I/O and no opinion on logging. -e normal: what users get, not what tests use.
finding "the engine depends on a runtime or a logger" "$(
    cargo tree --locked --package streamgauge --edges normal --prefix none |
        matches '^(tokio|hyper|tracing|log|futures|async-std|smol|h2|openssl|native-tls)[ -]'
)"
# What a program that uses no facade pays for it: this one crate, of which it links nothing.
exporter_tree() {
    cargo tree --locked --package streamgauge-exporter --edges normal --prefix none "$@" | sed 's/ (.*//' | sort -u
}
finding "the facade brings more than itself" "$(
    comm -13 <(exporter_tree --no-default-features) <(exporter_tree) | matches -v '^metrics '
)"
finding "somebody depends on benches, fuzz or loom-tests" "$(
    matches -H 'streamgauge-(benches|loom-tests|fuzz)' engine/Cargo.toml engine/derive/Cargo.toml \
        exporter/Cargo.toml examples/Cargo.toml
)"
# The exporter uses what everybody can use; the compiler holds privacy, this holds the features and cfgs that open it.
finding "the exporter uses more of the engine than its public API" "$(
    mapfile -t exporter < <(below exporter/src)
    code "${exporter[@]}" | matches 'engine_loom|streamgauge::(model|inject|Fault)\b'
)"

# Above 500 lines a file is two files.
finding "a source file of more than 500 lines" "$(
    below engine/src engine/derive/src exporter/src benches/src examples/src loom-tests/src | xargs wc -l |
        awk '$2 != "total" && $1 > 500 { print $2 ": " $1 " lines" }'
)"
# This file has to name what it looks for.
finding "a path of somebody's machine" "$(
    git grep --untracked -nIE '(^|[^[:alnum:]_.-])/(work|root|tmp|home)(/|["[:space:]]|$)' -- \
        ':!scripts/tidy.sh' ':!Cargo.lock' ':!fuzz/Cargo.lock' || true
)"

# The README's quick start is the example, from its first `use` on.
finding "the README's quick start is not examples/examples/quickstart.rs" "$(
    diff <(sed -n '/^use /,$p' examples/examples/quickstart.rs) \
        <(awk '/^```rust/ { inside = 1; next } /^```/ { inside = 0 } inside' README.md) || true
)"

# A package holds no file from outside its folder, and a symbolic link is a line of text where Git makes none (Windows).
finding "a licence in a package is not the repository's" "$(
    for folder in engine engine/derive exporter; do
        for licence in LICENSE-MIT LICENSE-APACHE; do cmp -s "$licence" "$folder/$licence" || echo "$folder/$licence"; done
    done
)"

# READMEs of packages and documentation are read elsewhere, so their links are whole.
finding "a link to a file of the repository that is not there" "$(
    git grep --untracked -hoE 'streamgauge/blob/main/[[:alnum:]_./-]+' -- '*.md' '*.rs' | sort -u |
        while IFS= read -r link; do [ -e "${link#*/main/}" ] || echo "$link"; done
)"

# Style remarks are left to taste.
finding "shellcheck" "$(
    if command -v shellcheck >/dev/null; then
        shellcheck --severity=warning .ci/run scripts/*.sh || true
    elif [ "${CI:-}" = true ]; then
        echo "shellcheck is missing; scripts/needs.sh shellcheck installs it"
    else
        echo "tidy: no shellcheck here, so the scripts were not looked at" >&2
    fi
)"

# Python that does not compile, or has what its compiler warns of. The cache goes where everything that is built goes.
mapfile -t python < <(git ls-files --cached --others --exclude-standard -- '*.py')
finding "Python" "$(
    PYTHONPYCACHEPREFIX="${CARGO_TARGET_DIR:-target}/pycache" python3 -W error -m py_compile "${python[@]}" 2>&1 || true
)"
# Names that are not there, or that nobody uses.
pyflakes="${CARGO_TARGET_DIR:-target}/venv/bin/pyflakes"
finding "pyflakes" "$(
    if [ -x "$pyflakes" ]; then
        "$pyflakes" "${python[@]}" || true
    elif [ "${CI:-}" = true ]; then
        echo "pyflakes is missing; scripts/needs.sh pyflakes installs it"
    else
        echo "tidy: no pyflakes here, so the Python files were only compiled" >&2
    fi
)"

if [ "$failed" -ne 0 ]; then exit 1; fi
echo "tidy: nothing to report"
