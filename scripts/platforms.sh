#!/usr/bin/env bash
# What users compile on other platforms compiles, with its tests and without a warning: macOS on Arm, Windows, Linux with
# musl. Nothing is linked or run, so no linker or library of theirs is needed. Not the examples and benches, whose
# database is C. Arguments go to `cargo check`.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/needs.sh rust-targets
# A flag changes every artifact, so a target folder of its own keeps the usual one warm.
export RUSTFLAGS="${RUSTFLAGS:-} -D warnings"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/platforms"
for target in aarch64-apple-darwin x86_64-pc-windows-msvc x86_64-unknown-linux-musl; do
    echo "platforms: $target"
    cargo check --locked --quiet --target "$target" --all-targets \
        -p streamgauge -p streamgauge-derive -p streamgauge-exporter \
        --features streamgauge-exporter/cli,streamgauge-exporter/metrics-0-23 "$@"
done
echo "platforms: all compile"
