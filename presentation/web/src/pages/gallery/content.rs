//! People, posts and pages as awkward as they get in life.

use std::borrow::Cow;
use std::sync::Arc;

use infra_kernel::AccountId;
use presentation_kit::{Card, Person, Shown, Site};

use crate::assets::ASSETS;
use crate::pages::{authorize, composer, post, profile, settings, signup, uploads};
use crate::respond::Message;
use crate::view::{CHOICES, FormError, PersonView, PostView, Shell, When, samples};

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

pub(super) struct Gallery {
    pub(super) site: Arc<Site>,
}

impl Gallery {
    pub(super) fn shell(&self, viewer: bool, here: &'static str) -> Shell {
        Shell {
            site: Arc::clone(&self.site),
            assets: &ASSETS,
            viewer: viewer.then(|| PersonView::of(&self.site, &self.person(0))),
            csrf: "token".into(),
            here,
            offers_entry: true,
        }
    }

    pub(super) fn person(&self, index: usize) -> Person {
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

    pub(super) fn card(&self, index: usize, photos: &[usize]) -> Card {
        let mut card = samples::card(index as u64 + 1, CAPTIONS[index % CAPTIONS.len()], &[]);
        card.author = Arc::new(self.person(index));
        card.post.created_at_us -= [0, 1, 26, 200, 900, 10_000][index % 6] * 3_600 * 1_000_000;
        card.head.replies_count = [2, 0, 1, 14][index % 4];
        let photo = |photo: &usize| {
            let (width, height) = SIZES[*photo];
            let mut item = samples::photo(*photo as u64, width, height);
            item.description = "Sunlight falls in tilted squares on a wall; a man in a dark coat walks through it.".into();
            item
        };
        card.media = photos.iter().map(photo).collect();
        // Every second post shows its camera and offers its originals; one photo in the feed moves.
        card.post.camera_shown = index.is_multiple_of(2);
        card.post.originals_shared = index.is_multiple_of(2);
        for item in &mut card.media {
            item.camera = Some(samples::camera());
            item.animation = (item.id == 13).then(|| samples::animation(13));
        }
        card
    }

    pub(super) fn post(&self, index: usize, photos: &[usize]) -> PostView {
        PostView::of(&self.site, &self.card(index, photos), samples::NOW)
    }

    pub(super) fn people(&self, count: usize) -> Vec<PersonView> {
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

    pub(super) fn cards(&self) -> [Shown; 9] {
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
        .map(samples::shown)
    }

    pub(super) fn wall(&self) -> Vec<Shown> {
        let card = |index| {
            let album = [index, 0, 1];
            let mut card = self.card(index, if index == 4 { &album } else { &album[..1] });
            card.post.sensitive = index == 6;
            samples::shown(card)
        };
        (0..20).map(card).collect()
    }

    pub(super) fn profile<'card>(
        &self,
        viewer: Option<u64>,
        tiles: &[Cow<'card, str>],
        index: usize,
    ) -> profile::ProfilePage<'card> {
        let person = self.person(index);
        let view = PersonView::seen_by(&self.site, &person, viewer.map(AccountId::new), None);
        profile::ProfilePage {
            shell: self.shell(
                viewer.is_some(),
                if view.is_viewer { "profile" } else { "" },
            ),
            person: view,
            tiles: tiles.to_vec(),
            is_first: true,
            older: tiles.first().map(|_| "/@ilse_marten?before=1".into()),
        }
    }

    pub(super) fn post_page(&self, viewer: bool, mine: bool, photos: &[usize]) -> post::PostPage {
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
            draft: String::new(),
            form_error: FormError::none(),
            post,
        }
    }

    /// With a photo that was lost beside others.
    pub(super) fn lost_page(&self, photos: &[usize]) -> post::PostPage {
        let mut card = self.card(0, &[1]);
        card.media[0].state = business_media_gateway::MediaState::Failed.into();
        let mut page = self.post_page(true, true, photos);
        page.post.missing = PostView::of(&self.site, &card, samples::NOW).missing;
        page
    }

    /// The first is being processed, the second has failed.
    pub(super) fn uploads(&self, photos: &[usize]) -> uploads::UploadsPage {
        let view = |(place, index): (usize, &usize)| {
            let reason = "This picture is damaged or was cut off, and cannot be read. Please send it again from the original.";
            uploads::UploadView {
                id: *index as u64,
                photo: self.post(1, &[*index]).photos.pop().filter(|_| place > 1),
                failure: (place == 1).then(|| reason.to_owned()),
                when: When::of(samples::NOW.microseconds() - 3_600_000_000, samples::NOW),
            }
        };
        uploads::UploadsPage {
            shell: self.shell(true, "new"),
            uploads: photos.iter().enumerate().map(view).collect(),
            kept: "a day".into(),
            failed_kept: "7 days".into(),
            photos_max: 20,
        }
    }

    pub(super) fn composer(
        &self,
        photos: &[usize],
        form_error: FormError,
    ) -> composer::ComposerPage {
        let composed = photos.iter().map(|index| composer::ComposedPhoto {
            id: *index as u64,
            photo: self.post(1, &[*index]).photos.pop(),
            alt: "Sunlight falls in tilted squares on a wall.".into(),
            focus: (50.0, 20.0),
        });
        composer::ComposerPage {
            shell: self.shell(true, "new"),
            form_error,
            idempotency_key: "key".into(),
            photos: composed.collect(),
            offers_uploads: true,
            text: String::new(),
            visibility: "public".into(),
            sensitive: false,
            originals_shared: false,
            camera_shown: true,
            refused: vec![(
                "IMG_4711.jpg".into(),
                "This picture is damaged or was cut off, and cannot be read. Please send it again from the original.".into(),
            )],
            choices: &CHOICES,
            accepted: "image/jpeg,image/png,image/webp".into(),
            accepted_words: "JPEG, PNG, WebP".into(),
            photos_max: 20,
            upload_bytes_max: 40 << 20,
            upload_megabytes: 40,
            alt_characters_max: 1_500,
        }
    }

    pub(super) fn entry(
        &self,
        form_error: FormError,
        is_setup: bool,
        closed: bool,
    ) -> signup::SignupPage {
        signup::SignupPage {
            shell: Shell {
                offers_entry: false,
                ..self.shell(false, "")
            },
            form_error,
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

    pub(super) fn settings(&self) -> settings::SettingsPage {
        let person = self.person(0);
        settings::SettingsPage {
            shell: self.shell(true, "settings"),
            form_error: FormError::none(),
            saved: true,
            display_name: person.account.display_name.clone(),
            note: person.account.note.clone(),
            locked: true,
            asking: 3,
            default_visibility: "public".into(),
            default_originals_shared: false,
            default_camera_shown: true,
            choices: &CHOICES,
            accepted: "image/jpeg".into(),
            person: PersonView::of(&self.site, &person),
        }
    }

    pub(super) fn consent(&self) -> authorize::ConsentPage {
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

    pub(super) fn message(&self, heading: &'static str, text: &str, reference: &str) -> Message {
        Message {
            shell: self.shell(true, ""),
            heading,
            text: text.into(),
            way_out: ("/", "Home"),
            reference: reference.into(),
        }
    }
}
