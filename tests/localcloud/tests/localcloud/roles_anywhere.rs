//! Roles Anywhere, as a client meets it that somebody else might have written (in Python).

use std::time::Duration;

use crate::support::{Cloud, Credentials, Refused, Signer, judge, python};
use localcloud::{
    Certificate, KeyType, Operation, PROFILE_ARN, ROLE_ARN, RolesAnywhere, TRUST_ANCHOR_ARN,
    Validity,
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

fn device(cloud: &Cloud) -> Certificate {
    let authority = cloud.cloud.authority();
    let validity = Validity::default();
    authority
        .issue("gateway-7", KeyType::EcdsaP256, validity)
        .unwrap()
}

fn lifetime(session: &Value, now: OffsetDateTime) -> time::Duration {
    let credentials = Credentials::of_session(session);
    OffsetDateTime::parse(&credentials.expiration, &Rfc3339).unwrap() - now
}

#[track_caller]
fn assert_denied(refused: &Refused, message: &str, reason: &str) {
    assert_words(refused, 403, "AccessDeniedException", message, reason);
}

#[track_caller]
fn assert_words(refused: &Refused, status: u16, kind: &str, message: &str, reason: &str) {
    let expected = Refused {
        status,
        kind: kind.to_owned(),
        message: message.to_owned(),
        reason: reason.to_owned(),
    };
    assert_eq!(*refused, expected);
}

#[tokio::test]
async fn every_kind_of_key_gets_credentials_that_s3_takes() {
    let cloud = Cloud::start().await;
    for key_type in [KeyType::Rsa2048, KeyType::EcdsaP256, KeyType::EcdsaP384] {
        let authority = cloud.cloud.authority();
        let device = authority.issue("gateway-7", key_type, Validity::default());
        for names_in in ["query", "body"] {
            let mut signer = Signer::of(&cloud, device.as_ref().unwrap());
            signer.option("--names-in", names_in);
            assert_eq!(judge(&signer.request().await).await, ["ok"]);
            let s3 = cloud.s3_with(Credentials::of_session(&signer.session().await));
            assert_eq!(s3.put("/demo/a", b"1").await.status, 200, "{key_type:?}");
        }
    }
    let counts = cloud.cloud.counts();
    assert_eq!(counts.requests(Operation::CreateSession), 6);
    assert_eq!(
        (counts.roles_anywhere_requests, counts.credentials_issued),
        (6, 6)
    );
    assert_eq!((counts.provider_requests, counts.s3_requests), (0, 6));
    assert_eq!(counts.roles_anywhere_connections, 6);
}

#[tokio::test]
async fn the_written_device_and_variables_are_all_that_a_client_needs() {
    let cloud = Cloud::start().await;
    let script = r#". ./env && exec "$@" --endpoint "$ROLES_ANYWHERE_ENDPOINT" \
        --ca "$AWS_CA_BUNDLE" --certificate device.pem.crt --key private.pem.key \
        --trust-anchor-arn "$TRUST_ANCHOR_ARN" --profile-arn "$PROFILE_ARN" --role-arn "$ROLE_ARN""#;
    let client = python();
    let client = client.as_std();
    let output = tokio::process::Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(client.get_program())
        .args(client.get_args())
        .current_dir(cloud.dir.path())
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let session: Value = serde_json::from_slice(&output.stdout).unwrap();
    let id = &session["credentialSet"][0]["sourceIdentity"];
    assert_eq!(id, "CN=AWS IoT Certificate");
}

#[tokio::test]
async fn the_answer_has_the_form_that_the_guide_shows() {
    let cloud = Cloud::start().await;
    let device = device(&cloud);
    let response = cloud
        .send_session(&Signer::of(&cloud, &device).request().await)
        .await;
    assert_eq!(response.status, 201);
    assert_eq!(response.header("content-type"), "application/json");
    let mut session = response.json();
    let credentials = session["credentialSet"][0]["credentials"].take();
    let mut names: Vec<_> = credentials.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "accessKeyId",
            "expiration",
            "secretAccessKey",
            "sessionToken"
        ]
    );
    let arn = session["credentialSet"][0]["assumedRoleUser"]["arn"].clone();
    let name = arn.as_str().unwrap().rsplit('/').next().unwrap();
    assert!(
        name.len() >= 16 && name.bytes().all(|digit| digit.is_ascii_hexdigit()),
        "the serial number names the session: {name}"
    );
    let subject = session["subjectArn"].clone();
    let start = "arn:aws:rolesanywhere:ap-northeast-1:123456789012:subject/";
    assert_eq!(
        subject.as_str().unwrap().strip_prefix(start).unwrap().len(),
        36
    );
    let expected = json!({
        "credentialSet": [{
            "assumedRoleUser": {
                "arn": format!("arn:aws:sts::123456789012:assumed-role/s3_role/{name}"),
                "assumedRoleId": format!("AROALOCALCLOUDROLE000:{name}"),
            },
            "credentials": null,
            "packedPolicySize": 0,
            "roleArn": ROLE_ARN,
            "sourceIdentity": "CN=gateway-7",
        }],
        "subjectArn": subject,
    });
    assert_eq!(session, expected);
}

