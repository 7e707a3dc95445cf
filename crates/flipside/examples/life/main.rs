//! The Game of Life by halo rounds: each party computes a band of rows and waits, generation after generation, only for the
//! two that its band touches. Every 32 generations all wait for all, add up how many cells lived in each of them, and decide
//! together whether that was enough. Nothing is copied: one reads the rows of one's neighbours where they wrote them.
//!
//! The R-pentomino, five cells, is known to boil until generation 1103 and to leave 116 cells; Gosper's gun sends off a
//! glider, five cells, every 30 generations. Both are checked. What is left is counted by name: each object is taken out and
//! watched alone for four generations.
//!
//! ```text
//! cargo run --release --example life -- --until-stable
//! cargo run --release --example life -- --gun --generations 600 --picture gun.svg
//! cargo run --release --example life -- --parties 2 --generations 500
//! ```

mod census;
#[path = "../support/options.rs"]
mod options;
mod picture;
mod world;

use std::error::Error;
use std::fs;
use std::process::ExitCode;
use std::time::Instant;

use options::Options;
use world::Outcome;

const USAGE: &str = "\
[--until-stable]   the R-pentomino, until its population no longer changes: what is done if nothing else is said
[--gun]            Gosper's gun instead, for 300 generations
[--generations N]  so many at most
[--parties N]      1 to 64 bands of rows, each with a thread; 4
[--picture FILE]   the last generation, as SVG";

const R_PENTOMINO: &str = "\
.OO
OO.
.O.";
const STABLE: (usize, u64) = (1103, 116);

const GUN: &str = "\
........................O...........
......................O.O...........
............OO......OO............OO
...........O...O....OO............OO
OO........O.....O...OO..............
OO........O...O.OO....O.O...........
..........O.....O.......O...........
...........O...O....................
............OO......................";
const PERIOD: usize = 30;
const GLIDER: u64 = 5;

/// So many generations of the same population pass for the end. What is left repeats itself after 1, 2 or 4; and the census
/// says whether it does.
const CALM: usize = 64;

struct Task {
    parties: usize,
    is_gun: bool,
    until_stable: bool,
    generations: usize,
    picture: Option<String>,
}

fn task(options: &Options) -> Result<Task, String> {
    let is_gun = options.said("--gun").is_some();
    if is_gun && options.said("--until-stable").is_some() {
        return Err("--gun --until-stable: a gun is never stable".into());
    }
    let until_stable =
        !is_gun && (options.said("--until-stable").is_some() || options.said("--generations").is_none());
    Ok(Task {
        parties: options.parties(64)?,
        is_gun,
        until_stable,
        generations: options.number("--generations", if is_gun { 300 } else { 5000 })?,
        picture: options.said("--picture").map(str::to_owned),
    })
}

fn is_calm(populations: &[u64]) -> bool {
    populations.len() > CALM
        && populations.iter().rev().take(CALM).all(|population| Some(population) == populations.last())
}

/// The first generation of those in the end that have all the same population.
fn calm_since(populations: &[u64]) -> usize {
    let same = populations.iter().rev().take_while(|population| Some(*population) == populations.last());
    populations.len() - same.count()
}

/// Whether the populations are those that are known, in words.
fn checked(task: &Task, populations: &[u64]) -> Result<String, Box<dyn Error>> {
    let (last, population) = (populations.len() - 1, populations[populations.len() - 1]);
    if task.is_gun {
        let wrong = (0..(last + 1).saturating_sub(PERIOD))
            .find(|at| populations[at + PERIOD] != populations[*at] + GLIDER);
        return match wrong {
            Some(at) => {
                Err(format!("from generation {at} to {} the gun did not make 5 cells", at + PERIOD).into())
            }
            None => Ok(format!(
                "generation {last}: population {population}, one glider more every {PERIOD} generations"
            )),
        };
    }
    if !task.until_stable {
        return Ok(format!("generation {last}: population {population}"));
    }
    let found = (calm_since(populations), population);
    let calm = last - found.0;
    if !is_calm(populations) {
        return Err(
            format!("not stable in generation {last}: population {population}, the same for {calm}").into()
        );
    }
    if found != STABLE {
        return Err(format!("stable at (generation, population) {found:?}, and {STABLE:?} is known").into());
    }
    let (generation, population) = found;
    Ok(format!(
        "stable at generation {generation}: population {population}, the same for {calm} more (known: {} and {})",
        STABLE.0, STABLE.1
    ))
}

