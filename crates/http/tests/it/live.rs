//! Live streams over the wire.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::support::City;

/// Reads until the text holds `end`.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    timeout(Duration::from_secs(5), async {
        while !String::from_utf8_lossy(&bytes).contains(end) {
            assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "{:?}", String::from_utf8_lossy(&bytes));
        }
    })
    .await
    .unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn server_sent_events_arrive_and_end_with_the_city() {
    let city = City::start();
    let mut stream = city.connect().await;
    stream.write_all(b"GET /live HTTP/1.1\r\nhost: city\r\naccept-encoding: gzip\r\n\r\n").await.unwrap();
    let text = read_until(&mut stream, "data: {\"n\":3}").await;
    assert!(text.contains("content-type: text/event-stream") && text.contains("id: 1\nevent: change\n"), "{text}");
    let start = Instant::now();
    city.close();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    city.closed().await;
    assert!(start.elapsed() < Duration::from_millis(400), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_websocket_carries_the_same_events() {
    let city = City::start();
    let mut stream = city.connect().await;
    let request = "GET /socket HTTP/1.1\r\nhost: city\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                   sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let text = read_until(&mut stream, r#"{"event":"change","id":"3","data":{"n":3}}"#).await;
    // The answer to the key is the example of RFC 6455 §1.3.
    assert!(text.starts_with("HTTP/1.1 101") && text.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{text}");
    // A masked ping is answered, also after the idle time-out of HTTP has passed.
    tokio::time::sleep(Duration::from_millis(900)).await;
    stream.write_all(&[0x89, 0x81, 0, 0, 0, 0, b'p']).await.unwrap();
    let mut pong = [0; 3];
    timeout(Duration::from_secs(5), stream.read_exact(&mut pong)).await.unwrap().unwrap();
    assert_eq!(pong, [0x8a, 1, b'p']);
    city.close();
    let mut farewell = Vec::new();
    stream.read_to_end(&mut farewell).await.unwrap();
    assert_eq!(farewell.get(..4), Some([0x88, 22, 0x03, 0xe9].as_slice()), "{farewell:?}");
}
