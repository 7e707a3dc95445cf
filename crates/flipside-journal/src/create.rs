//! Creating the file for a journal, without harm to anything that is already there.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::{fmt, io};

/// Why no file was created. Displayed with the path; how to force matters is for the caller to say.
#[derive(Debug)]
#[non_exhaustive]
pub enum CreateError {
    /// A regular file of that name exists.
    Exists(PathBuf),
    /// It is a directory.
    Directory(PathBuf),
    /// It is a symbolic link, and those are not followed.
    SymbolicLink(PathBuf),
    /// It is a device, a pipe or a socket.
    Special(PathBuf),
    /// The system refused.
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

impl fmt::Display for CreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists(path) => write!(f, "{} already exists", path.display()),
            Self::Directory(path) => write!(f, "{} is a directory", path.display()),
            Self::SymbolicLink(path) => {
                write!(f, "{} is a symbolic link, and links are not followed", path.display())
            }
            Self::Special(path) => write!(f, "{} is a device, a pipe or a socket", path.display()),
            Self::Io { path, source } => write!(f, "cannot create {}: {source}", path.display()),
        }
    }
}

impl std::error::Error for CreateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Creates a file for a journal: exclusively, readable by its owner only (mode 0600), following no link.
///
/// With `force` a regular file of that name is unlinked first, never truncated: whoever has it open keeps what
/// he has. `/dev/null` and `/dev/full` are opened as they are.
///
/// # Errors
///
/// [`CreateError::Exists`] without `force`; the other variants with and without.
///
/// ```
/// use flipside_journal::{CreateError, create_file};
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("a.flip");
/// create_file(&path, false)?;
/// assert!(matches!(create_file(&path, false), Err(CreateError::Exists(_))));
/// create_file(&path, true)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn create_file(path: impl AsRef<Path>, force: bool) -> Result<File, CreateError> {
    let path = path.as_ref();
    let failed = |source| CreateError::Io { path: path.to_owned(), source };
    if is_harmless_device(path) {
        return OpenOptions::new().write(true).open(path).map_err(failed);
    }
    match exclusive(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        // A name that ends in a slash, or a path of dots: asked to create a directory, systems differ.
        Err(error) if path.is_dir() => {
            drop(error);
            return Err(CreateError::Directory(path.to_owned()));
        }
        other => return other.map_err(failed),
    }
    let kind = fs::symlink_metadata(path).map_err(failed)?.file_type();
    if kind.is_symlink() {
        return Err(CreateError::SymbolicLink(path.to_owned()));
    }
    if kind.is_dir() {
        return Err(CreateError::Directory(path.to_owned()));
    }
    if !kind.is_file() {
        return Err(CreateError::Special(path.to_owned()));
    }
    if !force {
        return Err(CreateError::Exists(path.to_owned()));
    }
    fs::remove_file(path).map_err(failed)?;
    // Whoever puts a file there in this moment is not overwritten: it exists, and that is an error again.
    exclusive(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => CreateError::Exists(path.to_owned()),
        _ => failed(error),
    })
}

/// Makes the name of a new file durable: syncs the directory that holds it.
///
/// # Errors
///
/// Those of opening and syncing the directory.
pub fn sync_parent(path: impl AsRef<Path>) -> io::Result<()> {
    let parent = match path.as_ref().parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    File::open(parent)?.sync_all()
}

/// `O_CREAT` with `O_EXCL` follows no symbolic link in the last part of the path, not even a dangling one.
fn exclusive(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The two devices that are there to be written to. By name: a device number means nothing elsewhere, and no
/// other device, a disk least of all, is to be overwritten.
#[cfg(unix)]
fn is_harmless_device(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let named = path == Path::new("/dev/null") || path == Path::new("/dev/full");
    named && fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_char_device())
}

#[cfg(not(unix))]
fn is_harmless_device(_: &Path) -> bool {
    false
}
