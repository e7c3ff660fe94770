//! Whole requests, through the edge and the broker down to a store in memory: none is answered 500.

use http::StatusCode;

use crate::planted;
use crate::target::{Target, texts};
use crate::targets::world;

pub(crate) const TARGET: Target = Target {
    name: "requests",
    run,
    seeds,
    words: &[
        "GET ",
        "POST ",
        "PUT ",
        "PATCH ",
        "DELETE ",
        "OPTIONS ",
        "HEAD ",
        "/ngsi-ld/v1/entities",
        "/attrs/",
        "?q=",
        "&type=",
        "&options=keyValues",
        "&limit=1",
        "&cursor=",
        "&count=true",
        "&pick=",
        "&format=simplified",
        "&join=inline",
        "&joinLevel=2",
        "&orderBy=",
        "&georel=near;maxDistance==10",
        "&scopeQ=/a/%23",
        "urn:x:1",
        "entityOperations/",
        "upsert",
        "create",
        "update",
        "merge",
        "delete",
        "query",
        "subscriptions",
        "jsonldContexts",
        "types",
        "attributes",
        "NGSILD-Tenant: t",
        "Link: ",
        "Accept: ",
        "If-Match: \"1\"",
        "Content-Type: application/ld+json",
        "\"@context\":",
        "/machi/v1/tenants",
        "\"id\":\"urn:x:1\"",
        "[",
        "]",
        "{",
        "}",
    ],
};

fn run(bytes: &[u8]) {
    world::renew();
    let Some(request) = world::read(bytes) else { return };
    let answer = world::ask(request);
    planted::fault(answer.status == StatusCode::MULTI_STATUS);
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        "GET /ngsi-ld/v1/entities?type=Room&q=temperature>20&limit=5&count=true\nAccept: application/ld+json",
        "GET /ngsi-ld/v1/entities/urn:x:1?options=concise,sysAttrs&pick=id,temperature\nIf-None-Match: \"1\"",
        "GET /ngsi-ld/v1/entities?georel=near;maxDistance==1000&geometry=Point&coordinates=[139.7,35.6]&orderBy=id\nAccept: application/geo+json",
        "POST /ngsi-ld/v1/entities\nContent-Type: application/json\n\n{\"id\":\"urn:x:9\",\"type\":\"A\",\"a\":{\"type\":\"Property\",\"value\":1}}",
        "PATCH /ngsi-ld/v1/entities/urn:x:1/attrs/temperature\nContent-Type: application/json\n\n{\"value\":22}",
        "PATCH /ngsi-ld/v1/entities/urn:x:1?format=simplified\nContent-Type: application/merge-patch+json\n\n{\"temperature\":23}",
        "PUT /ngsi-ld/v1/entities/urn:x:1\nContent-Type: application/ld+json\n\n{\"id\":\"urn:x:1\",\"type\":\"A\",\"@context\":{\"A\":\"https://a.example/A\"}}",
        "DELETE /ngsi-ld/v1/entities/urn:x:3/attrs/of?datasetId=urn:d:1",
        "POST /ngsi-ld/v1/entityOperations/upsert?options=update\nContent-Type: application/json\n\n[{\"id\":\"urn:x:8\",\"type\":\"A\"},{\"id\":\"urn:x:7\",\"type\":\"A\"}]",
        "POST /ngsi-ld/v1/entityOperations/delete\nContent-Type: application/json\n\n[\"urn:x:8\"]",
        "POST /ngsi-ld/v1/entityOperations/query?count=true\nContent-Type: application/json\n\n{\"type\":\"Query\",\"entities\":[{\"type\":\"A\"}],\"q\":\"a==1\"}",
        "POST /ngsi-ld/v1/jsonldContexts\nContent-Type: application/json\n\n{\"@context\":{\"a\":\"https://a.example/a\"}}",
        "GET /ngsi-ld/v1/types?details=true\nNGSILD-Tenant: t",
        "GET /ngsi-ld/v1/attributes/temperature\nAccept-Language: ja",
        "DELETE /ngsi-ld/v1/entities?type=B&keep=location",
        "GET /machi/v1/tenants\nPrefer: ngsi-ld=1.5",
    ])
}
