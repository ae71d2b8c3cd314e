#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

fn refused(text: &str) -> ParseFaultError {
    text.parse::<Fault>().expect_err(text)
}

fn value(name: &'static str, value: &str) -> impl Fn(ParseFaultError) -> bool {
    let value = value.to_owned();
    move |error| {
        matches!(error, ParseFaultError::Value { name: of, value: given, .. }
            if of == name && given == value)
    }
}

#[test]
fn text_that_is_no_fault_is_refused_with_what_is_wrong() {
    assert_eq!(
        refused("status=503"),
        ParseFaultError::Shape("status=503".to_owned())
    );
    assert!(matches!(
        refused("Upload:lost"),
        ParseFaultError::Operation(_)
    ));
    assert_eq!(
        refused("*:explode"),
        ParseFaultError::Kind("explode".to_owned())
    );
    for (text, name, given) in [
        ("*:status", "status", ""),
        ("*:status=200", "status", "200"),
        ("*:status=abc", "status", "abc"),
        ("*:late-error=600", "late-error", "600"),
        ("*:stall", "stall", ""),
        ("*:slow=2h", "slow", "2h"),
        ("*:slow=3601", "slow", "3601"),
        ("*:reset=", "reset", ""),
        ("*:reset=-1", "reset", "-1"),
        ("*:reset=99999999999GiB", "reset", "99999999999GiB"),
        ("*:skew=1h", "skew", "1h"),
        ("*:lost=1", "lost", "1"),
        ("*:lost,p=1.1", "p", "1.1"),
        ("*:lost,p=-0.1", "p", "-0.1"),
        ("*:lost,p=0.1234567", "p", "0.1234567"),
        ("*:lost,times=0", "times", "0"),
        ("*:lost,every=0", "every", "0"),
        ("*:lost,times", "times", ""),
        ("*:status=503,code=<b>", "code", "<b>"),
    ] {
        let error = refused(text);
        assert!(value(name, given)(error.clone()), "{text}: {error:?}");
    }
}

#[test]
fn options_that_do_nothing_are_refused() {
    for (text, option, kind) in [
        ("*:lost,code=SlowDown", "code", "lost"),
        ("*:reset,bytes=1", "bytes", "reset"),
        ("*:lost,", "", "lost"),
        ("*:lost,p=1,p=0", "p", "lost"),
    ] {
        let option = option.to_owned();
        assert_eq!(refused(text), ParseFaultError::Option { option, kind });
    }
    for text in [
        "*:lost,for=2",
        "*:lost,each=2",
        "*:lost,for=3,each=2",
        "*:lost,for=0,each=0",
    ] {
        assert_eq!(refused(text), ParseFaultError::Storm, "{text}");
    }
}

#[test]
fn a_fault_that_an_operation_cannot_have_is_refused() {
    for text in [
        "GetCredentials:expired-token",
        "GetCredentials:error-in-200",
        "GetCredentials:corrupt",
        "UploadPart:repeat",
    ] {
        assert!(
            matches!(refused(text), ParseFaultError::Unfit { .. }),
            "{text}"
        );
    }
    let everywhere: Fault = "*:expired-token".parse().unwrap();
    assert!(everywhere.concerns(Operation::UploadPart));
    assert!(!everywhere.concerns(Operation::GetCredentials));
}

#[test]
fn units_are_understood() {
    for (text, canonical) in [
        ("*:reset", "*:reset=0"),
        ("*:reset=3MiB", "*:reset=3145728"),
        ("*:slow=1500ms", "*:slow=1500ms"),
        ("*:slow=2000ms", "*:slow=2"),
        ("*:stall=2s,bytes=64KiB", "*:stall=2,bytes=65536"),
        ("*:lost,p=1.0,every=1,after=0", "*:lost"),
        ("*:lost,p=.5", "*:lost"),
    ] {
        match text.parse::<Fault>() {
            Ok(fault) => assert_eq!(fault.to_string(), canonical),
            Err(error) => assert!(value("p", ".5")(error.clone()), "{error:?}"),
        }
    }
}

/// The text of any fault, options in any order.
fn texts() -> impl Strategy<Value = String> {
    let operation = prop_oneof![
        Just("*".to_owned()),
        prop::sample::select(&Operation::ALL[..]).prop_map(|operation| operation.to_string()),
    ];
    let time = prop_oneof![
        (0_u32..=3600).prop_map(|seconds| seconds.to_string()),
        (0_u32..=3_600_000).prop_map(|milliseconds| format!("{milliseconds}ms")),
    ];
    let error = (
        300_u16..600,
        prop::option::of("[A-Za-z0-9.]{1,64}"),
        any::<Option<u64>>(),
    );
    let error = error.prop_map(|(status, code, retry_after)| {
        let code = code.map(|code| format!(",code={code}")).unwrap_or_default();
        let retry_after = retry_after
            .map(|it| format!(",retry-after={it}"))
            .unwrap_or_default();
        format!("{status}{retry_after}{code}")
    });
    let kind = prop_oneof![
        error.clone().prop_map(|answer| format!("status={answer}")),
        error.prop_map(|answer| format!("late-error={answer}")),
        any::<u64>().prop_map(|bytes| format!("reset={bytes}")),
        (time.clone(), any::<u64>())
            .prop_map(|(time, bytes)| format!("stall={time},bytes={bytes}")),
        time.prop_map(|time| format!("slow={time}")),
        (-1_000_000_i64..1_000_000).prop_map(|seconds| format!("skew={seconds}")),
        prop::sample::select(vec![
            "truncate",
            "error-in-200",
            "error-in-200,code=SlowDown",
            "expired-token",
            "lost",
            "repeat",
            "corrupt",
        ])
        .prop_map(str::to_owned),
    ];
    let options = prop::sample::subsequence(
        vec![
            "p=0.25",
            "p=0.000001",
            "times=3",
            "after=18446744073709551615",
            "every=2",
            "seed=9",
        ],
        0..=6,
    )
    .prop_shuffle();
    let storm = prop::option::of((0_u32..10, 10_u32..20));
    (operation, kind, options, storm).prop_map(|(operation, kind, options, storm)| {
        let storm = storm.map(|(length, period)| format!(",each={period},for={length}"));
        let texts = [
            vec![kind],
            options.iter().map(ToString::to_string).collect(),
        ]
        .concat();
        format!(
            "{operation}:{}{}",
            texts.join(","),
            storm.unwrap_or_default()
        )
    })
}

proptest! {
    #[test]
    fn what_is_shown_is_what_was_meant(text in texts()) {
        if let Ok(fault) = text.parse::<Fault>() {
            let shown = fault.to_string();
            prop_assert_eq!(shown.parse::<Fault>().unwrap().to_string(), shown.clone());
            prop_assert_eq!(shown.parse::<Fault>(), Ok(fault));
        }
    }

    #[test]
    fn no_text_is_a_panic(text in "[*A-Za-z]{0,9}:?[a-z0-9=,.-]{0,30}") {
        let _ = text.parse::<Fault>();
    }
}
