//! A city that is busy, silent, or refuses what it is sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;

use machi_http::{ShutdownTrigger, shutdown};
use machi_types::{Language, SystemClock};

use super::*;

/// A server that gives these answers, one a connection, and its address.
fn server(answers: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).unwrap() > 2 {
                let header = line.to_ascii_lowercase();
                length = header.strip_prefix("content-length:").map_or(length, |value| value.trim().parse().unwrap());
                line.clear();
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
            write!(stream, "HTTP/1.1 {answer}").unwrap();
        }
    });
    url
}

type Heard = Arc<Mutex<Vec<String>>>;

fn simulator() -> (Simulator<impl Fn(&Text)>, Heard, ShutdownTrigger) {
    let (trigger, heard) = shutdown();
    let said = Heard::default();
    let ears = Arc::clone(&said);
    let tell = move |text: &Text| ears.lock().unwrap().push(text.in_language(Language::English).to_owned());
    (Simulator { clock: Arc::new(SystemClock), shutdown: heard, tell }, said, trigger)
}

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

const BUSY: &str =
    "503 Service Unavailable\r\nretry-after: 0\r\nconnection: close\r\ncontent-length: 17\r\n\r\n{\"detail\":\"full\"}";
const VERDICT: &str = "207 Multi-Status\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
const ONE: &str = "207 Multi-Status\r\nconnection: close\r\ncontent-length: 60\r\n\r\n{\"errors\":[{\"entityId\":\"urn:x:1\",\"error\":{\"detail\":\"bad\"}}]}";
const REFUSAL: &str = "400 Bad Request\r\nconnection: close\r\ncontent-length: 15\r\n\r\n{\"detail\":\"no\"}";
const DONE: &str = "204 No Content\r\nconnection: close\r\n\r\n";

#[test]
fn a_busy_city_is_asked_again_and_that_is_told_once() {
    let (simulator, said, _trigger) = simulator();
    let city = City::new(&server(&[BUSY, BUSY, DONE, DONE]), &simulator).unwrap();
    run(async {
        city.upsert(b"[]".to_vec()).await.unwrap();
        city.upsert(b"[]".to_vec()).await.unwrap();
    });
    let said = said.lock().unwrap();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].contains("does not answer (503 Service Unavailable: full); it is asked again")
            && said[1] == "The city answers again."
    );
}

#[test]
fn a_change_that_is_not_taken_is_not_sent_again() {
    let (simulator, _said, _trigger) = simulator();
    let city = City::new(&server(&[BUSY, DONE, VERDICT]), &simulator).unwrap();
    run(async {
        assert!(city.update(b"[]".to_vec()).await.unwrap().is_err());
        assert_eq!(city.update(b"[]".to_vec()).await.unwrap().unwrap(), None);
        assert_eq!(city.update(b"[]".to_vec()).await.unwrap().unwrap().as_deref(), Some("{}"));
    });
}

#[test]
fn a_refusal_is_told_with_its_reason() {
    let (simulator, _said, _trigger) = simulator();
    let city = City::new(&server(&[REFUSAL, ONE]), &simulator).unwrap();
    let refused = || run(city.upsert(b"[]".to_vec())).unwrap_err().to_string();
    let (whole, one) = (refused(), refused());
    assert!(whole.ends_with("answers 400 Bad Request: no"), "{whole}");
    assert!(one.ends_with("answers 207 Multi-Status: urn:x:1: bad"), "{one}");
}

#[test]
fn whoever_waits_for_a_silent_city_hears_the_end() {
    let (simulator, said, trigger) = simulator();
    let city = City::new("http://127.0.0.1:1", &simulator).unwrap();
    let asked = async {
        let ended = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            trigger.begin();
        };
        futures_util::future::join(city.entity("urn:x:1"), ended).await.0
    };
    assert!(matches!(run(asked), Err(DemoError::Ended)));
    assert!(said.lock().unwrap()[0].contains("Start it, or name it with --url"));
}
