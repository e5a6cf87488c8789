use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn checked(name: &str) -> Result<NewDomain> {
    NewDomain::checked(root(), name, Layer::Business)
}

#[test]
fn a_name_is_one_new_word() {
    let domain = checked("sample").unwrap();
    assert_eq!((&*domain.name, &*domain.title), ("sample", "Sample"));
    for (name, part) in [
        ("", "one word"),
        ("ab", "one word"),
        ("Sample", "one word"),
        ("two_words", "one word"),
        ("two-words", "one word"),
        ("../sample", "one word"),
        ("wörter", "one word"),
        ("abcdefghijklmnopqrstuvwxy", "one word"),
        ("posts", "already, in business/posts"),
        ("feed", "already, in product/feed"),
        ("limits", "a setting already"),
        ("bus", "something else"),
        ("trait", "something else"),
    ] {
        let error = checked(name).unwrap_err().to_string();
        assert!(error.contains(part), "{name}: {error}");
    }
}

/// Everything but compiling it: contracts, format, layers, lengths, words, the lock file.
#[test]
fn what_is_written_keeps_the_rules_of_the_tree() {
    for layer in [Layer::Business, Layer::Product] {
        let staging = Staging::copy(root()).unwrap();
        let domain = NewDomain::checked(staging.root(), "sample", layer).unwrap();
        write(staging.root(), &domain).unwrap();
        let there = |path: &str| staging.root().join(layer.name()).join(path);
        let generated = fs::read_to_string(there("sample/gateway/src/generated.rs")).unwrap();
        assert!(generated.contains("impl ::infra_rpc::Contract for dyn Sample"));
        assert!(
            staging
                .root()
                .join("testing/stubs/src/generated/sample.rs")
                .exists()
        );
        for (path, _) in files::render(&domain) {
            let text = fs::read_to_string(staging.root().join(path)).unwrap();
            assert!(!text.contains("{{"), "a name is left open: {text}");
        }
        // The next one finds its places too.
        let next = NewDomain::checked(staging.root(), "another", layer).unwrap();
        write(staging.root(), &next).unwrap();
        let again = NewDomain::checked(staging.root(), "sample", layer);
        assert!(again.unwrap_err().to_string().contains("already"));
    }
}

#[test]
fn only_what_differs_is_brought_back_and_all_of_it_or_nothing() {
    let tree = tempfile::tempdir().unwrap();
    let put = |root: &Path, file: &str, text: &str| {
        fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
        fs::write(root.join(file), text).unwrap();
    };
    let read = |file: &str| fs::read_to_string(tree.path().join(file)).ok();
    put(tree.path(), "kept.rs", "kept");
    put(tree.path(), "changed.rs", "before");
    put(tree.path(), "locked/changed.rs", "before");
    let change = || {
        let staging = Staging::copy(tree.path()).unwrap();
        put(staging.root(), "changed.rs", "after");
        put(staging.root(), "inner/new/new.rs", "new");
        put(staging.root(), "locked/changed.rs", "after");
        staging
    };

    // A folder stands where a file has to go.
    let staging = change();
    fs::remove_file(tree.path().join("locked/changed.rs")).unwrap();
    fs::create_dir(tree.path().join("locked/changed.rs")).unwrap();
    let error = staging.bring_back(tree.path()).unwrap_err();
    assert!(
        format!("{error:#}").contains("locked/changed.rs"),
        "{error:#}"
    );
    assert_eq!(read("changed.rs").as_deref(), Some("before"));
    assert!(!tree.path().join("inner").exists());

    fs::remove_dir(tree.path().join("locked/changed.rs")).unwrap();
    put(tree.path(), "locked/changed.rs", "before");
    let written = change().bring_back(tree.path()).unwrap();
    let expected = ["changed.rs", "inner/new/new.rs", "locked/changed.rs"];
    assert_eq!(written, expected.map(PathBuf::from));
    assert_eq!(read("inner/new/new.rs").as_deref(), Some("new"));
    let mode = |file: &str| {
        fs::metadata(tree.path().join(file))
            .unwrap()
            .permissions()
            .mode()
    };
    assert_eq!(mode("changed.rs"), mode("kept.rs"));
}
