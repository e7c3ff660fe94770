//! The phrases of which the errors of the query languages are made, in Japanese. What stands in quotation marks, and
//! the words of the languages themselves, stay as they are.

/// Phrases in the order in which they are replaced: those that hold others come first.
const PHRASES: &[(&str, &str)] = &[
    (
        "a value (a number, a quoted string, a date, a time, true, false or a URI)",
        "値(数値、引用符で囲んだ文字列、日付、時刻、true、false、URI)",
    ),
    ("a number, a quoted string, a date or a time", "数値、引用符で囲んだ文字列、日付、時刻"),
    ("a number of metres greater than 0", "0より大きい距離(メートル)"),
    (", as at the start of the range", "(範囲の始まりと同じ種類)"),
    ("an operator (==, !=, >, >=, <, <=, ~=, !~=)", "演算子(==、!=、>、>=、<、<=、~=、!~=)"),
    ("an operator", "演算子"),
    ("parentheses around what \";\" joins, as in (A;B),", "\";\"で結ぶ全体を囲む括弧(例: (A;B))"),
    ("a type or an attribute name", "型または属性の名前"),
    ("an attribute name", "属性名"),
    ("the name of a sub-attribute", "サブ属性名"),
    ("the name of a member", "メンバー名"),
    ("the name of a level", "階層名"),
    ("the name after the prefix", "接頭辞に続く名前"),
    ("\":\" after the types", "型の後の\":\""),
    ("\"}\" after the attribute of the linked entity", "関連エンティティの属性の後の\"}\""),
    ("\">\" after the IRI", "IRIの後の\">\""),
    ("\" at the end of the regular expression", "正規表現の末尾の\""),
    ("\" at the end of the quoted string", "文字列の末尾の\""),
    ("\"/\", with which a scope begins,", "スコープの先頭の\"/\""),
    ("the closing quotation mark", "閉じる引用符"),
    ("the end after \"*\"", "\"*\"の後の末尾"),
    ("\";\" with a direction", "方向を伴う\";\""),
    ("the quoted string is no JSON string,", "JSONの文字列ではありません:"),
    (
        "the regular expression is too large; a shorter one, or smaller repetitions, would do",
        "正規表現が大きすぎます。短くするか、繰り返しを減らしてください",
    ),
    ("the regular expression is not valid,", "正規表現が正しくありません:"),
    (
        "a member is named both whole and with a selection in braces; one of them would be right,",
        "同じメンバーが、全体としても波括弧付きでも指定されています",
    ),
    ("a geoquery has georel, geometry and coordinates", "地理検索にはgeorel、geometry、coordinatesが必要です"),
    ("an order by distance needs coordinates to measure from", "距離による並べ替えには基点の座標が必要です"),
    ("a position [longitude, latitude]", "位置[経度, 緯度]"),
    ("an array of positions", "位置の配列"),
    ("an array of rings", "環の配列"),
    ("an array of lines", "線の配列"),
    ("an array of polygons", "ポリゴンの配列"),
    ("a regular expression", "正規表現"),
    ("a quoted string", "引用符で囲んだ文字列"),
    ("a truth value", "真偽値"),
    ("a date-time", "日時"),
    ("a date", "日付"),
    ("a time", "時刻"),
    ("a number", "数値"),
    ("a string", "文字列"),
    ("an object", "オブジェクト"),
    ("an array", "配列"),
    ("a boolean", "真偽値"),
    ("a URI", "URI"),
    ("a name", "名前"),
    ("a type", "型"),
    (", or the end", "、末尾"),
    (" or the end", "、末尾"),
    ("the end", "末尾"),
    (" or ", "、"),
];

/// A phrase of an error in Japanese.
pub(super) fn in_japanese(text: &str) -> String {
    PHRASES.iter().fold(text.to_owned(), |text, (english, japanese)| text.replace(english, japanese))
}

#[cfg(test)]
mod tests {
    use machi_model::query::{
        Coordinates, GeoParameters, GeoQuery, OrderBy, OrderParameters, Pattern, Projection, Q, QueryError, ScopeQuery,
        TypeExpression,
    };

    fn place(georel: Option<&str>, geometry: &str, coordinates: &str) -> Option<QueryError> {
        let coordinates = Some(Coordinates::Text(coordinates));
        GeoQuery::parse(&GeoParameters { georel, geometry: Some(geometry), coordinates, geoproperty: None }).err()
    }

    fn order(order_by: &str) -> Option<QueryError> {
        OrderBy::parse(&OrderParameters { order_by: Some(order_by), ..OrderParameters::default() }).err()
    }

    /// Malformed texts in every language.
    fn errors() -> Vec<QueryError> {
        let q = [
            "",
            "z==",
            "z>",
            "z==1..",
            "z==1..\"x\"",
            "z b",
            "(z",
            "z)",
            "z.",
            "z[",
            "z[b",
            "l{",
            "l{z",
            "l{A,b}",
            "x:1",
            "<urn:x",
            "z~=",
            "z~=\"x",
            "z==\"x",
            "z==\"\\x\"",
            "z~=\"(z{1000}){1000}\"",
        ];
        let scopes = ["", "z", "/", "/z/#/b", "/z;/b", "\"/z"];
        let places = [
            (None, "Point", "[1,2]"),
            (Some("at"), "Point", "[1,2]"),
            (Some("near"), "Point", "[1,2]"),
            (Some("near;x"), "Point", "[1,2]"),
            (Some("near;maxDistance=1"), "Point", "[1,2]"),
            (Some("near;maxDistance==0"), "Point", "[1,2]"),
            (Some("within"), "Circle", "[1,2]"),
            (Some("within"), "Point", "[1]"),
            (Some("within"), "Point", "{}"),
            (Some("within"), "Point", "[true,1]"),
            (Some("within"), "Point", "[200,1]"),
            (Some("within"), "Polygon", "[]"),
            (Some("within"), "Polygon", "[[[0,0],[1,1],[0,1],[2,2]]]"),
            (Some("within"), "MultiPolygon", "5"),
            (Some("within"), "MultiLineString", "5"),
            (Some("within"), "LineString", "5"),
        ];
        let all = [
            q.iter().filter_map(|text| Q::parse(text).err()).collect::<Vec<_>>(),
            scopes.iter().filter_map(|text| ScopeQuery::parse(text).err()).collect(),
            ["", "z,", "z{", "z}", "z{b},z"].iter().filter_map(|text| Projection::parse("pick", text).err()).collect(),
            ["", "z;b", "*x", "(z"].iter().filter_map(|text| TypeExpression::parse(text).err()).collect(),
            ["", "z;", "z b", "z;dist-asc"].iter().filter_map(|text| order(text)).collect(),
            places.into_iter().filter_map(|(georel, geometry, text)| place(georel, geometry, text)).collect(),
            Pattern::parse("idPattern", "").err().into_iter().collect(),
        ];
        all.concat()
    }

    #[test]
    fn errors_of_queries_are_japanese_throughout() {
        let errors = errors();
        assert!(errors.len() > 50, "{}", errors.len());
        for error in errors {
            let text = super::super::query(&error);
            let words = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
            let english: Vec<&str> =
                words.filter(|word| ["a", "an", "the", "or", "and", "of"].contains(word)).collect();
            assert!(english.is_empty(), "{error}\n{text}");
        }
    }
}
