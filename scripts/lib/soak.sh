# The parts of `make soak`, their results, and what still lacks.
# Sourced, never run.
# shellcheck shell=bash

# Columns: when, commit, part, seed, seconds, verdict, what was seen.
open_results() {
    RESULTS="$(target_folder)/soak/results.tsv"
    mkdir -p "$(dirname "$RESULTS")"
    touch "$RESULTS"
    COMMIT="$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)"
    # What was changed since has no name that a result could refer to.
    [[ -z "$(git status --porcelain 2>/dev/null)" ]] || COMMIT="$COMMIT+changes"
}

build_soak() {
    cargo build --locked --release -p machi -p machi-bench
    MACHI="$(target_folder)/release/machi"
    build_fuzz
}

# A fuzz target is a part of its own, so that a session of a few hours gets somewhere.
soak_parts() {
    printf '%s\n' crash kills history readers requests connections load bench sql
    "$FUZZ" --list 2>/dev/null | sed 's/^/fuzz\//'
}

run_part() {
    local part="$1" seed="${SEED:-$((RANDOM * 32768 + RANDOM + 1))}" log started verdict=ok
    log="$(dirname "$RESULTS")/${part//\//-}.log"
    started=$SECONDS
    say "" "== $part, seed $seed, log in $log"
    # The tests are those of `make test`; the environment alone tells them to do more.
    case "$part" in
        crash) run_tests "$log" MACHI_SOAK_ROUNDS="${ROUNDS:-50}" MACHI_SOAK_SEED="$seed" -- machi-store-embedded crash ;;
        kills) run_tests "$log" MACHI_SOAK_ROUNDS="${ROUNDS:-50}" MACHI_SOAK_SEED="$seed" -- machi kill_loop ;;
        history) run_tests "$log" MACHI_SOAK_ROUNDS="${ROUNDS:-50}" MACHI_SOAK_SEED="$seed" -- machi history_crashes ;;
        sql) check_sql >"$log" 2>&1 ;;
        readers) (provide_spark && run_tests "$log" MACHI_SOAK_SPARK="$spark" -- machi history_readers) ;;
        requests) run_tests "$log" MACHI_SOAK_REQUESTS="${REQUESTS:-1000000}" MACHI_SOAK_SEED="$seed" -- machi mutated ;;
        connections)
            # Both sides of each connection need a file.
            ulimit -n "$(ulimit -H -n)"
            run_tests "$log" MACHI_SOAK_CONNECTIONS="${CONNECTIONS:-10000}" -- machi overload
            ;;
        load) "$(target_folder)/release/steady" "$MACHI" "${DURATION:-3600}" >"$log" 2>&1 ;;
        bench) scripts/bench.sh >"$log" 2>&1 ;;
        fuzz/*) FUZZ_SEED="$seed" fuzz_target "${part#fuzz/}" "${SECONDS_EACH:-600}" >"$log" 2>&1 ;;
    esac || verdict=FAILED
    local took=$((SECONDS - started)) seen
    seen="$(grep -E 'seed|requests|done|early|ok  |FAILED|DRIFTS|idle|panicked|tests run' "$log" | tail -n 3 | tr '\t\n' '  ' || true)"
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$(date -u +%FT%TZ)" "$COMMIT" "$part" "$seed" "$took" "$verdict" "$seen" >>"$RESULTS"
    say "$verdict after $took s: $seen"
    [[ "$verdict" == ok ]]
}

# run_tests LOG VARIABLE=VALUE... -- PACKAGE MODULE: the module's tests, one after another.
run_tests() {
    local log="$1" settings=()
    shift
    while [[ "$1" != -- ]]; do
        settings+=("$1")
        shift
    done
    env "${settings[@]}" cargo test --locked --release -p "$2" --test it -- --nocapture --test-threads 1 "$3::" >"$log" 2>&1 &&
        grep -q "test result: ok. [1-9]" "$log"
}

# The SQL face, by all that `make test` asks of the rest: lints, documentation, tests.
check_sql() {
    local sql=(--locked --release -p machi-sql -p machi --features machi/sql)
    provide_packages && provide_sql_clients &&
        cargo clippy "${sql[@]}" --all-targets -- -D warnings &&
        RUSTDOCFLAGS="-D warnings" cargo doc --locked --release -p machi-sql --no-deps &&
        cargo test "${sql[@]}" --lib &&
        MACHI_SQL_PYTHON="$clients" cargo test "${sql[@]}" --test sql -- --nocapture
}

# The newest good result of a part that counts, as a line of the results; nothing where there is none.
counting_result() {
    local part="$1" line commit
    while IFS= read -r line; do
        commit="$(cut -f 2 <<<"$line")"
        if [[ "$commit" == "$COMMIT" ]] || counts "$commit"; then
            printf '%s\n' "$line"
            return
        fi
    done < <(tac "$RESULTS" | awk -F '\t' -v part="$part" '$3 == part && $6 == "ok"')
}

counts() {
    git merge-base --is-ancestor "$1" HEAD 2>/dev/null || return 1
    [[ -z "${SINCE:-}" ]] || git merge-base --is-ancestor "$SINCE" "$1" 2>/dev/null
}

print_state() {
    local part line
    say "" "Results in $RESULTS; this is $COMMIT."
    for part in "$@"; do
        line="$(counting_result "$part")"
        if [[ -n "$line" ]]; then
            awk -F '\t' '{ printf "  ok     %-22s %6s s  at %s, seed %s\n", $3, $5, $2, $4 }' <<<"$line"
        else
            printf '  lacks  %s\n' "$part"
        fi
    done
}

parts_that_lack() {
    local part
    for part in "$@"; do
        [[ -n "$(counting_result "$part")" ]] || printf '%s\n' "$part"
    done
}
