//! Every page with awkward content: that it renders, and that nothing people write gets out of its place. With
//! `HELIOGRAPH_GALLERY=<folder>` the pages are written there, to be looked at.

use std::sync::Arc;

use askama::Template;
use infra_kernel::AccountId;
use presentation_kit::{Card, Person, Site};

use crate::assets::ASSETS;
use crate::pages::{
    about, authorize, composer, front, people, post, profile, session, settings, signup,
};
use crate::respond::Message;
use crate::view::{CHOICES, FormTrouble, PersonView, PostView, Shell, card_html, samples};

/// Widths and heights, upright and lying and very long.
const SIZES: [(u32, u32); 21] = [
    (2592, 3888),
    (900, 601),
    (2448, 3264),
    (4217, 2817),
    (600, 900),
    (600, 315),
    (3264, 2448),
    (768, 512),
    (512, 768),
    (640, 480),
    (768, 512),
    (2448, 3264),
    (3264, 2448),
    (1280, 960),
    (800, 533),
    (4640, 3472),
    (640, 480),
    (640, 480),
    (4032, 3024),
    (768, 512),
    (5760, 3840),
];
const CAPTIONS: [&str; 7] = [
    "Noon, Via Roma. I waited forty minutes for someone to walk into that rectangle of light, and then he did, without looking up once.",
    "Eiger, Mönch and Jungfrau from the path above Wengen.",
    "Dusk.",
    "",
    "שקיעה מעל הנמל הישן, הערב האחרון של הקיץ",
    "A very longwordwithoutanyspacesthatgoesonandonandonandonuntilitnolongerfitsonanyphoneinthewholewideworld <b>&</b>",
    "First frame of a new roll.\n\nThe second one was better, but the second one always is.",
];
const PEOPLE: [(&str, &str); 6] = [
    ("ilse_marten", "Ilse Marten"),
    ("jun", "Jun Takahashi"),
    ("noa", "נועה לוי"),
    ("wojtek", "Wojciech Żółkiewski"),
    (
        "a_name_that_takes_all_thirty_c",
        "Maximiliana Alexandrina von Hohenzollern-Sigmaringen",
    ),
    ("tilda", ""),
];

struct Gallery {
    site: Arc<Site>,
}

impl Gallery {
    fn shell(&self, viewer: bool, here: &'static str) -> Shell {
        Shell {
            site: Arc::clone(&self.site),
            assets: &ASSETS,
            viewer: viewer.then(|| PersonView::of(&self.site, &self.person(0))),
            csrf: "token".into(),
            here,
            offers_entry: true,
        }
    }

    fn person(&self, index: usize) -> Person {
        let (username, name) = PEOPLE[index % PEOPLE.len()];
        let mut person = samples::person(index as u64 + 1, username, name);
        person.account.note =
            "Street and sea. Mostly film, mostly early.\nPrints: https://ilse.example/prints"
                .into();
        if index.is_multiple_of(2) {
            person.avatar = Some(samples::photo([4, 8, 15][index / 2 % 3] as u64, 600, 900));
        }
        person
    }

    fn card(&self, index: usize, photos: &[usize]) -> Card {
        let mut card = samples::card(index as u64 + 1, CAPTIONS[index % CAPTIONS.len()], &[]);
        card.author = Arc::new(self.person(index));
        card.post.created_at_us -= [0, 1, 26, 200, 900, 10_000][index % 6] * 3_600 * 1_000_000;
        card.post.replies_count = [2, 0, 1, 14][index % 4];
        let photo = |photo: &usize| {
            let (width, height) = SIZES[*photo];
            let mut item = samples::photo(*photo as u64, width, height);
            item.description = "Sunlight falls in tilted squares on a wall; a man in a dark coat walks through it.".into();
            item
        };
        card.media = photos.iter().map(photo).collect();
        card
    }

    fn post(&self, index: usize, photos: &[usize]) -> PostView {
        PostView::of(&self.site, &self.card(index, photos), samples::NOW)
    }

    fn people(&self, count: usize) -> Vec<PersonView> {
        let view = |index: usize| {
            let relationship = business_graph_gateway::Relationship {
                following: index == 1,
                followed_by: index == 2,
                ..business_graph_gateway::Relationship::default()
            };
            PersonView::seen_by(
                &self.site,
                &self.person(index),
                Some(AccountId::new(1)),
                Some(&relationship),
            )
        };
        (1..=count).map(view).collect()
    }

