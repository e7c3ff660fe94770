#!/usr/bin/env bash
# Tests on PostgreSQL: the whole integration suite once more, each city in a database of one server.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
source scripts/lib/tests.sh

if ! cargo nextest --version >/dev/null 2>&1; then
    say "cargo-nextest is not installed; the suite runs on folders alone."
    exit
fi

# What speaks of a folder as the place of a city: its disk, its backups, a new process on an old folder, its memory, and
# its added indexes.
only_in_folders='
    test(disk_trouble::) + test(import_endpoint::a_full_disk_ends_an_import)
    + test(history::a_backup_holds_the_past) + test(history_bucket::a_backup_of_a_past_in_a_bucket_is_whole)
    + test(restored_city::) + test(history_crashes::)
    + test(overload::alone::answers_that_nobody_reads_do_not_pile_up)
    + test(added_indexes::a_query_beyond_its_budget_is_too_complex)'

cargo build --locked --release "${EVERYTHING[@]}" --bin databases
# It ends when its input does, which is when this script has ended.
coproc databases { "${CARGO_TARGET_DIR:-target}/release/databases"; }
read -r MACHI_TEST_DATABASES <&"${databases[0]}"
export MACHI_TEST_DATABASES
run_tests postgres "${EVERYTHING[@]}" -E "package(machi) and binary(it) and not ($only_in_folders)"
