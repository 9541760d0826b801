//! Files of weights: the header, and where it says that tensors are.
#![no_main]

use std::path::Path;

use europium::engine::folder;
use libfuzzer_sys::fuzz_target;

mod guarded;

fuzz_target!(init: guarded::quiet(), |bytes: &[u8]| {
    let Ok(tensors) = folder::tensors(Path::new("a.safetensors"), bytes) else {
        return;
    };
    let (start, end) = (bytes.as_ptr() as usize, bytes.as_ptr() as usize + bytes.len());
    let mut len = 0;
    for (i, (name, tensor)) in tensors.iter().enumerate() {
        let data = tensor.data();
        let at = data.as_ptr() as usize;
        assert!(data.is_empty() || start <= at && at + data.len() <= end);
        let bits = tensor.shape().iter().product::<usize>() * tensor.dtype().bitsize();
        assert_eq!(bits, 8 * data.len());
        assert!(i == 0 || tensors[i - 1].0 < *name, "in order, each once");
        len += data.len();
    }
    assert!(len < bytes.len(), "the header and all tensors are in the file");
});
