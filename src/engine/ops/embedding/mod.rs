//! Token embedding: `x[n,d]` = `w[token, d]`, and `dw[token, d]` += `dx[n,d]`.

pub(super) mod cpu;
pub(super) mod reference;
