//! Causal attention on tiles of bf16.
