#!/usr/bin/env bash
# Fuzzing: each parser finds its planted fault, and has no other, for ten seconds each.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/fuzz.sh

cargo fmt --manifest-path fuzz/Cargo.toml --check
build_fuzz
FUZZ_SEED="${FUZZ_SEED:-$((RANDOM + 1))}"
say "The seed is $FUZZ_SEED; FUZZ_SEED=$FUZZ_SEED make fuzz repeats the run."
mapfile -t targets < <("$FUZZ" --list 2>/dev/null)
fuzz_targets "${FUZZ_SECONDS:-10}" "${targets[@]}"
