#!/usr/bin/env bash
# The demo from end to end, as a user runs it: a verified run, a killed run that is resumed, a run with hundreds of
# short-lived tables, a run without metrics, and what it says to a bad flag, a used port and a directory that cannot be
# written.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=scripts/lib.sh
source scripts/lib.sh
cdc="$(build_example cdc)"

# run STATUS FLAGS...: runs the demo and wants this exit status. Standard output and error go to files.
run() {
    local wanted="$1" status=0
    shift
    # timeout: a run that hangs is a failure, not a hang of CI.
    timeout 300 "$cdc" "$@" >"$scratch/out" 2>"$scratch/err" || status=$?
    if [ "$status" -ne "$wanted" ]; then fail "cdc $* ended with $status, not $wanted"; fi
}

# verified EVENTS: the last line says that everything adds up, that some events were dead-lettered, and so on.
verified() {
    local line captured applied dead counted
    line="$(tail -n 1 "$scratch/out")"
    if [[ ! $line =~ ^verified:\ captured=([0-9]+)\ applied=([0-9]+)\ dead_lettered=([0-9]+)\ counted=([0-9]+|off)$ ]]; then
        fail "the last line is: $line"
    fi
    captured="${BASH_REMATCH[1]}" applied="${BASH_REMATCH[2]}" dead="${BASH_REMATCH[3]}" counted="${BASH_REMATCH[4]}"
    if [ "$captured" -ne "$1" ]; then fail "captured $captured events, not $1"; fi
    if [ $((applied + dead)) -ne "$captured" ]; then fail "applied and dead-lettered events are not those captured"; fi
    if [ "$dead" -eq 0 ]; then fail "the workload dead-lettered nothing"; fi
    if [ "$counted" != "${2:-$captured}" ]; then fail "counted $counted events, not ${2:-$captured}"; fi
    say "$line"
}

# tables CREATED: the summary says that so many tables were created at least, and how many are left of them.
tables() {
    local line live created dropped
    line="$(grep -E '^[0-9]+ tables live, [0-9]+ created, [0-9]+ dropped$' "$scratch/out")" || fail "no line on tables"
    read -r live _ _ created _ dropped _ <<<"$line"
    if [ "$created" -lt "$1" ]; then fail "only $created tables were created"; fi
    # Nine are the shop's own.
    if [ "$live" -ne $((9 + created - dropped)) ]; then fail "the tables do not add up: $line"; fi
    say "$line"
}

# complaint STATUS TEXT FLAGS...: the run fails at once with one line on standard error that holds TEXT.
complaint() {
    local status="$1" text="$2"
    shift 2
    run "$status" "$@"
    if [ "$(wc -l <"$scratch/err")" -ne 1 ]; then fail "cdc $*: more or less than one line of complaint"; fi
    if ! grep -qF -- "$text" "$scratch/err"; then fail "cdc $*: the complaint does not name $text"; fi
    say "$(sed "s|$scratch|SCRATCH|g" "$scratch/err")"
}

run 0 --events 100000
verified 100000
tables 1

# 137 is 128 + SIGKILL, which the shell reports as well.
run 137 --dir "$scratch/state" --events 200000 --kill-after 80000
run 0 --dir "$scratch/state" --events 200000
if ! grep -q "resumed behind event" "$scratch/out"; then fail "the second run did not resume"; fi
verified 200000

# Short lives, and a kill among them. The second run meets tables of the first, and drops them. No writer of orders: how
# many tables there are does not depend on who has how many turns.
run 137 --dir "$scratch/tables" --writers 0 --events 60000 --table-rows 5 --kill-after 20000
run 0 --dir "$scratch/tables" --writers 0 --events 60000 --table-rows 5
verified 60000
tables 200
# What is left is what there was before: with no tables allowed, the last ones go too, each by one event.
left="$(sed -n 's/^\([0-9]*\) tables live,.*/\1/p' "$scratch/out")"
run 0 --dir "$scratch/tables" --writers 0 --events 61000 --tables 0
verified $((60000 + left - 9))
tables 200
if ! grep -q "^9 tables live" "$scratch/out"; then fail "short-lived tables are left"; fi

run 0 --events 20000 --no-metrics
verified 20000 off

# The check of the checks: one lost increment must be noticed.
run 1 --events 5000 --fault drop-one-increment
if ! grep -q "differs" "$scratch/err"; then fail "a dropped increment was not named"; fi

complaint 2 --evens --evens 7
complaint 2 lots --events lots
complaint 2 1000 --tables 1000

# A port that a first demo holds.
start_demo "$cdc" --events 1000 --linger 300
address="${url#http://}"
address="${address%%/*}"
complaint 1 "$address" --events 9 --listen "$address"

# A path below a file can be written by nobody, root included.
touch "$scratch/file"
complaint 1 "$scratch/file/state" --events 9 --dir "$scratch/file/state"

say "all as it should be"
