#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;

const PLACE: Place<'_> = Place {
    endpoint: "https://s3.example",
    bucket: "bucket",
    key: "key",
    thing: "thing",
};

struct Kept(tempfile::TempDir);

impl Kept {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn directory(&self) -> PathBuf {
        self.0.path().join("journal")
    }

    fn journal(&self) -> Journal {
        self.journal_of("/data/file")
    }

    fn journal_of(&self, source: &str) -> Journal {
        let id = JobId::new(Origin::File(Path::new(source)), PLACE);
        Journals::new(self.directory()).of(&id)
    }

    /// The journal with these records of a component.
    fn journal_with(&self, records: &[&[u8]]) -> Journal {
        let mut journal = self.journal();
        for record in records {
            journal.append(record.to_vec()).unwrap();
        }
        journal
    }

    /// The files in the directory; none without one.
    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.directory()).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    fn only_file(&self) -> PathBuf {
        let [file] = self.files().try_into().unwrap();
        file
    }
}

fn component(records: &[&[u8]]) -> Records {
    Records {
        component: records.iter().map(|record| record.to_vec()).collect(),
        host: Vec::new(),
    }
}

#[test]
fn nothing_is_made_before_the_first_record() {
    let kept = Kept::new();
    let mut journal = kept.journal();
    assert!(journal.is_absent());
    assert_eq!(journal.load().unwrap(), Records::default());
    assert!(journal.note(b"delivered".to_vec()));
    journal.reset().unwrap();
    journal.remove().unwrap();
    assert!(!kept.directory().exists());
}

#[test]
fn the_next_process_finds_what_was_appended_and_noted() {
    let kept = Kept::new();
    let mut journal = kept.journal_with(&[b"one"]);
    assert!(journal.note(b"delivered".to_vec()));
    journal.append(b"two".to_vec()).unwrap();
    assert!(journal.note(b"lost with the process".to_vec()));
    drop(journal);
    let mut journal = kept.journal();
    assert!(!journal.is_absent());
    let records = journal.load().unwrap();
    assert_eq!(records.component, [b"one", b"two"]);
    assert_eq!(records.host, [b"delivered"]);
    journal.append(b"three".to_vec()).unwrap();
    assert_eq!(journal.load().unwrap().component.len(), 3);
}

#[test]
fn a_record_without_a_load_comes_after_what_was_there() {
    let kept = Kept::new();
    drop(kept.journal_with(&[b"one"]));
    drop(kept.journal_with(&[b"two"]));
    assert_eq!(kept.journal().load().unwrap(), component(&[b"one", b"two"]));
}

#[test]
fn directory_and_file_are_this_users_alone() {
    let kept = Kept::new();
    drop(kept.journal_with(&[b"one"]));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&kept.directory()), 0o700);
    assert_eq!(mode(&kept.only_file()), 0o600);
}

#[test]
fn a_journal_that_somebody_holds_is_busy_for_everybody_else() {
    let kept = Kept::new();
    let mut absent = kept.journal();
    absent.load().unwrap();
    let holder = kept.journal_with(&[b"one"]);
    let busy = |outcome| matches!(outcome, Err(JournalError::Busy { .. }));
    assert!(busy(kept.journal().load().map(drop)));
    assert!(busy(kept.journal().append(b"two".to_vec())));
    assert!(busy(kept.journal().reset()));
    assert!(busy(kept.journal().remove()));
    // It looked before there was a journal: to go on now would mix two uploads.
    assert!(busy(absent.append(b"two".to_vec())));
    drop(holder);
    assert!(busy(absent.append(b"two".to_vec())));
    assert_eq!(kept.journal().load().unwrap(), component(&[b"one"]));
}

