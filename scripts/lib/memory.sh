# How much memory there is to build in, and running a command within a bound of memory.
# Sourced, never run.
# shellcheck shell=bash

# What one job of cargo takes at its most, and what is left to everything else, in megabytes.
memory_of_a_job=700
memory_of_the_rest=400

# Prints where the kernel counts this process's memory, as "v1 FOLDER" or "v2 FOLDER"; fails where it does not say.
memory_group() {
    local path root
    path="$(sed -n 's/^[0-9]*:\([^:]*,\)\{0,1\}memory\(,[^:]*\)\{0,1\}:\(.*\)$/\3/p' /proc/self/cgroup | head -n 1)"
    root="$(awk '$0 ~ / - cgroup / && $NF ~ /(^|,)memory(,|$)/ { print $5; exit }' /proc/self/mountinfo)"
    if [[ -n "$path" && -n "$root" ]]; then
        printf 'v1 %s\n' "$(folder_of_group "$root" "$path")"
        return
    fi
    path="$(sed -n 's/^0:://p' /proc/self/cgroup)"
    root="$(awk '$0 ~ / - cgroup2 / { print $5; exit }' /proc/self/mountinfo)"
    [[ -n "$path" && -n "$root" ]] || return 1
    printf 'v2 %s\n' "$(folder_of_group "$root" "$path")"
}

# In a container the path of a group may lead outside of what is mounted; then the mount is the group.
folder_of_group() {
    local folder="${1%/}/${2#/}"
    folder="${folder%/}"
    if [[ -d "$folder" ]]; then printf '%s\n' "$folder"; else printf '%s\n' "$1"; fi
}

# Prints the megabytes that are left to this process: those of the machine, or fewer where its group may take fewer.
memory_left() {
    local left found kind folder
    left="$(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo)"
    if found="$(memory_group)"; then
        read -r kind folder <<<"$found"
        # A group is bound by those above it, too.
        while [[ -f "$folder/cgroup.procs" ]]; do
            found="$(left_in_group "$kind" "$folder")"
            ((found >= left)) || left="$found"
            folder="${folder%/*}"
        done
    fi
    printf '%s\n' "$left"
}

# Prints the megabytes that a group may still take; what it keeps of files can be had back.
left_in_group() {
    local limit used files
    if [[ "$1" == v1 ]]; then
        limit="$(cat "$2/memory.limit_in_bytes" 2>/dev/null || true)"
        used="$(cat "$2/memory.usage_in_bytes" 2>/dev/null || true)"
        files="$(awk '$1 ~ /^total_(in)?active_file$/ { sum += $2 } END { printf "%d", sum }' "$2/memory.stat" 2>/dev/null || true)"
    else
        limit="$(cat "$2/memory.max" 2>/dev/null || true)"
        used="$(cat "$2/memory.current" 2>/dev/null || true)"
        files="$(awk '$1 ~ /^(in)?active_file$/ { sum += $2 } END { printf "%d", sum }' "$2/memory.stat" 2>/dev/null || true)"
    fi
    # No bound is told by a word or by more bytes than there are.
    if [[ ! "$limit" =~ ^[0-9]{1,15}$ ]]; then
        printf '%s\n' 999999999
        return
    fi
    printf '%s\n' $(((limit - ${used:-0} + ${files:-0}) / 1048576))
}

# Prints how many jobs cargo may run at once: one for each processor, or fewer where memory is short.
jobs_for_memory() {
    local jobs=$((($1 - memory_of_the_rest) / memory_of_a_job)) most
    most="$(nproc)"
    ((jobs >= 1)) || jobs=1
    ((jobs <= most)) || jobs="$most"
    printf '%s\n' "$jobs"
}

# Has cargo run fewer jobs than there are processors where memory is short, and says so.
spare_memory() {
    [[ -z "${CARGO_BUILD_JOBS:-}" ]] || return 0
    local left
    left="$(memory_left)"
    CARGO_BUILD_JOBS="$(jobs_for_memory "$left")"
    export CARGO_BUILD_JOBS
    ((CARGO_BUILD_JOBS >= $(nproc))) || say "$(either \
        "There are $left MB of memory, so no more than $CARGO_BUILD_JOBS at a time of what is to be built is." \
        "メモリーの空きが${left}MBのため、同時にビルドする数を${CARGO_BUILD_JOBS}に減らします。")"
}

