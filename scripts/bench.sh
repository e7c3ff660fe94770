#!/usr/bin/env bash
# Prints the table of figures with their ceilings (ENTITIES=100000, DOCUMENTS=1000000).
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --locked -p machi -p machi-bench
target="${CARGO_TARGET_DIR:-target}/release"
"$target/http" "$target/machi" "${ENTITIES:-100000}"
"$target/engine" "${DOCUMENTS:-1000000}"
