#!/usr/bin/env bash
# Licences, banned crates and sources of everything in Cargo.lock, by deny.toml. Installing cargo-deny takes minutes,
# so this belongs to the nightly run.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/needs.sh cargo-deny
# Advisories need a database that is in no package registry; see deny.toml.
cargo deny --locked check licenses bans sources
