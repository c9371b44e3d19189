//! What each subcommand does. Knows no arguments and no terminal.

use std::fs;
use std::io::BufRead;
use std::path::PathBuf;
use std::sync::Arc;

use super::build;
use super::data_dir::{DataDir, DataDirError, read_key};
use super::failure::Failure;
use super::import::{self, BadLine};
use crate::ambient::{OsEntropy, SystemClock};
use crate::config::{Loaded, Secret};
use crate::crypto::MasterKey;
use crate::crypto::digest::to_hex;
use crate::domain::role::{NotARole, Role};
use crate::domain::signing_key::Stage;
use crate::http::OPENAPI;
use crate::services::registration::{RegisterFault, Registration};
use crate::services::signing_key::RotateFault;
use crate::services::{self, Keys, Services, audit_log, registration, signing_key};
use crate::store::check::check;
use crate::store::engine::Integrity;

pub use super::serve::serve;

/// Page cache while verifying: a walk from end to end reads each page once.
const VERIFY_CACHE_MIB: u32 = 16;

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

/// Makes a user on a stopped server; the text names it.
pub fn create_user(loaded: &Loaded, user: &NewUser) -> Result<String, Failure> {
    let role: Role = user.role.parse().map_err(|fault: NotARole| Failure::new(format!("--role: {fault}")))?;
    let (app, _lock) = stopped(loaded)?;
    let form = Registration {
        email: &user.email,
        password: user.password.expose(),
        name: user.name.as_deref(),
        username: user.username.as_deref(),
    };
    let made = in_runtime(registration::create(&app, &app.own_context("cli"), &form, role))?;
    match made {
        Ok(user) => Ok(format!("{} {} ({role})", user.id, user.email)),
        Err(RegisterFault::Fields(faults)) => {
            let faults = faults.iter().map(|fault| format!("{}: {fault}", fault.field()));
            Err(Failure::new(faults.collect::<Vec<_>>().join("; ")))
        }
        Err(fault) => Err(Failure::from_error(&fault)),
    }
}

/// What [`import_users`] came to.
#[derive(Debug)]
pub struct Imported {
    /// How many users were made.
    pub made: usize,
    /// Why each of the other lines was not.
    pub bad: Vec<BadLine>,
}

/// Makes the users of `lines` on a stopped server. With a bad line nobody is made, unless bad ones are skipped.
pub fn import_users(loaded: &Loaded, lines: impl BufRead, skip_bad: bool) -> Result<Imported, Failure> {
    let (app, _lock) = stopped(loaded)?;
    let (admitted, bad) = import::read(&app, lines)?;
    if !bad.is_empty() && !skip_bad {
        return Ok(Imported { made: 0, bad });
    }
    let made = in_runtime(services::import::import(&app, &app.own_context("import"), admitted))?;
    let help = "import the same lines again with --skip-bad to make the others";
    let made = made.map_err(|fault| Failure::from_error(&fault).help(help))?;
    Ok(Imported { made, bad })
}

/// The services of a stopped server, and what keeps it stopped.
fn stopped(loaded: &Loaded) -> Result<(Services, DataDir), Failure> {
    let config = &loaded.config;
    let (dir, key) = DataDir::open_or_create(&config.data_dir, || build::new_key(&OsEntropy))?;
    dir.keep_apart(config.dev)?;
    let store = build::open_store(&dir, &build::master_key(&key)?, config.store.cache_mib)?;
    dir.settle()?;
    let app = build::services(config, &key, store, Arc::new(SystemClock), Arc::new(OsEntropy), None)?;
    Ok((app, dir))
}

/// Turns the keys that sign tokens on a stopped server, and says what each is now. Makes no data folder.
pub fn rotate_keys(loaded: &Loaded, revoke: bool) -> Result<Vec<String>, Failure> {
    if !loaded.config.data_dir.exists() {
        return Err(DataDirError::Missing(loaded.config.data_dir.clone()).into());
    }
    let (app, _lock) = stopped(loaded)?;
    let fail = |error: &dyn std::error::Error| Failure::from_error(error);
    signing_key::ready(&app).map_err(|error| fail(&error))?;
    let ring = signing_key::rotate_offline(&app, revoke).map_err(|fault| match fault {
        RotateFault::Configured => Failure::new("the key is a secret of the configuration")
            .help("change tokens.jwt_secret (JWT_SECRET_KEY), or take it away to have keys that turn"),
        fault => fail(&fault),
    })?;
    let told = ring.iter().map(|key| {
        let stage = match key.stage {
            Stage::Next => "signs after the next turn".to_owned(),
            Stage::Current => "signs".to_owned(),
            Stage::Retired { until } => format!("verifies until {until}"),
        };
        format!("{} {} {stage}", key.kid, key.algorithm.name())
    });
    Ok(told.collect())
}

