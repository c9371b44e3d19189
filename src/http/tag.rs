//! The chapters of the API description. Knows no operation.

use poem_openapi::Tags;

/// A chapter.
#[derive(Tags)]
pub enum Tag {
    /// Register, log in, refresh and log out.
    Auth,
    /// Second factors.
    Mfa,
    /// Accounts, for administrators.
    Users,
    /// Roles and permissions, and who has them.
    Roles,
    /// One's own sessions.
    Sessions,
    /// Keys for programs.
    ApiKeys,
    /// Things of applications, who owns them, and who may do what.
    Resources,
    /// Applications that ask about tokens.
    Services,
    /// What happened, in an order that cannot be changed afterwards.
    Audit,
    /// Why somebody cannot log in, and how safe an account is.
    Diagnosis,
    /// Running the server.
    Operation,
    /// Whether the server works.
    Health,
    /// Tools that exist with `--dev` only.
    Dev,
}
