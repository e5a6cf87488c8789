//! Plain text as HTML: escaped, in paragraphs, with addresses and mentions as links. The only place that makes HTML
//! from what people write; everything else is escaped by the templates.

use business_posts_gateway::{Mention, WrittenMention, written_mentions};

use crate::surface::Site;

/// The longest address that becomes a link, in bytes.
const LINK_BYTES_MAX: usize = 2_048;
/// The most characters of an address that are shown.
const LINK_CHARACTERS_SHOWN: usize = 30;

/// A post's or a profile's text as safe HTML.
#[must_use]
pub fn to_html(site: &Site, text: &str, mentions: &[Mention]) -> String {
    let mut html = String::with_capacity(text.len() * 2);
    let normalized = text.replace("\r\n", "\n");
    for paragraph in normalized
        .split("\n\n")
        .map(|paragraph| paragraph.trim_matches('\n'))
        .filter(|text| !text.is_empty())
    {
        html.push_str("<p>");
        for (index, line) in paragraph.split('\n').enumerate() {
            if index > 0 {
                html.push_str("<br />");
            }
            write_line(site, line, mentions, &mut html);
        }
        html.push_str("</p>");
    }
    html
}

fn write_line(site: &Site, line: &str, mentions: &[Mention], html: &mut String) {
    let mut written = written_mentions(line).peekable();
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        // A word begins at the line's start or after a blank or an opening bracket; only there may a link begin.
        let length = rest
            .find(|letter: char| letter.is_whitespace() || letter == '(')
            .map_or(rest.len(), |end| {
                end + rest[end..].chars().next().map_or(1, char::len_utf8)
            });
        let end = at + length;
        if let Some((link, tail)) = split_link(&rest[..length]) {
            write_link(link, html);
            escape(tail, html);
            at = end;
        }
        while let Some(mention) = written.next_if(|mention| mention.range.start < end) {
            // One within a link was written with it.
            if mention.range.start >= at {
                escape(&line[at..mention.range.start], html);
                write_mention(site, &line[mention.range.clone()], &mention, mentions, html);
                at = mention.range.end;
            }
        }
        escape(&line[at..end], html);
        at = end;
    }
}

/// A link to who is mentioned; the text as it is when the post mentions nobody of that name.
fn write_mention(
    site: &Site,
    text: &str,
    written: &WrittenMention<'_>,
    mentions: &[Mention],
    html: &mut String,
) {
    let is_meant = |mention: &&Mention| mention.username.eq_ignore_ascii_case(written.username);
    let Some(mention) = mentions.iter().find(is_meant) else {
        escape(text, html);
        return;
    };
    html.push_str("<span class=\"h-card\"><a href=\"");
    escape(&site.profile_url(&mention.username), html);
    html.push_str("\" class=\"u-url mention\">@<span>");
    escape(&mention.username, html);
    html.push_str("</span></a></span>");
}

/// The address at the start of a word, without the punctuation that ends a sentence.
fn split_link(word: &str) -> Option<(&str, &str)> {
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| word.starts_with(scheme))?;
    let link = word.trim_end_matches(|letter: char| {
        letter.is_whitespace() || ".,;:!?)]}'\"»…(".contains(letter)
    });
    let fits = link.len() > scheme.len() && link.len() <= LINK_BYTES_MAX;
    fits.then(|| word.split_at(link.len()))
}

fn write_link(link: &str, html: &mut String) {
    html.push_str("<a href=\"");
    escape(link, html);
    html.push_str("\" rel=\"nofollow noopener noreferrer\" target=\"_blank\">");
    let shown = link.split_once("://").map_or(link, |(_, shown)| shown);
    if shown.chars().count() > LINK_CHARACTERS_SHOWN {
        let shortened: String = shown.chars().take(LINK_CHARACTERS_SHOWN).collect();
        escape(&shortened, html);
        html.push('…');
    } else {
        escape(shown, html);
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
    use super::*;

    fn check(text: &str, expected: &str) {
        let site = Site {
            base_url: "http://p".into(),
            domain: "p".into(),
            title: String::new(),
            description: String::new(),
            contact_email: String::new(),
            registrations_open: true,
            version: String::new(),
            post_characters_max: 0,
            post_media_max: 0,
            signer: crate::Signer::new(
                &[7; 32],
                std::time::Duration::from_secs(86_400),
                std::sync::Arc::new(infra_kernel::SystemClock),
            ),
        };
        let mentions = [Mention {
            account_id: 1,
            username: "Ada".into(),
        }];
        assert_eq!(to_html(&site, text, &mentions), expected);
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
            "https://a\"onmouseover=\"x",
            "<p><a href=\"https://a&quot;onmouseover=&quot;x\" rel=\"nofollow noopener noreferrer\" target=\"_blank\">a&quot;onmouseover=&quot;x</a></p>",
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
}
