//! A broker that refuses and goes is heard, however it goes and whoever comes late.

use std::time::Duration;

use bytes::Bytes;
use machi_http::client::{Client, ClientSettings, Egress};
use machi_http::request::MediaType;
use machi_types::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::subscriptions::domain::endpoint::{Endpoint, Target};

/// How often each way is tried.
const ROUNDS: usize = 200;

/// How a broker goes once it has refused.
#[derive(Clone, Copy, Debug)]
enum Going {
    /// It has read what was sent, and closes.
    Quietly,
    /// It has read what was sent, and resets the connection.
    Abruptly,
    /// It never reads, so that closing resets the connection.
    Unread,
}

/// Refuses whoever comes, with these bytes.
async fn refusing(going: Going, answer: &'static [u8]) -> u16 {
    serve(async move |mut stream: TcpStream| {
        if !matches!(going, Going::Unread) {
            read_packet(&mut stream).await;
        }
        let _ = stream.write_all(answer).await;
        if matches!(going, Going::Abruptly) {
            let _ = stream.set_zero_linger();
        }
    })
    .await
}

/// Takes the connection, then ends it with a reason in the middle of what it is sent: closing resets the connection.
async fn ending() -> u16 {
    serve(async |mut stream: TcpStream| {
        read_packet(&mut stream).await;
        let _ = stream.write_all(&[0x20, 3, 0, 0, 0]).await;
        let _ = stream.read_u8().await;
        let _ = stream.write_all(&[0xe0, 1, 135]).await;
    })
    .await
}

/// Has somebody deal with whoever comes, one after the other.
async fn serve(deal: impl AsyncFn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // A thread of its own, so that what it does comes at any moment of what is tried.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener.into_std().unwrap()).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                deal(stream).await;
            }
        });
    });
    port
}

/// Reads a short packet.
async fn read_packet(stream: &mut TcpStream) {
    let mut head = [0; 2];
    let _ = stream.read_exact(&mut head).await;
    let mut rest = vec![0; usize::from(head[1])];
    let _ = stream.read_exact(&mut rest).await;
}

fn clients() -> Arc<MqttClients> {
    let settings = ClientSettings {
        egress: Egress::everywhere(),
        authorities: None,
        connect_patience: Duration::from_secs(5),
        kept_per_host: 1,
        kept_for: Duration::from_secs(1),
    };
    Arc::new(MqttClients::new(Client::new(settings).unwrap()))
}

fn target(port: u16, version: &str) -> Box<MqttTarget> {
    let endpoint = format!(
        r#"{{"uri":"mqtt://u:p@127.0.0.1:{port}/t","notifierInfo":[{{"key":"MQTT-Version","value":"{version}"}},{{"key":"MQTT-QoS","value":"1"}}]}}"#
    );
    let read = Endpoint::read(&json::parse(endpoint.as_bytes(), 8).unwrap()).unwrap();
    match read.target {
        Target::Mqtt(target) => target,
        Target::Web { .. } => panic!("it is MQTT"),
    }
}

fn payload() -> Payload {
    Payload { body: Bytes::from_static(b"{}"), media: MediaType::Json, context: None }
}

async fn reasons(clients: &Arc<MqttClients>, port: u16, version: &str, at_once: usize) -> Vec<String> {
    let publish = |_| {
        let (clients, target) = (Arc::clone(clients), target(port, version));
        tokio::spawn(async move {
            let sent = clients.publish(&target, &TenantId::default_tenant(), &payload(), Duration::from_secs(20)).await;
            sent.unwrap_err().reason
        })
    };
    let tasks: Vec<_> = (0..at_once).map(publish).collect();
    let mut reasons = Vec::new();
    for task in tasks {
        reasons.push(task.await.unwrap());
    }
    reasons
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_told_however_the_broker_goes() {
    let cases: [(&str, &'static [u8], u8); 5] = [
        ("mqtt3.1.1", &[0x20, 2, 0, 5], 5),
        ("mqtt3.1.1", &[0x20, 2, 0, 4], 4),
        ("mqtt5.0", &[0x20, 3, 0, 135, 0], 135),
        ("mqtt5.0", &[0x20, 6, 0, 134, 3, 0x1f, 0, 0], 134),
        // It goes in the middle of its answer, behind the reason.
        ("mqtt5.0", &[0x20, 40, 0, 135], 135),
    ];
    for going in [Going::Quietly, Going::Abruptly, Going::Unread] {
        for (version, answer, code) in cases {
            let (port, clients) = (refusing(going, answer).await, clients());
            for round in 0..ROUNDS / 5 {
                for reason in reasons(&clients, port, version, 5).await {
                    let expected = format!("it refuses the connection with reason {code}");
                    assert!(reason.ends_with(&expected), "{going:?}, {version}, round {round}: {reason}");
                }
            }
        }
    }
}

#[tokio::test]
async fn whoever_hands_over_a_message_while_the_connection_ends_is_told_why() {
    let clients = clients();
    let target = target(refusing(Going::Quietly, &[0x20, 2, 0, 5]).await, "mqtt3.1.1");
    let session = clients.session(&target);
    let place = session.jobs.reserve().await.unwrap();
    let (answer, answered) = oneshot::channel();
    while session.end.get().is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    place.send(Job { topic: "t".to_owned(), message: Vec::new(), quality: target.quality, answer });
    let told = answered.await.unwrap().unwrap_err();
    assert!(told.reason.ends_with("it refuses the connection with reason 5"), "{told:?}");
    // The connection is gone, and its reason stays with those who still have it.
    let (answer, answered) = oneshot::channel();
    let job = Job { topic: "t".to_owned(), message: Vec::new(), quality: target.quality, answer };
    let told = session.publish(job, answered).await.unwrap_err();
    assert!(told.reason.ends_with("it refuses the connection with reason 5"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reason_of_a_broker_that_ends_the_connection_is_told() {
    let (port, clients) = (ending().await, clients());
    for round in 0..ROUNDS / 5 {
        for reason in reasons(&clients, port, "mqtt5.0", 5).await {
            assert!(reason.ends_with("it ends the connection with reason 135"), "round {round}: {reason}");
        }
    }
}
