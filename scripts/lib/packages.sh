# What the tests need beside the compilers: Debian packages, Python clients, cargo's own tools.
# Installed where this user may; listed where not.
# Sourced, never run.
# shellcheck shell=bash

missing_packages() {
    local package probe
    while read -r package probe; do
        [[ -z "$package" || "$package" == \#* ]] && continue
        bash -c "$probe" >/dev/null 2>&1 </dev/null || printf '%s\n' "$package"
    done <scripts/packages.txt
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi
}

may_install() {
    have apt-get && { ((EUID == 0)) || { have sudo && sudo -n true 2>/dev/null; }; }
}

# Run level 1 keeps a freshly installed server from being started beside the tests' own.
install_packages() {
    local quiet=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq -o Dpkg::Use-Pty=0)
    as_root "${quiet[@]}" update &&
        as_root "${quiet[@]}" install -y --no-install-recommends "$@" >/dev/null
}

provide_packages() {
    local absent
    mapfile -t absent < <(missing_packages)
    ((${#absent[@]} == 0)) && return
    if may_install; then
        say "Installing ${absent[*]}."
        install_packages "${absent[@]}" || true
        mapfile -t absent < <(missing_packages)
        ((${#absent[@]} == 0)) && return
    fi
    stop "The tests need these packages, and they could not be installed here:
$(printf '    %s\n' "${absent[@]}")
Install them (Debian: apt-get install ${absent[*]}) and run make test again. No test has run."
}

# The environment of the tests; .venv points to it.
provide_python_clients() {
    local home
    home="$(python_environment scripts/requirements.txt)"
    provide_python_environment "$home" scripts/requirements.txt
    [[ -L .venv ]] || rm -rf .venv
    ln -sfn "$home" .venv
}

# Leaves in `spark` a Python that has Spark; stops where there is no Java.
provide_spark() {
    have java || stop "Spark needs Java (Debian: apt-get install default-jre-headless)."
    local home
    home="$(python_environment scripts/requirements-soak.txt)"
    provide_python_environment "$home" scripts/requirements-soak.txt
    spark="$home/bin/python"
}

# Leaves in `clients` a Python that has the clients of the SQL face; psql is one more of them.
provide_sql_clients() {
    local home
    have psql || { may_install && install_packages postgresql-client; } || true
    have psql || stop "The SQL face is tried with psql (Debian: apt-get install postgresql-client)."
    home="$(python_environment scripts/requirements-sql.txt)"
    provide_python_environment "$home" scripts/requirements-sql.txt
    clients="$home/bin/python"
}

# An environment lies in the cache under the checksum of what it consists of.
python_environment() {
    printf '%s/python/%s\n' "$(cache_folder)" \
        "$({ cat scripts/requirements.txt "$1" && python3 --version; } | cksum | cut -d ' ' -f 1)"
}

provide_python_environment() {
    [[ ! -f "$1/complete" ]] || return 0
    say "Installing the Python packages of $2."
    fill_python_environment "$1" "$2" || stop "The Python packages of $2 could not be installed. No test has run."
}

fill_python_environment() {
    rm -rf "$1" &&
        python3 -m venv "$1" &&
        "$1/bin/pip" install --quiet --disable-pip-version-check -r "$2" &&
        touch "$1/complete"
}

provide_cargo_tools() {
    local component
    for component in clippy fmt; do
        cargo "$component" --version >/dev/null 2>&1 && continue
        have rustup && rustup component add "${component/fmt/rustfmt}" && continue
        stop "cargo $component is missing: 'rustup component add ${component/fmt/rustfmt}' brings it. No test has run."
    done
}
