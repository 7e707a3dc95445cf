//! Files and devices.
#![cfg(unix)]

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use flipside_journal::{BlockMeta, CreateError, Cut, Totals, Writer, create_file, read_back, sync_parent};

use crate::build::{ID, data, image};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_new_file_is_private_and_exclusive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.flip");
    create_file(&path, false).unwrap().write_all(b"mine").unwrap();
    assert_eq!(mode(&path), 0o600);
    let error = create_file(&path, false).unwrap_err();
    assert!(matches!(&error, CreateError::Exists(found) if *found == path));
    assert_eq!(error.to_string(), format!("{} already exists", path.display()));
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    sync_parent(&path).unwrap();
    sync_parent("a bare name").unwrap();
}

#[test]
fn force_replaces_and_does_not_truncate() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.flip");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let twin = folder.path().join("twin");
    fs::hard_link(&path, &twin).unwrap();
    let mut open = File::open(&path).unwrap();
    create_file(&path, true).unwrap().write_all(b"new").unwrap();
    let mut old = String::new();
    open.read_to_string(&mut old).unwrap();
    assert_eq!((old.as_str(), fs::read_to_string(&twin).unwrap().as_str()), ("old", "old"));
    assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("new", 0o600));
    create_file(folder.path().join("fresh"), true).unwrap();
}

#[test]
fn links_directories_and_sockets_are_refused_with_and_without_force() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("target"), "precious").unwrap();
    symlink(at("target"), at("link")).unwrap();
    symlink(at("nowhere"), at("dangling")).unwrap();
    fs::create_dir(at("dir")).unwrap();
    let _listener = UnixListener::bind(at("socket")).unwrap();
    for force in [false, true] {
        for link in ["link", "dangling"] {
            assert!(matches!(create_file(at(link), force), Err(CreateError::SymbolicLink(_))));
        }
        for dir in [at("dir"), at("dir/"), at("."), at("dir/..")] {
            assert!(matches!(create_file(&dir, force), Err(CreateError::Directory(_))), "{}", dir.display());
        }
        assert!(matches!(create_file(at("socket"), force), Err(CreateError::Special(_))));
        assert!(matches!(create_file("/dev/zero", force), Err(CreateError::Special(_))));
        let error = create_file(at("no/such/place"), force).unwrap_err();
        assert!(matches!(&error, CreateError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound));
        assert!(error.to_string().contains("no/such/place"));
    }
    assert_eq!(fs::read_to_string(at("target")).unwrap(), "precious");
    assert!(!at("nowhere").exists());
    assert!(at("dir").is_dir() && at("socket").exists());
}

#[test]
fn the_full_device_is_full_and_the_null_device_is_not() {
    for force in [false, true] {
        let error = Writer::create(create_file("/dev/full", force).unwrap(), ID, 0).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        let mut writer = Writer::create(create_file("/dev/null", force).unwrap(), ID, 0).unwrap();
        writer.append(&[0; 8], BlockMeta::default()).unwrap();
        writer.seal(Totals::default()).unwrap();
    }
    assert!(Path::new("/dev/full").exists() && Path::new("/dev/null").exists());
}

#[test]
fn a_real_file_is_cut_and_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.flip");
    let mut writer = Writer::create(create_file(&path, false).unwrap(), ID, 0).unwrap();
    let good = image(&[data(1, 0, b"good")]);
    writer.append(&good, BlockMeta { records: 1, ..BlockMeta::default() }).unwrap();
    writer.seal(Totals { records: 1, payload_bytes: 4, ..Totals::default() }).unwrap();
    let whole = writer.good_len();
    let mut file = writer.into_inner();
    file.write_all(b"half a block").unwrap();
    assert!(!read_back(&path).unwrap().is_clean());
    file.cut(whole).unwrap();
    let report = read_back(&path).unwrap();
    assert!(report.is_clean() && report.is_sealed());
    // The next byte is written where the file was cut, not where the file once ended.
    file.write_all(b"!").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), whole + 1);
}

#[test]
fn an_output_that_cannot_be_written_reports_the_first_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.flip");
    drop(create_file(&path, false).unwrap());
    let error = Writer::create(File::open(&path).unwrap(), ID, 0).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(9), "{error}");
}
