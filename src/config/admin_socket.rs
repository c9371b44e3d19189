//! `[admin_socket]`: where operators of this host reach the API, and who they are. Knows no sockets.

use std::path::{Path, PathBuf};

use super::reader::Reader;
use crate::domain::operator::OperatorRule;

/// The file in the data folder, unless another path is set.
const FILE: &str = "admin.sock";

/// The admin socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminSocket {
    /// Its path.
    pub path: PathBuf,
    /// Who may call beside root and the user that the server runs as.
    pub operators: Vec<OperatorRule>,
}

impl AdminSocket {
    /// The socket, unless it is switched off.
    pub(super) fn read(reader: &mut Reader, data_dir: &Path) -> Option<Self> {
        let is_enabled = reader.switch("admin_socket.enabled");
        let given = reader.text("admin_socket.path").map(PathBuf::from);
        let expected = "a list such as [\"uid=1001 role=admin name=night-shift\"]";
        let operators: Vec<OperatorRule> = reader.list("admin_socket.operators", expected, |text| {
            text.parse().map_err(|error| format!("{text:?}: {error}"))
        });
        let is_twice =
            |(at, rule): (usize, &OperatorRule)| operators.iter().take(at).any(|other| other.who == rule.who);
        if operators.iter().enumerate().any(is_twice) {
            reader.problem("admin_socket.operators", "one user or group is listed twice");
        }
        if !operators.is_empty() && given.is_none() {
            let help = Some(
                "set admin_socket.path to a folder that they may enter, such as /run/latchkey/admin.sock",
            );
            let why = "other users cannot reach a socket in the data folder";
            reader.problem_with("admin_socket.operators", why, help);
        }
        let path = given.unwrap_or_else(|| data_dir.join(FILE));
        reader.set_shown("admin_socket.path", Some(format!("{:?}", path.to_string_lossy())));
        is_enabled.then_some(Self { path, operators })
    }

    /// Who may connect at all. With rules for others that is everybody: the kernel says who they are.
    pub fn mode(&self) -> u32 {
        if self.operators.is_empty() { 0o600 } else { 0o666 }
    }
}
