//! The text of one sample, built in place.

/// A line of `key=value` fields, in a buffer that is used again for every sample.
#[derive(Debug)]
pub(super) struct Payload {
    bytes: Vec<u8>,
}

impl Payload {
    /// An empty line, with room for the longest one there is: twelve fields of a name and twenty digits.
    pub(super) fn new() -> Self {
        Self { bytes: Vec::with_capacity(512) }
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    pub(super) fn field(&mut self, key: &str, value: u64) {
        if !self.bytes.is_empty() {
            self.bytes.push(b' ');
        }
        self.bytes.extend_from_slice(key.as_bytes());
        self.bytes.push(b'=');
        self.bytes.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    pub(super) fn fields<const N: usize>(&mut self, keys: &[&str; N], values: &[u64; N]) {
        for (key, value) in keys.iter().zip(values) {
            self.field(key, *value);
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