/// Verifies the whole audit log; the text sums it up, the failure names the first bad record.
pub fn verify_audit(source: AuditSource) -> Result<String, Failure> {
    let cache = VERIFY_CACHE_MIB;
    let (master, store, _lock) = match source {
        AuditSource::DataDir(path) => {
            let (dir, keys) = DataDir::open(&path)?;
            let master = build::master_key(&keys)?;
            let store = build::open_store(&dir, &master, cache)?;
            (master, store, Some(dir))
        }
        AuditSource::Copy { store, keys } => {
            // The engine would make a missing store, and an empty audit log is whole.
            let size = fs::metadata(&store).map(|file| file.len());
            if !size.is_ok_and(|size| size > 0) {
                return Err(Failure::new(format!("{} is missing or empty", store.display())));
            }
            let text = read_key(&keys.join("master.key"))?;
            let master = MasterKey::parse(&text).map_err(|fault| Failure::from_error(&fault))?;
            let opened = build::open_copy(&store, &master, cache)?;
            (master, opened, None)
        }
    };
    let key = Keys::derive(&master).seals.public_key();
    let found = audit_log::verify(&store, &key).map_err(|error| Failure::from_error(&error))?;
    match found.fault {
        Some(fault) => Err(Failure::new(format!("the audit log is broken at {fault}"))
            .help("compare with a backup; what comes before this record is intact")),
        None => Ok(format!(
            "the audit log is whole: records {}, seals {}, head {}, sealed by {key}",
            found.head.seq,
            found.seals,
            to_hex(&found.head.hash)
        )),
    }
}

/// Checks the whole store of a stopped server; one line for each thing checked.
pub fn check_store(loaded: &Loaded) -> Result<Vec<String>, Failure> {
    let config = &loaded.config;
    let (dir, keys) = DataDir::open(&config.data_dir)?;
    let store = build::open_store(&dir, &build::master_key(&keys)?, config.store.cache_mib)?;
    let report = check(&store).map_err(|error| Failure::from_error(&error))?;
    if !report.is_clean() {
        let mut faults: Vec<_> = report.faults.iter().map(ToString::to_string).collect();
        match &report.engine {
            Ok(Integrity::Sound) => {}
            Ok(Integrity::Repaired) => {
                faults.insert(0, "the file was damaged and has been repaired".to_owned());
            }
            Err(error) => faults.insert(0, error.to_string()),
        }
        let what = format!("the store is not sound: {}", faults.join("; "));
        return Err(Failure::new(what).help("restore the newest backup that checks clean"));
    }
    Ok(vec![
        format!("file: {}", dir.store_file().display()),
        format!("rows: {}, each verified and decoded", report.rows),
        format!("audit chain: whole up to record {}", report.head.seq),
    ])
}

/// The description of the API, as JSON with a line end.
pub fn openapi_json() -> &'static str {
    OPENAPI
}

fn in_runtime<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(|error| Failure::from_error(&error))?.block_on(work))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_copy_that_is_missing_or_empty_is_no_whole_audit_log() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().to_owned();
        let master = keys.join("master.key");
        fs::write(&master, &*build::new_key(&OsEntropy)).unwrap();
        fs::set_permissions(&master, fs::Permissions::from_mode(0o600)).unwrap();
        let (missing, empty) = (keys.join("missing.redb"), keys.join("empty.redb"));
        fs::write(&empty, "").unwrap();
        for store in [&missing, &empty] {
            let source = AuditSource::Copy { store: store.clone(), keys: keys.clone() };
            let failure = verify_audit(source).unwrap_err();
            assert!(failure.what.contains(store.to_str().unwrap()), "{failure}");
        }
        assert!(!missing.exists());
        assert_eq!(fs::metadata(&empty).unwrap().len(), 0);
    }
}
