//! What a configuration means: defaults, paths, and the environment's part in
//! it.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::time::Duration;

use sealift_config::{
    Addressing, ByteSize, CertificateReference, Checksum, ChecksumAlgorithm, ChecksumPlacement,
    Config, CredentialProvider, Disposal, Environment, Error, KeyPermissions, KeyReference, Parts,
    RateLimit, RepositoryPlace, S3HostKind, S3Hosts, SignaturePurpose, TimeOfDay, WhenFull,
};

const SMALLEST: &str = r#"
    [device]
    certificate = "device.pem.crt"
    key = "private.pem.key"

    [credentials]
    endpoint = "c0ffee.credentials.iot.ap-northeast-1.amazonaws.com"
    role_alias = "s3_role_alias"
"#;

const LARGEST: &str = r#"
    [device]
    thing_name = "thing_x"
    certificate = "/certs/device.pem.crt"
    key = "pkcs11:token=ggl;object=key"
    ca = "AmazonRootCA1.pem"
    key_permissions = "any"
    pkcs11_module = "/usr/lib/softhsm/libsofthsm2.so"

    [credentials]
    endpoint = "localhost:8443"
    role_alias = "s3_role_alias"

    [s3]
    region = "auto"
    endpoint = "http://127.0.0.1:9000"
    addressing = "virtual"
    checksum = "sha256"
    checksum_placement = "header"
    storage_class = "COLD_1"
    multipart_threshold = "64MiB"
    part_size = "16MiB"
    concurrency = 8
    follow_region = false

    [network]
    proxy = "http://me:hunter2@proxy:3128"
    no_proxy = ["localhost", "10.0.0.0/8"]
    connect_timeout = "1s"
    tls_timeout = "2s"
    first_byte_timeout = "3m"
    idle_timeout = "500ms"
    max_connections = 0x10
    response_limit = "1MiB"
    allow = ["https://*.s3.eu-west-1.amazonaws.com", "http://127.0.0.1:9000"]
    limit_rate = "1MiB"

    [[network.timetable]]
    from = "08:00"
    to = "18:00"
    limit_rate = 102400

    [[network.timetable]]
    from = "22:00"
    to = "06:00"
    limit_rate = "none"

    [sandbox]
    memory = "32MiB"
    cpu_time = "1m 30s"
    open_requests = 4
    bytes_out = "2GiB"
    log_bytes = 0

    [service]
    state = "state"
    jobs = 8
    drain = "1m"
    daily_bytes = "1GiB"
    monthly_bytes = "20GiB"

    [put]
    spool_dir = "../spool"
    spool_limit = 1_048_576

    [release]
    repository = "https://updates.example.com/sealift"
    root = "root.json"
    identity = true
    check = "1h"
    trial_jobs = 3
    unsigned = true

    [[release.window]]
    from = "01:00"
    to = "05:00"

    [[release.window]]
    from = "22:00"
    to = "02:00"

    [jobs]
    endpoint = "c0ffee-ats.iot.eu-central-1.amazonaws.com"
    check = "1m"

    [[watch]]
    name = "pictures"
    path = "out"
    destination = "s3://bucket/{thing}/{date}/{path}"
    include = ["*.jpg"]
    exclude = ["tmp/*"]
    after = "move:done"
    settle = "500ms"
    rescan = "1m"
    priority = 9
    storage_class = "STANDARD_IA"
    max_bytes = "1GiB"
    max_files = 1000
    when_full = "oldest"

    [[watch]]
    path = "/data/out"
    destination = "s3://bucket"
"#;

fn parse_with(text: &str, env: &[(&str, &str)]) -> Result<Config, Error> {
    let env = env.iter().copied().collect();
    Config::parse(text, Path::new("/etc/sealift/sealift.toml"), &env)
}

fn parse(text: &str) -> Config {
    parse_with(text, &[]).unwrap()
}

fn problem(env: &[(&str, &str)]) -> String {
    match parse_with(SMALLEST, env).unwrap_err() {
        error @ Error::Variable { .. } => error.to_string(),
        other => panic!("not about a variable: {other}"),
    }
}

