//! The summary in words.

use flipside_sources::host::ticks_per_second;

use super::summary::{SourceSummary, Summary, records};
use crate::units::{bytes, count, nanos, quantity};

/// Columns of the plot of a run.
const PLOT: usize = 24;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The lines of the summary.
pub(super) fn lines(summary: &Summary, verbose: bool) -> Vec<String> {
    let finished = &summary.finished;
    let mut lines = Vec::new();
    let file = finished.drained.output.name();
    lines.push(format!(
        "recorded {} for {:.1} s: {}, {} to {file}",
        finished.title,
        finished.seconds,
        records(summary.received()),
        bytes(summary.bytes() as f64),
    ));
    lines.push(law(summary));
    lines.extend(masked(summary, verbose));
    lines.push(String::new());
    lines.extend(sources(summary));
    lines.push(String::new());
    lines.extend(verdict(summary));
    lines.push(cost(summary));
    if let Some(note) = &finished.pinned {
        lines.push(format!("  {note}"));
    }
    if finished.drained.output.path.is_some() {
        let program = program();
        lines.push(format!("  next: {program} show {file} | head    {program} verify {file}"));
    }
    lines
}

/// How this program was called, so that what is suggested can be pasted.
pub(crate) fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "flipside".to_owned())
}

fn law(summary: &Summary) -> String {
    let dropped = summary.dropped();
    let causes: Vec<_> =
        dropped.iter().map(|(cause, number)| format!("{cause} {}", count(*number))).collect();
    let causes = if causes.is_empty() { String::new() } else { format!(" ({})", causes.join(", ")) };
    let stats = &summary.finished.report.stats;
    format!(
        "  received {} = written {} + filtered 0 + dropped {}{causes};  {} flips, fullest side {} %",
        count(summary.received()),
        count(summary.written()),
        count(summary.dropped_total()),
        count(stats.flips),
        100 * stats.high_water / stats.side,
    )
}

/// What this host does not show, as in a container.
fn masked(summary: &Summary, verbose: bool) -> Vec<String> {
    let masked = &summary.finished.masked;
    if masked.is_empty() {
        return Vec::new();
    }
    if verbose {
        return masked.iter().map(|one| format!("  not visible here: {} ({})", one.name, one.why)).collect();
    }
    let names: Vec<_> = masked.iter().map(|one| one.name).collect();
    vec![format!("  not visible here: {} (-v says why)", names.join(", "))]
}

fn sources(summary: &Summary) -> Vec<String> {
    let mut lines = vec![format!(
        "  {:<17}{:>11}{:>11}   {:<27}{:>9}{:>11}{:>11}  run",
        "source", "records", "bytes", "worst burst", "its mean", "at", "refreshed",
    )];
    for source in &summary.sources {
        lines.push(source_line(source));
        let vanished = source.ended.iter().flat_map(|ended| &ended.vanished);
        lines.extend(vanished.map(|vanished| format!("    vanished: {vanished}")));
        if source.ended.is_none() {
            lines.push("    did not end when it was asked to; what it gave is counted".to_owned());
        }
    }
    lines
}

fn source_line(source: &SourceSummary) -> String {
    let (mut burst, mut mean, mut at, mut period, mut plot) =
        ("-".to_owned(), "-".to_owned(), "-".to_owned(), "-".to_owned(), String::new());
    if let Some(ended) = &source.ended {
        if let Some(peak) = ended.burst.peak {
            burst = format!("{} in {}", rate(peak.rate, ended.unit), nanos(peak.over_ns));
            mean = number(peak.mean, ended.unit);
            at = format!("{:.3} s", peak.at_ns as f64 / 1e9);
        }
        if let Some(ns) = ended.burst.update_period_ns {
            period = nanos(ns);
        }
        plot = spark(&ended.burst.series.points);
    }
    format!(
        "  {:<17}{:>11}{:>11}   {burst:<27}{mean:>9}{at:>11}{period:>11}  {plot}",
        source.name,
        count(source.received),
        bytes(source.bytes as f64),
    )
}

/// A rate per second; processor ticks as a share of one processor.
fn rate(per_second: f64, unit: &str) -> String {
    match unit {
        "ticks" => format!("{} of a core", number(per_second, unit)),
        "bytes" | "KiB" => format!("{}/s", number(per_second, unit)),
        "us" => format!("{} stalled", number(per_second, unit)),
        _ => format!("{} {unit}/s", number(per_second, unit)),
    }
}

fn number(per_second: f64, unit: &str) -> String {
    match unit {
        "ticks" => format!("{:.0} %", 100.0 * per_second / ticks_per_second() as f64),
        "us" => format!("{:.1} %", per_second / 1e4),
        "bytes" => bytes(per_second),
        "KiB" => bytes(per_second * 1024.0),
        _ => quantity(per_second),
    }
}

/// The run as a row of bars, the highest its own maximum.
fn spark(points: &[f64]) -> String {
    let width = points.len().min(PLOT);
    let columns: Vec<f64> = (0..width)
        .map(|column| {
            let part = &points[column * points.len() / width..(column + 1) * points.len() / width];
            part.iter().sum::<f64>() / part.len() as f64
        })
        .collect();
    let most = columns.iter().copied().fold(0.0, f64::max);
    let bar = |value: &f64| BARS[((value / most * 7.0).round() as usize).min(7)];
    if most > 0.0 { columns.iter().map(bar).collect() } else { String::new() }
}

fn verdict(summary: &Summary) -> Vec<String> {
    let all = summary.written();
    match &summary.read_back {
        Some(Ok(found)) => {
            vec![format!("  read back: {} of {}, checksums good", count(*found), records(all))]
        }
        Some(Err(what)) => vec![format!("  read back: {what}")],
        None => Vec::new(),
    }
}

fn cost(summary: &Summary) -> String {
    let mut parts = vec![format!("{:.1} % of one core", summary.cpu_percent())];
    if let Some(peak) = crate::cost::peak_rss_bytes() {
        parts.push(format!("{} resident", bytes(peak as f64)));
    }
    let writes = &summary.tally.write_ns;
    if !writes.is_empty() {
        let at = |quantile| nanos(writes.quantile(quantile));
        parts.push(format!("a write took {} (median), {} (p99.9)", at(0.5), at(0.999)));
    }
    let (late, missed) = (summary.ticks(|ended| ended.late), summary.ticks(|ended| ended.missed));
    if summary.finished.names.iter().any(|name| name == "cpu") {
        parts.push(format!("{} samples late, {} missed", count(late), count(missed)));
    }
    let waits = summary.finished.report.stats.total();
    if waits.waits > 0 {
        let waited = nanos(u64::try_from(waits.waited.as_nanos()).unwrap_or(u64::MAX));
        parts.push(format!("sources waited {} times, {waited} in all", count(waits.waits)));
    }
    format!("  cost: {}", parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_has_its_highest_bar_at_the_maximum() {
        assert_eq!(spark(&[0.0, 7.0, 3.5]), "▁█▅");
        assert_eq!(spark(&[]), "");
        assert_eq!(spark(&[0.0, 0.0]), "");
        assert_eq!(spark(&[1.0; 100]).chars().count(), PLOT);
    }
}
