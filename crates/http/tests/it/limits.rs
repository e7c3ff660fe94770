//! Slow, silent, greedy and too many clients: each is bounded, and nobody else notices.

use std::time::{Duration, Instant};

use machi_http::edge::{Edge, EdgeSettings, Peers};
use machi_http::metrics::Registry;
use machi_http::server::ServerLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::support::{Answer, City, limits, settings};

/// Waits until the other side closes, at most five seconds.
async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await.is_ok()
}

#[tokio::test]
async fn a_slow_head_is_given_up_and_harms_nobody() {
    let city = City::start();
    let mut slow = Vec::new();
    for _ in 0..100 {
        let mut stream = city.connect().await;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nx-drip: ").await.unwrap();
        slow.push(stream);
    }
    let drip = tokio::spawn(async move {
        let mut closed = 0;
        for stream in &mut slow {
            for _ in 0..50 {
                sleep(Duration::from_millis(1)).await;
                if stream.write_all(b"x").await.is_err() {
                    break;
                }
            }
        }
        for stream in &mut slow {
            closed += usize::from(is_closed(stream).await);
        }
        closed
    });
    for _ in 0..20 {
        assert_eq!(city.get("/healthz", &[]).await.status, 200);
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(drip.await.unwrap(), 100);
    assert_eq!(city.figure("machi_http_connections_timed_out_total{reason=\"slow_head\"}"), 100);
}

#[tokio::test]
async fn resting_connections_are_closed_in_the_end() {
    let city = City::start();
    let mut silent = city.connect().await;
    let mut kept = city.connect().await;
    kept.write_all(b"GET /healthz HTTP/1.1\r\nhost: city\r\n\r\n").await.unwrap();
    assert_eq!(Answer::read(&mut kept).await.status, 200);
    let start = Instant::now();
    assert!(is_closed(&mut silent).await && is_closed(&mut kept).await);
    assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_working_connection_is_not_resting() {
    let mut all = limits();
    all.idle_timeout = Duration::from_millis(100);
    let city = City::start_with(all, settings());
    let mut stream = city.connect().await;
    for _ in 0..4 {
        stream.write_all(b"GET /slow HTTP/1.1\r\nhost: city\r\n\r\n").await.unwrap();
        assert_eq!(Answer::read(&mut stream).await.status, 200);
        sleep(Duration::from_millis(60)).await;
    }
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_given_up() {
    let city = City::start();
    let mut stream = city.connect().await;
    stream.write_all(b"GET /huge HTTP/1.1\r\nhost: city\r\n\r\n").await.unwrap();
    for _ in 0..50 {
        sleep(Duration::from_millis(100)).await;
        if city.figure("machi_http_connections_timed_out_total{reason=\"unread_answer\"}") > 0 {
            return;
        }
    }
    panic!("the connection is still open");
}

#[tokio::test]
async fn bodies_are_bounded_in_size_and_time() {
    let city = City::start();
    let small = city.ask("POST /echo HTTP/1.1\r\nhost: city\r\ncontent-length: 3\r\n\r\nabc").await;
    assert_eq!(small.text(), "abc");
    let chunked = city
        .ask("POST /echo HTTP/1.1\r\nhost: city\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        .await;
    assert_eq!(chunked.status, 411);
    let large = city.ask("POST /echo HTTP/1.1\r\nhost: city\r\ncontent-length: 100001\r\n\r\n").await;
    assert_eq!(large.status, 413);
    assert!(large.text().contains("longer than 100000 bytes"), "{}", large.text());
    let slow = city.ask("POST /echo HTTP/1.1\r\nhost: city\r\ncontent-length: 3\r\n\r\na").await;
    assert_eq!((slow.status, slow.header("connection")), (408, Some("close")));
}

/// Sends the head of a request to `/echo` and the beginning of its body.
async fn begin_body(city: &City, length: usize, begun: usize) -> TcpStream {
    let mut stream = city.connect().await;
    let head = format!("POST /echo HTTP/1.1\r\nhost: city\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'x'; begun]).await.unwrap();
    stream
}

#[tokio::test]
async fn bodies_that_come_slowly_take_no_turn() {
    let patience = Duration::from_millis(1500);
    let narrow = EdgeSettings {
        concurrency: 8,
        queue: 100,
        queue_patience: patience,
        body_patience: patience * 4,
        ..settings()
    };
    let city = City::start_with(limits(), narrow);
    let mut slow = Vec::new();
    for number in 0..40_usize {
        // Some of them have had a turn before they stand still.
        slow.push(begin_body(&city, 90_000, if number.is_multiple_of(2) { 1 } else { 80_000 }).await);
    }
    sleep(Duration::from_millis(200)).await;
    for _ in 0..10 {
        assert_eq!(city.get("/named/x", &[]).await.status, 200);
        let write = city.ask("POST /echo HTTP/1.1\r\nhost: city\r\ncontent-length: 3\r\n\r\nabc").await;
        assert_eq!(write.text(), "abc");
    }
    for (number, stream) in slow.iter_mut().enumerate() {
        let rest = if number.is_multiple_of(2) { 89_999 } else { 10_000 };
        stream.write_all(&vec![b'x'; rest]).await.unwrap();
    }
    for stream in &mut slow {
        let answer = Answer::read(stream).await;
        assert_eq!((answer.status, answer.body.len()), (200, 90_000), "{}", answer.text());
    }
}

#[tokio::test]
async fn beyond_the_room_for_slow_bodies_the_slowest_is_sent_away() {
    let narrow = EdgeSettings { body_bytes: 300 << 10, body_patience: Duration::from_secs(6), ..settings() };
    let city = City::start_with(limits(), narrow);
    let mut slowest = begin_body(&city, 60_000, 30_000).await;
    sleep(Duration::from_millis(300)).await;
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(begin_body(&city, 60_000, 30_000).await);
        sleep(Duration::from_millis(50)).await;
    }
    let refused = Answer::read(&mut slowest).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{}", refused.text());
    let mut last = others.pop().unwrap();
    drop(others);
    sleep(Duration::from_millis(50)).await;
    last.write_all(&vec![b'x'; 30_000]).await.unwrap();
    assert_eq!(Answer::read(&mut last).await.status, 200);
    assert_eq!(city.figure("machi_http_slow_bodies_refusals_total"), 1);
}

#[tokio::test]
async fn whoever_asks_before_sending_a_body_is_told_to_go_on_or_why_not() {
    let city = City::start();
    let ask = |length: usize| {
        format!("POST /echo HTTP/1.1\r\nhost: city\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\r\n")
    };
    assert_eq!(city.ask(&ask(100_001)).await.status, 413);
    let mut stream = city.connect().await;
    stream.write_all(ask(3).as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"abc").await.unwrap();
    assert_eq!(Answer::read(&mut stream).await.text(), "abc");
}

#[tokio::test]
async fn whoever_sends_too_much_still_reads_why_it_is_refused() {
    let city = City::start();
    let mut stream = city.connect().await;
    stream.write_all(b"POST /echo HTTP/1.1\r\nhost: city\r\ncontent-length: 8000000\r\n\r\n").await.unwrap();
    // Many clients read the answer only when they have sent all.
    for _ in 0..8 {
        sleep(Duration::from_millis(10)).await;
        stream.write_all(&vec![b'x'; 1_000_000]).await.unwrap();
    }
    assert_eq!(Answer::read(&mut stream).await.status, 413);
}

#[tokio::test]
async fn what_is_no_request_is_told_what_is_wrong_with_it() {
    let city = City::start();
    for (request, status, reason) in [
        ("GET /healthz?q=a>5 HTTP/1.1\r\nhost: city\r\n\r\n", 400, "'>', which is written %3E"),
        ("GET /healthz?q=\"a\" HTTP/1.1\r\nhost: city\r\n\r\n", 400, "%22"),
        ("GET /a b HTTP/1.1\r\nhost: city\r\n\r\n", 400, "RFC 9112"),
        ("GET /healthz HTTP/1.1\r\nhost city\r\n\r\n", 400, "RFC 9112"),
    ] {
        let answer = city.ask(request).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, Some("application/json")), "{request}");
        assert!(answer.text().contains("InvalidRequest") && answer.text().contains(reason), "{}", answer.text());
    }
    let long = city.ask(&format!("GET /{} HTTP/1.1\r\nhost: city\r\n\r\n", "a".repeat(20_000))).await;
    assert!(long.status == 431 && long.text().contains("RequestHeadTooLarge"), "{}", long.text());
    let mut headers = "GET /healthz HTTP/1.1\r\nhost: city\r\n".to_owned();
    headers.push_str(&"a: b\r\n".repeat(200));
    assert_eq!(city.ask(&(headers + "\r\n")).await.status, 431);
    assert_eq!(city.get("/healthz", &[]).await.status, 200);
}

/// The head of a request, of just this length, with all of the filling in a header or in the address.
fn head_of(length: usize, is_in_address: bool) -> String {
    let head = |address: &str, header: &str| {
        format!("GET /healthz?{address} HTTP/1.1\r\nhost: city\r\nconnection: close\r\na: {header}\r\n\r\n")
    };
    let filling = "a".repeat(length - head("", "").len());
    if is_in_address { head(&filling, "") } else { head("", &filling) }
}

#[tokio::test]
async fn a_head_has_at_most_its_size_whatever_that_is() {
    for size in [500, 8192, 16 << 10, 50_000, 64 << 10, 100_000] {
        let city = City::start_with(ServerLimits { head_bytes: size, ..limits() }, settings());
        let header = city.ask(&head_of(size, false)).await;
        assert_eq!(header.status, 200, "{size} bytes: {}", header.text());
        if size <= 64 << 10 {
            assert_eq!(city.ask(&head_of(size, true)).await.status, 200, "{size} bytes with a long address");
        }
        for is_in_address in [false, true] {
            let long = city.ask(&head_of(size + 1, is_in_address)).await;
            assert_eq!((long.status, long.header("connection")), (431, Some("close")), "{size} bytes and one");
            assert!(long.text().contains("\"status\":431"), "{}", long.text());
        }
    }
}

#[tokio::test]
async fn the_address_has_a_longest_length_of_its_own() {
    let city = City::start_with(ServerLimits { head_bytes: 100_000, ..limits() }, settings());
    let ask = async |length: usize| {
        let target = format!("/healthz?{}", "a".repeat(length - "/healthz?".len()));
        city.ask(&format!("GET {target} HTTP/1.1\r\nhost: city\r\nconnection: close\r\n\r\n")).await
    };
    assert_eq!(ask(65_534).await.status, 200);
    let long = ask(65_535).await;
    assert_eq!(long.status, 414);
    assert!(long.text().contains("\"status\":414") && long.text().contains("UriTooLong"), "{}", long.text());
    assert!(long.text().contains("\"title\":\"Address too long\""), "{}", long.text());
}

#[tokio::test]
async fn heads_one_behind_the_other_are_measured_each_by_itself() {
    let city = City::start_with(ServerLimits { head_bytes: 8192, ..limits() }, settings());
    let first = "GET /healthz HTTP/1.1\r\nhost: city\r\n\r\n";
    for (length, status) in [(8192, "200"), (8193, "431")] {
        let mut stream = city.connect().await;
        stream.write_all(format!("{first}{}", head_of(length, false)).as_bytes()).await.unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).await.unwrap();
        let told: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect();
        assert_eq!(told, ["200", status], "{length} bytes: {answers}");
    }
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let city = City::start();
    for (head, status) in [
        ("HTTP/1.1\r\nhost: city\r\n", 200),
        ("HTTP/1.1\r\nhost: [::1]:80\r\n", 200),
        ("HTTP/1.0\r\n", 200),
        ("HTTP/1.1\r\n", 400),
        ("HTTP/1.1\r\nhost: city\r\nhost: city\r\n", 400),
        ("HTTP/1.0\r\nhost: city\r\nhost: other\r\n", 400),
        ("HTTP/1.1\r\nhost: a b/c\r\n", 400),
    ] {
        let answer = city.ask(&format!("GET /healthz {head}\r\n")).await;
        assert_eq!(answer.status, status, "{head}");
        assert!(status == 200 || answer.text().contains("InvalidRequest"), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_head_that_drips_is_told_why_it_is_given_up() {
    let city = City::start();
    let mut slow = city.connect().await;
    slow.write_all(b"GET /healthz HTTP/1.1\r\nx-drip: ").await.unwrap();
    let answer = Answer::read(&mut slow).await;
    assert_eq!((answer.status, answer.header("connection")), (408, Some("close")));
    assert!(answer.text().contains("\"status\":408"), "{}", answer.text());
    assert!(is_closed(&mut slow).await);
    let mut silent = city.connect().await;
    let mut rest = Vec::new();
    silent.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty(), "whoever asks for nothing is told nothing");
}

#[tokio::test]
async fn the_standard_has_statuses_without_body() {
    let city = City::start();
    let post = "POST /ngsi-ld/v1/entities HTTP/1.1\r\nhost: city\r\n";
    let unmeasured = city.ask(&format!("{post}content-type: application/json\r\n\r\n")).await;
    assert_eq!((unmeasured.status, unmeasured.text(), unmeasured.header("content-type")), (411, "", None));
    let unknown = city.ask(&format!("{post}content-type: text/plain\r\ncontent-length: 2\r\n\r\n{{}}")).await;
    assert_eq!((unknown.status, unknown.text()), (415, ""));
    let unanswerable = city.get("/ngsi-ld/v1/entities", &["Accept: text/html"]).await;
    assert_eq!((unanswerable.status, unanswerable.header("content-type")), (406, Some("application/json")));
    assert!(unanswerable.text().contains(r#""available":["application/json","application/ld+json"]"#));
}

#[tokio::test]
async fn too_many_requests_are_turned_away_at_once() {
    let city = City::start_with(limits(), EdgeSettings { concurrency: 2, queue: 2, ..settings() });
    let asked: Vec<_> = (0..8)
        .map(|_| {
            let address = city.address;
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.write_all(b"GET /slow HTTP/1.1\r\nhost: city\r\n\r\n").await.unwrap();
                Answer::read(&mut stream).await
            })
        })
        .collect();
    sleep(Duration::from_millis(100)).await;
    assert_eq!(city.get("/healthz", &[]).await.status, 200);
    let mut statuses = Vec::new();
    for one in asked {
        let answer = one.await.unwrap();
        if answer.status == 503 {
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
        statuses.push(answer.status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 503, 503, 503, 503]);
}

#[tokio::test]
async fn connections_beyond_the_bound_wait() {
    let city =
        City::start_with(ServerLimits { connections: 2, idle_timeout: Duration::from_secs(5), ..limits() }, settings());
    let first = city.connect().await;
    let _second = city.connect().await;
    sleep(Duration::from_millis(50)).await;
    let mut third = city.connect().await;
    third.write_all(b"GET /healthz HTTP/1.1\r\nhost: city\r\n\r\n").await.unwrap();
    assert!(timeout(Duration::from_millis(200), third.readable()).await.is_err());
    drop(first);
    assert_eq!(Answer::read(&mut third).await.status, 200);
}

#[tokio::test]
async fn malformed_heads_are_answered_and_closed() {
    let city = City::start();
    for (bytes, status) in [
        ("GET / HTTP/1.1\r\nhost city\r\n\r\n".to_owned(), 400),
        ("\u{0}\u{1}\r\n\r\n".to_owned(), 400),
        (format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(20_000)), 431),
        (format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(70_000)), 431),
    ] {
        assert_eq!(city.ask(&bytes).await.status, status, "{:?}", bytes.get(..20));
    }
    assert_eq!(city.get("/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn a_client_that_has_said_all_still_reads_its_answer() {
    let city = City::start();
    let mut stream = city.connect().await;
    stream.write_all(b"GET /slow HTTP/1.1\r\nhost: city\r\n\r\n").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(Answer::read(&mut stream).await.status, 200);
}

#[tokio::test]
async fn strangers_are_refused() {
    let peers = Peers::loopback_and(vec!["198.51.100.0/24".parse().unwrap()]);
    let router = axum::Router::new().route("/", axum::routing::get(|| async { "in" }));
    let edge = Edge::new(router, EdgeSettings { peers, ..settings() }, &Registry::new());
    for (peer, status) in [("127.0.0.1:9", 200), ("[::1]:9", 200), ("198.51.100.7:9", 200), ("192.0.2.1:9", 403)] {
        let request = http::Request::builder().header("host", "city").body(axum::body::Body::empty()).unwrap();
        let answer = edge.answer(request, Some(peer.parse().unwrap())).await;
        assert_eq!(answer.status(), status, "{peer}");
    }
}

#[tokio::test]
async fn closing_ends_in_time_and_finishes_what_is_at_work() {
    let city = City::start();
    let mut resting = city.connect().await;
    resting.write_all(b"GET /healthz HTTP/1.1\r\nhost: city\r\n\r\n").await.unwrap();
    Answer::read(&mut resting).await;
    let mut working = city.connect().await;
    working.write_all(b"GET /slow HTTP/1.1\r\nhost: city\r\n\r\n").await.unwrap();
    let mut stuck = city.connect().await;
    stuck.write_all(b"GET /forever HTTP/1.1\r\nhost: city\r\n\r\n").await.unwrap();
    sleep(Duration::from_millis(50)).await;
    let address = city.address;
    let start = Instant::now();
    city.close();
    assert_eq!(Answer::read(&mut working).await.status, 200);
    city.closed().await;
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(is_closed(&mut resting).await);
    assert!(TcpStream::connect(address).await.is_err());
}
