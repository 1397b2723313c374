//! What a process has taken, as the kernel counts it.

use std::error::Error;
use std::fs;
use std::time::Duration;

/// Processor time of this process and of the children it has waited for.
pub(crate) fn processor_time() -> Result<Duration, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields[11..15].iter().flat_map(|field| field.parse::<u64>()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

/// The most memory that this process has held, in bytes.
pub(crate) fn peak() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kib: u64 = peak.trim().trim_end_matches(" kB").parse()?;
    Ok(kib << 10)
}
