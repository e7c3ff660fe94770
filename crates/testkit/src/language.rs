//! Whether a text is in Japanese throughout, quoted input and words of the standards apart.

/// English words that no name, no code and no quoted input of these tests consists of.
const PROSE: &[&str] = &[
    "an", "and", "are", "array", "at", "be", "but", "by", "cannot", "expected", "for", "found", "has", "have", "in",
    "is", "it", "its", "must", "no", "not", "number", "of", "only", "or", "string", "such", "than", "that", "the",
    "there", "this", "to", "truth", "while", "with", "which",
];

/// What is wrong with a text that ought to be Japanese; nothing where it is.
///
/// What stands in quotation marks is somebody's input, or what another machine said.
pub fn not_japanese(text: &str) -> Option<String> {
    if !has_japanese(text) {
        return Some(format!("there is no Japanese in: {text}"));
    }
    let said: String = text.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let words = said.split(|c: char| c.is_whitespace() || !c.is_ascii());
    let english: Vec<&str> = words.filter(|word| PROSE.contains(word)).collect();
    (!english.is_empty()).then(|| format!("there is English ({}) in: {text}", english.join(", ")))
}

/// Whether there is hiragana or katakana in a text; without any it is a list of terms at best.
pub fn has_japanese(text: &str) -> bool {
    text.contains(|c| matches!(c, '\u{3041}'..='\u{30ff}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_is_found_outside_quotation_marks_alone() {
        assert_eq!(not_japanese("\"this is a name\"は名前ではありません"), None);
        assert_eq!(not_japanese("属性が必要です (invalid term definition)"), None);
        assert_eq!(not_japanese("urn:a:1に属性https://a.example/aはありません"), None);
        assert!(not_japanese("there is no entity").is_some());
        assert!(not_japanese("正しくありません: expected value").is_some());
        assert!(not_japanese("値は a number です").is_some());
    }
}
