//! The response times that the scribes guide asks for (S32), with one caller, and its load of logins (S33), with ten.

use std::time::Duration;

use latchkey::ambient::Stopwatch;
use serde_json::{Value, json};

use crate::lab::client::{Client, get, post};
use crate::lab::figures::{bar, micros, percentile};
use crate::lab::process::Server;
use crate::load::Round;

const CALLERS: usize = 10;

/// Measures each with so many requests and prints it beside its target, and beside `hash`, one bare hash in microseconds.
pub async fn measure(server: &Server, requests: usize, (email, password): (&str, &str), hash: f64) {
    let mut client = Client::connect(server.address, None).await;
    let login = post("/scribes/auth/login", &json!({ "email": email, "password": password }));
    let tokens: Value = serde_json::from_slice(&client.send(&login).await.body).expect("tokens");
    let token = |name: &str| tokens[name].as_str().expect("a token").to_owned();
    let register = |number| {
        let name = format!("target{number}");
        let form =
            json!({ "email": format!("{name}@example.com"), "username": name, "password": "SecurePass123!" });
        post("/scribes/auth/register", &form)
    };
    let refresh = post("/scribes/auth/refresh", &json!({ "refresh_token": token("refresh_token") }));
    let validate = get("/scribes/auth/me", Some(&token("access_token")));
    println!("one bare argon2 hash: {:.1} ms of CPU", hash / 1e3);
    for (name, target, all) in [
        ("registration", 500.0, (0..requests).map(register).collect()),
        ("login", 200.0, vec![login.clone(); requests]),
        ("token refresh", 100.0, vec![refresh; requests]),
        ("token validation", 50.0, vec![validate; requests]),
    ] {
        let (failed, times) = send(&mut client, all).await;
        assert_eq!(failed, 0, "{name}");
        told(&format!("{name}, scribes, 1 caller, p95"), times, target);
    }

    let mut running = tokio::task::JoinSet::new();
    for _ in 0..CALLERS {
        let (mut client, all) =
            (Client::connect(server.address, None).await, vec![login.clone(); requests / CALLERS]);
        running.spawn(async move { send(&mut client, all).await });
    }
    let (mut failed, mut times) = (0, Vec::new());
    while let Some(ended) = running.join_next().await {
        let (some, more) = ended.expect("a caller that goes on to the end");
        failed += some;
        times.extend(more);
    }
    let share = 100.0 * Round::count(failed) / Round::count(times.len());
    told(&format!("login, scribes, {CALLERS} callers, p95"), times, 300.0);
    bar("login, scribes, 10 callers, failures", share, 1.0, "%");
}

/// How many were refused, and how long each took.
async fn send(client: &mut Client, all: Vec<Vec<u8>>) -> (usize, Vec<Duration>) {
    let (mut failed, mut times) = (0, Vec::new());
    for request in all {
        let watch = Stopwatch::start();
        let answer = client.send(&request).await;
        times.push(watch.elapsed());
        failed += usize::from(!(200..300).contains(&answer.status));
    }
    (failed, times)
}

fn told(name: &str, mut times: Vec<Duration>, target: f64) {
    times.sort_unstable();
    bar(name, micros(percentile(&times, 95)) / 1e3, target, "ms");
}
