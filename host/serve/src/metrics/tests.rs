#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::{MOST_SERIES, Metrics, MetricsError};

#[test]
fn the_text_is_what_prometheus_reads() {
    let metrics = Metrics::default();
    let jobs = |outcome| {
        metrics
            .counter("jobs_total", "Jobs that\nended.", &[("outcome", outcome)])
            .unwrap()
    };
    jobs("uploaded").add(3);
    jobs("failed").increment();
    jobs("failed").increment();
    metrics
        .gauge("depth", r"In the \queue.", &[])
        .unwrap()
        .set(-4);
    metrics
        .gauge("odd", "Odd labels.", &[("path", "a\"b\\c\nd")])
        .unwrap()
        .add(1);
    let expected = r#"# HELP depth In the \\queue.
# TYPE depth gauge
depth -4
# HELP jobs_total Jobs that\nended.
# TYPE jobs_total counter
jobs_total{outcome="failed"} 2
jobs_total{outcome="uploaded"} 3
# HELP odd Odd labels.
# TYPE odd gauge
odd{path="a\"b\\c\nd"} 1
"#;
    assert_eq!(metrics.text(), expected);
}

#[test]
fn labels_that_take_any_value_do_not_fill_memory() {
    let metrics = Metrics::default();
    for number in 0..MOST_SERIES {
        let value = number.to_string();
        metrics.counter("c", "", &[("n", &value)]).unwrap();
    }
    let one_more = metrics.counter("c", "", &[("n", "more")]).unwrap_err();
    assert_eq!(one_more, MetricsError::TooMany { name: "c" });
    let other = metrics.gauge("g", "", &[]).unwrap_err();
    assert_eq!(other, MetricsError::TooMany { name: "g" });
    metrics.counter("c", "", &[("n", "1")]).unwrap();
    assert!(!metrics.text().contains("more"));
}

#[test]
fn refuses_what_prometheus_could_not_read() {
    let metrics = Metrics::default();
    for name in ["", "1st", "a b", "a-b", "ä"] {
        let refused = metrics.counter(name, "", &[]).unwrap_err();
        assert_eq!(refused, MetricsError::Name { name });
    }
    let long = "x".repeat(129);
    for (label, value) in [
        ("", "x"),
        ("__name__", "x"),
        ("a-b", "x"),
        ("a", long.as_str()),
    ] {
        let refused = metrics.counter("c", "", &[(label, value)]).unwrap_err();
        assert_eq!(refused, MetricsError::Label { name: "c", label });
    }
    assert_eq!(metrics.text(), "");
}

#[test]
fn a_name_stands_for_one_kind_of_numbers() {
    let metrics = Metrics::default();
    metrics.counter("x", "", &[]).unwrap();
    let refused = metrics.gauge("x", "", &[]).unwrap_err();
    assert_eq!(refused, MetricsError::Kind { name: "x" });
}

proptest! {
    /// Whatever is in a label, each series is one line that ends in its number.
    #[test]
    fn no_label_makes_a_line_of_its_own(value in any::<String>()) {
        let metrics = Metrics::default();
        if metrics.counter("c", "", &[("l", &value)]).is_ok() {
            let text = metrics.text();
            let lines: Vec<_> = text.split('\n').collect();
            prop_assert_eq!(lines.len(), 4, "{}", text);
            prop_assert!(lines[2].starts_with("c{l=\""), "{}", text);
            prop_assert!(lines[2].ends_with("\"} 0"), "{}", text);
        }
    }
}
