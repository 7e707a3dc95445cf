//! What a recording amounts to: the law, the sources, the journal read back, the cost.

use std::collections::BTreeMap;
use std::path::Path;

use flipside_journal::read_back;
use flipside_sources::dist::Dist;
use flipside_sources::feed::{PREFIX, Tally};
use serde_json::{Map, Value, json};

use super::child::shell_status;
use super::run::{Ended, Finished, failure_of};
use super::table;
use crate::args::RecordArgs;
use crate::cost;
use crate::failure::{Failure, say};
use crate::json::Target;

/// One source's share.
#[derive(Debug)]
pub(super) struct SourceSummary {
    pub(super) name: String,
    pub(super) received: u64,
    pub(super) written: u64,
    pub(super) dropped: BTreeMap<&'static str, u64>,
    pub(super) bytes: u64,
    /// `None` for a source that did not come back when it was asked to end.
    pub(super) ended: Option<Ended>,
}

/// The whole recording. **received = written + filtered + dropped**, for each source and in total.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) finished: Finished,
    pub(super) sources: Vec<SourceSummary>,
    pub(super) tally: Tally,
    pub(super) failure: Option<Failure>,
    pub(super) child_status: Option<u8>,
    /// The journal as it was found on the disk: what went wrong, or the records in it.
    pub(super) read_back: Option<Result<u64, String>>,
    cpu_s: f64,
}

impl Summary {
    pub(super) fn of(mut finished: Finished) -> Self {
        let cpu_s = cost::cpu().as_secs_f64();
        let mut ended: BTreeMap<u16, Ended> = finished.ended.drain(..).map(|one| (one.id, one)).collect();
        let mut failure = journal_failure(&finished).or_else(|| still_running(&finished));
        let mut sources = Vec::new();
        let mut tally = Tally::new();
        for (id, name) in (0u16..).zip(&finished.names) {
            let ended = ended.remove(&id);
            if let Some(ended) = &ended {
                failure = failure.or_else(|| failure_of(ended, name));
                tally.merge(&ended.tally);
            }
            sources.push(source(&finished, id, name.clone(), ended));
        }
        let child_status = match &finished.child {
            Some(Ok(status)) => Some(shell_status(*status)),
            _ => None,
        };
        let path = finished.drained.output.path.clone();
        let read_back = path.as_deref().filter(|path| is_regular(path)).map(look_back);
        if let Some(Err(what)) = &read_back {
            failure = failure.or_else(|| Some(Failure::error(format_args!("read back: {what}"))));
        }
        Self { finished, sources, tally, failure, child_status, read_back, cpu_s }
    }

    pub(super) fn received(&self) -> u64 {
        self.sources.iter().map(|source| source.received).sum()
    }

    pub(super) fn written(&self) -> u64 {
        self.sources.iter().map(|source| source.written).sum()
    }

    pub(super) fn dropped(&self) -> BTreeMap<&'static str, u64> {
        let mut all = BTreeMap::new();
        for (cause, count) in self.sources.iter().flat_map(|source| &source.dropped) {
            *all.entry(*cause).or_default() += count;
        }
        all
    }

    pub(super) fn dropped_total(&self) -> u64 {
        self.dropped().values().sum()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.sources.iter().map(|source| source.bytes).sum()
    }

    pub(super) fn cpu_percent(&self) -> f64 {
        100.0 * self.cpu_s / self.finished.seconds.max(1e-9)
    }

    pub(super) fn ticks(&self, of: fn(&Ended) -> u64) -> u64 {
        self.sources.iter().filter_map(|source| source.ended.as_ref()).map(of).sum()
    }

    /// Prints it: words for people unless the object takes their place.
    pub(super) fn tell(&self, args: &RecordArgs, target: Target) -> Result<(), Failure> {
        if target.leaves_room_for_words() && !args.buffer.quiet {
            for line in table::lines(self, args.verbose) {
                say(format_args!("{line}"));
            }
        }
        target.put(&self.json())
    }

    fn json(&self) -> Value {
        let sources: Map<String, Value> =
            self.sources.iter().map(|source| (source.name.clone(), source_json(source))).collect();
        let mut object = json!({
            "received": self.received(),
            "written": self.written(),
            "filtered": 0,
            "dropped": self.dropped(),
            "bytes": self.bytes(),
            "seconds": self.finished.seconds,
            "sources": sources,
            "sizes": quantiles(&self.tally.sizes),
            "flips": self.finished.report.stats.flips,
            "files": self.files(),
            "order": self.finished.shape.name(),
            "side_bytes": self.finished.shape.side,
            "high_water_bytes": self.finished.drained.fullest,
            "writer_waits": self.finished.report.stats.total().waits,
            "write_ns": quantiles(&self.tally.write_ns),
            "cpu_s": self.cpu_s,
            "peak_rss_bytes": cost::peak_rss_bytes(),
            "late": self.ticks(|ended| ended.late),
            "missed": self.ticks(|ended| ended.missed),
            "masked": self.finished.masked.iter().map(ToString::to_string).collect::<Vec<_>>(),
        });
        if let Some(note) = &self.finished.pinned {
            object["pin"] = json!(note);
        }
        match &self.read_back {
            Some(Ok(records)) => object["read_back"] = json!({"records": records, "good": true}),
            Some(Err(what)) => object["read_back"] = json!({"error": what, "good": false}),
            None => {}
        }
        if let Some(status) = self.child_status {
            object["child_status"] = json!(status);
        }
        if let Some(failure) = &self.failure {
            object["error"] = json!(failure.to_string());
        }
        object
    }

    pub(super) fn files(&self) -> Vec<String> {
        vec![self.finished.drained.output.path.as_ref().map_or("-".to_owned(), |p| p.display().to_string())]
    }
}

