#!/usr/bin/env bash
# Fuzzing: each parser finds its planted fault, and has no other, for ten seconds each.
FUZZ_SEED="${FUZZ_SEED:-1}" exec "$(dirname "${BASH_SOURCE[0]}")/../fuzz.sh"
