//! The query part of addresses, percent-encoding, pages, and the cursors that clients hand back.

use std::borrow::Cow;

use machi_broker::probe;
use machi_http::percent;
use machi_http::request::{PAGE_PARAMETERS, Page, PageLimits, Query};

use crate::planted;
use crate::target::{Target, texts};
use crate::text::text;

pub(crate) const TARGET: Target = Target {
    name: "parameters",
    run,
    seeds,
    words: &["limit=", "offset=", "count=true", "cursor=", "&", "%20", "%ff", "%", "+", "AQEAAAAAAAAA", "=", "AAAA"],
};

fn run(bytes: &[u8]) {
    let text = text(bytes);
    if let Ok(decoded) = percent::decode(&text) {
        let mut encoded = String::new();
        percent::encode_into(&decoded, &mut encoded);
        let again = percent::decode(&encoded).map(Cow::into_owned);
        assert_eq!(again.as_deref(), Ok(&*decoded), "{text:?} was encoded as {encoded:?}");
    }
    let cursor = probe::cursor(&text, 1);
    if let Some(written) = &cursor {
        assert_eq!(probe::cursor(written, 1).as_ref(), Some(written), "{text:?} was written as {written:?}");
    }
    if let Ok(query) = Query::parse(Some(&text), &PAGE_PARAMETERS) {
        let _ = Page::from_query(&query, &PageLimits { default: 20, largest: 1000, largest_offset: 10_000 });
        let _ = (query.flag("count"), query.number("limit"), query.words("options", &["a", "b"]));
    }
    planted::fault(cursor.is_some_and(|cursor| cursor.len() > 40));
}

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = texts(&["limit=20&offset=40&count=true", "limit=%32&cursor=abc", "offset=1&offset=2"]);
    seeds.extend(probe::cursors(1).into_iter().map(String::into_bytes));
    seeds
}
