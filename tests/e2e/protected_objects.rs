//! Keys, locks and grants, as AWS's own client reads them back.

use sealift_tests::{Aws, Cloud, Outcome, Program};
use serde_json::{Value, json};

/// One `PUT`, and parts.
const SIZES: [usize; 2] = [1000, 17 << 20];

const KEY: [u8; 32] = *b"0123456789abcdef0123456789ABCDEF";

/// Asks with the customer key in `argv[1]` (none if it is empty), and prints the error code, or the object's
/// length and digest and how it is encrypted.
const WITH_KEY: &str = r#"
import botocore, hashlib
key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": sys.argv[1]} if sys.argv[1] else {}
try:
    got = s3.get_object(Bucket="demo", Key="key", **key)
    body = got["Body"].read()
    seen = [len(body), hashlib.sha256(body).hexdigest(), got["SSECustomerAlgorithm"]]
except botocore.exceptions.ClientError as error:
    seen = error.response["Error"]["Code"]
json.dump(seen, sys.stdout)
"#;

fn contents(size: usize) -> Vec<u8> {
    (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect()
}

fn put(cloud: &Cloud, size: usize, options: &[&str]) -> Outcome {
    let file = cloud.file("file", contents(size));
    let put = Program::on(cloud).arg("put").args(options);
    put.arg(file).arg("s3://demo/key").run()
}

/// What boto3 prints of `s3://demo/key` after a `put` with these options.
fn seen(size: usize, options: &[&str], program: &str) -> Value {
    let cloud = Cloud::start();
    put(&cloud, size, options).done();
    Aws::on(&cloud).boto3(program, &[])
}

/// The digest that Python has of it.
fn sha256(aws: &Aws<'_>, size: usize) -> Value {
    let program = "import hashlib\n\
         data = bytes(n % 251 for n in range(int(sys.argv[1])))\n\
         json.dump(hashlib.sha256(data).hexdigest(), sys.stdout)";
    aws.boto3(program, &[&size.to_string()])
}

#[test]
fn a_customer_key_is_needed_to_read_what_it_encrypted() {
    for size in SIZES {
        let cloud = Cloud::start();
        let key = cloud.file("customer.key", KEY);
        put(&cloud, size, &["--sse-c-key", key.to_str().unwrap()]).done();
        let aws = Aws::on(&cloud);
        let read = |key: &str| aws.boto3(WITH_KEY, &[key]);
        let whole = json!([size, sha256(&aws, size), "AES256"]);
        assert_eq!(read(str::from_utf8(&KEY).unwrap()), whole);
        assert_eq!(read(""), "InvalidRequest", "{size}");
        assert_eq!(
            read("another key, also of 32 bytes ok"),
            "AccessDenied",
            "{size}"
        );
    }
}

#[test]
fn a_lock_and_a_legal_hold_are_kept() {
    let options = [
        "--object-lock-mode=COMPLIANCE",
        "--object-lock-retain-until=2031-01-31T12:00:00Z",
        "--legal-hold=on",
    ];
    let program = r#"
of = {"Bucket": "demo", "Key": "key"}
retention = s3.get_object_retention(**of)["Retention"]
hold = s3.get_object_legal_hold(**of)["LegalHold"]["Status"]
json.dump([retention["Mode"], retention["RetainUntilDate"].isoformat(), hold], sys.stdout)
"#;
    for size in SIZES {
        let expected = json!(["COMPLIANCE", "2031-01-31T12:00:00+00:00", "ON"]);
        assert_eq!(seen(size, &options, program), expected, "{size}");
    }
}

#[test]
fn a_canned_acl_becomes_grants() {
    let program = r#"
grants = s3.get_object_acl(Bucket="demo", Key="key")["Grants"]
told = [[grant["Grantee"].get("URI", "").split("/")[-1], grant["Permission"]] for grant in grants]
json.dump(sorted(told), sys.stdout)
"#;
    for size in SIZES {
        let owner = json!(["", "FULL_CONTROL"]);
        let private = seen(size, &[], program);
        assert_eq!(private, json!([owner]), "{size}");
        let public = seen(size, &["--acl=public-read"], program);
        assert_eq!(public, json!([owner, ["AllUsers", "READ"]]), "{size}");
    }
}

#[test]
fn a_kms_key_is_told_back() {
    let options = [
        "--sse=aws:kms",
        "--sse-kms-key-id=alias/gateway",
        "--bucket-key-enabled",
    ];
    let program = r#"
head = s3.head_object(Bucket="demo", Key="key")
told = [head["ServerSideEncryption"], head["SSEKMSKeyId"].split(":")[-1], head["BucketKeyEnabled"]]
json.dump(told, sys.stdout)
"#;
    for size in SIZES {
        let expected = json!(["aws:kms", "alias/gateway", true]);
        assert_eq!(seen(size, &options, program), expected, "{size}");
    }
}
