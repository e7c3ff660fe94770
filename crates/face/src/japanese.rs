//! What the model refuses, told in Japanese: one sentence for each fault, beside the English that the model itself tells.
//!
//! Words of the standards, names and positions stay as they are; a client finds them in its own request.

mod context;
mod laws;
#[cfg(test)]
mod tests;

pub use context::context;
pub use laws::reason;
pub use machi_types::japanese::{geometry, iri, json, kind, percent};

use machi_model::entity::render::InvalidLanguages;
use machi_model::entity::{Fault, InvalidEntity, MOST_NAMES};
use machi_model::query::QueryError;
use machi_types::Language;
use machi_types::geo::InvalidGeometry;

/// What is wrong with a query text.
pub fn query(error: &QueryError) -> String {
    match error {
        QueryError::Unexpected { language, position, expected, found } => {
            let found = if found == "the end" { "末尾" } else { found.as_str() };
            let expected = expected.in_language(Language::Japanese);
            format!("{language}: {position}文字目の{found}は正しくありません(ここに書けるもの: {expected})")
        }
        QueryError::Invalid { language, position, reason } => {
            let reason = reason.in_language(Language::Japanese);
            format!("{language}: {position}文字目の指定が正しくありません({reason})")
        }
        QueryError::TooLong { language, limit } => format!("{language}: {limit}文字を超えています"),
        QueryError::TooDeep { language, position, limit } => {
            format!("{language}: {position}文字目で入れ子が{limit}段を超えています")
        }
        QueryError::TooManyTerms { language, position, limit } => {
            format!("{language}: {position}文字目で条件が{limit}個を超えています")
        }
        QueryError::Missing { parameter, reason } => format!("{parameter}: 指定が必要です({})", reason.ja),
        QueryError::Collation(_) => {
            "collation: 照合順序の名前ではありません(例: und-x-icu、ja、de-u-co-phonebk)".to_owned()
        }
        QueryError::Geometry(error) => {
            format!("{}: ジオメトリが正しくありません({})", error.place, geometry(&error.fault))
        }
    }
}

/// What is wrong with an entity, and where.
pub fn entity(error: &InvalidEntity) -> String {
    let place = if error.pointer.is_empty() { String::new() } else { format!("{}: ", error.pointer) };
    format!("{place}{}", fault(&error.fault))
}

/// What is wrong with a list of languages.
pub fn languages(InvalidLanguages(range): &InvalidLanguages) -> String {
    format!("\"{range}\"は言語の範囲ではありません(例: fr-CH,fr;q=0.9,en;q=0.8,*;q=0.5)")
}

/// What is wrong with a geometry, and where in it.
fn placed_geometry(error: &InvalidGeometry) -> String {
    format!("{}: {}", error.place, geometry(&error.fault))
}

/// What is wrong with a member of an entity.
fn fault(fault: &Fault) -> String {
    match fault {
        Fault::Form { expected, .. } => format!("JSONの型が違います(必要なもの: {})", expected.ja),
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
        Fault::Expansion { name, reason } => {
            format!("\"{name}\"を@contextで展開できません({})", context(reason))
        }
        Fault::ExpandedNames => {
            "@contextによる展開で、名前の合計がここまでに上限の16 MiBを超えて長くなりました。名前を減らすか、@contextのIRIを短くしてください"
                .to_owned()
        }
        Fault::Reserved(name) => format!("\"{name}\"はNGSI-LDの予約語であり、属性名や型名にはできません"),
        Fault::SameName(name) => format!("同じオブジェクトの別のメンバーも{name}に展開されます"),
        Fault::SameDataset(dataset) => format!("datasetIdが{dataset}のインスタンスがほかにもあります"),
        Fault::SecondDefault => "datasetIdのないインスタンスは1つだけです".to_owned(),
        Fault::DateTime(text) => format!("\"{text}\"はUTCの日時ではありません(例: 2026-11-22T10:00:00Z)"),
        Fault::Date(text) => format!("\"{text}\"は日付ではありません(例: 2026-11-22)"),
        Fault::Time(text) => format!("\"{text}\"は時刻ではありません(例: 10:00:00Z)"),
        Fault::Scope(text) => format!("\"{text}\"はスコープではありません(例: /Fukui/River。32段、2048バイトまで)"),
        Fault::TooMany(count) => format!("名前が{count}個あります(上限は{MOST_NAMES}個)"),
        Fault::Language(text) => format!("\"{text}\"は言語タグ(RFC 5646)でも@noneでもありません"),
        Fault::UnknownKind(kind) => {
            format!("\"{kind}\"という属性の種類はありません(Property、Relationshipなど8種類です)")
        }
        Fault::Prohibited { member, kind } => format!("{}にメンバー\"{member}\"は使えません", kind.as_str()),
        Fault::NotLangString => "LanguagePropertyのvalueTypeはlangStringでなければなりません".to_owned(),
        Fault::NeedsGeoProperty(name) => format!("\"{name}\"はGeoPropertyでなければなりません"),
        Fault::Geometry(error) => format!("GeoJSONのジオメトリではありません({})", placed_geometry(error)),
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