#[tokio::test]
async fn intermediate_certificates_lead_to_the_trust_anchor() {
    let cloud = Cloud::start().await;
    let validity = Validity::default();
    let plant = cloud.cloud.authority().subordinate("Plant", validity);
    let plant = plant.unwrap();
    let line = plant.subordinate("Line", validity).unwrap();
    let device = line
        .issue("gateway-7", KeyType::EcdsaP256, validity)
        .unwrap();
    let [line, plant] = [line.certificate_pem(), plant.certificate_pem()];
    for chain in [format!("{line}{plant}"), format!("{plant}{line}")] {
        let session = Signer::of(&cloud, &device).chain(&chain).session().await;
        let s3 = cloud.s3_with(Credentials::of_session(&session));
        assert_eq!(s3.put("/demo/a", b"1").await.status, 200);
    }
    let untrusted = "the trust anchor does not vouch for the signing certificate: UnknownIssuer";
    let message = "Untrusted signing certificate";
    assert_denied(
        &Signer::of(&cloud, &device).refused().await,
        message,
        untrusted,
    );
    let half = Signer::of(&cloud, &device).chain(line).refused().await;
    assert_denied(&half, message, untrusted);
    let six = Signer::of(&cloud, &device)
        .chain(&line.repeat(6))
        .refused()
        .await;
    let too_long = "X-Amz-X509-Chain has more than five certificates";
    assert_words(
        &six,
        400,
        "ValidationException",
        "Certificate chain is too long",
        too_long,
    );
}

#[tokio::test]
async fn what_is_switched_off_or_not_there_has_its_own_answer() {
    let cloud = Cloud::start().await;
    let device = device(&cloud);
    let refused = async |state: RolesAnywhere| {
        cloud.cloud.set_roles_anywhere(state);
        Signer::of(&cloud, &device).refused().await
    };
    let with = |change: fn(&mut RolesAnywhere)| {
        let mut state = RolesAnywhere::default();
        change(&mut state);
        state
    };
    let anchor = refused(with(|state| state.trust_anchor.enabled = false)).await;
    assert_denied(
        &anchor,
        "Trust anchor is disabled",
        "the trust anchor is disabled",
    );
    let profile = refused(with(|state| state.profile.enabled = false)).await;
    assert_denied(&profile, "Profile is disabled", "the profile is disabled");
    let listed = refused(with(|state| state.profile.lists_role = false)).await;
    let not_listed = "Requested Role isn't one of those listed in the Profile.";
    assert_denied(&listed, not_listed, "the role is not in the profile");
    let role = refused(with(|state| state.role.assumable = false)).await;
    assert_denied(
        &role,
        &format!("Unable to assume role for {ROLE_ARN}"),
        "the role does not trust rolesanywhere.amazonaws.com",
    );
    cloud.cloud.set_roles_anywhere(RolesAnywhere::default());

    let other = async |option: &str, arn: &str, from: &str, to: &str| {
        assert!(arn.contains(from));
        let arn = arn.replace(from, to);
        let mut signer = Signer::of(&cloud, &device);
        signer.option(option, arn).refused().await
    };
    let anchor = other("--trust-anchor-arn", TRUST_ANCHOR_ARN, "6f0c", "6f0d").await;
    assert_words(
        &anchor,
        404,
        "ResourceNotFoundException",
        "Specified Trust Anchor wasn't found.",
        "the trust anchor does not exist",
    );
    let profile = other("--profile-arn", PROFILE_ARN, "b81e", "b81f").await;
    assert_denied(
        &profile,
        "Invalid or empty profile provided.",
        "the profile does not exist",
    );
    let role = other("--role-arn", ROLE_ARN, "s3_role", "admin").await;
    assert_denied(&role, not_listed, "the role is not in the profile");
    Signer::of(&cloud, &device).session().await;
}

