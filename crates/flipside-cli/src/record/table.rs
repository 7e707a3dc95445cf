//! The summary in words.

use flipside_sources::host::ticks_per_second;

use super::summary::{SourceSummary, Summary, is_regular};
use crate::units::{bytes, count, many, nanos, quantity};

/// Columns of the plot of a run.
const PLOT: usize = 20;
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
        many(summary.received(), "record"),
        bytes(summary.bytes() as f64),
    ));
    lines.push(law(summary));
    lines.extend(masked(summary, verbose));
    lines.push(String::new());
    lines.extend(sources(summary, verbose));
    lines.push(String::new());
    lines.extend(verdict(summary));
    lines.extend(cost(summary));
    if let Some(note) = &finished.pinned {
        lines.push(format!("  {note}"));
    }
    if finished.drained.output.path.as_deref().is_some_and(is_regular) {
        let program = program();
        lines.push(format!("  next: {program} show {file} | head"));
        lines.push(format!("        {program} verify {file}"));
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
    let finished = &summary.finished;
    format!(
        "  received {} = written {} + filtered 0 + dropped {}{causes};  {}, {}, {} order",
        count(summary.received()),
        count(summary.written()),
        count(summary.dropped_total()),
        many(finished.report.stats.flips, "flip"),
        finished.shape.fullest(finished.drained.fullest),
        finished.shape.name(),
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

/// The columns of a source's line. The last ones go first where the terminal is narrow.
const COLUMNS: [(&str, usize); 8] = [
    ("source", 17),
    ("records", 10),
    ("worst burst", 29),
    ("1 s mean", 10),
    ("at", 10),
    ("bytes", 11),
    ("refreshed", 11),
    ("run", PLOT + 2),
];

fn sources(summary: &Summary, verbose: bool) -> Vec<String> {
    let width = terminal_width();
    let mut lines = vec![line(COLUMNS.map(|(name, _)| name.to_owned()), width)];
    for source in &summary.sources {
        lines.push(line(cells(source), width));
        if verbose && let Some(sizes) = source.ended.as_ref().map(|ended| &ended.tally.sizes) {
            let at = |quantile| count(sizes.quantile(quantile));
            let (min, max) = (count(sizes.min()), count(sizes.max()));
            let (p50, p90, p99) = (at(0.5), at(0.9), at(0.99));
            lines.push(format!("    sizes: {min} to {max} bytes, median {p50}, p90 {p90}, p99 {p99}"));
        }
        let vanished = source.ended.iter().flat_map(|ended| &ended.vanished);
        lines.extend(vanished.map(|vanished| format!("    vanished: {vanished}")));
        if source.ended.is_none() {
            lines.push("    did not end when it was asked to; what it gave is counted".to_owned());
        }
    }
    lines
}

/// Columns of the terminal that standard error goes to; plenty where it is none.
fn terminal_width() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    size.map_or(usize::MAX, |size| usize::from(size.ws_col)).max(40)
}

/// As many cells as fit. Names, bursts and plots stand left, numbers right.
fn line(cells: [String; 8], width: usize) -> String {
    let mut text = " ".to_owned();
    let mut used = 1;
    for (index, (cell, (_, column))) in cells.into_iter().zip(COLUMNS).enumerate() {
        used += column + 1;
        if used > width {
            break;
        }
        text.push_str(&match index {
            0 => format!(" {cell:<column$}"),
            2 | 7 => format!("   {cell:<0$}", column - 2),
            _ => format!(" {cell:>column$}"),
        });
    }
    text.trim_end().to_owned()
}

fn cells(source: &SourceSummary) -> [String; 8] {
    let none = || "-".to_owned();
    let mut cells = [
        source.name.clone(),
        count(source.received),
        none(),
        none(),
        none(),
        bytes(source.bytes as f64),
        none(),
        String::new(),
    ];
    if let Some(ended) = &source.ended {
        if let Some(peak) = ended.burst.peak {
            cells[2] = format!("{} in {}", rate(peak.rate, ended.unit), nanos(peak.over_ns));
            cells[3] = number(peak.mean, ended.unit);
            cells[4] = format!("{:.3} s", peak.at_ns as f64 / 1e9);
        }
        if let Some(ns) = ended.burst.update_period_ns {
            cells[6] = nanos(ns);
        }
        cells[7] = spark(&ended.burst.series.points);
    }
    cells
}

/// A rate per second; processor ticks as a share of one processor.
fn rate(per_second: f64, unit: &str) -> String {
    match unit {
        "ticks" => format!("{} of a core", number(per_second, unit)),
        "bytes" | "KiB" => format!("{}/s", number(per_second, unit)),
        "us" => format!("{} stalled", number(per_second, unit)),
        // What is counted is the name of the source.
        _ => format!("{}/s", number(per_second, unit)),
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
            vec![format!("  read back: {} of {}, checksums good", count(*found), many(all, "record"))]
        }
        Some(Err(what)) => vec![format!("  read back: {what}")],
        None => Vec::new(),
    }
}

fn cost(summary: &Summary) -> Vec<String> {
    let mut parts = Vec::new();
    // Starting and reading back weigh too much in a short run for a share to mean anything.
    if summary.finished.seconds >= 1.0 {
        parts.push(format!("{:.1} % of one core", summary.cpu_percent()));
    }
    if let Some(peak) = crate::cost::peak_rss_bytes() {
        parts.push(format!("{} resident", bytes(peak as f64)));
    }
    if summary.finished.names.iter().any(|name| name == "cpu") {
        let (late, missed) = (summary.ticks(|ended| ended.late), summary.ticks(|ended| ended.missed));
        parts.push(format!("{} late, {} missed", many(late, "sample"), count(missed)));
    }
    let mut lines = vec![format!("  cost: {}", parts.join("; "))];
    let writes = &summary.tally.write_ns;
    let waits = summary.finished.report.stats.total();
    if !writes.is_empty() {
        let at = |quantile| nanos(writes.quantile(quantile));
        let waited = nanos(u64::try_from(waits.waited.as_nanos()).unwrap_or(u64::MAX));
        lines.push(format!(
            "  a write took {} (median), {} (p99.9); sources waited for room {}, {waited} in all",
            at(0.5),
            at(0.999),
            many(waits.waits, "time"),
        ));
    }
    lines
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
