//! A load in words, bars and JSON.

use flipside_sources::dist::Dist;
use serde_json::{Map, Value, json};

use super::Turns;
use super::run::Outcome;
use crate::args::With;
use crate::cost;
use crate::record::quantiles;
use crate::units::{bytes, count, nanos};

const BAR: usize = 40;

pub(super) const fn name(with: With) -> &'static str {
    match with {
        With::Flipside => "flipside",
        With::Mutex => "mutex",
        With::Crossbeam => "crossbeam",
    }
}

/// Payload bytes to disk per second.
pub(super) fn rate(outcome: &Outcome) -> f64 {
    outcome.received().bytes as f64 / outcome.seconds.max(1e-9)
}

pub(super) fn lines(outcome: &Outcome) -> Vec<String> {
    let (sent, received) = (outcome.sent(), outcome.received());
    let mut lines = vec![
        format!(
            "{} writers through {}, {} order, {:.2} s: {} blocks, {} to {} ({}/s)",
            outcome.written.len(),
            name(outcome.with),
            outcome.shape.name(),
            outcome.seconds,
            count(received.records),
            bytes(received.bytes as f64),
            outcome.name,
            bytes(rate(outcome)),
        ),
        format!(
            "  received {} = written {} + filtered 0 + dropped {};  {} flips, {}",
            count(outcome.offered()),
            count(received.records),
            count(outcome.offered() - received.records),
            count(outcome.taken.flips),
            outcome.shape.fullest(outcome.taken.high_water),
        ),
        String::new(),
        format!(
            "  {:<10}{:>14}{:>18}{:>10}{:>10}{:>10}",
            "end", "blocks", "bytes", "smallest", "median", "largest"
        ),
    ];
    for (end, sum) in [("writers", &sent), ("reader", &received)] {
        let sizes = &sum.sizes;
        let at = |quantile| sizes.quantile(quantile);
        lines.push(format!(
            "  {end:<10}{:>14}{:>18}{:>10}{:>10}{:>10}",
            count(sum.records),
            count(sum.bytes),
            count(sizes.min()),
            count(at(0.5)),
            count(sizes.max()),
        ));
    }
    let equal =
        if outcome.agrees() { "equal at both ends: count, bytes, sizes, contents" } else { "NOT EQUAL" };
    lines.push(format!("  {equal}"));
    lines.push(String::new());
    lines.push(latencies("write call", &write_ns(outcome)));
    lines.push(latencies("write to file", &outcome.latency_ns));
    if let Some(Ok(found)) = &outcome.read_back {
        lines.push(format!(
            "  read back: {} of {} records, checksums good",
            count(*found),
            count(received.records)
        ));
    }
    let peak =
        cost::peak_rss_bytes().map_or(String::new(), |peak| format!(", {} resident", bytes(peak as f64)));
    lines.push(format!(
        "  cost: {:.2} s of processor time{peak}; writers waited for room {} times",
        outcome.cpu_s,
        count(outcome.waits),
    ));
    lines.extend(outcome.pinned.iter().map(|note| format!("  {note}")));
    lines
}

fn latencies(what: &str, dist: &Dist) -> String {
    let at = |quantile| nanos(dist.quantile(quantile));
    let (p50, p99, p999) = (at(0.5), at(0.99), at(0.999));
    format!("  {what:<14} median {p50}, p99 {p99}, p99.9 {p999}, max {}", nanos(dist.max()))
}

fn write_ns(outcome: &Outcome) -> Dist {
    let mut all = Dist::new();
    outcome.written.iter().for_each(|written| all.merge(&written.write_ns));
    all
}

/// All carriers side by side.
pub(super) fn bars(turns: &[Turns], order: &str) -> Vec<String> {
    let most = turns.iter().map(median).fold(1.0, f64::max);
    let rounds = turns.iter().map(|turn| turn.rates.len()).max().unwrap_or(0);
    let mut lines = vec![format!(
        "payload to disk per second, median of {rounds} interleaved rounds (fewest to most), flipside in {order} order:"
    )];
    for turn in turns {
        let width = (median(turn) / most * BAR as f64).round() as usize;
        let ends =
            turn.rates.iter().fold((f64::MAX, 0.0f64), |(min, max), rate| (min.min(*rate), max.max(*rate)));
        lines.push(format!(
            "  {:<10} {:<BAR$} {:>9}/s ({} to {})",
            name(turn.with),
            "█".repeat(width),
            bytes(median(turn)),
            bytes(ends.0),
            bytes(ends.1),
        ));
    }
    lines
}

/// The object of a carrier: its last round, and the rates of all.
pub(super) fn compared(turn: &Turns) -> Option<Value> {
    let mut object = json(turn.last.as_ref()?, false);
    object["bytes_per_s"] = json!({ "median": median(turn), "samples": turn.rates });
    Some(object)
}

fn median(turn: &Turns) -> f64 {
    let mut sorted = turn.rates.clone();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// What was lost, by cause: what is neither dropped nor refused did not reach the disk.
fn causes(lost: u64, full: u64, refused: u64) -> Map<String, Value> {
    let all = [("full", full), ("refused", refused), ("output", lost - full - refused)];
    all.into_iter()
        .filter(|&(_, count)| count > 0)
        .map(|(cause, count)| (cause.to_owned(), json!(count)))
        .collect()
}

/// The one object of a run. The peak of memory is the process's, so it belongs to a run that is alone in it.
pub(super) fn json(outcome: &Outcome, alone: bool) -> Value {
    let received = outcome.received();
    let full: u64 = outcome.written.iter().map(|written| written.dropped).sum();
    let refused = outcome.written.iter().filter(|written| written.refused.is_some()).count() as u64;
    let dropped = causes(outcome.offered() - received.records, full, refused);
    let sources: Map<String, Value> = outcome
        .written
        .iter()
        .zip(&outcome.found)
        .enumerate()
        .map(|(index, (written, found))| {
            let lost = written.offered - found.records;
            let lost = causes(lost, written.dropped, u64::from(written.refused.is_some()));
            let value = json!({
                "received": written.offered, "written": found.records, "filtered": 0, "dropped": lost,
                "bytes": found.bytes,
            });
            (format!("writer-{index}"), value)
        })
        .collect();
    let mut object = json!({
        "with": name(outcome.with),
        "order": outcome.shape.name(),
        "side_bytes": outcome.shape.side,
        "received": outcome.offered(),
        "written": received.records,
        "filtered": 0,
        "dropped": dropped,
        "bytes": received.bytes,
        "seconds": outcome.seconds,
        "sources": sources,
        "sizes": quantiles(&received.sizes),
        "flips": outcome.taken.flips,
        "files": [outcome.path.as_ref().map_or("-".to_owned(), |path| path.display().to_string())],
        "write_ns": quantiles(&write_ns(outcome)),
        "latency_ns": quantiles(&outcome.latency_ns),
        "writer_waits": outcome.waits,
        "cpu_s": outcome.cpu_s,
        "writers": outcome.written.len(),
        "equal_at_both_ends": outcome.agrees(),
        "high_water_bytes": outcome.taken.high_water,
    });
    match &outcome.read_back {
        Some(Ok(records)) => object["read_back"] = json!({"records": records, "good": true}),
        Some(Err(what)) => object["read_back"] = json!({"error": what, "good": false}),
        None => {}
    }
    if alone {
        object["peak_rss_bytes"] = json!(cost::peak_rss_bytes());
    }
    object
}
