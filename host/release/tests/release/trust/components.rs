//! A component's bytes, from the repository into its slot.

use sealift_release::{
    Begun, Directory, Effect, Event, Incoming, Release, Requester, SlotName, Store, StoreError,
    TrustError,
};

use crate::examples::circumstances;
use crate::yard::{Instead, Looker, Yard, day};

struct Taking {
    device: Looker,
    store: Store,
    release: Release,
    slot: SlotName,
    path: String,
}

const COMPONENT: &[u8] = &[7; 100_000];

async fn taking() -> (Yard, Taking) {
    let yard = Yard::new().await;
    yard.publish("1.0.0", COMPONENT, day(0)).await;
    let device = Looker::new(&yard);
    let releases = device.check(day(0)).await.unwrap().releases;
    let store = Store::new(Directory::new(device.state.path().to_owned()));
    let by = Requester::Schedule;
    let effects = store
        .apply(Event::Offered { releases, by }, &circumstances())
        .unwrap();
    let [Effect::Download { release, slot }] = &effects[..] else {
        panic!("{effects:?}");
    };
    let (release, slot) = (release.clone(), *slot);
    let path = format!("targets/{}.{}", release.digest, release.file);
    let taking = Taking {
        device,
        store,
        release,
        slot,
        path,
    };
    (yard, taking)
}

impl Taking {
    /// Why the component cannot be fetched.
    async fn refusal(&self) -> TrustError {
        let repository = self.device.repository();
        let fetched = repository.fetch(&self.release, &mut self.incoming()).await;
        fetched.unwrap_err()
    }

    fn incoming(&self) -> Incoming<'_, Directory> {
        match self.store.incoming(&self.release, self.slot).unwrap() {
            Begun::Partial(incoming) => *incoming,
            Begun::Whole => panic!("it is there"),
        }
    }
}

#[tokio::test]
async fn a_component_comes_in_and_goes_on_after_the_link_was_lost() {
    let (_yard, taking) = taking().await;
    taking.device.instead(&taking.path, Instead::CutAt(70_000));
    let mut incoming = taking.incoming();
    let repository = taking.device.repository();
    let error = repository
        .fetch(&taking.release, &mut incoming)
        .await
        .unwrap_err();
    assert!(matches!(error, TrustError::Unreachable(_)), "{error}");
    drop(incoming);
    taking.device.honest();
    taking.device.way.lock().unwrap().bytes = 0;
    let mut incoming = taking.incoming();
    assert_eq!(incoming.length(), 70_000);
    repository
        .fetch(&taking.release, &mut incoming)
        .await
        .unwrap();
    incoming.finish().unwrap();
    assert_eq!(taking.device.bytes(), 30_000);
    assert_eq!(
        taking
            .store
            .component(taking.slot, taking.release.digest)
            .unwrap(),
        COMPONENT
    );
}

#[tokio::test]
async fn arbitrary_software_in_the_place_of_a_component() {
    let (_yard, taking) = taking().await;
    taking
        .device
        .instead(&taking.path, Instead::Bytes(vec![8; COMPONENT.len()]));
    let mut incoming = taking.incoming();
    taking
        .device
        .repository()
        .fetch(&taking.release, &mut incoming)
        .await
        .unwrap();
    let error = incoming.finish().unwrap_err();
    assert!(matches!(error, StoreError::NotAsSigned), "{error}");
    assert_eq!(taking.incoming().length(), 0);
}

#[tokio::test]
async fn endless_data_in_the_place_of_a_component() {
    let (_yard, taking) = taking().await;
    taking.device.instead(&taking.path, Instead::Endless);
    let error = taking.refusal().await;
    assert!(
        matches!(error, TrustError::Store(StoreError::NotAsSigned)),
        "{error}"
    );
    assert!(
        taking.device.bytes() < 2 * COMPONENT.len(),
        "{}",
        taking.device.bytes()
    );
}

#[tokio::test(start_paused = true)]
async fn slow_retrieval_of_a_component() {
    let (_yard, taking) = taking().await;
    taking.device.instead(&taking.path, Instead::Drips);
    let error = taking.refusal().await;
    assert!(matches!(error, TrustError::Slow { .. }), "{error}");
}

#[tokio::test]
async fn a_component_that_ends_early_is_not_taken_for_whole() {
    let (_yard, taking) = taking().await;
    taking
        .device
        .instead(&taking.path, Instead::Bytes(COMPONENT[..50].to_vec()));
    let error = taking.refusal().await;
    assert!(matches!(error, TrustError::Unreachable(_)), "{error}");
}
