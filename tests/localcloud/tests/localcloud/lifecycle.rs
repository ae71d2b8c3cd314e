//! Starting, stopping and starting again in the same directory.

use std::path::Path;

use crate::support::Cloud;
use localcloud::{Error, PROFILE_ARN, ROLE_ARN, Settings, TRUST_ANCHOR_ARN};
use tokio::net::TcpStream;

fn lines_of(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn env_and_configuration_name_what_was_started() {
    let cloud = Cloud::with(|settings| settings.buckets = vec!["first".parse().unwrap()]).await;
    let (cloud, paths) = (&cloud.cloud, cloud.cloud.paths());
    assert_eq!(
        lines_of(&paths.env),
        [
            format!("export ENDPOINT_NAME='{}'", cloud.credentials_endpoint()),
            format!(
                "export ROLES_ANYWHERE_ENDPOINT='{}'",
                cloud.roles_anywhere_endpoint()
            ),
            format!("export TRUST_ANCHOR_ARN='{TRUST_ANCHOR_ARN}'"),
            format!("export PROFILE_ARN='{PROFILE_ARN}'"),
            format!("export ROLE_ARN='{ROLE_ARN}'"),
            format!("export JOBS_ENDPOINT='{}'", cloud.jobs_endpoint()),
            format!("export AWS_ENDPOINT_URL_S3='{}'", cloud.s3_endpoint()),
            "export AWS_REGION='ap-northeast-1'".to_owned(),
            "export AWS_DEFAULT_REGION='ap-northeast-1'".to_owned(),
            format!("export AWS_CA_BUNDLE='{}'", paths.ca.display()),
            "export BUCKET='first'".to_owned(),
        ]
    );
    assert!(paths.ca.is_absolute());
    let config = lines_of(&paths.config);
    assert!(config.contains(&format!(
        "endpoint   = \"{}\"",
        cloud.credentials_endpoint()
    )));
    assert!(config.contains(&format!("endpoint = \"{}\"", cloud.s3_endpoint())));
    let config = lines_of(&paths.roles_anywhere_config).join("\n");
    let credentials = format!(
        r#"
[device]
certificate = "device.pem.crt"
key         = "private.pem.key"
ca          = "AmazonRootCA1.pem"
sign_for    = ["roles-anywhere"]

[credentials]
provider         = "roles-anywhere"
endpoint         = "{}"
trust_anchor_arn = "{TRUST_ANCHOR_ARN}"
profile_arn      = "{PROFILE_ARN}"
role_arn         = "{ROLE_ARN}"

[s3]
region   = "ap-northeast-1"
endpoint = "{}"
"#,
        cloud.roles_anywhere_endpoint(),
        cloud.s3_endpoint()
    );
    assert!(config.contains(&credentials), "{config}");
    for bucket in ["first", "demo"] {
        assert!(paths.objects.join(bucket).is_dir());
    }
}

#[tokio::test]
async fn what_was_there_is_used_again() {
    let first = Cloud::start().await;
    let s3 = first.s3().await;
    s3.call("PUT", "/demo/a", &[("x-amz-meta-owner", "me")], b"bytes")
        .await;
    let created = s3.call("POST", "/demo/big?uploads", &[], b"").await;
    let upload = created.element("UploadId").to_owned();
    s3.put(
        &format!("/demo/big?partNumber=1&uploadId={upload}"),
        b"part",
    )
    .await;
    let device = first.cloud.device();
    first.cloud.shutdown().await;

    let cloud = localcloud::start(Settings::new(first.dir.path()))
        .await
        .unwrap();
    let second = Cloud {
        cloud,
        dir: first.dir,
    };
    assert_eq!(second.cloud.device(), device);
    let s3 = second.s3().await;
    let got = s3.get("/demo/a").await;
    assert_eq!(
        (&got.body[..], got.header("x-amz-meta-owner")),
        (b"bytes".as_slice(), "me")
    );
    let parts = s3.get(&format!("/demo/big?uploadId={upload}")).await;
    assert_eq!(parts.elements("PartNumber"), ["1"]);
    let uploads = s3.get("/demo?uploads").await;
    assert_eq!(uploads.elements("UploadId"), [upload.as_str()]);
    let list = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part>\
         </CompleteMultipartUpload>",
        parts.element("ETag")
    );
    let path = format!("/demo/big?uploadId={upload}");
    let completed = s3.call("POST", &path, &[], list.as_bytes()).await;
    assert_eq!(completed.status, 200, "{completed:?}");
    assert_eq!(s3.get("/demo/big").await.body, "part");
    assert!(
        s3.get("/demo?uploads")
            .await
            .elements("UploadId")
            .is_empty()
    );
}

#[tokio::test]
async fn one_directory_is_for_one_cloud_at_a_time() {
    let cloud = Cloud::start().await;
    let error = localcloud::start(Settings::new(cloud.dir.path()))
        .await
        .expect_err("in use");
    assert!(matches!(error, Error::Busy(_)), "{error}");
}

#[tokio::test]
async fn shutdown_closes_idle_connections_and_the_ports() {
    let cloud = Cloud::start().await;
    let address = cloud.cloud.credentials_endpoint().to_owned();
    let _idle = cloud.device().connect().await.unwrap();
    cloud.cloud.shutdown().await;
    TcpStream::connect(address)
        .await
        .expect_err("nobody listens");
}
