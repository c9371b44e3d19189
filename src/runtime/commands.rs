//! What each subcommand does. Knows no arguments and no terminal.

use std::io::Write;
use std::path::PathBuf;

use crate::config::{Loaded, Secret};

use super::failure::Failure;

/// A user to be made by the operator: active, the address taken as verified.
#[derive(Debug)]
pub struct NewUser {
    /// The address.
    pub email: String,
    /// The name to log in with; made from the address when missing.
    pub username: Option<String>,
    /// The name to show.
    pub name: Option<String>,
    /// The name of the role.
    pub role: String,
    /// Already asked for; never from the arguments.
    pub password: Secret,
}

/// Where the audit log to verify lies.
#[derive(Debug)]
pub enum AuditSource {
    /// In the data folder of a stopped server.
    DataDir(PathBuf),
    /// In a copy of the store, with a copy of the keys folder.
    Copy {
        /// The store file.
        store: PathBuf,
        /// The folder with `master.key`.
        keys: PathBuf,
    },
}

/// Runs the server until it is told to stop; announces itself on `out`.
pub fn serve(_loaded: &Loaded, _out: &mut dyn Write) -> Result<(), Failure> {
    Err(Failure::new("serve is not built in"))
}

/// Makes a user on a stopped server; the text names it.
pub fn create_user(_loaded: &Loaded, _user: NewUser) -> Result<String, Failure> {
    Err(Failure::new("user create is not built in"))
}

/// Verifies the whole audit log; the text sums it up, the failure names the first bad record.
pub fn verify_audit(_source: AuditSource) -> Result<String, Failure> {
    Err(Failure::new("audit verify is not built in"))
}

/// Checks the whole store of a stopped server; one line for each thing checked.
pub fn check_store(_loaded: &Loaded) -> Result<Vec<String>, Failure> {
    Err(Failure::new("check --store is not built in"))
}

/// The description of the API, as JSON with a line end.
pub fn openapi_json() -> Result<String, Failure> {
    Err(Failure::new("openapi is not built in"))
}
