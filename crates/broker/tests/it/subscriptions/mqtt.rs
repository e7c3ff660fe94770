//! Notifications over MQTT, taken by a broker of a few lines that can be stopped in the middle.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{entity, notifying};
use crate::receiver::{Receiver, wait_for};

/// Takes connections, and keeps what is published to it.
struct MiniBroker {
    address: SocketAddr,
    published: Arc<Mutex<Vec<(String, Value)>>>,
    tasks: JoinSet<()>,
}

impl MiniBroker {
    async fn start(address: &str, published: Arc<Mutex<Vec<(String, Value)>>>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        let kept = published.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, kept.clone()));
            }
        });
        Self { address, published, tasks }
    }

    async fn stop(mut self) {
        self.tasks.shutdown().await;
    }

    fn values(&self) -> Vec<i64> {
        self.published
            .lock()
            .unwrap()
            .iter()
            .map(|(_, message)| message["body"]["data"][0]["a"]["value"].as_i64().unwrap())
            .collect()
    }
}

async fn packet(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let head = stream.read_u8().await.ok()?;
    let (mut length, mut shift) = (0_usize, 0);
    loop {
        let byte = stream.read_u8().await.ok()?;
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, body))
}

async fn serve(mut stream: TcpStream, published: Arc<Mutex<Vec<(String, Value)>>>) {
    let mut is_newest = false;
    while let Some((head, body)) = packet(&mut stream).await {
        let answer = match head >> 4 {
            1 => {
                is_newest = body[6] == 5;
                if is_newest { vec![0x20, 3, 0, 0, 0] } else { vec![0x20, 2, 0, 0] }
            }
            3 => {
                let quality = head >> 1 & 3;
                let topic = String::from_utf8(body[2..2 + usize::from(body[1])].to_vec()).unwrap();
                let mut at = 2 + topic.len();
                let id = if quality > 0 { [body[at], body[at + 1]] } else { [0; 2] };
                at += if quality > 0 { 2 } else { 0 } + usize::from(is_newest);
                published.lock().unwrap().push((topic, serde_json::from_slice(&body[at..]).unwrap()));
                match quality {
                    1 => vec![0x40, 2, id[0], id[1]],
                    2 => vec![0x50, 2, id[0], id[1]],
                    _ => Vec::new(),
                }
            }
            6 => vec![0x70, 2, body[0], body[1]],
            12 => vec![0xd0, 0],
            _ => return,
        };
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn every_version_and_quality_is_published() {
    let (city, working) = notifying().await;
    let (receiver, broker) = (Receiver::start().await, MiniBroker::start("127.0.0.1:0", Arc::default()).await);
    for (version, quality) in [
        ("mqtt3.1.1", "0"),
        ("mqtt3.1.1", "1"),
        ("mqtt3.1.1", "2"),
        ("mqtt5.0", "0"),
        ("mqtt5.0", "1"),
        ("mqtt5.0", "2"),
    ] {
        let uri = format!("mqtt://u:p@{}/city/{version}/{quality}", broker.address);
        let info = json!([{"key": "MQTT-Version", "value": version}, {"key": "MQTT-QoS", "value": quality}]);
        let endpoint = json!({"uri": uri, "notifierInfo": info, "receiverInfo": [{"key": "X", "value": "y"}]});
        city.subscribe(&receiver, json!({"notification": {"endpoint": endpoint}})).await;
    }
    city.given(&entity("urn:x:1", 7)).await;
    assert!(wait_for(|| broker.values().len() == 6).await, "{:?}", broker.values());
    let published = broker.published.lock().unwrap().clone();
    let mut topics: Vec<&str> = published.iter().map(|(topic, _)| topic.as_str()).collect();
    topics.sort_unstable();
    assert_eq!(
        topics,
        [
            "city/mqtt3.1.1/0",
            "city/mqtt3.1.1/1",
            "city/mqtt3.1.1/2",
            "city/mqtt5.0/0",
            "city/mqtt5.0/1",
            "city/mqtt5.0/2"
        ]
    );
    let metadata = &published[0].1["metadata"];
    assert_eq!((&metadata["Content-Type"], &metadata["X"]), (&json!("application/json"), &json!("y")));
    assert!(metadata["Link"].as_str().unwrap().contains("json-ld#context"));
    working.close().await;
}

#[tokio::test]
async fn a_broker_that_restarts_misses_nothing_at_least_once() {
    let (city, working) = notifying().await;
    let (receiver, broker) = (Receiver::start().await, MiniBroker::start("127.0.0.1:0", Arc::default()).await);
    let endpoint =
        json!({"uri": format!("mqtt://{}/t", broker.address), "notifierInfo": [{"key": "MQTT-QoS", "value": "1"}]});
    city.subscribe(&receiver, json!({"notification": {"endpoint": endpoint}})).await;
    city.given(&entity("urn:x:1", 0)).await;
    let mut broker = broker;
    for n in 1..60 {
        city.set("urn:x:1", "a", json!(n)).await;
        if n == 20 || n == 40 {
            let (address, published) = (broker.address.to_string(), broker.published.clone());
            broker.stop().await;
            city.set("urn:x:1", "a", json!(n * 100)).await;
            broker = MiniBroker::start(&address, published).await;
        }
    }
    let expected: std::collections::BTreeSet<i64> = (0..60).chain([2000, 4000]).collect();
    let arrived = || broker.values().into_iter().collect::<std::collections::BTreeSet<i64>>();
    assert!(wait_for(|| arrived() == expected).await, "{:?}", arrived());
    working.close().await;
}
