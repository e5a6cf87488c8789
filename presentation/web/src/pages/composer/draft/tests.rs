use super::*;

fn draft(fields: &[(&str, &str)]) -> Draft {
    let mut draft = Draft::default();
    for (name, value) in fields {
        draft.take(name, (*value).to_owned()).unwrap();
    }
    draft.settle(20).unwrap();
    draft
}

fn ids(draft: &Draft) -> Vec<u64> {
    draft.photos.iter().map(|photo| photo.id.get()).collect()
}

#[test]
fn every_photo_gets_its_own_words_and_focal_point() {
    let draft = draft(&[
        ("media_id", "1"),
        ("media_id", "2"),
        ("alt-1", "A gull"),
        ("focus-left-1", "0"),
        ("focus-top-1", "75"),
        ("alt-2", ""),
        ("focus-left-2", ""),
        ("alt-9", "nobody's"),
        ("alt-x", "nobody's"),
    ]);
    assert_eq!(draft.photos[0].alt.as_deref(), Some("A gull"));
    assert_eq!(draft.photos[0].focus(), (Some(-1.0), Some(-0.5)));
    assert_eq!(draft.photos[1].alt.as_deref(), Some(""));
    assert_eq!(draft.photos[1].focus(), (None, None));
    assert!(draft.wants_sharing());
}

#[test]
fn the_common_words_go_to_photos_without_their_own() {
    let draft = draft(&[
        ("alt", "The harbour"),
        ("media_id", "1"),
        ("alt-1", "A gull"),
        ("media_id", "2"),
    ]);
    assert_eq!(draft.photos[0].alt.as_deref(), Some("A gull"));
    assert_eq!(draft.photos[1].alt.as_deref(), Some("The harbour"));
}

#[test]
fn the_other_buttons_do_not_share() {
    for button in ["add", "remove", "earlier", "later"] {
        assert!(!draft(&[(button, "7")]).wants_sharing(), "{button}");
    }
    for (name, value) in [("media_id", "x"), ("earlier", "")] {
        assert!(Draft::default().take(name, value.into()).is_err(), "{name}");
    }
    let mut draft = Draft::default();
    draft.take("media_id", "1".into()).unwrap();
    for number in ["-1", "101", "NaN", "left"] {
        let error = draft.take("focus-left-1", number.into()).unwrap_err();
        assert_eq!(error.field(), Some("focus"), "{number}");
    }
}

#[test]
fn photos_change_their_places_one_by_one() {
    let photos = [("media_id", "1"), ("media_id", "2"), ("media_id", "3")];
    for (button, id, expected) in [
        ("earlier", "3", [1, 3, 2]),
        ("later", "1", [2, 1, 3]),
        ("earlier", "1", [1, 2, 3]),
        ("later", "3", [1, 2, 3]),
        ("later", "9", [1, 2, 3]),
    ] {
        let fields: Vec<_> = photos.into_iter().chain([(button, id)]).collect();
        assert_eq!(ids(&draft(&fields)), expected, "{button} {id}");
    }
    assert_eq!(
        ids(&draft(&[
            ("media_id", "1"),
            ("media_id", "2"),
            ("remove", "1")
        ])),
        [2]
    );
}

#[test]
fn more_photos_than_an_album_holds_are_reported_by_number() {
    let mut draft = Draft::default();
    for id in 1..=21 {
        draft.take("media_id", id.to_string()).unwrap();
    }
    let error = draft.settle(20).unwrap_err();
    assert!(
        error
            .public()
            .starts_with("A post holds 20 photos at the most, and these are 21."),
        "{error}"
    );
    assert_eq!(draft.photos.len(), 20);
}
