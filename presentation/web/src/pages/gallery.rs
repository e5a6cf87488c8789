//! Every page with awkward content: that it renders, and that nothing people write gets out of its
//! place. With `HELIOGRAPH_GALLERY=<folder>` the pages are written there, to be looked at.

mod content;

use std::sync::Arc;

use askama::Template;

use crate::assets::ASSETS;
use crate::pages::gallery::content::Gallery;
use crate::pages::{about, authorize, front, people, session};
use crate::view::{FormError, PersonView, PostView, Shell, cards_html, samples, tiles_html};

impl Gallery {
    fn all(&self) -> Vec<(&'static str, String)> {
        let taken = FormError::of(&infra_kernel::Error::invalid(
            "username",
            "The name “ilse” is taken. Choose another.",
        ));
        let wrong = FormError::of(&infra_kernel::Error::invalid(
            "",
            "The name and the password do not fit together.",
        ));
        let broken = FormError::of(&infra_kernel::Error::invalid(
            "file",
            "This file says it is a photo but could not be read. Try exporting it again as JPEG.",
        ));
        let (cards, wall) = (self.cards(), self.wall());
        let cards = cards_html(&self.site, &cards, samples::NOW);
        let tiles = tiles_html(&self.site, &wall, samples::NOW);
        let latest = wall
            .iter()
            .map(|card| PostView::of(&self.site, card, samples::NOW))
            .collect();
        let visitor = || Shell {
            offers_entry: false,
            ..self.shell(false, "")
        };
        let draw = |template: &dyn askama::DynTemplate| template.dyn_render().unwrap();
        vec![
            ("front", draw(&front::FrontPage { shell: Shell { here: "front", ..visitor() }, posts: latest, is_first: true, older: Some("/?before=1".into()) })),
            ("front-empty", draw(&front::FrontPage { shell: visitor(), posts: Vec::new(), is_first: true, older: None })),
            ("home", draw(&front::HomePage { shell: self.shell(true, "home"), cards, is_first: true, suggestions: self.people(4), older: Some("/?before=1".into()) })),
            ("home-empty", draw(&front::HomePage { shell: self.shell(true, "home"), cards: Vec::new(), is_first: true, suggestions: self.people(4), older: None })),
            ("home-first", draw(&front::HomePage { shell: self.shell(true, "home"), cards: Vec::new(), is_first: true, suggestions: Vec::new(), older: None })),
            ("profile", draw(&self.profile(Some(9), &tiles, 0))),
            ("profile-own-empty", draw(&self.profile(Some(1), &[], 0))),
            ("profile-visitor-rtl", draw(&self.profile(None, &tiles, 2))),
            ("profile-long", draw(&self.profile(Some(9), &[], 4))),
            ("post", draw(&self.post_page(true, true, &[0]))),
            ("post-wide", draw(&self.post_page(true, false, &[3]))),
            ("post-visitor", draw(&self.post_page(false, false, &[1]))),
            ("post-album", draw(&self.post_page(true, false, &(0..20).collect::<Vec<_>>()))),
            ("post-words", draw(&self.post_page(true, false, &[]))),
            ("composer", draw(&self.composer(&[], FormError::none()))),
            ("composer-photos", draw(&self.composer(&[2, 3, 7], FormError::none()))),
            ("composer-wrong", draw(&self.composer(&[], broken))),
            ("people", draw(&people::PeoplePage { shell: self.shell(true, ""), person: PersonView::of(&self.site, &self.person(0)), heading: "Followers of", nobody: "", people: self.people(5), here: "/".into(), is_first: true, older: None })),
            ("login", draw(&session::LoginPage { shell: visitor(), form_error: FormError::none(), reason: "", username: String::new(), next: "/".into() })),
            ("login-wrong", draw(&session::LoginPage { shell: visitor(), form_error: wrong, reason: "", username: "ilse".into(), next: "/".into() })),
            ("signup", draw(&self.entry(FormError::none(), false, false))),
            ("signup-taken", draw(&self.entry(taken, false, false))),
            ("signup-closed", draw(&self.entry(FormError::none(), false, true))),
            ("setup", draw(&self.entry(FormError::none(), true, false))),
            ("settings", draw(&self.settings())),
            ("consent", draw(&self.consent())),
            ("code", draw(&authorize::CodePage { shell: self.shell(true, ""), application: "Ivory".into(), code: "dGhpcyBpcyBub3QgYSBjb2Rl".into() })),
            ("error", draw(&self.message("Nothing hangs here", "There is no page at this address. It may have been mistyped, or what was here has been deleted.", ""))),
            ("error-ours", draw(&self.message("Our fault, not yours", "Something went wrong on this server. It has been noted; please try again later.", "0f3a9c"))),
            ("about", draw(&about::AboutPage { shell: self.shell(false, ""), people: "128".into(), posts: "4,211".into() })),
        ]
    }
}

impl Gallery {
    /// A post with a lost photo, beside another and alone; and photos that no post shows.
    fn lost(&self) -> Vec<(&'static str, String)> {
        let page = |photos| self.lost_page(photos).render().unwrap();
        let uploads = |photos| self.uploads(photos).render().unwrap();
        vec![
            ("post-lost", page(&[0])),
            ("post-lost-alone", page(&[])),
            ("uploads", uploads(&[0, 1, 3, 5, 16])),
            ("uploads-none", uploads(&[])),
        ]
    }
}

#[test]
fn every_page_renders_whole_and_safe() {
    let folder = std::env::var_os("HELIOGRAPH_GALLERY").map(std::path::PathBuf::from);
    let mut site = samples::site();
    if folder.is_some() {
        site.base_url = "http://127.0.0.1:8899".into();
    }
    let gallery = Gallery {
        site: Arc::new(site),
    };
    for (name, html) in gallery.all().into_iter().chain(gallery.lost()) {
        assert!(
            html.trim_start().starts_with("<!doctype html>")
                && html.trim_end().ends_with("</html>"),
            "{name}"
        );
        assert_eq!(
            html.matches("<h1").count(),
            1,
            "{name} must have one first heading"
        );
        assert!(
            !html.contains(" style=") && !html.contains(" onclick"),
            "{name} has what its policy forbids"
        );
        assert!(
            !html.contains("<b>&</b>"),
            "{name} lets a caption be markup"
        );
        let posts = html.matches("<form method=\"post\"").count()
            + html.matches("form\" method=\"post\"").count();
        assert!(
            html.matches("name=\"csrf\"").count() >= posts,
            "{name} has a form without a token"
        );
        if let Some(folder) = &folder {
            std::fs::write(folder.join(format!("{name}.html")), html).unwrap();
        }
    }
    if let Some(folder) = &folder {
        ASSETS.write_to(folder);
    }
}

#[test]
fn a_previewed_link_carries_its_photo_and_a_private_one_nothing() {
    let gallery = Gallery {
        site: Arc::new(samples::site()),
    };
    let mut page = gallery.post_page(false, false, &[0]);
    let html = page.render().unwrap();
    assert!(
        html.contains("property=\"og:image\" content=\"https://photos.example/media/0-feed.jpg\"")
    );
    page.post.is_open = false;
    let html = page.render().unwrap();
    assert!(!html.contains("og:") && html.contains("noindex"));
    page.post.is_open = true;
    page.post.veiled = true;
    assert!(!page.render().unwrap().contains("og:image"));
}
