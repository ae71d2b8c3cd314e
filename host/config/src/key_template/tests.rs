#![allow(clippy::unwrap_used, reason = "tests")]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;

use super::*;
use crate::ThingName;

fn parse(text: &str) -> Result<KeyTemplate, KeyTemplateError> {
    text.parse()
}

/// 2026-11-27T09:05:03.5Z.
fn modified() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_795_770_303_500)
}

fn values(path: &Path) -> KeyValues<'_> {
    KeyValues {
        thing: None,
        host: "gateway-7",
        path,
        modified: modified(),
        hash: Some(&[0xab; 32]),
        counter: Some(42),
    }
}

fn render(template: &str, path: &str) -> Result<String, ObjectKeyError> {
    let key = parse(template).unwrap().render(&values(path.as_ref()))?;
    Ok(key.to_string())
}

#[test]
fn every_field_has_its_value() {
    let thing: ThingName = "thing_x".parse().unwrap();
    let hash = "ab".repeat(32);
    for (template, key) in [
        ("{thing}/{date}/{path}", "thing_x/2026-11-27/a/b/c.tar.gz"),
        ("{host}-{counter}", "gateway-7-42"),
        ("{dir}|{name}|{stem}|{ext}", "a/b|c.tar.gz|c.tar|gz"),
        (
            "{year}/{month}/{day}/{hour}:{minute}:{second}/{name}",
            "2026/11/27/09:05:03/c.tar.gz",
        ),
        ("{hash}", hash.as_str()),
        ("{{{name}}}", "{c.tar.gz}"),
        ("", "a/b/c.tar.gz"),
        ("logs/", "logs/a/b/c.tar.gz"),
    ] {
        let values = KeyValues {
            thing: Some(&thing),
            ..values("a/b/c.tar.gz".as_ref())
        };
        let rendered = parse(template).unwrap().render(&values).unwrap();
        assert_eq!(rendered.as_str(), key, "{template}");
    }
    let all: Vec<_> = KeyField::ALL.iter().map(|f| format!("{{{f}}}")).collect();
    let template = parse(&all.concat()).unwrap();
    assert!(KeyField::ALL.iter().all(|field| template.uses(*field)));
}

#[test]
fn an_empty_value_leaves_no_empty_segment() {
    assert_eq!(render("{dir}/{name}", "c").unwrap(), "c");
    assert_eq!(render("x/{dir}/{name}", "c").unwrap(), "x/c");
    assert_eq!(render("{name}/{ext}", "c").unwrap(), "c");
    assert_eq!(render("{ext}/x/{name}", "c").unwrap(), "x/c");
}

#[test]
fn times_before_1970_and_out_of_range_are_told_apart() {
    let at = |modified| {
        let values = KeyValues {
            modified,
            ..values("c".as_ref())
        };
        parse("{date}T{second}/{name}").unwrap().render(&values)
    };
    let key = at(UNIX_EPOCH - Duration::from_millis(500)).unwrap();
    assert_eq!(key.as_str(), "1969-12-31T59/c");
    let far = UNIX_EPOCH + Duration::from_secs(1 << 40);
    assert_eq!(at(far), Err(ObjectKeyError::Date));
}

#[test]
fn a_template_that_makes_no_keys_is_refused_with_the_reason() {
    for (text, error) in [
        ("{path", KeyTemplateError::Unclosed),
        ("path}", KeyTemplateError::Unopened),
        ("/{path}", KeyTemplateError::EmptySegment),
        ("a//{path}", KeyTemplateError::EmptySegment),
        ("../{path}", KeyTemplateError::Climbs),
        ("a/./{path}", KeyTemplateError::Climbs),
        ("{path}/..", KeyTemplateError::Climbs),
        ("latest", KeyTemplateError::OneForAll),
        ("{date}/{thing}", KeyTemplateError::OneForAll),
    ] {
        assert_eq!(parse(text), Err(error), "{text}");
    }
    let long = format!("{{path}}{}", "x".repeat(1024));
    assert_eq!(parse(&long), Err(KeyTemplateError::TooLong));
    let unknown = parse("{nmae}").unwrap_err().to_string();
    assert!(unknown.contains("did you mean `name`?"), "{unknown}");
}

