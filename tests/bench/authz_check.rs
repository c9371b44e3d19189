//! What a question about rights costs in processor time, over the whole way of a request without sockets: edge, token,
//! body, store, answer. A batch of a hundred beside a single question, by what is asked; the bar is ten times.
//!
//! Read ratios, not absolute numbers: the machine is shared. Each figure is the least of many short runs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a measurement that cannot go on says so and stops"
)]
#![allow(dead_code, unused_imports, missing_docs, reason = "the harness of the tests serves many tests")]

#[path = "../it/harness/mod.rs"]
mod harness;

use std::time::Duration;

use harness::{LoggedIn, TestApp};
use latchkey::domain::permission::Permission;
use latchkey::domain::role::Role;
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

const CHECK: &str = "/api/v1/authz/check";
const BAR: f64 = 10.0;
const COUNT: usize = 100;
/// Requests of one run, and runs of one figure.
const REQUESTS: u32 = 50;
const RUNS: usize = 60;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let app = TestApp::unlimited();
    app.add("mia", Role::Manager).await;
    for number in 0..COUNT {
        app.add(&format!("user{number}"), Role::Developer).await;
        app.put_resource(&format!("costs/{number}"), "mia", "costs:update").await;
        app.put_resource(&format!("metrics/{number}"), &format!("user{number}"), "metrics:update").await;
    }
    let mia = app.log_in("mia").await;
    let ids: Vec<_> = (0..COUNT).map(|number| app.id_of(&format!("user{number}"))).collect();
    let right = |at: usize| json!({ "permission": Permission::ALL[at % Permission::ALL.len()].name() });
    let owned = |at: usize| json!({ "permission": "costs:delete", "resource": format!("costs/{at}") });
    let of = |at: usize, mut check: Value| {
        check["user_id"] = json!(ids[at]);
        check
    };
    let about_others = |at: usize| of(at, right(at));
    let worst =
        |at: usize| of(at, json!({ "permission": "metrics:delete", "resource": format!("metrics/{at}") }));
    let of_one = |at: usize| {
        let id = app.id_of("mia");
        json!({ "user_id": id, "permission": "costs:delete", "resource": format!("costs/{at}") })
    };
    let mixed = |at: usize| match at % 4 {
        0 => right(at),
        1 => of(at % 10, right(at)),
        2 => owned(at % 20),
        _ => json!({ "permission": "costs:update", "resource": "costs/none" }),
    };
    let cases: [(&str, &dyn Fn(usize) -> Value); 6] = [
        ("rights of one's own", &right),
        ("a mixture: 11 accounts, 11 resources", &mixed),
        ("rights of 100 accounts", &about_others),
        ("100 resources of one's own", &owned),
        ("100 resources of one account by its id", &of_one),
        ("100 resources of 100 accounts", &worst),
    ];
    for (name, make) in cases {
        let checks: Vec<_> = (0..COUNT).map(make).collect();
        let (single, batch) = (checks[1].to_string(), json!({ "checks": checks }).to_string());
        let (mut least_single, mut least_batch) = (Duration::MAX, Duration::MAX);
        // In turns, so that what disturbs the machine disturbs both.
        for _ in 0..RUNS {
            least_single = least_single.min(cost(&mia, &single).await);
            least_batch = least_batch.min(cost(&mia, &batch).await);
        }
        let ratio = least_batch.as_secs_f64() / least_single.as_secs_f64();
        let verdict = if ratio < BAR { "holds" } else { "MISSED" };
        println!(
            "{name:<40} one {:>7.1} us   hundred {:>7.1} us   ratio {ratio:>5.2}  bar {BAR}  {verdict}",
            least_single.as_secs_f64() * 1e6,
            least_batch.as_secs_f64() * 1e6
        );
    }
}

/// The processor time of one request with this body.
async fn cost(caller: &LoggedIn<'_>, body: &str) -> Duration {
    let before = thread_time();
    for _ in 0..REQUESTS {
        let answer = caller.post_raw(CHECK, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    (thread_time() - before) / REQUESTS
}

fn thread_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("a time after the start")
}
