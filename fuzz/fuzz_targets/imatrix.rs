//! Files of importance, in both forms.
#![no_main]

use std::path::Path;

use europium::engine::quant::Imatrix;
use libfuzzer_sys::fuzz_target;

mod guarded;

fuzz_target!(init: guarded::quiet(), |bytes: &[u8]| {
    let Ok(imatrix) = Imatrix::parse(Path::new("a.imatrix"), bytes) else {
        return;
    };
    for entry in imatrix.entries.values() {
        let means = entry.means();
        assert_eq!(means.len(), entry.sums.len());
        assert!(means.iter().all(|x| *x >= 0.0));
    }
});
