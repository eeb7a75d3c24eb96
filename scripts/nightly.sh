#!/usr/bin/env bash
# The deep runs, for a quiet machine and an hour or two. Goes through all of them whatever fails, and ends with a
# table of what passed, failed, or was skipped and why.
#   STREAMGAUGE_STRESS  how many times the usual size the stress tests run at (default 10: two million births)
#   FUZZ_SECONDS        seconds for each fuzz target (default 120)
#   SOAK_SECONDS        length of the soak (default 300)
#   SIEGE_SECONDS       length of each siege (default 60)
#   FLAKY_ROUNDS        rounds in the search for tests that hope (default 3)
#   LOOM_SECONDS        where the deeper models are cut off (default 3600)
set -euo pipefail
cd "$(dirname "$0")/.."

logs="${CARGO_TARGET_DIR:-target}/nightly"
mkdir -p "$logs"
table=""
failed=0

# job NAME COMMAND...: runs it into a log. Status 77 means skipped, and the last line of the log says why.
job() {
    local name="$1" start=$SECONDS status=0 result
    shift
    echo "nightly: $name: $*"
    "$@" </dev/null >"$logs/$name.log" 2>&1 || status=$?
    case $status in
        0) result="pass" ;;
        77) result="skipped: $(tail -n 1 "$logs/$name.log")" ;;
        *)
            result="FAIL ($status), see $logs/$name.log"
            failed=1
            tail -n 30 "$logs/$name.log"
            ;;
    esac
    table+="$(printf '%-16s %6d s  %s' "$name" $((SECONDS - start)) "$result")"$'\n'
}

job needs scripts/needs.sh
job tidy scripts/tidy.sh
job test env CI="${CI:-true}" scripts/test.sh
# Release: the sizes are made for it, and races show at full speed.
job stress env STREAMGAUGE_STRESS="${STREAMGAUGE_STRESS:-10}" \
    cargo test --locked --release -p streamgauge --lib --tests --no-fail-fast
# A few rounds; more, by hand, after tests have changed.
job flaky scripts/flaky.sh "${FLAKY_ROUNDS:-3}"
# Fifty million records that nobody scrapes, and more random programs beside the stock recorder.
job facade-long env PROPTEST_CASES="${FACADE_CASES:-5000}" cargo test --locked --release -p streamgauge-exporter \
    --features metrics-0-23 --test facade_memory --test facade_differential --test facade_bad_input
job forced-fences env STREAMGAUGE_STRESS=2 scripts/forced-fences.sh --release
job platforms scripts/platforms.sh
job package scripts/package.sh
job no-lock-prefix scripts/no-lock-prefix.sh
job cdc scripts/cdc-check.sh
job scrape scripts/scrape-check.sh
job siege scripts/siege.sh "${SIEGE_SECONDS:-60}" --strict
job facade scripts/facade-check.sh
# 4 preemptions: one more than CI. Without a bound the larger models do not end.
job loom env LOOM_MAX_PREEMPTIONS=4 timeout "${LOOM_SECONDS:-3600}" scripts/loom.sh
job miri timeout 1800 scripts/miri.sh
job aarch64 timeout 1800 scripts/aarch64.sh
job tsan timeout 1800 scripts/tsan.sh
job fuzz scripts/fuzz.sh "${FUZZ_SECONDS:-120}"
job deny scripts/deny.sh
job soak scripts/soak.sh "${SOAK_SECONDS:-300}"
# Last, so that the figures are of a machine with nothing else to do.
job scoreboard cargo run --locked --release -p streamgauge-benches --bin scoreboard
cat "$logs/scoreboard.log"

printf '\n%s' "$table"
exit "$failed"
