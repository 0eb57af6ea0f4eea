//! What a machine computes with: processor, memory, and devices that are not used.

use std::fs;
use std::path::Path;

use sgl_kernels::Home;

use super::home::Wanted;
use super::{Finding, State};
use crate::terminal::bytes;

/// Memory for the prompts that are kept, at most: what an engine takes where nobody says otherwise.
const PROMPTS: u64 = 1 << 30;

pub fn findings(wanted: &Wanted) -> Vec<Finding> {
    [Some(processor()), memory(wanted), Some(devices(Path::new("/")))].into_iter().flatten().collect()
}

/// Instructions that kernels could use and that the processor has.
fn features() -> Vec<&'static str> {
    let mut found = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        let all = [
            ("sse4.2", std::arch::is_x86_feature_detected!("sse4.2")),
            ("avx2", std::arch::is_x86_feature_detected!("avx2")),
            ("f16c", std::arch::is_x86_feature_detected!("f16c")),
            ("fma", std::arch::is_x86_feature_detected!("fma")),
            ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
            ("avx512bw", std::arch::is_x86_feature_detected!("avx512bw")),
            ("avx512dq", std::arch::is_x86_feature_detected!("avx512dq")),
            ("avx512vl", std::arch::is_x86_feature_detected!("avx512vl")),
            ("avx512vnni", std::arch::is_x86_feature_detected!("avx512vnni")),
        ];
        found.extend(all.into_iter().filter(|(_, has)| *has).map(|(name, _)| name));
    }
    found
}

fn processor() -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cores = crate::terminal::counted(cores, "core");
    let has = match features() {
        features if features.is_empty() => String::new(),
        features => format!(" with {}", features.join(", ")),
    };
    let (used, widest) = (Home::detect(), Home::widest());
    let says = format!("{cores}{has}; kernels: {}", used.name());
    if let Err(error) = Home::chosen() {
        return Finding::new("processor", State::Problem, says).help(error.to_string());
    }
    let (asked, has) = (used.name(), widest.name());
    match (used == widest, widest == Home::portable()) {
        (true, false) => Finding::new("processor", State::Ok, says),
        (false, _) => Finding::new("processor", State::Warning, says)
            .help(format!("SGL_CPU={asked} asks for slower kernels: unset it for the {has} ones")),
        (true, true) => Finding::new("processor", State::Warning, says)
            .help("models run several times faster on a processor with AVX2 and F16C"),
    }
}

/// All memory and what is free of it, in bytes, as Linux says.
fn memory_of(meminfo: &str) -> Option<(u64, u64)> {
    let of = |key: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib << 10)
    };
    Some((of("MemTotal")?, of("MemAvailable")?))
}

/// What this process may use where that is less: a container has a limit of its own.
fn limit() -> Option<(u64, u64)> {
    let read =
        |name: &str| fs::read_to_string(format!("/sys/fs/cgroup/memory.{name}")).ok()?.trim().parse::<u64>().ok();
    let most = read("max")?;
    Some((most, most.saturating_sub(read("current").unwrap_or(0))))
}

/// How much there is, and how much of it is free, in bytes.
#[cfg(target_os = "linux")]
fn system() -> Option<(u64, u64)> {
    fs::read_to_string("/proc/meminfo").ok().and_then(|text| memory_of(&text)).or_else(|| {
        // Where `/proc` is not there, the kernel still answers; it does not count caches as free.
        let info = rustix::system::sysinfo();
        let unit = u64::from(info.mem_unit);
        let free = (info.freeram as u64).saturating_add(info.bufferram as u64);
        Some(((info.totalram as u64).checked_mul(unit)?, free.checked_mul(unit)?))
    })
}

#[cfg(not(target_os = "linux"))]
fn system() -> Option<(u64, u64)> {
    None
}

/// Nothing where the system does not tell: then nothing is known to be wrong.
fn memory(Wanted { name, size }: &Wanted) -> Option<Finding> {
    let (all, free) = system()?;
    let (all, free) =
        limit().filter(|(most, _)| *most < all).map_or((all, free), |(most, left)| (most, free.min(left)));
    let (has, prompts) = (format!("{} of {} free", bytes(free), bytes(all)), bytes(PROMPTS));
    let Some(size) = *size else { return Some(Finding::new("memory", State::Ok, has)) };
    let says = format!("{has}; {name} takes {} and up to {prompts} for prompts", bytes(size));
    Some(match () {
        () if free < size => Finding::new("memory", State::Problem, says).help("end other programs"),
        () if free < size + PROMPTS => Finding::new("memory", State::Warning, says)
            .help("fewer prompts are kept, so more is computed twice: end other programs"),
        () => Finding::new("memory", State::Ok, says),
    })
}

/// Graphics processors, by what the system has of them below `root`.
fn devices(root: &Path) -> Finding {
    let mut found = Vec::new();
    let folders = |path: &str| {
        let entries = fs::read_dir(root.join(path)).into_iter().flatten().flatten();
        let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        paths
    };
    for folder in folders("proc/driver/nvidia/gpus") {
        let text = fs::read_to_string(folder.join("information")).unwrap_or_default();
        let model = text.lines().find_map(|line| line.strip_prefix("Model:")).map_or("an NVIDIA GPU", str::trim);
        found.push(model.to_string());
    }
    for card in folders("sys/class/drm") {
        let vendor = fs::read_to_string(card.join("device/vendor")).unwrap_or_default();
        let name = match vendor.trim() {
            "0x10de" if found.is_empty() => "an NVIDIA GPU without its driver",
            "0x1002" => "an AMD GPU",
            "0x8086" => "an Intel GPU",
            _ => continue,
        };
        // `card0` is a device, `card0-DP-1` a plug of it.
        let is_device = card.file_name().is_some_and(|name| !name.to_string_lossy().contains('-'));
        if is_device && card.file_name().is_some_and(|name| name.to_string_lossy().starts_with("card")) {
            found.push(name.to_string());
        }
    }
    let is_told = ["proc/driver", "sys/class"].iter().any(|path| root.join(path).is_dir());
    let says = match found.is_empty() {
        true if is_told => "none found; none is needed: models run on the processor".to_string(),
        true => "none is needed: models run on the processor".to_string(),
        false => format!("{}: not used, models run on the processor", found.join(", ")),
    };
    Finding::new("GPU", State::Note, says)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read() {
        let text = "MemTotal:       24576 kB\nMemFree: 1 kB\nMemAvailable:   1024 kB\n";
        assert_eq!(memory_of(text), Some((24576 << 10, 1024 << 10)));
        assert_eq!(memory_of("MemTotal: many kB\n"), None);
    }

    #[test]
    fn devices_are_named() {
        let root = tempfile::tempdir().unwrap();
        assert!(devices(root.path()).says.starts_with("none is needed"), "nobody looked");
        fs::create_dir_all(root.path().join("sys/class")).unwrap();
        assert!(devices(root.path()).says.starts_with("none found"));
        let put = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("sys/class/drm/card1/device/vendor", "0x1002\n");
        put("sys/class/drm/card1-DP-1/device/vendor", "0x1002\n");
        put("proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: \t\t NVIDIA H100\nIRQ: 1\n");
        assert_eq!(devices(root.path()).says, "NVIDIA H100, an AMD GPU: not used, models run on the processor");
    }
}
