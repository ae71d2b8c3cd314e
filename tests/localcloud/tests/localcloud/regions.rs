//! Buckets that lie elsewhere.

use crate::support::{Cloud, S3};
use localcloud::Settings;

async fn with_far_bucket() -> (Cloud, S3) {
    let cloud = Cloud::with(|settings| {
        settings.buckets = vec!["far@eu-central-1".parse().unwrap()];
    })
    .await;
    let s3 = cloud.s3().await;
    (cloud, s3)
}

fn signing_for(s3: &S3, region: &str) -> S3 {
    S3 {
        region: region.to_owned(),
        ..s3.clone()
    }
}

#[tokio::test]
async fn a_request_for_the_wrong_region_is_told_the_right_one() {
    let (cloud, s3) = with_far_bucket().await;
    let home = s3.put("/far/a", b"1").await;
    assert_eq!(home.error(), (301, "PermanentRedirect"));
    assert_eq!(home.element("Endpoint"), "s3.eu-central-1.amazonaws.com");
    let third = signing_for(&s3, "us-east-1").put("/far/a", b"1").await;
    assert_eq!(third.error(), (400, "AuthorizationHeaderMalformed"));
    assert_eq!(third.element("Region"), "eu-central-1");
    let head = s3.call("HEAD", "/far/a", &[], b"").await;
    assert_eq!((head.status.as_u16(), head.body.len()), (301, 0));
    for answer in [home, third, head] {
        assert_eq!(answer.header("x-amz-bucket-region"), "eu-central-1");
    }
    assert_eq!(cloud.cloud.counts().objects_put, 0);
}

#[tokio::test]
async fn a_request_for_the_buckets_own_region_is_carried_out() {
    let (_cloud, s3) = with_far_bucket().await;
    let there = signing_for(&s3, "eu-central-1");
    assert_eq!(there.put("/far/a", b"1").await.status, 200);
    assert_eq!(there.get("/far/a").await.body, "1");
    let head = there.call("HEAD", "/far", &[], b"").await;
    assert_eq!(head.header("x-amz-bucket-region"), "eu-central-1");
    let location = there.get("/far?location").await;
    assert!(location.text().contains("eu-central-1"), "{location:?}");
    // Other buckets are where they always were.
    assert_eq!(s3.put("/demo/a", b"1").await.status, 200);
    let wrong = there.put("/demo/a", b"1").await;
    assert_eq!(wrong.error(), (400, "AuthorizationHeaderMalformed"));
    assert_eq!(wrong.header("x-amz-bucket-region"), "ap-northeast-1");
}

#[tokio::test]
async fn a_bucket_stays_where_it_is_until_it_is_moved() {
    let (first, _) = with_far_bucket().await;
    first.cloud.shutdown().await;
    let mut dir = first.dir;
    for (bucket, region) in [("far", "eu-central-1"), ("far@us-west-2", "us-west-2")] {
        let mut settings = Settings::new(dir.path());
        settings.buckets = vec![bucket.parse().unwrap()];
        let cloud = localcloud::start(settings).await.unwrap();
        let next = Cloud { cloud, dir };
        let s3 = signing_for(&next.s3().await, region);
        assert_eq!(s3.put("/far/a", b"1").await.status, 200);
        next.cloud.shutdown().await;
        dir = next.dir;
    }
}
