//! Where updates come from: a web server, a bucket, and what either may do to a device.

use std::error::Error;
use std::fs;
use std::sync::Arc;

use futures_util::TryStreamExt;
use localcloud::Operation;
use sealift::gateway::{Gateway, Unobserved, Upload};
use sealift::updates::source::{SourceError, source};
use sealift_config::{Config, Environment};
use sealift_release::{FetchError, Source};
use sealift_tests::{Cloud, Exchange, Server};
use tokio::runtime::Runtime;

/// A device whose updates come from a place.
struct Stage {
    runtime: Runtime,
    gateway: Arc<Gateway>,
    source: Arc<dyn Source>,
}

impl Stage {
    /// `more` are further lines of the section, and sections.
    fn set(cloud: &Cloud, repository: &str, more: &str) -> Self {
        let release = format!("[release]\nrepository = \"{repository}\"\nroot = \"root.json\"");
        cloud.configure(&format!("{release}\n{more}\n"));
        let gateway = gateway(cloud);
        let runtime = tokio::runtime::Builder::new_current_thread();
        Self {
            runtime: { runtime }.enable_all().build().unwrap(),
            source: source(&gateway).unwrap(),
            gateway,
        }
    }

    fn fetch(&self, path: &str, offset: u64) -> Result<Vec<u8>, FetchError> {
        self.runtime.block_on(async {
            let stream = self.source.open(path, offset).await?;
            let pieces: Vec<_> = stream.try_collect().await?;
            Ok(pieces.concat())
        })
    }

