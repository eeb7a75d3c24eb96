#!/usr/bin/env bash
# Measures this working tree beside another commit, row by row of the scoreboard:
#   scripts/compare.sh COMMIT [--rows NAME,NAME..] [--rounds N] [-- ARGUMENTS OF THE SCOREBOARD]
# Both are built and run by turns, so that what the machine does meanwhile happens to both. What decides is the median,
# over N rounds (9 by default), of the ratio of our own figure now to that of the commit in the same round; peers do not
# count. Fails where a row is worse by more than 3 %, and says how far the rounds lay apart: where the least ratio is
# below 1 and the greatest above, more rounds tell more. On a quiet machine, and twice, before anything is concluded.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    echo "usage: scripts/compare.sh COMMIT [--rows NAME,NAME..] [--rounds N] [-- ARGUMENTS OF THE SCOREBOARD]" >&2
    exit 2
}
[ $# -gt 0 ] || usage
commit="$(git rev-parse --verify --quiet "$1^{commit}")" || {
    echo "compare: \`$1\` is not a commit of this repository" >&2
    exit 2
}
shift
rows="" rounds=9
while [ $# -gt 0 ]; do
    case "$1" in
        --rows) rows="${2?--rows needs names}" && shift 2 ;;
        --rounds) rounds="${2?--rounds needs a number}" && shift 2 ;;
        --) shift && break ;;
        *) usage ;;
    esac
done
if ! [[ "$rounds" =~ ^[1-9][0-9]*$ ]]; then
    echo "compare: --rounds expects a number such as 9, not \`$rounds\`" >&2
    exit 2
fi

target="$(mkdir -p "${CARGO_TARGET_DIR:-target}" && cd "${CARGO_TARGET_DIR:-target}" && pwd)"
scratch="$target/compare"
mkdir -p "$scratch"
tree="$scratch/tree"
cleanup() { git worktree remove --force "$tree" 2>/dev/null || true; }
trap cleanup EXIT
trap 'exit 130' INT TERM
# Of a run that was killed.
cleanup
git worktree prune
git worktree add --quiet --detach "$tree" "$commit"

# build FOLDER TARGET NAME: the scoreboard of the sources in a folder, under a name of its own, so that nobody's next
# build replaces it while it runs.
build() {
    (cd "$1" && cargo build --locked --quiet --release --target-dir "$2" -p streamgauge-benches --bin scoreboard)
    cp "$2/release/scoreboard" "$scratch/$3"
}
# The commit's target folder is kept: the next comparison builds little of it anew.
build "$tree" "$scratch/target" old
build . "$target" new
changed=""
if ! git diff --quiet HEAD; then changed=" with uncommitted changes"; fi
echo "compare: $(git rev-parse --short HEAD)$changed beside $(git rev-parse --short "$commit"), $rounds rounds"

python3 scripts/compare.py "$scratch/old" "$scratch/new" "$rows" "$rounds" "$@"
