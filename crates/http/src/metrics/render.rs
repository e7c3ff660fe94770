//! OpenMetrics 1.0 text.

use std::fmt::Write as _;

use super::registry::{Family, Kind, Samples, Source};

/// The content type of the text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The whole exposition, which ends in `# EOF`.
pub(super) fn text(families: &[Family]) -> String {
    let mut out = String::with_capacity(8 * 1024);
    for family in families {
        write_family(family, &mut out);
    }
    out.push_str("# EOF\n");
    out
}

fn write_family(family: &Family, out: &mut String) {
    let kind = match family.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    let name = family.name;
    line(out, format_args!("# TYPE {name} {kind}"));
    if let Some(unit) = unit(name) {
        line(out, format_args!("# UNIT {name} {unit}"));
    }
    line(out, format_args!("# HELP {name} {}", family.help));
    let suffix = if family.kind == Kind::Counter { "_total" } else { "" };
    for series in &family.series {
        let labels = braced(&series.labels);
        match &series.source {
            Source::Counter(counter) => line(out, format_args!("{name}{suffix}{labels} {}", counter.value())),
            Source::Gauge(gauge) => line(out, format_args!("{name}{labels} {}", gauge.value())),
            Source::Histogram(histogram) => write_histogram(name, &series.labels, histogram, out),
            Source::Observed(read) => {
                let mut samples = Samples::default();
                read(&mut samples);
                for (labels, value) in samples.0 {
                    line(out, format_args!("{name}{suffix}{} {value}", braced(&labels)));
                }
            }
        }
    }
}

fn write_histogram(name: &str, labels: &str, histogram: &super::Histogram, out: &mut String) {
    let comma = if labels.is_empty() { "" } else { "," };
    let mut count = 0;
    for (bucket, bound) in histogram.bounds().iter().enumerate() {
        count += histogram.bucket(bucket);
        // OpenMetrics asks for canonical numbers: 1.0, not 1.
        line(out, format_args!("{name}_bucket{{{labels}{comma}le=\"{bound:?}\"}} {count}"));
    }
    count += histogram.bucket(histogram.bounds().len());
    line(out, format_args!("{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {count}"));
    let labels = braced(labels);
    line(out, format_args!("{name}_count{labels} {count}"));
    line(out, format_args!("{name}_sum{labels} {}", histogram.total()));
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to memory cannot fail");
    out.push('\n');
}

/// A family named after its unit says so once more.
fn unit(name: &str) -> Option<&'static str> {
    ["seconds", "bytes"].into_iter().find(|unit| name.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_')))
}

fn braced(labels: &str) -> String {
    if labels.is_empty() { String::new() } else { format!("{{{labels}}}") }
}

/// Labels as they stand between the braces.
pub(super) fn labels(labels: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (name, value) in labels {
        debug_assert!(is_name(name), "{name} is no name of a label");
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(name);
        out.push_str("=\"");
        for c in value.chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '"' => out.push_str("\\\""),
                '\n' => out.push_str("\\n"),
                other => out.push(other),
            }
        }
        out.push('"');
    }
    out
}

pub(super) fn is_name(name: &str) -> bool {
    let starts_well = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    starts_well && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
