//! Turns the raw samples under `bench/record/` into the tables and plots of `docs/performance.md`.
//!
//! `cargo run --release -p flipside-bench --bin report`, in the root of the repository. In the page it replaces what
//! stands between `<!-- NAME -->` and `<!-- end -->` by the tables of `bench/record/NAME.json`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

const PAGE: &str = "docs/performance.md";

/// One contender's numbers in one workload.
#[derive(Debug)]
struct Row {
    workload: String,
    threads: u64,
    contender: String,
    unit: String,
    less_is_better: bool,
    min: f64,
    median: f64,
    max: f64,
    samples: usize,
}

fn main() -> Result<(), String> {
    let mut page = fs::read_to_string(PAGE).map_err(|error| format!("{PAGE}: {error}"))?;
    for entry in fs::read_dir("bench/record").map_err(|error| format!("bench/record: {error}"))? {
        let path = entry.map_err(|error| error.to_string())?.path();
        let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let rows = rows(&text).ok_or_else(|| format!("{}: not rows of flipside-bench", path.display()))?;
        page = insert(&page, name, &section(name, &rows)?)?;
    }
    fs::write(PAGE, page).map_err(|error| format!("{PAGE}: {error}"))
}

fn rows(text: &str) -> Option<Vec<Row>> {
    let value: Value = serde_json::from_str(text).ok()?;
    let row = |row: &Value| {
        Some(Row {
            workload: row["workload"].as_str()?.to_owned(),
            threads: row["threads"].as_u64()?,
            contender: row["contender"].as_str()?.to_owned(),
            unit: row["unit"].as_str()?.to_owned(),
            less_is_better: row["better"].as_str()? == "less",
            min: row["min"].as_f64()?,
            median: row["median"].as_f64()?,
            max: row["max"].as_f64()?,
            samples: row["samples"].as_array()?.len(),
        })
    };
    value.as_array()?.iter().map(row).collect()
}

/// Replaces what stands between the markers.
fn insert(page: &str, name: &str, section: &str) -> Result<String, String> {
    let marker = format!("<!-- {name} -->\n");
    let missing = || format!("{PAGE}: no place marked {marker:?}");
    let from = page.find(&marker).ok_or_else(missing)? + marker.len();
    let to = from + page[from..].find("<!-- end -->").ok_or_else(missing)?;
    Ok(format!("{}{section}{}", &page[..from], &page[to..]))
}

/// Where all numbers are times (or bytes), and all are plotted.
const TIMES: [&str; 2] = ["publish", "exchange"];

/// A table for each workload, contenders down, threads across, and a plot beside those of throughput and of [`TIMES`].
fn section(name: &str, rows: &[Row]) -> Result<String, String> {
    let mut workloads: Vec<&str> = Vec::new();
    for row in rows {
        if !workloads.contains(&row.workload.as_str()) {
            workloads.push(&row.workload);
        }
    }
    let mut text = String::new();
    for workload in workloads {
        let these: Vec<&Row> = rows.iter().filter(|row| row.workload == workload).collect();
        let unit = &these[0].unit;
        let _ = writeln!(text, "\n**{workload}**, {unit}: median (min to max), and ours against it\n");
        text.push_str(&table(&these));
        if !these[0].less_is_better || TIMES.contains(&name) {
            let file = format!("{name}-{workload}.svg");
            fs::write(format!("docs/{file}"), plot(&these))
                .map_err(|error| format!("docs/{file}: {error}"))?;
            let _ = writeln!(text, "\n![{workload}]({file})");
        }
    }
    text.push('\n');
    Ok(text)
}

