#!/usr/bin/env bash
# Runs the models of loom-tests/ over the engine compiled with loom. About two minutes at the default bound.
#   LOOM_MAX_PREEMPTIONS  how many times a thread may be preempted in one execution (default 3; nightly: no bound)
set -euo pipefail
cd "$(dirname "$0")/.."

export LOOM_MAX_PREEMPTIONS="${LOOM_MAX_PREEMPTIONS:-3}"
# A cfg and a target folder of their own, so that nothing else is built over loom. Debug assertions state the
# invariants that the unsafe code relies on; a model should see them broken.
export RUSTFLAGS="${RUSTFLAGS:-} --cfg engine_loom -C debug-assertions"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/loom"
echo "loom: at most $LOOM_MAX_PREEMPTIONS preemptions an execution"
cargo test --release --no-fail-fast -p streamgauge-loom-tests -- --nocapture --test-threads=1 "$@" 2>&1
