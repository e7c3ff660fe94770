//! Requests that nothing good comes of: each has its exact answer.

use super::city::{City, I, Q, R1, SINCE_1970, T, bad, rooms};

// §6.3.20: A parameter that an operation does not know is an invalid request, before anything else is looked at.
#[tokio::test]
async fn unknown_parameters_are_refused_first() {
    let city = rooms();
    for query in [
        "q=temperature",
        "type=Room",
        "limit=1",
        "count=true",
        "offset=1",
        "join=flat",
        "joinLevel=1",
        "containedBy=urn:x:1",
        "geometryProperty=location",
        "orderBy=id",
        "time=2026-03-01T09:00:00Z&timerel=after",
        "nonsense=1",
        "lastN=1&lastN=2",
    ] {
        assert_eq!(city.ask(&format!("{R1}?{query}")).await.fault(), bad("InvalidRequest"), "{query}");
    }
    for query in [
        "type=Room&nonsense=1",
        "type=Room&join=inline",
        "type=Room&orderFrom=1",
        "type=Room&endTime=1",
        "type=Room&type=Bus",
    ] {
        assert_eq!(city.ask(&format!("{T}?{query}")).await.fault(), bad("InvalidRequest"), "{query}");
    }
}

// §4.11: What is no interval, or goes backwards, is refused.
#[tokio::test]
async fn what_is_no_interval_is_refused() {
    let city = rooms();
    for query in [
        "timerel=between&timeAt=2026-03-01T10:00:00Z&endTimeAt=2026-03-01T09:00:00Z",
        "timerel=during&timeAt=2026-03-01T10:00:00Z",
        "timerel=BEFORE&timeAt=2026-03-01T10:00:00Z",
        "timerel=before",
        "timerel=after",
        "timeAt=2026-03-01T10:00:00Z",
        "endTimeAt=2026-03-01T10:00:00Z",
        "timerel=between&timeAt=2026-03-01T10:00:00Z",
        "timerel=after&timeAt=2026-03-01T09:00:00Z&endTimeAt=2026-03-01T10:00:00Z",
        "timerel=after&timeAt=",
        "timerel=&timeAt=2026-03-01T10:00:00Z",
        "timerel=after&timeAt=2026-03-01",
        "timerel=after&timeAt=2026-02-29T00:00:00Z",
        "timerel=after&timeAt=2026-03-01T23:59:60Z",
        "timerel=after&timeAt=2026-03-01T18:00:00%2B09:00",
        "timerel=after&timeAt=2026-03-01T23:00:00%2B14:00",
        "timerel=after&timeAt=10000-01-01T00:00:00Z",
        "timerel=after&timeAt=-0001-01-01T00:00:00Z",
        "timeproperty=expiresAt",
        "timeproperty=temperature",
        "timeproperty=OBSERVEDAT",
        "timeproperty=",
        "lastN=0",
        "lastN=-1",
        "lastN=1.5",
        "lastN=x",
        "lastN=",
        "lastN=99999999999999999999",
        "lang=!",
        "datasetId=x%20y",
        "local=yes",
    ] {
        for path in [R1.to_owned(), format!("{T}?type=Room")] {
            let separator = if path.contains('?') { '&' } else { '?' };
            let path = format!("{path}{separator}{query}");
            assert_eq!(city.ask(&path).await.fault(), bad("BadRequestData"), "{path}");
        }
    }
}

// §5.7.3: An id that is no URI is bad data, whether or not it is there.
#[tokio::test]
async fn what_is_no_id_is_refused() {
    let city = rooms();
    for id in ["notAUri", "urn:x:%22", "a%20b"] {
        assert_eq!(city.ask(&format!("{T}/{id}")).await.fault(), bad("BadRequestData"), "{id}");
    }
}

// §6.3.10: What is no page is refused.
#[tokio::test]
async fn what_is_no_page_is_refused() {
    let city = rooms();
    for (page, status, kind) in [
        ("limit=0", 400, "BadRequestData"),
        ("limit=-1", 400, "BadRequestData"),
        ("limit=x", 400, "BadRequestData"),
        ("offset=-1", 400, "BadRequestData"),
        ("limit=1001", 403, "TooManyResults"),
        ("offset=10001", 403, "TooManyResults"),
    ] {
        let fault = city.ask(&format!("{T}?type=Room&{page}&{SINCE_1970}")).await.fault();
        assert_eq!(fault, (status, kind.to_owned()), "{page}");
    }
}

// §6.3.4: Evolutions have no GeoJSON form; what else is not offered is refused with what there is.
#[tokio::test]
async fn media_types_are_negotiated() {
    let city = rooms();
    for media in ["application/geo+json", "application/xml", "text/html"] {
        for path in [R1.to_owned(), format!("{T}?type=Room&{I}")] {
            let reply = city.send("GET", &path, &[("accept", media)], "").await;
            assert_eq!(reply.status, 406, "{media} {path}");
        }
    }
    let both = city.send("GET", R1, &[("accept", "application/geo+json, */*;q=0.1")], "").await;
    assert_eq!(both.header("content-type"), "application/json");
}

// §5.14.5: Entity maps, which serve distributed operations, are not supported.
#[tokio::test]
async fn entity_maps_are_not_supported() {
    let city = City::new();
    let no = (422, "OperationNotSupported".to_owned());
    assert_eq!(city.ask("/temporal/entityMaps?type=Room").await.fault(), no);
    assert_eq!(city.send("POST", "/temporal/entityMaps", &[], "{}").await.fault(), no);
    assert_eq!(city.ask(&format!("{T}?type=Room&entityMap=true&{I}")).await.fault(), no);
    assert_eq!(city.ask(&format!("{R1}?entityMap=true")).await.fault(), no);
    assert_eq!(city.ask(&format!("{T}?type=Room&entityMap=maybe&{I}")).await.fault(), bad("BadRequestData"));
}

// §6.2: Methods that a resource does not have are refused with those that it has.
#[tokio::test]
async fn methods_that_are_not_there_are_refused() {
    let city = City::new();
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        let reply = city.send(method, Q, &[], "").await;
        assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "POST"), "{method}");
    }
    for path in [T.to_owned(), format!("{T}/")] {
        let reply = city.send("PUT", &path, &[], "").await;
        assert_eq!(reply.status, 405, "{path}");
        assert!(reply.header("allow").contains("GET"), "{}", reply.header("allow"));
    }
}

// §5.5.10: What a tenant does not have is nowhere; a tenant that does not exist has nothing.
#[tokio::test]
async fn tenants_that_do_not_exist_have_no_past() {
    let city = rooms();
    let headers = [("ngsild-tenant", "unknown")];
    let no = (404, "NonexistentTenant".to_owned());
    for path in [R1.to_owned(), format!("{T}/notAUri"), format!("{T}?type=Room&{I}")] {
        assert_eq!(city.send("GET", &path, &headers, "").await.fault(), no, "{path}");
    }
    let broken = city.send("POST", Q, &headers, "{").await;
    assert_eq!(broken.fault(), no);
}

// §5.5.6: A @context that cannot be loaded is told of.
#[tokio::test]
async fn a_context_that_is_not_there_is_told_of() {
    let city = rooms();
    let link = "<https://example.org/none>; rel=\"http://www.w3.org/ns/json-ld#context\"";
    let reply = city.send("GET", R1, &[("link", link)], "").await;
    assert_eq!(reply.fault(), (504, "LdContextNotAvailable".to_owned()));
}
