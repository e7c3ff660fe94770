//! What is wrong with a JSON text, told in Japanese.

use crate::JsonError;
use crate::json::{OUT_OF_RANGE, PARSERS_GUARD, TOO_DEEP, TWICE};

/// What is wrong with a JSON text, and where.
pub fn json(error: &JsonError) -> String {
    let JsonError { message, line, column, .. } = error;
    format!("{}({line}行目、{column}列目)", told(message))
}

fn told(message: &str) -> String {
    if let Some(member) = message.strip_suffix(TWICE).and_then(|start| start.strip_prefix("the member ")) {
        return format!("メンバー{member}が1つのオブジェクトに2回あります");
    }
    if message.starts_with(PARSERS_GUARD) {
        return told(TOO_DEEP);
    }
    let fault = match message {
        TOO_DEEP => "配列とオブジェクトの入れ子が深すぎます",
        OUT_OF_RANGE | "number out of range" => "数値が扱える範囲を超えています",
        "EOF while parsing a list" => "配列の途中で終わっています",
        "EOF while parsing an object" => "オブジェクトの途中で終わっています",
        "EOF while parsing a string" => "文字列の途中で終わっています",
        "EOF while parsing a value" => "値が必要なところで終わっています",
        "expected `:`" => "`:`が必要です",
        "expected `,` or `]`" => "`,`または`]`が必要です",
        "expected `,` or `}`" => "`,`または`}`が必要です",
        "expected `\"`" => "`\"`が必要です",
        "expected ident" => "true、false、nullのいずれでもない語があります",
        "expected value" => "値が必要です",
        "invalid escape" => "文字列のエスケープが正しくありません",
        "invalid number" => "数値の書き方が正しくありません",
        "invalid unicode code point" => "文字列がUTF-8ではないか、Unicodeにない文字を含んでいます",
        "lone leading surrogate in hex escape" | "unexpected end of hex escape" => {
            "\\uのエスケープが途中で終わっているか、サロゲートの片方しかありません"
        }
        "key must be a string" => "メンバー名は引用符で囲んだ文字列でなければなりません",
        "trailing comma" => "最後の要素の後に余分なカンマがあります",
        "trailing characters" => "値の後に余分な文字があります",
        control if control.starts_with("control character") => {
            "文字列に制御文字(\\u0000から\\u001Fまで)がそのまま書かれています"
        }
        _ => "JSONの構文が正しくありません",
    };
    fault.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn of(text: &[u8], depth: usize) -> String {
        json(&parse(text, depth).unwrap_err())
    }

    #[test]
    fn every_fault_of_the_parser_has_a_sentence_of_its_own() {
        let texts: [&[u8]; 26] = [
            b"",
            b"[",
            b"[1",
            b"{",
            b"{\"a\"",
            b"{\"a\":1",
            b"\"a",
            b"{\"a\" 1}",
            b"[1 2]",
            b"{\"a\":1 2}",
            b"{\"a\":1,2}",
            b"{1:2}",
            b"nul",
            b"nulx",
            b"tru",
            b"x",
            b"\"\\x\"",
            b"01",
            b"1.",
            b"1e999",
            b"\"\xff\"",
            b"\"\\ud800\"",
            b"\"\\u12\"",
            b"[1,]",
            b"1 2",
            b"\"\n\"",
        ];
        for text in texts {
            let told = of(text, 10);
            let shown = String::from_utf8_lossy(text);
            assert!(!told.starts_with("JSONの構文"), "{shown}: {}", parse(text, 10).unwrap_err());
            assert!(told.ends_with("列目)"), "{shown}: {told}");
            let prose = told.replace("true、false、null", "").replace("Unicode", "").replace("\\u", "");
            assert!(!prose.contains(|c: char| c.is_ascii_lowercase()), "{shown}: {told}");
        }
    }

    #[test]
    fn what_is_json_but_not_taken_is_told_too() {
        assert_eq!(of(b"{\"a\": 1, \"a\": 2}", 10), "メンバー\"a\"が1つのオブジェクトに2回あります(1行目、12列目)");
        assert_eq!(of(b"[[[]]]", 2), "配列とオブジェクトの入れ子が深すぎます(1行目、4列目)");
        let deep = "[".repeat(1000);
        assert!(of(deep.as_bytes(), 1_000_000).starts_with("配列とオブジェクトの入れ子が深すぎます"));
        assert_eq!(of(b"[1,\n 2,\n x]", 10), "値が必要です(3行目、2列目)");
    }
}
