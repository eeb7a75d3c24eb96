#!/usr/bin/env bash
# The tests: formatting, lints, then every unit, property, conformance, integration and documentation test.
# Needs nothing beside the Rust toolchain. Arguments go to `cargo test`, before its `--`.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo fmt --all --check
# --locked: the dependencies of Cargo.lock and no others. All targets: tests, benches and examples too.
cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
# Broken links and malformed documentation are errors; only our own crates are documented.
RUSTDOCFLAGS="${RUSTDOCFLAGS:-} -D warnings" cargo doc --locked --workspace --no-deps --quiet
# --no-fail-fast: one run shows every failure. Documentation tests are part of it.
cargo test --locked --workspace --no-fail-fast "$@"
