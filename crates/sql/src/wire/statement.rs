//! What kind of statement a text is: most are queries, and some say how the connection goes on.

use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::failure::Failure;

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    Empty,
    /// For the engine.
    Query(String),
    Begin,
    Commit,
    Rollback,
    /// Back to a point of the transaction.
    RollbackTo,
    /// Something that has its answer and no effect, by the tag of its answer.
    Heard(&'static str),
    /// A setting; no value means what it was at first.
    Set {
        name: String,
        value: Option<String>,
    },
    Reset,
    Discard,
    Show(String),
    /// One prepared statement, or all.
    Deallocate(Option<String>),
    Declare {
        cursor: String,
        query: String,
        holds: bool,
    },
    /// So many rows of a cursor; all where there is no number.
    Fetch {
        cursor: String,
        rows: Option<usize>,
    },
    /// One cursor, or all.
    Close(Option<String>),
}

/// The statements of a text, one after the other; none where it is empty.
pub(super) fn statements(text: &str) -> Result<Vec<Statement>, Failure> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize_with_location().map_err(|error| {
        Failure::new("42601", format!("the query cannot be read: {error}"), format!("クエリを読み取れません: {error}"))
    })?;
    let parts = tokens.split(|token| token.token == Token::SemiColon);
    let words = parts.map(|tokens| {
        let is_told = |token: &&TokenWithSpan| !matches!(token.token, Token::Whitespace(_));
        Words { text, tokens: tokens.iter().filter(is_told).collect() }
    });
    let words = words.filter(|words| !words.tokens.is_empty());
    Ok(words.map(|words| session(&words).unwrap_or_else(|| Statement::Query(words.text_from(0)))).collect())
}

/// A statement about the connection; none where it is one for the engine.
fn session(told: &Words<'_>) -> Option<Statement> {
    Some(match &*told.upper(0) {
        "BEGIN" => Statement::Begin,
        "START" if told.upper(1) == "TRANSACTION" => Statement::Begin,
        "COMMIT" | "END" => Statement::Commit,
        "ROLLBACK" | "ABORT" if (1..told.tokens.len()).any(|place| told.upper(place) == "TO") => Statement::RollbackTo,
        "ROLLBACK" | "ABORT" => Statement::Rollback,
        "SAVEPOINT" => Statement::Heard("SAVEPOINT"),
        "RELEASE" => Statement::Heard("RELEASE"),
        "UNLISTEN" => Statement::Heard("UNLISTEN"),
        "SET" => set(told),
        "RESET" if told.upper(1) == "ALL" => Statement::Reset,
        "RESET" => Statement::Set { name: told.word(1), value: None },
        "DISCARD" => Statement::Discard,
        "SHOW" => match &*told.upper(1) {
            // The engine tells these.
            "TABLES" | "COLUMNS" | "FUNCTIONS" | "CREATE" => return None,
            "TRANSACTION" => Statement::Show("transaction_isolation".to_owned()),
            "TIME" => Statement::Show("TimeZone".to_owned()),
            _ => Statement::Show(told.word(1)),
        },
        "DEALLOCATE" => {
            let place = if told.upper(1) == "PREPARE" { 2 } else { 1 };
            Statement::Deallocate((told.upper(place) != "ALL").then(|| told.word(place)))
        }
        "DECLARE" => return declare(told),
        "FETCH" => fetch(told),
        "CLOSE" => Statement::Close((told.upper(1) != "ALL").then(|| told.word(1))),
        _ => return None,
    })
}

/// `SET [SESSION | LOCAL] name {TO | =} value`, and its special forms.
fn set(told: &Words<'_>) -> Statement {
    let place = if matches!(&*told.upper(1), "SESSION" | "LOCAL") { 2 } else { 1 };
    let special = |name: &str, place: usize| Statement::Set { name: name.to_owned(), value: told.rest(place) };
    match (&*told.upper(place), &*told.upper(place + 1)) {
        ("TIME", "ZONE") => special("TimeZone", place + 2),
        ("NAMES", _) => special("client_encoding", place + 1),
        // How a transaction is to be: it always reads, and each query sees what was acknowledged before it.
        ("TRANSACTION" | "CHARACTERISTICS" | "AUTHORIZATION" | "CONSTRAINTS", _) => Statement::Heard("SET"),
        (_, "TO" | "=") => Statement::Set { name: told.word(place), value: told.rest(place + 2) },
        ("ROLE", _) => Statement::Heard("SET"),
        _ => Statement::Set { name: told.dotted(place), value: told.after_equals() },
    }
}

/// `DECLARE name … CURSOR [{WITH | WITHOUT} HOLD] FOR query`.
fn declare(told: &Words<'_>) -> Option<Statement> {
    let place = (1..told.tokens.len()).find(|place| told.upper(*place) == "FOR")?;
    let holds = (1..place).any(|at| told.upper(at) == "WITH" && told.upper(at + 1) == "HOLD");
    Some(Statement::Declare { cursor: told.word(1), query: told.text_from(place + 1), holds })
}

/// `FETCH [NEXT | FORWARD] [number | ALL] [FROM | IN] name`.
fn fetch(told: &Words<'_>) -> Statement {
    let mut rows = Some(1);
    let mut place = 1;
    loop {
        let word = told.upper(place);
        match &*word {
            "ALL" => rows = None,
            "NEXT" | "FORWARD" | "FROM" | "IN" => {}
            number => match number.parse() {
                Ok(number) => rows = Some(number),
                Err(_) => break,
            },
        }
        place += 1;
    }
    Statement::Fetch { cursor: told.word(place), rows }
}

