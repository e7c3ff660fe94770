#!/usr/bin/env bash
# Format: every Rust file is as rustfmt writes it.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
cargo fmt --all --check
