//! The annotated example file: every setting with its explanation and its default.

use std::fmt::{self, Write as _};

use super::Config;

const HEADER: &str = "\
# Every setting of a city, with its default. Copy what you change; what is left out keeps its default.
# `machi serve --config FILE` reads a file like this one. MACHI__SECTION__KEY in the environment overrides it,
# such as MACHI__SERVER__LISTEN=127.0.0.1:9090.
";

/// The text of `docs/machi.example.toml`.
pub fn example() -> String {
    let mut out = HEADER.to_owned();
    for section in Config::default().sections() {
        out.push('\n');
        comment(section.doc(), &mut out);
        line(format_args!("[{}]", section.name()), &mut out);
        for key in section.keys() {
            comment(key.doc, &mut out);
            line(format_args!("{} = {}", key.name, key.value), &mut out);
        }
    }
    out
}

fn comment(lines: &[&str], out: &mut String) {
    for line in lines {
        self::line(format_args!("#{line}"), out);
    }
}

fn line(text: fmt::Arguments<'_>, out: &mut String) {
    out.write_fmt(text).expect("writing to memory cannot fail");
    out.push('\n');
}
