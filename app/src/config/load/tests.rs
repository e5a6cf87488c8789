use super::*;

fn loaded(
    file: &str,
    environment: &[(&str, &str)],
    overrides: &Overrides,
) -> Result<Loaded, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("heliograph.toml");
    std::fs::write(&path, file).unwrap();
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    load(Some(&path), environment, overrides)
}

#[test]
fn flags_win_over_the_environment_and_the_environment_over_the_file() {
    let overrides = Overrides {
        listen: Some("127.0.0.1:3".into()),
        ..Overrides::default()
    };
    let environment = [
        ("HELIOGRAPH_LISTEN", "127.0.0.1:2"),
        ("HELIOGRAPH_INSTANCE__TITLE", "Env"),
        ("PATH", "x"),
    ];
    let file = "listen = '127.0.0.1:1'\nshutdown_grace_s = 7\n[instance]\ntitle = 'File'\ndescription = 'From the file'";
    let loaded = loaded(file, &environment, &overrides).unwrap();
    let configuration = &loaded.configuration;
    assert_eq!(configuration.listen, "127.0.0.1:3");
    assert_eq!(configuration.instance.title, "Env");
    assert_eq!(configuration.instance.description, "From the file");
    assert_eq!(configuration.shutdown_grace_s, 7);
    assert_eq!(loaded.settings["listen"].1, Origin::Flag("--listen"));
    assert_eq!(
        loaded.settings["instance.title"].1,
        Origin::Environment("HELIOGRAPH_INSTANCE__TITLE".into())
    );
    assert!(matches!(
        loaded.settings["shutdown_grace_s"].1,
        Origin::File(_)
    ));
    assert_eq!(loaded.settings["log.filter"].1, Origin::Default);
}

#[test]
fn what_is_wrong_is_named() {
    let check = |file: &str, environment: &[(&str, &str)], expected: &[&str]| {
        let error = loaded(file, environment, &Overrides::default())
            .unwrap_err()
            .to_string();
        for part in expected {
            assert!(error.contains(part), "`{error}` does not name `{part}`");
        }
    };
    check(
        "lisen = 'x'",
        &[],
        &["lisen", "did you mean `listen`", "heliograph.toml"],
    );
    check("[instance]\ncolour = 'x'", &[], &["instance.colour"]);
    check("instance = 'x'", &[], &["instance"]);
    check("listen = 'nowhere'", &[], &["listen", "nowhere"]);
    check("shutdown_grace_s = 'soon'", &[], &["shutdown_grace_s"]);
    check("roles = ['web', 'cook']", &[], &["roles", "cook"]);
    check(
        "",
        &[("HELIOGRAPH_SHUTDOWN_GRACE_S", "soon")],
        &["HELIOGRAPH_SHUTDOWN_GRACE_S", "soon", "whole number"],
    );
    check(
        "",
        &[("HELIOGRAPH_BASE_ULR", "x")],
        &["HELIOGRAPH_BASE_ULR", "base_url"],
    );
    check(
        "[media.ladder.feed]\nside_max = 300",
        &[],
        &["media.ladder.feed.side_max", "400"],
    );
    check("listen = ", &[], &["heliograph.toml", "TOML"]);
    for beyond in ["0", "299", "31536001", "9223372036854775807"] {
        let set = [("HELIOGRAPH_MEDIA_URL_LIFETIME_S", beyond)];
        let named = ["media_url_lifetime_s", beyond, "300", "31536000"];
        check("", &set, &named);
    }
}

#[test]
fn the_bounds_of_a_lifetime_can_be_set() {
    for within in ["300", "31536000"] {
        let set = [("HELIOGRAPH_MEDIA_URL_LIFETIME_S", within)];
        let loaded = loaded("", &set, &Overrides::default()).unwrap();
        let lifetime = loaded.configuration.media_url_lifetime_s;
        assert_eq!(lifetime.to_string(), within);
    }
}
