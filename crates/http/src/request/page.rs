//! Which page of a list is asked for (ETSI GS CIM 009 §6.3.10, §6.3.13).

use machi_types::ErrorKind;

use super::Query;
use crate::{Problem, Text};

/// The parameters that paging understands; a list operation allows them beside its own.
pub const PAGE_PARAMETERS: [&str; 4] = ["limit", "offset", "count", "cursor"];

/// How large pages may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimits {
    /// Elements on a page where the client names no number.
    pub default: u32,
    /// The most elements on a page.
    pub largest: u32,
    /// The farthest offset; beyond it a cursor leads on.
    pub largest_offset: u64,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The most elements to return; 0 only together with `count`.
    pub limit: u32,
    /// Where the page starts.
    pub start: Start,
    /// Whether the number of all matches is wanted.
    pub count: bool,
}

/// Where a page starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// After so many elements; 0 is the first page.
    Offset(u64),
    /// Where an earlier page's `next` or `prev` link points; opaque to clients.
    Cursor(String),
}

impl Page {
    /// Reads the paging parameters.
    pub fn from_query(query: &Query<'_>, limits: &PageLimits) -> Result<Self, Problem> {
        let count = query.flag("count")?.unwrap_or(false);
        let limit = query.number("limit")?.unwrap_or_else(|| u64::from(limits.default));
        if limit > u64::from(limits.largest) {
            return Err(too_many("limit", limit, u64::from(limits.largest)));
        }
        // ETSI GS CIM 009 §6.3.13: limit=0 without count is a bad request.
        if limit == 0 && !count {
            return Err(bad(Text::both(
                "limit=0 asks for no element at all; it is allowed only together with count=true",
                "limit=0はcount=trueと組み合わせた場合にのみ指定できます",
            )));
        }
        let start = match (query.get("cursor"), query.number("offset")?) {
            (Some(_), Some(_)) => {
                return Err(Problem::new(
                    ErrorKind::InvalidRequest,
                    Text::both(
                        "a page starts at an offset or at a cursor, not at both",
                        "offsetとcursorは同時に指定できません",
                    ),
                ));
            }
            (Some(cursor), None) => Start::Cursor(cursor.to_owned()),
            (None, offset) => Start::Offset(offset.unwrap_or(0)),
        };
        match start {
            Start::Offset(offset) if offset > limits.largest_offset => {
                Err(too_many("offset", offset, limits.largest_offset))
            }
            start => Ok(Self { limit: limit as u32, start, count }),
        }
    }
}

fn too_many(name: &str, value: u64, largest: u64) -> Problem {
    let key = if name == "limit" { "page" } else { name };
    Problem::new(
        ErrorKind::TooManyResults,
        Text::both(
            format!(
                "{name} is at most {largest} here ([limits] largest_{key}), and is {value}; follow the \"next\" link of the Link header to read on"
            ),
            format!(
                "{name}の上限は{largest}です([limits] largest_{key}、指定値: {value})。続きはLinkヘッダーの\"next\"をたどって取得してください"
            ),
        ),
    )
}

fn bad(detail: Text) -> Problem {
    Problem::new(ErrorKind::BadRequestData, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: PageLimits = PageLimits { default: 20, largest: 1000, largest_offset: 10_000 };

    fn page(raw: &str) -> Result<Page, u16> {
        let query = Query::parse(Some(raw), &PAGE_PARAMETERS).unwrap();
        Page::from_query(&query, &LIMITS).map_err(|problem| problem.status().as_u16())
    }

    #[test]
    fn pages_are_read_within_their_limits() {
        let first = |limit, count| Ok(Page { limit, start: Start::Offset(0), count });
        assert_eq!(page(""), first(20, false));
        assert_eq!(page("limit=1000"), first(1000, false));
        assert_eq!(page("limit=0&count=true"), first(0, true));
        assert_eq!(page("offset=40&limit=2"), Ok(Page { limit: 2, start: Start::Offset(40), count: false }));
        assert_eq!(page("cursor=abc"), Ok(Page { limit: 20, start: Start::Cursor("abc".to_owned()), count: false }));
    }

    #[test]
    fn what_no_page_can_be_is_refused() {
        for (raw, status) in [
            ("limit=0", 400),
            ("limit=0&count=false", 400),
            ("limit=-1", 400),
            ("limit=a", 400),
            ("limit=1001", 403),
            ("offset=10001", 403),
            ("offset=-1", 400),
            ("cursor=a&offset=1", 400),
            ("count=yes", 400),
        ] {
            assert_eq!(page(raw), Err(status), "{raw}");
        }
    }
}
