//! The credentials of a receiver stand in its subscription, and nowhere else.

use std::net::TcpListener;

use crate::kit::*;

const SECRETS: [&str; 3] = ["pass-s3cr3t", "token-s3cr3t", "notifier-s3cr3t"];

/// Where nobody is ever heard.
fn closing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on the loopback interface");
    let address = listener.local_addr().expect("a bound listener has an address").to_string();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    address
}

#[track_caller]
fn hides(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what} tells {secret}: {text}");
    }
}

// §5.2.15: A subscription gives its endpoint back as it came; the credentials in it are shown nowhere else.
#[test]
fn credentials_are_shown_by_their_subscription_alone() {
    let config = "[log]\nfilter = \"trace\"\n[subscriptions]\nattempts = 2\nrest = \"100 ms\"\n";
    let own = City::start_with(
        env!("CARGO_BIN_EXE_machi"),
        Options { config: Some(config.to_owned()), ..Options::default() },
    );
    let client = own.client();
    let text = |path: &str| {
        let answer = client.request("GET", path).send().expect_status(200);
        String::from_utf8_lossy(&answer.body).into_owned()
    };
    client.create(&t("x", json!({"a": property(0)})));
    let info = |key: &str, secret: &str| json!([{"key": key, "value": secret}]);
    let receivers = [
        (format!("mqtt://machi:{}@{}/city/a", SECRETS[0], closing()), "Key"),
        (format!("http://{}/notify", closing()), "Authorization"),
    ];
    let mut ids = Vec::new();
    for (uri, key) in &receivers {
        let endpoint = json!({"receiverInfo": info(key, SECRETS[1]), "notifierInfo": info("Key", SECRETS[2])});
        let id = client.subscribe(&subscription("T", uri, json!({"notification": {"endpoint": endpoint}})));
        let kept = client.get(&format!("/subscriptions/{id}")).send().expect_status(200).json();
        let kept = &kept["notification"]["endpoint"];
        assert_eq!(kept["uri"], json!(uri));
        assert_eq!(kept["receiverInfo"][0]["value"], SECRETS[1]);
        assert_eq!(kept["notifierInfo"][0]["value"], SECRETS[2]);
        ids.push(id);
    }
    client.patch(&format!("/entities/{}/attrs", thing("x"))).json(json!({"a": property(1)})).send().expect_status(204);
    eventually("both wait or are given up", || {
        let waiting = text("/machi/v1/deliveries");
        hides("what waits", &waiting);
        let given_up = text("/machi/v1/dead-letters");
        ids.iter().all(|id| given_up.contains(id.as_str())).then_some(())
    });
    let given_up: Value = serde_json::from_str(&text("/machi/v1/dead-letters")).unwrap();
    for letter in given_up.as_array().unwrap() {
        assert!(letter["reason"].as_str().is_some_and(|reason| reason.contains("127.0.0.1")), "{letter}");
        let one = text(&format!("/machi/v1/dead-letters/{}", letter["id"].as_str().unwrap()));
        hides("a dead letter", &(one + &letter.to_string()));
    }
    for path in ["/metrics", "/healthz", "/readyz", "/machi/v1/tenants", "/machi/v1/indexes", "/openapi.json", "/"] {
        hides(path, &text(path));
    }
    for wrong in [
        format!("mqtt://machi:{}@host", SECRETS[0]),
        format!("mqtt://machi:{}@host:none/t", SECRETS[0]),
        format!("http://machi:{}@host/notify", SECRETS[0]),
    ] {
        let refused =
            client.post("/subscriptions").json(subscription("T", &wrong, json!({}))).send().expect_status(400);
        hides("an error", &String::from_utf8_lossy(&refused.body));
    }
    let log = own.log();
    assert!(log.contains("a notification was not taken") && log.contains("it is a dead letter now"), "{log}");
    hides("the log", &log);
}
