//! Which CUDA devices there are. Nothing here needs CUDA to be installed.

use cudarc::driver::result::device as driver;
use cudarc::driver::sys::{self, CUdevice_attribute as Attribute};
use serde::Serialize;

/// One CUDA device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Device {
    /// Its number.
    pub ordinal: i32,
    /// The name it gives itself.
    pub name: String,
    /// Compute capability, major and minor.
    pub capability: (i32, i32),
    /// Its memory.
    pub memory_bytes: u64,
    /// Streaming multiprocessors.
    pub n_multiprocessors: i32,
}

/// Every device of this machine.
///
/// # Errors
/// In words, when there is no driver or it refuses to answer.
pub fn devices() -> Result<Vec<Device>, String> {
    // SAFETY: this loads the driver's library and forgets it; libcuda runs no code of ours when
    // it is loaded, and every call below is made only when it was found.
    #[allow(unsafe_code)]
    let present = unsafe { sys::is_culib_present() };
    if !present {
        return Err("no CUDA driver was found".into());
    }
    let refused = |e: cudarc::driver::result::DriverError| format!("the CUDA driver says: {e}");
    cudarc::driver::result::init().map_err(refused)?;
    let n = driver::get_count().map_err(refused)?;
    (0..n).map(|i| describe(i).map_err(refused)).collect()
}

fn describe(ordinal: i32) -> Result<Device, cudarc::driver::result::DriverError> {
    let device = driver::get(ordinal)?;
    #[allow(unsafe_code)]
    // SAFETY: `device` was handed out by the driver in the line above and is only asked about.
    let (memory, major, minor, n_multiprocessors) = unsafe {
        (
            driver::total_mem(device)?,
            driver::get_attribute(
                device,
                Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
            )?,
            driver::get_attribute(
                device,
                Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
            )?,
            driver::get_attribute(device, Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?,
        )
    };
    Ok(Device {
        ordinal,
        name: driver::get_name(device)?,
        capability: (major, minor),
        memory_bytes: memory as u64,
        n_multiprocessors,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_cuda_is_an_answer_and_no_panic() {
        match devices() {
            Ok(found) => assert!(found.iter().all(|d| d.memory_bytes > 0)),
            Err(words) => assert!(words.contains("CUDA driver"), "{words}"),
        }
    }
}
