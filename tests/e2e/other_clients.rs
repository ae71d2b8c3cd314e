//! What we uploaded, downloaded and verified by AWS's own clients: bytes, checksums, and what was said of the object.

use sealift_tests::{Aws, Cloud, Program};
use serde_json::{Value, json};

const MIB: usize = 1 << 20;

/// A single object, and parts of which the last is short.
const SIZES: [usize; 2] = [1000, 17 * MIB + 1];

/// What S3 calls the algorithms, and of which type their checksums of objects of parts are.
const ALGORITHMS: [(&str, &str, &str); 5] = [
    ("crc64nvme", "ChecksumCRC64NVME", "FULL_OBJECT"),
    ("crc32", "ChecksumCRC32", "FULL_OBJECT"),
    ("crc32c", "ChecksumCRC32C", "FULL_OBJECT"),
    ("sha1", "ChecksumSHA1", "COMPOSITE"),
    ("sha256", "ChecksumSHA256", "COMPOSITE"),
];

/// Reads `argv[1]` with checksums on; prints the checksum's type, whether it is what this client makes of
/// the bytes in the file `argv[2]` (only for `FULL_OBJECT`), and whether the bytes are those.
const VERIFY: &str = r#"
import base64, hashlib
from awscrt import checksums
name, data = sys.argv[3], open(sys.argv[2], "rb").read()
# boto3 checks the bytes against the checksum while it reads, where that is of the whole.
got = s3.get_object(Bucket="demo", Key=sys.argv[1], ChecksumMode="ENABLED")
same = got["Body"].read() == data
ours = {
    "ChecksumCRC64NVME": lambda: checksums.crc64nvme(data).to_bytes(8, "big"),
    "ChecksumCRC32": lambda: checksums.crc32(data).to_bytes(4, "big"),
    "ChecksumCRC32C": lambda: checksums.crc32c(data).to_bytes(4, "big"),
    "ChecksumSHA1": lambda: hashlib.sha1(data).digest(),
    "ChecksumSHA256": lambda: hashlib.sha256(data).digest(),
}[name]()
right = got[name] == base64.b64encode(ours).decode()
json.dump([got["ChecksumType"], right, same], sys.stdout)
"#;

/// Everything that was said of `s3://demo/key`.
const TOLD: &str = r#"
head = s3.head_object(Bucket="demo", Key="key")
tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket="demo", Key="key")["TagSet"]}
fields = ["CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "StorageClass"]
json.dump([{name: head.get(name) for name in fields}, head["ExpiresString"], head["Metadata"], tags], sys.stdout)
"#;

/// No two parts are alike.
fn contents(size: usize) -> Vec<u8> {
    let bytes = (0_u32..).flat_map(|word| word.wrapping_mul(0x9e37_79b9).to_be_bytes());
    bytes.take(size).collect()
}

#[test]
fn bytes_and_checksums_are_what_boto3_makes_of_them() {
    for size in SIZES {
        let cloud = Cloud::start();
        let file = cloud.file("file", contents(size));
        let aws = Aws::on(&cloud);
        for (algorithm, name, of_parts) in ALGORITHMS {
            let put = Program::on(&cloud).args(["put", "--checksum", algorithm]);
            put.arg(&file)
                .arg(format!("s3://demo/{algorithm}"))
                .run()
                .done();
            let whole = size == SIZES[0] || of_parts == "FULL_OBJECT";
            let kind = if whole { "FULL_OBJECT" } else { of_parts };
            let seen = aws.boto3(VERIFY, &[algorithm, file.to_str().unwrap(), name]);
            assert_eq!(seen, json!([kind, whole, true]), "{algorithm}, {size}");
        }
    }
}

#[test]
fn the_command_line_downloads_the_same_bytes() {
    for size in SIZES {
        let cloud = Cloud::start();
        let put = Program::on(&cloud)
            .arg("put")
            .arg(cloud.file("file", contents(size)));
        put.arg("s3://demo/key").run().done();
        let target = cloud.path("read-back");
        let aws = Aws::on(&cloud);
        aws.command_line(&[
            "s3",
            "cp",
            "--quiet",
            "--checksum-mode=ENABLED",
            "s3://demo/key",
            target.to_str().unwrap(),
        ])
        .done();
        assert!(std::fs::read(target).unwrap() == contents(size), "{size}");
    }
}

#[test]
fn all_that_was_said_of_an_object_is_told_back() {
    let expected: Value = json!([
        {
            "CacheControl": "max-age=60",
            "ContentDisposition": "attachment; filename=\"a b.csv\"",
            "ContentEncoding": "gzip",
            "ContentLanguage": "de, en",
            "ContentType": "text/csv",
            "StorageClass": "STANDARD_IA",
        },
        "Sun, 31 Jan 2027 12:00:00 GMT",
        {"plant": "Werk 7", "line": "a=b"},
        {"kind": "log", "a b": "c/d+e=f"},
    ]);
    for size in SIZES {
        let cloud = Cloud::start();
        let put = Program::on(&cloud).args([
            "put",
            "--cache-control=max-age=60",
            "--content-disposition=attachment; filename=\"a b.csv\"",
            "--content-encoding=gzip",
            "--content-language=de, en",
            "--content-type=text/csv",
            "--expires=2027-01-31T12:00:00Z",
            "--metadata=plant=Werk 7",
            "--metadata=line=a=b",
            "--storage-class=STANDARD_IA",
            "--tag=kind=log",
            "--tag=a b=c/d+e=f",
        ]);
        put.arg(cloud.file("file", contents(size)))
            .arg("s3://demo/key")
            .run()
            .done();
        assert_eq!(Aws::on(&cloud).boto3(TOLD, &[]), expected, "{size}");
    }
}