/// One source's counts. What it gave is counted by itself; what became of it, by the collector.
fn source(finished: &Finished, id: u16, name: String, ended: Option<Ended>) -> SourceSummary {
    let mut counts = flipside::collect::Counts::default();
    let of = finished.report.stats.writers.iter().filter(|writer| writer.source == id);
    of.for_each(|writer| counts += writer.counts);
    let mut dropped: BTreeMap<&'static str, u64> =
        counts.dropped.by_cause().into_iter().filter(|&(_, count)| count > 0).collect();
    for (cause, count) in [("output", counts.abandoned + counts.pending), ("aborted", counts.aborted)] {
        if count > 0 {
            dropped.insert(cause, count);
        }
    }
    let received = ended.as_ref().map_or(counts.offered, |ended| ended.tally.received);
    let bytes = counts.drained_bytes - PREFIX as u64 * counts.drained;
    SourceSummary { name, received, written: counts.drained, dropped, bytes, ended }
}

/// What stopped the journal, if anything did.
fn journal_failure(finished: &Finished) -> Option<Failure> {
    let name = finished.drained.output.name();
    if let Some(error) = &finished.drained.error {
        let failure = Failure::error(format_args!("cannot write {name}: {error}"));
        return Some(
            failure.hint("what was written before is kept and sealed; make room, or use another -w"),
        );
    }
    if let Some(Err(error)) = &finished.child {
        return Some(Failure::error(format_args!("lost track of the command: {error}")));
    }
    None
}

/// A command that did not end when it was asked to.
fn still_running(finished: &Finished) -> Option<Failure> {
    let pid = finished.left_running?;
    let failure = Failure::error(format_args!("the command is still running (process {pid}), unrecorded"));
    Some(failure.hint(format_args!("it did not end when it was asked to; kill -9 {pid} ends it")))
}

pub(super) fn is_regular(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file())
}

/// Reads the journal as `flipside verify` does.
fn look_back(path: &Path) -> Result<u64, String> {
    let report = read_back(path).map_err(|error| error.to_string())?;
    if !report.is_sealed() || !report.is_clean() {
        return Err(format!("{} is damaged; see flipside verify", path.display()));
    }
    Ok(report.census.records)
}

fn source_json(source: &SourceSummary) -> Value {
    let mut object = json!({
        "received": source.received,
        "written": source.written,
        "filtered": 0,
        "dropped": source.dropped,
        "bytes": source.bytes,
    });
    if let Some(ended) = &source.ended {
        let burst = &ended.burst;
        object["sizes"] = quantiles(&ended.tally.sizes);
        object["unit"] = json!(ended.unit);
        object["mean_per_s"] = json!(burst.mean);
        object["update_period_ns"] = json!(burst.update_period_ns);
        object["burst"] = match burst.peak {
            Some(peak) => json!({
                "per_s": peak.rate, "over_ns": peak.over_ns, "at_ns": peak.at_ns, "mean_1s_per_s": peak.mean,
            }),
            None => Value::Null,
        };
        let vanished: Vec<_> = ended.vanished.iter().map(ToString::to_string).collect();
        if !vanished.is_empty() {
            object["vanished"] = json!(vanished);
        }
    }
    object
}

/// The quantiles that the contract names.
pub(crate) fn quantiles(dist: &Dist) -> Value {
    let at = |quantile| dist.quantile(quantile);
    json!({
        "min": dist.min(), "p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "p99.9": at(0.999),
        "max": dist.max(),
    })
}
