//! A table of names that is served while it is reloaded.
//!
//! The addresses of a zone stand in a multi-value map, and its serial number is the meta value. A server thread answers
//! from pinned readers, others from guards. Some reloads replace the whole zone, in one step; in between single records
//! come and go. Every address has the serial in it, so that an answer made of two versions would show: each answer is
//! checked, as are the serials, which never go back.
//!
//! ```text
//! cargo run --release --example zone_table
//! ```

use std::error::Error;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use flipside::publish::multi::{Bags, Multimap, Values};
use flipside::publish::{collection, multi};

const RELOADS: u16 = 300;
const HOSTS: u8 = 100;
const ADDRESSES: u8 = 3;
/// This one has another address with each update, and always one.
const DYNAMIC: &str = "dynamic.example";

type Failure = Box<dyn Error + Send + Sync>;
/// Addresses by name, and the serial.
type Zone = Multimap<Bags<String, Ipv4Addr>, u16>;
type Reader = multi::Reader<String, Ipv4Addr, u16>;
type Writer = multi::Writer<String, Ipv4Addr, u16>;

fn name(host: u8) -> String {
    format!("host{host}.example")
}

/// The address of a host in the version with this serial.
fn address(serial: u16, host: u8, which: u8) -> Ipv4Addr {
    let [high, low] = serial.to_be_bytes();
    Ipv4Addr::new(high, low, host, which)
}

fn load(serial: u16) -> Zone {
    let all = |host| (0..ADDRESSES).map(move |which| address(serial, host, which)).collect::<Values<_>>();
    let mut bags: Bags<_, _> = (0..HOSTS).map(|host| (name(host), all(host))).collect();
    bags.insert(DYNAMIC.into(), [address(serial, 0, 0)].into_iter().collect());
    Multimap::new(bags, serial)
}

/// Whether this is an answer, whole, of the version that it says it is of.
fn check(zone: &Zone, host: u8, last: &mut u16) -> Result<(), Failure> {
    let serial = *zone.meta();
    if serial < *last {
        return Err(format!("serial {serial} after {last}").into());
    }
    *last = serial;
    let addresses = zone.get(name(host).as_str()).ok_or_else(|| format!("{} is not there", name(host)))?;
    let is_whole = (0..ADDRESSES).all(|which| addresses.contains(&address(serial, host, which)));
    if !is_whole || addresses.len() != usize::from(ADDRESSES) {
        return Err(format!("serial {serial}, {}: {addresses:?}", name(host)).into());
    }
    if zone.get(DYNAMIC).is_none_or(|addresses| addresses.len() != 1) {
        return Err(format!("serial {serial}: {DYNAMIC} has not one address").into());
    }
    Ok(())
}

/// Answers from a pinned reader: a look-up costs what it does in a table of one's own.
fn serve_pinned(reader: &Reader, stop: &AtomicBool) -> Result<u64, Failure> {
    let (mut zone, mut answers, mut last) = (reader.pinned()?, 0, 0);
    while !stop.load(Relaxed) {
        zone.refresh();
        for host in 0..HOSTS {
            check(zone.get(), host, &mut last)?;
            answers += 1;
        }
    }
    Ok(answers)
}

/// Answers from guards, each of the newest version.
fn serve(reader: &Reader, stop: &AtomicBool) -> Result<u64, Failure> {
    let (mut answers, mut last) = (0, 0);
    while !stop.load(Relaxed) {
        for host in 0..HOSTS {
            check(&reader.read(), host, &mut last)?;
            answers += 1;
        }
    }
    Ok(answers)
}

/// Whole zones, and in between single records.
fn reload(zone: &mut Writer, reader: &Reader) -> Result<(), Failure> {
    for serial in 1..=RELOADS {
        zone.replace(load(serial));
        zone.publish()?;
        for which in 1..=ADDRESSES {
            zone.update(DYNAMIC.into(), address(serial, 0, which));
            // A host that comes and goes within one publish is never seen.
            zone.insert("brief.example".into(), address(serial, 0, which));
            zone.remove("brief.example".into());
            zone.publish()?;
            if reader.contains_key("brief.example") {
                return Err("something was seen that was never published".into());
            }
        }
    }
    Ok(())
}

fn run() -> Result<(), Failure> {
    let (mut zone, reader) = collection::new(load(0));
    let stop = AtomicBool::new(false);
    let answers = thread::scope(|scope| {
        let (one, other, stop) = (reader.clone(), reader.clone(), &stop);
        let servers =
            [scope.spawn(move || serve_pinned(&one, stop)), scope.spawn(move || serve(&other, stop))];
        let reloaded = reload(&mut zone, &reader);
        stop.store(true, Relaxed);
        let answers: Vec<_> =
            servers.into_iter().map(|server| server.join().expect("no server panics")).collect();
        reloaded.and_then(|()| answers.into_iter().collect::<Result<Vec<u64>, Failure>>())
    })?;
    if reader.read().meta() != &RELOADS
        || reader.get_one(DYNAMIC).as_deref() != Some(&address(RELOADS, 0, ADDRESSES))
    {
        return Err("the last reload is not the last".into());
    }
    println!(
        "{RELOADS} reloads of {HOSTS} names in {} versions; {} answers pinned, {} by guards, each of one version",
        reader.version(),
        answers[0],
        answers[1]
    );
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
