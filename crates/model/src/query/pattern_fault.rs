//! Why a text is no regular expression, in English as its parser tells it, and in Japanese.

use machi_types::Text;
use regex_syntax::{ast, hir};

/// What is wrong with the way in which it is written.
pub(super) fn of_syntax(kind: &ast::ErrorKind) -> Text {
    not_valid(&kind.to_string(), syntax(kind))
}

/// What is wrong with what it would mean.
pub(super) fn of_meaning(kind: &hir::ErrorKind) -> Text {
    let ja = match kind {
        hir::ErrorKind::UnicodePropertyNotFound => "Unicodeにそのようなプロパティはありません",
        hir::ErrorKind::UnicodePropertyValueNotFound => "Unicodeのプロパティにそのような値はありません",
        hir::ErrorKind::InvalidUtf8 => "UTF-8でないバイト列に一致します",
        hir::ErrorKind::InvalidLineTerminator => "行末の文字がASCIIではありません",
        _ => "Unicodeに関するこの指定は使えません",
    };
    not_valid(&kind.to_string(), ja)
}

/// A bare repetition of a bare repetition.
pub(super) fn repeated() -> Text {
    not_valid("what is repeated is repeated again", "繰り返しがさらに繰り返されています")
}

fn not_valid(en: &str, ja: &str) -> Text {
    Text::both(format!("the regular expression is not valid, {en},"), format!("正規表現が正しくありません: {ja}"))
}

fn syntax(kind: &ast::ErrorKind) -> &'static str {
    use ast::ErrorKind as Kind;
    match kind {
        Kind::CaptureLimitExceeded => "グループが多すぎます",
        Kind::ClassEscapeInvalid => "文字クラスの中で使えないエスケープです",
        Kind::ClassRangeInvalid => "文字クラスの範囲の始まりが終わりより後にあります",
        Kind::ClassRangeLiteral => "文字クラスの範囲の端は1つの文字でなければなりません",
        Kind::ClassUnclosed => "文字クラスが閉じられていません",
        Kind::DecimalEmpty | Kind::RepetitionCountDecimalEmpty => "繰り返しの回数がありません",
        Kind::DecimalInvalid => "繰り返しの回数が正しい数値ではありません",
        Kind::EscapeHexEmpty => "16進数のエスケープに数字がありません",
        Kind::EscapeHexInvalid => "16進数のエスケープがUnicodeの文字を表していません",
        Kind::EscapeHexInvalidDigit => "16進数のエスケープに16進数でない文字があります",
        Kind::EscapeUnexpectedEof => "エスケープの途中で終わっています",
        Kind::EscapeUnrecognized => "このようなエスケープはありません",
        Kind::FlagDanglingNegation => "フラグの否定(-)の後にフラグがありません",
        Kind::FlagDuplicate { .. } => "同じフラグが2回あります",
        Kind::FlagRepeatedNegation { .. } => "フラグの否定(-)が2回あります",
        Kind::FlagUnexpectedEof => "フラグの途中で終わっています",
        Kind::FlagUnrecognized => "このようなフラグはありません",
        Kind::GroupNameDuplicate { .. } => "同じ名前のグループが2つあります",
        Kind::GroupNameEmpty => "グループの名前が空です",
        Kind::GroupNameInvalid => "グループの名前に使えない文字があります",
        Kind::GroupNameUnexpectedEof => "グループの名前が閉じられていません",
        Kind::GroupUnclosed => "グループの括弧が閉じられていません",
        Kind::GroupUnopened => "グループの括弧が開かれていません",
        Kind::NestLimitExceeded(_) => "括弧の入れ子が深すぎます",
        Kind::RepetitionCountInvalid => "繰り返しの回数の下限が上限を超えています",
        Kind::RepetitionCountUnclosed => "繰り返しの回数の波括弧が閉じられていません",
        Kind::RepetitionMissing => "繰り返すものがありません",
        Kind::SpecialWordBoundaryUnclosed
        | Kind::SpecialWordBoundaryUnrecognized
        | Kind::SpecialWordOrRepetitionUnexpectedEof => "単語の境界(\\b{…})の書き方が正しくありません",
        Kind::UnicodeClassInvalid => "Unicodeの文字クラスの書き方が正しくありません",
        Kind::UnsupportedBackreference => "後方参照は使えません",
        Kind::UnsupportedLookAround => "先読みと後読みは使えません",
        _ => "この書き方は使えません",
    }
}

#[cfg(test)]
mod tests {
    use crate::query::Pattern;
    use machi_types::Language;

    #[test]
    fn every_fault_has_a_sentence_of_its_own_in_japanese() {
        let wrong = [
            r"[\b]",
            "[z-a]",
            r"[\d-z]",
            "[a",
            "a{",
            "a{,}",
            "a{1",
            "a{99999999999}",
            r"\x{}",
            r"\x{110000}",
            r"\xg",
            r"\",
            r"\y",
            "(?-)",
            "(?ii)",
            "(?i-i-x)",
            "(?i",
            "(?y)",
            "(?P<a>.)(?P<a>.)",
            "(?P<>.)",
            "(?P<1>.)",
            "(?P<a",
            "(a",
            "a)",
            "a{2,1}",
            "*",
            r"\b{",
            r"\b{x}",
            r"\pX",
            r"\p{Nothing}",
            r"\p{sc=Nothing}",
            r"\1",
            "(?=a)",
            "(?<!a)",
            "a**",
            "(?-u)\\xff",
            "((((a{1000}){1000}){1000}){1000})",
        ];
        for text in wrong {
            let error = Pattern::parse("idPattern", text).expect_err(text);
            let crate::query::QueryError::Invalid { reason, .. } = &error else { panic!("{text}: {error}") };
            let ja = reason.in_language(Language::Japanese);
            assert!(ja.starts_with("正規表現が"), "{text}: {ja}");
            let is_plain = ["Unicodeに関する", "この書き方は"].iter().all(|vague| !ja.contains(vague));
            assert!(is_plain, "{text} is told vaguely: {error}");
        }
        let deep = "(".repeat(100) + &")".repeat(100);
        let error = Pattern::parse("idPattern", &deep).unwrap_err().to_string();
        assert!(error.contains("nested parentheses"), "{error}");
    }
}
