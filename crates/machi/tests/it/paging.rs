//! Pages, links between them, counts (§5.5.9, §6.3.10, §6.3.13).

use std::collections::BTreeSet;

use crate::kit::*;

const TOTAL: usize = 25;

fn crowd() -> Client {
    let tenant = tenant();
    let all: Vec<Value> = (0..TOTAL).map(|i| t(&format!("{i:02}"), json!({"n": property(i)}))).collect();
    tenant.post("/entityOperations/create").json(json!(all)).send().expect_status(201);
    tenant
}

/// All pages from the first, following the links of one relation.
#[track_caller]
fn walk(tenant: &Client, first: Answer, rel: &str) -> Vec<Answer> {
    let mut pages = vec![first];
    while let Some(target) = pages.last().and_then(|page| page.link(rel)) {
        assert!(pages.len() <= TOTAL + 1, "the links of {rel} lead in a circle");
        pages.push(tenant.get(&target).send().expect_status(200));
    }
    pages
}

fn all_ids(pages: &[Answer]) -> Vec<String> {
    pages.iter().flat_map(|page| ids(&page.json())).collect()
}

// §5.5.9.1: No page is larger than the limit; following next, each entity appears exactly once.
// §5.5.9.1: The first page has no prev, the last has no next, every other has both.
// §6.3.10: The links of a page carry the media type of the request.
// §4.12: A list is read forwards and backwards in pages, whose size the client may choose; what remains is flagged.
#[test]
fn following_next_gives_each_entity_once() {
    let tenant = crowd();
    for (limit, sizes) in
        [("10", vec![10, 10, 5]), ("5", vec![5; 5]), ("25", vec![25]), ("100", vec![25]), ("1", vec![1; 25])]
    {
        let first = tenant.get("/entities").query(&[("type", "T"), ("limit", limit)]).send().expect_status(200);
        let pages = walk(&tenant, first, "next");
        let lengths: Vec<usize> = pages.iter().map(|page| ids(&page.json()).len()).collect();
        assert_eq!(lengths, sizes, "limit {limit}");
        assert_eq!(all_ids(&pages).into_iter().collect::<BTreeSet<_>>().len(), TOTAL);
        let last = pages.len() - 1;
        for (i, page) in pages.iter().enumerate() {
            assert_eq!((page.link("prev").is_some(), page.link("next").is_some()), (i > 0, i < last), "{page:?}");
            let turns = page.links().into_iter().filter(|link| link.rel == "next" || link.rel == "prev");
            assert!(turns.map(|link| link.kind).all(|kind| kind == "application/json"), "{page:?}");
        }
    }
}

// §5.5.9.1: Following prev from the last page leads back to the first.
#[test]
fn following_prev_leads_back() {
    let tenant = crowd();
    let first = tenant.get("/entities").query(&[("type", "T"), ("limit", "10")]).send().expect_status(200);
    let forward = walk(&tenant, first, "next");
    let last = forward.last().cloned().expect("there is a page");
    let mut back = walk(&tenant, last, "prev");
    back.reverse();
    assert_eq!(all_ids(&back), all_ids(&forward));
}

// §5.5.9.1: A link carries everything that is needed to go on: filter, format, order, count, projection.
#[test]
fn a_link_carries_the_whole_query() {
    let tenant = crowd();
    let query = [
        ("type", "T"),
        ("q", "n>=5;n<15"),
        ("limit", "4"),
        ("count", "true"),
        ("format", "simplified"),
        ("local", "true"),
        ("orderBy", "n;desc"),
        ("pick", "id,n"),
    ];
    let first = tenant.get("/entities").query(&query).send().expect_status(200);
    let pages = walk(&tenant, first, "next");
    let numbers: Vec<u64> = pages
        .iter()
        .flat_map(|page| page.json().as_array().cloned().unwrap_or_default())
        .map(|entity| entity["n"].as_u64().unwrap_or_default())
        .collect();
    assert_eq!(numbers, (5..15).rev().collect::<Vec<_>>());
    assert!(pages.iter().all(|page| page.header("NGSILD-Results-Count") == Some("10")));
    assert!(pages.iter().all(|page| { page.json()[0].as_object().is_some_and(|entity| entity.len() == 2) }));
}

// §6.3.10: The media type of a link is that of the pages, also for JSON-LD and GeoJSON.
#[test]
fn links_name_the_media_type_of_the_pages() {
    let tenant = crowd();
    for kind in ["application/ld+json", "application/geo+json"] {
        let query = [("type", "T"), ("limit", "10")];
        let page = tenant.get("/entities").query(&query).accept(kind).send().expect_status(200);
        let next = page.links().into_iter().find(|link| link.rel == "next").expect("there is a next page");
        assert_eq!(next.kind, kind);
        tenant.get(&next.target).accept(kind).send().expect_status(200);
    }
}