#[test]
fn no_value_can_make_a_key_climb() {
    for (template, path) in [
        ("{stem}/{path}", "..a"),
        ("{ext}./{path}", "a"),
        ("{stem}./{path}", ".a."),
        (".{ext}/{name}", "a.."),
    ] {
        let rendered = render(template, path);
        let climbs = matches!(rendered, Err(ObjectKeyError::Climbs { .. }));
        let harmless = rendered.is_ok_and(|key| !key.split('/').any(|s| s == "." || s == ".."));
        assert!(climbs || harmless, "{template} {path}");
    }
    assert!(matches!(
        render("{stem}/{path}", "..a"),
        Err(ObjectKeyError::Climbs { .. })
    ));
    for path in ["../a", "/etc/passwd", "a/../../b"] {
        assert!(matches!(
            render("{path}", path),
            Err(ObjectKeyError::NotBelow { .. })
        ));
    }
    let values = KeyValues {
        host: "../..",
        ..values("c".as_ref())
    };
    let slash = parse("{host}/{name}").unwrap().render(&values);
    assert!(matches!(slash, Err(ObjectKeyError::Slash { .. })));
}

#[test]
fn a_name_that_is_not_text_a_missing_value_and_a_long_key_are_errors_of_that_file() {
    let path = Path::new(OsStr::from_bytes(b"a/\xff.bin"));
    let not_text = ObjectKeyError::NotUtf8 {
        path: path.to_owned(),
    };
    for template in ["{path}", "{name}", "{stem}"] {
        let rendered = parse(template).unwrap().render(&values(path));
        assert_eq!(rendered, Err(not_text.clone()));
    }
    // Only what the template uses has to be text.
    assert!(
        parse("{counter}.{ext}")
            .unwrap()
            .render(&values(path))
            .is_ok()
    );
    let missing = ObjectKeyError::Missing {
        field: KeyField::Thing,
    };
    assert_eq!(render("{thing}/{path}", "c"), Err(missing));
    let longest = "x".repeat(1024);
    assert_eq!(render("{path}", &longest).unwrap(), longest);
    let too_long = ObjectKeyError::TooLong { length: 1025 };
    assert_eq!(render("{path}", &"x".repeat(1025)), Err(too_long));
}

/// Templates of fields and awkward literals.
fn template() -> impl Strategy<Value = String> {
    let field = prop::sample::select(KeyField::ALL).prop_map(|field| format!("{{{field}}}"));
    let literal = prop::sample::select(vec!["/", ".", "..", "a", "{{", "}}", "ä", "-"]);
    let piece = prop_oneof![3 => field, 2 => literal.prop_map(str::to_owned)];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Paths of names that any file may have.
fn path() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let name = prop_oneof![
        "[.a-z ]{1,6}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 1..300),
    ]
    .prop_filter("no name of a file", |name| {
        !name.contains(&b'/') && !name.contains(&0) && name != b"." && name != b".."
    });
    prop::collection::vec(name, 1..5)
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn what_is_shown_parses_to_the_same_template(text in template()) {
        if let Ok(template) = parse(&text) {
            prop_assert_eq!(parse(&template.to_string()), Ok(template));
        }
    }

    #[test]
    fn every_key_stays_within_the_bucket(text in template(), names in path()) {
        let Ok(template) = parse(&text) else { return Ok(()) };
        let joined = names.join(&b'/');
        let values = values(Path::new(OsStr::from_bytes(&joined)));
        if let Ok(key) = template.render(&values) {
            let key = key.as_str();
            prop_assert!(!key.is_empty() && key.len() <= ObjectKey::LONGEST);
            prop_assert!(!key.starts_with('/') && !key.contains("//") && !key.ends_with('/'), "{}", key);
            prop_assert!(!key.split('/').any(|segment| segment == "." || segment == ".."), "{}", key);
        }
    }

    #[test]
    fn the_path_is_kept_as_it_is(names in prop::collection::vec("[a-zä]{1,9}", 1..6)) {
        let path = names.join("/");
        prop_assert_eq!(render("x/{path}", &path), Ok(format!("x/{path}")));
    }
}
