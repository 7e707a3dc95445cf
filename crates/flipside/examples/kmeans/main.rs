//! k-means as map and reduce: each party has some of the points, finds the nearest centre of each, and contributes what it
//! has added up. The round adds that up for all, in the order of the ranks, so everybody makes the same centres, and everybody
//! sees at once that no point has changed its cluster. There are no segments, no master and no second barrier.
//!
//! The points are the irises that E. Anderson measured and R. A. Fisher published (The use of multiple measurements in
//! taxonomic problems, Annals of Eugenics 7, 1936): 150 flowers of three species, length and width of sepals and petals in
//! centimetres. The best three clusters are known: the squared distances sum up to 78.85144.
//!
//! ```text
//! cargo run --release --example kmeans -- --parties 3
//! ```

#[path = "../support/options.rs"]
mod options;

use std::error::Error;
use std::ops::Range;
use std::process::ExitCode;

use flipside::exchange::{self, Poisoned};
use options::Options;

const USAGE: &str = "[--parties N]  1 to 150 threads, which share the flowers; 4";
const INERTIA: f64 = 78.85144;
const CLUSTERS: usize = 3;

type Point = [f64; 4];

struct Flower {
    point: Point,
    species: &'static str,
}

fn flowers() -> Result<Vec<Flower>, Box<dyn Error>> {
    let flower = |line: &'static str| {
        let (numbers, species) = line.rsplit_once(',').ok_or("a line without a species")?;
        let numbers = numbers.split(',').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
        let point = numbers.try_into().map_err(|_| "a flower has four numbers")?;
        Ok(Flower { point, species })
    };
    include_str!("iris.csv").lines().skip(1).map(flower).collect()
}

fn squared_distance(one: &Point, other: &Point) -> f64 {
    one.iter().zip(other).map(|(one, other)| (one - other).powi(2)).sum()
}

/// What is added up: of a party's points, then of all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    /// The points of each cluster.
    points: [Point; CLUSTERS],
    counts: [usize; CLUSTERS],
    /// Squared distances to the nearest centre.
    inertia: f64,
    /// Points that are in another cluster than in the round before.
    moved: usize,
}

impl Sums {
    fn add(mut self, other: &Self) -> Self {
        let coordinates = self.points.as_flattened_mut().iter_mut().zip(other.points.as_flattened());
        coordinates.for_each(|(mine, more)| *mine += more);
        self.counts.iter_mut().zip(other.counts).for_each(|(mine, more)| *mine += more);
        self.inertia += other.inertia;
        self.moved += other.moved;
        self
    }

    /// A cluster without points keeps its centre.
    fn centres(&self, before: [Point; CLUSTERS]) -> [Point; CLUSTERS] {
        std::array::from_fn(|cluster| match self.counts[cluster] {
            0 => before[cluster],
            count => self.points[cluster].map(|sum| sum / count as f64),
        })
    }
}

/// The first point, and twice the point that is furthest from those there are.
fn first_centres(flowers: &[Flower]) -> [Point; CLUSTERS] {
    let mut centres = [flowers[0].point; CLUSTERS];
    for at in 1..CLUSTERS {
        let distance = |flower: &&Flower| {
            centres[..at]
                .iter()
                .map(|centre| squared_distance(centre, &flower.point))
                .fold(f64::INFINITY, f64::min)
        };
        let furthest = flowers.iter().max_by(|one, other| distance(one).total_cmp(&distance(other)));
        centres[at] = furthest.map_or(centres[0], |flower| flower.point);
    }
    centres
}

/// One party: what each round added up, and the clusters of its points in the end.
struct End {
    history: Vec<Sums>,
    clusters: Vec<usize>,
}

