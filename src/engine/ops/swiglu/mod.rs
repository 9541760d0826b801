//! SwiGLU (Shazeer 2020): `act[n,F]` = silu(gate) · up, of rows `[gate | up]`, `[n,2F]`, with
//! silu(g) = g/(1 + e^−g).

pub(super) mod cpu;
pub(super) mod reference;
