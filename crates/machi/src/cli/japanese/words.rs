//! The texts of the help, each in English, as the command line has it, and in Japanese.

use super::super::{ABOUT, EXAMPLES, demo, import, up};

/// The Japanese of a text.
pub(super) fn of(english: &str) -> Option<&'static str> {
    WORDS.iter().find(|(known, _)| *known == english).map(|(_, japanese)| *japanese)
}

/// All texts; a test holds that none is missing and none is left over.
pub(super) const WORDS: &[(&str, &str)] = &[
    (ABOUT, "Machi(街): 都市の今を1つにまとめ、標準API(NGSI-LD)で仲介します"),
    (EXAMPLES, EXAMPLES_JA),
    (import::EXAMPLES, IMPORT_EXAMPLES_JA),
    (demo::EXAMPLES, DEMO_EXAMPLES_JA),
    (up::EXAMPLES, UP_EXAMPLES_JA),
    (
        "Open a city to look at: run it, and move an invented one in it",
        "すぐに見られる都市を開きます(都市を起動し、架空の都市を動かします)",
    ),
    ("The folder that holds the city's data; made where it is missing", "都市データのフォルダー。なければ作ります"),
    (
        "What an empty city is filled with: small (about 2,000 entities), city (50,000), metropolis (1,000,000) or none [default: small]",
        "空の都市に読み込むもの。small(約2,000件)、city(約5万件)、metropolis(約100万件)、none(なし) [既定値: small]",
    ),
    ("Print help", "ヘルプを表示します"),
    ("Print help (see more with '--help')", "ヘルプを表示します"),
    ("Print version", "バージョンを表示します"),
    ("Print this message or the help of the given subcommand(s)", "コマンドのヘルプを表示します"),
    ("Run a city until it is told to stop", "都市を起動し、停止を指示されるまで動かします"),
    (
        "Load files into a running city: NGSI-LD JSON, NDJSON, GeoJSON, CSV",
        "稼働中の都市にファイルを取り込みます(NGSI-LD JSON、NDJSON、GeoJSON、CSV)",
    ),
    ("Load an invented city into a running Machi, and move it", "架空の都市を稼働中のMachiに読み込み、動かします"),
    (
        "How large it is: small (about 2,000 entities), city (50,000) or metropolis (1,000,000)",
        "都市の大きさ。small(約2,000件)、city(約5万件)、metropolis(約100万件)",
    ),
    (
        "Which of all invented cities it is; the same number gives the same city",
        "都市を決める番号。同じ番号からは同じ都市ができます",
    ),
    (
        "How many attributes change in a second, at most [default: 30, 300 or 1000, by size]",
        "毎秒変化する属性数の上限 [既定値: 大きさに応じて30、300、1000]",
    ),
    ("Write a running or resting city to another folder", "稼働中または停止中の都市を別のフォルダーに保存します"),
    ("Put a backup into a new folder", "バックアップを新しいフォルダーに復元します"),
    ("Check every checksum, every row and every index of a city", "都市のすべてのチェックサム、行、索引を検査します"),
    ("List, create, export, restore and erase tenants", "テナントの一覧、作成、エクスポート、復元、消去"),
    (
        "Keep @contexts, so that they are there without a network",
        "ネットワークがなくても使えるように@contextを保存します",
    ),
    ("Believe the machine's clock after it has jumped ahead", "大きく進んだ時計を正しいものとして扱います"),
    (
        "Index sub-attributes, the inside of JSON values, and texts for patterns",
        "副属性、JSON値の内部、パターン検索の索引を管理します",
    ),
    ("Show or check settings", "設定を表示、検査します"),
    ("Print the OpenAPI description of Machi's own endpoints", "Machi独自のエンドポイントのOpenAPI定義を表示します"),
    ("Print the version", "バージョンを表示します"),
    (
        "The folder that holds the city's data; made where it is missing [setting: store.path]",
        "都市のデータを置くフォルダー。なければ作成します [設定: store.path]",
    ),
    (
        "Where to listen; port 0 takes any free one [setting: server.listen, default 127.0.0.1:8080]",
        "待ち受けるアドレス。ポート0なら空きポートを使います [設定: server.listen、既定値: 127.0.0.1:8080]",
    ),
    (
        "A file with settings; `machi config example` prints one",
        "設定ファイル。ひな形は`machi config example`で表示できます",
    ),
    (
        "An inside network that notifications and contexts may reach; may be given several times",
        "通知や@contextの送信先として許可する内部ネットワーク。複数指定できます",
    ),
    (
        "Let everybody on this machine in: there is no sign-in yet",
        "このマシンからの接続をすべて許可します(サインインはまだありません)",
    ),
    (
        "Let a private network in too, such as 10.1.0.0/16; may be given several times",
        "内部ネットワークからの接続も許可します(例: 10.1.0.0/16)。複数指定できます",
    ),
    ("NGSI-LD JSON or NDJSON, GeoJSON or CSV", "NGSI-LD JSON、NDJSON、GeoJSON、CSVのファイル"),
    (
        "How the columns of a CSV or the properties of a GeoJSON become attributes",
        "CSVの列やGeoJSONのプロパティを属性に変える対応表",
    ),
    ("Print a mapping to begin with, and import nothing", "対応表のひな形を表示します(取り込みは行いません)"),
    (
        "The encoding of CSV files, where it is not recognised",
        "CSVの文字コード(自動で判別できない場合)。utf8またはcp932(Shift JIS)",
    ),
    ("The @context of entities that carry none", "@contextのないエンティティに使う@context"),
    ("Into which tenant", "取り込み先のテナント"),
    ("Leave attributes as they are that a row does not name", "行に書かれていない属性をそのまま残します"),
    ("Where the running city listens", "稼働中の都市のアドレス"),
    (
        "Where the report of refused rows is written [default: FILE.rejected.csv]",
        "取り込めなかった行の記録の保存先 [既定値: FILE.rejected.csv]",
    ),
    ("Begin anew, even if an earlier run was interrupted", "中断した取り込みがあっても、最初からやり直します"),
    ("The folder to write; new or empty", "保存先のフォルダー(新規または空)"),
    ("The city's folder; the city may be running", "都市のフォルダー(稼働中でもかまいません)"),
    (
        "The city's folder, where the city may be running, or that of a backup",
        "都市のフォルダー(稼働中でもかまいません)またはバックアップのフォルダー",
    ),
    ("A folder that `machi backup` wrote", "`machi backup`が保存したフォルダー"),
    ("The city's new folder; new or empty", "都市の新しいフォルダー(新規または空)"),
    ("List the tenants with their entities and bytes", "テナントの一覧を、エンティティ数とバイト数とともに表示します"),
    (
        "Write everything of a tenant, as of one position, to a new file",
        "テナントのすべてを、1つの位置の状態で新しいファイルに書き出します",
    ),
    (
        "Bring a tenant back from such a file; the tenant must hold nothing",
        "書き出したファイルからテナントを復元します(テナントは空であること)",
    ),
    (
        "Make a tenant that holds nothing, where its first write is not to make it",
        "空のテナントを作成します(最初の書き込みで作られない設定の場合)",
    ),
    ("The name of the new tenant", "新しいテナントの名前"),
    ("Delete everything of a tenant for good", "テナントのすべてを完全に消去します"),
    ("Which tenant; - is the default one", "テナント。-は既定のテナント"),
    ("The file, lines of JSON", "書き出すファイル(1行1件のJSON)"),
    (
        "Which tenant, also under another name than it was exported from; - is the default one",
        "テナント。書き出したときと別の名前でもかまいません。-は既定のテナント",
    ),
    ("A file that `machi tenants export` wrote", "`machi tenants export`が書き出したファイル"),
    ("The same name again, so that no other tenant is erased by a slip", "確認のため、同じ名前をもう一度指定します"),
    (
        "Keep a file as the @context of an address, so that it is never fetched",
        "ファイルをアドレスの@contextとして保存し、以後は取得しないようにします",
    ),
    ("The address by which data names it", "データの中で@contextを指すアドレス"),
    ("The JSON-LD document", "JSON-LDの文書"),
    (
        "Confirm that a clock which jumped ahead by more than five minutes is right",
        "5分より多く進んだ時計が正しいことを確認します",
    ),
    ("The folder of the running city", "稼働中の都市のフォルダー"),
    (
        "Build an index: of a sub-attribute, of the inside of a JSON value, or for patterns",
        "副属性、JSON値の内部、パターン検索のいずれかの索引を作ります",
    ),
    (
        "What to index, as q writes it: `temperature.accuracy`, `address[city]`, `name`",
        "索引の対象。qと同じ書き方で指定します: `temperature.accuracy`、`address[city]`、`name`",
    ),
    ("Keep texts whole, for ~= and !~=", "文字列全体を保持します(~=と!~=のため)"),
    ("The @context that expands the names of the path", "対象の名前を展開する@context"),
    ("Do not wait until it is built", "完成を待たずに終了します"),
    ("Of this tenant", "対象のテナント"),
    ("List the added indexes", "追加した索引の一覧を表示します"),
    ("Drop an index", "索引を削除します"),
    ("Its id, as `machi index list` shows it", "`machi index list`が表示するID"),
    ("Print every setting with its explanation and its default", "すべての設定を、説明と既定値とともに表示します"),
    ("Check a file and the environment, and say what is wrong", "設定ファイルと環境変数を検査し、誤りを示します"),
    ("The file", "設定ファイル"),
];

