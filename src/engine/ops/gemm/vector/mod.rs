//! Matrix products on vectors of f32.
