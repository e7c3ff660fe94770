//! Purging entities, and attributes of theirs.

use machi_broker::collections::ENTITIES;
use machi_store::memory::MemoryStore;
use machi_store::{Answer, Change, Commit, Decision, Document, Receipt, SetSection, Stamp, Store};
use serde_json::json;

use crate::city::City;

async fn given() -> City {
    given_in(City::new()).await
}

async fn given_in(city: City) -> City {
    for n in 0..5 {
        let kind = if n < 3 { "Room" } else { "Hall" };
        let entity = format!(
            r#"{{"id":"urn:x:{n}","type":"{kind}","scope":"/s{n}","t":{{"type":"Property","value":{n}}},"u":{{"type":"Property","value":1}},
            "location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[{n},0]}}}}}}"#
        );
        city.given(&entity).await;
    }
    city
}

async fn remaining(city: &City) -> Vec<u32> {
    let mut there = Vec::new();
    for n in 0..5 {
        if city.document("", &format!("urn:x:{n}")).await.is_some() {
            there.push(n);
        }
    }
    there
}

#[tokio::test]
async fn what_a_query_finds_is_deleted() {
    for (query, rest) in [
        ("type=Room", vec![3, 4]),
        ("type=*", vec![]),
        ("local=true", vec![]),
        ("type=Room&id=urn:x:0,urn:x:4", vec![1, 2, 3, 4]),
        ("type=Room&idPattern=0$", vec![1, 2, 3, 4]),
        ("q=t%3E=3", vec![0, 1, 2]),
        ("attrs=t&scopeQ=/s1", vec![0, 2, 3, 4]),
        ("georel=near;maxDistance==1000&geometry=Point&coordinates=[2,0]", vec![0, 1, 3, 4]),
        ("type=None", vec![0, 1, 2, 3, 4]),
    ] {
        let city = given().await;
        let reply = city.ask("DELETE", &format!("/entities?{query}"), &[]).await;
        assert_eq!(reply.status, 204, "{query}: {}", reply.text());
        assert_eq!(remaining(&city).await, rest, "{query}");
    }
}

#[tokio::test]
async fn attributes_are_dropped_or_kept() {
    let city = given().await;
    assert_eq!(city.ask("DELETE", "/entities?type=Room&drop=u,location", &[]).await.status, 204);
    assert_eq!(json!(city.values("urn:x:0").await), json!({"@type": ["Room"], "@scope": ["/s0"], "t": 0}));
    assert_eq!(city.ask("DELETE", "/entities?type=Hall&keep=id,u", &[]).await.status, 204);
    assert_eq!(json!(city.values("urn:x:3").await), json!({"@type": ["Hall"], "@scope": ["/s3"], "u": 1}));
}

#[tokio::test]
async fn a_purge_that_is_too_wide_or_wrong_does_nothing() {
    let city = given().await;
    for query in [
        "",
        "id=urn:x:1",
        "scopeQ=/s1",
        "type=*&local=false",
        "type=Room&id=x",
        "q=t%3E",
        "type=Room&idPattern=(",
        "q=a{T}.b==1",
        "type=Room&drop=id",
        "type=Room&keep=a&drop=b",
    ] {
        let reply = city.ask("DELETE", &format!("/entities?{query}"), &[]).await;
        assert_eq!(reply.fault(), (400, "BadRequestData".to_owned()), "{query}: {}", reply.text());
    }
    let limited = city.ask("DELETE", "/entities?type=Room&limit=1", &[]).await;
    assert_eq!(limited.fault(), (400, "InvalidRequest".to_owned()), "{}", limited.text());
    let elsewhere = city.ask("DELETE", "/entities?type=Room", &[("ngsild-tenant", "aoi")]).await;
    assert_eq!(elsewhere.fault(), (404, "NonexistentTenant".to_owned()));
    assert_eq!(remaining(&city).await, [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn more_entities_than_one_commit_takes_are_purged() {
    let city = City::new();
    let items: Vec<String> = (0..1200).map(|n| format!(r#"{{"id":"urn:y:{n}","type":"T"}}"#)).collect();
    let reply = city.json("POST", "/entityOperations/create", &[], &format!("[{}]", items.join(","))).await;
    assert_eq!(reply.status, 201);
    assert_eq!(city.ask("DELETE", "/entities?type=T", &[]).await.status, 204);
    assert!(city.document("", "urn:y:0").await.is_none());
    assert!(city.document("", "urn:y:1199").await.is_none());
}

/// Changes each entity of a commit, where it is there, just before the commit is made.
fn hurried(memory: &MemoryStore, commit: Commit, change: fn(&Document) -> Change) -> Answer<'_, Receipt> {
    let ids = commit.proposals.iter().filter(|(collection, _)| *collection == ENTITIES);
    let hurry = ids.fold(Commit::new(commit.tenant.clone()), |hurry, (_, proposal)| {
        let decide =
            move |current: Option<&Document>| Ok(current.map_or(Decision::Keep, |one| Decision::Change(change(one))));
        hurry.with(ENTITIES, proposal.id.clone(), decide)
    });
    Box::pin(async move {
        memory.commit(hurry).await?;
        memory.commit(commit).await
    })
}

/// Writers who set what is there already, again and again.
fn written_again(memory: &MemoryStore, commit: Commit) -> Answer<'_, Receipt> {
    hurried(memory, commit, |document| {
        let again = |section: &machi_store::Section| SetSection {
            key: section.key,
            body: section.body.clone(),
            created: Stamp::Keep,
        };
        Change { set: document.sections.iter().map(again).collect(), ..Change::default() }
    })
}

/// Writers who take all attributes away.
fn stripped(memory: &MemoryStore, commit: Commit) -> Answer<'_, Receipt> {
    hurried(memory, commit, |document| Change {
        remove: document.sections.iter().map(|section| section.key).collect(),
        ..Change::default()
    })
}

#[tokio::test]
async fn writers_keep_nothing_from_being_purged_that_still_is_what_is_asked_for() {
    let city = given_in(City::committing(written_again)).await;
    assert_eq!(city.ask("DELETE", "/entities?type=Room&drop=u,location", &[]).await.status, 204);
    assert_eq!(json!(city.values("urn:x:0").await), json!({"@type": ["Room"], "@scope": ["/s0"], "t": 0}));
    assert_eq!(city.ask("DELETE", "/entities?q=t%3C4", &[]).await.status, 204);
    assert_eq!(remaining(&city).await, [4]);
}

#[tokio::test]
async fn what_is_no_longer_asked_for_when_its_turn_comes_stays() {
    let city = given_in(City::committing(stripped)).await;
    assert_eq!(city.ask("DELETE", "/entities?q=t%3C4", &[]).await.status, 204);
    assert_eq!(remaining(&city).await, [0, 1, 2, 3, 4]);
    assert_eq!(city.ask("DELETE", "/entities?type=Room", &[]).await.status, 204);
    assert_eq!(remaining(&city).await, [3, 4]);
}
