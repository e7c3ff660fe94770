//! What the model refuses, told in Japanese: one sentence for each fault, beside the English that the model itself tells.
//!
//! Words of the standards, names and positions stay as they are; a client finds them in its own request.

mod geometry;
mod phrases;

use geometry::geometry;
use machi_model::context::{ContextError, NameFault};
use machi_model::entity::Fault;
use machi_model::query::QueryError;
use machi_types::{InvalidIri, Json};
use phrases::in_japanese;

/// What a piece of JSON is.
pub(crate) fn kind(json: &Json<'_>) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "真偽値",
        Json::Number(_) => "数値",
        Json::String(_) => "文字列",
        Json::Array(_) => "配列",
        Json::Object(_) => "オブジェクト",
    }
}

/// What is wrong with an IRI.
pub(crate) fn iri(error: &InvalidIri) -> String {
    match error {
        InvalidIri::NoScheme(text) => {
            format!("\"{text}\"にはスキームがありません(例: urn:ngsi-ld:Room:1、https://example.org/room/1)")
        }
        InvalidIri::Empty(text) => format!("\"{text}\"はスキームの後に何もありません"),
        InvalidIri::Character { text, character } => {
            format!("\"{text}\"にはIRIで使えない文字{character:?}が含まれています")
        }
        InvalidIri::Percent(text) => {
            format!("\"{text}\"の%の後に16進数2桁がありません。%そのものは%25と書きます")
        }
        InvalidIri::Misplaced { text, character } => {
            format!("\"{text}\"の文字{character:?}はここでは使えません。パーセントエンコードしてください")
        }
        InvalidIri::TooLong { text, limit } => format!("\"{text}\"は長すぎます(上限は{limit}バイト)"),
    }
}

/// What is wrong with a query text.
pub(crate) fn query(error: &QueryError) -> String {
    match error {
        QueryError::Unexpected { language, position, expected, found } => {
            let found = if found == "the end" { "末尾" } else { found.as_str() };
            let expected = in_japanese(expected);
            format!("{language}: {position}文字目の{found}は正しくありません(ここに書けるもの: {expected})")
        }
        QueryError::Invalid { language, position, reason } => {
            format!("{language}: {position}文字目の指定が正しくありません({})", in_japanese(reason))
        }
        QueryError::TooLong { language, limit } => format!("{language}: {limit}文字を超えています"),
        QueryError::TooDeep { language, position, limit } => {
            format!("{language}: {position}文字目で入れ子が{limit}段を超えています")
        }
        QueryError::TooManyTerms { language, position, limit } => {
            format!("{language}: {position}文字目で条件が{limit}個を超えています")
        }
        QueryError::Missing { parameter, reason } => format!("{parameter}: 指定が必要です({})", in_japanese(reason)),
        QueryError::Collation(_) => {
            "collation: 照合順序の名前ではありません(例: und-x-icu、ja、de-u-co-phonebk)".to_owned()
        }
        QueryError::Geometry(error) => {
            format!("{}: ジオメトリが正しくありません({})", error.place, geometry(&error.fault))
        }
    }
}

/// What is wrong with a member of an entity.
pub(crate) fn fault(fault: &Fault) -> String {
    match fault {
        Fault::Form { expected, .. } => format!("JSONの型が違います(必要なもの: {expected})"),
        Fault::Missing(member) => format!("メンバー\"{member}\"がありません"),
        Fault::NoValue => {
            "属性に値がありません(value、object、languageMap、vocab、json、valueList、objectListのいずれかが必要です)"
                .to_owned()
        }
        Fault::Iri(error) => iri(error),
        Fault::Name { name, character } => {
            let because = character.map(|c| format!("(使えない文字: {c:?})")).unwrap_or_default();
            format!(
                "\"{name}\"は名前として使えません{because}。英字などの文字で始まる文字・数字・_、prefix:name、IRIのいずれかです"
            )
        }
        Fault::Expansion { name, reason } => format!("\"{name}\"を@contextで展開できません({reason})"),
        Fault::Reserved(name) => format!("\"{name}\"はNGSI-LDの予約語であり、属性名や型名にはできません"),
        Fault::SameName(name) => format!("同じオブジェクトの別のメンバーも{name}に展開されます"),
        Fault::SameDataset(dataset) => format!("datasetIdが{dataset}のインスタンスがほかにもあります"),
        Fault::SecondDefault => "datasetIdのないインスタンスは1つだけです".to_owned(),
        Fault::DateTime(text) => format!("\"{text}\"はUTCの日時ではありません(例: 2026-11-22T10:00:00Z)"),
        Fault::Date(text) => format!("\"{text}\"は日付ではありません(例: 2026-11-22)"),
        Fault::Time(text) => format!("\"{text}\"は時刻ではありません(例: 10:00:00Z)"),
        Fault::Scope(text) => format!("\"{text}\"はスコープではありません(例: /Fukui/River。32段、2048バイトまで)"),
        Fault::TooMany(count) => format!("名前が{count}個あります(上限は1000個)"),
        Fault::Language(text) => format!("\"{text}\"は言語タグ(RFC 5646)でも@noneでもありません"),
        Fault::UnknownKind(kind) => {
            format!("\"{kind}\"という属性の種類はありません(Property、Relationshipなど8種類です)")
        }
        Fault::Prohibited { member, kind } => format!("{}にメンバー\"{member}\"は使えません", kind.as_str()),
        Fault::NotLangString => "LanguagePropertyのvalueTypeはlangStringでなければなりません".to_owned(),
        Fault::NeedsGeoProperty(name) => format!("\"{name}\"はGeoPropertyでなければなりません"),
        Fault::Geometry(reason) => format!("GeoJSONのジオメトリではありません({reason})"),
        Fault::JsonNull => {
            "nullは値として使えません。メンバーを削除するには\"urn:ngsi-ld:null\"でPATCHしてください".to_owned()
        }
        Fault::Null => "\"urn:ngsi-ld:null\"は更新とマージで削除するときにだけ使えます".to_owned(),
        Fault::EmbeddedContext => "@contextは文書の最上位にだけ書けます".to_owned(),
        Fault::Depth => "属性の入れ子が深すぎます".to_owned(),
        Fault::SeveralInstances => {
            "属性インスタンスの配列です。ここでは1つだけ指定し、どれかはdatasetIdで示してください".to_owned()
        }
        Fault::MixedInstances => "配列に属性インスタンスとそうでない値が混ざっています".to_owned(),
    }
}

/// What is wrong with a @context.
pub(crate) fn context(error: &ContextError) -> String {
    match error {
        ContextError::Invalid { place, fault } => {
            let place = place.url().map_or("本文の@context".to_owned(), |url| format!("@context {url}"));
            format!("{place}の内容が正しくありません({fault})")
        }
        ContextError::Unavailable { url, reason } => format!("@context {url}を取得できません({reason})"),
        ContextError::Name { name, fault } => match fault {
            NameFault::Empty => "名前が空です".to_owned(),
            NameFault::Reserved => format!("\"{name}\"はJSON-LDのキーワードのように見えますが、そうではありません"),
            NameFault::Null => format!("\"{name}\"は@contextでnullに割り当てられており、意味を持ちません"),
            NameFault::NotAnIri(why) => format!("\"{name}\"が表すものはIRIではありません({why})"),
        },
    }
}
