//! The few words on the command line of an example.

use std::process::ExitCode;
use std::str::FromStr;

/// What was said on the command line: each name that stood there, with its value, or with nothing.
pub(crate) struct Options(Vec<(String, String)>);

impl Options {
    /// The usage is the grammar too: `[--name VALUE]` takes a value, `[--name]` none; what stands beside them is for people.
    pub(crate) fn parse(usage: &str, arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut arguments = arguments.into_iter();
        let mut said = Vec::new();
        while let Some(name) = arguments.next() {
            let mut known = usage.split(['[', ']']).map(|piece| piece.split_once(' ').unwrap_or((piece, "")));
            let Some((_, value)) = known.find(|(known, _)| known.starts_with("--") && *known == name) else {
                return Err(format!("no such option: {name}"));
            };
            let value = match value {
                "" => String::new(),
                what => arguments.next().ok_or_else(|| format!("{name} needs a value: {what}"))?,
            };
            said.push((name, value));
        }
        Ok(Self(said))
    }

    /// What was said last by this name.
    pub(crate) fn said(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(said, _)| said == name).map(|(_, value)| &**value)
    }

    /// The number that was said by this name, or else the usual one.
    pub(crate) fn number<N: FromStr>(&self, name: &str, usual: N) -> Result<N, String> {
        self.said(name).map_or(Ok(usual), |value| {
            value.parse().map_err(|_| format!("{name} {value}: not such a number"))
        })
    }

    /// How many parties: as many as was said, or four.
    pub(crate) fn parties(&self, most: usize) -> Result<usize, String> {
        let parties = self.number("--parties", 4.min(most))?;
        let is_right = (1..=most).contains(&parties);
        is_right.then_some(parties).ok_or_else(|| format!("--parties {parties}: there are 1 to {most}"))
    }
}

/// One line stays one line.
fn gap(usage: &str) -> &'static str {
    match usage {
        "" => ": none",
        _ if usage.contains('\n') => ":\n",
        _ => ": ",
    }
}

/// Runs an example with its options. What is said wrongly ends it with 2, what goes wrong with 1.
pub(crate) fn main<O>(
    usage: &str,
    read: impl FnOnce(&Options) -> Result<O, String>,
    run: impl FnOnce(O) -> Result<(), Box<dyn std::error::Error>>,
) -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        println!("Options{}{usage}", gap(usage));
        return ExitCode::SUCCESS;
    }
    match Options::parse(usage, arguments).and_then(|options| read(&options)).map(run) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
        Err(wrong) => {
            eprintln!("{wrong}\nOptions{}{usage}", gap(usage));
            ExitCode::from(2)
        }
    }
}
