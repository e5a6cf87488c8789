//! Functions that the server runs.

/// Functions of one kind, in Lua. Their names are the server's: two programs that share one, as an
/// old and a new version of this one do while it is replaced, must not mean different things by
/// the same name. So the name of a library and of its functions ends in a number, which changes
/// with what they do.
#[derive(Debug, Clone, Copy)]
pub struct Library {
    /// The code, which begins with `#!lua name=` and the name.
    pub code: &'static str,
}

impl Library {
    /// The name that the code begins with.
    pub(crate) fn name(&self) -> &'static str {
        let first = self.code.lines().next().unwrap_or_default();
        first
            .split_once("name=")
            .map_or("", |(_, name)| name.trim())
    }
}
