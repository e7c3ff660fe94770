//! `make up` and `make clean-city` where something is missing: one sentence with its remedy, in the reader's language.
//!
//! The scripts run in a checkout of their own that holds nothing else, with the programs of this machine except
//! those that a test takes away.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use machi_testkit::SmallDisk;

use crate::process::text;

const JAPANESE: &str = "ja_JP.UTF-8";

/// A checkout with the scripts alone.
struct Checkout(tempfile::TempDir);

impl Checkout {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for file in ["Makefile", "Cargo.toml"] {
            fs::copy(from.join(file), folder.path().join(file)).unwrap();
        }
        let copied = Command::new("cp").arg("-r").arg(from.join("scripts")).arg(folder.path()).status().unwrap();
        assert!(copied.success());
        fs::create_dir(folder.path().join("console")).unwrap();
        fs::write(folder.path().join("console/package.json"), "{}").unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Puts a program in front of all others.
    fn program(&self, name: &str, script: &str) {
        let path = self.path().join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Programs of this machine, without some.
    fn programs_without(&self, absent: &[&str]) -> PathBuf {
        let farm = self.path().join("farm");
        fs::create_dir(&farm).unwrap();
        for folder in ["/usr/bin", "/bin"] {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                if !absent.contains(&&*name) {
                    // What both folders hold is there already.
                    let _ = symlink(entry.path(), farm.join(name));
                }
            }
        }
        farm
    }

    fn make_up(&self, locale: &str, set: &[(&str, &str)]) -> Output {
        let mut command = Command::new(self.path().join("scripts/up.sh"));
        let programs = format!("{}:/usr/bin:/bin", self.path().join("bin").display());
        command.stdin(Stdio::null()).env("LC_ALL", locale).env("PATH", programs);
        for variable in ["PORT", "MACHI_DATA", "DEMO", "MACHI", "CC"] {
            command.env_remove(variable);
        }
        command.envs(set.iter().copied()).output().unwrap()
    }

    /// What `make up` says before it gives up.
    fn refused(&self, locale: &str, set: (&str, &str)) -> String {
        let output = self.make_up(locale, &[("MACHI", "true"), set]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        // The shell says so itself where this machine does not know the locale.
        let told = text(&output.stderr);
        let told: Vec<&str> = told.lines().filter(|line| !line.contains("setlocale")).collect();
        assert_eq!(told.len(), 1, "one sentence: {told:?}");
        told.concat()
    }
}

#[test]
fn a_taken_port_is_told_before_anything_is_built() {
    let (checkout, taken) = (Checkout::new(), TcpListener::bind("127.0.0.1:0").unwrap());
    let port = taken.local_addr().unwrap().port().to_string();
    let told = checkout.refused("C", ("PORT", &port));
    assert!(told.contains(&format!("Port {port} is in use")) && told.contains("make up PORT="), "{told}");
    let told = checkout.refused(JAPANESE, ("PORT", &port));
    assert!(told.starts_with(&format!("ポート{port}は別のプログラムが使用中です")), "{told}");
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let checkout = Checkout::new();
    let told = checkout.refused("C", ("MACHI_DATA", "/proc/city"));
    assert!(told.starts_with("The folder /proc/city cannot be written to:"), "{told}");
    let told = checkout.refused(JAPANESE, ("MACHI_DATA", "/proc/city"));
    assert!(told.starts_with("フォルダー/proc/cityに書き込めません。"), "{told}");
}

#[test]
fn a_full_disk_is_told() {
    let Some(disk) = SmallDisk::mount(8 << 20) else {
        println!("SKIPPED: the kernel lets nobody mount here");
        return;
    };
    let checkout = Checkout::new();
    let told = checkout.refused("C", ("MACHI_DATA", disk.path().to_str().unwrap()));
    assert!(told.contains("MB left, and 100 MB are needed"), "{told}");
}

#[test]
fn a_missing_compiler_is_named_with_its_remedy() {
    let checkout = Checkout::new();
    let programs = checkout.programs_without(&["cargo", "rustc", "cc", "gcc"]);
    let told = checkout.make_up("C", &[("PATH", programs.to_str().unwrap())]);
    let told = text(&told.stderr);
    assert!(told.contains("Rust is missing: install it as https://"), "{told}");
    assert!(told.contains("A C compiler is missing: install gcc or clang"), "{told}");
    checkout.program("rustc", "echo rustc 1.60.0 of old");
    checkout.program("cargo", "exit 0");
    let told = checkout.make_up(JAPANESE, &[]);
    assert!(text(&told.stderr).contains("Rust 1.60.0では古すぎます。"), "{told:?}");
}

#[test]
fn an_old_node_costs_the_page_and_nothing_else() {
    let checkout = Checkout::new();
    checkout.program("rustc", "echo rustc 99.0.0 of tomorrow");
    checkout.program("node", "echo v18.20.0");
    checkout.program("npm", "exit 1");
    let target = checkout.path().join("target");
    fs::create_dir_all(target.join("release")).unwrap();
    let cargo = format!("[ \"$1\" != metadata ] || echo '{{\"target_directory\":\"{}\"}}'", target.display());
    checkout.program("cargo", &cargo);
    symlink("/bin/echo", target.join("release/machi")).unwrap();
    let started = checkout.make_up("C", &[("DEMO", "none"), ("PORT", "1")]);
    let said = text(&started.stdout);
    assert!(said.contains("Node v18.20.0 is too old: install Node 20 or newer"), "{started:?}");
    assert!(said.contains("Machi starts without its page for now"), "{started:?}");
    assert!(said.ends_with("up --data ./data --listen 127.0.0.1:1 --demo none\n"), "{started:?}");
}

#[test]
fn a_city_is_deleted_when_somebody_says_yes_and_nothing_else_ever_is() {
    let checkout = Checkout::new();
    let clean = |answer: &str, data: &Path| {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("echo '{answer}' | scripts/clean-city.sh"));
        command.current_dir(checkout.path()).env("MACHI_DATA", data).env("LC_ALL", "C");
        let output = command.output().unwrap();
        format!("{}{}", text(&output.stdout), text(&output.stderr))
    };
    let (city, other) = (checkout.path().join("city"), checkout.path().join("console"));
    fs::create_dir(&city).unwrap();
    fs::write(city.join("format"), "machi").unwrap();
    assert!(clean("no", &city).contains("Nothing was deleted."));
    assert!(clean("yes", &other).contains("holds no city; nothing was deleted"));
    assert!(other.join("package.json").is_file() && city.is_dir());
    let open = fs::File::open(city.join("format")).unwrap();
    assert!(clean("yes", &city).contains("is running: stop it first"));
    drop(open);
    assert!(clean("yes", &city).contains("is gone"));
    assert!(!city.exists());
    assert!(clean("yes", &city).contains("There is no city in"));
}
