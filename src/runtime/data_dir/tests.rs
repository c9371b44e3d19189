use std::os::unix::fs::symlink;

use super::*;

fn text() -> MasterText {
    "master\n".to_owned().into()
}

fn no_key() -> MasterText {
    panic!("a key was made for a folder that has one")
}

/// A folder as it is after a first start.
fn settled() -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a/data");
    let (dir, _) = DataDir::open_or_create(&path, text).unwrap();
    create(&dir.store_file(), "store").unwrap();
    dir.settle().unwrap();
    (root, path)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn refusal(path: &Path) -> String {
    let error = DataDir::open_or_create(path, no_key).map(|_| ()).unwrap_err();
    let text = format!("{error} | {}", error.help().unwrap_or_default());
    text.replace(path.to_str().unwrap(), "DATA")
}

#[test]
fn a_first_start_makes_everything_private() {
    let (_root, path) = settled();
    assert_eq!((mode(&path), mode(&path.join("keys"))), (0o700, 0o700));
    for file in ["lock", "keys/master.key"] {
        assert_eq!(mode(&path.join(file)), 0o600, "{file}");
    }
    assert!(!path.join("first-start").exists());
}

#[test]
fn the_key_comes_back_as_it_was() {
    let (_root, path) = settled();
    let (dir, key) = DataDir::open_or_create(&path, no_key).unwrap();
    assert_eq!(key.as_str(), "master\n");
    drop(dir);
    assert_eq!(DataDir::open(&path).unwrap().1.as_str(), "master\n");
}

#[test]
fn a_first_start_that_was_cut_short_begins_again() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("data");
    let (dir, _) = DataDir::open_or_create(&path, text).unwrap();
    create(&dir.store_file(), "half a store").unwrap();
    drop(dir);
    assert!(matches!(DataDir::open(&path), Err(DataDirError::Missing(_))));
    let (dir, key) = DataDir::open_or_create(&path, || "other\n".to_owned().into()).unwrap();
    assert_eq!(key.as_str(), "other\n");
    assert!(!dir.store_file().exists());
}

#[test]
fn one_process_at_a_time_uses_a_folder_and_a_stale_lock_is_no_obstacle() {
    let (_root, path) = settled();
    let (first, _) = DataDir::open_or_create(&path, no_key).unwrap();
    assert_eq!(
        refusal(&path),
        "another process uses the data folder DATA | stop the other process, or name another folder with --data-dir"
    );
    drop(first);
    assert!(path.join("lock").exists());
    DataDir::open_or_create(&path, no_key).unwrap();
}

#[test]
fn whatever_others_may_read_is_refused_by_name() {
    for (name, open, help) in [
        ("", 0o750, "chmod 700 DATA"),
        ("/keys", 0o701, "chmod 700 DATA/keys"),
        ("/store.redb", 0o640, "chmod 600 DATA/store.redb"),
        ("/keys/master.key", 0o604, "chmod 600 DATA/keys/master.key"),
    ] {
        let (_root, path) = settled();
        chmod(Path::new(&format!("{}{name}", path.display())), open);
        assert_eq!(refusal(&path), format!("DATA{name} is open to other users (mode {open:o}) | {help}"));
    }
}

#[test]
fn a_vanished_store_is_not_a_fresh_start() {
    let (_root, path) = settled();
    let expected = "DATA has keys but no store: the store has vanished | restore store.redb from a backup, \
                    or, to begin with no users, move DATA/keys away";
    File::create(path.join("store.redb")).unwrap();
    assert_eq!(refusal(&path), expected, "an emptied file is no store");
    fs::remove_file(path.join("store.redb")).unwrap();
    assert_eq!(refusal(&path), expected);
}

#[test]
fn a_store_without_its_key_is_refused() {
    let (_root, path) = settled();
    fs::remove_file(path.join("keys/master.key")).unwrap();
    let expected =
        "there is a store, but DATA/keys/master.key is missing | restore DATA/keys/master.key from a backup";
    assert_eq!(refusal(&path), expected);
}

#[test]
fn links_and_pipes_in_place_of_files_are_refused() {
    for name in ["keys/master.key", "store.redb", "keys"] {
        let (root, path) = settled();
        let moved = root.path().join("moved");
        fs::rename(path.join(name), &moved).unwrap();
        symlink(&moved, path.join(name)).unwrap();
        assert!(refusal(&path).starts_with(&format!("DATA/{name} is not a plain ")), "{}", refusal(&path));
    }
    let (_root, path) = settled();
    let key = path.join("keys/master.key");
    fs::remove_file(&key).unwrap();
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &key, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert!(refusal(&path).starts_with("DATA/keys/master.key is not a plain file"));
}

#[test]
fn an_empty_folder_is_closed_and_a_used_one_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let (empty, used) = (root.path().join("empty"), root.path().join("used"));
    for path in [&empty, &used] {
        fs::create_dir(path).unwrap();
        chmod(path, 0o755);
    }
    fs::write(used.join("photo.jpg"), "").unwrap();
    DataDir::open_or_create(&empty, text).unwrap();
    assert_eq!(mode(&empty), 0o700);
    assert_eq!(refusal(&used), "DATA is open to other users (mode 755) | chmod 700 DATA");
    assert_eq!(mode(&used), 0o755);
}

#[test]
fn a_folder_of_another_user_is_refused() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let (_root, path) = settled();
    std::os::unix::fs::chown(path.join("keys/master.key"), Some(12345), None).unwrap();
    assert_eq!(
        refusal(&path),
        "DATA/keys/master.key belongs to user 12345, and this process runs as user 0 | \
         run as user 12345, or chown the data folder"
    );
}

#[test]
fn opening_makes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("data");
    assert!(matches!(DataDir::open(&path), Err(DataDirError::Missing(_))));
    assert!(!path.exists());
}
