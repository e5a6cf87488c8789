//! Plain text as HTML: escaped, in paragraphs, with links, mentions and hashtags as links. The only
//! place that makes HTML from what people write; everything else is escaped by the templates. What
//! is a link, a mention or a hashtag is decided by [`business_posts_gateway::text`].

use std::ops::Range;

use business_posts_gateway::Mention;
use business_posts_gateway::text::{Entity, EntityKind, entities, hashtag_name};

use crate::surface::Site;

/// The most characters of an address that are shown.
const LINK_CHARACTERS_SHOWN: usize = 30;

/// Begin and end of what has the direction of its own first letter. They are characters and no
/// tags, because clients strip tags.
const ISOLATED: (&str, &str) = ("\u{2068}", "\u{2069}");

/// Whether a sign embeds, overrides or isolates a direction, or ends that. Letters that are written
/// from right to left need none.
const fn turns_direction(letter: char) -> bool {
    matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// A post's or a profile's text as safe HTML. Where signs turn the direction of writing, links,
/// mentions and hashtags keep their own: otherwise one could show another address than it leads to.
#[must_use]
pub fn to_html(site: &Site, text: &str, mentions: &[Mention]) -> String {
    let text = text.replace("\r\n", "\n");
    let isolates = text.contains(turns_direction);
    let mut writer = Writer {
        site,
        text: &text,
        mentions,
        isolates,
        html: String::with_capacity(text.len() * 2),
    };
    let mut entities = entities(&text, &site.domain).into_iter().peekable();
    for paragraph in paragraphs(&text) {
        writer.html.push_str("<p>");
        let mut at = paragraph.start;
        // No entity holds a line break, so each lies within one paragraph.
        while let Some(entity) = entities.next_if(|it| it.range.start < paragraph.end) {
            writer.write_plain(at..entity.range.start);
            writer.write_entity(&entity);
            at = entity.range.end;
        }
        writer.write_plain(at..paragraph.end);
        writer.html.push_str("</p>");
    }
    writer.html
}

/// A single line as safe HTML: with links, but no paragraph round it.
#[must_use]
pub fn line_to_html(site: &Site, line: &str) -> String {
    let html = to_html(site, line, &[]);
    let inner = html
        .strip_prefix("<p>")
        .and_then(|html| html.strip_suffix("</p>"))
        // Of several paragraphs these two tags would be of different ones.
        .filter(|inner| !inner.contains("<p>"))
        .map(str::to_owned);
    inner.unwrap_or(html)
}

/// Where the paragraphs of a text are: what blank lines part, without those lines.
fn paragraphs(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    let range = move |part: &str| {
        let start = at + (part.len() - part.trim_start_matches('\n').len());
        let length = part.trim_matches('\n').len();
        // And the two line breaks at which the text is split.
        at += part.len() + 2;
        start..start + length
    };
    text.split("\n\n").map(range).filter(|it| !it.is_empty())
}

struct Writer<'text> {
    site: &'text Site,
    text: &'text str,
    mentions: &'text [Mention],
    /// Whether entities are kept out of the direction of the text round them.
    isolates: bool,
    html: String,
}

impl Writer<'_> {
    fn write_plain(&mut self, range: Range<usize>) {
        for (index, line) in self.text[range].split('\n').enumerate() {
            if index > 0 {
                self.html.push_str("<br />");
            }
            escape(line, &mut self.html);
        }
    }

    fn write_entity(&mut self, entity: &Entity<'_>) {
        if self.isolates {
            self.html.push_str(ISOLATED.0);
        }
        self.write_bare_entity(entity);
        if self.isolates {
            self.html.push_str(ISOLATED.1);
        }
    }

    fn write_bare_entity(&mut self, entity: &Entity<'_>) {
        match entity.kind {
            EntityKind::Link => write_link(&self.text[entity.range.clone()], &mut self.html),
            EntityKind::Hashtag { written } => self.write_hashtag(written),
            EntityKind::Mention {
                username,
                is_local: true,
            } => self.write_mention(username, entity.range.clone()),
            // Nobody elsewhere is known yet.
            EntityKind::Mention { .. } => self.write_plain(entity.range.clone()),
        }
    }

    /// A link to who is mentioned; the text as it is when the post mentions nobody of that name.
    fn write_mention(&mut self, username: &str, range: Range<usize>) {
        let is_meant = |mention: &&Mention| mention.username.eq_ignore_ascii_case(username);
        let Some(mention) = self.mentions.iter().find(is_meant) else {
            self.write_plain(range);
            return;
        };
        self.html.push_str("<span class=\"h-card\"><a href=\"");
        escape(&self.site.profile_url(&mention.username), &mut self.html);
        self.html.push_str("\" class=\"u-url mention\">@<span>");
        escape(&mention.username, &mut self.html);
        self.html.push_str("</span></a></span>");
    }

    fn write_hashtag(&mut self, written: &str) {
        self.html.push_str("<a href=\"");
        escape(&self.site.tag_url(&hashtag_name(written)), &mut self.html);
        self.html
            .push_str("\" class=\"mention hashtag\" rel=\"tag\">#<span>");
        escape(written, &mut self.html);
        self.html.push_str("</span></a>");
    }
}

