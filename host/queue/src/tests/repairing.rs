//! Damage: nothing is believed, nothing is lost without a word.

use std::collections::BTreeMap;
use std::fs;

use super::*;
use crate::*;

/// A queue of some pages, in order, with jobs in all states.
fn some_pages() -> (Kept, BTreeMap<JobId, Job>) {
    let kept = Kept::new();
    let mut queue = kept.open();
    let mut jobs: Vec<_> = (0..150).map(|n| named(&n.to_string())).collect();
    for job in jobs.iter_mut().step_by(5) {
        job.task.disposal = Disposal::Delete;
    }
    queue.add_all(&jobs, at(0)).unwrap();
    let claimed = queue.claim(&owner("killed"), 60, at(1)).unwrap();
    let outcomes = [uploaded(), failed(), retry_at(at(9)), Outcome::Cancelled];
    let settled: Vec<_> = claimed[..50]
        .iter()
        .zip(outcomes.iter().cycle())
        .map(|(job, outcome)| settlement(job.id, outcome.clone()))
        .collect();
    queue.settle_all(&settled, at(2)).unwrap();
    queue
        .record_sent(time::macros::date!(2026 - 11 - 27), 77)
        .unwrap();
    let jobs = all(&queue);
    (kept, jobs)
}

fn all(queue: &Reader) -> BTreeMap<JobId, Job> {
    let jobs = queue.list(&Filter::default(), None, 1000).unwrap();
    jobs.into_iter().map(|job| (job.id, job)).collect()
}

/// Opens a queue that may be damaged, and holds it to its word. Whether it was repaired.
fn holds_its_word(kept: &Kept, before: &BTreeMap<JobId, Job>, how: &str) -> bool {
    let opened = match Queue::open(kept.path()) {
        Ok(opened) => opened,
        // The one word that is believed without a look at the rest: the file is left alone.
        Err(QueueError::Newer { .. }) => return true,
        Err(error) => panic!("{how}: {error}"),
    };
    let mut queue = opened.queue;
    let now = all(&queue);
    for (id, job) in &now {
        assert_eq!(Some(job), before.get(id), "{how}: half a job");
    }
    let sent = queue.sent_on(time::macros::date!(2026 - 11 - 27)).unwrap();
    match &opened.repaired {
        None => {
            assert_eq!(now.len(), before.len(), "{how}: lost without a word");
            assert_eq!(sent, 77, "{how}");
        }
        Some(report) => {
            assert_eq!(report.kept, now.len() as u64, "{how}");
            assert_eq!(report.lost, report.lost_jobs.len() as u64, "{how}");
            for id in before.keys().filter(|id| !now.contains_key(id)) {
                let told = report.lost_jobs.iter().any(|lost| lost.id == *id);
                assert!(
                    told || report.incomplete,
                    "{how}: job {id} lost without a word"
                );
            }
            assert!(sent == 77 || (report.budget_lost && sent == 0), "{how}");
            match &report.cause {
                Cause::Damaged { moved_to, .. } => assert!(moved_to.exists(), "{how}"),
                Cause::Missing => panic!("{how}: it was there"),
            }
        }
    }
    // Whatever is waiting is claimed once: no index is wrong.
    let waiting = now
        .values()
        .filter(|job| job.state() == State::Waiting)
        .count();
    queue.hasten().unwrap();
    assert_eq!(
        queue.claim(&owner("me"), 1000, at(3)).unwrap().len(),
        waiting,
        "{how}"
    );
    drop(queue);
    kept.open();
    opened.repaired.is_some()
}

fn flipped(before: &[u8], offset: usize, bits: u8) -> Vec<u8> {
    let mut after = before.to_vec();
    after[offset] ^= bits;
    after
}

#[test]
fn a_flipped_byte_anywhere_is_harmless_or_told() {
    let (kept, before) = some_pages();
    let file = kept.file("queue.sqlite");
    let good = fs::read(&file).unwrap();
    let mut repaired = 0;
    // The stride has no factor in common with a page.
    for (case, offset) in (1..good.len()).step_by(977).enumerate() {
        let bits = [0x01, 0x80, 0xff][case % 3];
        fs::write(&file, flipped(&good, offset, bits)).unwrap();
        let how = format!("byte {offset} ^ {bits:#x}");
        repaired += u32::from(holds_its_word(&kept, &before, &how));
        // The next case begins with the same files.
        fs::remove_file(&file).unwrap();
    }
    assert!(repaired > 20, "{repaired} cases did any damage");
}

