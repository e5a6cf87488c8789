//! What is found on this machine.

use business_media_codec::{Encoding, Format, OutsideCodecs as _};
use business_media_outside::{Landlock, Outside, Program, Settings};

use crate::outside;

#[test]
fn everything_works_where_libheif_is_installed() {
    let Some(outside) = outside() else { return };
    let report = outside.report();
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
    let outside = Outside::find(program, &Settings::default());
    assert_eq!(
        (outside.reads(), outside.writes()),
        (Vec::new(), Vec::new())
    );
    assert!(
        outside
            .report()
            .absence
            .unwrap()
            .contains("/no/such/program")
    );
}
