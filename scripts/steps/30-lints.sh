#!/usr/bin/env bash
# Lints: clippy without a warning.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
cargo clippy --locked --release "${EVERYTHING[@]}" --all-targets -- -D warnings
