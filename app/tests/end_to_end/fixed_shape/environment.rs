//! The environment as orchestrators, compose files and old shells write it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use crate::fixed_shape::commands::said;
use crate::harness::server::heliograph;

/// Runs `config show` with these variables; what it says, and whether it was well.
fn shown(variables: &[(&[u8], &[u8])]) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let variables = variables.iter().map(|(name, value)| {
        let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        (text(name), text(value))
    });
    let output = heliograph()
        .args(["config", "show"])
        .envs(variables)
        .current_dir(folder.path())
        .output()
        .unwrap();
    (output.status.success(), said(&output))
}

#[test]
fn what_others_put_into_the_environment_is_in_nobodys_way() {
    for variables in [
        &[(&b"OTHER"[..], &b"caf\xe9"[..])][..],
        &[(b"OTH\xe9R", b"x")],
        &[(b"HELIOGRAPH_MEDIA__WORKERS", b"")],
        &[(b"HELIOGRAPH_CONFIG", b"")],
        &[(b"HELIOGRAPH_CONFIG", b" ")],
        &[(b"NO_COLOR", b""), (b"MALLOC_ARENA_MAX", b"")],
        &[(b"MALLOC_ARENA_MAX", b"\xff"), (b"NO_COLOR", b"\xff")],
        &[(b"HELIOGRAPH_SHUTDOWN_GRACE_S", b" 7\n")],
    ] {
        let (is_well, said) = shown(variables);
        assert!(is_well, "{variables:?}: {said}");
    }
    let service: &[(&[u8], &[u8])] = &[
        (b"HELIOGRAPH_PORT", b"tcp://10.0.0.1:80"),
        (b"HELIOGRAPH_SERVICE_HOST", b"10.0.0.1"),
        (b"HELIOGRAPH_PORT_80_TCP_ADDR", b"10.0.0.1"),
    ];
    let (is_well, said) = shown(service);
    assert!(
        is_well && said.contains("HELIOGRAPH_SERVICE_HOST is what Kubernetes"),
        "{said}"
    );
}

#[test]
fn what_is_ours_and_wrong_is_named() {
    for (name, value, words) in [
        (&b"HELIOGRAPH_INSTANCE__TITLE"[..], &b"caf\xe9"[..], "UTF-8"),
        (b"HELIOGRAPH_LISEN", b"127.0.0.1:1", "did you mean `listen`"),
        (b"HELIOGRAPH_PORT", b"8080", "no setting"),
        (b"HELIOGRAPH_CONFIG", b"/nowhere/caf\xe9", "/nowhere"),
    ] {
        let (is_well, said) = shown(&[(name, value)]);
        assert!(!is_well && said.contains(words), "{said}");
    }
}
