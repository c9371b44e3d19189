//! The templates of the pages, each with the values it shows. Knows nothing of what they say.

use crate::domain::template::{HtmlTemplate, TemplateError};

/// Declares the templates: each is the file of its name in `assets/pages`, and shows every value that is listed.
macro_rules! templates {
    ($($name:ident($($value:literal),*),)*) => {
        /// The templates, read once.
        #[derive(Debug, Clone)]
        pub(super) struct Templates {
            $(pub(super) $name: HtmlTemplate<{ <[&str]>::len(&[$($value),*]) }>,)*
        }

        impl Templates {
            /// Reads them. Fails only when one of this build is wrong.
            pub(super) fn load() -> Result<Self, TemplateError> {
                Ok(Self {
                    $($name: HtmlTemplate::parse(
                        include_str!(concat!("../../../../assets/pages/", stringify!($name), ".html")),
                        [$($value),*],
                    )?,)*
                })
            }
        }
    };
}

templates! {
    layout("title", "service", "mark", "nav", "body", "foot"),
    layout_abroad("title", "service", "nonce", "style", "mark", "body"),
    mark(),
    logo(),
    logo_abroad("url"),
    foot_dev(),
    nav("places"),
    place("href", "current", "name"),
    csrf("csrf"),
    told("message"),
    problem("message"),
    notice("title", "message"),
    error("title", "message", "request_id"),
    refused("title", "message", "who", "ways", "request_id"),
    refused_who("service", "name"),
    refused_way("url", "name"),

    verify_confirm("service", "token"),
    verify_done("service"),
    verify_invalid("service"),
    verify_again("service"),
    reset_form("service", "problem", "token", "rules"),
    invitation_form("service", "problem", "token", "rules"),
    reset_done("service"),
    reset_invalid("service"),
    forgot_form("service"),
    forgot_sent("service"),
    setup("service", "problem", "code", "email", "name"),
    setup_done("service", "email"),
    setup_closed("service"),

    login("service", "problem", "return_to", "email", "focus", "blame", "providers", "register"),
    login_register(),
    login_providers("list"),
    login_provider("name", "return_to", "title"),
    code("hint", "problem", "return_to", "blame", "sms"),
    code_sms("return_to"),
    logout("service", "name", "csrf", "return_to"),
    logged_out("service", "login"),
    logged_in("url"),
    register("service", "problem", "name", "focus", "email", "blame_email", "rules", "blame_password"),
    register_done("service"),

    account("told", "name", "email", "username", "since"),
    name("problem", "csrf", "name", "blame"),
    email("email", "problem", "csrf", "new", "blame"),
    password("problem", "csrf", "email", "blame_current", "rules", "blame_new"),
    proof("hint", "problem", "csrf", "return_to", "field", "other"),
    proof_password("email", "blame"),
    proof_code("blame"),
    proof_sms("csrf", "return_to"),
    sessions("told", "rows", "more", "csrf"),
    session_row("agent", "place", "since", "used", "deed"),
    session_end("csrf", "id", "agent", "place"),
    links("told", "list", "providers"),
    link_row("title", "email", "since", "csrf", "id"),
    link_providers("list"),
    link_provider("csrf", "name", "title"),
    link_go("title", "url"),

    activity("list", "newer", "older"),
    activity_newer(),
    activity_older("before"),
    event_row("what", "reason", "at", "whence", "outcome"),
    event_outcome("outcome"),
    data("service", "csrf", "before", "older", "delete"),
    data_before("before"),
    data_older("before"),
    data_delete(),
    delete("service", "problem", "csrf", "email", "blame"),

    security("told", "app", "app_deed", "phone"),
    security_phone("phone", "phone_deed"),
    app_off("told", "csrf", "return_to"),
    app_code("problem", "side", "path", "secret", "csrf", "return_to", "blame"),
    app_on("told", "since", "left", "csrf", "blame_codes", "blame_remove"),
    codes("message", "codes", "href"),
    backup_code("code"),
    phone_off("problem", "csrf", "blame"),
    phone_code("number", "problem", "csrf", "blame"),
    phone_on("problem", "number", "csrf", "blame"),

    keys("told", "list"),
    key_row("name", "hint", "scopes", "life", "id"),
    key_new("problem", "csrf", "name", "blame", "scopes"),
    key_scope("scope", "checked"),
    key_made("key", "former"),
    key("name", "hint", "scopes", "life", "grace", "csrf", "id"),

    mailbox("list"),
    mailbox_empty(),
    mailbox_row("id", "subject", "to", "sent_at"),
    mail("subject", "from", "to", "sent_at", "text", "html"),
}
