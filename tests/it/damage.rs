//! Damage to the stored file, at random and by design: it is refused in one clear line, or what is served is right.
//!
//! `LATCHKEY_DAMAGES` sets how many are tried, `LATCHKEY_DAMAGE_SEED` repeats the choices of a failed run. A whole page of
//! the same store that lies in the wrong place or is older than its neighbours can make the engine panic while it cleans
//! up after a panic, which ends the process by an abort that nobody can catch: rare, counted here, and nothing is served
//! or lost by it.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use latchkey::ambient::OsEntropy;
use serde_json::{Value, json};

use crate::crash::{Dice, asked, number};
use crate::harness::Answer;
use crate::process::client::{Client, Request};
use crate::process::server::{Ended, Home, PASSWORD, Process, Server};

/// How many damages a plain `cargo test` tries.
const DAMAGES: u64 = 36;
const PAGE: usize = 4096;
/// Bytes of the header that mean something.
const HEADER: u64 = 320;
const CHECK: [&str; 4] = ["check", "--store", "--data-dir", "data"];
const SERVE: [&str; 5] = ["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Damage {
    OneBit,
    SomeBytes,
    Header,
    ZeroPage,
    GarbagePage,
    Truncated,
    Extended,
    ForeignHeader,
    /// The header of an earlier time.
    OldHeader,
    /// A page as it was at an earlier time: a write that the disk has lost.
    OldPage,
    CopiedPage,
    SwappedPages,
}

const ALL: [Damage; 12] = [
    Damage::OneBit,
    Damage::SomeBytes,
    Damage::Header,
    Damage::ZeroPage,
    Damage::GarbagePage,
    Damage::Truncated,
    Damage::Extended,
    Damage::ForeignHeader,
    Damage::OldHeader,
    Damage::OldPage,
    Damage::CopiedPage,
    Damage::SwappedPages,
];

impl Damage {
    /// Whether every page is one of this store, and whole.
    fn is_of_whole_pages(self) -> bool {
        matches!(self, Self::OldHeader | Self::OldPage | Self::CopiedPage | Self::SwappedPages)
    }
}

/// A file at two times, and another server's.
struct Files {
    old: Vec<u8>,
    new: Vec<u8>,
    foreign: Vec<u8>,
}

impl Files {
    fn damaged(&self, damage: Damage, dice: &Dice) -> Vec<u8> {
        let mut bytes = self.new.clone();
        // Bytes and pages that hold something: most of a file is empty.
        let used = |page: usize| self.new[page * PAGE..][..PAGE].iter().any(|byte| *byte != 0);
        let pages: Vec<_> = (1..self.new.len() / PAGE).filter(|page| used(*page)).collect();
        let place = |page: usize| page * PAGE..(page + 1) * PAGE;
        let page = place(pages[dice.index(pages.len())]);
        let other = place(pages[dice.index(pages.len())]);
        let random = || u8::try_from(dice.below(256)).unwrap();
        match damage {
            Damage::OneBit => bytes[page.start + dice.index(PAGE)] ^= 1 << dice.below(8),
            Damage::SomeBytes => {
                let start = page.start + dice.index(PAGE - 16);
                (0..=dice.index(16)).for_each(|at| bytes[start + at] = random());
            }
            Damage::Header => {
                (0..=dice.below(3)).for_each(|_| bytes[dice.index(HEADER as usize)] ^= 1 << dice.below(8));
            }
            Damage::ZeroPage => bytes[page].fill(0),
            Damage::GarbagePage => bytes[page].fill_with(random),
            Damage::Truncated => bytes.truncate(dice.index(bytes.len())),
            Damage::Extended => bytes.extend((0..=dice.below(3 * PAGE as u64)).map(|_| random())),
            Damage::ForeignHeader => bytes[..PAGE].copy_from_slice(&self.foreign[..PAGE]),
            Damage::OldHeader => bytes[..PAGE].copy_from_slice(&self.old[..PAGE]),
            Damage::OldPage => {
                let changed = |page: &&usize| {
                    self.old.get(place(**page)).is_some_and(|old| *old != self.new[place(**page)])
                };
                let changed: Vec<_> = pages.iter().filter(changed).collect();
                let page = place(*changed[dice.index(changed.len())]);
                bytes[page.clone()].copy_from_slice(&self.old[page]);
            }
            Damage::CopiedPage => bytes.copy_within(page, other.start),
            Damage::SwappedPages => {
                let held = bytes[page.clone()].to_vec();
                bytes.copy_within(other.clone(), page.start);
                bytes[other].copy_from_slice(&held);
            }
        }
        bytes
    }
}

