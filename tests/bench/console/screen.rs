//! The console in a terminal of its own, that of `script`. Knows nothing of what is shown.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use latchkey::ambient::Stopwatch;

/// Bytes that a tick of the clock does not reach.
const ROW: usize = 120;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running console.
pub struct Screen {
    child: Child,
    input: ChildStdin,
    heard: Receiver<(Duration, usize)>,
    watch: Arc<Stopwatch>,
    settled: PathBuf,
    process: PathBuf,
}

impl Screen {
    /// Starts it at 120x40 on the admin socket of `data`; answers when all is drawn.
    pub fn open(folder: &Path, data: &Path) -> Self {
        let (settled, number) = (folder.join("settled"), folder.join("number"));
        fs::write(&settled, "").expect("a file");
        let run = format!(
            "stty cols 120 rows 40; echo $$ >{}; exec {} console --server unix:{} --settle {}",
            number.display(),
            env!("CARGO_BIN_EXE_latchkey"),
            data.join("admin.sock").display(),
            settled.display()
        );
        let mut command = Command::new("script");
        command.args(["--quiet", "--flush", "--return", "--command", &run, "/dev/null"]).current_dir(folder);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("TERM", "xterm-256color").env("HOME", folder);
        command.env("SHELL", "/bin/sh");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script");
        let (input, mut output) =
            (child.stdin.take().expect("a way in"), child.stdout.take().expect("a way out"));
        let watch = Arc::new(Stopwatch::start());
        let (tell, heard) = channel();
        let clock = watch.clone();
        thread::spawn(move || {
            let mut bytes = vec![0; 65_536];
            while let Ok(count) = output.read(&mut bytes) {
                if count == 0 || tell.send((clock.elapsed(), count)).is_err() {
                    return;
                }
            }
        });
        let mut screen = Self { child, input, heard, watch, settled, process: PathBuf::new() };
        screen.settle(0);
        let number = fs::read_to_string(number).expect("its process");
        screen.process = PathBuf::from(format!("/proc/{}", number.trim()));
        // The first answers come after the first picture.
        thread::sleep(Duration::from_secs(2));
        screen
    }

    /// Since it was opened.
    pub fn now(&self) -> Duration {
        self.watch.elapsed()
    }

    /// Types `keys`, and waits until what they lead to is drawn and no request is under way.
    pub fn press(&mut self, keys: &str) {
        let before = self.pictures();
        self.type_in(keys);
        self.settle(before);
    }

    /// Types `keys`.
    pub fn type_in(&mut self, keys: &str) {
        self.input.write_all(keys.as_bytes()).and_then(|()| self.input.flush()).expect("a way in");
    }

    fn pictures(&self) -> usize {
        fs::read_to_string(&self.settled).expect("a file").lines().count()
    }

    fn settle(&self, before: usize) {
        let begun = self.now();
        while self.pictures() <= before {
            assert!(self.now().saturating_sub(begun) < PATIENCE, "nothing is drawn");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Forgets what was drawn so far.
    pub fn forget(&self) {
        self.heard.try_iter().for_each(drop);
    }

    /// When a picture with a new row was there since [`Self::forget`].
    pub fn drawn(&self) -> Duration {
        let mut sum = 0;
        loop {
            let (at, count) = self.heard.recv_timeout(PATIENCE).expect("a picture");
            sum += count;
            if sum >= ROW {
                return at;
            }
        }
    }

    /// A figure of memory, such as `VmRSS`, in KiB.
    pub fn memory_kib(&self, name: &str) -> f64 {
        figure(&self.process.join("status"), name)
    }

    /// Wake-ups a second during `length`: of the thread that draws, and of all.
    pub fn wakes(&self, length: Duration) -> (f64, f64) {
        let before = self.switches();
        thread::sleep(length);
        let after = self.switches();
        let seconds = length.as_secs_f64();
        ((after.0 - before.0) / seconds, (after.1 - before.1) / seconds)
    }

    fn switches(&self) -> (f64, f64) {
        let of = |folder: &Path| figure(&folder.join("status"), "voluntary_ctxt_switches");
        let tasks = fs::read_dir(self.process.join("task")).expect("threads");
        (of(&self.process), tasks.map(|task| of(&task.expect("a thread").path())).sum())
    }

    /// Leaves it.
    pub fn close(mut self) {
        self.type_in("q");
        assert!(self.child.wait().expect("it ends").success());
    }
}

fn figure(file: &Path, name: &str) -> f64 {
    let status = fs::read_to_string(file).expect("a live process");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim_start_matches(':').split_whitespace().next()?.parse().ok())
        .expect("a figure")
}
