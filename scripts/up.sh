#!/usr/bin/env bash
# Builds Machi and opens a city on this machine (PORT=8080, MACHI_DATA=./data, DEMO=small|city|metropolis|none).
#
# FEATURES=sql builds the SQL face, too, which takes twice as long. MACHI=PROGRAM starts that program and builds nothing.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/toolchain.sh
source scripts/lib/console.sh
source scripts/lib/memory.sh

port="${PORT:-8080}"
data="${MACHI_DATA:-./data}"
# What building takes of an empty disk, and a city of a few minutes, in megabytes.
building=3000
beginning=100

# What would stop the city is told before the minutes of compiling, not after them.
if (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    stop "$(either \
        "Port $port is in use by another program: stop that one, or choose another port, as in make up PORT=$((port + 1))." \
        "ポート${port}は別のプログラムが使用中です。そのプログラムを終了するか、make up PORT=$((port + 1))のように別のポートを指定してください。")"
fi
mkdir -p "$data" 2>/dev/null && [[ -w "$data" ]] ||
    stop "$(either \
        "The folder $data cannot be written to: give yourself the right to, or choose another one, as in make up MACHI_DATA=~/city." \
        "フォルダー${data}に書き込めません。権限を付けるか、make up MACHI_DATA=~/cityのように別のフォルダーを指定してください。")"
require_space "$data" "$beginning"

if [[ -z "${MACHI:-}" ]]; then
    missing="$(missing_compilers)"
    [[ -z "$missing" ]] || stop "$missing"
    built="$(target_folder)/release/machi"
    [[ -f "$built" ]] || require_space . "$building"

    # The city runs without its page, so nothing about the page may stop it from starting.
    if console_exists && ! console_is_current; then
        missing="$(missing_node)"
        if [[ -z "$missing" ]]; then
            say "$(either "Building the page (half a minute)." "画面を作成しています(約30秒)。")"
            build_console ||
                missing="$(either "The page could not be built: the lines above say why." "画面を作成できませんでした。理由は上の行にあります。")"
        fi
        [[ -z "$missing" ]] || say "$missing" "$(either \
            "Machi starts without its page for now; the page says how to add it." \
            "今回は画面なしで起動します。追加する方法は画面の場所に表示されます。")"
    fi

    [[ -f "$built" ]] || say "$(either \
        "Building Machi: the first time takes about 8 minutes on two processors, later a few seconds." \
        "Machiをビルドしています。初回はプロセッサー2個で約8分、次回からは数秒です。")"
    spare_memory
    cargo build --locked --release -p machi --features "${FEATURES:-}"
    MACHI="$built"
fi

demo=()
[[ -z "${DEMO:-}" ]] || demo=(--demo "$DEMO")
exec "$MACHI" up --data "$data" --listen "127.0.0.1:$port" "${demo[@]}"
