//! A small file that is read again and again from its start.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::source::Fault;

/// A file of the kernel, opened once. Reading it at offset 0 makes the kernel write it anew.
#[derive(Debug)]
pub(super) struct Reread {
    path: PathBuf,
    file: File,
    buffer: Vec<u8>,
}

/// Kernel files hand out whole entries, as many as fit into a page of at least 4096 bytes, and no entry we
/// read is 1024 bytes long unless it is the whole file. So a read that brought less than the difference has
/// brought the end, and there is no need to pay for another call to be told so.
const SURELY_THE_END: usize = 3072;

/// Twice what a machine with a thousand processors says in `/proc/stat`.
const SIZE_MAX: usize = 1 << 22;

impl Reread {
    pub(super) fn open(path: PathBuf) -> Result<Self, Fault> {
        match File::open(&path) {
            Ok(file) => Ok(Self { path, file, buffer: vec![0; 8192] }),
            Err(error) => Err(Fault::Io { path, error }),
        }
    }

    /// Reads the file and parses it. A parser that misses something is given another chance with everything
    /// that can be read until the end of the file, because a file system may give less than was asked for.
    pub(super) fn read<T>(&mut self, parse: impl Fn(&[u8]) -> Result<T, &'static str>) -> Result<T, Fault> {
        let length = self.fill(SURELY_THE_END)?;
        if let Ok(value) = parse(&self.buffer[..length]) {
            return Ok(value);
        }
        let length = self.fill(0)?;
        parse(&self.buffer[..length]).map_err(|missing| self.missing(missing))
    }

    pub(super) fn missing(&self, missing: &'static str) -> Fault {
        Fault::Content { path: self.path.clone(), missing }
    }

    /// Reads until a read brings less than `enough` bytes, or nothing at all.
    fn fill(&mut self, enough: usize) -> Result<usize, Fault> {
        let mut length = 0;
        loop {
            match self.file.read_at(&mut self.buffer[length..], length as u64) {
                Ok(0) => return Ok(length),
                Ok(more) => {
                    length += more;
                    if length == self.buffer.len() {
                        self.grow()?;
                    } else if more < enough {
                        return Ok(length);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(Fault::Io { path: self.path.clone(), error });
                }
            }
        }
    }

    fn grow(&mut self) -> Result<(), Fault> {
        if self.buffer.len() >= SIZE_MAX {
            return Err(self.missing("end within 4 MiB"));
        }
        self.buffer.resize(self.buffer.len() * 2, 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length_of(file: &mut Reread) -> Result<usize, Fault> {
        file.read(|text| Ok(text.len()))
    }

    #[test]
    fn a_file_may_grow_shrink_and_be_too_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, b"short").unwrap();
        let mut file = Reread::open(path.clone()).unwrap();
        assert_eq!(length_of(&mut file).unwrap(), 5);
        for size in [8192, 100_000, 3072, 0] {
            std::fs::write(&path, vec![b'x'; size]).unwrap();
            assert_eq!(length_of(&mut file).unwrap(), size);
        }
        std::fs::write(&path, vec![b'x'; SIZE_MAX + 1]).unwrap();
        assert!(length_of(&mut file).unwrap_err().to_string().contains("4 MiB"));
    }

    #[test]
    fn what_is_missing_is_named_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert!(matches!(Reread::open(path.clone()), Err(Fault::Io { .. })));
        std::fs::write(&path, b"x").unwrap();
        let fault = Reread::open(path.clone()).unwrap().read::<()>(|_| Err("thing")).unwrap_err();
        assert_eq!(fault.path(), path);
        assert!(fault.to_string().ends_with("file: no valid thing"));
    }
}
