//! Time that this thread has computed for, and the most memory that the process has held.

/// Counts from its start. What other threads and processes do meanwhile does not count, where the system can tell.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    #[cfg(unix)]
    began: i128,
    #[cfg(not(unix))]
    began: std::time::Instant,
}

impl Watch {
    /// Starts to count.
    pub fn start() -> Watch {
        #[cfg(unix)]
        return Watch { began: now() };
        #[cfg(not(unix))]
        return Watch { began: std::time::Instant::now() };
    }

    /// Microseconds since the start.
    pub fn us(&self) -> f64 {
        #[cfg(unix)]
        return (now() - self.began) as f64 / 1e3;
        #[cfg(not(unix))]
        return self.began.elapsed().as_nanos() as f64 / 1e3;
    }
}

/// Nanoseconds that this thread has run for.
#[cfg(unix)]
fn now() -> i128 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
}

/// The most memory that this process has held, in MiB; none where the system does not say.
pub fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}
