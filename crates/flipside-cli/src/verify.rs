//! `flipside verify`: is it whole, and what is in it.

use std::path::Path;

use flipside_journal::{ReadError, Report, verify as verify_journal};
use serde_json::{Value, json};

use crate::args::VerifyArgs;
use crate::failure::{ERROR, Failure, LOSS};
use crate::journals::{Input, unreadable};
use crate::units::{bytes, count, many};

/// Damages that are listed one by one.
const LISTED: usize = 20;

/// Checks every file; the exit status is the worst: an error above damage above none.
pub(crate) fn verify(args: &VerifyArgs) -> Result<u8, Failure> {
    let mut worst = 0;
    let mut text = String::new();
    for path in &args.files {
        let (code, told) = one(path, args.json);
        worst = if worst == ERROR || code == ERROR { ERROR } else { worst.max(code) };
        text.push_str(&told);
    }
    crate::manual::print(text.as_bytes())?;
    Ok(worst)
}

/// Checks one file: its status, and what to print.
fn one(path: &Path, as_json: bool) -> (u8, String) {
    let name = path.display().to_string();
    let fail = |failure: Failure| {
        failure.report();
        let line = json!({"file": name, "good": false, "error": failure.to_string()});
        (failure.code, if as_json { format!("{line}\n") } else { String::new() })
    };
    let input = match Input::open(path) {
        Ok(input) => input,
        Err(failure) => return fail(failure),
    };
    let live = input.is_live();
    match verify_journal(input) {
        Ok(report) => {
            let verdict = Verdict::of(&report, live);
            let told = if as_json {
                format!("{}\n", verdict.json(&name, &report))
            } else {
                verdict.text(&name, &report)
            };
            (verdict.code(), told)
        }
        Err(ReadError::Empty) if live => (0, format!("{name}: still empty, being written\n")),
        Err(error) => fail(unreadable(&name, &error)),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    /// A recorder is at work on it; what is there so far is good.
    Live,
    /// No seal, and nobody at work: it was cut, or its recorder was killed.
    Cut,
    Damaged,
}

impl Verdict {
    fn of(report: &Report, live: bool) -> Self {
        // A gap that is told late may be on its way while there is no seal.
        let missing = report.is_sealed() && report.missing != 0;
        let damaged = !report.damages.is_empty() || missing || report.out_of_order != 0;
        match (damaged, report.is_sealed(), live) {
            (true, ..) => Self::Damaged,
            (false, true, _) => Self::Good,
            (false, false, true) => Self::Live,
            (false, false, false) => Self::Cut,
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::Good | Self::Live => 0,
            Self::Cut | Self::Damaged => LOSS,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Live => "good so far, being written",
            Self::Cut => "cut",
            Self::Damaged => "damaged",
        }
    }

    fn text(self, name: &str, report: &Report) -> String {
        let census = &report.census;
        let mut text = format!(
            "{name}: {}: {}, {} in {}{}\n",
            self.word(),
            many(census.records, "record"),
            bytes(census.payload_bytes as f64),
            many(report.blocks, "block"),
            if report.is_sealed() { ", sealed" } else { ", not sealed" },
        );
        for source in &report.sources {
            text.push_str(&format!(
                "  {}: {}, {}{}{}\n",
                source.name.as_deref().unwrap_or("(no name)"),
                many(source.census.records, "record"),
                bytes(source.census.payload_bytes as f64),
                told(", lost and told by gaps: ", source.census.lost_records),
                told(", MISSING without a gap: ", source.missing),
            ));
        }
        for damage in report.damages.iter().take(LISTED) {
            text.push_str(&format!("  at byte {}, {} bytes: {}\n", damage.offset, damage.len, damage.what));
        }
        let more = report.damages.len().saturating_sub(LISTED) as u64 + report.more_damages;
        text.push_str(&told_line("  and more damaged ranges: ", more));
        if let Some(tail) = &report.torn_tail {
            text.push_str(&format!(
                "  at byte {}: the last block is cut, {} of {} bytes are there\n",
                tail.offset, tail.have, tail.want
            ));
        }
        if self == Self::Cut {
            text.push_str(&format!(
                "  good up to byte {} of {}: it was cut, or its recorder was killed; flipside show prints what is good\n",
                report.good_len, report.file_len
            ));
        }
        text
    }

    fn json(self, name: &str, report: &Report) -> Value {
        let sources: serde_json::Map<String, Value> = report
            .sources
            .iter()
            .map(|source| {
                let name = source.name.clone().unwrap_or_else(|| format!("#{}", source.id));
                let census = &source.census;
                let value = json!({
                    "records": census.records, "bytes": census.payload_bytes, "lost": census.lost_records,
                    "missing": source.missing, "first_seq": source.first_seq, "last_seq": source.last_seq,
                });
                (name, value)
            })
            .collect();
        let damages: Vec<_> = report
            .damages
            .iter()
            .map(
                |damage| json!({"offset": damage.offset, "len": damage.len, "what": damage.what.to_string()}),
            )
            .collect();
        json!({
            "file": name,
            "good": self.code() == 0,
            "verdict": self.word(),
            "sealed": report.is_sealed(),
            "records": report.census.records,
            "bytes": report.census.payload_bytes,
            "blocks": report.blocks,
            "gaps": report.census.gaps,
            "lost": report.census.lost_records,
            "aborted": report.census.aborted,
            "missing": report.missing,
            "good_len": report.good_len,
            "file_len": report.file_len,
            "torn_tail": report.torn_tail.map(|tail| json!({"offset": tail.offset, "have": tail.have, "want": tail.want})),
            "damages": damages,
            "sources": sources,
        })
    }
}

fn told(words: &str, number: u64) -> String {
    if number == 0 { String::new() } else { format!("{words}{}", count(number)) }
}

fn told_line(words: &str, number: u64) -> String {
    if number == 0 { String::new() } else { format!("{words}{}\n", count(number)) }
}
