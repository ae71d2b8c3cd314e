#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::symlink;

use sealift_payload::Source;

use super::*;
use crate::put::{Filter, Rule, Symlinks};

fn tree() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("d/e")).unwrap();
    for name in ["a", "b", "d/a", "d/e/c d"] {
        fs::write(root.path().join(name), name).unwrap();
    }
    root
}

fn plan(sources: &[&Path], destination: &str, recursive: bool) -> Result<Vec<String>, PlanError> {
    let sources: Vec<_> = sources.iter().map(|&path| path.to_owned()).collect();
    let selection = Selection {
        recursive,
        ..Selection::default()
    };
    let plan = Plan::new(&sources, &destination.parse().unwrap(), &selection)?;
    Ok(plan.items.into_iter().map(|item| item.key).collect())
}

/// The keys of a tree's files, and what was left out of it.
fn plan_tree(root: &Path, symlinks: Symlinks, exclude: &[&str]) -> (Vec<String>, Vec<LeftOut>) {
    let rules = exclude
        .iter()
        .map(|text| Rule::Exclude(text.parse().unwrap()));
    let selection = Selection {
        recursive: true,
        symlinks,
        filter: Filter::new(rules).unwrap(),
    };
    let plan = Plan::new(
        &[root.to_owned()],
        &"s3://bucket".parse().unwrap(),
        &selection,
    )
    .unwrap();
    let keys = plan.items.into_iter().map(|item| item.key).collect();
    (keys, plan.left_out)
}

#[test]
fn one_file_becomes_the_key_or_goes_under_the_prefix() {
    let root = tree();
    let file = root.path().join("a");
    assert_eq!(plan(&[&file], "s3://bucket/k", false).unwrap(), ["k"]);
    assert_eq!(plan(&[&file], "s3://bucket/p/", false).unwrap(), ["p/a"]);
    assert_eq!(plan(&[&file], "s3://bucket", false).unwrap(), ["a"]);
}

#[test]
fn several_files_need_a_prefix() {
    let root = tree();
    let (a, b) = (root.path().join("a"), root.path().join("b"));
    assert_eq!(
        plan(&[&a, &b], "s3://bucket/p/", false).unwrap(),
        ["p/a", "p/b"]
    );
    let error = plan(&[&a, &b], "s3://bucket/k", false).unwrap_err();
    assert!(
        matches!(error, PlanError::NotAPrefix { .. }) && error.is_usage(),
        "{error}"
    );
}

#[test]
fn a_directory_needs_r_and_gives_relative_keys() {
    let root = tree();
    let error = plan(&[root.path()], "s3://bucket/p/", false).unwrap_err();
    assert!(
        matches!(error, PlanError::Directory(_)) && error.is_usage(),
        "{error}"
    );
    let keys = ["p/a", "p/b", "p/d/a", "p/d/e/c d"];
    assert_eq!(plan(&[root.path()], "s3://bucket/p/", true).unwrap(), keys);
    assert_eq!(plan(&[root.path()], "s3://bucket/p", true).unwrap(), keys);
}

#[test]
fn what_cannot_be_read_does_not_hide_the_rest() {
    let root = tree();
    symlink("nowhere", root.path().join("dangling")).unwrap();
    let deep: PathBuf = std::iter::repeat_n("x", 300).collect();
    fs::create_dir_all(root.path().join("deep").join(&deep)).unwrap();
    fs::write(root.path().join("deep").join(&deep).join("f"), "f").unwrap();
    let (keys, left_out) = plan_tree(root.path(), Symlinks::Follow, &[]);
    assert_eq!(keys.len(), 4);
    let [dangling, deep] = left_out.as_slice() else {
        panic!("{left_out:?}");
    };
    assert_eq!(dangling.path, root.path().join("dangling"));
    assert_eq!(dangling.key.as_deref(), Some("dangling"));
    assert!(matches!(dangling.reason, EntryError::Unreadable { .. }));
    assert!(matches!(deep.reason, EntryError::TooDeep(_)));
    assert!(left_out.iter().all(|entry| entry.reason.is_failure()));
}

#[test]
fn links_that_stay_inside_are_followed_and_those_that_lead_out_are_left_out() {
    let root = tree();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "s").unwrap();
    symlink("a", root.path().join("in")).unwrap();
    symlink("d/e", root.path().join("in-directory")).unwrap();
    symlink(outside.path(), root.path().join("out")).unwrap();
    symlink(outside.path().join("secret"), root.path().join("out-file")).unwrap();
    symlink("../..", root.path().join("d/up")).unwrap();
    let (keys, left_out) = plan_tree(root.path(), Symlinks::Follow, &[]);
    assert_eq!(keys, ["a", "b", "d/a", "d/e/c d", "in", "in-directory/c d"]);
    let out: Vec<_> = left_out.iter().map(|entry| entry.key.as_deref()).collect();
    assert_eq!(out, [Some("d/up"), Some("out"), Some("out-file")]);
    for entry in left_out {
        assert!(
            matches!(entry.reason, EntryError::LeadsOut { .. }) && !entry.reason.is_failure(),
            "{entry:?}"
        );
    }
}

#[test]
fn a_loop_of_links_is_an_error() {
    let root = tree();
    symlink("..", root.path().join("d/loop")).unwrap();
    let (keys, left_out) = plan_tree(root.path(), Symlinks::Follow, &[]);
    assert_eq!(keys.len(), 4);
    let [entry] = left_out.as_slice() else {
        panic!("{left_out:?}");
    };
    let told = crate::report::chain(&entry.reason);
    assert!(
        told.contains("leads back to a directory above it"),
        "{told}"
    );
    assert!(entry.reason.is_failure());
}