// §6.3.13: count=true gives the number of all matches, whatever the page holds.
// §6.3.13: limit=0 with count gives the number alone and an empty array.
// §4.13: The number of matches is told on request, whatever the page holds, and with an empty page too.
#[test]
fn the_matches_are_counted() {
    let tenant = crowd();
    for (q, limit, count, length) in
        [("n", "7", "25", 7), ("n<10", "0", "10", 0), ("n==99", "5", "0", 0), ("n", "0", "25", 0)]
    {
        let query = [("type", "T"), ("q", q), ("limit", limit), ("count", "true")];
        let answer = tenant.get("/entities").query(&query).send().expect_status(200);
        assert_eq!(answer.expect_header("NGSILD-Results-Count"), count);
        assert_eq!(ids(&answer.json()).len(), length);
    }
    let plain = tenant.get("/entities").query(&[("type", "T")]).send().expect_status(200);
    assert_eq!(plain.header("NGSILD-Results-Count"), None);
}

// §6.3.13: limit=0 without count is refused.
// §6.3.10: limit and offset are whole numbers, not negative.
#[test]
fn malformed_paging_is_refused() {
    let tenant = crowd();
    let cases = [
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "x"),
        ("limit", "1.5"),
        ("limit", ""),
        ("offset", "-1"),
        ("offset", "x"),
        ("count", "maybe"),
    ];
    each(cases.map(|case| (format!("{}={}", case.0, case.1), case)), |parameter| {
        tenant.get("/entities").query(&[("type", "T"), parameter]).send().expect_status(400);
    });
    refuses(&tenant, &[("type", "T"), ("limit", "0")], "BadRequestData");
}

// §5.5.6: A page larger than is allowed is refused with TooManyResults.
#[test]
fn a_page_that_is_too_large_is_refused() {
    refuses(&crowd(), &[("type", "T"), ("limit", "1000000000")], "TooManyResults");
}

// §5.5.9.2: offset and limit choose a part of the whole, in a stable order.
#[test]
fn offset_and_limit_choose_a_part() {
    let tenant = crowd();
    let part = |offset: &str| ids(&tenant.find(&[("type", "T"), ("limit", "10"), ("offset", offset)]));
    let all: Vec<String> = ["0", "10", "20"].into_iter().flat_map(part).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), TOTAL);
    let skipped = tenant.get("/entities").query(&[("type", "T"), ("limit", "10"), ("offset", "10")]).send();
    assert!(skipped.link("prev").is_some() && skipped.link("next").is_some(), "{skipped:?}");
}

// §6.3.10: An offset beyond the end gives an empty page with the number of all matches, and leads back to the last page.
#[test]
fn an_offset_beyond_the_end_gives_an_empty_page() {
    let tenant = crowd();
    for order in [&[][..], &[("orderBy", "n;desc"), ("local", "true")]] {
        for offset in ["25", "26", "1000"] {
            let page = [("type", "T"), ("limit", "10"), ("offset", offset), ("count", "true")];
            let answer = tenant.get("/entities").query(&page).query(order).send().expect_status(200);
            assert_eq!((answer.json(), answer.expect_header("NGSILD-Results-Count")), (json!([]), "25"));
            assert_eq!(answer.link("next"), None);
            let back = tenant.get(&answer.link("prev").expect("there are pages before")).send().expect_status(200);
            assert_eq!((ids(&back.json()).len(), back.link("next")), (10, None), "{back:?}");
        }
    }
    let nothing = tenant.get("/entities").query(&[("type", "Nothing"), ("offset", "5")]).send().expect_status(200);
    assert_eq!((nothing.json(), nothing.link("prev")), (json!([]), None));
    let body = json!({"type": "Query", "entities": [{"type": "T"}]});
    let answer = tenant.post("/entityOperations/query").query(&[("offset", "1000"), ("count", "true")]).json(body);
    let answer = answer.send().expect_status(200);
    assert_eq!((answer.json(), answer.expect_header("NGSILD-Results-Count")), (json!([]), "25"));
}

// §5.5.9.1: A link whose cursor was tampered with is refused, not answered wrongly.
#[test]
fn a_cursor_that_was_tampered_with_is_refused() {
    let tenant = crowd();
    let first = tenant.get("/entities").query(&[("type", "T"), ("limit", "10")]).send().expect_status(200);
    let next = first.link("next").expect("there is a next page");
    let answer = tenant.get(&next).link("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld").send();
    // §5.5.9.1: Another @context within the same pages may be refused, but not with anything else.
    assert!(matches!(answer.status, 200 | 400), "{answer:?}");
    if let Some((name, _)) = next.split_once("cursor=") {
        tenant.get(&format!("{name}cursor=AAAA")).send().problem("BadRequestData");
    }
}

// §5.5.9.1: Entities that are created or deleted meanwhile do not make others appear twice or not at all.
#[test]
fn changes_between_pages_leave_other_entities_alone() {
    let tenant = crowd();
    let mut page = tenant.get("/entities").query(&[("type", "T"), ("limit", "5")]).send().expect_status(200);
    let mut seen = ids(&page.json());
    tenant.delete(&format!("/entities/{}", seen[0])).send().expect_status(204);
    tenant.create(&t("00a", json!({})));
    let mut pages = 1;
    while let Some(next) = page.link("next") {
        page = tenant.get(&next).send().expect_status(200);
        seen.extend(ids(&page.json()));
        pages += 1;
        assert!(pages <= TOTAL, "the links lead in a circle");
    }
    let new = thing("00a");
    let constant: Vec<String> = seen.into_iter().filter(|id| *id != new).collect();
    assert_eq!(constant.iter().collect::<BTreeSet<_>>().len(), constant.len(), "an entity appeared twice");
    assert_eq!(constant.len(), TOTAL);
}
