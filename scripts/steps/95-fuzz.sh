#!/usr/bin/env bash
# Fuzzing: each parser finds its planted fault and no other, ten seconds each.
#
# The seed stays the same, so that a change is not blamed for what chance would find; `make soak` draws its seeds.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"

FUZZ_SEED="${FUZZ_SEED:-1}" exec scripts/fuzz.sh
