//! What is wrong with a geometry, told in Japanese.

use machi_types::geo::GeometryFault;

use super::phrases::in_japanese;

const KINDS: &str = "Point、MultiPoint、LineString、MultiLineString、Polygon、MultiPolygon";

/// What is wrong with a geometry.
pub(super) fn geometry(fault: &GeometryFault) -> String {
    match fault {
        GeometryFault::NotAnObject { found } => {
            format!("\"type\"と\"coordinates\"を持つオブジェクトが必要ですが、{}です", in_japanese(found))
        }
        GeometryFault::NotJson(error) => {
            format!("JSONではありません({error})")
        }
        GeometryFault::NoType => format!("\"type\"が必要です({KINDS}のいずれか)"),
        GeometryFault::UnknownType(name) => {
            format!("\"{name}\"というジオメトリの種類はありません({KINDS}のいずれか)")
        }
        GeometryFault::Collection => format!("GeometryCollectionは使えません({KINDS}のいずれか)"),
        GeometryFault::NoCoordinates => "\"coordinates\"が必要です".to_owned(),
        GeometryFault::NotAnArray { expected, found } => {
            format!("{}が必要ですが、{}です", in_japanese(expected), in_japanese(found))
        }
        GeometryFault::Empty { expected } => format!("{}が必要ですが、空の配列です", in_japanese(expected)),
        GeometryFault::PositionLength(items) => {
            format!("位置は[経度, 緯度]または[経度, 緯度, 高度]ですが、要素が{items}個あります")
        }
        GeometryFault::NotANumber { found } => format!("座標は数値ですが、{}です", in_japanese(found)),
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
