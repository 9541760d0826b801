//! Matrix products on tiles of bf16.

/// Why this machine cannot; none where it can.
pub(in crate::engine::ops) fn lacks() -> Option<&'static str> {
    Some("there are no kernels yet")
}
