//! What the figures say, and that their text is OpenMetrics.

use std::thread;
use std::time::Duration;

use super::*;

#[test]
fn the_text_is_open_metrics() {
    let registry = Registry::new();
    registry.counter("machi_things", "Things seen.", &[("kind", "a \"b\"\\\n")]).add(3);
    registry.gauge("machi_level", "A level.", &[]).set(-2);
    let histogram = registry.histogram("machi_wait_seconds", "Waits.", &[0.5, 1.0], &[("who", "x")]);
    histogram.observe(Duration::from_millis(250));
    histogram.observe(Duration::from_secs(1));
    histogram.observe(Duration::from_secs(3));
    registry.observe("machi_size_bytes", "Sizes.", Kind::Gauge, |samples| {
        samples.write(&[("tenant", "a")], 1.5);
    });
    let expected = r#"# TYPE machi_things counter
# HELP machi_things Things seen.
machi_things_total{kind="a \"b\"\\\n"} 3
# TYPE machi_level gauge
# HELP machi_level A level.
machi_level -2
# TYPE machi_wait_seconds histogram
# UNIT machi_wait_seconds seconds
# HELP machi_wait_seconds Waits.
machi_wait_seconds_bucket{who="x",le="0.5"} 1
machi_wait_seconds_bucket{who="x",le="1.0"} 2
machi_wait_seconds_bucket{who="x",le="+Inf"} 3
machi_wait_seconds_count{who="x"} 3
machi_wait_seconds_sum{who="x"} 4.25
# TYPE machi_size_bytes gauge
# UNIT machi_size_bytes bytes
# HELP machi_size_bytes Sizes.
machi_size_bytes{tenant="a"} 1.5
# EOF
"#;
    assert_eq!(registry.render(), expected);
}

#[test]
fn the_same_name_and_labels_are_the_same_figure() {
    let registry = Registry::new();
    let one = registry.counter("machi_a", "A.", &[("x", "1")]);
    registry.counter("machi_a", "A.", &[("x", "1")]).inc();
    registry.counter("machi_a", "A.", &[("x", "2")]).inc();
    assert_eq!(one.value(), 1);
    assert_eq!(registry.render().matches("# TYPE machi_a counter").count(), 1);
    registry.forget("machi_a", ("x", "1"));
    let text = registry.render();
    assert!(!text.contains("x=\"1\"") && text.contains("x=\"2\""), "{text}");
}

#[test]
fn threads_count_together() {
    let counter = Counter::default();
    let histogram = Histogram::new(DURATION_BOUNDS);
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    counter.inc();
                    histogram.observe(Duration::from_millis(1));
                }
            });
        }
    });
    assert_eq!(counter.value(), 12_000);
    assert_eq!(histogram.bucket(2), 12_000);
}

#[test]
fn the_process_tells_of_itself() {
    let registry = Registry::new();
    observe_process(&registry);
    let text = registry.render();
    for name in
        ["process_resident_memory_bytes ", "process_open_fds ", "process_cpu_seconds_total ", "process_max_fds "]
    {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {text}"));
        assert!(line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() >= 0.0, "{line}");
    }
}
