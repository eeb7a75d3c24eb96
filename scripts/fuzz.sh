#!/usr/bin/env bash
# Builds every fuzz target and runs it for a while: scripts/fuzz.sh [SECONDS a target, 20 by default] [TARGET...]
# With a nightly toolchain under AddressSanitizer, else on the stable one without a sanitizer: the oracles of the
# targets find the same wrong results, but memory errors would have to crash to be seen.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds="${1:-20}"
if [ $# -gt 0 ]; then shift; fi
target="${CARGO_TARGET_DIR:-target}"

# The targets are a workspace of their own, which `scripts/test.sh` does not see. First their lints, and their checks
# on a fixed set of inputs, which needs no fuzzer.
cargo fmt --manifest-path fuzz/Cargo.toml --check
cargo clippy --locked --manifest-path fuzz/Cargo.toml --target-dir "$target" --all-targets -- -D warnings
cargo test --locked --manifest-path fuzz/Cargo.toml --target-dir "$target"

scripts/needs.sh cargo-fuzz

if cargo +nightly --version >/dev/null 2>&1; then
    toolchain=+nightly sanitizer=address
else
    # cargo-fuzz itself is happy with a stable compiler as long as no sanitizer is asked for.
    toolchain=+stable sanitizer=none
    if ! cargo +stable --version >/dev/null 2>&1; then toolchain="+$(rustup show active-toolchain | cut -d' ' -f1)"; fi
fi
echo "fuzz: toolchain ${toolchain#+}, sanitizer $sanitizer, $seconds s a target"

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then mapfile -t targets < <(cargo "$toolchain" fuzz list); fi
if [ ${#targets[@]} -eq 0 ]; then
    echo "fuzz: no targets in fuzz/" >&2
    exit 1
fi

# A folder of its own: cargo-fuzz's flags differ from everybody else's. Absolute, because cargo-fuzz changes folders.
target_dir="$(mkdir -p "$target/fuzz" && cd "$target/fuzz" && pwd)"
cargo "$toolchain" fuzz build --sanitizer "$sanitizer" --target-dir "$target_dir"

for name in "${targets[@]}"; do
    echo "fuzz: $name"
    # max_total_time: the time limit. timeout: one input that takes longer than this is a finding.
    # rss_limit_mb: so is one that eats memory. print_final_stats: executions and the size of the corpus.
    cargo "$toolchain" fuzz run --sanitizer "$sanitizer" --target-dir "$target_dir" "$name" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 2>&1 |
        sed '/^"/d; /^###### /d' # the dictionary that it recommends
done
echo "fuzz: ${#targets[@]} targets, no finding"
