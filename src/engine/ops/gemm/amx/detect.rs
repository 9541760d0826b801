//! Whether processor and system let this process use tiles of bf16.

use std::sync::OnceLock;

/// Why this machine cannot; none where it can. Asks once.
pub(in crate::engine::ops) fn lacks() -> Option<&'static str> {
    static LACKS: OnceLock<Option<&str>> = OnceLock::new();
    *LACKS.get_or_init(ask)
}

/// Whether tiles of bytes may be used too. The answer is kept: in a virtual machine the question takes
/// more than a microsecond.
pub(in crate::engine::ops) fn has_bytes() -> bool {
    use std::arch::x86_64::__cpuid_count;

    const BYTES: u32 = 1 << 25; // leaf 7, edx
    static HAS: OnceLock<bool> = OnceLock::new();
    *HAS.get_or_init(|| lacks().is_none() && __cpuid_count(7, 0).edx & BYTES != 0)
}

/// Why the system does not let us use what the processor has; none where it does, or has not.
pub(in crate::engine::ops) fn refused() -> Option<&'static str> {
    lacks().filter(|_| processor().is_none())
}

/// Why the processor cannot; none where it can.
fn processor() -> Option<&'static str> {
    use std::arch::x86_64::{__cpuid, __cpuid_count};

    const BF16: u32 = 1 << 22; // leaf 7, edx
    const TILES: u32 = 1 << 24; // leaf 7, edx

    // what packs the operands; beside BF16 below every processor so far has all of it
    let vectors = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512bf16");
    if !vectors || __cpuid(0).eax < 7 {
        return Some("the processor has no AVX-512 with bf16");
    }
    let tiles = __cpuid_count(7, 0).edx & (BF16 | TILES) == BF16 | TILES;
    (!tiles).then_some("the processor has no tiles of bf16 (AMX)")
}

#[cfg(target_os = "linux")]
fn ask() -> Option<&'static str> {
    use std::arch::x86_64::_xgetbv;

    const STATES: u64 = 1 << 17 | 1 << 18; // of the tiles and their shapes, in XCR0

    if let Some(why) = processor() {
        return Some(why);
    }
    #[target_feature(enable = "xsave")]
    fn states() -> u64 {
        // SAFETY: the features above are only detected where the system saves AVX-512's state,
        // that is where this instruction may be used
        unsafe { _xgetbv(0) }
    }
    // SAFETY: as above
    if unsafe { states() } & STATES != STATES {
        return Some("the system does not save tiles (AMX)");
    }
    (!permitted()).then_some("the system does not permit tiles (AMX)")
}

#[cfg(not(target_os = "linux"))]
fn ask() -> Option<&'static str> {
    Some("tiles (AMX) are used on Linux alone")
}

/// Asks Linux for the room that it saves tiles in, which it gives to a process on request.
#[cfg(target_os = "linux")]
fn permitted() -> bool {
    const ARCH_PRCTL: usize = 158; // arch/x86/entry/syscalls/syscall_64.tbl
    const ARCH_REQ_XCOMP_PERM: usize = 0x1023; // arch/x86/include/uapi/asm/prctl.h
    const XFEATURE_XTILE_DATA: usize = 18; // arch/x86/include/asm/fpu/types.h
    let answer: isize;
    // SAFETY: a call of the system that touches no memory of the program; it clobbers rcx and r11
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => answer,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XFEATURE_XTILE_DATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    answer == 0
}
