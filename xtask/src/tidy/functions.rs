//! How long functions are.

use crate::source;

/// A function and how many lines it takes, from `fn` to its closing brace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) lines: usize,
}

/// Every function with a body in a Rust file.
pub(crate) fn all(text: &str) -> Vec<Function> {
    let code = source::code_only(text);
    let mut functions = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        if code[..at].chars().next_back().is_some_and(is_word) {
            continue;
        }
        let name: String = code[at + 3..]
            .chars()
            .take_while(|letter| is_word(*letter))
            .collect();
        // `fn (` without a name is a type.
        if name.is_empty() {
            continue;
        }
        if let Some(end) = end_of_body(&code[at..]) {
            functions.push(Function {
                name,
                line: code[..at].matches('\n').count() + 1,
                lines: code[at..at + end].matches('\n').count() + 1,
            });
        }
    }
    functions
}

/// Where the body ends; none when there is none.
fn end_of_body(code: &str) -> Option<usize> {
    let mut brackets = 0_usize;
    let mut braces = 0_usize;
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            // A `;` within them is an array's, as in `[u8; 2]`, and does not end a declaration.
            b'(' | b'[' if braces == 0 => brackets += 1,
            b')' | b']' if braces == 0 => brackets = brackets.saturating_sub(1),
            b';' if braces == 0 && brackets == 0 => return None,
            b'{' if brackets == 0 => braces += 1,
            b'}' if braces > 0 => {
                braces -= 1;
                if braces == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_measured_and_declarations_are_not() {
        let text = "trait A {\n    fn declared(&self, a: [u8; 2]);\n}\n\
            fn one() {}\n\
            const fn three(a: [u8; 2]) -> Option<fn (u8)> {\n    if true { \"}\"; } // }\n}\n";
        let measured: Vec<_> = all(text)
            .into_iter()
            .map(|one| (one.name, one.line, one.lines))
            .collect();
        assert_eq!(
            measured,
            [("one".to_owned(), 4, 1), ("three".to_owned(), 5, 3)]
        );
    }
}
