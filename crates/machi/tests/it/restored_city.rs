//! A city that was restored from a backup goes on from there, and does not send again what was delivered before.

use std::path::Path;

use crate::kit::*;

#[track_caller]
fn succeed(arguments: &[&str], path: &Path, data: &Path) {
    let (done, said) = machi(&Environment::default(), arguments, &[path, Path::new("--data"), data]);
    assert!(done, "{said}");
}

/// The values that were notified of, in the order in which they came.
fn values(notices: &[Notice]) -> Vec<i64> {
    notices.iter().flat_map(Notice::data).filter_map(|entity| entity["a"]["value"].as_i64()).collect()
}

// Issue 2, build 3: A restored city does not resend delivered notifications.
#[test]
fn a_restored_city_sends_what_is_new_and_nothing_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (backup, data) = (folder.path().join("backup"), folder.path().join("restored"));
    let receiver = Receiver::start();
    let city = City::start(env!("CARGO_BIN_EXE_machi"));
    let client = city.client();
    client.create(&t("x", json!({"a": property(0)})));
    let id = client.subscribe(&subscription("T", &receiver.url("/sub"), json!({})));
    (1..=20).for_each(|value| change(&client, value));
    assert_eq!(values(&receiver.wait_for("/sub", 20)), (1..=20).collect::<Vec<_>>());
    succeed(&["backup"], &backup, &city.data());
    // What came after the backup is lost with this city.
    change(&client, 21);
    receiver.wait_for("/sub", 21);
    city.kill();

    succeed(&["restore"], &backup, &data);
    let restored = City::start_with(env!("CARGO_BIN_EXE_machi"), Options { data: Some(data), ..Options::default() });
    let client = restored.client();
    assert_eq!(client.retrieve(&thing("x"))["a"]["value"], 20);
    client.get(&format!("/subscriptions/{id}")).send().expect_status(200);
    change(&client, 100);
    change(&client, 101);
    let notices = receiver.wait_for("/sub", 23);
    assert_eq!(values(&notices).get(20..), Some([21, 100, 101].as_slice()));
}
