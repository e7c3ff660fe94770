//! Tiles at a time that stands still: what has expired is in none, although its documents are there yet.

use machi_face::config::FaceConfig;

use crate::city::City;

const HERE: &str = "/machi/v1/tiles/T/16/57799/26113?attrs=note";

fn placed(name: &str, rest: &str) -> String {
    let place = r#"{"type":"GeoProperty","value":{"type":"Point","coordinates":[137.5,34.3]}}"#;
    format!(r#"{{"id":"urn:x:{name}","type":"T",{rest}"location":{place}}}"#)
}

/// The names and notes in a tile, which stand in it as they are.
async fn shown(city: &City) -> String {
    let reply = city.ask("GET", HERE, &[]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let text = reply.text();
    let words = text.split("urn:x:").skip(1).map(|rest| rest.chars().take_while(char::is_ascii_lowercase).collect());
    let mut words: Vec<String> = words.collect();
    words.extend(text.contains("noted").then(|| "noted".to_owned()));
    words.sort();
    words.join(" ")
}

async fn with_an_end() -> City {
    let city = City::new();
    let end = r#""expiresAt":"2026-11-22T10:00:30Z""#;
    city.given(&placed("stays", "")).await;
    city.given(&placed("goes", &format!("{end},"))).await;
    city.given(&placed("forgets", &format!(r#""note":{{"type":"Property","value":"noted",{end}}},"#))).await;
    city.given(&placed("loses", "").replace(r#""GeoProperty","#, &format!(r#""GeoProperty",{end},"#))).await;
    city
}

#[tokio::test]
async fn what_has_expired_is_not_shown() {
    let city = with_an_end().await;
    assert_eq!(shown(&city).await, "forgets goes loses noted stays");
    city.later(60);
    assert_eq!(shown(&city).await, "forgets stays");
}

#[tokio::test]
async fn what_has_expired_is_not_counted() {
    let mut config = FaceConfig::default();
    config.limits.tile_features_deepest = 1;
    let city = City::with(config);
    let end = r#""expiresAt":"2026-11-22T10:00:30Z","#;
    for nth in ["a", "b", "c"] {
        city.given(&placed(nth, if nth == "c" { end } else { "" })).await;
    }
    let tile = async || city.ask("GET", HERE, &[]).await;
    // A layer of one feature: its name, the feature, the key "count", and the value as a number of its own field.
    let counts = |body: &[u8], count: u8| body.windows(4).any(|four| four == [0x22, 2, 0x28, count]);
    let before = tile().await;
    assert!(before.text().contains("clusters") && counts(&before.body, 3), "{:?}", before.body);
    city.later(60);
    let after = tile().await;
    assert!(after.text().contains("clusters") && counts(&after.body, 2), "{:?}", after.body);
    assert_ne!(before.header("etag"), after.header("etag"));
}

/// Gives an entity a note in languages.
async fn noted(city: &City, name: &str, texts: &str) {
    city.given(&placed(name, &format!(r#""note":{{"type":"LanguageProperty","languageMap":{texts}}},"#))).await;
}

#[tokio::test]
async fn texts_are_in_the_language_that_is_asked_for() {
    let city = City::new();
    let long = "long ".repeat(30);
    noted(&city, "plain", r#"{"ja":"plain-ja","en":"plain-en"}"#).await;
    noted(&city, "turned", r#"{"en":"turned-en","ja":"turned-ja"}"#).await;
    noted(&city, "special", r#"{"ja":"special-ja","en-GB":"special-gb"}"#).await;
    noted(&city, "equal", r#"{"ja":"equal-all","en":"equal-all"}"#).await;
    noted(&city, "some", r#"{"ja":["some-one","some-two"],"en":"some-en"}"#).await;
    noted(&city, "instant", r#"{"ja":"2026-11-22T10:00:00Z","en":"instant-en"}"#).await;
    noted(&city, "cut", &format!(r#"{{"ja":"{long}cut-ja","en":"cut-en"}}"#)).await;
    noted(&city, "any", r#"{"fr":"any-fr","@none":"any-none"}"#).await;
    let told = async |lang: &str| {
        let reply = city.ask("GET", &format!("{HERE}&lang={lang}"), &[]).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let text = reply.text();
        let known = "plain-ja plain-en turned-en turned-ja special-ja special-gb equal-all some-one some-two some-en \
             2026-11-22T10:00:00Z instant-en cut-ja cut-en any-fr any-none";
        known.split_whitespace().filter(|word| text.contains(word)).collect::<Vec<_>>().join(" ")
    };
    let ja = "plain-ja turned-ja special-ja equal-all 2026-11-22T10:00:00Z cut-ja any-none";
    assert_eq!(told("ja").await, ja);
    let en = "plain-en turned-en special-gb equal-all some-en instant-en cut-en any-none";
    assert_eq!(told("en").await, en);
    assert_eq!(told("fr,en;q=0.5").await, en.replace("any-none", "any-fr"));
    // What is written in another order is another order from then on.
    let turned = r#"{"note":{"type":"LanguageProperty","languageMap":{"ja":"turned-ja","en":"turned-en"}}}"#;
    let answer = city.json("PATCH", "/entities/urn:x:turned/attrs", &[], turned).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    assert_eq!((told("ja").await.as_str(), told("en").await.as_str()), (ja, en));
}
