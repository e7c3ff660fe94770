//! The machine's clock is set back and far ahead while the real binary runs.

use std::process::Command;

use machi_types::Timestamp;

use crate::kit::*;

const HOUR: i64 = 3_600;
const TEN_YEARS: i64 = 10 * 365 * 24 * HOUR;

fn write(client: &Client, value: i64) -> Answer {
    client.patch(&format!("/entities/{}", thing("x"))).json(json!({"a": property(value)})).send()
}

/// When the entity was changed last, by the city's reckoning.
#[track_caller]
fn modified(client: &Client) -> Timestamp {
    let entity = client.retrieve_with(&thing("x"), &[("options", "sysAttrs")]);
    let time = entity["modifiedAt"].as_str().unwrap_or_default();
    time.parse().unwrap_or_else(|_| panic!("{entity}"))
}

// Architecture, Time: a clock that was set back never turns time back; one that jumps ahead is refused until it is confirmed.
#[test]
fn a_clock_that_is_set_back_or_far_ahead_turns_no_time_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clock = ShiftedClock::new(&folder.path().join("clock"));
    let options = Options { environment: clock.environment(), ..Options::default() };
    let city = City::start_with(env!("CARGO_BIN_EXE_machi"), options);
    let client = city.client();
    client.create(&t("x", json!({"a": property(0)})));
    let mut last = modified(&client);
    let mut write_later = |value| {
        write(&client, value).expect_status(204);
        let now = modified(&client);
        assert!(now > last, "{now} after {last}");
        last = now;
        now
    };
    let health = |path: &str, language: &str| {
        client.get(path).header("Accept-Language", language).send().expect_status(200).json()
    };
    assert!(health("/healthz", "en").get("warnings").is_none());
    clock.set(-HOUR);
    write_later(1);
    // Architecture, Time: a clock more than 5 minutes behind the last commit "says so in health".
    for path in ["/healthz", "/readyz"] {
        let told = |language| health(path, language)["warnings"][0].as_str().unwrap_or_default().to_owned();
        assert!(told("en").starts_with("the clock lies 3"), "{}", told("en"));
        assert!(told("ja").starts_with("時計が最後のコミットより3"), "{}", told("ja"));
    }
    city.kill();
    city.restart();
    let before = write_later(2);
    clock.set(TEN_YEARS);
    let refused = write(&client, 3);
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.header("retry-after").is_some() && refused.text().contains("machi clock accept"), "{refused:?}");
    finds(&client, &[("type", "T"), ("q", "a==2")], "x");
    let told = |language| health("/healthz", language)["warnings"][0].as_str().unwrap_or_default().to_owned();
    assert!(told("en").contains("machi clock accept"), "{}", told("en"));
    assert!(told("ja").contains("書き込みを停止しています"), "{}", told("ja"));
    clock.set(0);
    write_later(4);
    assert!(health("/healthz", "en").get("warnings").is_none());
    clock.set(TEN_YEARS);
    assert_eq!(write(&client, 5).status, 503);
    assert_eq!(write(&client, 5).status, 503);
    let accepted =
        Command::new(env!("CARGO_BIN_EXE_machi")).args(["clock", "accept", "--data"]).arg(city.data()).output();
    assert!(accepted.expect("the binary runs").status.success());
    let far = write_later(6);
    // docs/logging.md: a fault that repeats is logged when it begins, with its cause, and when it ends; it began twice.
    let log = city.log();
    let begun: Vec<&str> =
        log.lines().filter(|line| line.contains("writes are refused because of the clock")).collect();
    let ended = log.matches("the clock is believed again").count();
    assert!(begun.len() == 2 && begun.iter().all(|line| line.contains("the clock jumped ahead to")), "{log}");
    assert_eq!(ended, 2, "{log}");
    assert!(far.micros() - before.micros() > (TEN_YEARS - HOUR) * 1_000_000, "{far}");
    clock.set(0);
    write_later(7);
    city.kill();
    city.restart();
    write_later(8);
}
