//! What a writer does, one line each: it is said before it is done, so that whatever is found later can be
//! told from what nobody ever wrote.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A numbered deed of one task. Values are the number of the deed that set them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deed {
    pub(crate) task: u64,
    pub(crate) number: u64,
    pub(crate) act: Act,
}

/// What is done. Things are numbered within their task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// A thing is made or made anew, with so many sections.
    Put { thing: u64, sections: u64 },
    /// One section is set, where the thing exists.
    Patch { thing: u64, section: u64 },
    /// One section is removed, where the thing exists.
    Remove { thing: u64, section: u64 },
    /// A thing is deleted, where it exists.
    Delete { thing: u64 },
    /// The first section of several things is set, all or none.
    Batch { things: Vec<u64> },
    /// A number that all tasks share is counted up.
    Count { counter: u64 },
    /// A consumer of the feed says how far it has come.
    Cursor,
    /// A tenant of its own comes into being.
    Found,
    /// The tenant that the task founded last is erased.
    Erase { founded: u64 },
}

/// The sections of a thing, and its head under a number of its own, with the deed that set each.
pub(crate) type Sections = BTreeMap<u64, u64>;
/// The place of the head among the sections.
pub(crate) const HEAD: u64 = u64::MAX;

impl Deed {
    /// The things that this touches.
    pub(crate) fn things(&self) -> Vec<u64> {
        match &self.act {
            Act::Put { thing, .. } | Act::Patch { thing, .. } | Act::Remove { thing, .. } | Act::Delete { thing } => {
                vec![*thing]
            }
            Act::Batch { things } => things.clone(),
            Act::Count { .. } | Act::Cursor | Act::Found | Act::Erase { .. } => Vec::new(),
        }
    }

    /// What becomes of a thing; the same as before where nothing is to be done.
    pub(crate) fn apply(&self, before: Option<&Sections>) -> Option<Sections> {
        let mut after = before.cloned();
        match (&self.act, &mut after) {
            (Act::Put { sections, .. }, _) => {
                let numbers = (0..*sections).chain([HEAD]);
                after = Some(numbers.map(|section| (section, self.number)).collect());
            }
            (Act::Patch { section, .. }, Some(known)) => {
                known.insert(*section, self.number);
            }
            (Act::Remove { section, .. }, Some(known)) => {
                known.remove(section);
            }
            (Act::Delete { .. }, _) => after = None,
            (Act::Batch { .. }, _) => {
                after.get_or_insert_default().insert(0, self.number);
            }
            _ => {}
        }
        after
    }
}

/// The content of a section: some of every kind of value that an index knows.
pub(crate) fn body(section: u64, number: u64) -> String {
    let (x, y) = (number % 170, (number / 7 + section) % 80);
    let padding = "·".repeat((number % 60) as usize);
    format!(
        "n {number}\nt section {section} of deed {number} {padding}\nf {}\nd {}\ng [{x},{y}]\nl urn:thing:0:{}",
        number.is_multiple_of(2),
        number * 1_000,
        number % 20
    )
}

/// The content of a head.
pub(crate) fn head(number: u64) -> String {
    format!("room floor{}", number % 5)
}

/// The deed that made a section or head what it is; `None` where no deed did.
pub(crate) fn deed_of(section: u64, content: &str) -> Option<u64> {
    let number = content.strip_prefix("n ")?.lines().next()?.parse().ok()?;
    (content == body(section, number)).then_some(number)
}

/// The tenant that a thing of a task lies in.
pub(crate) fn tenant(task: u64, thing: u64) -> String {
    format!("t{}", (task + thing) % 3)
}

pub(crate) fn thing_id(task: u64, thing: u64) -> String {
    format!("urn:thing:{task}:{thing}")
}

pub(crate) fn counter_id(counter: u64) -> String {
    format!("urn:counter:{counter}")
}

/// The tenant of the counters.
pub(crate) const COUNTERS: &str = "counters";

pub(crate) fn founded_tenant(number: u64) -> String {
    format!("founded{number}")
}

pub(crate) fn consumer(task: u64) -> String {
    format!("consumer{task}")
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.task, self.number)?;
        match &self.act {
            Act::Put { thing, sections } => write!(f, "put {thing} {sections}"),
            Act::Patch { thing, section } => write!(f, "patch {thing} {section}"),
            Act::Remove { thing, section } => write!(f, "remove {thing} {section}"),
            Act::Delete { thing } => write!(f, "delete {thing}"),
            Act::Batch { things } => {
                write!(f, "batch")?;
                things.iter().try_for_each(|thing| write!(f, " {thing}"))
            }
            Act::Count { counter } => write!(f, "count {counter}"),
            Act::Cursor => write!(f, "cursor"),
            Act::Found => write!(f, "found"),
            Act::Erase { founded } => write!(f, "erase {founded}"),
        }
    }
}

/// A line that no deed is written as.
#[derive(Debug)]
pub(crate) struct NoDeed;

impl FromStr for Deed {
    type Err = NoDeed;

    fn from_str(line: &str) -> Result<Self, NoDeed> {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| words.get(at).and_then(|word| word.parse().ok()).ok_or(NoDeed);
        let act = match *words.get(2).ok_or(NoDeed)? {
            "put" => Act::Put { thing: number(3)?, sections: number(4)? },
            "patch" => Act::Patch { thing: number(3)?, section: number(4)? },
            "remove" => Act::Remove { thing: number(3)?, section: number(4)? },
            "delete" => Act::Delete { thing: number(3)? },
            "batch" => Act::Batch { things: (3..words.len()).map(number).collect::<Result<_, _>>()? },
            "count" => Act::Count { counter: number(3)? },
            "cursor" => Act::Cursor,
            "found" => Act::Found,
            "erase" => Act::Erase { founded: number(3)? },
            _ => return Err(NoDeed),
        };
        Ok(Self { task: number(0)?, number: number(1)?, act })
    }
}

#[test]
fn deeds_round_trip_as_lines() {
    for act in [Act::Put { thing: 1, sections: 2 }, Act::Batch { things: vec![1, 2] }, Act::Cursor] {
        let deed = Deed { task: 3, number: 40, act };
        assert_eq!(deed.to_string().parse::<Deed>().unwrap(), deed);
    }
    assert_eq!(deed_of(4, &body(4, 77)), Some(77));
    assert_eq!(deed_of(5, &body(4, 77)), None);
}