fn table(rows: &[&Row]) -> String {
    let mut threads: Vec<u64> = rows.iter().map(|row| row.threads).collect();
    threads.sort_unstable();
    threads.dedup();
    let mut contenders: Vec<&str> = Vec::new();
    for row in rows {
        if !contenders.contains(&row.contender.as_str()) {
            contenders.push(&row.contender);
        }
    }
    let at: BTreeMap<(&str, u64), &&Row> =
        rows.iter().map(|row| ((row.contender.as_str(), row.threads), row)).collect();
    let mut text = "| contender |".to_owned();
    threads
        .iter()
        .for_each(|count| text.push_str(&format!(" {count} thread{} |", if *count == 1 { "" } else { "s" })));
    text.push_str("\n|---|");
    threads.iter().for_each(|_| text.push_str("---|"));
    text.push('\n');
    for contender in contenders {
        let _ = write!(text, "| {contender} |");
        for &count in &threads {
            let cell = at.get(&(contender, count)).map_or("-".to_owned(), |row| {
                let ours =
                    rows.iter().find(|ours| ours.contender.starts_with("flipside/") && ours.threads == count);
                let ratio = ours.map_or(f64::NAN, |ours| match row.less_is_better {
                    true => row.median / ours.median,
                    false => ours.median / row.median,
                });
                format!("{}, {ratio:.2}x", spread(row))
            });
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
    text
}

/// The median and from where to where, unless it is all there is.
fn spread(row: &Row) -> String {
    let [median, min, max] = [row.median, row.min, row.max].map(number);
    if row.samples == 1 { median } else { format!("{median} ({min} to {max})") }
}

/// Three digits that count.
fn number(value: f64) -> String {
    match value {
        _ if value >= 99.95 => format!("{value:.0}"),
        _ if value >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Times as long as so many of the shortest one are cut off: else the slowest contender would leave the others no
/// length that can be seen.
const CUT: f64 = 12.0;

/// Where a full bar ends.
fn full(rows: &[&&Row]) -> f64 {
    let longest = rows.iter().map(|row| row.max).fold(1e-9, f64::max);
    match rows.first() {
        Some(row) if row.less_is_better => longest.min(CUT * shortest(rows)),
        _ => longest,
    }
}

fn shortest(rows: &[&&Row]) -> f64 {
    rows.iter().map(|row| row.median).fold(f64::INFINITY, f64::min)
}

/// Horizontal bars of the medians, one group for each number of threads, with a whisker from min to max. A limit
/// is drawn where less is better: there it is the shortest bar, and not one that dwarfs the others. All groups have one
/// scale, if that leaves each of them bars that can be told apart.
fn plot(rows: &[&Row]) -> String {
    let shown = |row: &&&Row| row.less_is_better || !row.contender.starts_with("limit/");
    let rows: Vec<&&Row> = rows.iter().filter(shown).collect();
    let groups: Vec<&[&&Row]> = rows.chunk_by(|one, next| one.threads == next.threads).collect();
    let is_one_scale = groups.iter().all(|group| shortest(group) < CUT / 2.0 * shortest(&rows));
    let (left, width, step) = (190.0, 420.0, 16.0);
    let mut body = String::new();
    let mut y = 8.0;
    for group in groups {
        let most = full(if is_one_scale { &rows } else { group });
        y += step * 1.4;
        let (unit, threads) = (&group[0].unit, group[0].threads);
        let plural = if threads == 1 { "" } else { "s" };
        let own = if is_one_scale { "" } else { " (a scale of its own)" };
        let _ = writeln!(
            body,
            "<text x='4' y='{y}' font-weight='bold'>{threads} thread{plural}, {unit}{own}</text>"
        );
        y += step * 0.5;
        for row in group {
            let scale = |value: f64| (value / most).min(1.0) * width;
            let colour = match row.contender.split('/').next() {
                Some("flipside") => "#2266bb",
                Some("limit") => "#88aa88",
                _ => "#bbbbbb",
            };
            let (bar, from, to) = (scale(row.median), left + scale(row.min), left + scale(row.max));
            let _ = writeln!(
                body,
                "<text x='{}' y='{}' text-anchor='end'>{}</text>",
                left - 6.0,
                y + 11.0,
                row.contender
            );
            let _ = writeln!(body, "<rect x='{left}' y='{y}' width='{bar:.1}' height='12' fill='{colour}'/>");
            let _ = writeln!(body, "<path d='M{from:.1} {0} H{to:.1}' stroke='#333333'/>", y + 6.0);
            let cut = if row.median > most { "... " } else { "" };
            let _ = writeln!(
                body,
                "<text x='{:.1}' y='{}'>{cut}{}</text>",
                to + 6.0,
                y + 11.0,
                number(row.median)
            );
            y += step;
        }
    }
    let (width, height) = (left + width + 70.0, y + 8.0);
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' font-family='sans-serif' \
         font-size='11'>\n<rect width='100%' height='100%' fill='white'/>\n{body}</svg>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(contender: &str, less_is_better: bool, median: f64) -> Row {
        Row {
            workload: "get".into(),
            threads: 1,
            contender: contender.into(),
            unit: "ns/get".into(),
            less_is_better,
            min: 0.9 * median,
            median,
            max: 1.1 * median,
            samples: 7,
        }
    }

    /// Widths of the bars.
    fn bars(plot: &str) -> Vec<f64> {
        let widths = plot.lines().filter(|line| line.contains("height='12'"));
        widths
            .map(|line| line.split("width='").nth(1).unwrap().split('\'').next().unwrap().parse().unwrap())
            .collect()
    }

    #[test]
    fn rows_of_the_bench_are_read() {
        let text = r#"[{"table": "publish", "workload": "get", "threads": 2, "contender": "peer/papaya",
            "unit": "ns/get", "better": "less", "min": 1.0, "median": 2.0, "max": 3.0, "samples": [1, 2, 3]}]"#;
        let rows = rows(text).unwrap();
        assert!(
            rows[0].less_is_better && rows[0].threads == 2 && rows[0].median == 2.0 && rows[0].samples == 3
        );
        assert!(super::rows("{}").is_none() && super::rows("[{}]").is_none());
    }

    #[test]
    fn a_section_goes_between_its_markers() {
        let page = "a\n<!-- publish -->\nold\n<!-- end -->\nb\n<!-- end -->\n";
        let new = insert(page, "publish", "new\n").unwrap();
        assert_eq!(new, "a\n<!-- publish -->\nnew\n<!-- end -->\nb\n<!-- end -->\n");
        assert!(insert(page, "collect", "").is_err());
    }

    #[test]
    fn a_ratio_above_one_is_in_our_favour() {
        for (less_is_better, theirs) in [(true, 8.0), (false, 2.0)] {
            let rows =
                [row("flipside/asymmetric", less_is_better, 4.0), row("peer/x", less_is_better, theirs)];
            let text = table(&rows.iter().collect::<Vec<_>>());
            assert!(text.contains("1.00x") && text.contains("2.00x"), "{text}");
        }
    }

    #[test]
    fn a_single_sample_has_no_spread() {
        let mut row = row("flipside/map", true, 40.0);
        assert_eq!(spread(&row), "40.0 (36.0 to 44.0)");
        row.samples = 1;
        assert_eq!(spread(&row), "40.0");
    }

    #[test]
    fn times_are_plotted_with_their_limit_and_the_longest_cut_off() {
        let rows = [row("flipside/asymmetric", true, 4.0), row("limit/plain-map", true, 2.0)];
        let plain = plot(&rows.iter().collect::<Vec<_>>());
        assert!(plain.contains("limit/plain-map") && !plain.contains("... "));
        let [ours, limit] = bars(&plain)[..] else { panic!("{plain}") };
        assert!((ours / limit - 2.0).abs() < 0.01);
        let slow = row("peer/slow", true, 900.0);
        let cut = plot(&rows.iter().chain([&slow]).collect::<Vec<_>>());
        assert!(cut.contains("... 900"), "{cut}");
        let [ours, limit, slow] = bars(&cut)[..] else { panic!("{cut}") };
        assert!((slow / limit - CUT).abs() < 0.1 && (ours / limit - 2.0).abs() < 0.01);
    }

    #[test]
    fn groups_that_are_far_apart_have_scales_of_their_own() {
        let groups = |factor: f64| {
            let more = |contender, median| Row { threads: 16, ..row(contender, true, factor * median) };
            let rows = [row("flipside/auto", true, 5.0), row("peer/hurdles", true, 10.0)];
            let rows: Vec<_> =
                rows.into_iter().chain([more("flipside/auto", 5.0), more("peer/hurdles", 10.0)]).collect();
            let plot = plot(&rows.iter().collect::<Vec<_>>());
            (bars(&plot), plot.contains("16 threads, ns/get (a scale of its own)"))
        };
        let (bars, is_own) = groups(1000.0);
        assert!(is_own && bars[..2] == bars[2..], "{bars:?}");
        let (bars, is_own) = groups(2.0);
        assert!(!is_own && (bars[2] / bars[0] - 2.0).abs() < 0.01, "{bars:?}");
    }

    #[test]
    fn rates_are_plotted_without_their_limit() {
        let rows = [row("flipside/total", false, 4.0), row("limit/memcpy", false, 400.0)];
        let text = plot(&rows.iter().collect::<Vec<_>>());
        assert!(!text.contains("limit/"), "{text}");
        assert_eq!(bars(&text).len(), 1);
    }
}
