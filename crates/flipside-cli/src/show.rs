//! `flipside show`: the records of journals.

use std::io::{self, BufWriter, Write};

use flipside_journal::{Block, End, ReadError, Reader, Record};
use serde_json::json;

use crate::args::ShowArgs;
use crate::by_time;
use crate::failure::{ERROR, Failure, say};
use crate::journals::{Input, unreadable};
use crate::units;

/// Prints the records; damage is stepped over, told, and the exit status an error.
pub(crate) fn show(args: &ShowArgs) -> Result<u8, Failure> {
    let mut printer = Printer { args, out: BufWriter::new(io::stdout().lock()), left: args.count };
    let mut code = 0;
    let mut known = args.source.is_none();
    for path in &args.files {
        let input = match Input::open(path) {
            Ok(input) => input,
            Err(failure) => {
                failure.report();
                code = ERROR;
                continue;
            }
        };
        let live = input.is_live();
        let name = path.display().to_string();
        match printer.journal(input, &name, live, &mut known) {
            Ok(good) => code = code.max(if good { 0 } else { ERROR }),
            Err(Stop::Over) => {
                // Only a record that was wanted brings this about.
                known = true;
                break;
            }
            Err(Stop::Output(error)) => {
                return Err(Failure::error(format_args!("cannot write to standard output: {error}")));
            }
        }
    }
    match printer.out.flush() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(Failure::error(format_args!("cannot write to standard output: {error}")));
        }
        _ => {}
    }
    if !known {
        let name = args.source.as_deref().unwrap_or_default();
        return Err(Failure::error(format_args!("no source is named {name}"))
            .hint("flipside verify lists the sources of a journal"));
    }
    Ok(code)
}

/// Why nothing more is printed.
enum Stop {
    /// As many records as were wanted, or nobody reads on.
    Over,
    Output(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Over,
            _ => Self::Output(error),
        }
    }
}

struct Printer<'a> {
    args: &'a ShowArgs,
    out: BufWriter<io::StdoutLock<'a>>,
    left: Option<u64>,
}

impl Printer<'_> {
    /// Prints one journal; false if something was wrong with it, which has been told by then.
    fn journal(&mut self, input: Input, name: &str, live: bool, known: &mut bool) -> Result<bool, Stop> {
        let mut reader = match Reader::new(input) {
            Ok(reader) => reader,
            // A recorder that has just created the file: nothing is there yet.
            Err(ReadError::Empty | ReadError::TornTail { .. }) if live => return Ok(true),
            Err(error) => {
                unreadable(name, &error).report();
                return Ok(false);
            }
        };
        let mut good = true;
        loop {
            match reader.next_block() {
                Ok(Some(block)) => {
                    self.block(&block)?;
                    continue;
                }
                Ok(None) => break,
                // The end of a file that grows: the rest of the block is on its way.
                Err(ReadError::TornTail { .. }) if live => break,
                Err(error) => {
                    self.out.flush()?;
                    good = false;
                    unreadable(name, &error).report();
                    if matches!(error, ReadError::Io(_)) || reader.resync().is_err() {
                        break;
                    }
                }
            }
        }
        let wanted = self.args.source.as_deref();
        *known |= reader.sources().iter().any(|(_, source)| Some(source) == wanted);
        self.out.flush()?;
        if reader.end() == Some(End::Unsealed) && !live && good {
            say(format_args!("error: {name}: not sealed: it was cut, or its recorder was killed"));
            say(format_args!("  hint: the records before that are good; flipside verify {name} counts them"));
            good = false;
        }
        Ok(good)
    }

    fn block(&mut self, block: &Block<'_>) -> Result<(), Stop> {
        // The raw view is that of the file.
        let raw = self.args.raw.then(|| block.records());
        let shown = (!self.args.raw).then(|| by_time::records(block));
        for record in raw.into_iter().flatten().chain(shown.into_iter().flatten()) {
            let source = match record {
                Record::Data { source, .. } | Record::Gap { source, .. } | Record::Aborted { source, .. } => {
                    source
                }
            };
            if self.args.source.is_some() && block.source_name(source) != self.args.source.as_deref() {
                continue;
            }
            if matches!(record, Record::Data { .. })
                && let Some(left) = &mut self.left
            {
                if *left == 0 {
                    self.out.flush()?;
                    return Err(Stop::Over);
                }
                *left -= 1;
            }
            self.record(block, source, record)?;
        }
        Ok(())
    }

    fn record(&mut self, block: &Block<'_>, source: u16, record: Record<'_>) -> Result<(), Stop> {
        let name = block.source_name(source).unwrap_or("?");
        match record {
            Record::Data { payload, .. } if self.args.raw => self.out.write_all(payload)?,
            Record::Data { seq, time_ns, tag, payload, .. } if self.args.json => {
                let mut object = json!({
                    "source": name, "seq": seq, "time_ns": time_ns, "wall_ns": block.wall_ns(time_ns),
                });
                match std::str::from_utf8(payload) {
                    Ok(text) => object["text"] = json!(text),
                    Err(_) => object["hex"] = json!(hex(payload)),
                }
                if tag & flipside_journal::CONTINUED != 0 {
                    object["continued"] = json!(true);
                }
                writeln!(self.out, "{object}")?;
            }
            Record::Data { time_ns, payload, .. } => {
                write!(self.out, "{} {name} ", time(block.wall_ns(time_ns)))?;
                let line = payload.strip_suffix(b"\n").unwrap_or(payload);
                writeln!(self.out, "{}", escaped(line.strip_suffix(b"\r").unwrap_or(line)))?;
            }
            Record::Gap { lost_records, .. } if self.args.json => {
                writeln!(self.out, "{}", json!({"source": name, "lost_records": lost_records}))?;
            }
            Record::Gap { lost_records, .. } if !self.args.raw => {
                writeln!(self.out, "-- {} records of {name} were lost here --", units::count(lost_records))?;
            }
            Record::Gap { .. } | Record::Aborted { .. } => {}
        }
        Ok(())
    }
}

/// Wall clock time in UTC, to the microsecond.
fn time(wall_ns: u64) -> String {
    let at = i128::from(wall_ns);
    jiff::Timestamp::from_nanosecond(at)
        .map_or_else(|_| format!("{wall_ns} ns"), |at| at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string())
}

/// Text for a terminal: control characters, which could steer it, and what is no UTF-8 are escaped.
fn escaped(payload: &[u8]) -> String {
    let mut text = String::with_capacity(payload.len());
    for chunk in payload.utf8_chunks() {
        for c in chunk.valid().chars() {
            // Besides the control characters: those that turn the direction of text around.
            let turns =
                matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            if c != '\t' && (c.is_control() || turns) {
                text.extend(c.escape_default());
            } else {
                text.push(c);
            }
        }
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_gets_through() {
        assert_eq!(escaped(b"a\x1b[31mb"), "a\\u{1b}[31mb");
        assert_eq!(escaped(b"\xffok\r"), "\\xffok\\r");
        assert_eq!(escaped("tab\tümlaut".as_bytes()), "tab\tümlaut");
        assert_eq!(escaped("\u{202e}x\u{9b}".as_bytes()), "\\u{202e}x\\u{9b}");
    }

    #[test]
    fn times_are_utc() {
        assert_eq!(time(1_000_000_000), "1970-01-01T00:00:01.000000Z");
    }
}
