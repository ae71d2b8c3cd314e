//! The credentials provider, as a device meets it.

use std::time::{Duration, SystemTime};

use crate::support::{Cloud, Response};
use localcloud::{Authority, Certificate, KeyType, ROLE_ALIAS, RoleAlias, THING_NAME, Validity};

const PATH: &str = "/role-aliases/s3_role_alias/credentials";

/// A device with a certificate of its own, registered like the first one.
fn register(cloud: &Cloud, key_type: KeyType) -> Certificate {
    let device = cloud
        .cloud
        .authority()
        .issue("other", key_type, Validity::default())
        .unwrap();
    let registry = cloud.cloud.registry();
    registry.register(device.fingerprint());
    registry.attach_thing(device.fingerprint(), "other_thing");
    registry.attach_policy(device.fingerprint(), ROLE_ALIAS);
    device
}

async fn ask(cloud: &Cloud, device: &Certificate, path: &str, thing: &str) -> Response {
    let client = cloud.provider_client(Some((device.certificate_pem(), device.key_pem())));
    client
        .get(path, &[("x-amzn-iot-thingname", thing)])
        .await
        .unwrap()
}

fn refusal(response: &Response) -> (u16, String) {
    assert!(!response.header("x-amzn-errortype").is_empty());
    assert!(!response.header("x-amzn-requestid").is_empty());
    let message = response.json()["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    (response.status.as_u16(), message)
}

#[tokio::test]
async fn the_curl_line_of_the_guide_gets_credentials() {
    let cloud = Cloud::start().await;
    let line = r#". "$0" && curl --silent --show-error --fail \
        --cert device.pem.crt --key private.pem.key -H "x-amzn-iot-thingname: thing_x" \
        --cacert AmazonRootCA1.pem \
        https://$ENDPOINT_NAME/role-aliases/s3_role_alias/credentials"#;
    let output = tokio::process::Command::new("sh")
        .args(["-c", line])
        .arg(&cloud.cloud.paths().env)
        .current_dir(cloud.dir.path())
        .output()
        .await
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let key = json["credentials"]["accessKeyId"].as_str().unwrap();
    assert!(key.starts_with("ASIA") && key.len() == 20, "{key}");
    assert_eq!(cloud.cloud.counts().credentials_issued, 1);
}

#[tokio::test]
async fn every_key_type_can_prove_itself() {
    let cloud = Cloud::start().await;
    for key_type in [
        KeyType::Rsa2048,
        KeyType::EcdsaP256,
        KeyType::EcdsaP384,
        KeyType::Ed25519,
    ] {
        let device = register(&cloud, key_type);
        let response = ask(&cloud, &device, PATH, "other_thing").await;
        assert_eq!(response.status, 200, "{key_type:?}");
    }
}

#[tokio::test]
async fn the_thing_name_is_optional_and_the_alias_is_percent_decoded() {
    let cloud = Cloud::start().await;
    let alias = RoleAlias {
        duration: Duration::from_mins(15),
        max_session_duration: Duration::from_hours(1),
        assumable: true,
    };
    cloud.cloud.registry().set_role_alias("a=b,c@d", alias);
    cloud
        .cloud
        .registry()
        .attach_policy(cloud.cloud.device(), "a=b,c@d");
    let path = "/role-aliases/a%3Db%2Cc%40d/credentials";
    assert_eq!(cloud.device().get(path, &[]).await.unwrap().status, 200);
}

#[tokio::test]
async fn every_cause_of_a_refusal_has_its_own_answer() {
    let cloud = Cloud::start().await;
    let registry = cloud.cloud.registry();
    let device = register(&cloud, KeyType::EcdsaP256);
    let id = device.fingerprint();

    let wrong_thing = ask(&cloud, &device, PATH, THING_NAME).await;
    assert_eq!(
        refusal(&wrong_thing),
        (403, "Invalid thing name passed".to_owned())
    );

    let misspelt = ask(
        &cloud,
        &device,
        "/role-aliases/misspelt/credentials",
        "other_thing",
    )
    .await;
    assert_eq!(
        refusal(&misspelt),
        (404, "Role alias does not exist".to_owned())
    );

    registry.detach_policy(id, ROLE_ALIAS);
    let no_policy = ask(&cloud, &device, PATH, "other_thing").await;
    assert_eq!(refusal(&no_policy), (403, "Access Denied".to_owned()));
    registry.attach_policy(id, ROLE_ALIAS);

    let hour = Duration::from_hours(1);
    let alias = RoleAlias {
        duration: hour,
        max_session_duration: hour,
        assumable: false,
    };
    registry.set_role_alias(ROLE_ALIAS, alias);
    let no_role = ask(&cloud, &device, PATH, "other_thing").await;
    let message = "Unable to assume the role, or the role to assume does not exist";
    assert_eq!(refusal(&no_role), (400, message.to_owned()));

    let alias = RoleAlias {
        duration: hour * 2,
        assumable: true,
        ..alias
    };
    registry.set_role_alias(ROLE_ALIAS, alias);
    let too_long = ask(&cloud, &device, PATH, "other_thing").await;
    let message = "The requested CredentialDurationSeconds exceeds the MaxSessionDuration set for \
                   the role";
    assert_eq!(refusal(&too_long), (400, message.to_owned()));

    registry.set_active(id, false);
    let inactive = ask(&cloud, &device, PATH, "other_thing").await;
    assert_eq!(
        refusal(&inactive),
        (403, "Certificate is invalid on this endpoint".to_owned())
    );

    assert_eq!(cloud.cloud.counts().credentials_issued, 0);
}

#[tokio::test]
async fn a_certificate_that_nobody_registered_gets_nothing() {
    let cloud = Cloud::start().await;
    let authority = cloud.cloud.authority();
    let device = authority
        .issue("new", KeyType::EcdsaP256, Validity::default())
        .unwrap();
    let response = ask(&cloud, &device, PATH, THING_NAME).await;
    assert_eq!(
        refusal(&response),
        (403, "Certificate is invalid on this endpoint".to_owned())
    );
}

#[tokio::test]
async fn other_paths_and_methods_are_unknown() {
    let cloud = Cloud::start().await;
    for path in [
        "/",
        "/role-aliases/",
        "/role-aliases//credentials",
        "/role-aliases/a/b/credentials",
    ] {
        let response = cloud.device().get(path, &[]).await.unwrap();
        assert_eq!(refusal(&response).0, 404, "{path}");
        assert_eq!(
            response.header("x-amzn-errortype"),
            "UnknownOperationException"
        );
    }
    let post = http::Request::post(PATH)
        .header("host", "localhost")
        .body(bytes::Bytes::new());
    let response = cloud.device().send(post.unwrap()).await.unwrap();
    assert_eq!(
        response.header("x-amzn-errortype"),
        "UnknownOperationException"
    );
}

#[tokio::test]
async fn no_handshake_completes_without_a_certificate_of_the_authority() {
    let cloud = Cloud::start().await;
    let stranger = Authority::new().unwrap();
    let refused = [
        stranger
            .issue("thing_x", KeyType::EcdsaP256, Validity::default())
            .unwrap(),
        cloud
            .cloud
            .authority()
            .issue("old", KeyType::EcdsaP256, Validity::expired())
            .unwrap(),
        cloud
            .cloud
            .authority()
            .issue("early", KeyType::EcdsaP256, Validity::not_yet())
            .unwrap(),
    ];
    for device in &refused {
        cloud.cloud.registry().register(device.fingerprint());
        let client = cloud.provider_client(Some((device.certificate_pem(), device.key_pem())));
        client
            .get(PATH, &[])
            .await
            .expect_err("the certificate is not valid here");
    }
    cloud
        .provider_client(None)
        .get(PATH, &[])
        .await
        .expect_err("there is no certificate");
    let counts = cloud.cloud.counts();
    assert_eq!(
        (counts.provider_connections, counts.provider_requests),
        (0, 0)
    );
    assert_eq!(counts.handshakes_failed, 4);
}

#[tokio::test]
async fn only_http_1_1_is_negotiated() {
    let cloud = Cloud::start().await;
    let mut client = cloud.device();
    client.tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = client.connect().await.unwrap();
    assert_eq!(
        stream.get_ref().1.alpn_protocol(),
        Some(b"http/1.1".as_slice())
    );
}

#[tokio::test]
async fn date_and_expiration_follow_the_clouds_clock() {
    const DAY: i64 = 24 * 60 * 60;
    let cloud = Cloud::with(|settings| {
        settings.clock_offset = (-DAY).try_into().unwrap();
        settings.credential_ttl = Duration::from_mins(15);
    })
    .await;
    let response = cloud.device().get(PATH, &[]).await.unwrap();
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let date = time::PrimitiveDateTime::parse(response.header("date"), format)
        .unwrap()
        .assume_utc();
    let yesterday = time::OffsetDateTime::from(SystemTime::now()) - time::Duration::DAY;
    assert!((date - yesterday).abs() < time::Duration::MINUTE, "{date}");
    let expiration = response.json()["credentials"]["expiration"]
        .as_str()
        .unwrap()
        .to_owned();
    let rfc3339 = time::format_description::well_known::Rfc3339;
    let expiration = time::OffsetDateTime::parse(&expiration, &rfc3339).unwrap();
    let life = expiration - date;
    assert!(
        (life - time::Duration::minutes(15)).abs() <= time::Duration::SECOND * 2,
        "{life}"
    );
}

#[tokio::test]
async fn session_tokens_can_be_very_long() {
    let cloud = Cloud::with(|settings| settings.session_token_bytes = 100 * 1024).await;
    let s3 = cloud.s3().await;
    assert_eq!(s3.credentials.session_token.len(), 100 * 1024);
    assert_eq!(s3.put("/demo/a", b"1").await.status, 200);
    let mut http2 = s3.clone();
    http2.client.tls.alpn_protocols = vec![b"h2".to_vec()];
    assert_eq!(http2.put("/demo/b", b"2").await.status, 200);
}