/// The words and signs of a statement, and the text in which they stand.
struct Words<'t> {
    text: &'t str,
    tokens: Vec<&'t TokenWithSpan>,
}

impl Words<'_> {
    fn token(&self, place: usize) -> Option<&Token> {
        self.tokens.get(place).map(|token| &token.token)
    }

    /// What stands there from a word on, to the end of the statement.
    fn text_from(&self, place: usize) -> String {
        let (Some(first), Some(last)) = (self.tokens.get(place), self.tokens.last()) else { return String::new() };
        let (start, end) = (offset(self.text, first.span.start), offset(self.text, last.span.end));
        self.text.get(start..end).unwrap_or_default().to_owned()
    }

    /// A word or sign as it counts: in quotation marks as it is, else in capitals.
    fn upper(&self, place: usize) -> String {
        match self.token(place) {
            Some(Token::Word(word)) if word.quote_style.is_some() => String::new(),
            Some(token) => token.to_string().to_ascii_uppercase(),
            None => String::new(),
        }
    }

    /// A name or value, without quotation marks.
    fn word(&self, place: usize) -> String {
        match self.token(place) {
            Some(Token::Word(word)) => word.value.clone(),
            Some(Token::SingleQuotedString(text)) => text.clone(),
            Some(token) => token.to_string(),
            None => String::new(),
        }
    }

    /// What is said from a place on; none for DEFAULT, and where nothing is.
    fn rest(&self, place: usize) -> Option<String> {
        let words: Vec<String> = (place..self.tokens.len()).map(|place| self.word(place)).collect();
        let value = words.join(" ").replace(" , ", ", ").replace("- ", "-");
        Some(value).filter(|value| !value.is_empty() && !value.eq_ignore_ascii_case("default"))
    }

    /// A name with dots in it, up to the sign of equality.
    fn dotted(&self, place: usize) -> String {
        let end = self.equals();
        (place..end).map(|place| self.word(place)).collect()
    }

    fn after_equals(&self) -> Option<String> {
        self.rest(self.equals() + 1)
    }

    fn equals(&self) -> usize {
        (0..self.tokens.len()).find(|place| matches!(&*self.upper(*place), "=" | "TO")).unwrap_or(self.tokens.len())
    }
}

/// Where a place that is told by line and letter, both counted from one, lies in the text.
fn offset(text: &str, at: Location) -> usize {
    let line = usize::try_from(at.line).unwrap_or(1).saturating_sub(1);
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let letters = text.get(before..).unwrap_or_default().chars();
    before + letters.take(usize::try_from(at.column).unwrap_or(1).saturating_sub(1)).map(char::len_utf8).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_apart() {
        let query = |text: &str| Statement::Query(text.to_owned());
        let set =
            |name: &str, value: Option<&str>| Statement::Set { name: name.to_owned(), value: value.map(str::to_owned) };
        let fetch = |rows| Statement::Fetch { cursor: "c".to_owned(), rows };
        for (text, expected) in [
            ("", vec![]),
            (" ; ;; -- nothing\n", vec![]),
            ("SELECT 1; SELECT ';' ;", vec![query("SELECT 1"), query("SELECT ';'")]),
            ("SELECT E'a\\'b', 'it''s', \"A\"\"b\"", vec![query("SELECT E'a\\'b', 'it''s', \"A\"\"b\"")]),
            ("SELECT 'あ';\n SELECT 'い' ;", vec![query("SELECT 'あ'"), query("SELECT 'い'")]),
            ("begin read only; commit", vec![Statement::Begin, Statement::Commit]),
            ("START TRANSACTION", vec![Statement::Begin]),
            ("ROLLBACK TO SAVEPOINT s", vec![Statement::RollbackTo]),
            ("rollback", vec![Statement::Rollback]),
            ("SET extra_float_digits = 3", vec![set("extra_float_digits", Some("3"))]),
            ("SET SESSION application_name TO 'a b'", vec![set("application_name", Some("a b"))]),
            ("SET datestyle TO ISO, MDY", vec![set("datestyle", Some("ISO, MDY"))]),
            ("SET a.b = 'x'", vec![set("a.b", Some("x"))]),
            ("SET TIME ZONE 'UTC'", vec![set("TimeZone", Some("UTC"))]),
            ("SET search_path TO DEFAULT", vec![set("search_path", None)]),
            ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", vec![Statement::Heard("SET")]),
            ("show transaction isolation level", vec![Statement::Show("transaction_isolation".to_owned())]),
            ("SHOW TABLES", vec![query("SHOW TABLES")]),
            ("FETCH FORWARD 10 FROM \"c\"", vec![fetch(Some(10))]),
            ("FETCH ALL IN c", vec![fetch(None)]),
            ("FETCH c", vec![fetch(Some(1))]),
            ("CLOSE ALL", vec![Statement::Close(None)]),
            ("DEALLOCATE PREPARE p", vec![Statement::Deallocate(Some("p".to_owned()))]),
            (
                "DECLARE \"c\" NO SCROLL CURSOR WITH HOLD FOR SELECT a FROM t WHERE b = $1",
                vec![Statement::Declare {
                    cursor: "c".to_owned(),
                    query: "SELECT a FROM t WHERE b = $1".to_owned(),
                    holds: true,
                }],
            ),
            ("DELETE FROM t", vec![query("DELETE FROM t")]),
        ] {
            assert_eq!(statements(text).map_err(|failure| failure.code), Ok(expected), "{text}");
        }
        assert_eq!(statements("SELECT 'a").map_err(|failure| failure.code), Err("42601"));
    }
}
