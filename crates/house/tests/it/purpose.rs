//! Every file that holds code opens with what it is for.

use crate::assert_clean;
use crate::checkout::{TextFile, ending, files_ending};

#[test]
fn every_file_opens_with_its_purpose() {
    let code = files_ending(&["c", "css", "js", "mjs", "py", "rs", "sh", "svelte", "ts"]);
    assert_clean(&code.filter(|file| !opens_with_purpose(file)).map(complaint).collect::<Vec<_>>());
}

#[test]
fn a_file_without_a_purpose_is_found() {
    let check = |path: &str, text: &str, verdict| {
        let file = TextFile { path: path.to_owned(), text: text.to_owned() };
        assert_eq!(opens_with_purpose(&file), verdict, "{path}: {text}");
    };
    check("a.rs", "//! Rivers.\n", true);
    check("a.rs", "//!\n", false);
    check("a.rs", "use std::fmt;\n//! Rivers.\n", false);
    check("a.ts", "// Rivers.\nimport x;\n", true);
    check("a.ts", "import x;\n", false);
    check("a.svelte", "<!-- Rivers. -->\n<script>\n", true);
    check("a.svelte", "<script>\n", false);
    check("a.sh", "#!/usr/bin/env bash\n# Rivers.\n", true);
    check("a.sh", "#!/usr/bin/env bash\nset -e\n", false);
    check("a.py", "\"\"\"Rivers.\"\"\"\n", true);
    check("a.css", "/* Rivers. */\n", true);
    check("a.c", "int main;\n", false);
}

fn complaint(file: &TextFile) -> String {
    format!("{}: the file does not open with a comment that says what it is for", file.path)
}

fn opens_with_purpose(file: &TextFile) -> bool {
    let mut lines = file.text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("#!"));
    let first = lines.next().unwrap_or_default();
    let openings: &[&str] = match ending(&file.path) {
        "rs" => &["//! "],
        "svelte" => &["<!--"],
        "py" => &["\"\"\"", "# "],
        "sh" => &["# "],
        "css" => &["/*"],
        _ => &["// ", "/*", "/// "],
    };
    openings.iter().any(|opening| first.starts_with(opening) && first.len() > opening.len())
}