fn write_link(link: &str, html: &mut String) {
    html.push_str("<a href=\"");
    escape(link, html);
    html.push_str("\" rel=\"nofollow noopener noreferrer\" target=\"_blank\">");
    let shown = link.split_once("://").map_or(link, |(_, shown)| shown);
    // Within a link they would end its isolation, or turn a part of it round.
    let shown = shown.replace(turns_direction, "");
    if shown.chars().count() > LINK_CHARACTERS_SHOWN {
        let shortened: String = shown.chars().take(LINK_CHARACTERS_SHOWN).collect();
        escape(&shortened, html);
        html.push('…');
    } else {
        escape(&shown, html);
    }
    html.push_str("</a>");
}

/// Escapes text for HTML content and double-quoted attributes.
pub fn escape(text: &str, html: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn site() -> Site {
        Site {
            base_url: "http://p".into(),
            domain: "p".into(),
            title: String::new(),
            description: String::new(),
            contact_email: String::new(),
            registrations_open: true,
            version: String::new(),
            post_characters_max: 0,
            post_media_max: 0,
            push_key: "BKey=".into(),
            signer: crate::Signer::new(
                &[7; 32],
                std::time::Duration::from_secs(86_400),
                std::sync::Arc::new(infra_kernel::SystemClock),
            ),
        }
    }

    fn html_of(text: &str) -> String {
        let mentions = [Mention {
            account_id: 1,
            username: "Ada".into(),
        }];
        to_html(&site(), text, &mentions)
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(html_of(text), expected);
    }

    #[test]
    fn text_becomes_paragraphs_and_nothing_in_it_becomes_markup() {
        check("a\nb\n\n\nc", "<p>a<br />b</p><p>c</p>");
        check("<script>&'\"", "<p>&lt;script&gt;&amp;&#39;&quot;</p>");
        check("", "");
    }

    #[test]
    fn addresses_become_links_without_the_sentences_punctuation() {
        check(
            "see https://a.example/x?y=1&z=2.",
            "<p>see <a href=\"https://a.example/x?y=1&amp;z=2\" rel=\"nofollow noopener noreferrer\" target=\"_blank\">a.example/x?y=1&amp;z=2</a>.</p>",
        );
        check("https://", "<p>https://</p>");
        check(
            "https://a.example/'\"onmouseover=\"x",
            "<p><a href=\"https://a.example/\" rel=\"nofollow noopener noreferrer\" target=\"_blank\">a.example/</a>&#39;&quot;onmouseover=&quot;x</p>",
        );
    }

    #[test]
    fn only_those_mentioned_become_links() {
        check(
            "hi @ada, @bob",
            "<p>hi <span class=\"h-card\"><a href=\"http://p/@Ada\" class=\"u-url mention\">@<span>Ada</span></a></span>, @bob</p>",
        );
        check("mail@ada", "<p>mail@ada</p>");
        check("@ada@elsewhere.example", "<p>@ada@elsewhere.example</p>");
        check("@adaline and @ad", "<p>@adaline and @ad</p>");
        check(
            "\"@ada\"/@ada",
            "<p>&quot;<span class=\"h-card\"><a href=\"http://p/@Ada\" class=\"u-url mention\">@<span>Ada</span></a></span>&quot;/@ada</p>",
        );
        check(
            "https://a.example/@ada",
            "<p><a href=\"https://a.example/@ada\" rel=\"nofollow noopener noreferrer\" target=\"_blank\">a.example/@ada</a></p>",
        );
    }

    #[test]
    fn a_name_that_begins_with_a_mentioned_one_is_another() {
        check("@adam @ada_b @ada2", "<p>@adam @ada_b @ada2</p>");
        check(
            "@ada's",
            "<p><span class=\"h-card\"><a href=\"http://p/@Ada\" class=\"u-url mention\">@<span>Ada</span></a></span>&#39;s</p>",
        );
    }

    #[test]
    fn hashtags_become_links_to_their_pages() {
        check(
            "#Caf\u{e9}!",
            "<p><a href=\"http://p/tags/caf%C3%A9\" class=\"mention hashtag\" rel=\"tag\">#<span>Caf\u{e9}</span></a>!</p>",
        );
        check(
            "#a_1",
            "<p><a href=\"http://p/tags/a_1\" class=\"mention hashtag\" rel=\"tag\">#<span>a_1</span></a></p>",
        );
        check(
            "a#b https://a.example/#c",
            "<p>a#b <a href=\"https://a.example/#c\" rel=\"nofollow noopener noreferrer\" target=\"_blank\">a.example/#c</a></p>",
        );
    }

    #[test]
    fn mentions_stand_beside_other_scripts_and_with_our_own_domain() {
        let ada = "<span class=\"h-card\"><a href=\"http://p/@Ada\" class=\"u-url mention\">@<span>Ada</span></a></span>";
        check("@adaさん", &format!("<p>{ada}さん</p>"));
        check("@ada@p, hi", &format!("<p>{ada}, hi</p>"));
        check("@ada@p.elsewhere", "<p>@ada@p.elsewhere</p>");
    }

    #[test]
    fn signs_that_turn_the_direction_do_not_reach_into_links() {
        let link = "<a href=\"https://x.com/moc.knab\" rel=\"nofollow noopener noreferrer\" target=\"_blank\">x.com/moc.knab</a>";
        for sign in ['\u{202a}', '\u{202e}', '\u{2067}'] {
            check(
                &format!("{sign}https://x.com/moc.knab"),
                &format!("<p>{sign}\u{2068}{link}\u{2069}</p>"),
            );
        }
        let ada = "<span class=\"h-card\"><a href=\"http://p/@Ada\" class=\"u-url mention\">@<span>Ada</span></a></span>";
        let tag =
            "<a href=\"http://p/tags/a\" class=\"mention hashtag\" rel=\"tag\">#<span>a</span></a>";
        check(
            "\u{202e} @ada\n\n#a",
            &format!("<p>\u{202e} \u{2068}{ada}\u{2069}</p><p>\u{2068}{tag}\u{2069}</p>"),
        );
        // Text that is written from right to left stays as it is.
        check(
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd}\u{200f} https://x.com/moc.knab",
            &format!("<p>\u{5e9}\u{5dc}\u{5d5}\u{5dd}\u{200f} {link}</p>"),
        );
    }

    #[test]
    fn a_line_has_no_paragraph_round_it() {
        assert_eq!(
            line_to_html(&site(), "<b> & #a"),
            html_of("<b> & #a")[3..].replace("</p>", "")
        );
        assert_eq!(line_to_html(&site(), ""), "");
    }

    /// What is left of HTML without its tags, which must be ones that are written here, unescaped.
    fn shown(mut html: &str) -> String {
        let mut text = String::new();
        while let Some(start) = html.find('<') {
            text.push_str(&html[..start]);
            let end = start + html[start..].find('>').expect("an open tag") + 1;
            let tag = &html[start..end];
            let known = [
                "<p>",
                "</p>",
                "<br />",
                "</a>",
                "<span>",
                "</span>",
                "<span class=\"h-card\">",
            ];
            let parts: Vec<&str> = tag.split('"').collect();
            let is_link = parts[0] == "<a href="
                && parts[1].starts_with("http")
                && !parts[1].contains('\'')
                && {
                    let rest = parts[2..].join("\"");
                    [
                        " rel=\"nofollow noopener noreferrer\" target=\"_blank\">",
                        " class=\"u-url mention\">",
                        " class=\"mention hashtag\" rel=\"tag\">",
                    ]
                    .contains(&&*rest)
                };
            assert!(known.contains(&tag) || is_link, "{tag}");
            if tag == "</p>" || tag == "<br />" {
                text.push('\n');
            }
            html = &html[end..];
        }
        text.push_str(html);
        assert!(!text.contains(['"', '\'', '>']), "{text}");
        text.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&amp;", "&")
    }

    proptest! {
        #[test]
        fn nothing_that_is_written_becomes_markup_or_is_lost(
            pieces in proptest::collection::vec(
                prop_oneof![
                    prop::sample::select(vec![
                        "<", ">", "&", "\"", "'", "&lt;", "<p>", "</p>", "<script>", "@ada", "@bob", "#tag", "#\u{b5}", " ", "\n",
                        "\r\n", "\n\n", "https://", "a.example", "/\"x'<y>", "(", ")", "\0", "\u{202e}",
                    ]).prop_map(str::to_owned),
                    any::<char>().prop_map(String::from),
                ],
                0..30,
            ),
        ) {
            let text = pieces.concat();
            let shown = shown(&html_of(&text));
            // Addresses are shown without their scheme, mentions as the account writes itself; line
            // breaks are markup.
            let plain = |text: &str| {
                // Isolation adds some, also within a scheme, and links are shown without.
                let lower = text.to_lowercase().replace(turns_direction, "");
                let lower = lower.replace("https://", "").replace("http://", "");
                lower.replace(['\n', '\r', '\u{2026}'], "")
            };
            if text.len() < LINK_CHARACTERS_SHOWN {
                prop_assert_eq!(plain(&shown), plain(&text));
            }
        }
    }
}
