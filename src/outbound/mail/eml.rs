//! Mail as `.eml` files in a folder, for development and for relays that pick files up. Knows nothing of SMTP.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::message::{Sender, message};
use crate::services::mail_transport::{MailFault, MailTransport, OutgoingMail, Sending};

/// Writes each mail to `<folder>/<time written, milliseconds>-<id>.eml`, whole or not at all, readable by the
/// owner only. The same mail sent twice is one file.
#[derive(Debug, Clone)]
pub struct EmlFolder {
    folder: PathBuf,
    sender: Sender,
}

/// The folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It could not be made or looked at.
    #[error("the mail folder {0} cannot be used")]
    Unusable(PathBuf, #[source] io::Error),
    /// Others may read or write it, and mails hold links that log in.
    #[error("the mail folder {0} is open to other users; run: chmod 700 {0}")]
    Open(PathBuf),
}

impl EmlFolder {
    /// Uses `folder`, or makes it (0700).
    pub fn open(folder: &Path, sender: Sender) -> Result<Self, FolderError> {
        let unusable = |fault| FolderError::Unusable(folder.to_owned(), fault);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(unusable)?;
        let mode = fs::metadata(folder).map_err(unusable)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(FolderError::Open(folder.to_owned()));
        }
        Ok(Self { folder: folder.to_owned(), sender })
    }
}

impl MailTransport for EmlFolder {
    fn send<'a>(&'a self, mail: &'a OutgoingMail) -> Sending<'a> {
        Box::pin(async move {
            let bytes = message(&self.sender, mail)?.formatted();
            let name = format!("{}-{}.eml", mail.written_at.millis().max(0), mail.id);
            let folder = self.folder.clone();
            let written = tokio::task::spawn_blocking(move || write_whole(&folder, &name, &bytes)).await;
            let fault = |kind| MailFault::temporary(&format!("the mail folder cannot be written: {kind}"));
            match written {
                Ok(result) => result.map_err(|error| fault(error.kind())),
                Err(_) => Err(fault(io::ErrorKind::Interrupted)),
            }
        })
    }
}

/// A reader of the folder sees no file or the whole file; a file that is seen survives a power cut.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = folder.join(format!(".{name}.tmp"));
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, folder.join(name))?;
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::super::message::tests::{mail, sender};
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[tokio::test]
    async fn a_mail_becomes_one_private_file_however_often_it_is_sent() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/mail");
        let transport = EmlFolder::open(&folder, sender()).unwrap();
        transport.send(&mail()).await.unwrap();
        transport.send(&mail()).await.unwrap();
        let name = format!("1700000000000-{}.eml", mail().id);
        assert_eq!(names(&folder), [name.as_str()]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join(&name))), (0o700, 0o600));
        let text = fs::read_to_string(folder.join(name)).unwrap();
        assert!(text.starts_with("From: ") && text.contains("\r\nTo: ada@example.com\r\n"));
    }

    #[tokio::test]
    async fn a_folder_that_went_away_is_a_temporary_fault() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("mail");
        let transport = EmlFolder::open(&folder, sender()).unwrap();
        fs::remove_dir(&folder).unwrap();
        let fault = transport.send(&mail()).await.unwrap_err();
        assert!(matches!(fault, MailFault::Temporary(_)));
        assert!(fault.reason().contains("not found"), "{fault}");
    }

    #[test]
    fn a_folder_open_to_others_is_refused_with_the_remedy() {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o750)).unwrap();
        let fault = EmlFolder::open(home.path(), sender()).unwrap_err();
        assert!(fault.to_string().contains("chmod 700"));
    }
}
