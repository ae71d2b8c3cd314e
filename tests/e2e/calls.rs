//! `sealift call`: any service of AWS, over each of its protocols, before a server that checks every signature with
//! AWS's own signer.

use std::process::{Command, Stdio};

use sealift_tests::{Cloud, Outcome, Program, SecondStore, Server};
use serde_json::{Value, json};

/// A device that may reach a second AWS.
struct Caller {
    cloud: Cloud,
    aws: SecondStore,
}

impl Caller {
    fn new() -> Self {
        let cloud = Cloud::start();
        let aws = SecondStore::start(&cloud);
        Self { cloud, aws }
    }

    fn program(&self) -> Program {
        self.aws.caller(&self.cloud, &[self.aws.url()])
    }

    fn call(&self, service: &str, method: &str, path: &str) -> Program {
        let url = format!("{}{path}", self.aws.url());
        self.program().args(["call", service, method, &url])
    }

    /// A request of the protocols AWS JSON 1.0 and 1.1.
    fn json(&self, service: &str, target: &str, version: &str, body: &Value) -> Value {
        let (target, body) = (format!("X-Amz-Target: {target}"), body.to_string());
        let kind = format!("Content-Type: application/x-amz-json-{version}");
        let call = self.call(service, "POST", "/");
        let answered = call
            .args(["-H", &target, "-H", &kind, "--body", &body])
            .run();
        let text = answered.done();
        if text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// A request of the protocol AWS Query.
    fn query(&self, service: &str, body: &str) -> Outcome {
        let kind = "Content-Type: application/x-www-form-urlencoded";
        let call = self.call(service, "POST", "/");
        call.args(["-H", kind, "--body-file", "-"])
            .run_with(body.as_bytes())
    }
}

#[test]
fn dynamodb_takes_an_item_and_gives_it_back() {
    let caller = Caller::new();
    let ask = |action: &str, body: Value| {
        let target = format!("DynamoDB_20120810.{action}");
        caller.json("dynamodb", &target, "1.0", &body)
    };
    let created = ask(
        "CreateTable",
        json!({
            "TableName": "readings", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        }),
    );
    assert_eq!(created["TableDescription"]["TableName"], "readings");
    let item = json!({"id": {"S": "ü+ /"}, "value": {"N": "21.5"}});
    ask("PutItem", json!({"TableName": "readings", "Item": item}));
    let found = ask(
        "GetItem",
        json!({"TableName": "readings", "Key": {"id": {"S": "ü+ /"}}}),
    );
    assert_eq!(found["Item"], item);
    assert!(caller.aws.was_asked_for_credentials());
}

#[test]
fn sqs_takes_a_message_and_gives_it_back() {
    let caller = Caller::new();
    let ask = |action: &str, body: Value| {
        caller.json("sqs", &format!("AmazonSQS.{action}"), "1.0", &body)
    };
    let queue = ask("CreateQueue", json!({"QueueName": "alarms"}));
    let url = queue["QueueUrl"].as_str().unwrap();
    ask(
        "SendMessage",
        json!({"QueueUrl": url, "MessageBody": "hot"}),
    );
    let received = ask("ReceiveMessage", json!({"QueueUrl": url}));
    assert_eq!(received["Messages"][0]["Body"], "hot");
}

#[test]
fn kinesis_takes_a_record() {
    let caller = Caller::new();
    let ask = |action: &str, body: Value| {
        let target = format!("Kinesis_20131202.{action}");
        caller.json("kinesis", &target, "1.1", &body)
    };
    ask("CreateStream", json!({"StreamName": "s", "ShardCount": 1}));
    let record = json!({"StreamName": "s", "PartitionKey": "p", "Data": "aG90"});
    let put = ask("PutRecord", record);
    assert!(put["SequenceNumber"].is_string(), "{put}");
}

#[test]
fn logs_take_an_event_and_give_it_back() {
    let caller = Caller::new();
    let ask = |action: &str, body: Value| {
        caller.json("logs", &format!("Logs_20140328.{action}"), "1.1", &body)
    };
    ask("CreateLogGroup", json!({"logGroupName": "/gateway"}));
    let stream = json!({"logGroupName": "/gateway", "logStreamName": "one"});
    ask("CreateLogStream", stream.clone());
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let now = u64::try_from(now).unwrap();
    let mut put = stream.clone();
    put["logEvents"] = json!([{"timestamp": now, "message": "hot"}]);
    ask("PutLogEvents", put);
    let events = ask("GetLogEvents", stream);
    assert_eq!(events["events"][0]["message"], "hot");
}

#[test]
fn sns_makes_a_topic_by_the_query_protocol() {
    let caller = Caller::new();
    let made = caller.query("sns", "Action=CreateTopic&Version=2010-03-31&Name=alarms");
    assert!(
        made.done()
            .contains("<TopicArn>arn:aws:sns:ap-northeast-1:")
    );
    let topics = caller.query("sns", "Action=ListTopics&Version=2010-03-31");
    assert!(topics.done().contains(":alarms</TopicArn>"));
}

#[test]
fn secrets_manager_keeps_a_secret() {
    let caller = Caller::new();
    let ask = |action: &str, body: Value| {
        caller.json(
            "secretsmanager",
            &format!("secretsmanager.{action}"),
            "1.1",
            &body,
        )
    };
    let secret = json!({"Name": "n", "SecretString": "s", "ClientRequestToken": "0".repeat(32)});
    ask("CreateSecret", secret);
    let value = ask("GetSecretValue", json!({"SecretId": "n"}));
    assert_eq!(value["SecretString"], "s");
}

#[test]
fn an_object_of_s3_goes_and_comes_byte_by_byte() {
    let caller = Caller::new();
    let contents: Vec<u8> = (0..1 << 20).map(|n: u32| n.to_le_bytes()[1]).collect();
    let file = caller.cloud.file("file", &contents);
    let put = caller.call("s3", "PUT", "/demo/a%20b%2Bc?x-id=PutObject");
    put.arg("--body-file").arg(&file).run().done();
    let got = caller.call("s3", "GET", "/demo/a%20b%2Bc").command();
    let got = { got }.output().unwrap();
    assert!(got.status.success() && got.stdout == contents);
}

#[test]
fn the_answer_is_printed_as_it_is_asked_for_and_its_status_is_the_exit_status() {
    let caller = Caller::new();
    let missing = |program: Program| {
        let url = format!("{}/demo/missing", caller.aws.url());
        program.args(["call", "s3", "GET", &url])
    };
    let plain = missing(caller.program()).run();
    plain.failed(1, &["s3 answered with 404 Not Found"]);
    assert!(plain.stdout.contains("<Code>NoSuchKey</Code>"));
    let with_head = missing(caller.program()).arg("-i").run();
    assert!(with_head.stdout.starts_with("HTTP/1.1 404 Not Found\r\n"));
    let (head, body) = with_head.stdout.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("\r\ncontent-type: "), "{head}");
    assert!(body.contains("<Code>NoSuchKey</Code>"));
    let told = missing(caller.program().arg("--json")).run();
    assert_eq!(told.status, 1);
    let told = &told.json()[0];
    assert_eq!(told["status"], 404);
    assert!(told["headers"]["content-type"].is_string(), "{told}");
    assert!(told["body"].as_str().unwrap().contains("NoSuchKey"));
}