fn run(task: Task) -> Result<(), Box<dyn Error>> {
    let (name, pattern) = if task.is_gun { ("Gosper's gun", GUN) } else { ("The R-pentomino", R_PENTOMINO) };
    println!("{name} on {} x {} cells; parties: {}", world::COLUMNS, world::ROWS, task.parties);
    if let Some(file) = &task.picture {
        // What cannot be written is better known before the work.
        fs::write(file, "").map_err(|error| format!("{file}: {error}"))?;
    }
    let began = Instant::now();
    let is_enough = |populations: &[u64]| task.until_stable && is_calm(populations);
    let Outcome { rows, populations } =
        world::run(task.parties, &world::seeded(pattern), task.generations, is_enough)?;
    let (took, generations) = (began.elapsed(), populations.len() - 1);

    let objects = census::objects(world::living(&rows));
    let (drawing, area) = picture::terminal(&objects);
    println!("\n{drawing}\n({area})");
    let counts = census::counted(&objects);
    let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{count} x {name}")).collect();
    println!("lives: {}", counts.join(", "));
    let is_edge = |x, y| x == 0 || y == 0 || x + 1 == world::COLUMNS || y + 1 == world::ROWS;
    if world::living(&rows).any(|(x, y)| is_edge(x, y)) {
        println!("something has come to the edge of the world: without one it would have gone on otherwise");
    }
    println!("{generations} generations in {took:.1?}");
    if let Some(file) = &task.picture {
        let caption = format!("{name}, generation {generations}, {} parties", task.parties);
        fs::write(file, picture::svg(&objects, task.parties, &caption))
            .map_err(|error| format!("{file}: {error}"))?;
        println!("picture: {file}");
    }
    println!("{}", checked(&task, &populations)?);
    Ok(())
}

fn main() -> ExitCode {
    options::main(USAGE, task, run)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task_of(line: &str) -> Result<Task, String> {
        Options::parse(USAGE, line.split_whitespace().map(str::to_owned)).and_then(|options| task(&options))
    }

    #[test]
    fn the_r_pentomino_is_stable_at_1103_with_116_cells() {
        let known = [
            ("beehive", 4),
            ("blinker", 4),
            ("block", 8),
            ("boat", 1),
            ("glider", 6),
            ("loaf", 1),
            ("ship", 1),
        ];
        for parties in 1..=4 {
            let outcome = world::run(parties, &world::seeded(R_PENTOMINO), 5000, is_calm).unwrap();
            assert_eq!((calm_since(&outcome.populations), outcome.populations.last()), (1103, Some(&116)));
            assert!(census::counted(&census::objects(world::living(&outcome.rows))).into_iter().eq(known));
        }
        // Not only the number of cells: in the generation before something still changes, in this one nothing does.
        let changes = |generation| {
            let rows = world::run(2, &world::seeded(R_PENTOMINO), generation, |_| false).unwrap().rows;
            census::counted(&census::objects(world::living(&rows))).contains_key("object that changes")
        };
        assert!(changes(1102) && !changes(1103));
    }

    #[test]
    fn the_gun_makes_five_cells_in_thirty_generations() {
        let task = task_of("--gun").unwrap();
        for parties in 1..=4 {
            let outcome = world::run(parties, &world::seeded(GUN), 400, |_| false).unwrap();
            assert_eq!(outcome.populations.len(), 401);
            checked(&task, &outcome.populations).unwrap();
        }
    }

    #[test]
    fn what_is_said_wrongly_is_told() {
        for (line, told) in [
            ("--gum", "no such option: --gum"),
            ("--parties", "--parties needs a value: N"),
            ("--parties two", "--parties two: not such a number"),
            ("--parties 0", "--parties 0: there are 1 to 64"),
            ("--gun --until-stable", "--gun --until-stable: a gun is never stable"),
        ] {
            assert_eq!(task_of(line).err().as_deref(), Some(told));
        }
        let task = task_of("--parties 2 --generations 7 --parties 3").unwrap();
        assert!((task.parties, task.generations, task.until_stable) == (3, 7, false));
    }
}