# Runs a command, or a function, with so many megabytes at most: in a control group where the kernel lets us make one. Where it does
# not, that is said, and what the command takes is measured instead.
#
# Leaves in `verdict` how it ended, in `peak` the most memory it had in megabytes, files that the kernel keeps included
# where there is a group, in `kills` how many processes the kernel ended for want of memory, and in `bound` whether there
# was one (`group`) or a measure (`measured`).
within_memory() {
    local megabytes="$1"
    shift
    verdict=0 peak=0 kills=0
    if make_group "$megabytes"; then
        bound=group
        # A shell that was told to watch for a failure would pass over those of the function.
        set +e
        (
            set -e
            echo "$BASHPID" >"$group/cgroup.procs"
            "$@"
        )
        verdict=$?
        set -e
        read_group
        remove_group
    else
        bound=measured
        say "The kernel gives no bound of memory here ($refusal): the command runs without one, and what it takes is measured."
        measured "$@"
    fi
}

# Makes a group below our own, and leaves its folder in `group`; fails and leaves the reason in `refusal`.
make_group() {
    local found own limit=$(($1 * 1048576))
    refusal="it counts no memory by groups"
    found="$(memory_group)" || return 1
    read -r kind own <<<"$found"
    group="$own/machi-$$-$RANDOM"
    refusal="$(mkdir "$group" 2>&1)" || return 1
    if [[ "$kind" == v2 && ! -e "$group/memory.max" ]]; then
        # Groups get a controller from above, as long as nothing runs there.
        refusal="$({ echo +memory >"$own/cgroup.subtree_control"; } 2>&1)" || refuse_group || return 1
    fi
    local file="$group/memory.max" swap="$group/memory.swap.max" swap_limit=0
    if [[ "$kind" == v1 ]]; then
        file="$group/memory.limit_in_bytes" swap="$group/memory.memsw.limit_in_bytes" swap_limit="$limit"
    fi
    refusal="$({ echo "$limit" >"$file"; } 2>&1)" || refuse_group || return 1
    # Memory on a disk is no memory.
    [[ ! -e "$swap" ]] || echo "$swap_limit" >"$swap" 2>/dev/null || true
}

refuse_group() {
    refusal="${refusal##*: }"
    rmdir "$group" 2>/dev/null || true
    return 1
}

read_group() {
    local most
    if [[ "$kind" == v1 ]]; then
        most="$(cat "$group/memory.max_usage_in_bytes")"
        kills="$(sed -n 's/^oom_kill //p' "$group/memory.oom_control")"
    else
        most="$(cat "$group/memory.peak" 2>/dev/null || echo 0)"
        kills="$(sed -n 's/^oom_kill //p' "$group/memory.events")"
    fi
    peak=$((most / 1048576)) kills="${kills:-0}"
}

# Nothing outlives its group.
remove_group() {
    local left
    for _ in $(seq 100); do
        left="$(cat "$group/cgroup.procs" 2>/dev/null || true)"
        [[ -z "$left" ]] || kill -KILL $left 2>/dev/null || true
        ! rmdir "$group" 2>/dev/null || return 0
        sleep 0.05
    done
    say "The control group $group could not be removed."
}

# Runs a command in a process group of its own, and looks five times a second how much memory the group has.
measured() {
    local processes now
    set -m
    (
        set -e
        "$@"
    ) &
    processes=$!
    set +m
    while kill -0 "$processes" 2>/dev/null; do
        now="$(memory_of_processes "$processes")"
        ((now <= peak)) || peak="$now"
        sleep 0.2
    done
    wait "$processes" || verdict=$?
    # Nothing outlives it here, either.
    kill -KILL -- "-$processes" 2>/dev/null || true
}

# Prints the megabytes of memory of all processes of a group; pages that they share count for each.
memory_of_processes() {
    # Processes end while they are read.
    { cat /proc/[0-9]*/stat 2>/dev/null || true; } |
        awk -v group="$1" -v page="$(getconf PAGESIZE)" \
            '{ sub(/.*\) /, "") } $3 == group { sum += $22 } END { printf "%d\n", sum * page / 1048576 }'
}
