//! Times: some work in, seconds by the clock and seconds of processors out.

use std::time::Instant;

/// How long something took, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Time {
    /// By the clock.
    pub seconds: f64,
    /// That the threads of this process ran, which a busy machine disturbs less; Linux alone tells.
    pub cpu_seconds: Option<f64>,
}

/// Does some work once.
pub fn time<T>(work: impl FnOnce() -> T) -> (Time, T) {
    let (begin, cpu) = (Instant::now(), cpu_seconds());
    let result = work();
    let seconds = begin.elapsed().as_secs_f64();
    let cpu_seconds = cpu.zip(cpu_seconds()).map(|(begin, end)| end - begin);
    (Time { seconds, cpu_seconds }, result)
}

/// The run in the middle of several, by the clock; of an even number the later of the two. At least one is done.
pub fn median<E>(runs: usize, mut work: impl FnMut() -> Result<(), E>) -> Result<Time, E> {
    let mut times = Vec::new();
    for _ in 0..runs.max(1) {
        let (time, result) = time(&mut work);
        result?;
        times.push(time);
    }
    Ok(middle(times))
}

fn middle(mut times: Vec<Time>) -> Time {
    times.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    times.get(times.len() / 2).copied().unwrap_or(Time { seconds: 0.0, cpu_seconds: None })
}

/// How long the threads of this process ran.
fn cpu_seconds() -> Option<f64> {
    let nanoseconds = std::fs::read_dir("/proc/self/task").ok()?.map(|task| {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Some(nanoseconds.sum::<Option<u64>>()? as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_in_the_middle_counts() {
        let times = [3.0, 1.0, 9.0, 2.0, 4.0].map(|seconds| Time { seconds, cpu_seconds: Some(-seconds) });
        assert_eq!(middle(times.to_vec()), times[0]);
        assert_eq!(middle(times[..2].to_vec()), times[0]);
    }

    #[test]
    fn a_run_that_fails_ends_the_others() {
        let mut runs = 0;
        let result = median(5, || {
            runs += 1;
            if runs == 2 { Err("no") } else { Ok(()) }
        });
        assert_eq!((result, runs), (Err("no"), 2));
    }
}
