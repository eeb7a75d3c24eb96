#!/usr/bin/env bash
# The engine's multi-threaded tests under ThreadSanitizer. Needs a nightly toolchain with rust-src, because the
# standard library has to be instrumented too: without that, its locks are reported. Says so and skips with status 77
# where that cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() {
    echo "tsan: skipped, nothing was checked: $1"
    exit 77
}
cargo +nightly --version >/dev/null 2>&1 || skip "there is no nightly toolchain"
rustup component add --toolchain nightly rust-src >/dev/null 2>&1 || skip "rust-src cannot be had"
host="$(rustc +nightly -vV | sed -n 's/^host: //p')"
case "$host" in
    x86_64-unknown-linux-gnu | aarch64-unknown-linux-gnu | x86_64-apple-darwin | aarch64-apple-darwin) ;;
    *) skip "$host has no ThreadSanitizer" ;;
esac

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/tsan"
export RUSTFLAGS="${RUSTFLAGS:-} -Zsanitizer=thread"
# halt_on_error: a race fails the test. adaptive delays make rare interleavings common.
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1 enable_adaptive_delay=1}"
# --target: build scripts and macros stay uninstrumented. -Zbuild-std: the standard library does not.
failed=0
tsan() {
    cargo +nightly test --locked -Zbuild-std --target "$host" -p streamgauge --no-fail-fast "$@" || failed=1
}
# The skipped test watches resident memory, and the sanitizer's own grows with every thread; other tests have births and
# deaths too.
tsan --test cells --test churn --test destructors --test lookup_stress --test scrapers --test teardown --test twin \
    --test user_code "$@" -- --skip births_and_deaths_lose_nothing
tsan --test suite "$@" -- bridge:: removal:: walks::
exit "$failed"
