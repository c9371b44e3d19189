//! The operations of the API, once: who may call each, and what that takes. Knows no handler and no account.
//!
//! Tests hold it against the API: each operation of the description is here and no other; and what this table says of a
//! caller, the server does.

use super::limit::Class;
use super::permission::Permission;

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The method.
    pub method: &'static str,
    /// The path; `{..}` stands for one part.
    pub path: &'static str,
    /// Who may call.
    pub who: Who,
    /// What the caller must hold, whatever it is about.
    pub needs: Option<Permission>,
    /// What the caller must hold unless it is about the caller's own account.
    pub of_others: Option<Permission>,
    /// Whether it takes a fresh proof of who calls.
    pub is_sensitive: bool,
}

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody, without end.
    Everybody,
    /// Everybody, out of the budget that the address has for this class.
    Counted(Class),
    /// Registered services, and API keys.
    Services,
    /// Sessions; where it is not about one's own account, operators too.
    People,
    /// Sessions, operators and API keys.
    Callers,
}

impl Operation {
    /// The operation that `method` on `path` is. A part that is written out goes before one that stands for any.
    pub fn find(method: &str, path: &str) -> Option<&'static Self> {
        let fits = |operation: &&Self| operation.method == method && matches(operation.path, path);
        OPERATIONS.iter().filter(fits).min_by_key(|operation| operation.path.matches('{').count())
    }

    /// Whether it logs somebody in with a name and a password.
    pub fn is_login(&self) -> bool {
        self.who == Who::Counted(Class::Login)
    }

    const fn new(method: &'static str, path: &'static str, who: Who) -> Self {
        Self { method, path, who, needs: None, of_others: None, is_sensitive: false }
    }

    const fn needs(self, permission: Permission) -> Self {
        Self { needs: Some(permission), ..self }
    }

    const fn of_others(self, permission: Permission) -> Self {
        Self { of_others: Some(permission), ..self }
    }

    const fn fresh(self) -> Self {
        Self { is_sensitive: true, ..self }
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(known), Some(part)) if known == part || known.starts_with('{') && !part.is_empty() => {}
            _ => return false,
        }
    }
}

const GET: &str = "GET";
const POST: &str = "POST";
const PUT: &str = "PUT";
const PATCH: &str = "PATCH";
const DELETE: &str = "DELETE";

const fn open(method: &'static str, path: &'static str) -> Operation {
    Operation::new(method, path, Who::Everybody)
}

const fn counted(method: &'static str, path: &'static str, class: Class) -> Operation {
    Operation::new(method, path, Who::Counted(class))
}

const fn for_services(method: &'static str, path: &'static str) -> Operation {
    Operation::new(method, path, Who::Services)
}

const fn people(method: &'static str, path: &'static str) -> Operation {
    Operation::new(method, path, Who::People)
}

const fn callers(method: &'static str, path: &'static str) -> Operation {
    Operation::new(method, path, Who::Callers)
}

