#!/usr/bin/env bash
# The library crates are ready to be published: each compiles, with all features, from what its package holds; that is
# what users need and no test data; and the documentation builds as docs.rs builds it and says which feature an item
# needs. Prints the sizes. Publishes nothing. Where CI is not "true", changes that are not committed are packaged too.
#   CARGO_TARGET_DIR   where to build (default: target)
set -euo pipefail
cd "$(dirname "$0")/.."

# Where the usual folder has documentation of default features, and artifacts of other feature sets.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/packages"
mkdir -p "$CARGO_TARGET_DIR"
longest=$((200 * 1024))
flags=(--locked)
if [ "${CI:-}" != true ]; then flags+=(--allow-dirty); fi

failed=0
complain() {
    echo "package: $*" >&2
    failed=1
}

# Every package that is not kept from being published, so that none is forgotten: its name, version, oldest compiler and
# folder, and whether docs.rs is told what is built below.
published="$(
    cargo metadata --locked --no-deps --format-version 1 | python3 scripts/readers/cargo.py published
)"
chosen=()
names=()
while read -r name _; do
    chosen+=(-p "$name")
    names+=("${name//-/_}")
done <<<"$published"

# Together: each is verified against what the others would publish. Cargo names every test that an `include` leaves out,
# which is its purpose; any other warning would be seen by whoever publishes, or by users.
log="$CARGO_TARGET_DIR/package.log"
if ! cargo package "${flags[@]}" --all-features "${chosen[@]}" >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
if grep '^warning' "$log" | grep -vE ': ignoring (test|example) .* is not included in the published package$' >&2; then
    complain "cargo package warns of the above; all of it is in $log"
fi

while read -r name version compiler told folder; do
    files="$(cargo package "${flags[@]}" --list -p "$name" 2>/dev/null)"
    for file in README.md LICENSE-MIT LICENSE-APACHE; do
        grep -qx "$file" <<<"$files" || complain "$name has no $file"
    done
    if grep -E '^(tests|benches|examples)/' <<<"$files" >&2; then complain "$name ships the files above"; fi
    grep -q "Rust $compiler or newer" "$folder/README.md" || complain "$folder/README.md does not ask for Rust $compiler"
    [ "$told" = True ] || complain "$name does not tell docs.rs: all features, --cfg docsrs"

    crate="$CARGO_TARGET_DIR/package/$name-$version.crate"
    sizes="$(tar -tzvf "$crate" | awk '{ print $3, $6 }' | sort -rn)"
    awk -v most="$longest" '$1 > most { print; found = 1 } END { exit found }' <<<"$sizes" >&2 ||
        complain "$name ships files of more than $longest bytes, those above"
    awk -v name="$name" -v packed="$(wc -c <"$crate")" '
        NR == 1 { largest = $2 " (" $1 ")" }
        { sum += $1 }
        END { printf "package: %-20s %4d files %9d bytes, compressed %7d; largest: %s\n", name, NR, sum, packed, largest }
    ' <<<"$sizes"
done <<<"$published"

# docs.rs has a nightly compiler; by its name each of these crates, and none it depends on, may use an unstable feature.
RUSTC_BOOTSTRAP="$(IFS=,; echo "${names[*]}")" RUSTDOCFLAGS="${RUSTDOCFLAGS:-} --cfg docsrs -D warnings" \
    cargo doc --locked --quiet --no-deps --all-features "${chosen[@]}"
recorder="$CARGO_TARGET_DIR/doc/streamgauge_exporter/recorder/struct.Recorder.html"
for feature in metrics-0-23 metrics-0-24; do
    grep -q "Available on <strong>crate feature <code>$feature</code></strong> only" "$recorder" ||
        complain "the documentation does not say what needs the feature $feature: $recorder"
done

if [ "$failed" -ne 0 ]; then exit 1; fi
echo "package: ready to be published"
