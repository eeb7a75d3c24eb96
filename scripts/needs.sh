#!/usr/bin/env bash
# Installs the tools that checks need beside the Rust toolchain, each by its name in a package registry, and only
# where it is missing. Without arguments: everything CI uses.
#   rust-components    rustfmt and clippy, through rustup
#   rust-targets       the standard library for the other platforms that are checked, through rustup
#   promtool           Debian package prometheus; its daemon is not started
#   prometheus         the same; a check starts a server of its own
#   curl, shellcheck   Debian packages of that name
#   objdump            Debian package binutils
#   prometheus-client  the Python reference parser, in a virtual environment below the target directory
#   pyflakes           the same; what a compiler of Python would say
#   aarch64            Debian packages gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user, and the standard
#                      library through rustup
#   cargo-fuzz         cargo install
#   cargo-deny         cargo install; minutes, so only the nightly run asks for it
set -euo pipefail
cd "$(dirname "$0")/.."

venv="${CARGO_TARGET_DIR:-target}/venv"
apt_is_fresh=false

is_here() { if [[ "$1" == /* ]]; then [ -e "$1" ]; else command -v "$1" >/dev/null; fi; }

# debian PROGRAM|FILE PACKAGE: installs the Debian package unless the program, or the file, is there.
debian() {
    if is_here "$1"; then return; fi
    if ! command -v apt-get >/dev/null; then
        echo "needs: $1 is missing and there is no apt-get; install it with your package manager" >&2
        return 1
    fi
    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then sudo=(sudo); fi
    if ! $apt_is_fresh; then
        "${sudo[@]}" apt-get update -qq
        apt_is_fresh=true
    fi
    # noninteractive: no question can be answered in CI. RUNLEVEL=1: invoke-rc.d starts no daemon.
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends "$2" >/dev/null
    is_here "$1"
    echo "needs: installed $2 for $1"
}

# tool NAME: installs a cargo subcommand. --locked: the dependencies its authors tested. No optimisation: these
# tools only start others, and compile in half the time.
tool() {
    if command -v "$1" >/dev/null; then return; fi
    CARGO_PROFILE_RELEASE_OPT_LEVEL=0 cargo install --locked --quiet "$1"
    echo "needs: installed $1"
}

# python MODULE PACKAGE: installs the Python package into the virtual environment unless the module is there.
python() {
    if "$venv/bin/python" -c "import $1" 2>/dev/null; then return; fi
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$2"
    echo "needs: installed $2"
}

component() {
    if cargo "$2" --version >/dev/null 2>&1; then return; fi
    rustup component add "$1"
}

need() {
    case "$1" in
        rust-components)
            component rustfmt fmt
            component clippy clippy
            ;;
        rust-targets) rustup target add aarch64-apple-darwin x86_64-pc-windows-msvc x86_64-unknown-linux-musl ;;
        promtool) debian promtool prometheus ;;
        prometheus) debian prometheus prometheus ;;
        shellcheck) debian shellcheck shellcheck ;;
        curl) debian curl curl ;;
        objdump) debian objdump binutils ;;
        prometheus-client) python prometheus_client prometheus-client ;;
        pyflakes) python pyflakes pyflakes ;;
        aarch64)
            debian aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
            debian /usr/aarch64-linux-gnu/lib/crt1.o libc6-dev-arm64-cross
            debian qemu-aarch64 qemu-user
            rustup target add aarch64-unknown-linux-gnu
            ;;
        cargo-fuzz | cargo-deny) tool "$1" ;;
        *)
            echo "needs: $1 is not in the list at the top of this script" >&2
            return 2
            ;;
    esac
}

if [ $# -eq 0 ]; then
    set -- rust-components rust-targets promtool prometheus shellcheck curl objdump prometheus-client pyflakes \
        cargo-fuzz
fi
for name in "$@"; do need "$name"; done