    /// What keeps the file from coming, with all its causes.
    #[track_caller]
    fn trouble(&self, path: &str) -> String {
        match self.fetch(path, 0) {
            Err(FetchError::Failed { source, .. }) => chain(&*source),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn assert_missing(&self, path: &str) {
        let fetched = self.fetch(path, 0);
        let missing = matches!(&fetched, Err(FetchError::NotFound { path: it }) if it == path);
        assert!(missing, "{fetched:?}");
    }
}

fn gateway(cloud: &Cloud) -> Arc<Gateway> {
    let environment = Environment::from_iter([("XDG_CACHE_HOME", cloud.path("cache"))]);
    let config = Config::load(Some(&cloud.paths().config), &environment).unwrap();
    Arc::new(Gateway::open(config, &environment, None).unwrap())
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = format!("{text}: {error}");
        next = error.source();
    }
    text
}

/// A web server, and a device that looks there.
fn served(
    more: &str,
    script: impl Fn(&mut Exchange) + Send + Sync + 'static,
) -> (Cloud, Server, Stage) {
    let cloud = Cloud::start();
    let server = Server::https(cloud.authority(), script);
    let stage = Stage::set(&cloud, &format!("{}/sealift/", server.url()), more);
    (cloud, server, stage)
}

#[test]
fn a_file_comes_whole_or_from_a_byte_on_by_a_lean_request() {
    let (_cloud, server, stage) = served("", |exchange| match exchange.request.header("range") {
        None => exchange.answer("200 OK", &[], b"0123456789"),
        Some("bytes=4-") => {
            let range = ["content-range: bytes 4-9/10"];
            exchange.answer("206 Partial Content", &range, b"456789");
        }
        Some("bytes=10-") => {
            let range = ["content-range: bytes */10"];
            exchange.answer("416 Range Not Satisfiable", &range, b"no");
        }
        Some(other) => panic!("{other}"),
    });
    assert_eq!(
        stage.fetch("metadata/timestamp.json", 0).unwrap(),
        b"0123456789"
    );
    assert_eq!(stage.fetch("targets/a b.wasm", 4).unwrap(), b"456789");
    assert_eq!(stage.fetch("targets/a b.wasm", 10).unwrap(), b"");
    let requests = server.requests();
    let targets: Vec<_> = requests
        .iter()
        .map(|it| (it.method.as_str(), it.target.as_str()))
        .collect();
    let target = ("GET", "/sealift/targets/a%20b.wasm");
    assert_eq!(
        targets,
        [("GET", "/sealift/metadata/timestamp.json"), target, target]
    );
    let names = |index: usize| -> Vec<_> {
        let headers = requests[index].headers.iter();
        headers.map(|(name, _)| name.as_str()).collect()
    };
    assert_eq!(names(0), ["host"]);
    assert_eq!(names(1), ["range", "host"]);
}

#[test]
fn a_server_that_knows_no_ranges_is_listened_to_from_there() {
    let (_cloud, _server, stage) =
        served("", |exchange| exchange.answer("200 OK", &[], b"0123456789"));
    assert_eq!(stage.fetch("targets/a", 4).unwrap(), b"456789");
    assert_eq!(stage.fetch("targets/a", 12).unwrap(), b"");
}

#[test]
fn only_what_says_that_there_is_no_such_file_ends_the_search_for_it() {
    let (_cloud, _server, stage) = served("", |exchange| {
        let status = exchange.request.target.rsplit('/').next().unwrap();
        let status = format!("{} Some Reason", status.strip_suffix(".json").unwrap());
        exchange.answer(&status, &[], b"<html>");
    });
    for status in ["404", "410"] {
        stage.assert_missing(&format!("metadata/{status}.json"));
    }
    for status in ["401", "403", "429", "500", "503"] {
        let trouble = stage.trouble(&format!("metadata/{status}.json"));
        assert!(trouble.contains(&format!("answered {status}")), "{trouble}");
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let other = Arc::new(std::sync::OnceLock::<String>::new());
    let elsewhere = Arc::clone(&other);
    let (cloud, server, stage) = served("", move |exchange| {
        let location = format!("location: {}/x", elsewhere.get().unwrap());
        exchange.answer("302 Found", &[&location], b"");
    });
    let second = Server::https(cloud.authority(), |exchange| {
        exchange.answer("200 OK", &[], b"poison");
    });
    other.set(second.url()).unwrap();
    let trouble = stage.trouble("metadata/timestamp.json");
    assert!(trouble.contains("302 Found"), "{trouble}");
    assert!(trouble.contains("release.repository"), "{trouble}");
    assert_eq!((server.connections(), second.connections()), (1, 0));
}

#[test]
fn an_endless_file_is_cut_off() {
    let (_cloud, _server, stage) = served("", |exchange| {
        exchange.write("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
        for _ in 0..5 << 4 {
            exchange.write(vec![b'x'; 64 << 10]);
        }
    });
    let trouble = stage.trouble("metadata/timestamp.json");
    assert!(
        trouble.contains("is larger than the 3145728 bytes"),
        "{trouble}"
    );
}

#[test]
fn a_server_that_falls_silent_is_given_up_before_and_in_the_middle_of_a_file() {
    let times = "[network]\nidle_timeout = \"300ms\"\nfirst_byte_timeout = \"300ms\"";
    let (_cloud, _server, stage) = served(times, |exchange| {
        if exchange.request.target.ends_with("middle.json") {
            exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234");
        }
        exchange.hold();
    });
    let trouble = stage.trouble("metadata/before.json");
    assert!(trouble.contains("did not begin to answer"), "{trouble}");
    let trouble = stage.trouble("metadata/middle.json");
    assert!(
        trouble.contains("nothing was received for 300ms"),
        "{trouble}"
    );
}

#[test]
fn a_file_that_breaks_off_is_no_file() {
    let (_cloud, _server, stage) = served("", |exchange| {
        exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234");
    });
    let trouble = stage.trouble("targets/a");
    assert!(
        trouble.contains("broke before the response was complete"),
        "{trouble}"
    );
}

#[test]
fn the_certificate_is_shown_only_where_the_configuration_says() {
    for (more, identified) in [
        ("", false),
        ("identity = false", false),
        ("identity = true", true),
    ] {
        let (_cloud, server, stage) =
            served(more, |exchange| exchange.answer("200 OK", &[], b"{}"));
        stage.fetch("metadata/timestamp.json", 0).unwrap();
        assert_eq!(server.requests()[0].identified, identified, "{more}");
    }
}

#[test]
fn no_name_leads_out_of_the_repository() {
    let (_cloud, server, stage) = served("identity = true", |_| {});
    for path in [
        "keys/root.pem",
        "metadata/../../admin",
        "targets//a",
        "timestamp.json",
    ] {
        let trouble = stage.trouble(path);
        assert!(trouble.contains("no file of such a name"), "{trouble}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn the_device_learns_the_time_from_the_repository() {
    let (_cloud, _server, stage) = served("", |exchange| {
        exchange.answer(
            "404 Not Found",
            &["date: Fri, 01 Jan 2100 00:00:00 GMT"],
            b"",
        );
    });
    assert_eq!(stage.gateway.clock_behind_seconds(), None);
    stage.assert_missing("metadata/2.root.json");
    assert!(stage.gateway.clock_behind_seconds() > Some(0));
}

#[test]
fn without_a_repository_there_is_no_source_and_the_cure_is_told() {
    let cloud = Cloud::start();
    let error = source(&gateway(&cloud)).unwrap_err();
    assert!(matches!(error, SourceError::NotConfigured(_)));
    assert!(error.to_string().contains("[release] of "), "{error}");
}

#[test]
fn a_directory_needs_no_network() {
    let cloud = Cloud::start();
    fs::create_dir_all(cloud.dir().join("updates/metadata")).unwrap();
    fs::write(cloud.dir().join("updates/metadata/timestamp.json"), "{}").unwrap();
    let stage = Stage::set(&cloud, "updates", "");
    assert_eq!(stage.fetch("metadata/timestamp.json", 0).unwrap(), b"{}");
    stage.assert_missing("metadata/2.root.json");
}

/// A cloud with a repository in a bucket, and a device that looks there. `allow` are the actions that its role has beside
/// that of putting objects there; none are all.
fn stored(allow: &[&str]) -> (Cloud, Stage) {
    let cloud = Cloud::start_with(|settings| {
        let actions = allow.iter().chain(&["s3:PutObject"]);
        let actions = actions.map(|action| action.parse().unwrap());
        settings.allow = (!allow.is_empty()).then(|| actions.collect());
    });
    let stage = Stage::set(&cloud, "s3://demo/updates/", "");
    for (path, contents) in [
        ("metadata/timestamp.json", "{}"),
        ("targets/a b", "0123456789"),
    ] {
        let upload = Upload {
            bucket: "demo".into(),
            key: format!("updates/{path}"),
            source: sealift_payload::Source::open(&cloud.file("object", contents))
                .unwrap()
                .into(),
            options: Vec::new().into(),
        };
        let uploaded = stage.gateway.upload(upload, Arc::new(Unobserved));
        stage.runtime.block_on(uploaded).unwrap();
    }
    (cloud, stage)
}

fn reads(cloud: &Cloud) -> u64 {
    cloud.counts().requests(Operation::GetObject)
}

#[test]
fn objects_are_read_with_the_devices_own_credentials() {
    let (cloud, stage) = stored(&[]);
    assert_eq!(stage.fetch("metadata/timestamp.json", 0).unwrap(), b"{}");
    assert_eq!(stage.fetch("targets/a b", 4).unwrap(), b"456789");
    stage.assert_missing("metadata/2.root.json");
    assert_eq!(reads(&cloud), 3);
    assert_eq!(cloud.counts().credentials_issued, 1);
}

#[test]
fn who_may_not_list_the_bucket_finds_the_end_of_the_roots_too_at_one_request_more_at_first() {
    let (cloud, stage) = stored(&["s3:GetObject"]);
    stage.assert_missing("metadata/2.root.json");
    let lists = || cloud.counts().requests(Operation::ListObjectsV2);
    assert_eq!((reads(&cloud), lists()), (1, 1));
    assert_eq!(stage.fetch("metadata/timestamp.json", 0).unwrap(), b"{}");
    stage.assert_missing("metadata/2.root.json");
    assert_eq!((reads(&cloud), lists()), (3, 1));
}

#[test]
fn who_may_list_the_bucket_and_not_read_it_is_told_so() {
    let (_cloud, stage) = stored(&["s3:ListBucket"]);
    let trouble = stage.trouble("metadata/timestamp.json");
    assert!(
        trouble.contains("cannot read `s3://demo/updates/metadata/timestamp.json`"),
        "{trouble}"
    );
    assert!(trouble.contains("allow s3:GetObject"), "{trouble}");
}

#[test]
fn credentials_that_the_store_rejects_are_replaced_once() {
    let (cloud, stage) = stored(&[]);
    cloud.set_faults(vec!["GetObject:expired-token,times=1".parse().unwrap()]);
    assert_eq!(stage.fetch("metadata/timestamp.json", 0).unwrap(), b"{}");
    assert_eq!(cloud.counts().credentials_issued, 2);
    cloud.set_faults(vec!["GetObject:expired-token".parse().unwrap()]);
    let trouble = stage.trouble("metadata/timestamp.json");
    assert!(trouble.contains("ExpiredToken"), "{trouble}");
}

#[test]
fn a_store_in_trouble_and_a_bucket_that_is_not_there_say_nothing_of_the_file() {
    let (cloud, stage) = stored(&[]);
    for fault in ["status=503", "status=403,code=SignatureDoesNotMatch"] {
        cloud.set_faults(vec![format!("GetObject:{fault}").parse().unwrap()]);
        stage.trouble("metadata/2.root.json");
    }
    let cloud = Cloud::start();
    let stage = Stage::set(&cloud, "s3://nowhere/updates/", "");
    let trouble = stage.trouble("metadata/2.root.json");
    assert!(trouble.contains("NoSuchBucket"), "{trouble}");
}
