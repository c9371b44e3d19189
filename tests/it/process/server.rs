//! Starts the binary in a folder of its own and hears what it says. Ends only what it has started.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::client::Client;

/// The longest wait for anything. Long, because the machine may be busy; no test waits for it to pass.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A password that satisfies the rules.
pub const PASSWORD: &str = "correct horse battery";

/// A folder in which commands run, which is also their home. Nothing of the environment is passed on, and clients of
/// this machine are not limited: many tests log in more often than a person.
pub struct Home {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Home {
    pub fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap(), environment: Vec::new() };
        home.env("LATCHKEY_LIMITS__EXEMPT", "127.0.0.0/8,::1")
    }

    /// A home whose `auth.toml` is `text`.
    pub fn configured(text: &str) -> Self {
        let home = Self::new();
        fs::write(home.path().join("auth.toml"), text).unwrap();
        home
    }

    /// A home with one account in `data`, and with `keys` and `store.redb` therefore.
    pub fn settled() -> Self {
        let home = Self::new();
        home.create_user("root@example.com", "super_admin");
        home
    }

    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder that `--data-dir data` names.
    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_latchkey"), arguments)
    }

    /// Another program under the same conditions.
    pub fn program(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.path()).env_clear().env("HOME", self.path());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        Process::spawn(&mut self.command(arguments)).end()
    }

    /// Makes an account in `data` with [`PASSWORD`].
    pub fn create_user(&self, email: &str, role: &str) {
        let arguments =
            ["user", "create", "--data-dir", "data", "--role", role, "--email", email, "--password-stdin"];
        let ended = self.run_with_input(&arguments, &format!("{PASSWORD}\n"));
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }

    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Ended {
        let mut process = Process::spawn(self.command(arguments).stdin(Stdio::piped()));
        process.child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        process.end()
    }

    /// Starts the server on `data` and a free port.
    pub fn serve(&self, more: &[&str]) -> Server {
        let arguments = [&["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"], more].concat();
        self.launch(&mut self.command(&arguments), 1)
    }

    /// Starts the server on `data`, where `auth.toml` says.
    pub fn serve_configured(&self, listeners: usize) -> Server {
        self.launch(&mut self.command(&["serve", "--data-dir", "data"]), listeners)
    }

    /// Who speaks with a server that may start or not; nobody when it has ended instead.
    pub fn server_if_it_starts(&self, process: &mut Process) -> Option<Client> {
        let said = process.out.find("listening on ")?;
        let address = said.split("//").nth(1)?.split_whitespace().next()?.parse().ok()?;
        Some(Client::tls(address, &self.data().join("tls/cert.pem")))
    }

    /// Starts a server and waits until it has announced all its listeners.
    pub fn launch(&self, command: &mut Command, listeners: usize) -> Server {
        let mut process = Process::spawn(command);
        let announced = (0..listeners).map(|_| process.said("listening on ")).collect();
        Server { process, announced, data: self.data() }
    }
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// None when a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// Holds that it ended with 1, said nothing on standard output, and these two lines on standard error.
    #[track_caller]
    pub fn refused(&self, what: &str, help: &str) {
        assert_eq!((self.code, self.out.as_str()), (Some(1), ""), "{self:?}");
        let mut lines = self.err.lines();
        let first = lines.next().unwrap_or_default();
        assert!(first.starts_with("latchkey: ") && first.contains(what), "{what}\n{self:?}");
        let help = if help.is_empty() { None } else { Some(help) };
        let found = lines.next();
        assert!(found.is_some() == help.is_some(), "{self:?}");
        for (found, help) in found.iter().zip(help) {
            assert!(found.starts_with("help: ") && found.contains(help), "{help}\n{self:?}");
        }
        assert_eq!(lines.next(), None, "{self:?}");
    }
}

/// A command that runs. It is killed when it is dropped.
pub struct Process {
    child: Child,
    out: Lines,
    err: Lines,
}

impl Process {
    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (out, err) = (Lines::of(child.stdout.take().unwrap()), Lines::of(child.stderr.take().unwrap()));
        Self { child, out, err }
    }

    /// The next line on standard output with `text` in it.
    #[track_caller]
    pub fn said(&mut self, text: &str) -> String {
        match self.out.find(text) {
            Some(line) => line,
            None => panic!("it ended without saying {text:?}\n{:?}\n{}", self.out.seen, self.err.all()),
        }
    }

    /// The next line of the log with `text` in it.
    #[track_caller]
    pub fn logged(&mut self, text: &str) -> String {
        self.err
            .find(text)
            .unwrap_or_else(|| panic!("it ended without logging {text:?}\n{:?}", self.err.seen))
    }

    /// The next line on standard output within `time`, if there is one.
    pub fn says_within(&mut self, time: Duration) -> Option<String> {
        self.out.incoming.recv_timeout(time).ok()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it, with no chance to do anything.
    pub fn kill(mut self) -> Ended {
        self.child.kill().unwrap();
        self.end()
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        let (out, err) = (self.out.all(), self.err.all());
        let code = self.child.wait().unwrap().code();
        Ended { code, out, err }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a process writes, line by line.
struct Lines {
    incoming: Receiver<String>,
    seen: Vec<String>,
}

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let (lines, incoming) = channel();
        std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                if lines.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
                line.clear();
            }
        });
        Self { incoming, seen: Vec::new() }
    }

    fn next(&mut self) -> Option<&str> {
        match self.incoming.recv_timeout(PATIENCE) {
            Ok(line) => self.seen.push(line),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => panic!("nothing new for {PATIENCE:?} after {:?}", self.seen),
        }
        self.seen.last().map(String::as_str)
    }

    fn find(&mut self, text: &str) -> Option<String> {
        while let Some(line) = self.next() {
            if line.contains(text) {
                return Some(line.trim_end().to_owned());
            }
        }
        None
    }

    /// Everything up to the end.
    fn all(&mut self) -> String {
        while self.next().is_some() {}
        self.seen.concat()
    }
}

/// A server that listens.
pub struct Server {
    process: Process,
    /// The lines that said where.
    pub announced: Vec<String>,
    data: PathBuf,
}

impl Server {
    pub fn address(&self, listener: usize) -> SocketAddr {
        let url = self.announced[listener].split_whitespace().nth(2).unwrap();
        url.split("//").nth(1).unwrap().parse().unwrap()
    }

    /// Who speaks what the first listener speaks.
    pub fn client(&self) -> Client {
        self.client_of(0)
    }

    pub fn client_of(&self, listener: usize) -> Client {
        let address = self.address(listener);
        if self.announced[listener].contains("https://") {
            return Client::tls(address, &self.certificate());
        }
        Client::plain(address)
    }

    /// The self-signed certificate.
    pub fn certificate(&self) -> PathBuf {
        self.data.join("tls/cert.pem")
    }

    /// The setup code it prints.
    pub fn setup_code(&mut self) -> String {
        self.said("  lks_").trim().to_owned()
    }

    /// Ends it as a service manager does. It must end well.
    #[track_caller]
    pub fn stop(self) -> Ended {
        self.signal(Signal::TERM);
        let ended = self.process.end();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended
    }

    pub fn into_process(self) -> Process {
        self.process
    }
}

impl Deref for Server {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl DerefMut for Server {
    fn deref_mut(&mut self) -> &mut Process {
        &mut self.process
    }
}
