//! A server in a process of its own, and what the system says of it. Knows nothing of what it serves.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// How a server announces its address on standard output.
pub const ANNOUNCED: &str = "listening on ";

/// A running server. Dropping it kills it.
pub struct Server {
    child: Child,
    /// Held open: a server must not lose its standard output.
    _out: BufReader<ChildStdout>,
    pub address: SocketAddr,
}

impl Server {
    /// Starts `command` and waits until it says where it listens. Its log goes to `log`.
    pub fn start(command: &mut Command, log: &Path) -> Self {
        let log = File::options().create(true).append(true).open(log).expect("a log file");
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().expect("the program starts");
        let mut out = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        while !line.starts_with(ANNOUNCED) {
            line.clear();
            let read = out.read_line(&mut line).expect("its output is text");
            assert!(read > 0, "the server ended; see its log");
        }
        let word = line.trim_start_matches(ANNOUNCED).split_whitespace().next();
        let address =
            word.and_then(|url| url.split_once("://")).and_then(|(_, address)| address.parse().ok());
        Self { child, _out: out, address: address.expect("an address") }
    }

    /// CPU time of all of its threads so far, user and system. Its grain is a clock tick, 10 ms.
    pub fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("a live process");
        // The second field is the name in parentheses and may hold anything: count behind it.
        let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
        let ticks =
            fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("ticks"));
        Duration::from_nanos(1_000_000_000 / rustix::param::clock_ticks_per_second() * ticks.sum::<u64>())
    }

    /// CPU time of the threads that live, to the nanosecond.
    pub fn cpu_of_threads(&self) -> Duration {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("a live process");
        let nanos = threads.flatten().filter_map(|thread| {
            let times = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            times.split_whitespace().next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(nanos.sum())
    }

    /// A memory figure of `/proc/<pid>/status`, such as `VmRSS`, in KiB.
    pub fn memory_kib(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a live process");
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).expect("a figure")
    }

    /// Begins anew to note the most memory that is resident, `VmHWM`.
    pub fn forget_peak(&self) {
        fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").expect("a process of ours");
    }

    /// Asks it to end and waits.
    pub fn stop(self) {
        self.signal(Signal::TERM);
    }

    /// Ends it as a crash would.
    pub fn kill(self) {
        self.signal(Signal::KILL);
    }

    fn signal(mut self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("a live process");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program under test, in a folder without `auth.toml`, in an environment that is empty but for its limits: they are
/// counted as ever, and wide enough for a load.
pub fn latchkey(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command.current_dir(folder).env_clear().env("HOME", folder);
    for class in ["LOGIN", "REGISTER", "ANONYMOUS", "AUTHENTICATED", "FORWARD_AUTH"] {
        command.env(format!("LATCHKEY_LIMITS__{class}"), "1000000/1s");
    }
    // Logins under way count as guesses, and several callers log in to one account.
    command.env("LATCHKEY_LOCKOUT__FAILURES", "20");
    command
}
