//! Keys that take long to sign, or do not sign at all.

use std::fmt::{self, Debug, Formatter};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use rustls::sign::{Signer, SigningKey};
use rustls::{OtherError, SignatureAlgorithm, SignatureScheme};
use sealift_keystore::{KeyAlgorithm, SignError};
use sealift_network::{ConnectError, NetworkError, TlsFailure};
use tokio::sync::oneshot;

use crate::support::{
    Answer, Authority, ClientAuth, Server, ServerSettings, configured, fetch, get, identity_rule,
    network_with, settings,
};

/// A key that tells when it is asked to sign, and signs when it is told to; told nothing any more, it
/// fails.
struct Held {
    key: Arc<dyn SigningKey>,
    gate: Arc<Gate>,
}

struct Gate {
    asked: Mutex<Option<oneshot::Sender<()>>>,
    told: Mutex<Receiver<()>>,
}

fn gate() -> (Arc<Gate>, oneshot::Receiver<()>, Sender<()>) {
    let (asked, asks) = oneshot::channel();
    let (tell, told) = channel();
    let gate = Gate {
        asked: Mutex::new(Some(asked)),
        told: Mutex::new(told),
    };
    (Arc::new(gate), asks, tell)
}

impl SigningKey for Held {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let signer = self.key.choose_scheme(offered)?;
        let gate = Arc::clone(&self.gate);
        Some(Box::new(HeldSigner { signer, gate }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }
}

struct HeldSigner {
    signer: Box<dyn Signer>,
    gate: Arc<Gate>,
}

impl Signer for HeldSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        if let Some(asked) = self.gate.asked.lock().unwrap().take() {
            asked.send(()).unwrap();
        }
        if self.gate.told.lock().unwrap().recv().is_ok() {
            return self.signer.sign(message);
        }
        let error = SignError::Scheme {
            scheme: self.scheme(),
            algorithm: KeyAlgorithm::EcdsaP256,
        };
        Err(OtherError(Arc::new(error)).into())
    }

    fn scheme(&self) -> SignatureScheme {
        self.signer.scheme()
    }
}

impl Debug for Held {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Held")
    }
}

impl Debug for HeldSigner {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("HeldSigner")
    }
}

async fn server(authority: &Authority) -> Server {
    let settings = ServerSettings {
        client_auth: ClientAuth::Optional(authority),
        ..ServerSettings::default()
    };
    Server::with(authority, Answer::Ok, settings).await
}

#[tokio::test]
async fn a_key_that_takes_long_holds_up_nothing_else() {
    let authority = Authority::new();
    let server = server(&authority).await;
    let (gate, asked, tell) = gate();
    let identity = authority.identity_with(move |key| {
        let gate = Arc::clone(&gate);
        Arc::new(Held { key, gate })
    });
    identity.slow.store(true, Ordering::Relaxed);
    let rules = [identity_rule(server.address), configured(&server.https(""))];
    let network = network_with(settings(&authority), rules, Some(identity.clone()));

    let credentials = server.https("/credentials");
    let with_key = fetch(&network, &credentials);
    // All of this test is one thread, the server's side included.
    let meanwhile = async {
        asked.await.unwrap();
        fetch(&network, &server.https("/other")).await.unwrap();
        tell.send(()).unwrap();
    };
    let (answer, ()) = tokio::join!(with_key, meanwhile);
    answer.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].certificate, None, "the other request came first");
    assert_eq!(seen[1].certificate, Some(identity.certificate()));
}

#[tokio::test]
async fn a_handshake_that_nobody_waits_for_ends_with_its_signature() {
    let authority = Authority::new();
    let server = server(&authority).await;
    let (gate, asked, tell) = gate();
    let held = Arc::downgrade(&gate);
    let identity = authority.identity_with(move |key| {
        let gate = Arc::clone(&gate);
        Arc::new(Held { key, gate })
    });
    identity.slow.store(true, Ordering::Relaxed);
    let rules = [identity_rule(server.address)];
    let network = network_with(settings(&authority), rules, Some(identity.clone()));
    let credentials = server.https("/credentials");
    let begun = tokio::spawn(async move { get(&network, &credentials).await.is_ok() });
    asked.await.unwrap();
    begun.abort();
    assert!(begun.await.unwrap_err().is_cancelled());
    tell.send(()).unwrap();
    drop(identity);
    // The handshake held the key until its thread noticed.
    while held.upgrade().is_some() {
        tokio::task::yield_now().await;
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_key_that_does_not_sign_is_named_as_the_cause() {
    for slow in [true, false] {
        let authority = Authority::new();
        let server = server(&authority).await;
        let (gate, _asked, tell) = gate();
        drop(tell);
        let identity = authority.identity_with(move |key| {
            let gate = Arc::clone(&gate);
            Arc::new(Held { key, gate })
        });
        identity.slow.store(slow, Ordering::Relaxed);
        let rules = [identity_rule(server.address)];
        let network = network_with(settings(&authority), rules, Some(identity));
        let failed = get(&network, &server.https("/credentials")).await;
        let Err(NetworkError::Connect(ConnectError::Tls { source, .. })) = failed else {
            panic!("{failed:?}");
        };
        assert!(
            matches!(&source, TlsFailure::Key(error) if error.is::<SignError>()),
            "{source:?}"
        );
    }
}
