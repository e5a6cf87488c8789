use super::*;

fn policy() -> Policy {
    toml::from_str(
        "[licenses]\nallow = [\"MIT\"]\n\
         [[licenses.exceptions]]\nallow = [\"MPL-2.0\"]\ncrate = \"special\"\n\
         [bans]\ndeny = [\
         { crate = \"ring\", reason = \"one cryptography library is enough\" }, \
         { crate = \"cmake\", wrappers = [\"unused-cmake\"], reason = \"no tool but a compiler\" }]\n\
         skip = [{ crate = \"old@0.1\", reason = \"a test tool wants it\" }]",
    )
    .unwrap()
}

fn advisories() -> Advisories {
    toml::from_str(
        "[[advisory]]\nid = \"X-1\"\ncrate = \"bad\"\naffected = [\"<1.2.3\"]\nwhat = \"reads past its end\"",
    )
    .unwrap()
}

fn package(name: &str, version: &str, licence: &str) -> Package {
    Package {
        name: name.to_owned(),
        version: version.parse().unwrap(),
        licence: Some(licence.to_owned()),
        source: Some(Source::Registry),
        dependents: BTreeSet::new(),
    }
}

/// The problems of these packages beside those that the list puts up with.
fn problems(packages: &[Package]) -> Vec<String> {
    let old = [
        package("old", "0.1.7", "MIT"),
        package("old", "0.2.0", "MIT"),
    ];
    problems_in(&[packages, &old].concat())
}

fn problems_in(packages: &[Package]) -> Vec<String> {
    let findings = check(packages, &policy(), &advisories());
    findings
        .into_iter()
        .map(|finding| finding.problem)
        .collect()
}

#[test]
fn what_is_in_order_passes() {
    let own = Package {
        source: None,
        ..package("ours", "0.1.0", "MIT")
    };
    let packages = [
        own,
        package("good", "1.0.0", "GPL-2.0 OR MIT"),
        package("special", "1.0.0", "MPL-2.0"),
        package("bad", "1.2.3", "MIT"),
    ];
    assert_eq!(problems(&packages), Vec::<String>::new());
}

#[test]
fn each_kind_of_fault_is_found() {
    for (package, problem) in [
        (package("other", "1.0.0", "MPL-2.0"), "is under MPL-2.0"),
        (package("ring", "0.17.0", "MIT"), "one cryptography library"),
        (package("bad", "1.2.2", "MIT"), "X-1"),
        (
            Package {
                licence: None,
                ..package("a", "1.0.0", "")
            },
            "names no licence",
        ),
        (
            Package {
                source: Some(Source::Other("git+https://example.org/a".to_owned())),
                ..package("a", "1.0.0", "MIT")
            },
            "comes from git",
        ),
    ] {
        let problems = problems(&[package]);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(problem), "{problems:?}");
    }
}

#[test]
fn what_is_banned_may_come_with_the_crates_that_are_named_and_with_no_other() {
    let brought_by = |names: &[&str]| Package {
        dependents: names.iter().map(|name| (*name).to_owned()).collect(),
        ..package("cmake", "0.1.0", "MIT")
    };
    assert_eq!(
        problems(&[brought_by(&["unused-cmake"])]),
        Vec::<String>::new()
    );
    let found = problems(&[brought_by(&["unused-cmake", "other"])]);
    assert_eq!(found, ["is banned: no tool but a compiler"]);
}

#[test]
fn two_versions_are_found_unless_the_older_is_listed() {
    let found = problems(&[
        package("twice", "1.0.0", "MIT"),
        package("twice", "2.0.0", "MIT"),
    ]);
    assert_eq!(found, ["is there in the versions 1.0.0, 2.0.0"]);
}

#[test]
fn an_entry_that_puts_up_with_nothing_is_found() {
    let found = problems_in(&[package("old", "0.1.0", "MIT")]);
    assert_eq!(found, ["`old@0.1` is put up with and not there any more"]);
}

#[test]
fn the_committed_lists_can_be_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let _: Policy = policy::read(root, "deny.toml").unwrap();
    let _: Advisories = policy::read(root, ".ci/advisories.toml").unwrap();
}
