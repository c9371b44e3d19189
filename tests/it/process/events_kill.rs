//! The feed under kill -9: acts go on while the process dies, and whoever follows loses none that was answered.

use std::collections::HashMap;
use std::io;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use serde_json::Value;

use super::client::{Client, Connection, Request};
use super::server::{Home, PASSWORD, PATIENCE, Server};

/// How often the process is killed, how many events are heard before, and how many connections act.
const ROUNDS: usize = 3;
const HEARD_BEFORE: usize = 60;
const MAKERS: usize = 4;

/// One event: its id, and the request that caused it.
type Event = (String, String);

fn token(client: &Client, email: &str) -> String {
    let tokens = client.log_in(email, PASSWORD).data(200);
    tokens["access_token"].as_str().unwrap().to_owned()
}

/// A refusal, which is recorded before it is answered.
fn act(connection: &mut Connection, token: &str, id: &str) -> io::Result<()> {
    let request = Request::get("/api/v1/outbox").bearer(token).header("x-request-id", id);
    connection.ask(&request)?.refused(403, "FORBIDDEN");
    Ok(())
}

/// Acts until the server is gone; the requests that were answered.
fn act_on(client: &Client, token: &str, name: &str) -> Vec<String> {
    let mut answered = Vec::new();
    let Ok(mut connection) = client.connect() else { return answered };
    loop {
        let id = format!("{name}-{}", answered.len());
        if act(&mut connection, token, &id).is_err() {
            return answered;
        }
        answered.push(id);
    }
}

/// The stream behind `last`, its beginning read.
fn follow(client: &Client, token: &str, last: Option<&str>) -> Connection {
    let mut request = Request::get("/api/v1/events?topic=access").bearer(token);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let mut connection = client.connect().unwrap();
    assert_eq!(connection.ask(&request).unwrap().status, 200);
    let (ready, _) = next(&mut connection, "ready").unwrap();
    assert!(last.is_none_or(|last| last == ready));
    connection
}

/// The next event, which is of this kind, once the whole of it is there.
fn next(stream: &mut Connection, kind: &str) -> io::Result<Event> {
    let mut fields = HashMap::new();
    loop {
        let line = stream.line()?;
        if let Some((name, value)) = line.split_once(": ") {
            fields.insert(name.to_owned(), value.to_owned());
        } else if let (Some(event), Some(id), Some(data)) =
            (fields.get("event"), fields.get("id"), fields.get("data"))
        {
            assert_eq!(event, kind, "{fields:?}");
            let data: Value = serde_json::from_str(data).unwrap();
            return Ok((id.clone(), data["request_id"].as_str().unwrap_or_default().to_owned()));
        } else if line.is_empty() {
            // A heartbeat or the end of a chunk.
            fields.remove("");
        }
    }
}

/// Hears events until the server is gone.
fn hear_all(mut stream: Connection, heard: &Sender<Event>) {
    while let Ok(event) = next(&mut stream, "audit") {
        if heard.send(event).is_err() {
            return;
        }
    }
}

/// One life of the process: it is killed while four connections act and one follows.
fn live(server: Server, (reader, actor): (&str, &str), round: usize, all: &mut Vec<Event>) -> Vec<String> {
    let client = server.client();
    let stream = follow(&client, reader, all.last().map(|(id, _)| id.as_str()));
    let (send, heard) = channel();
    let follower = thread::spawn(move || hear_all(stream, &send));
    let makers: Vec<_> = (0..MAKERS)
        .map(|maker| {
            let (client, actor) = (client.clone(), actor.to_owned());
            thread::spawn(move || act_on(&client, &actor, &format!("act-{round}-{maker}")))
        })
        .collect();
    for _ in 0..HEARD_BEFORE {
        all.push(heard.recv_timeout(PATIENCE).unwrap());
    }
    server.into_process().kill();
    follower.join().unwrap();
    all.extend(heard);
    makers.into_iter().flat_map(|maker| maker.join().unwrap()).collect()
}

#[test]
fn every_act_that_was_answered_is_heard_once_over_any_number_of_kills() {
    let home = Home::settled();
    home.create_user("ada@example.com", "developer");
    let server = home.serve(&[]);
    let client = server.client();
    let tokens = (token(&client, "root@example.com"), token(&client, "ada@example.com"));
    let (reader, actor) = (tokens.0.as_str(), tokens.1.as_str());
    let (mut heard, mut answered) = (Vec::new(), Vec::new());
    let mut server = Some(server);
    for round in 0..ROUNDS {
        let server = server.take().unwrap_or_else(|| home.serve(&[]));
        answered.extend(live(server, (reader, actor), round, &mut heard));
    }

    let server = home.serve(&[]);
    let client = server.client();
    let mut stream = follow(&client, reader, heard.last().map(|(id, _)| id.as_str()));
    act(&mut client.connect().unwrap(), actor, "the-last").unwrap();
    while heard.last().is_none_or(|(_, request)| request != "the-last") {
        heard.push(next(&mut stream, "audit").unwrap());
    }
    let mut times: HashMap<&str, usize> = HashMap::new();
    for (_, request) in &heard {
        *times.entry(request).or_default() += 1;
    }
    assert!(answered.len() >= ROUNDS * HEARD_BEFORE - MAKERS, "{}", answered.len());
    for request in &answered {
        assert_eq!(times.get(request.as_str()), Some(&1), "{request}");
    }
    // What was under way may have happened without an answer: once, like everything else.
    assert!(times.values().all(|count| *count == 1), "{times:?}");
    assert!(times.len() <= answered.len() + ROUNDS * MAKERS + 1, "{} {}", times.len(), answered.len());
    let ended = server.stop();
    assert_eq!(ended.code, Some(0));
}
