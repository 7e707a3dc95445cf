//! What holds in every setup.

use std::collections::BTreeMap;

use flipside::collect::Order;

use crate::support::{Seen, assert_law, lost};
use crate::workload::{Accepted, Ending, History, Setup, Tally};

pub(crate) fn all(setup: &Setup, history: &History) {
    let context = format!("{setup:?}");
    bytes_and_order_of_each_writer(&context, history);
    if setup.order == Order::Total {
        claim_order(&context, history);
    }
    model_order(&context, history);
    gaps(&context, history);
    counts(&context, setup, history);
}

/// Every accepted record exactly once, byte for byte, in its writer's order.
fn bytes_and_order_of_each_writer(context: &str, history: &History) {
    let mut drained: BTreeMap<u16, Vec<(u8, &[u8])>> = BTreeMap::new();
    for seen in history.output.iter().flatten() {
        if let Seen::Data { source, tag, body } = seen {
            drained.entry(*source).or_default().push((*tag, body));
        }
    }
    for tally in &history.tallies {
        let expected = tally.accepted.iter().map(|one| (one.tag, &one.body[..]));
        let drained = drained.remove(&tally.source).unwrap_or_default();
        assert!(drained.iter().copied().eq(expected), "{context}: writer {}", tally.source);
    }
    assert!(drained.is_empty(), "{context}: records of nobody");
}

fn is_data(seen: &Seen) -> bool {
    matches!(seen, Seen::Data { .. })
}

/// The accepted records in the order of the output.
fn in_output_order(history: &History) -> Vec<(&Tally, &Accepted)> {
    let mut next = BTreeMap::<u16, usize>::new();
    let mut order = Vec::new();
    for seen in history.output.iter().flatten() {
        if let Seen::Data { source, .. } = seen {
            let at = next.entry(*source).or_default();
            let tally = history.tallies.iter().find(|tally| tally.source == *source).unwrap();
            order.push((tally, &tally.accepted[*at]));
            *at += 1;
        }
    }
    order
}

/// A write that ended before another began stands before it, whoever wrote them.
fn claim_order(context: &str, history: &History) {
    let mut latest_begin = 0;
    for (tally, one) in in_output_order(history) {
        assert!(
            one.ended >= latest_begin,
            "{context}: a record of {} stands after one that began later than it ended",
            tally.source
        );
        latest_begin = latest_begin.max(one.began);
    }
}

/// The mutex saw each writer's records in the same order, and as many.
fn model_order(context: &str, history: &History) {
    let mut next = BTreeMap::<u16, usize>::new();
    for &(source, index) in &history.model {
        let at = next.entry(source).or_default();
        assert_eq!(*at, index, "{context}");
        *at += 1;
    }
    assert_eq!(history.model.len(), in_output_order(history).len(), "{context}");
}

/// Gaps add up to what was lost, stand at the start of a batch, one for each source, and never before a record
/// that is older than the loss.
fn gaps(context: &str, history: &History) {
    let mut told = BTreeMap::<u16, (u64, u64)>::new();
    let mut in_order = in_output_order(history).into_iter();
    for batch in &history.output {
        let heads = batch.iter().take_while(|seen| matches!(seen, Seen::Gap { .. })).count();
        assert_eq!(lost(&batch[heads..]), (0, 0), "{context}: a gap in the middle of a batch");
        let mut sources = Vec::new();
        for seen in &batch[..heads] {
            if let Seen::Gap { source, records, bytes } = seen {
                assert!(*records > 0, "{context}: an empty gap");
                sources.push(source);
                let sum = told.entry(*source).or_default();
                *sum = (sum.0 + records, sum.1 + bytes);
            }
        }
        for (tally, accepted) in in_order.by_ref().take(batch.iter().filter(|seen| is_data(seen)).count()) {
            let told = told.get(&tally.source).map_or(0, |told| told.0);
            assert!(
                told <= accepted.lost_before,
                "{context}: a gap of {} stands before records that are older than the loss",
                tally.source
            );
        }
        sources.dedup();
        assert_eq!(sources.len(), heads, "{context}: two gaps of one source");
    }
    for tally in &history.tallies {
        let (records, bytes) = told.remove(&tally.source).unwrap_or_default();
        assert_eq!(records, tally.lost, "{context}: losses of {}", tally.source);
        assert_eq!(bytes, tally.lost_bytes, "{context}: bytes lost of {}", tally.source);
    }
    assert!(told.is_empty(), "{context}: gaps of nobody");
}

/// The statistics agree with what the threads counted for themselves.
fn counts(context: &str, setup: &Setup, history: &History) {
    for (row, tally) in history.stats.writers.iter().zip(&history.tallies) {
        let counts = row.counts;
        assert_law(&counts);
        assert_eq!(row.source, tally.source);
        assert_eq!(counts.offered, tally.offered, "{context}");
        assert_eq!(counts.aborted, tally.aborted, "{context}");
        assert_eq!(counts.dropped.closed, tally.closed, "{context}");
        assert_eq!(counts.dropped.total() - tally.closed, tally.lost, "{context}");
        let accepted = tally.accepted.len() as u64;
        assert_eq!(counts.drained + counts.pending + counts.abandoned, accepted, "{context}");
        if setup.ending != Ending::Dropped {
            let bytes: usize = tally.accepted.iter().map(|one| one.body.len()).sum();
            assert_eq!((counts.drained, counts.drained_bytes), (accepted, bytes as u64), "{context}");
        }
        let sizes: u64 = row.sizes.buckets().map(|(_, _, count)| count).sum();
        assert_eq!(sizes, accepted, "{context}");
    }
    if setup.ending != Ending::Dropped {
        let told = lost(&history.output.concat());
        assert_eq!((history.stats.gaps.records, history.stats.gaps.bytes), told);
    }
    assert!(history.stats.high_water <= history.stats.side);
    if let Some(report) = &history.report {
        assert!(report.complete && report.stragglers.is_empty(), "{context}");
        assert_eq!(report.stats.total().pending, 0, "{context}");
    }
}
