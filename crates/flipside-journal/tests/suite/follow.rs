//! A journal that is read while it is written.

use std::cell::RefCell;
use std::io::{self, Read};

use flipside_journal::{End, ReadError, Reader};

use crate::build::{RawBlock, data, file, sums};

/// A file that ends where it ends now.
struct Growing<'a>(&'a RefCell<Vec<u8>>, usize);

impl Read for Growing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = (&self.0.borrow()[self.1..]).read(buffer)?;
        self.1 += read;
        Ok(read)
    }
}

#[test]
fn every_byte_that_arrives_is_taken_in() {
    let items = [[data(1, 0, b"first")], [data(1, 1, b"second")]];
    let blocks = [&items[0][..], &items[1][..]].map(RawBlock::records);
    let (bytes, offsets) =
        file(&[blocks[0].clone(), blocks[1].clone(), RawBlock::seal(sums(&items.concat()), 2)]);
    let file = RefCell::new(bytes[..64].to_vec());
    let mut reader = Reader::new(Growing(&file, 0)).unwrap();
    let mut seen = Vec::new();
    for (len, byte) in bytes.iter().enumerate().skip(64) {
        match reader.next_block() {
            Ok(Some(block)) => {
                seen.push(block.offset() as usize);
                assert_eq!(len, block.offset() as usize + 64 + block.body().len());
            }
            Ok(None) => {
                assert_eq!(reader.end(), Some(End::Unsealed));
                assert_eq!(len, 64);
            }
            Err(ReadError::TornTail { offset, have, .. }) => {
                assert_eq!(offset + have, len as u64);
                assert_eq!(reader.end(), None);
            }
            Err(error) => panic!("{error}"),
        }
        file.borrow_mut().push(*byte);
    }
    assert!(reader.next_block().unwrap().is_none());
    assert!(matches!(reader.end(), Some(End::Sealed(_))));
    assert_eq!(seen, offsets[..2]);
    // And still sealed, until something follows.
    assert!(reader.next_block().unwrap().is_none());
    file.borrow_mut().push(0);
    assert!(matches!(reader.next_block(), Err(ReadError::TrailingData { .. })));
}

/// Fails once at every possible read, then goes on.
struct Flaky<'a> {
    bytes: &'a [u8],
    fails_in: usize,
}

impl Read for Flaky<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.fails_in == 0 {
            self.fails_in = usize::MAX;
            return Err(io::Error::other("once"));
        }
        self.fails_in -= 1;
        let most = buffer.len().min(16);
        self.bytes.read(&mut buffer[..most])
    }
}

#[test]
fn an_error_of_the_input_is_passed_on_and_nothing_is_lost_by_it() {
    let (mut bytes, offsets) = file(&[0, 1, 2].map(|seq| RawBlock::records(&[data(1, seq, b"x")])));
    // Damage, so that the search is interrupted as well.
    bytes[offsets[1] + 10] ^= 1;
    let reads = bytes.len() / 16;
    for fails_in in 4..=reads {
        let mut reader = Reader::new(Flaky { bytes: &bytes, fails_in }).unwrap();
        let (mut blocks, mut errors) = (0, 0);
        loop {
            match reader.next_block() {
                Ok(Some(_)) => blocks += 1,
                Ok(None) => break,
                Err(ReadError::Io(_)) => errors += 1,
                Err(ReadError::Damaged { offset, .. }) => {
                    assert_eq!(offset, offsets[1] as u64);
                    let skipped = reader.resync().or_else(|_| {
                        errors += 1;
                        reader.resync()
                    });
                    assert_eq!(skipped.unwrap().len, (offsets[2] - offsets[1]) as u64);
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!((blocks, errors), (2, 1), "failing at read {fails_in}");
    }
}
