//! Licence expressions: names joined by AND, OR and WITH, and by the slash that older manifests use
//! for OR.

use anyhow::{Result, bail};

/// A licence expression as `Cargo.toml` has it, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    /// A licence, with its exception if it has one: "Apache-2.0 WITH LLVM-exception".
    Licence(String),
    All(Vec<Self>),
    Any(Vec<Self>),
}

impl Expression {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let spaced = text
            // So that brackets are words of their own.
            .replace('(', " ( ")
            .replace(')', " ) ")
            .replace('/', " OR ");
        let words: Vec<_> = spaced.split_whitespace().collect();
        let mut parser = Parser { words: &words };
        let expression = parser.any()?;
        // `MIT Apache-2.0` begins with an expression: what is left over decides.
        match parser.words.first() {
            None => Ok(expression),
            Some(word) => bail!("`{text}` is no licence expression: `{word}` was not expected"),
        }
    }

    /// Whether one may use what is under it when one may use what is under these licences.
    pub(crate) fn is_met_by(&self, allowed: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::Licence(name) => allowed(name),
            Self::All(parts) => parts.iter().all(|part| part.is_met_by(allowed)),
            Self::Any(parts) => parts.iter().any(|part| part.is_met_by(allowed)),
        }
    }
}

struct Parser<'a> {
    words: &'a [&'a str],
}

impl Parser<'_> {
    /// AND binds closer than OR.
    fn any(&mut self) -> Result<Expression> {
        let mut parts = vec![self.all()?];
        while self.take("OR") {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Expression::Any))
    }

    fn all(&mut self) -> Result<Expression> {
        let mut parts = vec![self.part()?];
        while self.take("AND") {
            parts.push(self.part()?);
        }
        Ok(one_or(parts, Expression::All))
    }

    fn part(&mut self) -> Result<Expression> {
        if self.take("(") {
            let inside = self.any()?;
            if !self.take(")") {
                bail!("a licence expression has a bracket that is not closed");
            }
            return Ok(inside);
        }
        let mut name = self.name()?;
        if self.take("WITH") {
            name = format!("{name} WITH {}", self.name()?);
        }
        Ok(Expression::Licence(name))
    }

    fn name(&mut self) -> Result<String> {
        match self.words.split_first() {
            Some((name, rest)) if !["AND", "OR", "WITH", "(", ")"].contains(name) => {
                self.words = rest;
                Ok((*name).to_owned())
            }
            _ => bail!("a licence expression lacks a name"),
        }
    }

    fn take(&mut self, word: &str) -> bool {
        match self.words.split_first() {
            Some((first, rest)) if *first == word => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

fn one_or(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        join(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(text: &str, allowed: &[&str]) -> bool {
        Expression::parse(text)
            .unwrap()
            .is_met_by(&|name| allowed.contains(&name))
    }

    #[test]
    fn and_binds_closer_than_or() {
        assert!(met("MIT OR GPL-2.0 AND Zlib", &["MIT"]));
        assert!(!met("(MIT OR GPL-2.0) AND Zlib", &["MIT"]));
        assert!(met("(MIT OR GPL-2.0) AND Zlib", &["MIT", "Zlib"]));
        assert!(met("MIT/Apache-2.0", &["Apache-2.0"]));
        assert!(met("Apache-2.0 / MIT", &["MIT"]));
    }

    #[test]
    fn an_exception_belongs_to_its_licence() {
        let text = "Apache-2.0 WITH LLVM-exception OR GPL-2.0";
        assert!(met(text, &["Apache-2.0 WITH LLVM-exception"]));
        assert!(!met(text, &["Apache-2.0"]));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in [
            "",
            "MIT OR",
            "(MIT",
            "MIT)",
            "MIT Apache-2.0",
            "AND MIT",
            "MIT WITH",
        ] {
            assert!(Expression::parse(text).is_err(), "`{text}`");
        }
    }
}