#[test]
fn the_smallest_configuration_gets_the_documented_defaults() {
    let config = parse(SMALLEST);
    assert_eq!(config.device.thing_name, None);
    assert_eq!(config.device.ca, None);
    assert_eq!(config.device.key_permissions, KeyPermissions::Strict);
    assert_eq!(config.credentials.endpoint().port(), 443);

    let s3 = config.s3().unwrap();
    assert_eq!(s3.region.as_str(), "ap-northeast-1");
    assert_eq!(s3.region.dns_suffix(), "amazonaws.com");
    assert_eq!(s3.endpoint, None);
    assert_eq!(s3.addressing, Addressing::Virtual);
    let checksum = Checksum {
        algorithm: ChecksumAlgorithm::Crc64Nvme,
        placement: ChecksumPlacement::Trailer,
    };
    assert_eq!(s3.checksum, Some(checksum));

    let network = &config.network;
    assert_eq!(network.proxies, sealift_config::Proxies::default());
    assert_eq!(network.timeouts.connect.duration(), Duration::from_secs(10));
    assert_eq!(network.timeouts.tls.duration(), Duration::from_secs(10));
    assert_eq!(
        network.timeouts.first_byte.duration(),
        Duration::from_mins(1)
    );
    assert_eq!(network.timeouts.idle.duration(), Duration::from_secs(30));
    assert_eq!(network.max_connections, 8);
    assert_eq!(network.response_limit, ByteSize::from_mib(8));
    assert!(network.allow.is_empty());
    assert_eq!(network.limit_rate, RateLimit::NONE);
    assert!(network.timetable.is_empty());

    assert_eq!(config.sandbox.memory, ByteSize::from_mib(64));
    assert_eq!(config.sandbox.cpu_time.duration(), Duration::from_secs(10));
    assert_eq!(config.sandbox.open_requests, 64);
    assert_eq!(config.sandbox.bytes_out, None);
    assert_eq!(config.sandbox.log_bytes, ByteSize::from_kib(64));
    assert_eq!(config.service.state, None);
    assert_eq!(config.service.jobs, 4);
    assert_eq!(config.service.drain.duration().as_secs(), 30);
    assert_eq!(config.service.daily_bytes, None);
    assert_eq!(config.service.monthly_bytes, None);
    assert_eq!(config.put.spool_limit, ByteSize::from_mib(1024));
}

#[test]
fn every_key_can_be_set() {
    let config = parse(LARGEST);
    assert_eq!(config.device.thing_name.unwrap().as_str(), "thing_x");
    assert_eq!(config.device.key.to_string(), "pkcs11:token=ggl;object=key");
    assert_eq!(config.device.key_permissions, KeyPermissions::Any);
    assert_eq!(
        config.device.pkcs11_module.as_deref(),
        Some(Path::new("/usr/lib/softhsm/libsofthsm2.so"))
    );
    let CredentialProvider::Iot(iot) = &config.credentials else {
        panic!("{:?}", config.credentials);
    };
    assert_eq!(iot.endpoint.to_string(), "localhost:8443");
    assert_eq!(iot.role_alias.as_str(), "s3_role_alias");
    assert_eq!(
        config.network.timeouts.connect.duration(),
        Duration::from_secs(1)
    );
    assert_eq!(
        config.network.timeouts.tls.duration(),
        Duration::from_secs(2)
    );
    assert_eq!(
        config.network.timeouts.first_byte.duration(),
        Duration::from_mins(3)
    );
    assert_eq!(
        config.network.timeouts.idle.duration(),
        Duration::from_millis(500)
    );
    assert_eq!(config.network.max_connections, 16);
    assert_eq!(config.network.response_limit, ByteSize::from_mib(1));
    assert_eq!(config.network.proxies.no_proxy, ["localhost", "10.0.0.0/8"]);
    let allowed: Vec<_> = config
        .network
        .allow
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        allowed,
        [
            "https://*.s3.eu-west-1.amazonaws.com",
            "http://127.0.0.1:9000"
        ]
    );
    assert_eq!(config.sandbox.memory, ByteSize::from_mib(32));
    assert_eq!(config.sandbox.cpu_time.duration(), Duration::from_secs(90));
    assert_eq!(config.sandbox.open_requests, 4);
    assert_eq!(config.sandbox.bytes_out, Some(ByteSize::from_mib(2048)));
    assert_eq!(config.sandbox.log_bytes.bytes(), 0);
    assert_eq!(config.put.spool_limit, ByteSize::from_mib(1));
}

