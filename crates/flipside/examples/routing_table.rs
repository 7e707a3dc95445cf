//! A routing table under a stream of changes, and a peer that dies.
//!
//! Two threads forward packets by pinned readers: a look-up costs what it would in a table of their own. The main
//! thread pushes announcements and withdrawals and publishes some at a time. Then a peer dies: whatever it carried is
//! withdrawn or moved to another peer, hundreds of routes in one publish. Which peer stands in is decided by dice, so
//! that it is decided once, on the first copy, and a receipt repeats it on the second. In the end it is checked that no
//! thread forwarded a packet to the dead peer once it had seen that version.
//!
//! ```text
//! cargo run --release --example routing_table
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use flipside::publish::{self, Decide, Decided, Log, Operation, PublishError, Shared, Source};

const PEERS: usize = 4;
const THREADS: usize = 2;
const BATCHES: u32 = 500;
const BATCH: u32 = 20;
/// This one dies.
const DEAD: Peer = 2;

type Peer = usize;
type Failure = Box<dyn Error + Send + Sync>;

/// The first `len` bits of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Prefix {
    len: u8,
    bits: u32,
}

impl Prefix {
    fn new(address: u32, len: u8) -> Self {
        Self { len, bits: address & (u32::MAX << (32 - len)) }
    }
}

#[derive(Clone, Default, PartialEq, Eq)]
struct Table {
    routes: BTreeMap<Prefix, Peer>,
}

impl Table {
    /// By the longest prefix that there is.
    fn peer(&self, address: u32) -> Option<Peer> {
        [24, 16, 8].iter().find_map(|&len| self.routes.get(&Prefix::new(address, len)).copied())
    }

    fn routes_to(&self, peer: Peer) -> usize {
        self.routes.values().filter(|to| **to == peer).count()
    }
}

/// What can be pushed.
enum Change {
    Announce(Prefix, Peer),
    Withdraw(Prefix),
    Down(Decided<Down, Replaced>),
}

impl Operation<Table> for Change {
    fn apply(&mut self, table: &mut Table, extras: &()) {
        match self {
            Self::Announce(prefix, peer) => drop(table.routes.insert(*prefix, *peer)),
            Self::Withdraw(prefix) => drop(table.routes.remove(prefix)),
            Self::Down(down) => down.apply(table, extras),
        }
    }

    /// The last word on a prefix is the only one that counts.
    fn absorb(&mut self, next: Self) -> Result<(), Self> {
        match (&*self, &next) {
            (Self::Announce(old, _) | Self::Withdraw(old), Self::Announce(new, _) | Self::Withdraw(new))
                if old == new =>
            {
                *self = next;
                Ok(())
            }
            _ => Err(next),
        }
    }
}

/// A peer is dead: long prefixes are withdrawn, and another peer stands in for the short ones.
struct Down {
    peer: Peer,
    dice: Dice,
}

/// Who stands in for which prefix; nobody for those that were withdrawn.
struct Replaced(Vec<(Prefix, Option<Peer>)>);

impl Decide<Table> for Down {
    type Receipt = Replaced;

    fn decide(mut self, table: &mut Table, extras: &()) -> Replaced {
        let lost = table.routes.iter().filter(|(_, peer)| **peer == self.peer);
        let living: Vec<_> = (0..PEERS).filter(|peer| *peer != self.peer).collect();
        let mut stand_in = || Some(living[self.dice.below(living.len() as u32) as usize]);
        let replaced = lost.map(|(prefix, _)| (*prefix, (prefix.len == 8).then(&mut stand_in).flatten()));
        let mut receipt = Replaced(replaced.collect());
        receipt.apply(table, extras);
        receipt
    }
}

impl Operation<Table> for Replaced {
    fn apply(&mut self, table: &mut Table, _: &()) {
        for (prefix, stand_in) in &self.0 {
            match stand_in {
                Some(peer) => table.routes.insert(*prefix, *peer),
                None => table.routes.remove(prefix),
            };
        }
    }
}

/// Xorshift, good enough for packets.
#[derive(Clone)]
struct Dice(u32);

