//! CUDA devices, through the driver that is found when the program runs.

mod devices;

pub use devices::{Device, devices};
