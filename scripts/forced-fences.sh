#!/usr/bin/env bash
# The engine's tests on the fallback of the pin: real fences on both sides, as where membarrier is missing.
# Arguments go to `cargo test`.
set -euo pipefail
cd "$(dirname "$0")/.."

# A cfg changes every artifact, so a target folder of its own keeps the usual one warm.
export RUSTFLAGS="${RUSTFLAGS:-} --cfg engine_force_fence"
# Absolute: the test of what the derives refuse builds in it from the folder of its package.
target="$(realpath -m "${CARGO_TARGET_DIR:-target}")"
export CARGO_TARGET_DIR="$target/forced-fences"
# --lib --tests: documentation tests show nothing here.
cargo test --locked -p streamgauge --lib --tests --no-fail-fast "$@"