/// All of them, in the order of their paths.
pub const OPERATIONS: &[Operation] = &[
    counted(GET, "/.well-known/jwks.json", Class::Anonymous),
    counted(GET, "/.well-known/oauth-authorization-server", Class::Anonymous),
    callers(GET, "/api/v1/api-keys").needs(Permission::UsersUpdate),
    people(DELETE, "/api/v1/api-keys/{id}").needs(Permission::UsersUpdate),
    callers(GET, "/api/v1/audit/incidents").needs(Permission::AuditRead),
    callers(GET, "/api/v1/audit/logs").needs(Permission::AuditRead),
    callers(GET, "/api/v1/audit/suspicious").needs(Permission::AuditRead),
    callers(POST, "/api/v1/audit/suspicious/{id}/acknowledge").needs(Permission::AuditRead),
    people(POST, "/api/v1/auth/email/change").fresh(),
    counted(POST, "/api/v1/auth/login", Class::Login),
    people(POST, "/api/v1/auth/logout"),
    people(POST, "/api/v1/auth/logout-all"),
    callers(GET, "/api/v1/auth/me"),
    people(GET, "/api/v1/auth/mfa"),
    people(POST, "/api/v1/auth/mfa/backup-codes"),
    people(GET, "/api/v1/auth/mfa/debug").fresh(),
    people(POST, "/api/v1/auth/mfa/disable"),
    people(POST, "/api/v1/auth/mfa/enable"),
    people(GET, "/api/v1/auth/mfa/qr.png").fresh(),
    people(POST, "/api/v1/auth/mfa/setup").fresh(),
    people(GET, "/api/v1/auth/mfa/sms"),
    people(POST, "/api/v1/auth/mfa/sms/disable"),
    people(POST, "/api/v1/auth/mfa/sms/enable"),
    counted(POST, "/api/v1/auth/mfa/sms/send", Class::Anonymous),
    people(POST, "/api/v1/auth/mfa/sms/setup").fresh(),
    counted(POST, "/api/v1/auth/mfa/verify", Class::Anonymous),
    counted(GET, "/api/v1/auth/oauth", Class::Anonymous),
    counted(GET, "/api/v1/auth/oauth/{provider}", Class::Anonymous),
    counted(GET, "/api/v1/auth/oauth/{provider}/callback", Class::Anonymous),
    counted(POST, "/api/v1/auth/password-reset/confirm", Class::ResetConfirm),
    counted(POST, "/api/v1/auth/password-reset/initiate", Class::PasswordReset),
    people(POST, "/api/v1/auth/password/change"),
    counted(POST, "/api/v1/auth/password/validate", Class::Anonymous),
    counted(POST, "/api/v1/auth/refresh", Class::Anonymous),
    counted(POST, "/api/v1/auth/register", Class::Register),
    counted(POST, "/api/v1/auth/resend-verification", Class::Anonymous),
    people(GET, "/api/v1/auth/session"),
    counted(POST, "/api/v1/auth/session", Class::Login),
    people(POST, "/api/v1/auth/session/refresh"),
    people(GET, "/api/v1/auth/sessions"),
    people(DELETE, "/api/v1/auth/sessions/{id}"),
    people(POST, "/api/v1/auth/step-up"),
    people(POST, "/api/v1/auth/step-up/sms"),
    counted(GET, "/api/v1/auth/verify-email/{token}", Class::Anonymous),
    callers(POST, "/api/v1/authz/check"),
    callers(POST, "/api/v1/diagnostics/authentication").needs(Permission::AuditRead),
    callers(GET, "/api/v1/diagnostics/mfa").of_others(Permission::AuditRead),
    callers(POST, "/api/v1/diagnostics/token"),
    callers(GET, "/api/v1/events").needs(Permission::AuditRead),
    callers(GET, "/api/v1/explain").needs(Permission::AuditRead),
    callers(POST, "/api/v1/explain/simulate").needs(Permission::AuditRead),
    callers(GET, "/api/v1/explain/{request_id}").needs(Permission::AuditRead),
    callers(GET, "/api/v1/limits").needs(Permission::AuditRead),
    callers(GET, "/api/v1/lockouts").needs(Permission::AuditRead),
    callers(GET, "/api/v1/lockouts/what-if").needs(Permission::AuditRead),
    callers(DELETE, "/api/v1/lockouts/{id}").needs(Permission::UsersUpdate),
    callers(GET, "/api/v1/lockouts/{id}").needs(Permission::AuditRead),
    callers(GET, "/api/v1/outbox").needs(Permission::UsersUpdate),
    callers(DELETE, "/api/v1/outbox/{id}").needs(Permission::UsersUpdate),
    callers(POST, "/api/v1/outbox/{id}/retry").needs(Permission::UsersUpdate),
    callers(GET, "/api/v1/resources"),
    callers(POST, "/api/v1/resources"),
    callers(DELETE, "/api/v1/resources/{kind}/{id}"),
    callers(GET, "/api/v1/resources/{kind}/{id}"),
    callers(GET, "/api/v1/resources/{kind}/{id}/grants"),
    callers(POST, "/api/v1/resources/{kind}/{id}/grants"),
    callers(DELETE, "/api/v1/resources/{kind}/{id}/grants/{user_id}/{permission}"),
    callers(PUT, "/api/v1/resources/{kind}/{id}/owner"),
    callers(GET, "/api/v1/roles"),
    people(POST, "/api/v1/roles").needs(Permission::UsersUpdate).fresh(),
    people(DELETE, "/api/v1/roles/{id}").needs(Permission::UsersUpdate).fresh(),
    callers(GET, "/api/v1/roles/{id}"),
    people(PUT, "/api/v1/roles/{id}").needs(Permission::UsersUpdate).fresh(),
    callers(GET, "/api/v1/security-report").of_others(Permission::AuditRead),
    callers(GET, "/api/v1/server").needs(Permission::AuditRead),
    callers(GET, "/api/v1/server/config").needs(Permission::AuditRead),
    callers(GET, "/api/v1/server/counts").needs(Permission::AuditRead),
    callers(GET, "/api/v1/services").needs(Permission::IntegrationsUpdate),
    people(POST, "/api/v1/services").needs(Permission::IntegrationsCreate).fresh(),
    people(DELETE, "/api/v1/services/{id}").needs(Permission::IntegrationsDelete),
    people(POST, "/api/v1/services/{id}/rotate").needs(Permission::IntegrationsUpdate).fresh(),
    callers(GET, "/api/v1/sessions").needs(Permission::AuditRead),
    callers(POST, "/api/v1/sessions/revoke").needs(Permission::UsersUpdate),
    callers(DELETE, "/api/v1/sessions/{id}").needs(Permission::UsersUpdate),
    counted(POST, "/api/v1/setup", Class::Anonymous),
    callers(GET, "/api/v1/signing-keys").needs(Permission::IntegrationsUpdate),
    people(POST, "/api/v1/signing-keys/rotate").needs(Permission::IntegrationsUpdate).fresh(),
    callers(GET, "/api/v1/stats").needs(Permission::AuditRead),
    callers(GET, "/api/v1/users").needs(Permission::UsersRead),
    people(POST, "/api/v1/users").needs(Permission::UsersCreate),
    callers(GET, "/api/v1/users/lookup").needs(Permission::UsersRead),
    people(DELETE, "/api/v1/users/me").fresh(),
    people(PATCH, "/api/v1/users/me"),
    people(GET, "/api/v1/users/me/api-keys"),
    people(POST, "/api/v1/users/me/api-keys").fresh(),
    people(DELETE, "/api/v1/users/me/api-keys/{id}"),
    people(PUT, "/api/v1/users/me/api-keys/{id}").fresh(),
    people(POST, "/api/v1/users/me/api-keys/{id}/rotate").fresh(),
    people(GET, "/api/v1/users/me/events"),
    people(GET, "/api/v1/users/me/export").fresh(),
    people(GET, "/api/v1/users/me/identities"),
    people(POST, "/api/v1/users/me/identities").fresh(),
    people(DELETE, "/api/v1/users/me/identities/{id}").fresh(),
    people(DELETE, "/api/v1/users/{id}").needs(Permission::UsersDelete).fresh(),
    callers(GET, "/api/v1/users/{id}").of_others(Permission::UsersRead),
    callers(PUT, "/api/v1/users/{id}").needs(Permission::UsersUpdate),
    callers(GET, "/api/v1/users/{id}/api-keys").needs(Permission::UsersUpdate),
    people(GET, "/api/v1/users/{id}/export").needs(Permission::AuditRead).fresh(),
    callers(GET, "/api/v1/users/{id}/factors").needs(Permission::UsersRead),
    people(DELETE, "/api/v1/users/{id}/factors/{kind}").needs(Permission::UsersUpdate).fresh(),
    people(POST, "/api/v1/users/{id}/invite").needs(Permission::UsersCreate),
    people(POST, "/api/v1/users/{id}/logout-all").needs(Permission::UsersUpdate),
    people(POST, "/api/v1/users/{id}/password-reset").needs(Permission::UsersUpdate).fresh(),
    callers(GET, "/api/v1/users/{id}/permissions").of_others(Permission::UsersRead),
    people(POST, "/api/v1/users/{id}/permissions").needs(Permission::UsersUpdate).fresh(),
    people(DELETE, "/api/v1/users/{id}/permissions/{permission}").needs(Permission::UsersUpdate).fresh(),
    people(DELETE, "/api/v1/users/{id}/roles/{role_id}").needs(Permission::UsersUpdate).fresh(),
    people(POST, "/api/v1/users/{id}/roles/{role_id}").needs(Permission::UsersUpdate).fresh(),
    callers(GET, "/api/v1/users/{id}/sessions").needs(Permission::UsersUpdate),
    people(POST, "/api/v1/users/{id}/unlock").needs(Permission::UsersUpdate),
    callers(GET, "/api/v1/webhooks").needs(Permission::IntegrationsUpdate),
    callers(GET, "/api/v1/webhooks/{name}/dead-letters").needs(Permission::IntegrationsUpdate),
    callers(DELETE, "/api/v1/webhooks/{name}/dead-letters/{id}").needs(Permission::IntegrationsUpdate),
    callers(POST, "/api/v1/webhooks/{name}/dead-letters/{id}/redeliver")
        .needs(Permission::IntegrationsUpdate),
    callers(POST, "/api/v1/webhooks/{name}/resume").needs(Permission::IntegrationsUpdate),
    callers(POST, "/api/v1/webhooks/{name}/test").needs(Permission::IntegrationsUpdate),
    open(GET, "/health"),
    open(GET, "/health/live"),
    open(GET, "/health/ready"),
    for_services(POST, "/oauth/introspect"),
    for_services(POST, "/oauth/revoke"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_by_its_pattern_and_words_go_first() {
        let path = |method, path| Operation::find(method, path).map(|found| found.path);
        assert_eq!(path("GET", "/api/v1/users/019a"), Some("/api/v1/users/{id}"));
        assert_eq!(path("GET", "/api/v1/users/lookup"), Some("/api/v1/users/lookup"));
        assert_eq!(path("DELETE", "/api/v1/users/me"), Some("/api/v1/users/me"));
        for nothing in ["/api/v1/users/", "/api/v1/users/a/b/c/d", "api/v1/users", "", "/api/v1/users?x=1"] {
            assert_eq!(path("GET", nothing), None, "{nothing}");
        }
        assert_eq!(path("PATCH", "/api/v1/users"), None);
    }

    #[test]
    fn a_login_is_told_from_the_rest() {
        let logins: Vec<_> = OPERATIONS.iter().filter(|one| one.is_login()).map(|one| one.path).collect();
        assert_eq!(logins, ["/api/v1/auth/login", "/api/v1/auth/session"]);
    }
}