#[test]
fn a_flipped_byte_of_the_first_page_is_harmless_or_told() {
    let (kept, before) = some_pages();
    let file = kept.file("queue.sqlite");
    let good = fs::read(&file).unwrap();
    for offset in (0..110).step_by(3).chain((3000..4096).step_by(61)) {
        fs::write(&file, flipped(&good, offset, 0x41)).unwrap();
        holds_its_word(&kept, &before, &format!("byte {offset} ^ 0x41"));
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn a_file_cut_off_anywhere_is_told() {
    let (kept, before) = some_pages();
    let file = kept.file("queue.sqlite");
    let good = fs::read(&file).unwrap();
    for length in (0..good.len()).step_by(5003) {
        fs::write(&file, &good[..length]).unwrap();
        let how = format!("cut at {length}");
        assert!(holds_its_word(&kept, &before, &how), "{how}");
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn one_bad_page_of_jobs_costs_the_jobs_on_it_and_no_others() {
    let (kept, before) = some_pages();
    let file = kept.file("queue.sqlite");
    let mut bytes = fs::read(&file).unwrap();
    let place = bytes
        .windows(8)
        .position(|window| window == b"/out/100")
        .unwrap();
    let page = place / 4096 * 4096;
    bytes[page..page + 4096].fill(0);
    fs::write(&file, bytes).unwrap();
    let report = Queue::open(kept.path()).unwrap().repaired.unwrap();
    assert!(report.kept > 100, "{report:?}");
    assert!(report.lost > 0);
    assert_eq!(report.kept + report.lost, before.len() as u64);
    assert!(!report.incomplete);
    assert!(
        report
            .lost_jobs
            .iter()
            .any(|lost| before[&lost.id].task.target.key() == "100")
    );
}

#[test]
fn without_its_first_page_all_jobs_are_saved() {
    let (kept, before) = some_pages();
    let file = kept.file("queue.sqlite");
    let mut bytes = fs::read(&file).unwrap();
    bytes[..4096].fill(0);
    fs::write(&file, &bytes).unwrap();
    let opened = Queue::open(kept.path()).unwrap();
    let report = opened.repaired.unwrap();
    assert_eq!((report.lost, report.incomplete), (0, false), "{report:?}");
    assert_eq!(all(&opened.queue), before);
    assert!(!kept.file("queue.sqlite.rescue").exists());
    assert_eq!(
        fs::read(kept.file("queue.sqlite.damaged-1")).unwrap(),
        bytes
    );
}

#[test]
fn what_is_no_database_is_kept_aside_and_a_new_one_begins() {
    let (kept, _) = some_pages();
    fs::write(kept.file("queue.sqlite"), "#!/bin/sh\n".repeat(1000)).unwrap();
    let mut opened = Queue::open(kept.path()).unwrap();
    let report = opened.repaired.unwrap();
    assert_eq!((report.kept, report.incomplete), (0, true));
    opened.queue.add(&named("a"), at(0)).unwrap();
    let aside = fs::read_to_string(kept.file("queue.sqlite.damaged-1")).unwrap();
    assert!(aside.starts_with("#!/bin/sh"));
}

#[test]
fn a_queue_that_vanished_is_told() {
    let (kept, _) = some_pages();
    // Its log stays, and must not be taken for that of the new one.
    let mut queue = kept.open();
    queue.add(&named("in the log"), at(0)).unwrap();
    let log = fs::read(kept.file("queue.sqlite-wal")).unwrap();
    drop(queue);
    fs::write(kept.file("queue.sqlite-wal"), log).unwrap();
    fs::remove_file(kept.file("queue.sqlite")).unwrap();

    let opened = Queue::open(kept.path()).unwrap();
    assert_eq!(opened.repaired.unwrap().cause, Cause::Missing);
    assert_eq!(all(&opened.queue), BTreeMap::new());
    drop(opened.queue);
    kept.open();
}

#[test]
fn a_repair_that_was_interrupted_anywhere_is_finished() {
    // How many of its renames were done: the log, the database, the new one.
    for done in 0..2 {
        let (kept, _) = some_pages();
        fs::write(kept.file("queue.sqlite"), "no database").unwrap();
        let mut queue = Queue::open(kept.path()).unwrap().queue;
        queue.add(&named("saved"), at(0)).unwrap();
        drop(queue);
        fs::rename(
            kept.file("queue.sqlite"),
            kept.file("queue.sqlite.repaired-1"),
        )
        .unwrap();
        if done == 0 {
            let aside = kept.file("queue.sqlite.damaged-1");
            fs::rename(aside, kept.file("queue.sqlite")).unwrap();
        }
        // What would be replayed into the new database if it were left.
        fs::write(kept.file("queue.sqlite-wal"), "a log of the damaged one").unwrap();
        fs::write(kept.file("queue.sqlite.draft"), "half written").unwrap();

        let opened = Queue::open(kept.path()).unwrap();
        let report = opened.repaired.unwrap();
        let moved_to = kept.file("queue.sqlite.damaged-1");
        assert!(
            matches!(&report.cause, Cause::Damaged { moved_to: to, .. } if *to == moved_to),
            "{report:?}"
        );
        assert_eq!(fs::read(moved_to).unwrap(), b"no database");
        assert_eq!(all(&opened.queue).len(), 1);
        drop(opened.queue);
        assert!(!kept.file("queue.sqlite.draft").exists());
        assert!(!kept.file("queue.sqlite.repaired-1").exists());
        kept.open();
    }
}

#[test]
fn damage_after_damage_does_not_fill_the_disk() {
    let kept = Kept::new();
    kept.open();
    for number in 1..=DAMAGED_KEPT + 2 {
        fs::write(kept.file("queue.sqlite"), number.to_string()).unwrap();
        assert!(Queue::open(kept.path()).unwrap().repaired.is_some());
    }
    assert!(!kept.file("queue.sqlite.damaged-2").exists());
    for number in 3..=DAMAGED_KEPT + 2 {
        let aside = kept.file(&format!("queue.sqlite.damaged-{number}"));
        assert_eq!(fs::read_to_string(aside).unwrap(), number.to_string());
    }
}

#[test]
fn numbers_go_on_after_a_repair() {
    let (kept, before) = some_pages();
    let file = kept.file("queue.sqlite");
    let mut bytes = fs::read(&file).unwrap();
    let last = bytes
        .windows(8)
        .position(|window| window == b"/out/149")
        .unwrap();
    bytes[last] ^= 1;
    fs::write(&file, bytes).unwrap();
    let mut opened = Queue::open(kept.path()).unwrap();
    assert_eq!(opened.repaired.unwrap().lost, 1);
    let new = opened.queue.add(&named("new"), at(0)).unwrap().id();
    assert!(!before.contains_key(&new));
}

#[test]
fn damage_under_a_running_service_is_told_and_repaired_by_the_next() {
    let (kept, before) = some_pages();
    let queue = kept.open();
    let id = *before.keys().last().unwrap();
    queue
        .connection
        .execute(
            "UPDATE jobs SET bucket = 'elsewhere' WHERE id = ?",
            [id.number()],
        )
        .unwrap();
    let error = queue.show(id).unwrap_err();
    assert!(matches!(error, QueueError::Damaged { .. }), "{error}");
    // Nobody moves it away while it is open.
    assert_eq!(Queue::open(kept.path()).unwrap().repaired, None);
    drop(queue);
    let report = Queue::open(kept.path()).unwrap().repaired.unwrap();
    assert_eq!((report.kept, report.lost), (149, 1));
    assert_eq!(report.lost_jobs[0].id, id);
    assert_eq!(
        report.lost_jobs[0].source.as_deref(),
        Some(before[&id].task.source.as_path())
    );
}

#[test]
fn whoever_comes_after_one_that_died_while_it_looked_looks_again() {
    let (kept, before) = some_pages();
    // A crash, the damage, and a look that was interrupted, after which only a share could be had.
    for note in ["open\n", "looking\n", "", "\u{0}"] {
        let file = kept.file("queue.sqlite");
        let bytes = fs::read(&file).unwrap();
        let place = bytes.windows(8).position(|window| window == b"/out/120");
        let Some(place) = place else { panic!("{note}") };
        fs::write(&file, flipped(&bytes, place, 1)).unwrap();
        fs::write(kept.file("queue.lock"), note).unwrap();
        let mut opened = Queue::open(kept.path()).unwrap();
        assert_eq!(opened.repaired.unwrap().lost, 1, "{note}");
        let job = before
            .values()
            .find(|job| job.task.target.key() == "120")
            .unwrap();
        let again = NewJob::from(job.task.clone());
        assert!(matches!(
            opened.queue.add(&again, at(0)).unwrap(),
            Added::New(_)
        ));
    }
}
