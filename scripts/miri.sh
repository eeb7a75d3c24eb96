#!/usr/bin/env bash
# Miri on the parts of the engine that use unsafe code: undefined behaviour, data races, leaks of the wrong kind.
# Needs a nightly toolchain with the components miri and rust-src; says so and skips with status 77 where they cannot
# be had. Miri runs a thousand times slower than the processor, so this is a selection; what is left out is arithmetic
# (buckets, numbers) and the long random programs (twin, state_machine). Tests have small sizes of their own under
# cfg(miri), and so have chunks and directories: Miri looks at every atomic that a reference reaches whenever one is
# made, which with 8192 pointers a slab it never came to the end of. About ten minutes.
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
miri --test suite -- errors::a_callback errors::label_order
# Values of one owner and their visitors; families with labels of their own.
miri --test suite -- bridge::
# Pins, and tables that grow under a lookup; slots that are found by number and emptied; caches of handles.
miri --test lookup_stress
miri --test suite -- enumerated::no_record_goes_to_a_foreign_series
miri --test suite -- handle_cache::a_cache_outlives handle_cache::a_closure_that_panics
# Series that go while others record, declare, and scrape.
miri --test suite -- removal::no_increment_reaches removal::a_registration_beside
miri --test suite -- metric_set::sets_come_and_go
miri --test scrapers
# Thread-locals that die before and after the engine's; slabs that are adopted and folded; cells that are used again;
# a thread that is attached in the middle of the engine's own work.
miri --test destructors
miri --test churn
miri --test teardown
miri --test cells
miri --test allocator_attach
