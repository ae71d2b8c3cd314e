//! Prometheus' text format ("Exposition formats", version 0.0.4).

use std::collections::BTreeMap;

use super::{Family, Labels, Series};

/// What the text is, to who reads it.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn write(families: &BTreeMap<&'static str, Family>) -> String {
    let mut text = String::new();
    for (name, family) in families {
        let help = family.help.replace('\\', r"\\").replace('\n', r"\n");
        let kind = match family.series {
            Series::Counters(_) => "counter",
            Series::Gauges(_) => "gauge",
        };
        for part in [
            "# HELP ",
            name,
            " ",
            &help,
            "\n# TYPE ",
            name,
            " ",
            kind,
            "\n",
        ] {
            text.push_str(part);
        }
        match &family.series {
            Series::Counters(counters) => {
                for (labels, counter) in counters {
                    line(&mut text, name, labels, &counter.value().to_string());
                }
            }
            Series::Gauges(gauges) => {
                for (labels, gauge) in gauges {
                    line(&mut text, name, labels, &gauge.value().to_string());
                }
            }
        }
    }
    text
}

fn line(text: &mut String, name: &str, labels: &Labels, value: &str) {
    text.push_str(name);
    if !labels.is_empty() {
        let labels: Vec<_> = labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{}\"", escape(value)))
            .collect();
        text.push('{');
        text.push_str(&labels.join(","));
        text.push('}');
    }
    text.push(' ');
    text.push_str(value);
    text.push('\n');
}

fn escape(value: &str) -> String {
    value
        .replace('\\', r"\\")
        .replace('"', r#"\""#)
        .replace('\n', r"\n")
}