#[test]
fn a_journal_is_removed_when_its_job_ended_well_and_when_it_is_empty() {
    let kept = Kept::new();
    let mut journal = kept.journal_with(&[b"one"]);
    journal.remove().unwrap();
    assert!(kept.files().is_empty());

    let mut journal = kept.journal_with(&[b"one"]);
    journal.reset().unwrap();
    assert_eq!(journal.load().unwrap(), Records::default());
    drop(journal);
    assert!(kept.files().is_empty());

    drop(kept.journal_with(&[b"of an earlier attempt"]));
    kept.journal().remove().unwrap();
    assert!(kept.files().is_empty());
}

#[test]
fn a_reset_forgets_what_was_noted() {
    let kept = Kept::new();
    let mut journal = kept.journal();
    assert!(journal.note(b"delivered".to_vec()));
    journal.reset().unwrap();
    journal.append(b"anew".to_vec()).unwrap();
    assert_eq!(journal.load().unwrap(), component(&[b"anew"]));
}

#[test]
fn a_name_taken_away_before_the_lock_is_looked_for_again() {
    let kept = Kept::new();
    let mut journal = kept.journal_with(&[b"one"]);
    let file = kept.only_file();
    journal.remove().unwrap();
    assert!(LogFile::open(&file).unwrap().is_none());

    drop(kept.journal_with(&[b"one"]));
    let opened = fs::File::options().append(true).open(&file).unwrap();
    fs::remove_file(&file).unwrap();
    assert!(LogFile::lock(opened, &file).unwrap().is_none());
}

#[test]
fn a_torn_tail_is_cut_and_written_over() {
    let kept = Kept::new();
    drop(kept.journal_with(&[b"one", b"two"]));
    let file = kept.only_file();
    let whole = fs::read(&file).unwrap();
    for cut in 1..whole.len() {
        fs::write(&file, &whole[..cut]).unwrap();
        let mut journal = kept.journal();
        let left = journal.load().unwrap().component.len();
        assert_eq!(left, usize::from(cut >= whole.len() / 2), "{cut}");
        journal.append(b"new".to_vec()).unwrap();
        drop(journal);
        let records = kept.journal().load().unwrap();
        assert_eq!(records.component.last().unwrap(), b"new");
        assert_eq!(records.component.len(), left + 1, "{cut}");
    }
}

