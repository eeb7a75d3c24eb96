#!/usr/bin/env bash
# The tests: formatting, lints, then every unit, property, conformance, integration and documentation test.
# Needs nothing beside the Rust toolchain. Arguments go to `cargo test`, before its `--`.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo fmt --all --check
# --locked: the dependencies of Cargo.lock and no others. All targets: tests, benches and examples too.
cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
# Broken links and malformed documentation are errors in what has readers: the crates that are published.
RUSTDOCFLAGS="${RUSTDOCFLAGS:-} -D warnings" cargo doc --locked --no-deps --quiet \
    -p streamgauge -p streamgauge-derive -p streamgauge-exporter
# --no-fail-fast: one run shows every failure. Documentation tests are part of it. cli: the tests of the command too.
cargo test --locked --workspace --features streamgauge-exporter/cli --no-fail-fast "$@"