fn kmeans(flowers: &[Flower], parties: usize) -> Result<Vec<End>, Box<dyn Error>> {
    let share = |rank: usize| -> Range<usize> {
        flowers.len() * rank / parties..flowers.len() * (rank + 1) / parties
    };
    let first = first_centres(flowers);
    let ends = exchange::parties(parties).contributing(|_| Sums::default()).scope(|mut round| {
        let mine = &flowers[share(round.rank())];
        let (mut centres, mut history) = (first, Vec::<Sums>::new());
        let mut clusters = vec![CLUSTERS; mine.len()];
        while history.last().is_none_or(|sums| sums.moved > 0) {
            round = round.publish_with(assign(mine, &centres, &mut clusters)).wait()?;
            let sums = round.view().contributions().fold(Sums::default(), Sums::add);
            centres = sums.centres(centres);
            history.push(sums);
        }
        Ok::<_, Poisoned>(End { history, clusters })
    })?;
    Ok(ends.into_iter().collect::<Result<_, _>>()?)
}

/// Gives each point to the nearest centre.
fn assign(flowers: &[Flower], centres: &[Point; CLUSTERS], clusters: &mut [usize]) -> Sums {
    let mut sums = Sums::default();
    for (Flower { point, .. }, cluster) in flowers.iter().zip(clusters) {
        let distances = centres.iter().map(|centre| squared_distance(centre, point)).enumerate();
        let Some((nearest, distance)) = distances.min_by(|one, other| one.1.total_cmp(&other.1)) else {
            continue;
        };
        sums.points[nearest].iter_mut().zip(point).for_each(|(sum, more)| *sum += more);
        sums.counts[nearest] += 1;
        sums.inertia += distance;
        sums.moved += usize::from(*cluster != nearest);
        *cluster = nearest;
    }
    sums
}

fn run(parties: usize) -> Result<(), Box<dyn Error>> {
    let flowers = flowers()?;
    let ends = kmeans(&flowers, parties)?;
    if ends.iter().any(|end| end.history != ends[0].history) {
        return Err("not all parties saw the same".into());
    }
    println!("{} flowers, {CLUSTERS} clusters; parties: {parties}", flowers.len());
    println!("round   moved    inertia");
    for (at, Sums { moved, inertia, .. }) in ends[0].history.iter().enumerate() {
        println!("{:5} {moved:7} {inertia:10.5}  {}", at + 1, "#".repeat((inertia / 4.0) as usize));
    }
    let clusters: Vec<_> = ends.iter().flat_map(|end| &end.clusters).collect();
    println!("\ncluster   setosa   versicolor   virginica");
    for cluster in 0..CLUSTERS {
        let of = |species| {
            let both = flowers.iter().zip(&clusters);
            both.filter(|(flower, of)| flower.species == species && ***of == cluster).count()
        };
        println!("{:7} {:8} {:12} {:11}", cluster + 1, of("setosa"), of("versicolor"), of("virginica"));
    }
    let inertia = ends[0].history.last().ok_or("no round")?.inertia;
    println!("inertia {inertia:.5}, known: {INERTIA}");
    if (inertia - INERTIA).abs() < 5e-6 { Ok(()) } else { Err("these are not the best clusters".into()) }
}

fn main() -> ExitCode {
    options::main(USAGE, |options: &Options| options.parties(150), run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inertia_is_the_one_that_is_known() {
        let flowers = flowers().unwrap();
        assert_eq!(flowers.len(), 150);
        for parties in [1, 2, 3, 4, 150] {
            let ends = kmeans(&flowers, parties).unwrap();
            let last = ends[0].history.last().unwrap();
            assert!((last.inertia - INERTIA).abs() < 5e-6, "{} by {parties} parties", last.inertia);
            let mut counts = last.counts;
            counts.sort_unstable();
            assert_eq!(counts, [38, 50, 62]);
            assert!(ends.iter().all(|end| end.history == ends[0].history));
        }
    }

    #[test]
    fn what_is_said_wrongly_is_told() {
        let options = Options::parse(USAGE, ["--parties".to_owned(), "151".to_owned()]).unwrap();
        assert_eq!(options.parties(150), Err("--parties 151: there are 1 to 150".to_owned()));
        assert!(options.said("--k").is_none());
    }
}
