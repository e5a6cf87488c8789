//! What is found on this machine.

use business_media_codec::{Encoding, ExternalCodecs as _, Format};
use business_media_codec_worker::{CodecWorkers, Landlock, Program, Settings};

use crate::external_codecs;

#[test]
fn everything_works_where_libheif_is_installed() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    let report = external_codecs.report();
    assert_eq!(report.reads, [Format::Avif, Format::Heic], "{report:?}");
    assert_eq!(
        report.writes,
        [Encoding::WebP, Encoding::Avif],
        "{report:?}"
    );
    assert_eq!(report.landlock, Some(Landlock::Full));
    assert!(report.libheif.unwrap().starts_with("1."));
}

#[test]
fn where_no_worker_starts_nothing_is_offered() {
    let program = Program {
        path: "/no/such/program".into(),
        arguments: Vec::new(),
    };
    let external_codecs = CodecWorkers::find(program, &Settings::default());
    assert_eq!(
        (external_codecs.reads(), external_codecs.writes()),
        (Vec::new(), Vec::new())
    );
    assert!(
        external_codecs
            .report()
            .absence
            .unwrap()
            .contains("/no/such/program")
    );
}
