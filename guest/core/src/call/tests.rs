#![allow(clippy::unwrap_used, reason = "tests")]

use std::num::NonZeroU8;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::*;

/// By both clocks, so many seconds after the start.
fn at(seconds: u64) -> Now {
    skewed(seconds, 0)
}

/// The wall clock is behind.
fn skewed(seconds: u64, behind: u64) -> Now {
    Now {
        wall: SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777 + seconds - behind),
        monotonic: Duration::from_secs(seconds),
    }
}

fn request(service: &str, url: &str) -> Request {
    let headers = vec![(
        "content-type".to_owned(),
        "application/x-amz-json-1.0".to_owned(),
    )];
    Request::new(service, "eu-west-1", "POST", url, headers, b"{}".to_vec()).unwrap()
}

fn credentials(id: &str, expiration: u64) -> Credentials {
    Credentials::new(
        id.into(),
        "secret".into(),
        Some("token".into()),
        Some(expiration),
    )
    .unwrap()
}

fn head(status: u16, headers: &[(&'static str, &str)]) -> Response {
    let headers = headers.iter().map(|&(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        )
    });
    let headers: HeaderMap = headers.collect();
    Response::new(StatusCode::from_u16(status).unwrap(), headers, Vec::new()).unwrap()
}

/// A call as its adapter drives it.
struct Driven {
    call: Call,
    now: Now,
    /// Credentials handed out, and what was rejected before.
    lent: Vec<Option<String>>,
    expiration: u64,
    sent: Vec<HttpRequest<()>>,
}

impl Driven {
    fn new(request: Request) -> Self {
        let policy = Policy::default();
        Self {
            call: Call::new(request, policy, at(0)),
            now: at(0),
            lent: Vec::new(),
            expiration: 900_000_000,
            sent: Vec::new(),
        }
    }

    /// Up to the next answer; the sent request is then the last of `sent`.
    fn go_on(&mut self) -> Option<Result<(), Error>> {
        loop {
            match self.call.next(self.now) {
                Action::Credentials { rejected } => {
                    self.lent.push(rejected);
                    let id = format!("id-{}", self.lent.len());
                    let lent = Event::Credentials(Ok(credentials(&id, self.expiration)));
                    self.call.handle(lent, self.now, u64::MAX);
                }
                Action::Send(request) => {
                    self.sent.push(*request);
                    return None;
                }
                Action::Wait(time) => {
                    self.now.monotonic += time;
                    self.now.wall += time;
                    self.call.handle(Event::Time, self.now, u64::MAX);
                }
                Action::Done(result) => return Some(result),
            }
        }
    }

    fn answer(&mut self, head: Response) -> Option<Result<(), Error>> {
        self.call.handle(Event::Answer(head), self.now, u64::MAX);
        self.go_on()
    }
}

fn started(request: Request) -> Driven {
    let mut driven = Driven::new(request);
    assert!(driven.go_on().is_none());
    driven
}

const SQS: &str = "https://sqs.eu-west-1.amazonaws.com/";

#[test]
fn a_request_is_signed_for_its_service_and_region_and_its_answer_handed_on() {
    let mut driven = started(request("sqs", SQS));
    let signed = driven.sent[0].headers()["authorization"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(signed.contains("/eu-west-1/sqs/aws4_request"), "{signed}");
    assert!(
        signed.contains("content-type;host;x-amz-date;x-amz-security-token"),
        "{signed}"
    );
    assert!(matches!(driven.answer(head(200, &[])), Some(Ok(()))));
    assert_eq!(driven.sent.len(), 1);
}

#[test]
fn what_the_caller_got_wrong_is_handed_on_and_not_asked_twice() {
    for (status, code) in [
        (400, "ValidationException"),
        (403, "AccessDeniedException"),
        (404, "ResourceNotFoundException"),
        (404, ""),
        (409, "ResourceInUseException"),
    ] {
        let mut driven = started(request("sqs", SQS));
        let code = [("x-amzn-errortype", code)];
        let done = driven.answer(head(status, if status == 409 { &[] } else { &code }));
        // A conflict may pass by itself.
        assert_eq!(done.is_some(), status != 409, "{status}");
    }
}

#[test]
fn what_may_pass_by_itself_is_tried_three_times_and_then_handed_on() {
    for (status, code) in [
        (500, ""),
        (503, ""),
        (429, ""),
        (400, "ThrottlingException"),
    ] {
        let mut driven = started(request("sqs", SQS));
        let busy = || head(status, &[("x-amzn-errortype", code)]);
        assert!(driven.answer(busy()).is_none());
        assert!(driven.answer(busy()).is_none());
        assert!(matches!(driven.answer(busy()), Some(Ok(()))), "{status}");
        assert_eq!(driven.sent.len(), 3);
        assert!(
            driven.now.monotonic > Duration::from_millis(2900),
            "it waited"
        );
    }
}

#[test]
fn a_broken_connection_is_tried_again_and_told_when_it_stays_so() {
    let mut driven = started(request("sqs", SQS));
    let mut fail = || {
        let error = Error::new(ErrorKind::Network, "cut");
        driven.call.handle(Event::Failed(error), driven.now, 0);
        driven.go_on()
    };
    assert!(fail().is_none());
    assert!(fail().is_none());
    assert_eq!(fail().unwrap().unwrap_err().message, "cut");
}

#[test]
fn rejected_credentials_are_renewed_once() {
    let mut driven = started(request("sqs", SQS));
    let expired = || {
        head(
            400,
            &[("x-amzn-errortype", "ExpiredTokenException:http://x")],
        )
    };
    assert!(driven.answer(expired()).is_none());
    assert_eq!(driven.lent, [None, Some("id-1".to_owned())]);
    assert!(matches!(driven.answer(expired()), Some(Ok(()))));
}

#[test]
fn credentials_that_have_ended_are_renewed_whatever_the_service_calls_it() {
    let mut driven = Driven::new(request(
        "monitoring",
        "https://monitoring.eu-west-1.amazonaws.com/",
    ));
    driven.expiration = 784_111_777;
    driven.go_on();
    assert!(driven.answer(head(403, &[])).is_none());
    assert_eq!(driven.lent.len(), 2);
}

#[test]
fn a_clock_that_the_answer_set_right_signs_again() {
    let mut driven = Driven::new(request("sqs", SQS));
    driven.now = skewed(10, 7200);
    driven.go_on();
    let date = ("date", "Sun, 06 Nov 1994 08:49:47 GMT");
    // The host has taken the time from the answer.
    driven.now = at(10);
    assert!(driven.answer(head(403, &[date])).is_none());
    let dates: Vec<_> = driven
        .sent
        .iter()
        .map(|sent| sent.headers()["x-amz-date"].clone())
        .collect();
    assert_eq!(dates, ["19941106T064947Z", "19941106T084947Z"]);
}

#[test]
fn a_request_that_could_not_leave_has_cost_nothing() {
    let mut driven = started(request("sqs", SQS));
    for _ in 0..20 {
        driven.call.handle(Event::NotSent, driven.now, 0);
        assert!(driven.go_on().is_none());
    }
    assert!(
        driven.answer(head(500, &[])).is_none(),
        "three attempts are left"
    );
}

#[test]
fn a_bucket_elsewhere_is_followed_once_and_only_to_aws() {
    let url = "https://demo.s3.eu-west-1.amazonaws.com/a%20b?x=1";
    let moved = |headers: &[(&'static str, &str)]| {
        let mut driven = started(request("s3", url));
        let done = driven.answer(head(307, headers));
        let last = driven.sent.last().unwrap();
        let scope = last.headers()["authorization"].to_str().unwrap().to_owned();
        (done.is_none(), last.uri().to_string(), scope)
    };
    let (followed, uri, scope) = moved(&[("x-amz-bucket-region", "us-west-2")]);
    assert!(followed);
    assert_eq!(uri, "https://demo.s3.us-west-2.amazonaws.com/a%20b?x=1");
    assert!(scope.contains("/us-west-2/s3/"), "{scope}");
    let (_, uri, _) = moved(&[("location", "https://demo.s3-us-west-2.amazonaws.com/other")]);
    assert_eq!(uri, "https://demo.s3-us-west-2.amazonaws.com/a%20b?x=1");
    for location in [
        "https://demo.s3.eu-west-1.amazonaws.com.evil.example/",
        "https://evil.example/",
        "https://evil-amazonaws.com/",
        "https://demo.s3.eu-west-1.amazonaws.com.cn/",
        "https://demo.s3.eu-west-1.amazonaws.com/a%20b?x=1",
    ] {
        assert!(!moved(&[("location", location)]).0, "{location}");
    }
    // Other services do not point elsewhere.
    let mut driven = started(request("sqs", SQS));
    let location = ("location", "https://sqs.us-west-2.amazonaws.com/");
    assert!(driven.answer(head(307, &[location])).is_some());
}

#[test]
fn a_request_that_cannot_be_made_is_refused_with_what_is_wrong() {
    let made = |service, method, url: &str, header: (&str, &str), length| {
        let headers = vec![(header.0.to_owned(), header.1.to_owned())];
        Request::new(service, "eu-west-1", method, url, headers, vec![0; length])
    };
    let fine = ("a", "b");
    assert!(made("sqs", "POST", SQS, fine, MAX_BODY).is_ok());
    for (request, what) in [
        (made("SQS", "GET", SQS, fine, 0), "signing name"),
        (made("sqs", "G T", SQS, fine, 0), "method"),
        (made("sqs", "GET", "http://a.example/", fine, 0), "https"),
        (made("sqs", "GET", "https://u@a.example/", fine, 0), "https"),
        (made("sqs", "GET", "/path", fine, 0), "no host"),
        (made("sqs", "GET", SQS, ("Host", "a"), 0), "host"),
        (
            made("sqs", "GET", SQS, ("X-Amz-Date", "a"), 0),
            "x-amz-date",
        ),
        (made("sqs", "GET", SQS, ("a b", "c"), 0), "header"),
        (made("sqs", "GET", SQS, ("a", "b\r\nc: d"), 0), "value"),
        (made("sqs", "GET", SQS, fine, MAX_BODY + 1), "bytes"),
    ] {
        let error = request.unwrap_err();
        assert!(error.message.contains(what), "{}", error.message);
    }
}

#[test]
fn nothing_of_a_request_is_shown_that_may_be_secret() {
    let headers = vec![("authorizationish".to_owned(), "hush".to_owned())];
    let url = "https://secretsmanager.eu-west-1.amazonaws.com/?hush=1";
    let request = Request::new(
        "secretsmanager",
        "eu-west-1",
        "POST",
        url,
        headers,
        b"hush".to_vec(),
    );
    let shown = format!("{0:?} {0}", request.unwrap());
    assert!(!shown.contains("hush"), "{shown}");
}

#[test]
fn a_presigned_url_says_how_long_it_is_good_and_carries_the_token() {
    let request = request(
        "s3",
        "https://demo.s3.eu-west-1.amazonaws.com/a%20b?versionId=1",
    );
    let lent = credentials("id", 900_000_000);
    let url = request.presign(&lent, 600, at(0).wall).unwrap().to_string();
    assert!(
        url.starts_with("https://demo.s3.eu-west-1.amazonaws.com/a%20b?versionId=1&"),
        "{url}"
    );
    for part in [
        "X-Amz-Expires=600",
        "X-Amz-Security-Token=token",
        "X-Amz-Credential=id%2F19941106%2Feu-west-1%2Fs3%2Faws4_request",
        "X-Amz-Signature=",
    ] {
        assert!(url.contains(part), "{part} in {url}");
    }
    for seconds in [0, 604_801] {
        assert!(request.presign(&lent, seconds, at(0).wall).is_err());
    }
}

#[test]
fn one_attempt_is_one() {
    let policy = Policy {
        max_attempts: NonZeroU8::MIN,
        ..Policy::default()
    };
    let mut driven = Driven::new(request("sqs", SQS));
    driven.call = Call::new(request("sqs", SQS), policy, at(0));
    driven.go_on();
    assert!(driven.answer(head(500, &[])).is_some());
}