#[test]
fn every_key_of_a_watched_folder_can_be_set_and_most_have_defaults() {
    let rules = parse(LARGEST).watch;
    let [pictures, other] = &rules[..] else {
        panic!("{rules:?}");
    };
    assert_eq!(pictures.name.as_str(), "pictures");
    assert_eq!(pictures.path, Path::new("/etc/sealift/out"));
    assert_eq!(
        pictures.destination.to_string(),
        "s3://bucket/{thing}/{date}/{path}"
    );
    assert!(pictures.files.take("a/b.jpg".as_ref()));
    assert!(!pictures.files.take("b.png".as_ref()));
    assert!(!pictures.files.take("tmp/b.jpg".as_ref()));
    let done = Disposal::Move("/etc/sealift/done".into());
    assert_eq!(pictures.after, done);
    assert_eq!(pictures.settle.duration(), Duration::from_millis(500));
    assert_eq!(pictures.rescan.duration(), Duration::from_mins(1));
    assert_eq!(pictures.priority, 9);
    let class = pictures.storage_class.as_ref().unwrap();
    assert_eq!(class.as_str(), "STANDARD_IA");
    let quota = pictures.quota.unwrap();
    assert_eq!(quota.max_bytes, Some(ByteSize::from_mib(1024)));
    assert_eq!(quota.max_files, Some(1000));
    assert_eq!(quota.when_full, WhenFull::Oldest);

    assert_eq!(other.name.as_str(), "/data/out");
    assert_eq!(other.destination.to_string(), "s3://bucket/{path}");
    assert!(other.files.take("anything/at/all".as_ref()));
    assert_eq!(other.after, Disposal::Keep);
    assert_eq!(other.settle.duration(), Duration::from_secs(2));
    assert_eq!(other.rescan.duration(), Duration::from_mins(5));
    assert_eq!(other.priority, 5);
    assert_eq!(other.storage_class, None);
    assert_eq!(other.quota, None);
    assert!(parse(SMALLEST).watch.is_empty());
}

#[test]
fn nothing_is_looked_for_unless_the_configuration_says_where() {
    let config = parse(SMALLEST);
    assert_eq!(config.release.repository, None);
    assert_eq!(config.release.check.duration(), Duration::from_hours(6));
    assert!(config.release.window.is_empty());
    assert_eq!(config.release.trial_jobs.get(), 10);
    assert!(!config.release.unsigned);
    assert!(config.jobs.is_none());
}

#[test]
fn every_key_of_releases_and_jobs_can_be_set() {
    let config = parse(LARGEST);
    let release = &config.release;
    let repository = release.repository.as_ref().unwrap();
    let RepositoryPlace::Https(url) = &repository.place else {
        panic!("{repository:?}");
    };
    assert_eq!(url.to_string(), "https://updates.example.com/sealift/");
    assert_eq!(repository.root, Path::new("/etc/sealift/root.json"));
    assert!(repository.identity);
    assert_eq!(release.check.duration(), Duration::from_hours(1));
    let open = |hour| release.window.contains(TimeOfDay::new(hour, 0).unwrap());
    assert_eq!(
        [0, 4, 5, 21, 22].map(open),
        [true, true, false, false, true]
    );
    assert_eq!(release.trial_jobs.get(), 3);
    assert!(release.unsigned);

    let jobs = config.jobs.unwrap();
    let endpoint = jobs.endpoint.origin().to_string();
    assert_eq!(
        endpoint,
        "https://c0ffee-ats.iot.eu-central-1.amazonaws.com:8443"
    );
    assert_eq!(jobs.check.duration(), Duration::from_mins(1));
}

#[test]
fn a_repository_is_a_directory_beside_the_file_or_a_bucket() {
    let place = |text: &str| {
        let env = [
            ("SEALIFT_RELEASE_REPOSITORY", text),
            ("SEALIFT_RELEASE_ROOT", "/root.json"),
        ];
        let from_variable = parse_with(SMALLEST, &env).unwrap().release.repository;
        let section = format!("{SMALLEST}\n[release]\nrepository = \"{text}\"\nroot = \"r\"");
        let from_file = parse(&section).release.repository;
        [from_variable, from_file].map(|repository| repository.unwrap().place)
    };
    let directory = |path: &str| RepositoryPlace::Directory(path.into());
    assert_eq!(
        place("updates"),
        [directory("updates"), directory("/etc/sealift/updates")]
    );
    for place in place("s3://bucket/updates") {
        let RepositoryPlace::S3 { bucket, prefix } = &place else {
            panic!("{place:?}");
        };
        assert_eq!((bucket.as_str(), prefix.as_str()), ("bucket", "updates/"));
    }
}

