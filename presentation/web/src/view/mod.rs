//! What templates show, made in one place from the kit's cards: strings ready to be escaped and put
//! in.

mod camera;
mod cards;
mod form_error;
mod person;
mod photo;
mod placeholder;
mod post;
#[cfg(test)]
pub(crate) mod samples;
mod shell;
mod words;

pub(crate) use cards::{CardView, cards_html, tiles_html};
pub(crate) use form_error::FormError;
pub(crate) use person::PersonView;
pub(crate) use photo::{MissingView, PhotoView};
pub(crate) use post::PostView;
pub(crate) use shell::Shell;
pub(crate) use words::{CHOICES, Choice, Count, When, now, span};
