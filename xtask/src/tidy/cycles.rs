//! Circles of modules: those directly below a crate's root, each with all that is in its folder,
//! that use each other mutually. What is in a circle can only be read, tested and moved as a whole.
//!
//! The root itself does not count: it names all and re-exports what is public.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::source;

/// Where the tests of a file begin: they may use what they like.
const TESTS: &str = "#[cfg(test)]\nmod tests";

/// The modules of every crate, by the folder of its root.
#[derive(Default)]
pub(super) struct Modules(BTreeMap<String, Crate>);

#[derive(Default)]
struct Crate {
    /// What the root re-exports, and from which module.
    exports: BTreeMap<String, String>,
    /// What the files of each module use of the root.
    uses: BTreeMap<String, BTreeSet<String>>,
}

impl Modules {
    pub(super) fn look(&mut self, path: &Path, text: &str) {
        let path = path.with_extension("").display().to_string();
        let Some((folder, module)) = path.split_once("/src/") else {
            return;
        };
        let code = source::code_only(text);
        let code = code.split(TESTS).next().unwrap_or_default();
        let one = self.0.entry(format!("{folder}/src")).or_default();
        let module: Vec<&str> = module.split('/').filter(|part| *part != "mod").collect();
        match module[..] {
            ["lib" | "main"] => one.exports.extend(exports(code)),
            [.., "tests"] | [] => {}
            [name, ..] => {
                let uses = one.uses.entry(name.to_owned()).or_default();
                uses.extend(used_of_root(code, module.len()));
            }
        }
    }

    /// How many modules the largest circle of each crate has, where there is any.
    pub(super) fn circles(&self) -> BTreeMap<String, usize> {
        let sizes = self.0.iter();
        let sizes = sizes.map(|(folder, one)| (folder.clone(), one.largest_circle()));
        sizes.filter(|(_, size)| *size > 1).collect()
    }
}

impl Crate {
    fn largest_circle(&self) -> usize {
        let reached: BTreeMap<&str, BTreeSet<&str>> = self
            .uses
            .keys()
            .map(|name| (&**name, self.reached_from(name)))
            .collect();
        // Two modules are in one circle when each reaches the other.
        let circle_of = |name: &str| {
            let others = reached[name].iter();
            others
                .filter(|other| reached[*other].contains(name))
                .count()
        };
        let sizes = reached.keys().map(|name| circle_of(name));
        sizes.max().unwrap_or_default()
    }

    /// The modules that a module uses, or those that it uses do; itself only if it is one of them.
    fn reached_from(&self, name: &str) -> BTreeSet<&str> {
        let mut reached = BTreeSet::new();
        let mut ahead = vec![name];
        while let Some(name) = ahead.pop() {
            for used in &self.uses[name] {
                let module = self.exports.get(used).unwrap_or(used);
                let module = self.uses.get_key_value(module);
                if let Some((module, _)) = module.filter(|(module, _)| *module != name)
                    && reached.insert(&**module)
                {
                    ahead.push(module);
                }
            }
        }
        reached
    }
}

/// The names that the root takes from modules, and the module of each.
fn exports(code: &str) -> Vec<(String, String)> {
    let mut exports = Vec::new();
    for statement in code.split(';') {
        let Some((_, tree)) = statement.rsplit_once("use ") else {
            continue;
        };
        for path in paths(tree) {
            let path: Vec<&str> = path.iter().map(|part| &**part).collect();
            if let ["crate" | "self", module, .., name] | [module, .., name] = path[..] {
                exports.push((name.to_owned(), module.to_owned()));
            }
        }
    }
    exports
}

/// The first names of all paths that begin at the root, in a file that is so deep below it.
fn used_of_root(code: &str, depth: usize) -> BTreeSet<String> {
    let from_root = ["crate::".to_owned(), "super::".repeat(depth)];
    let mut used = BTreeSet::new();
    for prefix in &from_root {
        for (at, _) in code.match_indices(prefix.as_str()) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|letter| is_name(letter) || letter == ':') {
                continue;
            }
            let tree = &code[at + prefix.len()..];
            used.extend(
                paths(tree)
                    .into_iter()
                    .filter_map(|path| path.into_iter().next()),
            );
        }
    }
    used
}

/// The paths of a tree of uses that the text begins with.
fn paths(text: &str) -> Vec<Vec<String>> {
    let text = text.trim_start();
    if let Some(inside) = text.strip_prefix('{') {
        return branches(inside).into_iter().flat_map(paths).collect();
    }
    let name: String = text.chars().take_while(|letter| is_name(*letter)).collect();
    let rest = text[name.len()..].strip_prefix("::");
    let below = rest.map_or_else(Vec::new, paths);
    if below.is_empty() {
        return vec![vec![name]];
    }
    let with_name = |path: Vec<String>| [vec![name.clone()], path].concat();
    below.into_iter().map(with_name).collect()
}

/// What commas separate between here and the brace that closes.
fn branches(inside: &str) -> Vec<&str> {
    let (mut depth, mut from, mut found) = (0, 0, Vec::new());
    for (at, letter) in inside.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                found.push(&inside[from..at]);
                from = at + 1;
                if letter == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found.retain(|branch| !branch.trim().is_empty());
    found
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(files: &[(&str, &str)]) -> BTreeMap<String, usize> {
        let mut modules = Modules::default();
        for (path, text) in files {
            modules.look(Path::new(path), text);
        }
        modules.circles()
    }

    #[test]
    fn modules_that_use_each_other_are_a_circle() {
        let root = ("a/src/lib.rs", "mod b;\npub use b::deep::{Kind, Other};");
        let b = ("a/src/b.rs", "use std::fmt;\nuse crate::{d, c::{self, C}};");
        let c = ("a/src/c/inner.rs", "fn f() { super::super::b::g() }");
        let d = ("a/src/d.rs", "use crate::Kind;");
        let found = circles(&[root, b, c, d]);
        assert_eq!(found, BTreeMap::from([("a/src".to_owned(), 3)]));
        assert!(
            circles(&[b, d]).is_empty(),
            "who re-exports it is not known"
        );
        assert!(circles(&[root, b]).is_empty());
    }

    #[test]
    fn comments_tests_and_the_inside_of_a_module_make_no_circle() {
        let b = ("a/src/b.rs", "// crate::c\nuse crate::c::C;");
        let c = "fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::b;\n}";
        let inner = ("a/src/c/inner.rs", "use super::f; use crate::c::C;");
        let tests = ("a/src/c/tests.rs", "use crate::b;");
        let found = circles(&[b, ("a/src/c.rs", c), inner, tests]);
        assert!(found.is_empty(), "{found:?}");
    }
}
