//! The records of a block in the order of their times, where they stand source by source.

use std::collections::BTreeMap;

use flipside_journal::{Block, Record, Records};

/// The records of a block as a person wants to see them: as they stand, unless each source had a lane of its own. Then
/// they are merged by time; a source's own order stays, whatever its times, and its gaps stay before the record that
/// they stood before.
///
/// Takes 24 bytes of memory for each record that is merged, which is no more than the block itself.
pub(crate) fn records<'a>(block: &Block<'a>) -> impl Iterator<Item = Record<'a>> {
    let merged = if block.header().meta.by_source { merged(block.records()) } else { Vec::new() };
    let as_they_stand = (!block.header().meta.by_source).then(|| block.records());
    as_they_stand.into_iter().flatten().chain(merged.into_iter().filter_map(|(_, mut at)| at.next()))
}

/// Where each record stands, with the time that it is shown at.
fn merged(mut records: Records<'_>) -> Vec<(u64, Records<'_>)> {
    let mut all = Vec::new();
    let mut latest = BTreeMap::new();
    loop {
        let at = records.clone();
        let Some(record) = records.next() else { break };
        let time = match record {
            Record::Data { source, time_ns, .. } => {
                let latest = latest.entry(source).or_insert(0);
                *latest = time_ns.max(*latest);
                *latest
            }
            // For now: it takes the time of the next record of its source.
            Record::Gap { .. } | Record::Aborted { .. } => u64::MAX,
        };
        all.push((time, at));
    }
    let mut next = BTreeMap::new();
    for (time, at) in all.iter_mut().rev() {
        match at.clone().next() {
            Some(Record::Data { source, .. }) => drop(next.insert(source, *time)),
            Some(Record::Gap { source, .. } | Record::Aborted { source, .. }) => {
                *time = next.get(&source).copied().unwrap_or(u64::MAX);
            }
            None => {}
        }
    }
    all.sort_by_key(|&(time, _)| time);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::frame;
    use flipside_journal::{BlockMeta, Reader, Writer};

    /// `(source, time)` of data; a gap without a time.
    fn shown(items: &[(u16, Option<u64>)], by_source: bool) -> Vec<(u16, Option<u64>)> {
        let mut image = Vec::new();
        for (seq, &(source, time)) in items.iter().enumerate() {
            match time {
                Some(time) => frame::append(&mut image, source, &frame::prefix(seq as u64, time), b"x"),
                None => {
                    image.extend([16, 0, 0, 0, 2, 0, source as u8, 0]);
                    image.extend([1; 16]);
                }
            }
        }
        let records = items.iter().filter(|item| item.1.is_some()).count() as u32;
        let mut writer = Writer::create(Vec::new(), [1; 16], 0).unwrap();
        writer.append(&image, BlockMeta { records, by_source, ..BlockMeta::default() }).unwrap();
        let file = writer.into_inner();
        let mut reader = Reader::new(&file[..]).unwrap();
        let block = reader.next_block().unwrap().unwrap();
        let shown = records_of(&block);
        assert_eq!(shown.len(), items.len());
        shown
    }

    fn records_of(block: &Block<'_>) -> Vec<(u16, Option<u64>)> {
        let all = records(block).map(|record| match record {
            Record::Data { source, time_ns, .. } => (source, Some(time_ns)),
            Record::Gap { source, .. } | Record::Aborted { source, .. } => (source, None),
        });
        all.collect()
    }

    #[test]
    fn sources_are_merged_where_each_stands_by_itself() {
        let items = [(0, Some(1)), (0, Some(5)), (0, Some(5)), (1, Some(2)), (1, Some(5)), (1, Some(9))];
        let merged = [(0, Some(1)), (1, Some(2)), (0, Some(5)), (0, Some(5)), (1, Some(5)), (1, Some(9))];
        assert_eq!(shown(&items, true), merged);
        assert_eq!(shown(&items, false), items);
    }

    #[test]
    fn a_source_keeps_its_order_and_its_gaps() {
        let items = [(1, None), (2, None), (0, Some(3)), (0, Some(9)), (1, Some(5)), (1, Some(4)), (3, None)];
        let merged =
            [(0, Some(3)), (1, None), (1, Some(5)), (1, Some(4)), (0, Some(9)), (2, None), (3, None)];
        assert_eq!(shown(&items, true), merged);
    }
}
