//! Figures about the process itself, read from the kernel when they are asked for (`/proc/self`, Linux).

use std::fs;

use super::registry::{Kind, Registry};

/// Adds memory, file descriptors, processor time and disk traffic of this process.
pub fn observe_process(registry: &Registry) {
    let gauge = |name, help, read: fn() -> Option<f64>| observe(registry, name, help, Kind::Gauge, read);
    let counter = |name, help, read: fn() -> Option<f64>| observe(registry, name, help, Kind::Counter, read);
    gauge("process_resident_memory_bytes", "Memory in use, mapped files included.", || status_bytes("VmRSS:"));
    gauge("process_resident_memory_peak_bytes", "The most memory that was ever in use.", || status_bytes("VmHWM:"));
    gauge("process_threads", "Threads of the process.", || status_number("Threads:"));
    gauge("process_open_fds", "Open file descriptors, sockets included.", open_files);
    gauge("process_max_fds", "The most file descriptors that the kernel allows.", file_limit);
    counter("process_cpu_seconds", "Processor time used.", processor_seconds);
    counter("process_io_read_bytes", "Bytes that were fetched from disks.", || io_number("read_bytes:"));
    counter("process_io_written_bytes", "Bytes that were sent to disks.", || io_number("write_bytes:"));
}

fn observe(registry: &Registry, name: &'static str, help: &'static str, kind: Kind, read: fn() -> Option<f64>) {
    registry.observe(name, help, kind, move |samples| {
        // A figure that the kernel does not give is left out rather than told wrong.
        if let Some(value) = read() {
            samples.write(&[], value);
        }
    });
}

fn status_bytes(key: &str) -> Option<f64> {
    status_number(key).map(|kibibytes| kibibytes * 1024.0)
}

fn status_number(key: &str) -> Option<f64> {
    number_after(&fs::read_to_string("/proc/self/status").ok()?, key)
}

fn io_number(key: &str) -> Option<f64> {
    let text = fs::read_to_string("/proc/self/io").ok()?;
    // "cancelled_write_bytes:" ends like "write_bytes:", so the key must start the line.
    number_after(&text, key)
}

fn number_after(text: &str, key: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(key))?.split_whitespace().next()?.parse().ok()
}

fn open_files() -> Option<f64> {
    Some(fs::read_dir("/proc/self/fd").ok()?.count() as f64)
}

fn file_limit() -> Option<f64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}

/// User and system time; the kernel tells both in hundredths of a second on every platform we run on.
fn processor_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / 100.0)
}