#[test]
fn rates_go_by_the_timetable_and_a_limit_for_all_times_goes_before_it() {
    let mut network = parse(LARGEST).network;
    let at = |network: &sealift_config::Network, hour| {
        let now = TimeOfDay::new(hour, 0).unwrap();
        let limit = network.timetable.limit_at(now);
        limit.unwrap_or(network.limit_rate).to_string()
    };
    assert_eq!(at(&network, 12), "100KiB");
    assert_eq!(at(&network, 20), "1MiB");
    assert_eq!(at(&network, 23), "none");
    network.limit_rate_always("2MiB".parse().unwrap());
    assert_eq!(at(&network, 12), "2MiB");
}

#[test]
fn every_s3_key_can_be_set() {
    let config = parse(LARGEST);
    let s3 = config.s3().unwrap();
    assert_eq!(s3.region.as_str(), "auto");
    assert_eq!(
        s3.endpoint.as_ref().unwrap().to_string(),
        "http://127.0.0.1:9000"
    );
    assert_eq!(s3.addressing, Addressing::Virtual);
    let checksum = Checksum {
        algorithm: ChecksumAlgorithm::Sha256,
        placement: ChecksumPlacement::Header,
    };
    assert_eq!(s3.checksum, Some(checksum));
    assert_eq!(s3.storage_class.as_ref().unwrap().as_str(), "COLD_1");
    let parts = Parts {
        threshold: Some(ByteSize::from_mib(64)),
        size: Some(ByteSize::from_mib(16)),
        concurrency: Some(8),
    };
    assert_eq!(s3.parts, parts);
    assert!(!s3.follow_region);
    assert_eq!(s3.aws_hosts(), None);
}

#[test]
fn awss_hosts_are_those_of_the_region_unless_others_are_chosen() {
    let hosts = |more: &str| {
        let config = parse(&format!("{SMALLEST}\n[s3]\n{more}"));
        config.s3().unwrap().aws_hosts().unwrap()
    };
    let usual = S3Hosts {
        region: "ap-northeast-1".parse().unwrap(),
        any_region: true,
        dual_stack: false,
        kind: S3HostKind::Regional,
    };
    assert_eq!(hosts(""), usual);
    assert_eq!(
        hosts("dual_stack = false\nfips = false\naccelerate = false"),
        usual
    );
    let fips = S3Hosts {
        any_region: false,
        dual_stack: true,
        kind: S3HostKind::Fips,
        ..usual.clone()
    };
    assert_eq!(
        hosts("dual_stack = true\nfips = true\nfollow_region = false"),
        fips
    );
    let accelerated = S3Hosts {
        kind: S3HostKind::Accelerate,
        ..usual
    };
    assert_eq!(hosts("accelerate = true"), accelerated);
}

#[test]
fn paths_of_the_file_are_relative_to_the_file() {
    let config = parse(LARGEST);
    assert_eq!(
        config.device.certificate,
        CertificateReference::File("/certs/device.pem.crt".into())
    );
    assert_eq!(
        config.device.ca.as_deref(),
        Some(Path::new("/etc/sealift/AmazonRootCA1.pem"))
    );
    assert_eq!(
        config.service.state.as_deref(),
        Some(Path::new("/etc/sealift/state"))
    );
    assert_eq!(
        config.put.spool_dir.as_deref(),
        Some(Path::new("/etc/sealift/../spool"))
    );
    let key = KeyReference::File("/etc/sealift/private.pem.key".into());
    assert_eq!(parse(SMALLEST).device.key, key);
}

#[test]
fn paths_of_variables_are_relative_to_the_current_directory() {
    let env = [
        ("SEALIFT_DEVICE_KEY", "other.key"),
        ("SEALIFT_DEVICE_CERTIFICATE", "other.crt"),
    ];
    let config = parse_with(SMALLEST, &env).unwrap();
    assert_eq!(config.device.key, KeyReference::File("other.key".into()));
    let certificate = CertificateReference::File("other.crt".into());
    assert_eq!(config.device.certificate, certificate);
}

#[test]
fn an_endpoint_of_ones_own_is_addressed_by_path() {
    let text = format!("{SMALLEST}\n[s3]\nendpoint = \"https://store:9000\"\nchecksum = \"none\"");
    let config = parse(&text);
    let s3 = config.s3().unwrap();
    assert_eq!(s3.addressing, Addressing::Path);
    assert_eq!(s3.checksum, None);
}