    fn cards(&self) -> Vec<String> {
        let mut sensitive = self.card(3, &[18]);
        sensitive.post.sensitive = true;
        sensitive.post.spoiler_text = "Bright flashing light".into();
        let mut private = self.card(6, &[2]);
        private.post.visibility = business_posts_gateway::Visibility::Private.into();
        let twenty: Vec<usize> = (0..20).collect();
        [
            self.card(0, &[0]),
            self.card(1, &[1]),
            self.card(2, &[11, 12, 7]),
            sensitive,
            self.card(4, &[5]),
            self.card(5, &[9]),
            private,
            self.card(7, &twenty),
            self.card(9, &[]),
        ]
        .iter()
        .map(|card| card_html(&PostView::of(&self.site, card, samples::NOW)).unwrap())
        .collect()
    }

    fn grid(&self) -> Vec<PostView> {
        (0..20)
            .map(|index| {
                let photos = if index == 4 {
                    vec![index, 0, 1]
                } else {
                    vec![index]
                };
                let mut post = self.post(index, &photos);
                post.veiled = index == 6;
                post
            })
            .collect()
    }

    fn profile(&self, viewer: Option<u64>, empty: bool, index: usize) -> profile::ProfilePage {
        let person = self.person(index);
        let view = PersonView::seen_by(&self.site, &person, viewer.map(AccountId::new), None);
        profile::ProfilePage {
            shell: self.shell(
                viewer.is_some(),
                if view.is_viewer { "profile" } else { "" },
            ),
            person: view,
            posts: if empty { Vec::new() } else { self.grid() },
            older: (!empty).then(|| "/@ilse_marten?before=1".into()),
        }
    }

    fn post_page(&self, viewer: bool, mine: bool, photos: &[usize]) -> post::PostPage {
        let mut post = self.post(0, photos);
        post.author.can_follow = viewer && !mine;
        let mut replies: Vec<PostView> = (1..6)
            .map(|index| self.post(index, &[]))
            .filter(|post| !post.html.is_empty())
            .collect();
        for (index, reply) in replies.iter_mut().enumerate() {
            reply.reply_to = if index == 1 { 99 } else { post.id };
        }
        post::PostPage {
            shell: self.shell(viewer, ""),
            ancestors: Vec::new(),
            replies,
            deletable: mine,
            idempotency_key: "key".into(),
            characters_max: 2_000,
            draft: String::new(),
            trouble: FormTrouble::none(),
            post,
        }
    }

    fn composer(&self, photos: &[usize], trouble: FormTrouble) -> composer::ComposerPage {
        let composed = photos.iter().map(|index| composer::ComposedPhoto {
            id: *index as u64,
            photo: self.post(1, &[*index]).photos.remove(0),
        });
        composer::ComposerPage {
            shell: self.shell(true, "new"),
            trouble,
            idempotency_key: "key".into(),
            photos: composed.collect(),
            text: String::new(),
            visibility: "public".into(),
            sensitive: false,
            choices: &CHOICES,
            accepted: "image/jpeg,image/png,image/webp".into(),
            accepted_words: "JPEG, PNG, WebP".into(),
            photos_max: 20,
            upload_bytes_max: 40 << 20,
            upload_megabytes: 40,
            alt_characters_max: 1_500,
            characters_max: 2_000,
        }
    }

    fn entry(&self, trouble: FormTrouble, is_setup: bool, closed: bool) -> signup::SignupPage {
        signup::SignupPage {
            shell: Shell {
                offers_entry: false,
                ..self.shell(false, "")
            },
            trouble,
            closed,
            is_setup,
            setup_token: if is_setup {
                "secret".into()
            } else {
                String::new()
            },
            username: "ilse".into(),
            email: String::new(),
            next: "/".into(),
        }
    }

