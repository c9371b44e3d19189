//! Any text as every value of a query string: what is read says the same text again, where there is one way to write it.
#![no_main]

use std::fmt::Display;
use std::str::FromStr;

use latchkey::domain::actions::Actions;
use latchkey::domain::audit::Outcome;
use latchkey::domain::feed::{Cursor, Topics};
use latchkey::domain::id::{ApiKeyId, MailId, ServiceId, SessionId, TokenId, UserId};
use latchkey::domain::mail::MailKind;
use latchkey::domain::permission::Scope;
use latchkey::domain::resource::ResourceName;
use latchkey::domain::role::Role;
use latchkey::domain::time::Timestamp;
use latchkey::domain::user::{Identifier, Status};
use latchkey::http::query::{cursor, network, value};
use latchkey::services::oversight::outbox::MailState;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    one_way::<Cursor>(text);
    one_way::<UserId>(text);
    one_way::<SessionId>(text);
    one_way::<TokenId>(text);
    one_way::<ApiKeyId>(text);
    one_way::<ServiceId>(text);
    one_way::<MailId>(text);
    read::<ResourceName>(text);
    read::<Outcome>(text);
    read::<Role>(text);
    read::<Status>(text);
    read::<Scope>(text);
    read::<MailKind>(text);
    read::<MailState>(text);
    read::<u32>(text);
    if let Some(at) = read::<Timestamp>(text) {
        assert_eq!(at.to_string().parse().ok(), Some(at));
    }
    if let Some(actions) = read::<Actions>(text) {
        for name in text.split(',').filter(|name| !name.ends_with('*')) {
            assert!(actions.hold(name));
        }
    }
    if let Ok(Some(range)) = network("client", Some(text.to_owned())) {
        assert!(range.contains(&range.addr()));
    }
    if let Ok(topics) = Topics::of(text.split(',')) {
        assert!(topics.hold("login.failed") || !text.is_empty());
    }
    let typed = Identifier::typed(text);
    assert!(typed.key().is_none_or(|key| !key.is_empty()));
});

fn read<T: FromStr>(text: &str) -> Option<T> {
    match value::<T>("field", Some(text.to_owned())) {
        Ok(read) => {
            assert!(read.is_some() && cursor::<T>(Some(text.to_owned())).is_ok());
            read
        }
        Err(error) => {
            assert!(error.status().is_client_error());
            None
        }
    }
}

/// Two texts are never one thing.
fn one_way<T: FromStr + Display>(text: &str) {
    if let Some(read) = read::<T>(text) {
        assert_eq!(read.to_string(), text);
    }
}
