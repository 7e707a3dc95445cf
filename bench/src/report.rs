//! What comes out: rows for programs, tables for people.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;

use crate::harness::Summary;

/// Which numbers are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Better {
    Less,
    More,
}

/// What a table is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    pub(crate) table: &'static str,
    pub(crate) workload: &'a str,
    pub(crate) threads: usize,
    pub(crate) unit: &'static str,
    pub(crate) better: Better,
}

/// A row of the file. Its shape is a contract: see `design/bench.md`.
#[derive(Debug, Serialize)]
struct Row {
    table: &'static str,
    workload: String,
    threads: usize,
    contender: &'static str,
    unit: &'static str,
    better: Better,
    min: f64,
    median: f64,
    max: f64,
    samples: Vec<f64>,
}

/// All rows so far, and the file they go to.
pub(crate) struct Report {
    rows: Vec<Row>,
    file: Option<File>,
}

impl Report {
    /// Opens the file at once: a path that cannot be written is better known before ten minutes of work.
    pub(crate) fn new(path: Option<&Path>) -> io::Result<Self> {
        Ok(Self { rows: Vec::new(), file: path.map(File::create).transpose()? })
    }

    /// Adds what a contender did.
    pub(crate) fn add(&mut self, head: Head<'_>, contender: &'static str, samples: Vec<f64>) {
        let Summary { min, median, max } = Summary::of(&samples);
        self.rows.push(Row {
            table: head.table,
            workload: head.workload.into(),
            threads: head.threads,
            contender,
            unit: head.unit,
            better: head.better,
            min,
            median,
            max,
            samples,
        });
    }

    fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(&self.rows)
    }

    /// Writes the file, if one was asked for.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let json = self.json()?;
        match &mut self.file {
            Some(file) => writeln!(file, "{json}"),
            None => Ok(()),
        }
    }
}

/// A line of a printed table: a contender, its samples, and a remark.
pub(crate) struct Line {
    pub(crate) contender: &'static str,
    pub(crate) samples: Vec<f64>,
    pub(crate) remark: String,
}

/// A table for people. The first line is ours; `ours is` says how many times better its median is than this
/// line's, so below 1 the other one wins.
pub(crate) fn table(title: &str, head: Head<'_>, remark: &str, lines: &[Line]) -> String {
    let better = match head.better {
        Better::Less => "less",
        Better::More => "more",
    };
    let mut text = format!("\n{} {title} ({}, {better} is better)\n", head.table, head.unit);
    let columns = ["min", "median", "max", "ours is"].map(|name| format!("{name:>10}"));
    let _ = writeln!(text, "  {:<30}{}  {remark}", "", columns.concat());
    let ours = lines.first().map(|line| Summary::of(&line.samples).median);
    for line in lines {
        let summary = Summary::of(&line.samples);
        let ratio = ours.map_or(f64::NAN, |ours| times_better(head.better, ours, summary.median));
        let numbers = [summary.min, summary.median, summary.max].map(digits);
        let _ =
            writeln!(text, "  {:<30}{}{:>9.2}x  {}", line.contender, numbers.concat(), ratio, line.remark);
    }
    text
}

/// How many times better `ours` is than `theirs`.
pub(crate) fn times_better(better: Better, ours: f64, theirs: f64) -> f64 {
    match better {
        Better::More => ours / theirs,
        Better::Less => theirs / ours,
    }
}

/// Ten columns, three digits that count.
pub(crate) fn digits(number: f64) -> String {
    let decimals = match number {
        n if n >= 100.0 => 0,
        n if n >= 10.0 => 1,
        _ => 2,
    };
    format!("{number:>10.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head<'_> =
        Head { table: "collect", workload: "64B", threads: 2, unit: "Mrec/s", better: Better::More };

    #[test]
    fn rows_have_the_shape_of_the_contract() {
        let mut report = Report::new(None).unwrap();
        report.add(HEAD, "flipside/total", vec![3.0, 1.0, 2.0]);
        let rows: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
        let expected = serde_json::json!([{
            "table": "collect", "workload": "64B", "threads": 2, "contender": "flipside/total",
            "unit": "Mrec/s", "better": "more", "min": 1.0, "median": 2.0, "max": 3.0,
            "samples": [3.0, 1.0, 2.0],
        }]);
        assert_eq!(rows, expected);
    }

    #[test]
    fn above_one_ours_is_better_whatever_the_unit() {
        assert_eq!(times_better(Better::More, 20.0, 10.0), 2.0);
        assert_eq!(times_better(Better::Less, 20.0, 10.0), 0.5);
    }

    #[test]
    fn a_table_names_everyone_and_compares_with_the_first() {
        let line = |contender, sample| Line { contender, samples: vec![sample], remark: "eager".into() };
        let lines = [line("flipside/total", 30.0), line("peer/flume", 20.0)];
        let text = table("64B, 2 writers", HEAD, "reader", &lines);
        assert!(text.contains("more is better"));
        assert!(text.contains("1.00x") && text.contains("1.50x"), "{text}");
        assert!(text.contains("peer/flume"));
    }
}
