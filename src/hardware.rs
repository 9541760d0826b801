//! What this machine can do: processor, instruction sets, cores, memory.

use std::time::Duration;

use serde::Serialize;

/// Most threads anyone may ask for: more than the cores of any machine of today, few enough that
/// a slip of the finger does not take the machine down.
pub const MAX_THREADS: usize = 4096;

/// The machine we run on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Machine {
    /// Operating system: `linux`, `macos`, `windows`.
    pub os: &'static str,
    /// Processor family the program was built for: `x86_64`, `aarch64`.
    pub arch: &'static str,
    /// Name the processor gives itself.
    pub cpu: Option<String>,
    /// Threads that can run at once, as the system allows this process.
    pub n_cores: usize,
    /// Instruction sets that matter to us and that both processor and system offer.
    pub instruction_sets: Vec<&'static str>,
    /// Memory of the machine.
    pub memory_bytes: Option<u64>,
    /// Memory that can be had without swapping.
    pub free_memory_bytes: Option<u64>,
}

/// Memory of the machine; none where it does not tell.
pub fn memory_bytes() -> Option<u64> {
    kibibytes(&read_system_file("/proc/meminfo"), "MemTotal:")
}

/// Most memory this process had at once; none where the system does not tell.
pub fn peak_memory_bytes() -> Option<u64> {
    kibibytes(&read_system_file("/proc/self/status"), "VmHWM:")
}

/// Processor time of this process, all its threads added up.
pub fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

impl Machine {
    /// Looks at the machine.
    pub fn probe() -> Self {
        let cpuinfo = read_system_file("/proc/cpuinfo");
        let meminfo = read_system_file("/proc/meminfo");
        Machine {
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            cpu: cpu_name(&cpuinfo),
            n_cores: n_cores(),
            instruction_sets: instruction_sets(&cpuinfo),
            memory_bytes: kibibytes(&meminfo, "MemTotal:"),
            free_memory_bytes: kibibytes(&meminfo, "MemAvailable:"),
        }
    }
}

/// Threads that can run at once: what affinity and container limits leave of the cores.
pub fn n_cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Files of `/proc` are read whole; elsewhere there are none, and less is known.
fn read_system_file(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Value of the first `name : value` line.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

fn cpu_name(cpuinfo: &str) -> Option<String> {
    let name = field(cpuinfo, "model name").or_else(|| field(cpuinfo, "Model"))?;
    Some(name.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// `MemTotal:  16384 kB` in bytes.
fn kibibytes(meminfo: &str, name: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    kib.checked_mul(1024)
}

/// Instruction sets by the names of this table: ours, and the system's in `/proc/cpuinfo`.
///
/// `std` asks the processor itself, but has no stable name for AMX; the system lists a flag
/// only when it also saves the registers that go with it, which is what AMX needs.
fn instruction_sets(cpuinfo: &str) -> Vec<&'static str> {
    let flags: Vec<&str> = field(cpuinfo, "flags")
        .or_else(|| field(cpuinfo, "Features"))
        .map(|flags| flags.split_whitespace().collect())
        .unwrap_or_default();
    let listed = |flag: &str| flags.contains(&flag);
    let mut found = detected();
    for (name, flag) in [
        ("amx-tile", "amx_tile"),
        ("amx-bf16", "amx_bf16"),
        ("amx-int8", "amx_int8"),
        ("bf16", "bf16"), // Arm's name
        ("sve", "sve"),
    ] {
        if listed(flag) {
            found.push(name);
        }
    }
    found
}

#[cfg(target_arch = "x86_64")]
fn detected() -> Vec<&'static str> {
    use std::is_x86_feature_detected as has;
    let table = [
        ("avx2", has!("avx2")),
        ("fma", has!("fma")),
        ("f16c", has!("f16c")),
        ("avx-vnni", has!("avxvnni")),
        ("avx512f", has!("avx512f")),
        ("avx512bw", has!("avx512bw")),
        ("avx512vl", has!("avx512vl")),
        ("avx512-vnni", has!("avx512vnni")),
        ("avx512-bf16", has!("avx512bf16")),
    ];
    let there = table.into_iter().filter(|(_, there)| *there);
    there.map(|(name, _)| name).collect()
}

#[cfg(target_arch = "aarch64")]
fn detected() -> Vec<&'static str> {
    use std::arch::is_aarch64_feature_detected as has;
    let table = [
        ("neon", has!("neon")),
        ("dotprod", has!("dotprod")),
        ("i8mm", has!("i8mm")),
    ];
    let there = table.into_iter().filter(|(_, there)| *there);
    there.map(|(name, _)| name).collect()
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn detected() -> Vec<&'static str> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_files_are_read_by_their_names() {
        let cpuinfo =
            "processor\t: 0\nmodel name\t: A  Fast   CPU\nflags\t\t: fpu amx_tile amx_bf16\n";
        assert_eq!(cpu_name(cpuinfo).unwrap(), "A Fast CPU");
        let sets = instruction_sets(cpuinfo);
        assert!(sets.contains(&"amx-tile") && sets.contains(&"amx-bf16"));
        assert!(!instruction_sets("").contains(&"amx-tile"));
        let meminfo = "MemTotal:       16 kB\nMemAvailable:  8 kB\n";
        assert_eq!(kibibytes(meminfo, "MemAvailable:"), Some(8192));
        assert_eq!(kibibytes("MemTotal: lots\n", "MemTotal:"), None);
    }

    #[test]
    fn processor_time_goes_on_while_we_work() {
        let began = cpu_time();
        let mut x = 1u64;
        while cpu_time() == began {
            x = std::hint::black_box(x.wrapping_mul(3));
        }
        assert!(cpu_time() > began && peak_memory_bytes() != Some(0));
    }

    #[test]
    fn this_machine_has_a_core() {
        assert!(Machine::probe().n_cores >= 1);
    }
}
