//! Licence expressions: whether a list of licences allows what a package's manifest offers.
//!
//! SPDX 2.3, annex D: `AND` binds closer than `OR`, `WITH` closer than both. Old manifests write `/` for `OR`.

/// Whether the expression can be satisfied with the licences of the list alone.
pub(crate) fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    let verdict = reader.any_of();
    verdict && reader.words.is_empty()
}

struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a [String],
}

impl<'a> Reader<'a> {
    fn any_of(&mut self) -> bool {
        let mut verdict = self.all_of();
        while self.take("OR") {
            verdict |= self.all_of();
        }
        verdict
    }

    fn all_of(&mut self) -> bool {
        let mut verdict = self.one();
        while self.take("AND") {
            verdict &= self.one();
        }
        verdict
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let verdict = self.any_of();
            return self.take(")") && verdict;
        }
        let Some(licence) = self.next() else {
            return false;
        };
        if !self.take("WITH") {
            return self.has(licence);
        }
        self.next().is_some_and(|exception| self.has(&format!("{licence} WITH {exception}")) || self.has(licence))
    }

    fn has(&self, licence: &str) -> bool {
        self.allowed.iter().any(|allowed| allowed == licence)
    }

    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.next();
        }
        found
    }
}

#[test]
fn an_expression_is_read_as_spdx_has_it() {
    let allowed = ["MIT", "ISC", "Apache-2.0"].map(str::to_owned);
    let check = |expression, verdict| assert_eq!(is_allowed(expression, &allowed), verdict, "{expression}");
    check("MIT", true);
    check("GPL-3.0-only", false);
    check("GPL-3.0-only OR MIT", true);
    check("MIT/Unlicense", true);
    check("Apache-2.0 AND ISC", true);
    check("Apache-2.0 AND GPL-2.0", false);
    check("(GPL-2.0 OR MIT) AND ISC", true);
    check("GPL-2.0 OR MIT AND AGPL-3.0", false);
    check("Apache-2.0 WITH LLVM-exception", true);
    check("GPL-2.0 WITH Classpath-exception-2.0", false);
    check("(MIT", false);
    check("MIT ISC", false);
    check("", false);
}
