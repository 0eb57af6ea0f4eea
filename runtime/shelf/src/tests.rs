//! Everything that a disk can do to a file.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use super::*;

/// A shelf in `folder`, and what it was told.
fn shelf_with(folder: &Path, limit: u64, create: Create) -> (Shelf, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let warn = told.clone();
    (Shelf::with(folder, limit, Box::new(move |what| warn.lock().unwrap().push(what)), create), told)
}

fn shelf(folder: &Path) -> (Shelf, Arc<Mutex<Vec<String>>>) {
    shelf_with(folder, 1 << 30, |path| File::create(path))
}

fn name(n: usize) -> Name {
    digest(&[b"name", &n.to_le_bytes()])
}

/// Bytes that no other block has.
fn bytes(n: usize, length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 7 + n * 13 + index / 251) as u8).collect()
}

/// A block, where it is there. What was read before it stays.
fn get(shelf: &Shelf, n: usize) -> Option<Vec<u8>> {
    let mut read = b"before".to_vec();
    let is_there = shelf.get(&name(n), &mut read);
    let block = read.strip_prefix(b"before").unwrap();
    assert!(is_there || block.is_empty());
    is_there.then(|| block.to_vec())
}

/// Puts blocks into a folder, each of this length, and waits until they are there.
fn fill(folder: &Path, blocks: usize, length: usize) {
    let (shelf, told) = shelf(folder);
    (0..blocks).for_each(|n| assert!(shelf.put(name(n), bytes(n, length))));
    drop(shelf);
    assert!(told.lock().unwrap().is_empty());
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn what_was_put_comes_back_in_another_process_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("made/when/needed");
    fill(&inner, 3, 10_000);
    let (shelf, told) = shelf(&inner);
    for n in 0..3 {
        assert_eq!(get(&shelf, n), Some(bytes(n, 10_000)));
    }
    assert_eq!(get(&shelf, 3), None);
    assert!(told.lock().unwrap().is_empty(), "what is missing is no trouble");
}

#[test]
fn a_file_torn_at_any_page_is_not_there_and_a_whole_one_takes_its_place() {
    const LENGTH: usize = 10 * 4096;
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 1, LENGTH);
    let path = block::path(folder.path(), &name(0));
    let whole = fs::read(&path).unwrap();
    let cuts = (0..whole.len()).step_by(4096).chain([1, HEAD_END, whole.len() - 1]);
    for cut in cuts {
        let zeros = [&whole[..cut], &vec![0; whole.len() - cut]].concat();
        for torn in [whole[..cut].to_vec(), zeros] {
            fs::write(&path, &torn).unwrap();
            let (shelf, told) = shelf(folder.path());
            assert_eq!(get(&shelf, 0), None, "cut at {cut}");
            assert_eq!(get(&shelf, 0), None);
            assert_eq!(told.lock().unwrap().len(), 1, "one warning");
            shelf.put(name(0), bytes(0, LENGTH));
            drop(shelf);
            assert_eq!(fs::read(&path).unwrap(), whole);
        }
    }
}

/// Where the bytes of a block begin.
const HEAD_END: usize = 8 + 32 + 8 + 32;

#[test]
fn a_flipped_bit_anywhere_is_found() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 1, 500);
    let path = block::path(folder.path(), &name(0));
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&path, flipped).unwrap();
        assert_eq!(get(&shelf(folder.path()).0, 0), None, "byte {at}");
    }
}

#[test]
fn the_block_of_another_is_not_taken_for_this_one() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 2, 500);
    fs::copy(block::path(folder.path(), &name(1)), block::path(folder.path(), &name(0))).unwrap();
    let (shelf, told) = shelf(folder.path());
    assert_eq!(get(&shelf, 0), None);
    assert!(told.lock().unwrap()[0].contains("another model"), "{told:?}");
    assert_eq!(get(&shelf, 1), Some(bytes(1, 500)));
}

#[test]
fn a_full_disk_and_one_that_may_not_be_written_are_told_once_and_what_is_there_is_read() {
    let full: Create = |_| File::options().write(true).open("/dev/full");
    let forbidden: Create = |_| Err(ErrorKind::PermissionDenied.into());
    let read_only: Create = |_| Err(ErrorKind::ReadOnlyFilesystem.into());
    for create in [full, forbidden, read_only] {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path(), 1, 500);
        let (shelf, told) = shelf_with(folder.path(), 1 << 20, create);
        (1..5).for_each(|n| {
            shelf.put(name(n), bytes(n, 500));
        });
        assert_eq!(get(&shelf, 0), Some(bytes(0, 500)));
        drop(shelf);
        assert_eq!(told.lock().unwrap().len(), 1, "{told:?}");
        assert_eq!(files(folder.path()).len(), 1, "nothing is left of what failed");
    }
}

