//! Who calls where programs may not: a session, or an operator at the admin socket. Knows nothing of how they are checked.

use poem::{Request, RequestBody};
use poem_openapi::registry::Registry;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::principal::{Bearer, Known, identified, no_session};
use super::visit::Visit;
use crate::services::caller;

/// An operation that takes this is closed to strangers and to API keys, and open to sessions and to operators. What is
/// about one's own account takes [`Bearer`] instead: an operator has none.
#[derive(Debug, Clone)]
pub struct Person(pub caller::Person);

impl<'a> ApiExtractor<'a> for Person {
    const TYPES: &'static [ApiExtractorType] = Bearer::TYPES;
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Bearer::register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        Bearer::security_schemes()
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let visit = Visit::of(request)?;
        match identified(request, visit, None).await? {
            Known::Person(principal) => Ok(Self(principal.into())),
            Known::Program(caller) => Err(no_session(request, visit, caller).await.into()),
            Known::Operator(caller) => Ok(Self(caller::Person::of_operator(caller))),
        }
    }
}
