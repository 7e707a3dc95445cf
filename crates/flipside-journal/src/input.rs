//! A window over a stream: bytes are looked at first and consumed later.

use std::io::{self, Read};

/// What is asked of the stream at once; also what the window may hold beyond one block.
const CHUNK: usize = 64 << 10;

pub(crate) struct Input<R> {
    stream: R,
    /// Initialised memory; the window is `buffer[head..tail]`.
    buffer: Vec<u8>,
    head: usize,
    tail: usize,
    /// Offset in the file of the first byte of the window.
    offset: u64,
}

impl<R> Input<R> {
    pub(crate) fn new(stream: R) -> Self {
        Self { stream, buffer: Vec::new(), head: 0, tail: 0, offset: 0 }
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn window(&self) -> &[u8] {
        &self.buffer[self.head..self.tail]
    }

    /// Moves the start of the window; by less than asked where the window is shorter.
    pub(crate) fn consume(&mut self, bytes: usize) {
        let bytes = bytes.min(self.tail - self.head);
        self.head += bytes;
        self.offset += bytes as u64;
    }

    pub(crate) fn into_stream(self) -> R {
        self.stream
    }
}

impl<R: Read> Input<R> {
    /// Reads until the window holds `want` bytes or the stream ends; returns how many it holds, at most `want`.
    ///
    /// The buffer at most doubles with each chunk that arrived, so that a length that lies costs nothing. The
    /// end of the stream is not remembered: a file that grows can be read on.
    pub(crate) fn fill(&mut self, want: usize) -> io::Result<usize> {
        while self.tail - self.head < want {
            if self.buffer.len() - self.tail < CHUNK.min(want) {
                self.make_room();
            }
            match self.stream.read(&mut self.buffer[self.tail..]) {
                Ok(0) => break,
                // A stream that claims more than it was offered must not lead to a panic here.
                Ok(bytes) => self.tail = self.tail.saturating_add(bytes).min(self.buffer.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok((self.tail - self.head).min(want))
    }

    fn make_room(&mut self) {
        if self.head > 0 {
            self.buffer.copy_within(self.head..self.tail, 0);
            self.tail -= self.head;
            self.head = 0;
        }
        if self.buffer.len() - self.tail < CHUNK {
            let room = self.tail.max(CHUNK);
            self.buffer.resize(self.tail + room, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_great_wish_costs_no_memory() {
        let bytes = vec![7; 200_000];
        let mut input = Input::new(&bytes[..]);
        assert_eq!(input.fill(1 << 30).unwrap(), bytes.len());
        assert!(input.buffer.len() <= 3 * bytes.len(), "{} bytes", input.buffer.len());
        assert_eq!(input.window(), bytes);
    }

    #[test]
    fn the_buffer_is_reused() {
        let bytes = vec![7; 10 << 20];
        let mut input = Input::new(&bytes[..]);
        while input.fill(1000).unwrap() == 1000 {
            input.consume(1000);
        }
        assert!(input.buffer.len() <= 3 * CHUNK, "{} bytes", input.buffer.len());
        assert_eq!(input.offset() + input.window().len() as u64, bytes.len() as u64);
    }

    struct Boaster;

    impl Read for Boaster {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Ok(usize::MAX)
        }
    }

    #[test]
    fn a_stream_that_boasts_is_not_believed() {
        let mut input = Input::new(Boaster);
        assert_eq!(input.fill(100).unwrap(), 100);
        assert_eq!(input.window().len(), input.buffer.len());
    }
}