#[test]
fn damage_names_the_file_and_the_way_out_which_a_reset_takes() {
    let kept = Kept::new();
    drop(kept.journal_with(&[b"one", b"two"]));
    let file = kept.only_file();
    let mut bytes = fs::read(&file).unwrap();
    bytes[14] ^= 1;
    fs::write(&file, bytes).unwrap();
    let error = kept.journal().load().unwrap_err();
    assert!(
        matches!(error, JournalError::Damaged { offset: 0, .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains(file.to_str().unwrap()),
        "{error}"
    );
    kept.journal().reset().unwrap();
    assert!(kept.journal().is_absent());
}

#[test]
fn records_notes_and_journals_are_bounded() {
    let kept = Kept::new();
    let mut journal = kept.journal();
    let error = journal.append(vec![0; LONGEST_RECORD + 1]).unwrap_err();
    assert!(
        matches!(error, JournalError::RecordTooLong { length: 4097 }),
        "{error}"
    );
    assert!(kept.files().is_empty());
    let notes = 0..=MOST_NOTED;
    assert!(!notes.into_iter().all(|_| journal.note(Vec::new())));
    assert!(!journal.note(vec![0; 1]));
    journal.append(vec![0; LONGEST_RECORD]).unwrap();
    // As if it were nearly full.
    let file = fs::File::options()
        .append(true)
        .open(kept.only_file())
        .unwrap();
    drop(journal);
    file.set_len(LARGEST_JOURNAL + 1).unwrap();
    let error = kept.journal().load().unwrap_err();
    assert!(matches!(error, JournalError::Damaged { .. }), "{error}");
}

#[test]
fn the_notes_of_all_parts_that_can_be_under_way_fit() {
    let kept = Kept::new();
    let mut journal = kept.journal();
    assert!((0..64).all(|_| journal.note(vec![b'n'; 2000])));
    journal.append(vec![b'r'; LONGEST_RECORD]).unwrap();
    drop(journal);
    let records = kept.journal().load().unwrap();
    assert_eq!((records.host.len(), records.component.len()), (64, 1));
}

#[test]
fn a_full_journal_takes_no_more_and_keeps_what_it_has() {
    let kept = Kept::new();
    let mut journal = kept.journal_with(&[b"one"]);
    let State::Held(file) = &mut journal.state else {
        panic!("{journal:?}");
    };
    let room = usize::try_from(LARGEST_JOURNAL - file.length()).unwrap();
    let error = file.append(&vec![0; room + 1]).unwrap_err();
    assert!(matches!(error, JournalError::Full { .. }), "{error}");
    assert_eq!(journal.load().unwrap(), component(&[b"one"]));
}

#[test]
fn the_oldest_of_too_many_journals_goes_unless_it_is_held() {
    let kept = Kept::new();
    let mut held = kept.journal_of("held");
    held.append(b"one".to_vec()).unwrap();
    let old = |name: &str, age: u64| {
        let file = fs::File::create(kept.directory().join(name)).unwrap();
        let time = std::time::SystemTime::now() - std::time::Duration::from_secs(age);
        file.set_modified(time).unwrap();
    };
    for number in 2..MOST_JOURNALS {
        old(&number.to_string(), 10);
    }
    old("oldest", 99);
    kept.journal_of("new").append(b"one".to_vec()).unwrap();
    assert_eq!(kept.files().len(), MOST_JOURNALS);
    assert!(!kept.directory().join("oldest").exists());
    drop(held);
    assert_eq!(
        kept.journal_of("held").load().unwrap(),
        component(&[b"one"])
    );
}

#[test]
fn a_link_in_the_place_of_a_journal_is_not_followed() {
    let kept = Kept::new();
    drop(kept.journal_with(&[b"one"]));
    let file = kept.only_file();
    let elsewhere = kept.0.path().join("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    let error = kept.journal().load().unwrap_err();
    assert!(matches!(error, JournalError::Unusable { .. }), "{error}");
}

#[test]
fn a_journal_that_others_can_write_to_is_not_believed() {
    let kept = Kept::new();
    drop(kept.journal_with(&[b"one"]));
    let file = kept.only_file();
    for (mode, believed) in [(0o620, false), (0o602, false), (0o644, true)] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let outcome = kept.journal().load();
        assert_eq!(outcome.is_ok(), believed, "{mode:o}");
        if let Err(error) = outcome {
            assert!(matches!(error, JournalError::Unusable { .. }), "{error}");
        }
    }
}

#[test]
fn nothing_is_added_behind_a_tail_that_could_not_be_cut() {
    let kept = Kept::new();
    drop(kept.journal_with(&[b"one"]));
    let path = kept.only_file();
    let torn = [fs::read(&path).unwrap(), b"SJ1".to_vec()].concat();
    fs::write(&path, &torn).unwrap();
    let read_only = fs::File::open(&path).unwrap();
    let mut file = LogFile::lock(read_only, &path).unwrap().unwrap();
    let error = file.cut(torn.len() as u64 - 3).unwrap_err();
    assert!(matches!(error, JournalError::Unusable { .. }), "{error}");
    let error = file.append(b"two").unwrap_err();
    let JournalError::Unusable { source, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(source.to_string(), "an earlier write to it failed");
}

#[test]
fn a_directory_that_cannot_be_written_is_an_error_of_the_append_alone() {
    let kept = Kept::new();
    // Not by its mode, which does not stop root.
    fs::write(kept.directory(), "a file").unwrap();
    let mut journal = kept.journal();
    let error = journal.append(b"one".to_vec()).unwrap_err();
    assert!(matches!(error, JournalError::Unusable { .. }), "{error}");
}