    fn all(&self) -> Vec<(&'static str, String)> {
        let taken = FormTrouble::of(&infra_kernel::Error::invalid(
            "username",
            "The name “ilse” is taken. Choose another.",
        ));
        let wrong = FormTrouble::of(&infra_kernel::Error::invalid(
            "",
            "The name and the password do not fit together.",
        ));
        let broken = FormTrouble::of(&infra_kernel::Error::invalid(
            "file",
            "This file says it is a photo but could not be read. Try exporting it again as JPEG.",
        ));
        let visitor = || Shell {
            offers_entry: false,
            ..self.shell(false, "")
        };
        let draw = |template: &dyn askama::DynTemplate| template.dyn_render().unwrap();
        vec![
            ("front", draw(&front::FrontPage { shell: Shell { here: "front", ..visitor() }, posts: self.grid(), older: Some("/?before=1".into()) })),
            ("front-empty", draw(&front::FrontPage { shell: visitor(), posts: Vec::new(), older: None })),
            ("home", draw(&front::HomePage { shell: self.shell(true, "home"), posts: self.cards(), suggestions: self.people(4), older: Some("/?before=1".into()) })),
            ("home-empty", draw(&front::HomePage { shell: self.shell(true, "home"), posts: Vec::new(), suggestions: self.people(4), older: None })),
            ("home-first", draw(&front::HomePage { shell: self.shell(true, "home"), posts: Vec::new(), suggestions: Vec::new(), older: None })),
            ("profile", draw(&self.profile(Some(9), false, 0))),
            ("profile-own-empty", draw(&self.profile(Some(1), true, 0))),
            ("profile-visitor-rtl", draw(&self.profile(None, false, 2))),
            ("profile-long", draw(&self.profile(Some(9), true, 4))),
            ("post", draw(&self.post_page(true, true, &[0]))),
            ("post-wide", draw(&self.post_page(true, false, &[3]))),
            ("post-visitor", draw(&self.post_page(false, false, &[1]))),
            ("post-album", draw(&self.post_page(true, false, &(0..20).collect::<Vec<_>>()))),
            ("post-words", draw(&self.post_page(true, false, &[]))),
            ("composer", draw(&self.composer(&[], FormTrouble::none()))),
            ("composer-photos", draw(&self.composer(&[2, 3, 7], FormTrouble::none()))),
            ("composer-wrong", draw(&self.composer(&[], broken))),
            ("people", draw(&people::PeoplePage { shell: self.shell(true, ""), person: PersonView::of(&self.site, &self.person(0)), heading: "Followers of", nobody: "", people: self.people(5), here: "/".into(), older: None })),
            ("login", draw(&session::LoginPage { shell: visitor(), trouble: FormTrouble::none(), reason: "", username: String::new(), next: "/".into() })),
            ("login-wrong", draw(&session::LoginPage { shell: visitor(), trouble: wrong, reason: "", username: "ilse".into(), next: "/".into() })),
            ("signup", draw(&self.entry(FormTrouble::none(), false, false))),
            ("signup-taken", draw(&self.entry(taken, false, false))),
            ("signup-closed", draw(&self.entry(FormTrouble::none(), false, true))),
            ("setup", draw(&self.entry(FormTrouble::none(), true, false))),
            ("settings", draw(&self.settings())),
            ("consent", draw(&self.consent())),
            ("code", draw(&authorize::CodePage { shell: self.shell(true, ""), application: "Ivory".into(), code: "dGhpcyBpcyBub3QgYSBjb2Rl".into() })),
            ("error", draw(&self.message("Nothing hangs here", "There is no page at this address. It may have been mistyped, or what was here has been deleted.", ""))),
            ("error-ours", draw(&self.message("Our fault, not yours", "Something went wrong on this server. It has been noted; please try again later.", "0f3a9c"))),
            ("about", draw(&about::AboutPage { shell: self.shell(false, ""), people: "128".into(), posts: "4,211".into() })),
        ]
    }

    fn settings(&self) -> settings::SettingsPage {
        let person = self.person(0);
        settings::SettingsPage {
            shell: self.shell(true, "settings"),
            trouble: FormTrouble::none(),
            saved: true,
            display_name: person.account.display_name.clone(),
            note: person.account.note.clone(),
            default_visibility: "public".into(),
            choices: &CHOICES,
            accepted: "image/jpeg".into(),
            person: PersonView::of(&self.site, &person),
        }
    }

    fn consent(&self) -> authorize::ConsentPage {
        authorize::ConsentPage {
            shell: self.shell(true, ""),
            application: "Ivory for iOS".into(),
            website: "https://ivory.example".into(),
            handle: "@ilse_marten".into(),
            scopes: vec![
                "See everything you can see: your feed, your photos, whom you follow",
                "Upload photos",
            ],
            out_of_band: false,
            destination: "the app".into(),
            fields: vec![("client_id", "1".into())],
        }
    }

    fn message(&self, heading: &'static str, text: &str, reference: &str) -> Message {
        Message {
            shell: self.shell(true, ""),
            heading,
            text: text.into(),
            way_out: ("/", "Home"),
            reference: reference.into(),
        }
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
    for (name, html) in gallery.all() {
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
