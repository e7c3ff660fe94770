//! Debian's Mosquitto as the broker that takes notifications, and its subscribers: its own and paho-mqtt.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use crate::kit::*;
use crate::python::program;

/// A broker on a port of its own; it ends with this value.
pub(crate) struct Mosquitto {
    folder: tempfile::TempDir,
    port: u16,
    child: Child,
}

/// Somebody who follows a topic; it ends with this value.
pub(crate) struct Subscriber {
    child: Child,
    lines: Arc<Mutex<Vec<Value>>>,
}

/// Whether the programs are there; where they are not, this says so.
pub(crate) fn is_there() -> bool {
    let runs = |program: &str| {
        Command::new(program).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    let is_there = ["mosquitto", "mosquitto_sub", "openssl"].into_iter().all(runs);
    if !is_there {
        println!("SKIPPED: mosquitto, mosquitto-clients or openssl are not there; `make test` installs them");
    }
    is_there
}

impl Mosquitto {
    /// A broker that takes everybody.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| "allow_anonymous true".to_owned())
    }

    /// A broker with further lines of configuration, made for the folder in which its files lie.
    pub(crate) fn start_with(configure: impl FnOnce(&Path) -> String) -> Self {
        let folder = tempfile::Builder::new().prefix("machi-mosquitto-").tempdir().expect("a temporary folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let place = folder.path().display();
        let lines = configure(folder.path());
        let config = format!(
            "user root\nlistener {port} 127.0.0.1\n{lines}\npersistence true\npersistence_location {place}/\nmax_queued_messages 0\nlog_dest none\n"
        );
        fs::write(folder.path().join("mosquitto.conf"), config).expect("the folder takes a file");
        let child = spawn(folder.path(), port);
        Self { folder, port, child }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The address of a topic.
    pub(crate) fn uri(&self, topic: &str) -> String {
        format!("mqtt://127.0.0.1:{}/{topic}", self.port)
    }

    /// Ends it in good order: it writes down what its subscribers have not heard yet.
    pub(crate) fn stop(&mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().is_ok_and(|status| status.success()));
        self.child.wait().expect("mosquitto is our child");
    }

    /// Starts it again, on the same port and with what it wrote down.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.folder.path(), self.port);
    }

    /// Follows a topic with `mosquitto_sub` and these further arguments.
    pub(crate) fn subscribe(&self, topic: &str, arguments: &[&str]) -> Subscriber {
        // Into a pipe it would tell that it has subscribed only with the first message.
        let mut command = Command::new("stdbuf");
        command.args(["-oL", "mosquitto_sub", "-h", "127.0.0.1", "-p", &self.port.to_string(), "-t", topic, "-d"]);
        command.args(["-F", r#"{"topic":"%t","qos":%q,"message":%p}"#]).args(arguments);
        Subscriber::of(command)
    }

    /// Follows a topic with paho-mqtt, over restarts of the broker.
    pub(crate) fn subscribe_with_paho(&self, topic: &str, version: u8, quality: u8) -> Option<Subscriber> {
        let mut command = program(&python_with(&["paho.mqtt"])?, "subscribe.py");
        command.args([&self.port.to_string(), topic, &version.to_string(), &quality.to_string()]);
        Some(Subscriber::of(command))
    }
}

fn spawn(folder: &Path, port: u16) -> Child {
    let config = folder.join("mosquitto.conf");
    let mut command = Command::new("mosquitto");
    command.arg("-c").arg(config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("mosquitto starts");
    eventually("mosquitto listens", || {
        assert!(child.try_wait().is_ok_and(|ended| ended.is_none()), "mosquitto ended at once");
        TcpStream::connect(("127.0.0.1", port)).ok()
    });
    child
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Subscriber {
    /// Starts it and waits until the broker has taken its subscription.
    fn of(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the subscriber starts");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (out, theirs) = (child.stdout.take().expect("stdout is piped"), Arc::clone(&lines));
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                // What mosquitto_sub tells beside messages is no JSON.
                let told = if line.starts_with("Subscribed") { Ok(json!("subscribed")) } else { line.parse() };
                theirs.lock().unwrap_or_else(PoisonError::into_inner).extend(told.ok());
            }
        });
        let subscriber = Self { child, lines };
        eventually("the subscriber is subscribed", || {
            subscriber.all().iter().any(|line| line == "subscribed").then_some(())
        });
        subscriber
    }

    fn all(&self) -> Vec<Value> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was published so far: objects of topic, qos and message.
    pub(crate) fn messages(&self) -> Vec<Value> {
        self.all().into_iter().filter(Value::is_object).collect()
    }

    /// Waits until so many messages came.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Value> {
        eventually(&format!("{count} messages came"), || Some(self.messages()).filter(|came| came.len() >= count))
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An authority of its own, and a certificate of it for this machine; gives the authority's file.
pub(crate) fn make_certificates(folder: &Path) -> PathBuf {
    fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1").expect("the folder takes a file");
    openssl(folder, "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=Aoi -days 2");
    openssl(folder, "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=127.0.0.1");
    openssl(
        folder,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names",
    );
    folder.join("ca.pem")
}

fn openssl(folder: &Path, arguments: &str) {
    let mut command = Command::new("openssl");
    command.args(arguments.split(' ')).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(command.status().is_ok_and(|status| status.success()), "openssl {arguments}");
}
