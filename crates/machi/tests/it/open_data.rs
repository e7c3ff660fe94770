//! Lists as municipalities publish them, a few made-up rows of each, through the mappings of the guide onto the map: what
//! a browser counts on each layer is what the API counts. `make realdata` does the same with whole lists.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, helpers included")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::kit::*;
use crate::page::{browsable, browse};

const STOPS: &str = "\
stop_id,stop_code,stop_name,stop_desc,stop_lat,stop_lon,zone_id,stop_url,location_type
1_1,,東口,,36.5594,139.8996,1,,0
1_2,,東口,,36.5594,139.8996,1,,0
1_3,,東口,,36.5595,139.8997,1,,0
1_4,,東口,,36.5595,139.8998,1,,0
1_5,,東口,,36.5596,139.8998,1,,0
2_1,,公園前,,36.5601,139.9102,2,,0
3_1,,大学前,,36.5449,139.9761,3,,0
4_1,,車庫,,36.5302,140.0123,4,,0
5_1,,終点,,36.5211,140.0301,5,,0
";

const GAUGES: &str = "\
id,日付,所在地,河川名,観測所名,管理者名,はん濫危険水位,避難判断水位,はん濫注意水位,水防団待機水位,geo3x3,url
1,2021-08-14,中央,一之川,橋の下,土木事務所,6.10,5.60,4.80,3.50,E913873569978769,
2,2021-08-14,北,二之川,水門,土木事務所,3.60,--- ,2.70,2.50,E913873658695248,
";

const AEDS: &str = "\
ID,名称,名称_カナ,名称_英字,所在地_連結表記,所在地_市区町村,緯度,経度,設置位置,電話番号,団体名,利用可能曜日,開始時間,終了時間,利用可能日時特記事項,小児対応設備の有無,URL
1,市役所,シヤクショ,City hall,中央1,中央市,36.0652,136.2217,1階,,中央市,月火水木金,8:30,17:00,,有,
2,体育館,タイイクカン,,中央2,中央市,36.0701,136.2105,玄関,,中央市,,,,,無,
3,図書館,トショカン,,中央3,中央市,36.0588,136.2350,受付,,中央市,,,,,無,
4,駅,エキ,,中央4,中央市,36.0621,136.2233,改札,,中央市,,,,,無,
5,移動図書館,イドウトショカン,,中央5,中央市,,,車内,,中央市,,,,,無,
6,公園,コウエン,,中央6,中央市,136.2233,36.0621,東屋,,中央市,,,,,無,
";

const SHELTERS: &str = "\
ID,名称,名称_カナ,名称_英字,所在地_連結表記,所在地_市区町村,緯度,経度,標高,電話番号,災害種別_洪水,\"災害種別_崖崩れ、土石流及び地滑り\",災害種別_高潮,災害種別_地震,災害種別_津波,災害種別_大規模な火事,災害種別_内水氾濫,災害種別_火山現象,指定避難所との重複,想定収容人数
1,第一小学校,,,中央1,中央市,36.0712,136.2103,31,,1,1,－,1,－,,,－,1,\"1,000\"
2,第二小学校,,,中央2,中央市,36.0655,136.2291,12.5,,,1,,1,1,,,,,1121人（3㎡あたり１人）
3,緑公園,,,中央3,中央市,36.0588,136.2350,,,,,,1,,1,,,,
";

const AREAS: &str = r#"{"type": "FeatureCollection", "features": [
{"type": "Feature", "properties": {"N03_001": "中央県", "N03_003": null, "N03_004": "中央市", "N03_007": "18201"},
 "geometry": {"type": "MultiPolygon", "coordinates": [[[[136.1, 36.0], [136.3, 36.0], [136.3, 36.1], [136.1, 36.0]]], [[[136.0, 36.2], [136.001, 36.2], [136.001, 36.201], [136.0, 36.2]]]]}},
{"type": "Feature", "properties": {"N03_001": "中央県", "N03_003": "北郡", "N03_004": "北町", "N03_007": "18322"},
 "geometry": {"type": "Polygon", "coordinates": [[[136.3, 36.1], [136.5, 36.1], [136.5, 36.2], [136.3, 36.1]]]}}]}"#;