#[tokio::test]
async fn a_session_has_a_name_only_if_the_profile_accepts_one() {
    let cloud = Cloud::start().await;
    let device = device(&cloud);
    let mut signer = Signer::of(&cloud, &device);
    signer.option("--role-session-name", "line.3");
    assert_denied(
        &signer.refused().await,
        "Not authorized to set roleSessionName",
        "the profile does not accept role session names",
    );
    let mut state = RolesAnywhere::default();
    state.profile.accepts_role_session_name = true;
    cloud.cloud.set_roles_anywhere(state);
    let session = signer.session().await;
    let arn = &session["credentialSet"][0]["assumedRoleUser"]["arn"];
    assert_eq!(arn, "arn:aws:sts::123456789012:assumed-role/s3_role/line.3");
}

#[tokio::test]
async fn a_session_ends_when_the_request_and_the_profile_say_and_is_never_longer_than_the_role_allows()
 {
    const HOUR: Duration = Duration::from_hours(1);
    let cloud = Cloud::with(|settings| {
        settings.credential_ttl = 2 * HOUR;
        settings.roles_anywhere.role.max_session_duration = HOUR;
    })
    .await;
    let device = device(&cloud);
    let exceeded = format!(
        "Unable to assume role for {ROLE_ARN}. The requested DurationSeconds exceeds the \
         MaxSessionDuration set for this role."
    );
    let reason = "the session would be longer than the role allows";
    assert_denied(
        &Signer::of(&cloud, &device).refused().await,
        &exceeded,
        reason,
    );
    for (asked, given) in [(900, 900), (3600, 3600)] {
        let now = cloud.cloud.clock().now();
        let mut signer = Signer::of(&cloud, &device);
        let session = signer.option("--duration", asked.to_string()).session();
        let life = lifetime(&session.await, now);
        // Whole seconds are written, and some pass.
        let range = given - 1..given + 30;
        assert!(range.contains(&life.whole_seconds()), "{asked}: {life}");
    }
}

#[tokio::test]
async fn credentials_expire_and_are_limited_like_those_of_the_other_provider() {
    let cloud = Cloud::with(|settings| {
        settings.credential_ttl = Duration::ZERO;
        settings.allow = Some(vec!["s3:PutObject".parse().unwrap()]);
    })
    .await;
    let device = device(&cloud);
    let session = Signer::of(&cloud, &device).session().await;
    let expired = cloud.s3_with(Credentials::of_session(&session));
    let answer = expired.put("/demo/a", b"1").await;
    assert_eq!(answer.error(), (400, "ExpiredToken"));

    let cloud = Cloud::with(|settings| {
        settings.allow = Some(vec!["s3:PutObject".parse().unwrap()]);
    })
    .await;
    let device = self::device(&cloud);
    let session = Signer::of(&cloud, &device).session().await;
    let limited = cloud.s3_with(Credentials::of_session(&session));
    assert_eq!(limited.put("/demo/a", b"1").await.status, 200);
    let answer = limited.get("/demo/a").await;
    assert_eq!(answer.error(), (403, "AccessDenied"));
}

