use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Edit, new};
use crate::publish::{Decide, Decided, Operation};

type Map = BTreeMap<u32, String>;

fn both(edits: Vec<Edit<Map>>) -> Map {
    let (mut writer, reader) = new(Map::from([(0, "zero".into())]));
    writer.extend(edits);
    writer.publish().unwrap();
    let one = reader.with(Map::clone);
    writer.publish_both().unwrap();
    assert_eq!(writer.log_len(), 0);
    // An edit that does nothing flips once more: the other copy.
    writer.reserve(0);
    writer.publish().unwrap();
    assert_eq!(*reader.read(), one);
    one
}

#[test]
fn both_copies_come_to_the_same() {
    let put = || Edit::put((1, "one".to_owned()));
    assert_eq!(both(vec![put()]).len(), 2);
    assert_eq!(both(vec![put(), Edit::remove(0)]), Map::from([(1, "one".into())]));
    assert_eq!(both(vec![put(), Edit::clear()]), Map::new());
    assert_eq!(both(vec![Edit::shrink_to_fit(), put(), Edit::replace(Map::new())]), Map::new());
    let longer = |map: &mut Map, (): &()| map.values_mut().for_each(|value| value.push('!'));
    assert_eq!(both(vec![Edit::other(longer)])[&0], "zero!");
}

#[test]
fn an_edit_that_decides_is_asked_once() {
    struct Ask(u32);
    struct Told(u32);
    impl Decide<Map> for Ask {
        type Receipt = Told;
        fn decide(self, map: &mut Map, extras: &()) -> Told {
            let mut told = Told(self.0 + 1);
            told.apply(map, extras);
            told
        }
    }
    impl Operation<Map> for Told {
        fn apply(&mut self, map: &mut Map, _: &()) {
            map.insert(self.0, self.0.to_string());
        }
    }
    assert!(both(vec![Edit::other(Decided::Open(Ask(6)))]).keys().eq(&[0, 7]));
}

#[test]
fn a_panic_takes_one_edit_and_no_other() {
    let (mut writer, reader) = new(Map::new());
    writer.put_all([(1, "one".into())]);
    writer.change(|map| {
        map.clear();
        assert!(!map.is_empty(), "half way");
    });
    writer.put_all([(2, "two".into())]);
    assert!(catch_unwind(AssertUnwindSafe(|| writer.publish())).is_err());
    assert!(reader.is_empty());
    writer.publish_both().unwrap();
    assert!(reader.read().keys().eq(&[1, 2]));
    assert_eq!(writer.take_all().unwrap().len(), 2);
    assert!(writer.is_empty().unwrap());
    assert_eq!(reader.len(), 2, "nothing is seen before it is published");
}

#[test]
fn edits_say_what_they_are() {
    let edits = [Edit::put((1, String::new())), Edit::remove(1), Edit::clear(), Edit::replace(Map::new())];
    assert_eq!(format!("{edits:?}"), "[Put, Remove, Clear, Other]");
}
