# Builds the fuzz targets and runs one of them, for `make test` and `make soak`.
# Sourced, never run.
# shellcheck shell=bash

# Where corpora, findings and the build live: beside the other builds, never in git.
fuzz_folder() {
    printf '%s\n' "$(target_folder)/fuzz"
}

# The stable compiler counts edges and comparisons for libFuzzer; only the sanitizers would need a nightly one.
# A target named on the line keeps these flags away from build scripts.
build_fuzz() {
    local host
    host="$(rustc -vV | sed -n 's/^host: //p')"
    RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares" \
        cargo build --release --manifest-path fuzz/Cargo.toml --target "$host" \
        --target-dir "$(fuzz_folder)/build"
    FUZZ="$(fuzz_folder)/build/$host/release/machi-fuzz"
}

# Finds the planted fault of a target, then fuzzes it for so many seconds. Says what came of it in one line.
fuzz_target() {
    local target="$1" seconds="$2" folder log started
    folder="$(fuzz_folder)/$target"
    log="$folder/log"
    mkdir -p "$folder/corpus" "$folder/found"
    rm -rf "$folder/seeds"
    "$FUZZ" "--target=$target" "--write-seeds=$folder/seeds" 2>"$log"
    local options=("-dict=$folder/seeds.dict" -timeout=20 -rss_limit_mb=2048 -max_len=4096 -close_fd_mask=1)
    started=$SECONDS
    if ! planted_fault_is_found "$target" "$log" "${options[@]}"; then
        tell_fault "$target" "$log" "the planted fault was not found"
        return 1
    fi
    local planted=$((SECONDS - started))
    if ! "$FUZZ" "--target=$target" "${options[@]}" "-seed=$FUZZ_SEED" "-max_total_time=$seconds" -print_final_stats=1 \
        "-artifact_prefix=$folder/found/" "$folder/corpus" "$folder/seeds" >"$log" 2>&1; then
        tell_fault "$target" "$log" "it ended early"
        return 1
    fi
    local inputs edges
    inputs="$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
    edges="$(grep -o 'cov: [0-9]*' "$log" | tail -n 1)"
    say "ok     $target: planted fault in $planted s, then $inputs inputs in $seconds s, $edges"
}

# Says what the log tells of a fault, or the other thing where it tells of none.
tell_fault() {
    local target="$1" log="$2" otherwise="$3" fault
    fault="$(grep -m 1 -A 1 "panicked at\|ERROR: libFuzzer" "$log" | tr '\n' ' ' || true)"
    say "FAILED $target: ${fault:-$otherwise} (seed $FUZZ_SEED, $log, $(fuzz_folder)/$target/found)"
}

# Looks for the planted fault from several seeds: the first seconds of a run, when it knows few inputs, find the most.
planted_fault_is_found() {
    local target="$1" log="$2" folder attempt
    folder="$(fuzz_folder)/$target"
    shift 2
    for attempt in $(seq 30); do
        rm -rf "$folder/planted"
        mkdir -p "$folder/planted/inputs"
        if ! "$FUZZ" "--target=$target" --planted "$@" -keep_seed=1 "-seed=$((FUZZ_SEED + attempt))" -max_total_time=10 \
            "-artifact_prefix=$folder/planted/" "$folder/planted/inputs" "$folder/seeds" >"$log" 2>&1; then
            if grep -q "the planted fault" "$log"; then
                return
            fi
            # It found another fault on the way, a real one.
            mv "$folder"/planted/*-* "$folder/found/"
            return 1
        fi
    done
    return 1
}

# Runs all targets of the list, as many at once as there are processors.
fuzz_targets() {
    local seconds="$1"
    shift
    export -f fuzz_target planted_fault_is_found tell_fault fuzz_folder target_folder say
    export FUZZ FUZZ_SEED
    printf '%s\n' "$@" | xargs -P "$(nproc)" -I '{}' bash -c 'set -euo pipefail; fuzz_target "$1" "$2"' fuzz '{}' "$seconds"
}
