use super::*;

#[test]
fn a_section_of_which_nothing_is_set_changes_nothing() {
    let file = "[bus]\n# drain_s = 3\n[media.ladder]\n[feed]\n[media.ladder.feed]\n[instance]\ntitle = 'File'";
    let with_empty = loaded(file, &[], &Overrides::default()).unwrap();
    let without = loaded("[instance]\ntitle = 'File'", &[], &Overrides::default()).unwrap();
    let values = |loaded: &Loaded| -> Vec<(String, String)> {
        let settings = loaded.settings.iter();
        settings
            .map(|(name, (value, _))| (name.clone(), value.clone()))
            .collect()
    };
    assert_eq!(values(&with_empty), values(&without));
    assert_eq!(with_empty.settings["bus.drain_s"].1, Origin::Default);
    for (file, named) in [
        ("[buss]", "`buss`"),
        ("[listen]", "`listen`"),
        ("[bus.drain_s]", "`bus.drain_s`"),
        ("bus = ''", "`bus`"),
    ] {
        let error = loaded(file, &[], &Overrides::default()).unwrap_err();
        assert!(error.to_string().contains(named), "{file}: {error}");
    }
}
