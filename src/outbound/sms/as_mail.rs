//! Text messages as mails to `<digits>@sms.invalid`, for the mailbox and the folder of `--dev`.

use std::sync::Arc;

use crate::domain::email::EmailAddress;
use crate::services::mail_transport::{MailFault, MailTransport, OutgoingMail, Sending};
use crate::services::sms_sender::{OutgoingSms, SmsSender};

/// Hands each message to all of these, and then to the gateway, if there is one.
pub struct SmsAsMail {
    mails: Vec<Arc<dyn MailTransport>>,
    onward: Option<Arc<dyn SmsSender>>,
}

impl SmsAsMail {
    /// Keeps messages in `mails`, and sends them `onward`.
    pub fn new(mails: Vec<Arc<dyn MailTransport>>, onward: Option<Arc<dyn SmsSender>>) -> Self {
        Self { mails, onward }
    }
}

impl SmsSender for SmsAsMail {
    fn send<'a>(&'a self, sms: &'a OutgoingSms) -> Sending<'a> {
        Box::pin(async move {
            let mail = mail(sms)?;
            for transport in &self.mails {
                transport.send(&mail).await?;
            }
            match &self.onward {
                Some(onward) => onward.send(sms).await,
                None => Ok(()),
            }
        })
    }
}

fn mail(sms: &OutgoingSms) -> Result<OutgoingMail, MailFault> {
    let to = EmailAddress::parse(&format!("{}@sms.invalid", sms.to.digits()));
    let escaped = sms.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    Ok(OutgoingMail {
        id: sms.id,
        to: to.map_err(|_| MailFault::permanent("the number makes no address"))?,
        subject: "SMS".to_owned(),
        text: sms.text.clone(),
        html: format!("<p>{escaped}</p>"),
        written_at: sms.written_at,
    })
}