#[test]
fn a_folder_that_cannot_be_made_or_read_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "not a folder").unwrap();
    let (shelf, told) = shelf(&file);
    assert_eq!(get(&shelf, 0), None);
    shelf.put(name(0), bytes(0, 500));
    drop(shelf);
    assert_eq!(told.lock().unwrap().len(), 1, "{told:?}");
    // A folder with the name of a block.
    fs::create_dir_all(block::path(folder.path(), &name(0))).unwrap();
    let (shelf, told) = self::shelf(folder.path());
    assert_eq!(get(&shelf, 0), None);
    drop(shelf);
    assert_eq!(told.lock().unwrap().len(), 1, "{told:?}");
}

#[test]
fn the_folder_stays_within_its_limit_and_what_was_read_last_stays() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("mine.txt");
    fs::write(&other, vec![0; 50_000]).unwrap();
    fill(folder.path(), 8, 10_000);
    let hour = SystemTime::now() - Duration::from_secs(3600);
    for n in 0..8 {
        let path = block::path(folder.path(), &name(n));
        File::open(path).unwrap().set_modified(hour + Duration::from_secs(n as u64)).unwrap();
    }
    let create: Create = |path| File::create(path);
    let (shelf, _) = shelf_with(folder.path(), 60_000, create);
    assert!(get(&shelf, 0).is_some(), "it is read, and so the youngest");
    shelf.put(name(8), bytes(8, 10_000));
    shelf.put(name(9), bytes(9, 40_000));
    drop(shelf);
    let (shelf, _) = self::shelf(folder.path());
    let there: Vec<usize> = (0..10).filter(|&n| get(&shelf, n).is_some()).collect();
    assert_eq!(there, [0, 5, 6, 7, 8], "the oldest went, and what is too large never came");
    assert!(other.exists(), "files of others stay");
}

#[test]
fn what_was_never_finished_goes_once_it_is_old() {
    let folder = tempfile::tempdir().unwrap();
    let old = block::path(folder.path(), &name(5)).with_extension("writing-77");
    let young = block::path(folder.path(), &name(6)).with_extension("writing-78");
    [&old, &young].into_iter().for_each(|path| fs::write(path, "half").unwrap());
    File::open(&old).unwrap().set_modified(SystemTime::now() - Duration::from_secs(7200)).unwrap();
    fill(folder.path(), 1, 10);
    assert!(!old.exists() && young.exists());
}

/// Not a test: what the next one starts, to be killed.
#[test]
#[ignore = "writes until it is killed"]
fn writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os("SGL_SHELF_FOLDER") else { return };
    let (shelf, _) = shelf(Path::new(&folder));
    for n in 0.. {
        while !shelf.put(name(n), bytes(n, 100_000)) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn whoever_is_killed_while_writing_leaves_whole_blocks_or_none() {
    for round in 0..12u64 {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "tests::writes_until_it_is_killed"])
            .env("SGL_SHELF_FOLDER", folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // It is killed at some moment after its first block.
        while !block::path(folder.path(), &name(0)).exists() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(300 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let (shelf, told) = shelf(folder.path());
        assert!(get(&shelf, 0).is_some());
        for n in 0..files(folder.path()).len() {
            assert!(get(&shelf, n).is_none_or(|read| read == bytes(n, 100_000)));
        }
        assert!(told.lock().unwrap().is_empty(), "{told:?}");
    }
}

#[test]
fn a_file_where_the_folder_should_be_is_told_before_anything_is_put() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let (shelf, told) = shelf(&file);
    assert!(told.lock().unwrap()[0].contains("not a folder"), "{told:?}");
    shelf.put(name(0), bytes(0, 500));
    drop(shelf);
    assert_eq!(told.lock().unwrap().len(), 1);
}

#[test]
fn two_that_make_room_at_the_same_time_are_no_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let fills = &|first: usize| {
        let (shelf, told) = shelf_with(folder.path(), 20_000, |path| File::create(path));
        for n in first..first + 60 {
            while !shelf.put(name(n), bytes(n, 1_000)) {
                std::thread::yield_now();
            }
        }
        drop(shelf);
        assert_eq!(told.lock().unwrap().len(), 0, "{told:?}");
    };
    std::thread::scope(|scope| (0..4).for_each(|n| _ = scope.spawn(move || fills(n * 60))));
}
