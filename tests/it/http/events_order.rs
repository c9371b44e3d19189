//! Whatever commits, disconnects and resumes come in whatever order: each event arrives once, in order.

use latchkey::domain::role::Role;
use proptest::prelude::*;

use crate::harness::{Following, LoggedIn, TestApp};

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    /// A commit of this many events.
    Commit(usize),
    /// The client reads what comes at once, and loses the connection behind so many events of it, or never.
    Read(Option<usize>),
    /// The connection is lost while nothing is read.
    Lose,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..6_usize).prop_map(Step::Commit),
        3 => proptest::option::of(0..40_usize).prop_map(Step::Read),
        1 => Just(Step::Lose),
    ]
}

struct Client<'a> {
    app: &'a TestApp,
    access: String,
    /// The last id it has heard.
    last: String,
    stream: Option<Following>,
    heard: Vec<String>,
}

impl Client<'_> {
    async fn read(&mut self, cut: Option<usize>) {
        if self.stream.is_none() {
            let tokens = serde_json::json!({ "access_token": self.access, "refresh_token": "" });
            let boss = LoggedIn::with(self.app, &tokens).resuming(&self.last);
            let (stream, cursor) = boss.followed("").await;
            assert_eq!(cursor, self.last);
            self.stream = Some(stream);
        }
        let chunk = self.stream.as_mut().unwrap().chunk().await.unwrap();
        for heard in chunk.into_iter().take(cut.unwrap_or(usize::MAX)) {
            self.heard.push(heard.data["details"]["text"].as_str().unwrap().to_owned());
            self.last = heard.id.unwrap();
        }
        if cut.is_some() {
            self.stream = None;
        }
    }
}

async fn play(steps: Vec<Step>) {
    let app = TestApp::new();
    app.add("boss", Role::Admin).await;
    let boss = app.log_in("boss").await;
    let (stream, last) = boss.followed("").await;
    let access = boss.access.clone();
    let mut client = Client { app: &app, access, last, stream: Some(stream), heard: Vec::new() };
    let mut said = Vec::new();
    for step in steps {
        match step {
            Step::Commit(count) => {
                let texts: Vec<_> = (said.len()..said.len() + count).map(|at| at.to_string()).collect();
                app.commit(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
                said.extend(texts);
            }
            Step::Read(cut) if client.heard.len() < said.len() => client.read(cut).await,
            Step::Read(_) => {}
            Step::Lose => client.stream = None,
        }
        assert!(said.starts_with(&client.heard), "{:?} of {said:?}", client.heard);
    }
    while client.heard.len() < said.len() {
        client.read(None).await;
    }
    assert_eq!(client.heard, said);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_delivers_each_event_once_and_in_order(steps in proptest::collection::vec(step(), 1..40)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(play(steps));
    }
}

/// A hundred clients, each of whom reads at its own pace, while five hundred acts happen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_streams_hear_five_hundred_events_once_and_in_order() {
    let app = TestApp::with_policy(|policy| policy.streams.max_streams_per_user = 100);
    app.add("boss", Role::Admin).await;
    let boss = app.log_in("boss").await;
    let mut streams = Vec::new();
    for _ in 0..100 {
        streams.push(boss.followed("").await.0);
    }
    let expected: Vec<_> = (0..500).map(|at| at.to_string()).collect();
    let readers: Vec<_> =
        streams.into_iter().map(|stream| tokio::spawn(hears(stream, expected.clone()))).collect();
    for text in &expected {
        app.commit(&[text]).await;
    }
    for reader in readers {
        reader.await.unwrap();
    }
}

async fn hears(mut stream: Following, expected: Vec<String>) {
    let mut heard = Vec::new();
    while heard.len() < expected.len() {
        let chunk = stream.chunk().await.unwrap();
        let texts = chunk.iter().map(|heard| heard.data["details"]["text"].as_str().unwrap().to_owned());
        heard.extend(texts);
    }
    assert_eq!(heard, expected);
}