const EXAMPLES_JA: &str = "\
例:
  machi up
      フォルダー./dataで、すぐに見られる都市を開きます
  machi serve --data ./city --open
      フォルダー./cityで、このマシン専用の都市を起動します
  curl http://127.0.0.1:8080/ngsi-ld/v1/types
      都市に問い合わせます
  machi config example > machi.toml
      すべての設定を説明付きで書き出します
  machi serve --data ./city --open --config machi.toml
      その設定で起動します";

const IMPORT_EXAMPLES_JA: &str = "\
例:
  machi import --propose aed.csv > aed.toml
      対応表のひな形を作ります
  machi import --mapping aed.toml aed.csv
      ファイルを取り込みます。UTF-8とCP932は自動で判別します
  machi import entities.ndjson roads.jsonld
      NGSI-LDのファイルはそのまま取り込めます

終了コードは、すべての行を取り込んだとき0、取り込めない行があったとき3(理由は記録にあります)、
最後まで進めなかったとき1です。1のときは、同じコマンドで続きから再開します。";

const UP_EXAMPLES_JA: &str = "\
例:
  machi up
      フォルダー./dataで、小さな架空の都市を開きます
  machi up --demo none --data ./ours
      空の都市を開きます

すでにある都市はそのまま開きます。架空の都市は続きから動きます。";

const DEMO_EXAMPLES_JA: &str = "\
例:
  machi demo
      このマシンのMachiに小さな都市を読み込み、Ctrl-Cまで動かします
  machi demo --size metropolis --url http://127.0.0.1:9090
      別のMachiに大きな都市を読み込みます

すでにある都市は読み込み直さず、続きから動かします。";