#[test]
fn credentials_alone_need_no_region_but_s3_does() {
    let env = [("SEALIFT_CREDENTIALS_ENDPOINT", "localhost:8443")];
    let config = parse_with(SMALLEST, &env).unwrap();
    let error = config.s3().unwrap_err();
    assert!(matches!(error, Error::NoRegion { .. }));
    assert_eq!(
        error.to_string(),
        "no S3 region: credentials.endpoint `localhost:8443` does not tell one; \
         set `region` in [s3] of /etc/sealift/sealift.toml"
    );
}

#[test]
fn a_variable_overrides_the_file_whatever_the_type_of_its_key() {
    let env = [
        ("SEALIFT_S3_REGION", "eu-west-1"),
        ("SEALIFT_DEVICE_THING_NAME", "other"),
        ("SEALIFT_NETWORK_MAX_CONNECTIONS", "3"),
        (
            "SEALIFT_NETWORK_ALLOW",
            "https://a.example, https://*.b.example,",
        ),
        ("SEALIFT_NETWORK_NO_PROXY", ""),
        ("SEALIFT_NETWORK_PROXY", "none"),
        ("SEALIFT_SANDBOX_LOG_BYTES", "1KiB"),
        ("NO_PROXY", "localhost"),
        ("HTTPS_PROXY", "proxy:3128"),
    ];
    let config = parse_with(LARGEST, &env).unwrap();
    assert_eq!(config.s3().unwrap().region.as_str(), "eu-west-1");
    assert_eq!(config.device.thing_name.unwrap().as_str(), "other");
    assert_eq!(config.network.max_connections, 3);
    assert_eq!(config.network.allow.len(), 2);
    assert_eq!(config.network.proxies, sealift_config::Proxies::default());
    assert_eq!(config.sandbox.log_bytes, ByteSize::from_kib(1));
}

#[test]
fn a_section_may_live_in_the_environment_alone() {
    let env = [
        ("SEALIFT_DEVICE_CERTIFICATE", "/c"),
        ("SEALIFT_DEVICE_KEY", "/k"),
        ("SEALIFT_CREDENTIALS_ENDPOINT", "host:1"),
        ("SEALIFT_CREDENTIALS_ROLE_ALIAS", "alias"),
    ];
    assert!(parse_with("", &env).is_ok());
    let error = parse_with("", &env[..3]).unwrap_err().to_string();
    assert!(
        error.starts_with("there is no [credentials] section; it needs the key `role_alias`"),
        "{error}"
    );
}

#[test]
fn a_bad_variable_is_named() {
    assert_eq!(
        problem(&[("SEALIFT_S3_REGOIN", "eu-west-1")]),
        "environment variable SEALIFT_S3_REGOIN: unknown key `regoin` in [s3]; did you mean `region`?"
    );
    assert_eq!(
        problem(&[("SEALIFT_NETWORK_MAX_CONNECTIONS", "many")]),
        "environment variable SEALIFT_NETWORK_MAX_CONNECTIONS: must be a number from 1 to 256"
    );
    assert_eq!(
        problem(&[("SEALIFT_CREDENTIALS_ENDPOINT", "https://host/")]),
        "environment variable SEALIFT_CREDENTIALS_ENDPOINT: this is a URL; leave out the scheme and path: `host`"
    );
    assert_eq!(
        problem(&[("SEALIFT_NETWORK_ALLOW", "https://a, b")]),
        "environment variable SEALIFT_NETWORK_ALLOW: the scheme is missing; write https://HOST[:PORT]"
    );
    assert_eq!(
        problem(&[("HTTPS_PROXY", "socks5://me:hunter2@proxy")]),
        "environment variable HTTPS_PROXY: the proxy's scheme must be http or https; SOCKS proxies are not supported"
    );
}

#[test]
fn a_variable_that_is_not_text_is_named() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    for name in ["SEALIFT_S3_REGION", "HTTPS_PROXY", "NO_PROXY"] {
        let env = Environment::from_iter([(name, OsString::from_vec(vec![0xff]))]);
        let error = Config::parse(SMALLEST, Path::new("sealift.toml"), &env).unwrap_err();
        assert!(matches!(error, Error::Variable { variable, .. } if variable == name));
    }
}

#[test]
fn variables_of_other_things_are_left_alone() {
    let env = [
        ("SEALIFT_CONFIG", "/other"),
        ("SEALIFT_LOG", "debug"),
        ("SEALIFT_DEMO_KEY", "x"),
        ("SEALIFT_", "x"),
        ("S3_REGION", "nowhere"),
    ];
    assert!(parse_with(SMALLEST, &env).is_ok());
}

