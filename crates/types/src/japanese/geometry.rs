//! What is wrong with a geometry, told in Japanese.

use super::{json, kind_of};
use crate::geo::GeometryFault;

const KINDS: &str = "Point、MultiPoint、LineString、MultiLineString、Polygon、MultiPolygon";

/// What is wrong with a geometry.
pub fn geometry(fault: &GeometryFault) -> String {
    match fault {
        GeometryFault::NotAnObject { found } => {
            format!("\"type\"と\"coordinates\"を持つオブジェクトが必要ですが、{}です", kind_of(found))
        }
        GeometryFault::NotJson(error) => {
            format!("JSONではありません({})", json(error))
        }
        GeometryFault::NoType => format!("\"type\"が必要です({KINDS}のいずれか)"),
        GeometryFault::UnknownType(name) => {
            format!("\"{name}\"というジオメトリの種類はありません({KINDS}のいずれか)")
        }
        GeometryFault::Collection => format!("GeometryCollectionは使えません({KINDS}のいずれか)"),
        GeometryFault::NoCoordinates => "\"coordinates\"が必要です".to_owned(),
        GeometryFault::NotAnArray { expected, found } => {
            format!("{}が必要ですが、{}です", part(expected), kind_of(found))
        }
        GeometryFault::Empty { expected } => format!("{}が必要ですが、空の配列です", part(expected)),
        GeometryFault::PositionLength(items) => {
            format!("位置は[経度, 緯度]または[経度, 緯度, 高度]ですが、要素が{items}個あります")
        }
        GeometryFault::NotANumber { found } => format!("座標は数値ですが、{}です", kind_of(found)),
        GeometryFault::Longitude(degrees) => format!(
            "経度{degrees}は-180から180の範囲にありません。日付変更線をまたぐジオメトリは2つに分けてください(RFC 7946 3.1.9)"
        ),
        GeometryFault::Latitude(degrees) => {
            format!("緯度{degrees}は-90から90の範囲にありません。位置は[経度, 緯度]の順です")
        }
        GeometryFault::ShortLine(positions) => format!("線には2つ以上の位置が必要ですが、{positions}個です"),
        GeometryFault::ShortRing(positions) => {
            format!("環には、最後が最初と等しい4つ以上の位置が必要ですが、{positions}個です")
        }
        GeometryFault::OpenRing { first, last } => {
            format!("環が閉じていません。最後の位置{last}が最初の位置{first}と異なります")
        }
        GeometryFault::TooManyPositions { limit } => format!("位置が{limit}個を超えています"),
    }
}

/// What belongs into a geometry, by its English name.
fn part(english: &str) -> &str {
    match english {
        "a position [longitude, latitude]" => "位置[経度, 緯度]",
        "an array of positions" => "位置の配列",
        "an array of rings" => "環の配列",
        "an array of lines" => "線の配列",
        "an array of polygons" => "ポリゴンの配列",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::Geometry;
    use crate::json::{DEFAULT_DEPTH, parse};

    #[test]
    fn every_fault_of_a_geometry_is_japanese_throughout() {
        let of = |kind: &str, coordinates: &str| format!(r#"{{"type":"{kind}","coordinates":{coordinates}}}"#);
        let texts = [
            "5".to_owned(),
            "[]".to_owned(),
            "true".to_owned(),
            "null".to_owned(),
            "\"{\"".to_owned(),
            "{}".to_owned(),
            r#"{"type":"Point"}"#.to_owned(),
            of("Circle", "[1,2]"),
            of("GeometryCollection", "[1,2]"),
            of("Point", "{}"),
            of("Point", "5"),
            of("Point", "[]"),
            of("Point", "[1]"),
            of("Point", "[true,1]"),
            of("Point", "[null,1]"),
            of("Point", "[[],1]"),
            of("Point", "[\"1\",1]"),
            of("Point", "[200,1]"),
            of("Point", "[1,100]"),
            of("MultiPoint", "{}"),
            of("MultiPoint", "[]"),
            of("LineString", "[[0,0]]"),
            of("LineString", "\"x\""),
            of("MultiLineString", "5"),
            of("Polygon", "5"),
            of("Polygon", "[[[0,0],[1,1],[0,0]]]"),
            of("Polygon", "[[[0,0],[1,1],[0,1],[2,2]]]"),
            of("MultiPolygon", "true"),
            of("LineString", &format!("[{}[0,0]]", "[0,0],".repeat(200_000))),
        ];
        for text in &texts {
            let shown: String = text.chars().take(60).collect();
            let error = Geometry::from_json(&parse(text.as_bytes(), DEFAULT_DEPTH).unwrap()).expect_err(&shown);
            let told = geometry(&error.fault);
            assert!(told.contains(['で', 'が', 'は']), "{shown}: {told}");
            let is_english = |word: &str| ["a", "an", "of", "the", "not", "is"].contains(&word);
            let mut words = told.split(|c: char| !c.is_ascii_alphabetic());
            assert!(!words.any(is_english), "{shown}: {told}");
        }
    }
}
