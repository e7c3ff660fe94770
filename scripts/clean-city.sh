#!/usr/bin/env bash
# Empties the city that make up keeps in ./data (or MACHI_DATA), after asking.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

city="$(realpath -m "${MACHI_DATA:-./data}")"
[[ -d "$city" ]] || stop "$(either "There is no city in $city." "${city}に都市はありません。")"
# Whatever else lies in a folder of that name is not ours to delete.
[[ -f "$city/format" || -z "$(ls -A "$city")" ]] ||
    stop "$(either "The folder $city holds no city; nothing was deleted." "フォルダー${city}に都市データはありません。何も削除していません。")"

# A city that is being served has its files open.
if [[ -n "$(find /proc/[0-9]*/fd -lname "$city/*" -print -quit 2>/dev/null)" ]]; then
    stop "$(either "The city in $city is running: stop it first." "${city}の都市は稼働中です。先に停止してください。")"
fi

read -r -p "$(either "Delete everything in $city? Type yes: " "${city}の中をすべて削除しますか? yesと入力してください: ")" answer || answer=""
[[ "$answer" == yes ]] || stop "$(either "Nothing was deleted." "何も削除していません。")"
rm -rf "$city"
say "$(either "The city in $city is gone; make up opens a new one." "${city}の都市を削除しました。make upで新しい都市を開きます。")"
