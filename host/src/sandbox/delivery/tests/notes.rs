//! What the journal says of parts.

use super::*;

#[tokio::test]
async fn delivered_parts_count_in_the_next_process_with_the_component_s_record() {
    let stage = Stage::new();
    let (journal, deliveries) = stage.process();
    stage.part(&deliveries, 1, 0..5).await;
    journal.append(b"part 1".to_vec()).await.unwrap();
    drop((journal, deliveries));

    let (journal, deliveries) = stage.process();
    let records = journal.load().await.unwrap();
    assert_eq!(records.component, [b"part 1"]);
    deliveries.remember(&records.host);
    stage.part(&deliveries, 2, 5..LENGTH).await;
    complete(&deliveries, "u", &[1, 2], COMPLETED).await;
    assert!(deliveries.cover(LENGTH));
}

#[tokio::test]
async fn parts_of_another_state_of_the_file_and_forgotten_ones_do_not_count() {
    let stage = Stage::new();
    stage.leave_a_part().await;
    let covers = async |fingerprint| {
        let (journal, deliveries) = stage.process_for(fingerprint);
        deliveries.remember(&journal.load().await.unwrap().host);
        complete(&deliveries, "u", &[1], COMPLETED).await;
        deliveries.cover(LENGTH)
    };
    assert!(covers("fingerprint").await);
    assert!(!covers("another").await);
    let (journal, _) = stage.process();
    journal.reset().await.unwrap();
    drop(journal);
    assert!(!covers("fingerprint").await);
}

#[tokio::test]
async fn a_part_that_may_be_something_else_is_forgotten_before_it_leaves() {
    let stage = Stage::new();
    stage.leave_a_part().await;
    let (journal, deliveries) = stage.process();
    let again = "?partNumber=1&uploadId=u";
    let mut other = stage.raw(&deliveries, again, 1..LENGTH);
    // Without a look into the journal by the component.
    assert!(deliveries.send(&mut other).await.unwrap().is_none());
    drop((journal, deliveries, other));

    let (journal, deliveries) = stage.process();
    let records = journal.load().await.unwrap();
    assert_eq!(records.host, [[0; 0]; 0]);
    deliveries.remember(&records.host);
    complete(&deliveries, "u", &[1], COMPLETED).await;
    assert!(!deliveries.cover(LENGTH));
}

#[tokio::test]
async fn parts_count_in_their_own_process_where_no_journal_can_be_had() {
    let stage = Stage::new();
    let directory = stage.directory.path().join("state");
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join("journal"), "no directory").unwrap();
    let (journal, deliveries) = stage.process();
    assert!(matches!(
        journal.load().await,
        Err(JournalError::Unusable { .. })
    ));
    stage.part(&deliveries, 1, 0..LENGTH).await;
    complete(&deliveries, "u", &[1], COMPLETED).await;
    assert!(deliveries.cover(LENGTH));
}

#[tokio::test]
async fn nothing_is_noted_of_an_object_that_may_be_anything() {
    let stage = Stage::new();
    let (journal, deliveries) = stage.process();
    let again = "?partNumber=1&uploadId=u";
    let mut sound = stage.raw(&deliveries, again, 0..LENGTH);
    let ticket = deliveries.send(&mut sound).await.unwrap().unwrap();
    sound.into_body().collect().await.unwrap();
    let mut own = request(Method::PUT, again, bytes("own"));
    deliveries.send(&mut own).await.unwrap();
    ticket.answered(StatusCode::OK, false);
    journal.append(b"part 1".to_vec()).await.unwrap();
    assert_eq!(journal.load().await.unwrap().host, [[0; 0]; 0]);
}