impl Dice {
    fn throw(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn below(&mut self, end: u32) -> u32 {
        self.throw() % end
    }
}

/// Packets to each peer, and to nobody, by the version of the table.
type Forwarded = BTreeMap<u64, [u64; PEERS + 1]>;

/// Forwards packets until it is told to stop.
fn forward(source: &Source<Routes>, seed: u32, stop: &AtomicBool) -> Result<Forwarded, Failure> {
    let mut table = source.offline()?.online();
    let (mut dice, mut forwarded) = (Dice(seed), Forwarded::new());
    while !stop.load(Relaxed) {
        // Between two batches of packets nothing of the table is held.
        table.refresh();
        let to = forwarded.entry(table.version()).or_default();
        for _ in 0..256 {
            to[table.get().peer(dice.throw()).unwrap_or(PEERS)] += 1;
        }
    }
    Ok(forwarded)
}

type Routes = Shared<Table, Log<Table, Change>>;
type Writer = publish::Writer<Routes>;

/// Pushes and publishes batches of changes, none of which speaks of `dead`.
fn churn(writer: &mut Writer, dice: &mut Dice, dead: Option<Peer>) -> Result<u64, PublishError> {
    for _ in 0..BATCHES {
        for _ in 0..BATCH {
            let (address, peer) = (dice.throw(), dice.below(PEERS as u32) as Peer);
            let prefix = Prefix::new(address, if dice.below(4) == 0 { 16 } else { 24 });
            let is_new = dice.below(5) != 0 && dead != Some(peer);
            writer.push(if is_new { Change::Announce(prefix, peer) } else { Change::Withdraw(prefix) });
        }
        writer.publish()?;
        thread::sleep(Duration::from_micros(500));
    }
    Ok(writer.version())
}

/// A part of the run: what it is called, its last version, and the routes to each peer then.
struct Phase(&'static str, u64, [usize; PEERS]);

fn routes(table: &Table) -> [usize; PEERS] {
    std::array::from_fn(|peer| table.routes_to(peer))
}

/// All that happens to the table. The last version in which the peer was alive, and the phases.
fn operate(writer: &mut Writer) -> Result<(u64, Vec<Phase>), Failure> {
    let mut dice = Dice(7);
    let version = churn(writer, &mut dice, None)?;
    let mut phases = vec![Phase("all alive", version, routes(writer.published()))];

    let (routes_before, lost) = (writer.published().routes.len(), writer.published().routes_to(DEAD));
    writer.push(Change::Down(Decided::Open(Down { peer: DEAD, dice: dice.clone() })));
    let died = writer.publish()?;
    let left = writer.published().routes.len();
    println!("Peer {DEAD} died with version {died}: {lost} routes were its own, all gone in one publish;");
    println!("{} withdrawn, {} given to others.", routes_before - left, lost - (routes_before - left));
    if died != version + 1 || writer.published().routes_to(DEAD) != 0 {
        return Err("routes to the dead peer are left".into());
    }
    let first = writer.published().clone();
    let version = churn(writer, &mut dice, Some(DEAD))?;
    phases.push(Phase("one dead", version, routes(writer.published())));

    // The dice fell once, so that both copies came to the same.
    writer.publish_both()?;
    let is_moved = |(prefix, peer): (&Prefix, &Peer)| prefix.len != 8 || first.routes[prefix] == *peer;
    let back = writer.latest()?.clone();
    let are_same = back == *writer.published();
    if !are_same || !writer.published().routes.iter().all(is_moved) {
        return Err("the two copies do not agree on who stands in".into());
    }
    Ok((died, phases))
}

fn run() -> Result<(), Failure> {
    // Whatever has no longer prefix goes by the first eight bits.
    let start = (0..=255).map(|first| (Prefix { len: 8, bits: first << 24 }, first as Peer % PEERS));
    let (mut writer, reader) = publish::log::<_, Change>(Table { routes: start.collect() });
    let (source, stop) = (Source::from(&reader), AtomicBool::new(false));

    let (operated, forwarded) = thread::scope(|scope| {
        let (source, stop) = (&source, &stop);
        let threads: Vec<_> =
            (1..=THREADS as u32).map(|seed| scope.spawn(move || forward(source, seed, stop))).collect();
        let operated = operate(&mut writer);
        stop.store(true, Relaxed);
        let forwarded = threads.into_iter().map(|thread| thread.join().expect("no thread panics"));
        (operated, forwarded.collect::<Result<Vec<_>, _>>())
    });
    let ((died, phases), forwarded) = (operated?, forwarded?);

    println!("\n                      packets in % (routes)");
    print!("phase       versions ");
    (0..PEERS).for_each(|peer| print!("        peer {peer}"));
    let mut from = 0;
    for Phase(name, last, routes) in &phases {
        let of_phase = forwarded.iter().flat_map(|of| of.range(from..=*last));
        let packets = of_phase.fold([0; PEERS + 1], |mut sum, (_, packets)| {
            sum.iter_mut().zip(packets).for_each(|(sum, packets)| *sum += packets);
            sum
        });
        print!("\n{name:10} {from:4}..{last:<4}");
        for (packets_to, routes) in packets.iter().zip(routes) {
            let percent = *packets_to as f64 / packets.iter().sum::<u64>() as f64 * 100.0;
            print!("{percent:7.1} {:>6}", format!("({routes})"));
        }
        from = last + 1;
    }
    println!();

    let all = forwarded.iter().flat_map(BTreeMap::values).flatten().sum::<u64>();
    let nowhere = forwarded.iter().flat_map(BTreeMap::values).map(|packets| packets[PEERS]).sum::<u64>();
    println!("{all} packets, {nowhere} without a route.");
    let late =
        forwarded.iter().flat_map(|of| of.range(died..)).map(|(_, packets)| packets[DEAD]).sum::<u64>();
    if late != 0 {
        return Err(format!("{late} packets went to the dead peer after version {died} was seen").into());
    }
    println!("None went to the dead peer once its thread had seen version {died}: checked.");
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("routing_table: {error}");
            ExitCode::FAILURE
        }
    }
}
