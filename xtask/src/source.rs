//! Takes source text apart into code, comments and strings: as far as the checks need it, which is
//! less than a parser.

/// What a piece of source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Code,
    Comment,
    /// The inside of a string literal.
    Text,
}

/// A piece of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    pub(crate) kind: Kind,
    /// The line it begins on, from 1.
    pub(crate) line: usize,
    pub(crate) text: &'a str,
}

/// The pieces of a Rust file, in order.
pub(crate) fn rust(source: &str) -> Vec<Piece<'_>> {
    Scanner::new(source).run(rust_piece)
}

/// The pieces of an SQL file, in order. What is not a comment is code.
pub(crate) fn sql(source: &str) -> Vec<Piece<'_>> {
    Scanner::new(source).run(sql_piece)
}

/// The source with everything but code blanked out, byte for byte, so that positions and lines
/// stay.
pub(crate) fn code_only(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    for piece in rust(source) {
        if piece.kind == Kind::Code {
            code.push_str(piece.text);
        } else {
            code.extend(
                piece
                    .text
                    .bytes()
                    .map(|byte| if byte == b'\n' { '\n' } else { ' ' }),
            );
        }
    }
    code
}

struct Scanner<'a> {
    source: &'a str,
    pieces: Vec<Piece<'a>>,
    line: usize,
    /// Where the piece under way begins.
    from: usize,
}

/// At a position that begins something other than code: its kind, where its inside begins and ends,
/// and where it is over.
struct Found {
    kind: Kind,
    inside: (usize, usize),
}

impl<'a> Scanner<'a> {
    const fn new(source: &'a str) -> Self {
        Self {
            source,
            pieces: Vec::new(),
            line: 1,
            from: 0,
        }
    }

    fn run(mut self, piece_at: fn(&str, usize) -> Option<Found>) -> Vec<Piece<'a>> {
        let mut at = 0;
        while at < self.source.len() {
            match piece_at(self.source, at) {
                Some(found) => {
                    self.push(Kind::Code, found.inside.0);
                    self.push(found.kind, found.inside.1);
                    at = found.inside.1.max(at + 1);
                    // The closing quote belongs to the code again, and must not open another
                    // string.
                    if found.kind == Kind::Text {
                        at = (at + 1).min(self.source.len());
                    }
                }
                None => at += step(self.source, at),
            }
        }
        self.push(Kind::Code, self.source.len());
        self.pieces
    }

    fn push(&mut self, kind: Kind, to: usize) {
        let text = &self.source[self.from..to];
        if !text.is_empty() {
            self.pieces.push(Piece {
                kind,
                line: self.line,
                text,
            });
            self.line += text.matches('\n').count();
            self.from = to;
        }
    }
}

/// How many bytes to continue in code: a whole word, a whole character literal, or a character.
fn step(source: &str, at: usize) -> usize {
    let rest = &source[at..];
    let word = rest.bytes().take_while(|byte| is_word(*byte)).count();
    if word > 0 {
        // A raw string's prefix is looked at again with its hashes and quote.
        return word;
    }
    if let Some(literal) = character_literal(rest) {
        return literal;
    }
    rest.chars().next().map_or(1, char::len_utf8)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// The length of a character literal; none for a lifetime.
fn character_literal(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('\'')?;
    if let Some(escaped) = inside.strip_prefix('\\') {
        let first = escaped.chars().next()?.len_utf8();
        // The first escaped character may be the quote itself.
        return escaped[first..].find('\'').map(|end| 2 + first + end + 1);
    }
    let first = inside.chars().next()?.len_utf8();
    inside[first..].starts_with('\'').then_some(first + 2)
}

fn rust_piece(source: &str, at: usize) -> Option<Found> {
    let rest = &source[at..];
    if rest.starts_with("//") {
        return Some(comment(at, rest.find('\n').unwrap_or(rest.len())));
    }
    if rest.starts_with("/*") {
        return Some(comment(at, nested_comment(rest)));
    }
    if rest.starts_with('"') {
        let inside = at + 1;
        return Some(text(inside, inside + quoted(&source[inside..])));
    }
    let before = source[..at].bytes().next_back();
    // The `r` at the end of a word, as in `for"`, begins no raw string.
    if before.is_some_and(is_word) {
        return None;
    }
    raw_string(rest).map(|(from, to)| text(at + from, at + to))
}

fn sql_piece(source: &str, at: usize) -> Option<Found> {
    let rest = &source[at..];
    if rest.starts_with("--") {
        return Some(comment(at, rest.find('\n').unwrap_or(rest.len())));
    }
    rest.starts_with("/*")
        .then(|| comment(at, rest.find("*/").map_or(rest.len(), |end| end + 2)))
}

const fn comment(at: usize, length: usize) -> Found {
    Found {
        kind: Kind::Comment,
        inside: (at, at + length),
    }
}

const fn text(from: usize, to: usize) -> Found {
    Found {
        kind: Kind::Text,
        inside: (from, to),
    }
}

/// The length of what stands before a string's closing quote.
fn quoted(inside: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    inside.len()
}

/// Where the inside of the raw string that begins here begins and ends.
fn raw_string(rest: &str) -> Option<(usize, usize)> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        rest.strip_prefix(prefix)
            .is_some_and(|after| after.starts_with(['"', '#']))
    })?;
    let hashes = rest[prefix.len()..]
        .bytes()
        .take_while(|byte| *byte == b'#')
        .count();
    let from = prefix.len() + hashes + 1;
    // A raw identifier: `r#type`.
    if rest.as_bytes().get(from - 1) != Some(&b'"') {
        return None;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let length = rest[from..].find(&close).unwrap_or(rest.len() - from);
    Some((from, from + length))
}

fn nested_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str, kind: Kind) -> Vec<(usize, &str)> {
        let pieces = rust(source).into_iter().filter(|piece| piece.kind == kind);
        pieces.map(|piece| (piece.line, piece.text)).collect()
    }

    #[test]
    fn strings_and_comments_are_distinguished_from_code() {
        let source = "let a = \"one // no comment\"; // two \"no string\"\n\
            /* three /* nested */ \"no string\" */ let b = r#\"four \"quoted\" \"#;\n\
            let c = '\"'; let d: &'static str = \"fi\\\"ve\"; let e = b\"six\"; let f = '\\'';\n\
            let number = 7; let or = 8; let g = \"\"; let h = \"nine\";";
        assert_eq!(
            texts(source, Kind::Text),
            [
                (1, "one // no comment"),
                (2, "four \"quoted\" "),
                (3, "fi\\\"ve"),
                (3, "six"),
                (4, "nine")
            ]
        );
        assert_eq!(
            texts(source, Kind::Comment),
            [
                (1, "// two \"no string\""),
                (2, "/* three /* nested */ \"no string\" */")
            ]
        );
    }

    #[test]
    fn blanking_keeps_every_position() {
        let source = "fn a() { \"}\u{e4}\" } // {\nfn b() {}";
        let code = code_only(source);
        assert_eq!(code.len(), source.len());
        assert_eq!(code.find("fn b"), source.find("fn b"));
        assert_eq!(code.matches(['{', '}']).count(), 4);
    }

    #[test]
    fn sql_comments_are_distinguished_from_statements() {
        let pieces = sql("SELECT 1; -- FROM paintings\nSELECT 2;");
        let code: Vec<_> = pieces
            .iter()
            .filter(|piece| piece.kind == Kind::Code)
            .collect();
        assert_eq!(
            (code[0].text, code[1].text, code[1].line),
            ("SELECT 1; ", "\nSELECT 2;", 1)
        );
    }
}
