//! More than one process at what is trusted.

use std::sync::Arc;

use sealift_release::{
    ByteStream, Directory, DirectorySource, FetchError, Reading, Repository, Source,
};
use tokio::sync::Notify;
use tough::async_trait;

use crate::yard::{Looker, Yard, day};

/// Answers for the timestamp only when it may.
#[derive(Debug)]
struct Gate {
    source: DirectorySource,
    open: Arc<Notify>,
}

#[async_trait]
impl Source for Gate {
    async fn open(&self, path: &str, offset: u64) -> Result<ByteStream, FetchError> {
        if path.ends_with("timestamp.json") {
            self.open.notified().await;
        }
        self.source.open(path, offset).await
    }
}

#[tokio::test]
async fn a_check_that_took_longer_does_not_write_its_older_knowledge_over_the_newer() {
    let yard = Yard::new().await;
    yard.publish("1.0.0", b"one", day(0)).await;
    let mut device = Looker::new(&yard);
    device.check(day(0)).await.unwrap();
    yard.sign(day(1)).await;
    let older = yard.copy();
    let even_older = device.kept();
    yard.publish("1.1.0", b"two", day(2)).await;
    let open = Arc::new(Notify::new());
    let gate = Gate {
        source: DirectorySource::new(older.path().to_owned()),
        open: Arc::clone(&open),
    };
    let files = Directory::new(device.state.path().to_owned());
    let slow = Repository::new(files, Arc::new(gate), device.settings());
    let reading = Reading {
        time: day(2),
        authenticated: true,
    };
    let quick = async {
        device.check(day(2)).await.unwrap();
        let kept = device.kept();
        assert!(kept != even_older);
        open.notify_one();
        kept
    };
    let (slow, kept) = tokio::join!(slow.check(reading), quick);
    assert_eq!(slow.unwrap().releases.len(), 1);
    assert!(device.kept() == kept, "the newer was forgotten");
    device.sees(older.path());
    device.check(day(2)).await.unwrap_err();
}