#[test]
fn links_can_be_passed_over_or_refused() {
    let root = tree();
    symlink("a", root.path().join("link")).unwrap();
    symlink("nowhere", root.path().join("dangling")).unwrap();
    let (keys, left_out) = plan_tree(root.path(), Symlinks::Skip, &[]);
    assert_eq!((keys.len(), left_out.len()), (4, 0));
    let (keys, left_out) = plan_tree(root.path(), Symlinks::Error, &[]);
    assert_eq!((keys.len(), left_out.len()), (4, 2));
    for entry in left_out {
        assert!(
            matches!(entry.reason, EntryError::Symlink(_)) && entry.reason.is_failure(),
            "{entry:?}"
        );
    }
}

#[test]
fn a_named_link_is_followed_whatever_is_said_of_links() {
    let root = tree();
    let outside = tempfile::tempdir().unwrap();
    symlink(root.path(), outside.path().join("link")).unwrap();
    for symlinks in [Symlinks::Follow, Symlinks::Skip, Symlinks::Error] {
        let (keys, left_out) = plan_tree(&outside.path().join("link"), symlinks, &[]);
        assert_eq!((keys.len(), left_out.len()), (4, 0), "{symlinks:?}");
    }
}

#[test]
fn what_is_excluded_is_not_complained_about() {
    let root = tree();
    symlink("nowhere", root.path().join("dangling.tmp")).unwrap();
    symlink("..", root.path().join("d/loop")).unwrap();
    let (keys, left_out) = plan_tree(root.path(), Symlinks::Follow, &["*.tmp", "d/*"]);
    assert_eq!(keys, ["a", "b"]);
    assert!(left_out.is_empty(), "{left_out:?}");
}

#[test]
fn pipes_and_sockets_are_left_out() {
    let root = tree();
    let socket = std::os::unix::net::UnixListener::bind(root.path().join("socket"));
    let (keys, left_out) = plan_tree(root.path(), Symlinks::Follow, &[]);
    drop(socket.unwrap());
    assert_eq!(keys.len(), 4);
    let [entry] = left_out.as_slice() else {
        panic!("{left_out:?}");
    };
    assert!(matches!(entry.reason, EntryError::Special(_)) && !entry.reason.is_failure());
}

fn items(root: &Path) -> Vec<Item> {
    let selection = Selection {
        recursive: true,
        ..Selection::default()
    };
    let destination = "s3://bucket".parse().unwrap();
    let plan = Plan::new(&[root.to_owned()], &destination, &selection).unwrap();
    plan.items
}

#[test]
fn sizes_are_those_of_the_files() {
    let root = tree();
    let sizes: Vec<_> = items(root.path()).iter().map(|item| item.size).collect();
    assert_eq!(sizes, [Some(1), Some(1), Some(3), Some(7)]);
}

#[test]
fn a_link_put_in_the_place_of_a_file_after_the_walk_is_noticed() {
    let root = tree();
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir(outside.path().join("e")).unwrap();
    for name in ["secret", "e/c d"] {
        fs::write(outside.path().join(name), "s").unwrap();
    }
    // Below a link too, a file may be replaced by another, and a directory by one inside.
    symlink(root.path(), outside.path().join("link")).unwrap();
    let items = items(&outside.path().join("link"));
    fs::remove_file(root.path().join("a")).unwrap();
    symlink(outside.path().join("secret"), root.path().join("a")).unwrap();
    fs::rename(root.path().join("d/a"), root.path().join("b")).unwrap();
    symlink("../b", root.path().join("d/a")).unwrap();
    fs::rename(root.path().join("d/e"), root.path().join("e")).unwrap();
    symlink(outside.path().join("e"), root.path().join("d/e")).unwrap();

    let confirmed: Vec<_> = items
        .iter()
        .map(|item| {
            let Input::File(path) = &item.input else {
                panic!("{item:?}");
            };
            match item.confirm(&Source::open(path).unwrap()) {
                Ok(()) => (&*item.key, true),
                Err(EntryError::LeadsOut { .. }) => (&*item.key, false),
                Err(error) => panic!("{error}"),
            }
        })
        .collect();
    let expected = [("a", false), ("b", true), ("d/a", true), ("d/e/c d", false)];
    assert_eq!(confirmed, expected);
}

#[test]
fn two_files_for_one_key_are_refused() {
    let root = tree();
    let (a, d) = (root.path().join("a"), root.path().join("d"));
    let error = plan(&[&a, &d], "s3://bucket/p/", true).unwrap_err();
    assert!(
        matches!(error, PlanError::Collision { ref key, .. } if key == "p/a"),
        "{error}"
    );
}

#[test]
fn standard_input_needs_a_whole_key_of_its_own() {
    let stdin = Path::new("-");
    assert_eq!(plan(&[stdin], "s3://bucket/k", false).unwrap(), ["k"]);
    assert!(matches!(
        plan(&[stdin], "s3://bucket/p/", false),
        Err(PlanError::NamelessInput { .. })
    ));
    assert!(matches!(
        plan(&[stdin, stdin], "s3://bucket/k", false),
        Err(PlanError::NotAPrefix { .. })
    ));
}

#[test]
fn a_missing_source_is_no_usage_error_and_is_named() {
    let error = plan(&[Path::new("/nonexistent/file")], "s3://bucket/k", false).unwrap_err();
    assert!(
        matches!(error, PlanError::Source { .. }) && !error.is_usage(),
        "{error}"
    );
    assert!(error.to_string().contains("/nonexistent/file"), "{error}");
}
