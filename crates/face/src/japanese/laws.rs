//! What the patch laws refuse, told in Japanese.

use machi_model::laws::Reason;

use super::{json, placed_geometry};

/// Why an attribute is left as it was.
pub fn reason(reason: &Reason) -> String {
    match reason {
        Reason::AlreadyExists => "属性はすでに存在し、noOverwriteが指定されています".to_owned(),
        Reason::NoScope => "エンティティに置き換えるスコープがありません。追加またはマージしてください".to_owned(),
        Reason::NoValue => "この属性はまだ存在せず、新しい属性には値が必要です".to_owned(),
        Reason::OtherValue(kind) => format!("属性は{}であり、この値は取れません", kind.as_str()),
        Reason::OtherKind { before, after } => {
            format!("属性は{}であり、種類を{}に変えることはできません", before.as_str(), after.as_str())
        }
        Reason::Prohibited { member, kind } => {
            format!("属性は{}であり、メンバー\"{member}\"は使えません", kind.as_str())
        }
        Reason::NotLangString => "属性はLanguagePropertyであり、valueTypeはlangStringでなければなりません".to_owned(),
        Reason::NoLanguage => {
            "属性はLanguagePropertyです。languageMapで指定するか、langで文字列の言語を指定してください".to_owned()
        }
        Reason::Geometry(error) => format!("変更後の値がGeoJSONのジオメトリになりません({})", placed_geometry(error)),
        Reason::Json(error) => format!("変更後の値が保存できるJSONになりません({})", json(error)),
        Reason::Corrupt(_) => "保存されている属性を読み取れません".to_owned(),
    }
}
