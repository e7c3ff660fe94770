//! A receiver of notifications that can fail, be slow or hang up, and that serves @context documents.

mod wire;

use std::collections::HashMap;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::wait::DEADLINE;
use wire::{Incoming, Page};

/// What the receiver does with the notifications that come to one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Answers with this status at once.
    Status(u16),
    /// Answers 200 after this time.
    Slow(Duration),
    /// Closes the connection without an answer.
    HangUp,
}

/// One notification as it came.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The path it was sent to.
    pub path: String,
    /// The headers, names as they came.
    pub headers: Vec<(String, String)>,
    /// The body; null where it is no JSON.
    pub body: Value,
    /// When it came.
    pub at: Instant,
    /// The status that was answered; 0 where the receiver hung up.
    pub answered: u16,
}

impl Notice {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let same = |header: &&(String, String)| header.0.eq_ignore_ascii_case(name);
        self.headers.iter().find(same).map(|(_, value)| value.as_str())
    }

    /// The entities that it tells of.
    pub fn data(&self) -> Vec<Value> {
        self.body["data"].as_array().cloned().unwrap_or_default()
    }

    /// Its first entity, or null.
    pub fn first(&self) -> Value {
        self.body["data"][0].clone()
    }
}

/// A small HTTP server on a port of its own.
#[derive(Debug)]
pub struct Receiver {
    address: String,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct State {
    notices: Vec<Notice>,
    behaviours: HashMap<String, Behaviour>,
    pages: HashMap<String, Page>,
    fetches: HashMap<String, usize>,
    closed: bool,
}

impl Receiver {
    /// Starts a receiver.
    #[track_caller]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on the loopback interface");
        let address = listener.local_addr().expect("a bound listener has an address").to_string();
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &theirs));
        Self { address, shared }
    }

    /// The URL of a path of this receiver.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sets what happens to notifications that come to a path.
    pub fn behave(&self, path: &str, behaviour: Behaviour) {
        self.shared.lock().behaviours.insert(path.to_owned(), behaviour);
    }

    /// Serves a JSON-LD document and gives its URL.
    #[expect(clippy::needless_pass_by_value, reason = "it is called with json!(..) at every place")]
    pub fn serve(&self, path: &str, document: Value) -> String {
        self.serve_page(path, 200, &[("Content-Type", "application/ld+json")], &document.to_string())
    }

    /// Serves any answer and gives its URL.
    pub fn serve_page(&self, path: &str, status: u16, headers: &[(&str, &str)], body: &str) -> String {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.shared.lock().pages.insert(path.to_owned(), Page { status, headers, body: body.to_owned() });
        self.url(path)
    }

    /// How often a path was fetched.
    pub fn fetched(&self, path: &str) -> usize {
        self.shared.lock().fetches.get(path).copied().unwrap_or_default()
    }

    /// The notifications that came to a path so far.
    pub fn notices(&self, path: &str) -> Vec<Notice> {
        of_path(&self.shared.lock(), path)
    }

    /// Waits until at least `count` notifications came to a path, and gives all that did.
    #[track_caller]
    pub fn wait_for(&self, path: &str, count: usize) -> Vec<Notice> {
        self.wait_until(path, &format!("{count} notifications came"), |notices| notices.len() >= count)
    }

    /// Waits until the notifications of a path are as `enough` wants them, and gives them.
    #[track_caller]
    pub fn wait_until(&self, path: &str, what: &str, enough: impl Fn(&[Notice]) -> bool) -> Vec<Notice> {
        let started = Instant::now();
        let mut state = self.shared.lock();
        loop {
            let notices = of_path(&state, path);
            if enough(&notices) {
                return notices;
            }
            let Some(left) = DEADLINE.checked_sub(started.elapsed()) else {
                panic!("waited {DEADLINE:?} in vain until {what}; to {path} came {notices:#?}");
            };
            let waited = self.shared.arrived.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        // The listener wakes up by one last connection and sees that it is closed.
        let _ = TcpStream::connect(&self.address);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_path(state: &State, path: &str) -> Vec<Notice> {
    state.notices.iter().filter(|notice| notice.path == path).cloned().collect()
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.lock().closed {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            let _ = serve(stream, &shared);
        });
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut connection = wire::Connection::new(stream)?;
    while let Some(request) = connection.next_request()? {
        let page = match request.method.as_str() {
            "GET" | "HEAD" => fetch(shared, &request),
            _ => match take(shared, request) {
                Some(page) => page,
                None => return Ok(()),
            },
        };
        connection.answer(&page)?;
    }
    Ok(())
}

fn fetch(shared: &Shared, request: &Incoming) -> Page {
    let mut state = shared.lock();
    *state.fetches.entry(request.path.clone()).or_default() += 1;
    state.pages.get(&request.path).cloned().unwrap_or_else(|| Page::empty(404))
}

/// Records a notification; no page stands for hanging up.
fn take(shared: &Shared, request: Incoming) -> Option<Page> {
    let behaviour = shared.lock().behaviours.get(&request.path).copied().unwrap_or(Behaviour::Status(200));
    if let Behaviour::Slow(time) = behaviour {
        // Slowness is what is being simulated here; nothing waits for a condition.
        thread::sleep(time);
    }
    let answered = match behaviour {
        Behaviour::Status(status) => status,
        Behaviour::Slow(_) => 200,
        Behaviour::HangUp => 0,
    };
    let body = serde_json::from_slice(&request.body).unwrap_or_default();
    let notice = Notice { path: request.path, headers: request.headers, body, at: Instant::now(), answered };
    shared.lock().notices.push(notice);
    shared.arrived.notify_all();
    (answered != 0).then(|| Page::empty(answered))
}

#[cfg(test)]
mod tests;