#[test]
fn proxies_come_from_the_environment_lower_case_first() {
    let env = [
        ("https_proxy", "http://lower:1"),
        ("HTTPS_PROXY", "http://upper:1"),
        ("http_proxy", ""),
        ("HTTP_PROXY", "plain"),
        ("NO_PROXY", "localhost, .internal,,10.0.0.0/8 [::1]"),
    ];
    let proxies = parse_with(SMALLEST, &env).unwrap().network.proxies;
    assert_eq!(proxies.https.unwrap().to_string(), "http://lower:1");
    assert_eq!(proxies.http.unwrap().to_string(), "http://plain:80");
    assert_eq!(
        proxies.no_proxy,
        ["localhost", ".internal", "10.0.0.0/8", "[::1]"]
    );
}

#[test]
fn a_configured_proxy_goes_before_the_environment() {
    let config = parse_with(LARGEST, &[("HTTPS_PROXY", "http://other")]).unwrap();
    let proxies = config.network.proxies;
    assert_eq!(proxies.http, proxies.https);
    let credentials = proxies.https.as_ref().and_then(|proxy| proxy.credentials());
    assert_eq!(credentials.unwrap().password(), "hunter2");
}

#[test]
fn pins_that_systemd_passes_are_in_its_directory() {
    let env = [("CREDENTIALS_DIRECTORY", "/run/credentials/sealift.service")];
    let directory = parse_with(SMALLEST, &env)
        .unwrap()
        .device
        .credentials_directory;
    assert_eq!(directory.as_deref(), Some(Path::new(env[0].1)));
    assert_eq!(parse(SMALLEST).device.credentials_directory, None);
}

#[test]
fn debug_shows_neither_password_nor_pin() {
    let env = [("SEALIFT_DEVICE_KEY", "pkcs11:object=k;pin-value=hunter2")];
    let shown = format!("{:?}", parse_with(LARGEST, &env).unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn directories_follow_the_configuration_then_xdg_then_home() {
    let env: Environment = [("HOME", "/home/me")].into_iter().collect();
    let nothing = Environment::default();

    let config = parse(SMALLEST);
    assert_eq!(
        config.state_dir(&env).unwrap(),
        Path::new("/home/me/.local/state/sealift")
    );
    assert_eq!(
        config.cache_dir(&env).unwrap(),
        Path::new("/home/me/.cache/sealift")
    );
    assert_eq!(
        config.spool_dir(&env).unwrap(),
        Path::new("/home/me/.local/state/sealift/spool")
    );
    assert!(matches!(
        config.state_dir(&nothing),
        Err(Error::NoStateDirectory { .. })
    ));
    assert!(matches!(
        config.cache_dir(&nothing),
        Err(Error::NoStateDirectory { .. })
    ));

    let config = parse(LARGEST);
    assert_eq!(
        config.state_dir(&env).unwrap(),
        Path::new("/etc/sealift/state")
    );
    assert_eq!(
        config.cache_dir(&nothing).unwrap(),
        Path::new("/etc/sealift/state/cache")
    );
    assert_eq!(
        config.spool_dir(&nothing).unwrap(),
        Path::new("/etc/sealift/../spool")
    );
}

#[test]
fn roles_anywhere_needs_no_endpoint_and_tells_the_region() {
    let text = r#"
        [device]
        certificate = "c"
        key = "k"
        sign_for = ["roles-anywhere"]

        [credentials]
        provider = "roles-anywhere"
        trust_anchor_arn = "arn:aws-cn:rolesanywhere:cn-north-1:123456789012:trust-anchor/4579702c"
        profile_arn = "arn:aws-cn:rolesanywhere:cn-north-1:123456789012:profile/41c10bae"
        role_arn = "arn:aws-cn:iam::123456789012:role/uploads"
        session_name = "gateway-7"
        duration = "1h"
    "#;
    let config = parse(text);
    assert_eq!(config.device.sign_for, [SignaturePurpose::RolesAnywhere]);
    let CredentialProvider::RolesAnywhere(provider) = &config.credentials else {
        panic!("{:?}", config.credentials);
    };
    assert_eq!(
        provider.endpoint.to_string(),
        "rolesanywhere.cn-north-1.amazonaws.com.cn"
    );
    assert_eq!(provider.trust_anchor.resource(), "trust-anchor/4579702c");
    assert_eq!(
        provider.duration.unwrap().duration(),
        Duration::from_hours(1)
    );
    assert_eq!(config.s3().unwrap().region.as_str(), "cn-north-1");
}
