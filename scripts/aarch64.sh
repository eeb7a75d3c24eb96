#!/usr/bin/env bash
# The engine's tests on Arm, whose memory is ordered more weakly than x86's, under qemu's user-mode emulation. It runs
# their code with the barriers that they ask for on the processor at hand, so it finds what is compiled wrongly or
# assumed of x86, not a missing barrier: loom looks for those. About five minutes.
#
# The emulator keeps some 280 KiB for every thread that ever was (measured with a program of ten lines that makes and
# joins threads: 0.28 GB after a thousand, 1.4 GB after five thousand, by qemu 7.2), so `churn` has fewer births there
# and does not look at resident memory; `twin` runs fewer programs. Left out is `derives`, which asks the compiler what
# it refuses, and that is the same compiler.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/needs.sh aarch64
export STREAMGAUGE_EMULATED=1
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/aarch64"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
tests=()
for file in engine/tests/*.rs engine/tests/*/main.rs; do
    name="${file#engine/tests/}"
    name="${name%.rs}"
    name="${name%/main}"
    if [ "$name" != derives ]; then tests+=(--test "$name"); fi
done
cargo test --locked --target aarch64-unknown-linux-gnu -p streamgauge --lib "${tests[@]}" --no-fail-fast "$@"
