//! The credential of a request whose answer goes on after it. Knows nothing of the answer.

use std::sync::Arc;

use poem::{FromRequest, Request, RequestBody};
use zeroize::Zeroizing;

use super::asked;
use super::error::ApiError;
use super::principal::{Shown, shown};
use super::visit::Visit;
use crate::services::api_key::usage;
use crate::services::{Context, Services, caller};

/// The credential of a request, for an answer that goes on after it: whether it still opens the door is asked again and
/// again. Asking is counted nowhere, and is no use of a key.
pub struct Again {
    visit: Arc<Visit>,
    shown: Kept,
}

/// A credential that is kept.
enum Kept {
    Operator(Box<caller::Caller>),
    Token(Zeroizing<String>),
    Key(Zeroizing<String>),
    Cookie(Zeroizing<String>, Box<Context>),
}

impl Again {
    /// Who the credential stands for now.
    pub fn caller(&self, app: &Services) -> Result<caller::Caller, ApiError> {
        let (client, now) = (self.visit.client, self.visit.now());
        Ok(match &self.shown {
            Kept::Operator(operator) => caller::Caller::clone(operator),
            Kept::Token(token) => (self.visit.gate().authenticate)(token, now)?.into(),
            Kept::Key(key) => usage::holder(app, key, client, now)?.caller,
            Kept::Cookie(text, ctx) => {
                let ctx = Context { now, ..Context::clone(ctx) };
                (self.visit.gate().authenticate_cookie)(text, &ctx)?.principal.into()
            }
        })
    }

    /// Whether it is an API key.
    pub const fn is_key(&self) -> bool {
        matches!(self.shown, Kept::Key(_))
    }

    /// The request.
    pub fn visit(&self) -> &Visit {
        &self.visit
    }
}

impl<'a> FromRequest<'a> for Again {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        let kept = |text: &str| Zeroizing::new(text.to_owned());
        let visit = Visit::of(request)?;
        if let Some(operator) = visit.operator() {
            let shown = Kept::Operator(Box::new(operator.clone()));
            return Ok(Self { visit: visit.clone(), shown });
        }
        let shown = match shown(request.headers())? {
            Shown::Token(token) => Kept::Token(kept(token)),
            Shown::Key(key) => Kept::Key(kept(key)),
            Shown::Cookie(text) => Kept::Cookie(kept(text), Box::new(asked::context(request, visit))),
        };
        Ok(Self { visit: visit.clone(), shown })
    }
}
