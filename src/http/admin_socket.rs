//! Who holds the other end of the admin socket, and who is turned away there. Knows nothing of how it is listened on.
//!
//! ## Decision: the kernel's word is the credential, and there is no second one
//! A token, a key or a cookie beside it is refused with 401, as two credentials are everywhere: a script that was given a
//! weak key and reaches the socket by accident must not act with the rights of the user it runs as, nor the other way
//! round. So who an act is written down for never hangs on which of two was looked at first.
//!
//! ## Decision: no budgets of requests
//! They keep strangers on a network from wearing the server out. Whoever reaches the socket is a user of this host, is
//! bound by the socket's own cap of connections, and at three in the morning must not wait.

use poem::Request;
use poem::http::header;
use serde_json::json;
use tokio::net::unix::UCred;

use super::error::ApiError;
use super::principal::{Remark, X_API_KEY};
use super::visit::Visit;
use super::{asked, cookie};
use crate::domain::operator::Operators;
use crate::domain::trace::Kind;
use crate::services::caller::Caller;
use crate::services::limits::Class;
use crate::services::session::AuthFault;
use crate::wire::error::ErrorCode;

/// Who holds the other end of the connection, if it may call.
pub fn operator(request: &Request, operators: &Operators) -> Option<Box<Caller>> {
    let peer = request.data::<UCred>()?;
    Some(Box::new((&operators.find(peer.uid(), peer.gid())?).into()))
}

/// Refuses whoever is no operator, which is recorded, and whoever shows a credential.
pub async fn admit(request: &Request, visit: &Visit) -> Result<(), ApiError> {
    let headers = request.headers();
    let Some(operator) = visit.operator() else {
        visit.take(Class::Anonymous)?;
        let uid = request.data::<UCred>().map(UCred::uid);
        if let Some(uid) = uid {
            (visit.gate().record)(asked::context(request, visit), Remark::NoOperator(uid)).await?;
        }
        let message = "This user of the host is no operator.";
        return Err(ApiError::new(ErrorCode::Forbidden, message)
            .details(json!({ "reason": "not_an_operator", "uid": uid })));
    };
    visit.known_as(operator.user.id, "admin socket");
    let has_cookie = cookie::shown(headers, visit.door().name).map_or(true, |shown| shown.is_some());
    if headers.contains_key(header::AUTHORIZATION) || headers.contains_key(X_API_KEY) || has_cookie {
        visit.trail().note(Kind::CredentialUnclear);
        return Err(AuthFault::Invalid.into());
    }
    Ok(())
}
