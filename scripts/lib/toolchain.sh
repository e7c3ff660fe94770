# Are the tools here that Machi is built with? One sentence with its remedy for each that is not.
# Sourced, never run.
# shellcheck shell=bash

oldest_rust() {
    sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml
}

# Names what is missing to compile Machi, one sentence a line; prints nothing when all is there.
missing_compilers() {
    if ! have cargo || ! have rustc; then
        say "Rust is missing: install it as https://www.rust-lang.org/tools/install says, and open a new shell."
    else
        local found
        found="$(rustc --version | cut -d ' ' -f 2)"
        version_at_least "$found" "$(oldest_rust)" ||
            say "Rust $found is too old: Machi needs $(oldest_rust) or newer; 'rustup update stable' brings it."
    fi
    have "${CC:-cc}" ||
        say "A C compiler is missing: install gcc or clang (Debian: apt-get install gcc libc6-dev)."
}

# Names why the console cannot be built; prints nothing when it can.
missing_node() {
    if ! have node || ! have npm; then
        say "Node is missing: install Node 20 or newer with npm (https://nodejs.org)."
    elif ! version_at_least "$(node --version | tr -d v)" 20; then
        say "Node $(node --version) is too old: install Node 20 or newer (https://nodejs.org)."
    fi
}