/// What is asked of a server, and what a sound one answers.
struct Questions {
    asked: Vec<Request>,
    right: Vec<(u16, String)>,
}

impl Questions {
    fn ask(&self, client: &Client) -> io::Result<Vec<Answer>> {
        let close = |request: &Request| request.clone().header("connection", "close");
        self.asked.iter().map(|request| client.connect()?.ask(&close(request))).collect()
    }

    /// How many answers said that something is damaged. Every other one has to be right.
    fn judge(&self, answers: &[Answer]) -> Result<usize, String> {
        let mut told = 0;
        for ((answer, right), request) in answers.iter().zip(&self.right).zip(&self.asked) {
            if matches!(answer.status.as_u16(), 500 | 503) && answer.json()["success"] == false {
                told += 1;
            } else if seen(answer) != *right {
                return Err(format!("{}\n{right:?}\n{:?}", request.parts().0, seen(answer)));
            }
        }
        Ok(told)
    }
}

/// What of an answer is the same each time: of a login the status alone.
fn seen(answer: &Answer) -> (u16, String) {
    let json = answer.json();
    let data = &json["data"];
    let shown = match (data.get("access_token"), data.get("as_of")) {
        (Some(_), _) => Value::Null,
        (_, Some(_)) => {
            let mut data = data.clone();
            data.as_object_mut().unwrap().remove("as_of");
            data
        }
        _ => data.clone(),
    };
    (answer.status.as_u16(), format!("{shown} {}", json["error"]["code"]))
}

/// A server's life up to now, with the answers that it has to give from now on.
fn live(home: &Home) -> (Files, Questions) {
    let store = home.data().join("store.redb");
    home.create_user("root@example.com", "super_admin");
    let server = home.serve(&[]);
    register(&server, 0..12);
    server.stop();
    let old = fs::read(&store).unwrap();
    let server = home.serve(&[]);
    register(&server, 12..24);
    let client = server.client();
    let log_in = || client.log_in("root@example.com", PASSWORD).data(200);
    let (root, ended) = (log_in(), log_in());
    let access = |tokens: &Value| tokens["access_token"].as_str().unwrap().to_owned();
    let (root, dead) = (access(&root), access(&ended));
    client.ask(Request::post("/api/v1/auth/logout", &json!({})).bearer(&dead)).data(200);
    let form = json!({ "name": "Key", "scopes": ["metrics:write"] });
    client.ask(Request::post("/api/v1/users/me/api-keys", &form).bearer(&root)).data(201);
    let form = json!({ "name": "Role", "permissions": ["costs:read"] });
    client.ask(Request::post("/api/v1/roles", &form).bearer(&root)).data(201);
    let users = client.ask(Request::get("/api/v1/users?limit=100").bearer(&root)).data(200);
    let ids: Vec<_> =
        users["users"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap()).collect();
    let login = |password: &str| {
        Request::post("/api/v1/auth/login", &json!({ "email": "root@example.com", "password": password }))
    };
    let mut asked = vec![login(PASSWORD), login("not the password")];
    asked.push(Request::get("/api/v1/auth/me").bearer(&dead));
    let paths =
        ["auth/me", "users?limit=100", "users?search=user1", "roles", "users/me/api-keys", "services"];
    let paths = paths.map(str::to_owned).into_iter();
    let of_each = ids.iter().step_by(3).flat_map(|id| {
        [format!("users/{id}"), format!("users/{id}/permissions"), format!("audit/logs?user_id={id}&limit=1")]
    });
    // Of the last there are more each time.
    let of_each = of_each.filter(|path| !path.contains(&format!("logs?user_id={}", ids[ids.len() - 1])));
    asked.extend(paths.chain(of_each).map(|path| Request::get(&format!("/api/v1/{path}")).bearer(&root)));
    let mut questions = Questions { asked, right: Vec::new() };
    questions.right = questions.ask(&client).unwrap().iter().map(seen).collect();
    server.stop();
    let other = Home::settled();
    let foreign = fs::read(other.data().join("store.redb")).unwrap();
    (Files { old, new: fs::read(&store).unwrap(), foreign }, questions)
}

