//! Links.

use std::net::{Ipv4Addr, Ipv6Addr};

use unicode_normalization::char::is_combining_mark;

use super::characters::{ends_sentence, is_of_script_without_blanks};
use super::run::Run;
use super::{EntityKind, Parser};

/// The longest address that is a link, in bytes.
pub const LINK_BYTES_MAX: usize = 2_048;
/// The longest name of a host, in bytes.
const HOST_BYTES_MAX: usize = 253;
/// The longest part of a host's name, in bytes.
const LABEL_BYTES_MAX: usize = 63;
/// The longest address of a host in brackets, in bytes: eight groups, of which the last two may be
/// written as IPv4.
const BRACKETED_BYTES_MAX: usize = 45;
/// The most digits of a port.
const PORT_DIGITS_MAX: usize = 5;

const SEPARATOR: &str = "://";

impl Parser<'_, '_> {
    /// Finds the link whose scheme ends at this colon; returns where the text continues.
    pub(super) fn link_at(&mut self, colon: usize) -> Option<usize> {
        if !self.text[colon..].starts_with(SEPARATOR) {
            return None;
        }
        let host = colon + SEPARATOR.len();
        // Looked through once for all addresses that begin in it: a text of many of them would else
        // take time by its square.
        if !self.run.holds(host) {
            let (run, steps) = Run::at(self.text, host);
            self.run = run;
            self.steps += steps;
        }
        let scheme = self.scheme_before(colon);
        let ends = scheme.and_then(|start| Some((start, self.address_end(host)?)));
        let Some((start, end)) = ends else {
            // An address of another scheme: a mention within it is none.
            if self.text[..colon].ends_with(|it: char| it.is_ascii_alphanumeric()) {
                self.opaque_until = self.run.end;
            }
            return None;
        };
        // One that is too long is no link, and still one address: nothing is looked for within it.
        if end - start <= LINK_BYTES_MAX {
            self.find(start..end, EntityKind::Link);
        }
        Some(end)
    }

    /// Where "http" or "https" begins that ends at the colon. A letter of a script without blanks
    /// may stand before it.
    fn scheme_before(&self, colon: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let ends_with = |scheme: &str| {
            let start = colon.checked_sub(scheme.len())?;
            let is_there = bytes[start..colon].eq_ignore_ascii_case(scheme.as_bytes());
            (is_there && start >= self.floor()).then_some(start)
        };
        let start = ends_with("https").or_else(|| ends_with("http"))?;
        let joins = |before: char| before.is_ascii_alphanumeric() || "_@＠#＃$".contains(before);
        (!self.character_before(start).is_some_and(joins)).then_some(start)
    }

    /// Where an address ends whose host begins here; none when this can be no host.
    fn address_end(&mut self, host: usize) -> Option<usize> {
        let mut end = if self.text[host..].starts_with('[') {
            self.bracketed_end(host)?
        } else {
            self.host_end(host)?
        };
        end = self.port_end(end);
        match self.character_at(end) {
            // What was read were the name and password of somebody, and the host comes behind.
            Some('@') => None,
            Some('/' | '?' | '#') => {
                let address = &self.text[end..self.run.address_end(end)];
                let kept = address.trim_end_matches(ends_sentence).len();
                self.steps += address.len() - kept;
                Some(end + kept)
            }
            _ => Some(end),
        }
    }

    fn bracketed_end(&mut self, host: usize) -> Option<usize> {
        let start = host + 1;
        let belongs = |it: char| it.is_ascii_hexdigit() || it == ':' || it == '.';
        let end = self.end_of(start, BRACKETED_BYTES_MAX, belongs)?;
        self.text[start..end].parse::<Ipv6Addr>().ok()?;
        self.text[end..].starts_with(']').then_some(end + 1)
    }

    /// With the port, when there is one.
    fn port_end(&mut self, end: usize) -> usize {
        if !self.text[end..].starts_with(':') {
            return end;
        }
        let port = self.end_of(end + 1, PORT_DIGITS_MAX, |it| it.is_ascii_digit());
        port.filter(|port| *port > end + 1).unwrap_or(end)
    }

    /// Where the name of a host ends that begins here; none when it is not plausible.
    fn host_end(&mut self, start: usize) -> Option<usize> {
        let end = self.name_end(start)?;
        let whole = &self.text[start..end];
        let is_followed = matches!(self.character_at(end), Some('/' | '?' | '#' | ':'));
        let name = without_next_sentence(whole, is_followed);
        is_plausible(name).then(|| start + name.len())
    }

    /// Where what could be the name of a host ends.
    pub(super) fn name_end(&mut self, start: usize) -> Option<usize> {
        let belongs =
            |it: char| it.is_alphanumeric() || "-._".contains(it) || is_combining_mark(it);
        let end = self.end_of(start, HOST_BYTES_MAX, belongs)?;
        let name = self.text[start..end].trim_end_matches(['-', '.', '_']);
        Some(start + until_other_script(name))
    }
}

/// How much of a name is left when its last part ends where letters of a script without blanks
/// follow Latin ones: the next word has begun.
fn until_other_script(name: &str) -> usize {
    let last = name.rfind('.').map_or(0, |dot| dot + 1);
    if !name[last..].starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return name.len();
    }
    name[last..]
        .find(is_of_script_without_blanks)
        .map_or(name.len(), |end| last + end)
}

/// The name without the sentence that was begun right behind its dot ("a.example.次の"); a path
/// behind it shows that it is part of the name after all.
fn without_next_sentence(name: &str, is_followed: bool) -> &str {
    match name.rsplit_once('.') {
        Some((before, last))
            if !is_followed
                && last.starts_with(is_of_script_without_blanks)
                && is_plausible(before) =>
        {
            before
        }
        _ => name,
    }
}

/// Whether there may be such a host on the web: a name of several parts, the last of which is no
/// number, or an IPv4 address, or this machine.
fn is_plausible(name: &str) -> bool {
    if name.eq_ignore_ascii_case("localhost") || name.parse::<Ipv4Addr>().is_ok() {
        return true;
    }
    let Some((before, top)) = name.rsplit_once('.') else {
        return false;
    };
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_top = if top.is_ascii() {
        let is_encoded = top
            .get(..4)
            .is_some_and(|it| it.eq_ignore_ascii_case("xn--"));
        let letters = top.bytes().all(|byte| byte.is_ascii_alphabetic());
        top.len() >= 2 && (letters || is_encoded)
    } else {
        top.chars()
            .all(|it| it.is_alphabetic() || is_combining_mark(it))
    };
    is_top && is_label(top) && before.split('.').all(is_label)
}