#[test]
fn an_address_may_be_written_in_any_way_that_means_it() {
    let cloud = Cloud::start();
    let file = cloud.file("file", "1,2,3");
    let put = Program::on(&cloud).args(["call", "s3", "PUT", "/demo/date=2026/a(b)'c!"]);
    put.arg("--body-file").arg(&file).run().done();
    assert_eq!(cloud.object("demo", "date=2026/a(b)'c!").unwrap(), b"1,2,3");
    let list = "/demo?list-type=2&prefix=date=2026/a(";
    let listed = Program::on(&cloud).args(["call", "s3", "GET", list]).run();
    assert!(
        listed.done().contains("<KeyCount>1</KeyCount>"),
        "{}",
        listed.stdout
    );
}

#[test]
fn what_the_role_may_not_do_is_refused_by_the_service() {
    let caller = Caller::new();
    let refused = caller.query("iam", "Action=ListRoles&Version=2010-05-08");
    refused.failed(1, &["iam answered with 403 Forbidden", "the role alias"]);
    assert!(refused.stdout.contains("<Code>AccessDenied</Code>"));
}

#[test]
fn a_service_that_the_configuration_does_not_name_is_out_of_reach() {
    let caller = Caller::new();
    let elsewhere = caller
        .aws
        .caller(&caller.cloud, &["https://sqs.example.com"]);
    let url = format!("{}/", caller.aws.url());
    let refused = elsewhere.args(["call", "sqs", "GET", &url]).run();
    refused.failed(1, &["egress policy", "network.allow", caller.aws.url()]);
    let asked = caller.aws.answered();
    assert!(
        !asked.iter().any(|line| line.starts_with("GET / ")),
        "{asked:?}"
    );
}

