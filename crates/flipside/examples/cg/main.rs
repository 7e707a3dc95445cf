//! CG of the NAS Parallel Benchmarks: the eigenvalue of a large sparse matrix that is nearest to a given number, by conjugate
//! gradients.
//!
//! Each party has some rows, and the same part of each vector in its segment. A step of conjugate gradients takes two rounds.
//! In the first all add up a dot product. In the second each publishes its part of the new residual in place, with its share
//! of the square of it: the view is the whole vector, in one piece, and the sum needs no round of its own. Sums are made in
//! the order of the ranks, so all parties have the same to the last bit, and so has the next run.
//!
//! The matrix is made by the generator of the specification (D. Bailey and others, The NAS Parallel Benchmarks, RNR-94-007),
//! which also says what must come out: `zeta`, to ten digits.
//!
//! ```text
//! cargo run --release --example cg -- --class A --parties 2
//! ```

mod matrix;
#[path = "../support/options.rs"]
mod options;
mod solve;

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use matrix::{CLASSES, Class, Matrix};
use options::Options;

const USAGE: &str = "\
[--class S|W|A]  how large: 1400, 7000 or 14000 rows; S
[--parties N]    1 to 64 threads; 4";
const TOLERANCE: f64 = 1e-10;

fn task(options: &Options) -> Result<(Class, usize), String> {
    let name = options.said("--class").unwrap_or("S");
    let class = CLASSES.into_iter().find(|class| class.name == name);
    Ok((class.ok_or_else(|| format!("--class {name}: there are S, W and A"))?, options.parties(64)?))
}

fn run((class, parties): (Class, usize)) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let matrix = Matrix::new(&class);
    println!(
        "class {}: {} rows, {} values, made in {:.1?}; parties: {parties}",
        class.name,
        class.rows,
        matrix.nonzeros(),
        began.elapsed(),
    );
    let began = Instant::now();
    let (steps, rounds) = solve::solve(&class, &matrix, parties)?;
    let took = began.elapsed();
    if steps.iter().any(|of_party| *of_party != steps[0]) {
        return Err("not all parties came to the same".into());
    }
    println!("iteration    |x - Az|                 zeta");
    for (at, step) in steps[0].iter().enumerate() {
        println!("{:9}  {:10.3e}  {:19.13}", at + 1, step.residual, step.zeta);
    }
    let zeta = steps[0].last().ok_or("no iteration")?.zeta;
    let difference = (zeta - class.zeta).abs();
    println!("reference              {:19.13}", class.zeta);
    println!("difference             {difference:19.1e}");
    let per_second = |count: f64| count / took.as_secs_f64();
    println!(
        "{rounds} rounds in {took:.1?}, {:.1} us each; {:.0} Mflop/s",
        1e6 / per_second(rounds as f64),
        per_second(class.operations()) / 1e6,
    );
    if difference.is_nan() || difference >= TOLERANCE {
        return Err(format!("zeta should differ by less than {TOLERANCE:e}").into());
    }
    Ok(())
}

fn main() -> ExitCode {
    options::main(USAGE, task, run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_s_comes_to_the_zeta_of_the_specification() {
        let class = CLASSES[0];
        let matrix = Matrix::new(&class);
        for parties in [1, 2, 3, 4] {
            let (steps, rounds) = solve::solve(&class, &matrix, parties).unwrap();
            let zeta = steps[0][class.iterations - 1].zeta;
            assert!((zeta - class.zeta).abs() < TOLERANCE, "{zeta} by {parties} parties");
            // To the last bit.
            assert!(steps.iter().all(|of_party| *of_party == steps[0]));
            assert_eq!(solve::solve(&class, &matrix, parties).unwrap().0, steps);
            assert_eq!(rounds, 15 * (1 + 2 * 25 + 2 + 2));
        }
    }

    #[test]
    fn what_is_said_wrongly_is_told() {
        let told = |line: &str| {
            let options = Options::parse(USAGE, line.split_whitespace().map(str::to_owned));
            options.and_then(|options| task(&options)).err().unwrap_or_default()
        };
        assert_eq!(told("--class B"), "--class B: there are S, W and A");
        assert_eq!(told("--parties 65"), "--parties 65: there are 1 to 64");
        assert_eq!(told("--class W --parties 64"), "");
    }
}
