use super::*;

mod sections;

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
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    load(Sources {
        file: Some(&path),
        environment,
        overrides: overrides.clone(),
        memory_limit_bytes: None,
    })
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
    check("[bus]\ndrain_minutes = 1", &[], &["bus.drain_minutes"]);
    check("[feed]\ndrain_seconds = 1", &[], &["feed.drain_seconds"]);
    check(
        "[bus]\nretention_hours = 'long'",
        &[],
        &["bus.retention_hours", "long", "whole number"],
    );
    check(
        "[bus]\nretention_hours = 9223372036854775807",
        &[],
        &["bus.retention_hours", "too large"],
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
fn an_old_name_is_read_and_the_new_one_named() {
    let file = "[accounts]\nsession_lifetime_days = 2\n[bus]\ndrain_seconds = 3
[feed]\nactive_days = 99999";
    let set = [
        ("HELIOGRAPH_ACCOUNTS__PASSWORD_MEMORY_KIB", "64"),
        ("HELIOGRAPH_MEDIA__JOB_SECONDS_MAX", "5"),
    ];
    let loaded = loaded(file, &set, &Overrides::default()).unwrap();
    let configuration = &loaded.configuration;
    assert_eq!(configuration.accounts.session_lifetime_s, 2 * 86_400);
    assert_eq!(configuration.accounts.password_memory_bytes, 64 * 1024);
    assert_eq!(configuration.bus.drain_s, 3);
    // As much as somebody wrote who meant for ever.
    assert_eq!(configuration.feed.active_window_s, 99_999 * 86_400);
    assert_eq!(configuration.media.job_s_max, 5);
    let warned = |old: &str, set_to: &str| {
        let named = |text: &&String| text.contains(old) && text.contains(set_to);
        assert!(
            loaded.warnings.iter().any(|text| named(&text)),
            "{old}: {:?}",
            loaded.warnings
        );
    };
    warned(
        "`accounts.session_lifetime_days`",
        "`accounts.session_lifetime_s` to 172800",
    );
    warned(
        "`accounts.password_memory_kib`",
        "`accounts.password_memory_bytes` to 65536",
    );
    warned("`bus.drain_seconds`", "`bus.drain_s` to 3");
    warned(
        "HELIOGRAPH_MEDIA__JOB_SECONDS_MAX",
        "`media.job_s_max` to 5",
    );
    assert_eq!(loaded.warnings.len(), 5);
    assert!(matches!(loaded.settings["bus.drain_s"].1, Origin::File(_)));
}

#[test]
fn a_later_source_wins_by_whichever_name() {
    let check = |file: &str, name: &str, warnings: usize| {
        let loaded = loaded(file, &[(name, "9")], &Overrides::default()).unwrap();
        assert_eq!(loaded.configuration.feed.tidy_interval_s, 9, "{name}");
        assert_eq!(loaded.warnings.len(), warnings, "{name}");
    };
    let (old, new) = (
        "HELIOGRAPH_FEED__TIDY_INTERVAL_SECONDS",
        "HELIOGRAPH_FEED__TIDY_INTERVAL_S",
    );
    check("[feed]\ntidy_interval_s = 7", new, 0);
    check("[feed]\ntidy_interval_s = 7", old, 1);
    check("[feed]\ntidy_interval_seconds = 7", new, 1);
    check("[feed]\ntidy_interval_seconds = 7", old, 2);
}

#[test]
fn the_old_and_the_new_name_in_one_source_are_refused() {
    let check = |file: &str, environment: &[(&str, &str)], source: &str| {
        let error = loaded(file, environment, &Overrides::default())
            .unwrap_err()
            .to_string();
        for part in [source, "`bus.drain_seconds`", "`bus.drain_s`", "remove"] {
            assert!(error.contains(part), "`{error}` does not name `{part}`");
        }
    };
    check(
        "[bus]\ndrain_s = 3\ndrain_seconds = 3",
        &[],
        "heliograph.toml",
    );
    let both = [
        ("HELIOGRAPH_BUS__DRAIN_S", "3"),
        ("HELIOGRAPH_BUS__DRAIN_SECONDS", "3"),
    ];
    check("", &both, "environment");
}

/// Every old name leads to a setting that there is, and is no setting itself.
#[test]
fn no_old_name_leads_nowhere() {
    let defaults = Table::try_from(Configuration::default()).unwrap();
    for (section, old, new, _) in renamed::RENAMED {
        assert!(
            lookup(&defaults, &format!("{section}.{new}")).is_some(),
            "{new}"
        );
        assert!(
            lookup(&defaults, &format!("{section}.{old}")).is_none(),
            "{old}"
        );
    }
}

#[test]
fn the_names_of_settings_end_in_one_style_of_units() {
    let defaults = Table::try_from(Configuration::default()).unwrap();
    for (setting, _) in flatten(&defaults) {
        for part in setting.split(['.', '_']) {
            let is_other_unit = [
                "seconds", "secs", "millis", "minutes", "hours", "days", "kib", "mib", "kb", "mb",
            ]
            .contains(&part);
            assert!(!is_other_unit, "{setting}");
        }
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

#[test]
fn an_empty_variable_sets_nothing_and_blanks_around_a_value_are_no_part_of_it() {
    let environment = [
        ("HELIOGRAPH_MEDIA__WORKERS", ""),
        ("HELIOGRAPH_LISTEN", " \t"),
        ("HELIOGRAPH_CONFIG", ""),
        ("HELIOGRAPH_", ""),
        ("HELIOGRAPH_SHUTDOWN_GRACE_S", " 7\r\n"),
        ("HELIOGRAPH_ROLES", " web , worker "),
        ("HELIOGRAPH_INSTANCE__TITLE", " Our photographs\n"),
        ("HELIOGRAPH_MEDIA__ALTERNATES", "[]"),
    ];
    let loaded = loaded("", &environment, &Overrides::default()).unwrap();
    let configuration = &loaded.configuration;
    assert_eq!(configuration.shutdown_grace_s, 7);
    assert_eq!(configuration.instance.title, "Our photographs");
    assert_eq!(configuration.media.alternates, []);
    assert_eq!(loaded.settings["media.workers"].1, Origin::Default);
    assert_eq!(loaded.settings["listen"].1, Origin::Default);
}

#[test]
fn the_variables_of_a_service_are_recorded_and_typing_errors_still_refused() {
    let service = [
        ("HELIOGRAPH_PORT", "tcp://10.0.0.1:80"),
        ("HELIOGRAPH_SERVICE_HOST", "10.0.0.1"),
        ("HELIOGRAPH_WEB_SERVICE_PORT_HTTP", "80"),
        ("HELIOGRAPH_PORT_80_TCP_ADDR", "10.0.0.1"),
    ];
    let noted = loaded("", &service, &Overrides::default()).unwrap().notes;
    assert_eq!(noted.len(), service.len(), "{noted:?}");
    for (name, _) in service {
        assert!(noted.iter().any(|note| note.starts_with(name)), "{name}");
    }
    for (name, value) in [
        ("HELIOGRAPH_PORT", "8080"),
        ("HELIOGRAPH_SERVICE_HOST", "photos.example"),
    ] {
        let error = loaded("", &[(name, value)], &Overrides::default()).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_not_utf8_matters_only_when_it_is_ours() {
    use std::os::unix::ffi::OsStringExt as _;
    let load_with = |name: &[u8], value: &[u8]| {
        let variable = (
            OsString::from_vec(name.to_vec()),
            OsString::from_vec(value.to_vec()),
        );
        load(Sources {
            file: None,
            environment: [variable].into_iter(),
            overrides: Overrides::default(),
            memory_limit_bytes: None,
        })
    };
    load_with(b"OTHER", b"caf\xe9").unwrap();
    load_with(b"OTH\xe9R", b"x").unwrap();
    for (name, value) in [
        (&b"HELIOGRAPH_INSTANCE__TITLE"[..], &b"caf\xe9"[..]),
        (b"HELIOGRAPH_CAF\xe9", b"x"),
    ] {
        let error = load_with(name, value).unwrap_err().to_string();
        assert!(
            error.contains("HELIOGRAPH_") && error.contains("UTF-8"),
            "{error}"
        );
    }
    let overrides = Overrides {
        data_dir: Some(OsString::from_vec(b"caf\xe9".to_vec()).into()),
        ..Overrides::default()
    };
    let error = loaded("", &[], &overrides).unwrap_err().to_string();
    assert!(error.contains("--data-dir"), "{error}");
}

#[test]
fn a_file_from_another_editor_is_read() {
    let file = "\u{feff}listen = '127.0.0.1:1'\r\n[instance]\r\ntitle = 'File'\r\n";
    let loaded = loaded(file, &[], &Overrides::default()).unwrap();
    assert_eq!(loaded.configuration.listen, "127.0.0.1:1");
    assert_eq!(loaded.configuration.instance.title, "File");
}

#[test]
fn defaults_fit_into_little_memory_and_say_so() {
    let fitted = load(Sources {
        file: None,
        environment: [(
            OsString::from("HELIOGRAPH_MEDIA__RENDITION_CACHE_BYTES"),
            OsString::from("1000"),
        )]
        .into_iter(),
        overrides: Overrides::default(),
        memory_limit_bytes: Some(256 << 20),
    })
    .unwrap();
    let (value, origin) = &fitted.settings["media.memory_bytes_max"];
    assert_eq!(value, "138877952");
    assert_eq!(origin.to_string(), "default for 256 MiB of memory");
    // What somebody set is theirs.
    assert_eq!(fitted.settings["media.rendition_cache_bytes"].0, "1000");
    assert_eq!(fitted.settings["media.workers"].1, Origin::Default);
    assert_eq!(fitted.warnings, Vec::<String>::new());
}

#[test]
fn passwords_of_urls_are_not_shown() {
    let shown = |url: &str| {
        let file = format!("database_url = '{url}'");
        let loaded = loaded(&file, &[], &Overrides::default()).unwrap();
        assert_eq!(loaded.configuration.database_url, url);
        loaded.settings["database_url"].0.clone()
    };
    assert_eq!(
        shown("postgres://ada:s3:cr@et@one,two/photos"),
        r#""postgres://ada:…@one,two/photos""#
    );
    assert_eq!(shown("postgres://ada@one/p"), r#""postgres://ada@one/p""#);
    let file = "database_url = 'postgres://ada:se/cret@one/p'";
    let refused = loaded(file, &[], &Overrides::default()).unwrap_err();
    let refused = refused.to_string();
    assert!(
        refused.contains("%2F") && !refused.contains("cret"),
        "{refused}"
    );
    assert_eq!(
        shown("postgres://one/p?user=ada&password=tulip"),
        r#""postgres://one/p?user=ada&password=…""#
    );
    let torn = loaded(
        "database_url = 'postgres://ada:tulip@one/p",
        &[],
        &Overrides::default(),
    );
    let torn = torn.unwrap_err().to_string();
    assert!(torn.contains("line 1") && !torn.contains("tulip"), "{torn}");
}

#[test]
fn a_key_is_taken_whole_from_one_place_and_shown_nowhere() {
    let amazon = [
        ("AWS_ACCESS_KEY_ID", "AKIATULIP"),
        ("AWS_SECRET_ACCESS_KEY", "rose"),
        ("AWS_REGION", "eu-central-1"),
    ];
    let file = "media_url = 's3://photos'";
    let of_amazon = loaded(file, &amazon, &Overrides::default()).unwrap();
    let s3 = &of_amazon.configuration.s3;
    assert_eq!(s3.secret_access_key.expose(), "rose");
    assert_eq!(s3.region, "eu-central-1");
    let shown = &of_amazon.settings["s3.access_key_id"].0;
    assert_eq!(shown, "\"AKIA…\"");
    assert_eq!(of_amazon.settings["s3.secret_access_key"].0, "\"…\"");
    // Half a key of one's own and half of another would be none.
    let half = format!("{file}\n[s3]\naccess_key_id = 'ada'");
    let refused = loaded(&half, &amazon, &Overrides::default()).unwrap_err();
    assert!(
        refused.to_string().contains("s3.secret_access_key"),
        "{refused}"
    );
    let number = format!("{file}\n[s3]\nsecret_access_key = 4711");
    let refused = loaded(&number, &[], &Overrides::default()).unwrap_err();
    assert!(refused.to_string().contains("text in quotes"), "{refused}");
    assert!(!refused.to_string().contains("4711"), "{refused}");
}
