//! What surfaces make of a card for every viewer alike, made once and kept as long as the card is
//! current. What is a viewer's own never goes in here.

use std::any::Any;
use std::fmt;
use std::sync::OnceLock;

/// Renderings by their type: each surface has a type of its own for each of them. Reading takes no
/// lock.
///
/// A chain, because there are few; it grows by one for each type that is asked for, so the
/// program's types bound it.
#[derive(Default)]
pub struct Renderings(OnceLock<Box<Node>>);

struct Node<M: ?Sized = dyn Any + Send + Sync> {
    rest: Renderings,
    made: M,
}

impl Renderings {
    /// The rendering of this type, made by `make` unless it is there. Two that ask at once wait for
    /// one another rather than both make it.
    pub fn of<T: Any + Send + Sync>(&self, make: impl Fn() -> T) -> &T {
        let mut here = self;
        loop {
            let node: &Node = here.0.get_or_init(|| {
                Box::new(Node {
                    rest: Self::default(),
                    made: make(),
                })
            });
            // Another type's may have come first, even in a race for this place: then ours is
            // further on.
            if let Some(made) = node.made.downcast_ref() {
                return made;
            }
            here = &node.rest;
        }
    }
}

impl fmt::Debug for Renderings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Renderings").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Json(String);
    #[derive(Debug, PartialEq)]
    struct Html(String);

    #[test]
    fn each_type_is_made_once_and_kept() {
        let renderings = Renderings::default();
        for _ in 0..3 {
            assert_eq!(renderings.of(|| Json("{}".into())).0, "{}");
            assert_eq!(renderings.of(|| Html("<p>".into())).0, "<p>");
        }
        let again = || -> Json { unreachable!("it is there") };
        assert_eq!(renderings.of(again).0, "{}");
        assert_eq!(renderings.of(|| 7_u32), &7);
        assert_eq!(renderings.of(|| Html("other".into())).0, "<p>");
    }

    #[test]
    fn of_many_who_ask_at_once_one_makes_it() {
        let (renderings, made) = (Renderings::default(), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for index in 0..16 {
                let (renderings, made) = (&renderings, &made);
                scope.spawn(move || {
                    let count = || made.fetch_add(1, Ordering::Relaxed);
                    if index % 2 == 0 {
                        renderings.of(|| Json(count().to_string()));
                    } else {
                        renderings.of(|| Html(count().to_string()));
                    }
                });
            }
        });
        assert_eq!(made.into_inner(), 2);
    }
}