#[test]
fn what_cannot_be_a_request_is_told_before_anything_is_asked() {
    let caller = Caller::new();
    let call = |service, method, target, options: &[&str]| {
        let program = caller.program().args(["call", service, method, target]);
        program.args(options).run()
    };
    call("sqs", "GET", "sqs.example.com", &[]).failed(2, &["`/`", "https://"]);
    call("sqs", "GET", "http://127.0.0.1/", &[]).failed(2, &["https://"]);
    call("sqs", "GET", "/a b", &[]).failed(2, &["percent-encode"]);
    call("sqs", "GET", "/", &["-H", "no colon"]).failed(2, &["NAME: VALUE"]);
    call("sqs", "GET", "/", &["--presign", "604801"]).failed(2, &["604800"]);
    call("SQS!", "GET", "/", &[]).failed(2, &["SQS!", "`dynamodb`"]);
    call("sqs", "GET", "/", &["-H", "Host: other"]).failed(2, &["`host`", "leave it out"]);
    let long = caller.cloud.file("long", vec![0; (1 << 20) + 1]);
    let long = ["--body-file", long.to_str().unwrap()];
    call("sqs", "POST", "/", &long).failed(2, &["1048576 bytes", "sealift put"]);
    call("sqs", "POST", "/", &["--body-file", "/missing"]).failed(1, &["`/missing`"]);
}

#[test]
fn errors_that_may_pass_are_tried_again_and_told_apart() {
    let cloud = Cloud::start();
    let service = Server::https(cloud.authority(), |exchange| {
        match exchange.request.target.as_str() {
            "/busy" => exchange.answer("503 Service Unavailable", &[], b"busy"),
            "/throttled" => {
                exchange.answer(
                    "400 Bad Request",
                    &[],
                    br#"{"__type":"n#ThrottlingException"}"#,
                );
            }
            "/slow-down" => exchange.answer("429 Too Many Requests", &[], b"{}"),
            "/once" if exchange.number % 2 == 0 => {
                exchange.answer("500 Internal Server Error", &[], b"oh");
            }
            _ => exchange.answer("200 OK", &[], b"done"),
        }
    });
    cloud.configure(&format!("[network]\nallow = [{:?}]", service.url()));
    let call = |path: &str| {
        let url = format!("{}{path}", service.url());
        Program::on(&cloud)
            .args(["call", "sqs", "POST", &url])
            .run()
    };
    assert_eq!(call("/once").done(), "done");
    assert_eq!(service.requests().len(), 2);
    let busy = call("/busy");
    busy.failed(75, &["sqs answered with 503 Service Unavailable"]);
    assert_eq!(busy.stdout, "busy");
    call("/throttled").failed(75, &["400 Bad Request"]);
    call("/slow-down").failed(75, &["429 Too Many Requests"]);
    // No secret of the device is in what it says, and nobody but AWS sees its certificate.
    assert!(service.requests().iter().all(|request| !request.identified));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let cloud = Cloud::start();
    let service = Server::https(cloud.authority(), |exchange| {
        exchange.answer("200 OK", &[], &vec![b'x'; 4 << 20]);
    });
    cloud.configure(&format!("[network]\nallow = [{:?}]", service.url()));
    let url = format!("{}/", service.url());
    let mut call = Program::on(&cloud)
        .args(["call", "sqs", "GET", &url])
        .command();
    let mut call = call
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(call.stdout.take());
    let ended = call.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success(), "{said}");
    assert_eq!(said, "");
}

#[test]
fn an_answer_that_breaks_off_is_an_error() {
    let cloud = Cloud::start();
    let service = Server::https(cloud.authority(), |exchange| {
        exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
    });
    cloud.configure(&format!("[network]\nallow = [{:?}]", service.url()));
    let url = format!("{}/", service.url());
    let broken = Program::on(&cloud).args(["call", "sqs", "GET", &url]).run();
    broken.failed(75, &["broke off after 4 bytes"]);
    assert_eq!(broken.stdout, "half");
}

#[test]
fn a_presigned_url_is_good_without_any_credentials() {
    let cloud = Cloud::start();
    std::fs::create_dir_all(cloud.paths().objects.join("demo")).unwrap();
    let file = cloud.file("file", "1,2,3");
    Program::on(&cloud)
        .arg("put")
        .arg(&file)
        .arg("s3://demo/a b")
        .run()
        .done();
    let signed = Program::on(&cloud)
        .args(["call", "s3", "GET", "/demo/a%20b", "--presign", "60"])
        .run();
    let url = signed.done().trim();
    let curl = |url: &str| {
        let ca = &cloud.paths().ca;
        let curl = Command::new("curl")
            .args(["--silent", "--fail", "--cacert"])
            .arg(ca)
            .arg(url)
            .output();
        Outcome::from(curl.unwrap())
    };
    assert_eq!(curl(url).done(), "1,2,3");
    // Nothing of it can be changed.
    curl(&url.replace("a%20b", "a%20c")).failed(22, &[]);
    curl(&url.replace("X-Amz-Expires=60", "X-Amz-Expires=61")).failed(22, &[]);
}
