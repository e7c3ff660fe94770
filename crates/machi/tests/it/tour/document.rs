//! A document as a reader follows it: what it has them type and see printed, and which pages it has them open.

/// Where the documents say that the city is.
const CITY: &str = "<http://127.0.0.1:";

/// Commands, and what they print.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Block {
    pub(super) commands: String,
    pub(super) output: String,
}

/// What a reader does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    Type(Block),
    /// Opens an address of the page.
    Look(String),
}

/// What a reader does in a step of a tour: 0 before the first one.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) step: usize,
    /// Its place among all that is done in the step, from 1.
    pub(super) place: usize,
    pub(super) act: Act,
}

/// What a document has its reader do, in order.
pub(super) fn acts(text: &str) -> Vec<Done> {
    let mut acts: Vec<Done> = Vec::new();
    let (mut step, mut place) = (0, 0);
    let mut into: Option<bool> = None;
    for line in text.lines() {
        match (into, line) {
            (None, "```sh") => {
                place += 1;
                acts.push(Done { step, place, act: Act::Type(Block::default()) });
                into = Some(false);
            }
            (None, "```text") => into = Some(true),
            (Some(_), "```") => into = None,
            (Some(is_output), line) => {
                let block = acts.iter_mut().rev().find_map(|done| match &mut done.act {
                    Act::Type(block) => Some(block),
                    Act::Look(_) => None,
                });
                let block = block.expect("commands come before what they print");
                let text = if is_output { &mut block.output } else { &mut block.commands };
                text.extend([line, "\n"]);
            }
            (None, line) => {
                if let Some(number) = numbered(line) {
                    (step, place) = (number, 0);
                }
                for address in addresses(line) {
                    place += 1;
                    acts.push(Done { step, place, act: Act::Look(address) });
                }
            }
        }
    }
    acts
}

/// The `sh` blocks of a document, each with the `text` block that follows it.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let typed = |done: Done| match done.act {
        Act::Type(block) => Some(block),
        Act::Look(_) => None,
    };
    acts(text).into_iter().filter_map(typed).collect()
}

/// The number of a step, where the line is its heading.
fn numbered(line: &str) -> Option<usize> {
    line.strip_prefix("### ")?.split_once('.')?.0.parse().ok()
}

/// The addresses of the city that a line of text links to.
fn addresses(line: &str) -> impl Iterator<Item = String> {
    let found = line.match_indices(CITY).filter_map(|(at, _)| line.split_at(at + 1).1.split_once('>'));
    found.map(|(address, _)| address.to_owned())
}

/// Whether a text is as expected: `…` stands for anything within a line, and as a last line for all that follows.
pub(super) fn is_like(text: &str, expected: &str) -> bool {
    let (mut lines, mut wanted): (Vec<_>, Vec<_>) = (text.lines().collect(), expected.lines().collect());
    if wanted.last() == Some(&"…") && lines.len() >= wanted.len() {
        wanted.pop();
        lines.truncate(wanted.len());
    }
    lines.len() == wanted.len() && lines.iter().zip(wanted).all(|(line, wanted)| is_line_like(line, wanted))
}

fn is_line_like(line: &str, wanted: &str) -> bool {
    let mut pieces = wanted.split('…');
    let Some(mut rest) = line.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    for (index, piece) in pieces.iter().enumerate() {
        let is_last = index + 1 == pieces.len();
        let at = if is_last { rest.strip_suffix(piece).map(str::len) } else { rest.find(piece) };
        let Some((_, after)) = at.and_then(|at| rest.split_at_checked(at + piece.len())) else { return false };
        rest = after;
    }
    rest.is_empty()
}

#[test]
fn an_ellipsis_stands_for_what_differs() {
    for (text, expected, is) in [
        ("a1b\n", "a…b\n", true),
        ("a1b2c\n", "a…b…c\n", true),
        ("ab\nc\n", "ab\n…\n", true),
        ("ab\nc\nd\n", "ab\n…\n", true),
        ("ab\n", "ab\n…\n", false),
        ("a1b\n", "a…c\n", false),
        ("ab\n", "ab\nc\n", false),
        ("abc\n", "ab\n", false),
    ] {
        assert_eq!(is_like(text, expected), is, "{text} {expected}");
    }
}

#[test]
fn what_a_reader_does_is_told_step_by_step() {
    let text = "# A\n```sh\nup\n```\nOpen <http://127.0.0.1:8080/#a>.\n### 1. One\n<http://127.0.0.1:8080/>\n```sh\nx\n```\n\n```text\ny\n```\n## End\n";
    let done = acts(text);
    let told: Vec<String> = done.iter().map(|done| format!("{}.{}", done.step, done.place)).collect();
    assert_eq!(told, ["0.1", "0.2", "1.1", "1.2"]);
    assert_eq!(done[1].act, Act::Look("http://127.0.0.1:8080/#a".to_owned()));
    assert_eq!(done[3].act, Act::Type(Block { commands: "x\n".to_owned(), output: "y\n".to_owned() }));
}
