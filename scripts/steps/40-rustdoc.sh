#!/usr/bin/env bash
# Documentation: rustdoc without a warning.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
RUSTDOCFLAGS="-D warnings" cargo doc --locked --release "${EVERYTHING[@]}" --no-deps
