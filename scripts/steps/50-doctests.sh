#!/usr/bin/env bash
# Examples in the documentation run.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
cargo test --locked --release "${EVERYTHING[@]}" --doc
