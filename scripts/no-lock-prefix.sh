#!/usr/bin/env bash
# Disassembles the record path and fails where it finds what would make a recorder wait: a locked instruction, an
# exchange with memory, a full fence, or a call of a panic. x86-64 only; takes about half a minute.
#
# The functions are those of engine/examples/record_path.rs, each one method of a handle under a name of its own.
# They are read from the object file, whose relocations still name every function that is called: a helper that
# is no longer inlined would hide its instructions from the check, so a callee must be one that is known to be cold.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ "$(rustc -vV | sed -n 's/^host: //p')" != x86_64-* ]]; then
    echo "no-lock-prefix: the check reads x86-64 instructions; nothing was checked on this machine"
    exit 0
fi

# A target folder of its own, so that the newest object file in it is always this build's.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/no-lock-prefix"
cargo rustc --quiet --release -p streamgauge --example record_path -- --emit=obj,link -C codegen-units=1
examples="$CARGO_TARGET_DIR/release/examples"
object="$(ls -t "$examples"/record_path-*.o | head -n 1)"
assembly="$(mktemp)"
trap 'rm -f "$assembly"' EXIT

failed=0
fail() {
    echo "FAIL  $*"
    failed=1
}

# Writes the instructions and relocations of one symbol to $assembly. Equal functions may have been merged, so the
# symbol is looked up by its section and address, not by the label that objdump prints.
disassemble() {
    local section start size
    read -r start section size < <(objdump -t "$object" | awk -v name="$1" '$NF == name { print "0x" $1, $(NF-2), "0x" $(NF-1) }') || true
    if [[ -z "${section:-}" ]]; then
        fail "$1: there is no such symbol"
        return 1
    fi
    objdump -dr --no-show-raw-insn --demangle=rust --section="$section" \
        --start-address="$start" --stop-address="$((start + size))" "$object" >"$assembly"
    if ! grep -q 'ret\|jmp' "$assembly"; then
        fail "$1: its disassembly is empty"
        return 1
    fi
}

# Locked instructions, exchanges with memory (which lock without a prefix), and full fences.
locked() {
    grep -E '\slock |\sxchg .*\(|\smfence' "$1" || true
}

# What a function refers to, without data: thread-locals, constants of the compiler.
callees() {
    sed -nE 's/.*R_X86_64_(PLT32|GOTPCREL|GOTPCRELX|REX_GOTPCRELX|PC32)\s+(.*)-0x[0-9a-f]+$/\2/p' "$1" |
        grep -vE '^\.(L|rodata|data)|^anon\.|tick::CLOCK$|fence::imp::REGISTERED$' | sort -u
}

# Functions that the record path calls only where it leaves the hot path: cold by name, or by the compiler's section.
cold='_cold$|_uncommon$|Once>?::call$|^\.text\.unlikely\.'

# Appends the functions of the same object that $assembly calls and that are not known to be cold ($1): what the
# compiler did not inline is read all the same.
follow() {
    local section read_already=' '
    while section="$(callees "$assembly" | grep -vE "$1" | grep '^\.text\.' | while read -r called; do
        [[ "$read_already" == *" $called "* ]] || { echo "$called"; break; }
    done)" && [[ -n "$section" ]]; do
        read_already+="$section "
        objdump -dr --no-show-raw-insn --demangle=rust --section="$section" "$object" >>"$assembly"
    done
    followed="$read_already"
}

for name in counter_inc counter_add duration_add_between gauge_set up_down_inc up_down_dec histogram_observe \
    histogram_observe_n; do
    symbol="streamgauge_asm_$name"
    disassemble "$symbol" || continue
    found="$(locked "$assembly")"
    unknown="$(callees "$assembly" | grep -vE "$cold" || true)"
    if [[ -n "$found" ]]; then
        fail "$symbol: $found"
        continue
    fi
    # A panic is a callee that is not known to be cold.
    if [[ -n "$unknown" ]]; then
        fail "$symbol calls: $unknown"
        continue
    fi
    echo "ok    $symbol: $(grep -cE '^ +[0-9a-f]+:	' "$assembly") instructions;" \
        "cold calls: $(callees "$assembly" | sed 's/.*:://' | paste -sd' ' -)"
done

# The lookups, whose other callees look at long or escaped values, or belong to a closure that panics: cleanup then may
# end in panic_in_cleanup, which is no panic of the lookup's own.
lookup="$cold"'|Lookup(<.*>)?::with_created$|with_noop$|is_escaped_value$|^bcmp$|^memcmp$|rapidhash_core|_Unwind_Resume$|panic_in_cleanup$'
for name in family_with enum_family_with; do
    symbol="streamgauge_asm_$name"
    disassemble "$symbol" || continue
    instructions="$(grep -cE '^ +[0-9a-f]+:	' "$assembly")"
    follow "$lookup"
    found="$(locked "$assembly")"
    unknown="$(callees "$assembly" | grep -vE "$lookup" | grep -vxF "$(tr ' ' '\n' <<<"$followed" | sed '/^$/d')" || true)"
    if [[ -n "$found$unknown" ]]; then
        fail "$symbol: $found, calls: $unknown"
        continue
    fi
    echo "ok    $symbol: $instructions instructions"
done

# The check must be able to fail: Gauge::add is a compare-and-swap loop and says so.
symbol=streamgauge_asm_gauge_add
if disassemble "$symbol"; then
    objdump -d --no-show-raw-insn --demangle=rust "$examples/record_path" |
        awk '/^[0-9a-f]+ <.*>:$/ { inside = /Gauge::add>:$/ } inside' >>"$assembly"
    if [[ -z "$(locked "$assembly")" ]]; then
        fail "$symbol: no lock prefix in a compare-and-swap loop; the check does not see what it looks for"
    else
        echo "ok    $symbol has a lock prefix, as it must"
    fi
fi

if [[ "$failed" -ne 0 ]]; then
    echo "no-lock-prefix: failed"
    exit 1
fi
echo "no-lock-prefix: passed"
