use crate::publish::strategy::Counters;
use crate::publish::{Shared, collection, map, multi, set, value};

#[test]
fn out_and_in_again() {
    let (mut writer, reader) = multi::with_meta(String::from("meta"));
    writer.put_all([(1, 10), (1, 11)]);
    writer.publish().unwrap();
    let text = serde_json::to_string(&reader.read()).unwrap();
    assert_eq!(text, r#"["meta",{"1":[10,11]}]"#);
    assert_eq!(serde_json::to_string(&reader.pinned().unwrap()).unwrap(), text);
    let mut again: multi::Writer<u32, u32, String> = serde_json::from_str(&text).unwrap();
    again.insert(1, 12);
    again.publish().unwrap();
    let reader = again.source().reader().unwrap();
    assert_eq!(serde_json::to_string(&reader).unwrap(), r#"["meta",{"1":[10,11,12]}]"#);

    let map: map::Writer<String, u32> = serde_json::from_str(r#"{"a":1}"#).unwrap();
    assert_eq!(map.published()["a"], 1);
    let set: set::Writer<u32> = serde_json::from_str("[1,2,2]").unwrap();
    assert_eq!(set.published().len(), 2);
    let list: collection::Writer<std::collections::BTreeSet<u32>, Counters> =
        serde_json::from_str("[3]").unwrap();
    assert_eq!(list.source().reader().unwrap().len(), 1);
    let value: value::Writer<Shared<u32>> = serde_json::from_str("7").unwrap();
    assert_eq!(*value.get(), 7);
    assert!(serde_json::from_str::<map::Writer<String, u32>>("[").is_err());
}
