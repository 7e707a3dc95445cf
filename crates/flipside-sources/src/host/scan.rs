//! Numbers and lines out of the kernel's text files, without a copy and without UTF-8.

use std::io::BufRead;

/// Takes the next line, without its newline; `None` at the end.
pub(super) fn line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let all = *rest;
    // Reading from a slice cannot fail, and is the way to the platform's vectorised search for a byte.
    let length = rest.skip_until(b'\n').ok()?;
    let line = &all[..length];
    match line.split_last() {
        None => None,
        Some((b'\n', line)) => Some(line),
        Some(_) => Some(line),
    }
}

/// Takes the next number, over spaces before it. `None` if there is none, if something sticks to it, or if it
/// is too large.
pub(super) fn number(rest: &mut &[u8]) -> Option<u64> {
    let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let digits = &rest[blank..];
    let mut value = 0_u64;
    let mut length = 0;
    while let Some(digit) = digits.get(length).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10)
    {
        value = value.checked_mul(10)?.checked_add(u64::from(digit))?;
        length += 1;
    }
    if length == 0 || !matches!(digits.get(length), None | Some(b' ' | b'\t' | b'\n')) {
        return None;
    }
    *rest = &digits[length..];
    Some(value)
}

/// Takes `N` numbers.
pub(super) fn numbers<const N: usize>(rest: &mut &[u8]) -> Option<[u64; N]> {
    let mut values = [0; N];
    for value in &mut values {
        *value = number(rest)?;
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_end_where_they_should() {
        let mut rest = b"  12 \t18446744073709551615\n7".as_slice();
        assert_eq!(number(&mut rest), Some(12));
        assert_eq!(number(&mut rest), Some(u64::MAX));
        assert_eq!(number(&mut rest), None);
        for garbage in [
            "",
            "  ",
            "-1",
            "12a",
            "0x10",
            "1.5",
            "18446744073709551616",
            "\u{0}1",
            "99999999999999999999999",
        ] {
            assert_eq!(number(&mut garbage.as_bytes()), None, "{garbage:?}");
        }
        assert_eq!(numbers(&mut b"1 2 3".as_slice()), Some([1, 2, 3]));
        assert_eq!(numbers::<4>(&mut b"1 2 3".as_slice()), None);
    }

    #[test]
    fn lines_with_and_without_an_end() {
        let mut rest = b"one\n\ntwo".as_slice();
        assert_eq!(line(&mut rest), Some(b"one".as_slice()));
        assert_eq!(line(&mut rest), Some(b"".as_slice()));
        assert_eq!(line(&mut rest), Some(b"two".as_slice()));
        assert_eq!(line(&mut rest), None);
    }
}
