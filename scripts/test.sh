#!/usr/bin/env bash
# The tests: formatting, lints, then every unit, property, conformance, integration and documentation test.
# Needs nothing beside the Rust toolchain. Arguments go to `cargo test`, before its `--`.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo fmt --all --check
# --locked: the dependencies of Cargo.lock and no others. All targets: tests, benches and examples too.
cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
# Features are additive: without the facade, and with one version of it alone.
cargo clippy --locked -p streamgauge-exporter --no-default-features -- -D warnings
cargo clippy --locked -p streamgauge-exporter --no-default-features --features metrics-0-23 -- -D warnings
# Broken links and malformed documentation are errors in what has readers: the crates that are published.
RUSTDOCFLAGS="${RUSTDOCFLAGS:-} -D warnings" cargo doc --locked --no-deps --quiet \
    -p streamgauge -p streamgauge-derive -p streamgauge-exporter
# --no-fail-fast: one run shows every failure. Documentation tests are part of it. cli: the tests of the command too;
# metrics-0-23: those of the facade in both versions.
cargo test --locked --workspace --features streamgauge-exporter/cli,streamgauge-exporter/metrics-0-23 --no-fail-fast "$@"