#[tokio::test]
async fn faults_meet_create_session_like_any_operation() {
    let cloud = Cloud::with(|settings| {
        settings
            .fault("CreateSession:status=503,retry-after=7,times=1")
            .unwrap()
            .fault("CreateSession:late-error=429,code=SlowDown,times=1")
            .unwrap()
            .fault("*:lost,times=1")
            .unwrap();
    })
    .await;
    let device = device(&cloud);
    let request = Signer::of(&cloud, &device).request().await;
    let unavailable = cloud.send_session(&request).await;
    assert_eq!(unavailable.status, 503);
    assert_eq!(unavailable.header("retry-after"), "7");
    assert_eq!(
        unavailable.header("x-amzn-errortype"),
        "ServiceUnavailableException"
    );
    assert_eq!(cloud.cloud.counts().credentials_issued, 0);
    let late = cloud.send_session(&request).await;
    assert_eq!(
        (late.status.as_u16(), late.header("x-amzn-errortype")),
        (429, "SlowDown")
    );
    assert_eq!(cloud.cloud.counts().credentials_issued, 1);
    let address = cloud.cloud.roles_anywhere_endpoint();
    let any = http::Request::post("/sessions").header("host", address);
    cloud
        .roles_anywhere()
        .send(any.body(bytes::Bytes::new()).unwrap())
        .await
        .expect_err("the answer is lost");
    assert_eq!(cloud.send_session(&request).await.status, 201);
    assert_eq!(cloud.cloud.counts().faults, 3);
    let error = "CreateSession:expired-token".parse::<localcloud::Fault>();
    assert_eq!(
        error.unwrap_err().to_string(),
        "CreateSession cannot have the fault `expired-token`: it is for operations of S3"
    );
}

#[tokio::test]
async fn parameters_are_held_to_their_limits() {
    let cloud = Cloud::start().await;
    let device = device(&cloud);
    let refused = async |change: &dyn Fn(&mut Value)| {
        let mut request = Signer::of(&cloud, &device).request().await;
        change(&mut request);
        cloud.refused(&request).await
    };
    let kind = "ValidationException";
    let short = refused(&|request| request["body"] = r#"{"durationSeconds":899}"#.into()).await;
    assert_words(
        &short,
        400,
        kind,
        "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy \
         constraint: Member must have value greater than or equal to 900",
        "durationSeconds is 899",
    );
    let no_names = refused(&|request| request["path"] = "/sessions".into()).await;
    assert_words(
        &no_names,
        400,
        kind,
        "1 validation error detected: Value null at 'trustAnchorArn' failed to satisfy \
         constraint: Member must not be null",
        "trustAnchorArn is missing",
    );
    let no_json = refused(&|request| request["body"] = "durationSeconds=900".into()).await;
    assert_words(
        &no_json,
        400,
        kind,
        "Malformed request body",
        "the body is not a JSON object of the parameters",
    );
    let long = " ".repeat(64 * 1024 + 1);
    let too_long = refused(&|request| request["body"] = long.as_str().into()).await;
    assert_words(
        &too_long,
        400,
        kind,
        "Request body is too long",
        "the body is too long or too slow",
    );
}

#[tokio::test]
async fn other_paths_and_methods_are_unknown() {
    let cloud = Cloud::start().await;
    for (method, path) in [
        ("GET", "/sessions"),
        ("POST", "/"),
        ("POST", "/sessions/"),
        ("POST", "/profiles"),
    ] {
        let address = cloud.cloud.roles_anywhere_endpoint();
        let request = http::Request::builder().method(method).uri(path);
        let request = request.header("host", address).body(bytes::Bytes::new());
        let response = cloud.roles_anywhere().send(request.unwrap()).await.unwrap();
        assert_eq!(response.status, 404, "{method} {path}");
        assert_eq!(
            response.header("x-amzn-errortype"),
            "UnknownOperationException"
        );
    }
}
