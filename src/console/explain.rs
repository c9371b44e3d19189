//! Why a request was denied, for the command line: one question to a server, and its answer as lines. Knows no screen.

use tokio::runtime::Builder;

use super::conn::{Answer, Client, Problem, Request};
use super::options::{Options, Refusal};
use super::safe::Safe;
use crate::wire::explain::{ExplainedRequest, ExplainedStep, ExplanationPage, SimulateRequest, Simulation};

/// What is asked.
#[derive(Debug, Clone)]
pub enum Question {
    /// Why the requests of this id were denied.
    Request(String),
    /// Which requests were.
    Search {
        /// Only those of this account, or about it.
        user: Option<String>,
        /// Only those from this address.
        address: Option<String>,
        /// Only those since then, RFC 3339.
        since: Option<String>,
    },
    /// What would happen to a request.
    Simulation {
        /// Who would ask.
        user: String,
        /// The method.
        method: String,
        /// The path.
        path: String,
        /// Where it would come from.
        address: String,
    },
}

/// Asks the server of `options`; the answer as lines, or as the JSON that came.
pub fn ask(options: &Options, question: &Question, as_json: bool) -> Result<Vec<String>, Refusal> {
    let target = options.choose()?;
    let server = target.server;
    let target = target.servers.into_iter().nth(server);
    let target = target.ok_or_else(|| Refusal::Settings("there is no server to ask".to_owned()))?;
    let failed = |why: String| Refusal::Settings(why);
    let client = Client::new(target).map_err(|error| failed(error.to_string()))?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(client.ask(request(question)));
    let told = answer.and_then(|answer| {
        if as_json { answer.read().map(|data| vec![pretty(&data)]) } else { lines(question, &answer) }
    });
    told.map_err(|problem| failed(Safe::new(&problem.sentence()).as_str().to_owned()))
}

fn pretty(data: &serde_json::Value) -> String {
    format!("{data:#}")
}

fn request(question: &Question) -> Request {
    const PATH: &str = "/api/v1/explain";
    match question {
        Question::Request(id) => Request::get(PATH).with("request_id", id),
        Question::Search { user, address, since } => {
            let given = [("user", user), ("address", address), ("since", since)];
            let given = given.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
            given.fold(Request::get(PATH), |request, (name, value)| request.with(name, value))
        }
        Question::Simulation { user, method, path, address } => {
            let supposed = SimulateRequest {
                user: user.clone(),
                method: method.clone(),
                path: path.clone(),
                ip_address: address.clone(),
            };
            Request::post(format!("{PATH}/simulate"), serde_json::json!(supposed).to_string())
        }
    }
}

fn lines(question: &Question, answer: &Answer) -> Result<Vec<String>, Problem> {
    let told = match question {
        Question::Simulation { .. } => {
            let Simulation { verdict, cause, mend, steps } = answer.read()?;
            let mut lines = vec![format!("{verdict}: {cause}")];
            lines.extend(mend.map(|mend| format!("mend: {mend}")));
            lines.extend(steps.iter().map(step));
            lines
        }
        Question::Request(_) | Question::Search { .. } => {
            let page: ExplanationPage = answer.read()?;
            let mut lines: Vec<_> = page.requests.iter().flat_map(explained).collect();
            if lines.is_empty() {
                lines.push(
                    "nothing is kept: it was not denied, or it is too old, or was one of too many".to_owned(),
                );
            }
            if page.left_out > 0 {
                lines.push(format!("left out since the start: {}", page.left_out));
            }
            lines
        }
    };
    Ok(told.iter().map(|line| Safe::new(line).as_str().to_owned()).collect())
}

fn explained(request: &ExplainedRequest) -> Vec<String> {
    let ExplainedRequest { at, request_id, method, route, status, verdict, cause, mend, .. } = request;
    let named = [("account", &request.user_id), ("caller", &request.actor_id), ("from", &request.ip_address)];
    let named = named.into_iter().filter_map(|(name, value)| Some(format!(" {name} {}", value.as_ref()?)));
    let mut lines = vec![
        format!("{at} {method} {route} {status} request {request_id}{}", named.collect::<String>()),
        format!("  {verdict}: {cause}"),
        format!("  mend: {mend}"),
    ];
    lines.extend(request.steps.iter().map(step).map(|line| format!("  {line}")));
    lines
}

fn step(ExplainedStep { name, verdict, cause, .. }: &ExplainedStep) -> String {
    format!("  {verdict:<8}{name}: {cause}")
}
