//! Room: screens as functions of state. One loop feeds events and keys to a screen and draws it.
//!
//! `train` is the dashboard (also of `prepare` and of the tour), [`watch`] the same one fed from
//! a file, `prepare` the browser over a prepared folder, `chat` the conversation, whose answers [`markdown`] lays out. Nothing here works on data or models: news comes in as
//! [`crate::event::Event`], wishes go out as [`crate::event::Control`] and [`crate::event::Ask`].

mod app;
pub mod chat;
pub mod markdown;
pub mod picture;
pub mod prepare;
mod terminal;
pub mod theme;
pub mod train;
mod watch;
pub mod widgets;

pub use app::{Action, News, Screen, Source, run};
pub use terminal::{Terminal, give_back};
pub use watch::{Tail, watch};
