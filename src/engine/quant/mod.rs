//! A model to GGUF in fewer bits: which tensor gets which type, the file with all it needs to be
//! used by others, and what the loss of bits costs each language.

mod budget;
mod choose;
mod describe;
mod folder;
mod guide;
mod imatrix;
mod importance;
mod loss;
mod make;
#[cfg(test)]
mod mixes;
mod names;
#[cfg(test)]
mod parity;
mod plan;
mod report;
mod run;
mod table;
#[cfg(test)]
mod tests;
mod weighed;

pub use budget::{Expected, Foretold};
pub use describe::About;
pub use folder::run_folder;
pub use guide::{Guide, Importance, LangTokens, study};
pub use imatrix::{Entry, Imatrix};
pub use plan::Plan;
pub use report::Report;
pub use run::{run, run_file};
pub use table::{QUANTS, Quant};
