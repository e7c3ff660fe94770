//! A bad receiver is felt by nobody else, not even by those behind other addresses of the same machine.

use std::net::TcpListener;
use std::time::Duration;

use crate::kit::*;

// Issue 2, line 9: A dead, a slow and a failing receiver do not hold up healthy ones on the same machine.
#[test]
fn bad_receivers_hold_up_nobody_behind_other_doors() {
    const ENTITIES: usize = 20;
    let receiver = Receiver::start();
    receiver.behave("/slow", Behaviour::Slow(Duration::from_secs(15)));
    receiver.behave("/failing", Behaviour::Status(503));
    // Nobody listens there any more.
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let tenant = tenant();
    let names: Vec<String> = (0..ENTITIES).map(|n| format!("x{n}")).collect();
    tenant.create_all(&names.iter().map(|name| t(name, json!({"a": property(0)}))).collect::<Vec<_>>());
    let healthy: Vec<String> = (0..5).map(|n| format!("/healthy{n}")).collect();
    for path in ["/slow", "/failing"].into_iter().chain(healthy.iter().map(String::as_str)) {
        tenant.subscribe(&subscription("T", &receiver.url(path), json!({})));
    }
    tenant.subscribe(&subscription("T", &format!("http://{dead}/dead"), json!({})));
    for value in 1..=3 {
        for name in &names {
            let fragment = json!({"a": property(value)});
            tenant.patch(&format!("/entities/{}", thing(name))).json(fragment).send().expect_status(204);
        }
    }
    for path in &healthy {
        receiver.wait_for(path, 3 * ENTITIES);
    }
    // What is slow is noted with its answer: not one was answered when the healthy ones had heard all.
    assert_eq!(receiver.notices("/slow").len(), 0);
    for path in &healthy {
        assert_eq!(receiver.notices(path).len(), 3 * ENTITIES, "each just once");
    }
}

// §5.2.15: cooldown and timeout are any positive numbers; one that no clock can count to rests for ever, alone.
#[test]
fn a_cooldown_without_end_holds_up_nobody() {
    let receiver = Receiver::start();
    receiver.behave("/failing", Behaviour::Status(503));
    let tenant = tenant_with([&t("x", json!({"a": property(0)}))]);
    let endless = json!({"notification": {"endpoint": {"cooldown": 1e300, "timeout": 1e300}}});
    tenant.subscribe(&subscription("T", &receiver.url("/failing"), endless));
    tenant.subscribe(&subscription("T", &receiver.url("/healthy"), json!({})));
    let change = |value| {
        tenant
            .patch(&format!("/entities/{}", thing("x")))
            .json(json!({"a": property(value)}))
            .send()
            .expect_status(204);
    };
    change(1);
    receiver.wait_for("/failing", 1);
    change(2);
    receiver.wait_for("/healthy", 2);
    change(3);
    receiver.wait_for("/healthy", 3);
    assert_eq!(receiver.notices("/failing").len(), 1);
}
