//! Just enough of HTML to fill in forms as a browser does.

/// A form and what it would send.
#[derive(Debug, Clone, Default)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) method: String,
    pub(crate) multipart: bool,
    pub(crate) fields: Vec<(String, String)>,
    /// How many fields come before the one for files.
    pub(crate) fields_before_file: usize,
    /// Buttons with a name: pressed one at a time.
    pub(crate) buttons: Vec<(String, String)>,
}

impl Form {
    /// The form with a field filled in.
    pub(crate) fn fill(mut self, name: &str, value: &str) -> Self {
        match self.fields.iter_mut().find(|(known, _)| known == name) {
            Some(field) => value.clone_into(&mut field.1),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// The form as a button with this value sends it.
    pub(crate) fn press(mut self, value: &str) -> Self {
        let button = self.buttons.iter().find(|(_, known)| known == value);
        let button = button.unwrap_or_else(|| panic!("no button `{value}` in {self:?}"));
        self.fields.push(button.clone());
        self
    }

    /// What a field holds.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(known, _)| known == name);
        field.map(|(_, value)| value.as_str())
    }
}

/// The forms of a page.
pub(crate) fn forms(page: &str) -> Vec<Form> {
    let mut forms = Vec::new();
    let mut open: Option<Form> = None;
    for tag in tags(page) {
        match (tag.name.as_str(), open.as_mut()) {
            ("form", _) => {
                open = Some(Form {
                    action: tag.attribute("action").unwrap_or_default(),
                    method: tag.attribute("method").unwrap_or_else(|| "get".to_owned()),
                    multipart: tag
                        .attribute("enctype")
                        .is_some_and(|kind| kind.starts_with("multipart")),
                    ..Form::default()
                });
            }
            ("/form", Some(_)) => forms.extend(open.take()),
            (_, Some(form)) => take_field(form, &tag),
            _ => {}
        }
    }
    forms
}

/// The value of an attribute of the first tag that has it with another attribute of this value:
/// `attribute_where(page, "id", "code", "value")`.
pub(crate) fn attribute_where(
    page: &str,
    key: &str,
    wanted: &str,
    attribute: &str,
) -> Option<String> {
    tags(page)
        .into_iter()
        .find(|tag| tag.attribute(key).as_deref() == Some(wanted))
        .and_then(|tag| tag.attribute(attribute))
}

/// Every value of an attribute on a page.
pub(crate) fn attributes(page: &str, attribute: &str) -> Vec<String> {
    let all = tags(page);
    all.iter()
        .filter_map(|tag| tag.attribute(attribute))
        .collect()
}

fn take_field(form: &mut Form, tag: &Tag) {
    let Some(name) = tag.attribute("name") else {
        return;
    };
    let value = tag.attribute("value").unwrap_or_default();
    let kind = tag.attribute("type").unwrap_or_default();
    match (tag.name.as_str(), kind.as_str()) {
        ("button", _) | ("input", "submit") => form.buttons.push((name, value)),
        ("input", "radio" | "checkbox") if tag.attribute("checked").is_none() => {}
        ("input", "file") => form.fields_before_file = form.fields.len(),
        ("input" | "textarea" | "select", _) => form.fields.push((name, value)),
        _ => {}
    }
}

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn attribute(&self, name: &str) -> Option<String> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    }
}

fn tags(page: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if let Some(after) = rest.strip_prefix("!--") {
            rest = after.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let (tag, after) = read_tag(rest);
        tags.push(tag);
        rest = after;
    }
    tags
}

fn read_tag(text: &str) -> (Tag, &str) {
    let end = text
        .find(|letter: char| letter.is_whitespace() || letter == '>')
        .unwrap_or(text.len());
    let mut tag = Tag {
        name: text[..end].to_ascii_lowercase(),
        attributes: Vec::new(),
    };
    let mut rest = text[end..].trim_start();
    while !rest.is_empty() && !rest.starts_with('>') {
        let end = rest
            .find(|letter: char| letter.is_whitespace() || "=>".contains(letter))
            .unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix('=') {
            (value, rest) = read_value(after.trim_start());
        } else if end == 0 {
            rest = rest.get(1..).unwrap_or_default();
        }
        tag.attributes.push((name, value));
        rest = rest.trim_start();
    }
    (tag, rest)
}

fn read_value(text: &str) -> (String, &str) {
    let quote = text.chars().next().filter(|letter| "\"'".contains(*letter));
    let (value, rest) = match quote {
        Some(quote) => text[1..].split_once(quote).unwrap_or((&text[1..], "")),
        None => {
            let end = text
                .find(|letter: char| letter.is_whitespace() || letter == '>')
                .unwrap_or(text.len());
            text.split_at(end)
        }
    };
    (unescape(value), rest)
}

fn unescape(text: &str) -> String {
    let mut plain = text.to_owned();
    for (entity, letter) in [
        ("&lt;", "<"),
        ("&#60;", "<"),
        ("&gt;", ">"),
        ("&#62;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#x27;", "'"),
        ("&#39;", "'"),
        ("&amp;", "&"),
        ("&#38;", "&"),
    ] {
        plain = plain.replace(entity, letter);
    }
    plain
}

#[test]
fn a_form_is_read_as_a_browser_reads_it() {
    let page = r#"<!-- <form> --><form method="post" action=/go?a=1&amp;b=2><input type=hidden name=csrf value='x"y'>
        <input name="open" required><input type="radio" name="v" value="a"><input type="radio" name="v" value="b" checked>
        <button name="decision" value="allow">Yes</button></form>"#;
    let form = &forms(page)[0];
    assert_eq!(form.action, "/go?a=1&b=2");
    assert_eq!(form.value("csrf"), Some("x\"y"));
    assert_eq!(form.value("v"), Some("b"));
    assert_eq!(form.buttons, [("decision".to_owned(), "allow".to_owned())]);
}