const ISLANDS: &str = r#"{"type": "FeatureCollection", "features": [
{"type": "Feature", "properties": {"name": "島村"}, "geometry": {"type": "Polygon", "coordinates": [[[135.96, 36.2], [135.97, 36.2], [135.97, 36.21], [135.96, 36.2]]]}},
{"type": "Feature", "properties": {"name": "島村"}, "geometry": {"type": "Polygon", "coordinates": [[[135.98, 36.2], [135.981, 36.2], [135.981, 36.201], [135.98, 36.2]]]}}]}"#;

/// What is ground for the map, told by other shapes than it is drawn with at best.
const GROUND: &str = r#"{"type": "FeatureCollection", "features": [
{"type": "Feature", "id": "urn:ngsi-ld:Park:1", "properties": {"type": "Park", "name": "緑公園"}, "geometry": {"type": "Point", "coordinates": [136.2350, 36.0588]}},
{"type": "Feature", "id": "urn:ngsi-ld:River:1", "properties": {"type": "River", "name": "一之川"}, "geometry": {"type": "LineString", "coordinates": [[136.1, 36.05], [136.3, 36.07]]}}]}"#;

/// Files, each with its mapping and with how many of its rows become entities.
const FILES: &[(&str, &str, &str, usize)] = &[
    ("stops.txt", STOPS, "gtfs-stops.toml", 9),
    ("gauges.csv", GAUGES, "river-gauge.toml", 2),
    ("aed.csv", AEDS, "aed.toml", 5),
    ("shelters.csv", SHELTERS, "shelters.toml", 3),
    ("areas.geojson", AREAS, "boundaries-n03.toml", 2),
    ("islands.geojson", ISLANDS, "boundaries-named.toml", 2),
    ("ground.geojson", GROUND, "", 2),
];

/// What each layer holds: how many entities, and how many of them have a place.
const LAYERS: &[(&str, usize, usize)] = &[
    ("GtfsStop", 9, 9),
    ("RiverGauge", 2, 2),
    ("AED", 5, 4),
    ("EvacuationShelter", 3, 3),
    ("AdministrativeArea", 4, 4),
    ("Park", 1, 1),
    ("River", 1, 1),
];

/// Tiles that count what is more, so that a handful is a crowd.
const CROWDS: &str = "[limits]\ntile_features = 4\n";

#[test]
fn a_browser_counts_on_each_layer_what_the_api_counts() {
    let Some(city) = browsable(Options { config: Some(CROWDS.to_owned()), ..Options::default() }) else { return };
    let folder = tempfile::tempdir().unwrap();
    for (name, content, mapping, taken) in FILES {
        let file = folder.path().join(name);
        fs::write(&file, content).unwrap();
        let told = import(&city, &file, mapping);
        assert!(told.contains(&format!(" {taken} taken, ")), "{told}");
    }
    let report = folder.path().join("counts");
    browse(&city, "tests/browser/counts.test.ts", &[("COUNTS", &report)]);
    let told = fs::read_to_string(report).unwrap();
    for (kind, all, placed) in LAYERS {
        let line = format!("- {kind}: {all} by the API, {placed} of them with a place; on the map {placed} at once (");
        assert!(told.contains(&line) && told.contains(&format!(", {placed} one by one (")), "{line} in {told}");
    }
    assert_eq!(told.lines().count(), LAYERS.len(), "{told}");
    let stops = told.lines().find(|line| line.contains("GtfsStop")).unwrap_or_default();
    assert!(!stops.contains("(0 clusters)") && !stops.contains("(1 looks)"), "a crowd is counted by clusters: {stops}");
}

/// What the command says.
fn import(city: &City, file: &Path, mapping: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_machi"));
    command.args(["import", "--server", &city.url()]).arg(file).stdin(Stdio::null()).env("LC_ALL", "C");
    if !mapping.is_empty() {
        let mappings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/mappings");
        command.arg("--mapping").arg(mappings.join(mapping));
    }
    let output = command.output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    said(&output.stdout) + &said(&output.stderr)
}
