//! Sizes, times and counts, as people write and read them.

use std::time::Duration;

/// A size: `4096`, `64KiB`, `1MB`. At least one byte.
pub(crate) fn parse_size(text: &str) -> Result<usize, String> {
    let bytes =
        parse_size::parse_size(text).map_err(|_| "not a size; say it as 4096, 64KiB or 1MiB".to_owned())?;
    match usize::try_from(bytes) {
        Ok(0) => Err("must be at least 1 byte".to_owned()),
        Ok(bytes) => Ok(bytes),
        Err(_) => Err(format!("{bytes} bytes are more than this machine can address")),
    }
}

/// A time longer than nothing: `10s`, `250ms`, `1m30s`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    match parse_duration_or_zero(text)? {
        Duration::ZERO => Err("must be longer than 0".to_owned()),
        time => Ok(time),
    }
}

/// A time, or `0`.
pub(crate) fn parse_duration_or_zero(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    humantime::parse_duration(text).map_err(|_| "not a time; say it as 10s, 250ms or 1m30s".to_owned())
}

/// Nanoseconds as a bare number, or a time.
pub(crate) fn parse_ns(text: &str) -> Result<u64, String> {
    if let Ok(ns) = text.parse() {
        return Ok(ns);
    }
    let time = parse_duration_or_zero(text)?;
    u64::try_from(time.as_nanos()).map_err(|_| "too long".to_owned())
}

/// A count of at least one.
pub(crate) fn parse_count(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(count) => Ok(count),
        Err(error) => Err(error.to_string()),
    }
}

/// `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index != 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 record`, `1,234 records`.
pub(crate) fn many(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Bytes with a binary unit: `4.7 MiB`.
pub(crate) fn bytes(number: f64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    scaled(number, 1024.0, &UNITS)
}

/// A quantity with a decimal prefix: `12.3 k`.
pub(crate) fn quantity(number: f64) -> String {
    scaled(number, 1000.0, &["", "k", "M", "G", "T"])
}

fn scaled(mut number: f64, base: f64, units: &[&str]) -> String {
    let mut unit = 0;
    // Three digits at most: 999.96 would be printed as 1000.0.
    while number >= base - 0.05 && unit + 1 < units.len() {
        number /= base;
        unit += 1;
    }
    let places = if unit == 0 && number.fract() == 0.0 || number >= 99.95 { 0 } else { 1 };
    format!("{number:.places$} {}", units[unit]).trim_end().to_owned()
}

/// Nanoseconds with the unit that suits them: `1.9 us`.
pub(crate) fn nanos(ns: u64) -> String {
    let ns = ns as f64;
    match ns {
        _ if ns < 999.5 => format!("{ns:.0} ns"),
        _ if ns < 999_500.0 => format!("{:.1} us", ns / 1e3),
        _ if ns < 999_500_000.0 => format!("{:.1} ms", ns / 1e6),
        _ => format!("{:.2} s", ns / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused_with_a_way_out() {
        for text in ["0", "-1", "10Q", "", "MiB", "1e40"] {
            assert!(parse_size(text).is_err(), "{text:?}");
        }
        for text in ["0", "0s", "-1s", "10Q", "", "10"] {
            let error = parse_duration(text).unwrap_err();
            assert!(!error.is_empty(), "{text:?}");
        }
        assert!(parse_count("0").is_err() && parse_count("-3").is_err());
    }

    #[test]
    fn what_makes_sense_is_taken() {
        assert_eq!(parse_size("64KiB"), Ok(65536));
        assert_eq!(parse_size("10"), Ok(10));
        assert_eq!(parse_duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration_or_zero("0"), Ok(Duration::ZERO));
        assert_eq!((parse_ns("250"), parse_ns("2us")), (Ok(250), Ok(2000)));
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
        assert_eq!(bytes(1536.0), "1.5 KiB");
        assert_eq!(bytes(999.0), "999 B");
        assert_eq!(quantity(12_345.0), "12.3 k");
        assert_eq!((nanos(950), nanos(1_940), nanos(2_000_000_000)).0, "950 ns");
        assert_eq!(nanos(1_940), "1.9 us");
    }
}
