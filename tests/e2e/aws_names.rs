//! Against AWS itself nothing differs but the configuration: the names that a device asks for, seen from
//! the servers behind them. A proxy leads every name to a server of the test's.

use localcloud::Validity;
use sealift_tests::{Cloud, Outcome, Program, Proxy, Request, Server, Verdict, tls};

/// What a device in `region` asked for, and of whom.
struct Seen {
    outcome: Outcome,
    /// The targets of its tunnels.
    tunnels: Vec<String>,
    requests: Vec<Request>,
}

/// `sealift put` of a small file into `bucket`, with credentials of that endpoint. `hosts` are what the server's
/// certificate names.
fn put(endpoint: &str, s3: &str, bucket: &str, hosts: &[&str]) -> Seen {
    let cloud = Cloud::start();
    let names: Vec<&str> = hosts.iter().copied().chain([endpoint]).collect();
    let tls = tls(
        cloud.authority(),
        cloud.authority(),
        &names,
        Validity::default(),
    );
    let aws = Server::aws(tls, |exchange| {
        exchange.answer("200 OK", &["etag: \"e\""], b"");
    });
    let address = aws.address();
    let proxy = Proxy::start(move |_| Verdict::Connect(address));
    let outcome = Program::new()
        .arg("--config")
        .arg(configuration(&cloud, endpoint, s3))
        .env("HTTPS_PROXY", format!("http://{}", proxy.address()))
        .arg("put")
        .arg(cloud.file("measurements.csv", "1;2;3\n"))
        .arg(format!("s3://{bucket}/data/to day.csv"))
        .run();
    let tunnels = proxy
        .asked()
        .into_iter()
        .map(|asked| asked.target)
        .collect();
    Seen {
        outcome,
        tunnels,
        requests: aws.requests(),
    }
}

fn configuration(cloud: &Cloud, endpoint: &str, s3: &str) -> std::path::PathBuf {
    let paths = cloud.paths();
    let [certificate, key, ca] =
        [&paths.certificate, &paths.key, &paths.ca].map(|path| path.display());
    cloud.file(
        "aws.toml",
        format!(
            "[device]\nthing_name = \"thing_x\"\ncertificate = \"{certificate}\"\nkey = \"{key}\"\nca = \"{ca}\"\n\
             [credentials]\nendpoint = \"{endpoint}\"\nrole_alias = \"s3_role_alias\"\n\
             [s3]\n{s3}\n"
        ),
    )
}

impl Seen {
    /// The two requests: for credentials from `endpoint`, then the object to `host` at `target`, signed for `region`.
    #[track_caller]
    fn is(&self, endpoint: &str, host: &str, target: &str, region: &str) {
        self.outcome.done();
        assert_eq!(
            self.tunnels,
            [format!("{endpoint}:443"), format!("{host}:443")]
        );
        let [fetch, put] = &self.requests[..] else {
            panic!("{:?}", self.requests)
        };
        assert_eq!(
            (fetch.sni.as_deref(), fetch.header("host")),
            (Some(endpoint), Some(endpoint))
        );
        assert_eq!(
            (fetch.method.as_str(), fetch.target.as_str()),
            ("GET", "/role-aliases/s3_role_alias/credentials")
        );
        assert_eq!(fetch.header("x-amzn-iot-thingname"), Some("thing_x"));
        assert!(
            fetch.identified,
            "the device shows its certificate to the credentials provider"
        );
        assert_eq!(
            (put.sni.as_deref(), put.header("host")),
            (Some(host), Some(host))
        );
        assert_eq!((put.method.as_str(), put.target.as_str()), ("PUT", target));
        assert!(!put.identified, "and to nobody else");
        assert_eq!(put.header("x-amz-security-token"), Some("token"));
        let signature = put.header("authorization").unwrap();
        assert!(
            signature.contains(&format!("/{region}/s3/aws4_request")),
            "{signature}"
        );
        assert!(
            signature.contains("SignedHeaders=") && signature.contains("host"),
            "{signature}"
        );
    }
}

/// The endpoint of an account in that region.
fn endpoint(region: &str) -> String {
    format!("c0ffee.credentials.iot.{region}.amazonaws.com")
}

#[test]
fn in_a_commercial_region() {
    let (endpoint, host) = (
        endpoint("ap-northeast-1"),
        "demo.s3.ap-northeast-1.amazonaws.com",
    );
    let seen = put(&endpoint, "region = \"ap-northeast-1\"", "demo", &[host]);
    seen.is(&endpoint, host, "/data/to%20day.csv", "ap-northeast-1");
}

#[test]
fn the_credentials_endpoint_tells_the_region() {
    let (endpoint, host) = (
        endpoint("eu-central-1"),
        "demo.s3.eu-central-1.amazonaws.com",
    );
    put(&endpoint, "", "demo", &[host]).is(&endpoint, host, "/data/to%20day.csv", "eu-central-1");
}

#[test]
fn in_china() {
    let endpoint = "c0ffee.credentials.iot.cn-north-1.amazonaws.com.cn";
    let host = "demo.s3.cn-north-1.amazonaws.com.cn";
    put(endpoint, "region = \"cn-north-1\"", "demo", &[host]).is(
        endpoint,
        host,
        "/data/to%20day.csv",
        "cn-north-1",
    );
}

