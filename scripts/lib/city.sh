# A city of its own for a script: served from a folder that goes with it.
# Sourced, never run.
# shellcheck shell=bash

# Makes the folder `work`, and sees to it that nothing is left when the script ends.
make_room() {
    work="$(mktemp -d)"
    city=""
    trap clear_up EXIT
}

clear_up() {
    end_process "$city"
    rm -rf "$work"
}

end_process() {
    [[ -n "$1" ]] || return 0
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

# Waits until a file has a line like this, as long as the process lives that writes it.
await_line() {
    local file="$1" pattern="$2" process="$3"
    until grep -q "$pattern" "$file" 2>/dev/null; do
        kill -0 "$process" 2>/dev/null || return 1
        sleep 0.1
    done
}

# Serves an empty city by the program $MACHI; leaves its process in `city` and its address in `server`.
open_city() {
    "$MACHI" serve --data "$work/city" --listen 127.0.0.1:0 --open >"$work/ready" 2>"$work/log" &
    city=$!
    await_line "$work/ready" "http://" "$city" || stop "The city did not start: $(tail -n 3 "$work/log")"
    server="$(sed -n 's/.*\(http:\/\/[^ ]*\).*/\1/p' "$work/ready")"
}