fn register(server: &Server, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let email = format!("user{number}@example.com");
        let form = json!({ "email": email, "password": PASSWORD, "name": "Somebody" });
        server.client().post("/api/v1/auth/register", &form).data(201);
    }
}

/// Holds that a command has ended well, or said in one line, and one of help, what is wrong.
#[track_caller]
fn clear(ended: &Ended, damage: Damage, trial: &str) -> bool {
    if damage.is_of_whole_pages() && ended.code.is_none() {
        return false;
    }
    assert!(!ended.err.contains("panicked") && !ended.err.contains("internal fault"), "{trial}: {ended:?}");
    let lines = ended.err.lines().filter(|line| line.starts_with("latchkey: ")).count();
    match ended.code {
        Some(0) => assert_eq!(lines, 0, "{trial}: {ended:?}"),
        Some(1) => assert_eq!(lines, 1, "{trial}: {ended:?}"),
        _ => panic!("{trial}: {ended:?}"),
    }
    ended.code == Some(0)
}

/// What became of a damage.
#[derive(Debug, Default)]
struct Tally {
    refused: u64,
    aborted: u64,
    right: u64,
    /// Some answers said that something is damaged, and the others were right.
    told: u64,
    unnoticed_by_check: u64,
}

/// R95.
#[test]
fn any_damage_is_refused_in_one_line_or_what_is_served_is_right() {
    let seed = asked("LATCHKEY_DAMAGE_SEED").unwrap_or_else(|| number(&OsEntropy));
    let damages = asked("LATCHKEY_DAMAGES").unwrap_or(DAMAGES);
    println!("LATCHKEY_DAMAGE_SEED={seed} LATCHKEY_DAMAGES={damages}");
    let (home, dice) = (Home::new(), Dice::new(seed));
    let (files, questions) = live(&home);
    let store = home.data().join("store.redb");
    let clean = home.run(&CHECK);
    assert_eq!(clean.code, Some(0), "{clean:?}");
    let mut tally: BTreeMap<Damage, Tally> = BTreeMap::new();
    for (number, damage) in (0..damages).zip(ALL.into_iter().cycle()) {
        let trial = format!("LATCHKEY_DAMAGE_SEED={seed}, damage {number}, {damage:?}");
        let bytes = files.damaged(damage, &dice);
        let count = tally.entry(damage).or_default();
        fs::write(&store, &bytes).unwrap();
        let checked = home.run(&CHECK);
        let is_clean = clear(&checked, damage, &trial);
        if is_clean {
            assert_eq!(checked.out, clean.out, "{trial}");
        }
        fs::write(&store, &bytes).unwrap();
        let mut process = Process::spawn(&mut home.command(&SERVE));
        // What it says last may come after the first line about its address.
        let answers = home.server_if_it_starts(&mut process).and_then(|server| questions.ask(&server).ok());
        let Some(answers) = answers else {
            let ended = process.end();
            assert!(!clear(&ended, damage, &trial), "{trial}: it ended without a word");
            count.refused += u64::from(ended.code.is_some());
            count.aborted += u64::from(ended.code.is_none());
            continue;
        };
        let ended = process.kill();
        assert!(!ended.err.contains("panicked"), "{trial}: {}", ended.err);
        match questions.judge(&answers) {
            Ok(0) => count.right += 1,
            Ok(_) => count.told += 1,
            Err(wrong) => panic!("{trial}: {wrong}"),
        }
        count.unnoticed_by_check += u64::from(is_clean && bytes != files.new);
    }
    for (damage, tally) in &tally {
        println!("{damage:?}: {tally:?}");
    }
    fs::write(&store, &files.new).unwrap();
    let whole = home.run(&CHECK);
    assert_eq!((whole.code, &whole.out), (Some(0), &clean.out), "{whole:?}");
}
