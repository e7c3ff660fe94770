//! Subscriptions: the resource, what is due, and how it arrives.

mod delivery;
mod inboxes;
mod live;
mod mqtt;
mod notifications;
mod resource;
mod restart;

use std::time::Duration;

use machi_broker::Notifier;
use machi_broker::config::{Config, SubscriptionsConfig};
use machi_http::client::{Cidr, Client, ClientSettings, Egress};
use machi_http::metrics::Registry;
use machi_http::{ShutdownTrigger, shutdown};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::city::City;
use crate::receiver::Receiver;

/// A notifier at work.
pub(crate) struct Working {
    trigger: ShutdownTrigger,
    task: JoinHandle<()>,
    registry: Registry,
}

impl Working {
    pub(crate) async fn start(city: &City) -> Self {
        let local: Cidr = "127.0.0.0/8".parse().unwrap();
        let client = Client::new(ClientSettings {
            egress: Egress::allowing(vec![local]),
            authorities: None,
            connect_patience: Duration::from_secs(2),
            kept_per_host: 8,
            kept_for: Duration::from_secs(10),
        });
        let registry = Registry::new();
        let notifier = Notifier::new(city.broker.clone(), client.unwrap()).await.unwrap();
        notifier.report_to(&registry);
        let (trigger, heard) = shutdown();
        Self { trigger, task: tokio::spawn(notifier.run(heard)), registry }
    }

    /// Of how many subscriptions something waits in the store.
    pub(crate) fn waiting(&self) -> i64 {
        self.registry.gauge("machi_subscriptions_waiting", "", &[]).value()
    }

    /// Ends as a city closes.
    pub(crate) async fn close(self) {
        self.trigger.begin();
        self.task.await.unwrap();
    }

    /// Ends as in a crash: nothing is finished, nothing is written down.
    pub(crate) async fn crash(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// Settings under which nothing takes long.
pub(crate) fn quick() -> Config {
    let subscriptions = SubscriptionsConfig {
        retry_millis: 20,
        retry_millis_max: 100,
        park_after_millis: 200,
        cursor_millis: 20,
        figures_millis: 50,
        timeout_millis: 2000,
        ..SubscriptionsConfig::default()
    };
    Config { subscriptions, ..Config::default() }
}

/// A city that notifies.
pub(crate) async fn notifying() -> (City, Working) {
    let city = City::with(quick());
    let working = Working::start(&city).await;
    (city, working)
}

impl City {
    /// Subscribes; the members beside are merged in. Gives the id.
    pub(crate) async fn subscribe(&self, receiver: &Receiver, members: Value) -> String {
        let mut subscription = json!({
            "type": "Subscription",
            "entities": [{"type": "T"}],
            "notification": {"endpoint": {"uri": receiver.url("/notify")}},
        });
        merge(&mut subscription, members);
        let reply = self.json("POST", "/subscriptions", &[], &subscription.to_string()).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        let location = reply.headers["location"].to_str().unwrap();
        location.strip_prefix("/ngsi-ld/v1/subscriptions/").unwrap().to_owned()
    }

    pub(crate) async fn set(&self, id: &str, attribute: &str, value: Value) {
        let body = json!({attribute: {"type": "Property", "value": value}}).to_string();
        let reply = self.json("PATCH", &format!("/entities/{id}/attrs"), &[], &body).await;
        assert_eq!(reply.status, 204, "{}", reply.text());
    }

    pub(crate) async fn shown(&self, id: &str) -> Value {
        let reply = self.ask("GET", &format!("/subscriptions/{id}"), &[]).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.value()
    }
}

pub(crate) fn merge(into: &mut Value, members: Value) {
    match (into, members) {
        (Value::Object(into), Value::Object(members)) => {
            for (name, value) in members {
                if value.is_null() {
                    into.remove(&name);
                } else {
                    merge(into.entry(name).or_insert(Value::Null), value);
                }
            }
        }
        (into, value) => *into = value,
    }
}

/// An entity of type T with one attribute.
pub(crate) fn entity(id: &str, value: i64) -> String {
    json!({"id": id, "type": "T", "a": {"type": "Property", "value": value}}).to_string()
}