#[test]
fn in_the_european_sovereign_cloud() {
    let endpoint = "c0ffee.credentials.iot.eusc-de-east-1.amazonaws.eu";
    let host = "demo.s3.eusc-de-east-1.amazonaws.eu";
    let seen = put(endpoint, "region = \"eusc-de-east-1\"", "demo", &[host]);
    seen.is(endpoint, host, "/data/to%20day.csv", "eusc-de-east-1");
}

#[test]
fn in_govcloud() {
    let (endpoint, host) = (
        endpoint("us-gov-west-1"),
        "demo.s3.us-gov-west-1.amazonaws.com",
    );
    let seen = put(&endpoint, "region = \"us-gov-west-1\"", "demo", &[host]);
    seen.is(&endpoint, host, "/data/to%20day.csv", "us-gov-west-1");
}

/// A wildcard certificate such as S3's covers one label, so dots cannot go before the host.
#[test]
fn a_bucket_with_dots_goes_into_the_path() {
    let (endpoint, host) = (
        endpoint("ap-northeast-1"),
        "s3.ap-northeast-1.amazonaws.com",
    );
    let wildcard = "*.s3.ap-northeast-1.amazonaws.com";
    let seen = put(
        &endpoint,
        "region = \"ap-northeast-1\"",
        "logs.example.com",
        &[host, wildcard],
    );
    seen.is(
        &endpoint,
        host,
        "/logs.example.com/data/to%20day.csv",
        "ap-northeast-1",
    );
}

#[test]
fn the_configuration_can_ask_for_the_path() {
    let (endpoint, host) = (
        endpoint("ap-northeast-1"),
        "s3.ap-northeast-1.amazonaws.com",
    );
    let seen = put(
        &endpoint,
        "region = \"ap-northeast-1\"\naddressing = \"path\"",
        "demo",
        &[host],
    );
    seen.is(&endpoint, host, "/demo/data/to%20day.csv", "ap-northeast-1");
}

#[test]
fn the_provider_may_be_in_another_region_than_the_bucket() {
    let (endpoint, host) = (
        endpoint("us-east-1"),
        "demo.s3.ap-northeast-1.amazonaws.com",
    );
    let seen = put(&endpoint, "region = \"ap-northeast-1\"", "demo", &[host]);
    seen.is(&endpoint, host, "/data/to%20day.csv", "ap-northeast-1");
}

#[test]
fn a_server_that_cannot_prove_its_name_gets_nothing() {
    let endpoint = endpoint("ap-northeast-1");
    let seen = put(
        &endpoint,
        "region = \"ap-northeast-1\"",
        "demo",
        &["other.s3.ap-northeast-1.amazonaws.com"],
    );
    seen.outcome.failed(
        1,
        &[
            "https://demo.s3.ap-northeast-1.amazonaws.com",
            "the server's certificate is for other names",
        ],
    );
    assert_eq!(seen.requests.len(), 1, "credentials, and no object");
}

#[test]
fn by_ipv6_too() {
    let (endpoint, host) = (
        endpoint("ap-northeast-1"),
        "demo.s3.dualstack.ap-northeast-1.amazonaws.com",
    );
    let seen = put(&endpoint, "dual_stack = true", "demo", &[host]);
    seen.is(&endpoint, host, "/data/to%20day.csv", "ap-northeast-1");
}

#[test]
fn with_cryptography_as_fips_140_has_it() {
    let (endpoint, host) = (
        endpoint("us-east-1"),
        "demo.s3-fips.us-east-1.amazonaws.com",
    );
    put(&endpoint, "fips = true", "demo", &[host]).is(
        &endpoint,
        host,
        "/data/to%20day.csv",
        "us-east-1",
    );
    let host = "demo.s3-fips.dualstack.us-east-1.amazonaws.com";
    let seen = put(&endpoint, "fips = true\ndual_stack = true", "demo", &[host]);
    seen.is(&endpoint, host, "/data/to%20day.csv", "us-east-1");
}

/// The edge is in no region, and requests are signed for the bucket's.
#[test]
fn by_the_nearest_edge() {
    let endpoint = endpoint("ap-northeast-1");
    for (more, host) in [
        ("", "demo.s3-accelerate.amazonaws.com"),
        (
            "\ndual_stack = true",
            "demo.s3-accelerate.dualstack.amazonaws.com",
        ),
    ] {
        let seen = put(
            &endpoint,
            &format!("accelerate = true{more}"),
            "demo",
            &[host],
        );
        seen.is(&endpoint, host, "/data/to%20day.csv", "ap-northeast-1");
    }
}

#[test]
fn through_an_access_point() {
    let endpoint = endpoint("ap-northeast-1");
    let arn = "arn:aws:s3:ap-northeast-1:123456789012:accesspoint/plant-7";
    let host = "plant-7-123456789012.s3-accesspoint.ap-northeast-1.amazonaws.com";
    put(&endpoint, "", arn, &[host]).is(&endpoint, host, "/data/to%20day.csv", "ap-northeast-1");
}

/// The ARN says where an access point is, and the request is signed for that region.
#[test]
fn through_an_access_point_of_another_region() {
    let endpoint = endpoint("ap-northeast-1");
    let arn = "arn:aws:s3:eu-central-1:123456789012:accesspoint/plant-7";
    let host = "plant-7-123456789012.s3-accesspoint.eu-central-1.amazonaws.com";
    put(&endpoint, "", arn, &[host]).is(&endpoint, host, "/data/to%20day.csv", "eu-central-1");
}
