//! What screens are made of: safe text, wrapped text, figures, bars, a curve, an input box.
//!
//! All of it is pure: text and numbers in, text or cells out.

mod bar;
mod curve;
mod editor;
mod figures;
mod text;
mod wrap;

pub use bar::{gauge, score_bar};
pub use curve::Curve;
pub use editor::Editor;
pub use figures::{clock, count, grouped, rate, short};
pub use text::{cells, clip, plain, plain_line, thin, width};
pub use wrap::{row, wrap};
