# Are the tools here that Machi is built with? One sentence with its remedy for each that is not.
# Sourced, never run.
# shellcheck shell=bash

oldest_rust() {
    sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml
}

# Names what is missing to compile Machi, one sentence a line; prints nothing when all is there.
missing_compilers() {
    if ! have cargo || ! have rustc; then
        say "$(either \
            "Rust is missing: install it as https://www.rust-lang.org/tools/install says, and open a new shell." \
            "Rustがありません。https://www.rust-lang.org/tools/installの手順で入れてから、新しい端末を開いてください。")"
    else
        local found
        found="$(rustc --version | cut -d ' ' -f 2)"
        version_at_least "$found" "$(oldest_rust)" ||
            say "$(either \
                "Rust $found is too old: Machi needs $(oldest_rust) or newer; 'rustup update stable' brings it." \
                "Rust ${found}では古すぎます。$(oldest_rust)以降が必要です。rustup update stableで更新できます。")"
    fi
    have "${CC:-cc}" ||
        say "$(either \
            "A C compiler is missing: install gcc or clang (Debian: apt-get install gcc libc6-dev)." \
            "Cコンパイラーがありません。gccかclangを入れてください(Debian: apt-get install gcc libc6-dev)。")"
}

# Names why the console cannot be built; prints nothing when it can.
missing_node() {
    if ! have node || ! have npm; then
        say "$(either \
            "Node is missing: install Node 20 or newer with npm (https://nodejs.org)." \
            "Nodeがありません。Node 20以降とnpmを入れてください(https://nodejs.org)。")"
    elif ! version_at_least "$(node --version | tr -d v)" 20; then
        say "$(either \
            "Node $(node --version) is too old: install Node 20 or newer (https://nodejs.org)." \
            "Node $(node --version)では古すぎます。Node 20以降を入れてください(https://nodejs.org)。")"
    fi
}
