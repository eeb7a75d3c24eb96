#!/usr/bin/env bash
# Miri on the parts of the engine that use unsafe code: undefined behaviour, data races, leaks of the wrong kind.
# Needs a nightly toolchain with the components miri and rust-src; says so and skips with status 77 where they cannot
# be had. Miri runs a thousand times slower than the processor, so this is a selection; what is left out is arithmetic
# (buckets, numbers) and the long random programs (twin, state_machine). Tests of attachment, adoption and
# reclamation have small sizes of their own under cfg(miri).
set -euo pipefail
cd "$(dirname "$0")/.."

skip() {
    echo "miri: skipped, nothing was checked: $1"
    exit 77
}
cargo +nightly --version >/dev/null 2>&1 || skip "there is no nightly toolchain"
rustup component add --toolchain nightly miri rust-src >/dev/null 2>&1 || skip "its components cannot be had"
cargo +nightly miri setup >/dev/null 2>&1 || skip "its standard library does not build"

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/miri"
# permissive-provenance: arc-swap and parking_lot keep pointers in integers. ignore-leaks: slabs live as long as the
# process by design. disable-isolation: tests read the clock and the environment.
export MIRIFLAGS="${MIRIFLAGS:-} -Zmiri-permissive-provenance -Zmiri-ignore-leaks -Zmiri-disable-isolation"
# Few random programs; each is another interleaving as well.
export PROPTEST_CASES="${PROPTEST_CASES:-4}"

miri() {
    echo "miri: $*"
    cargo +nightly miri test --locked -p streamgauge "$@"
}
miri --lib -- encode::buffer registry::selector label:: metric::snapshot
miri --test errors -- a_callback label_order
miri --test bridge -- a_value_has_one_user a_panic_inside series_of_one_family
miri --test lookup_stress -- a_panic_inside_a_lookup
# Thread-locals that die before and after the engine's; slabs that are adopted; cells that are used again. Folding is
# left out: reading the directories of a crowd of slabs takes Miri more than five minutes.
miri --test destructors
miri --test churn -- births_and_deaths a_depth
miri --test teardown
