use poem_openapi::types::Example;

use super::*;
use crate::console::conn::problem::Kind;
use crate::console::model::msg::Msg;
use crate::console::tests::{Scene, Stage, record, records};
use crate::wire::guessing::Incident;
use crate::wire::server::Counted;
use crate::wire::stats::StatsSeries;

const PARTS: &[&str] = &["stats", "counts", "server", "incidents", "log"];

fn stats(height: u64) -> Stats {
    let wave = |by: u64| (0..60).map(|minute| (minute * 7 + by) % (height + 1)).collect();
    let zero = || vec![0; 60];
    let series = StatsSeries {
        logins_ok: wave(3),
        logins_failed: (0..60).map(|minute| if minute > 50 { height * 40 } else { 0 }).collect(),
        refreshes: wave(5),
        lockouts: zero(),
        logins_mfa: wave(1),
        denials: zero(),
        hash_refused: zero(),
        ..StatsSeries::default()
    };
    Stats { series, ..Stats::example() }
}

fn answer(
    stage: &mut Stage,
    (stats, counts, server, incidents): (Stats, Census, Server, Incidents),
    log: usize,
) {
    stage.answer("overview", "stats", &stats);
    stage.answer("overview", "counts", &counts);
    stage.answer("overview", "server", &server);
    stage.answer("overview", "incidents", &incidents);
    stage.answer("overview", "log", &records((0..log).rev(), None));
}

fn fill(stage: &mut Stage) {
    let mut server = Server { dev: true, disk_free_bytes: Some(1 << 30), ..Server::example() };
    server.counts.mails_dead = 3;
    let incidents = Incidents {
        incidents: (0..5_u8)
            .map(|n| Incident {
                network: format!("203.0.{}.0/24", 113 + n),
                logins: u64::from(n == 0),
                failures: 1_912 >> (3 * n),
                ..Incidents::example().incidents[0].clone()
            })
            .collect(),
        ..Incidents::example()
    };
    answer(stage, (stats(58), Census::example(), server, incidents), 40);
    stage.keys("j");
}

fn empty(stage: &mut Stage) {
    let none = || Counted { count: 0, capped: false };
    let counts = Census { lockouts: none(), sessions: none(), api_keys: none(), ..Census::example() };
    let incidents = Incidents { incidents: Vec::new(), ..Incidents::example() };
    answer(stage, (stats(0), counts, Server::example(), incidents), 0);
}

static SCENE: Scene = Scene {
    view: "overview",
    parts: PARTS,
    fill,
    empty,
    own: &[
        ("partly", |stage| {
            stage.keys("r");
            for part in ["stats", "counts", "server"] {
                stage.refuse("overview", part, Kind::Late, 503);
            }
            stage.answer("overview", "incidents", &Incidents::example());
        }),
        ("paused", |stage| {
            stage.keys("f G");
            stage.hear(vec![record(41)]);
        }),
        ("masked", |stage| stage.keys("m")),
        ("ascii", |stage| stage.model.look.ascii = true),
    ],
};

#[test]
fn it_looks_as_reviewed_in_every_state_and_breaks_at_no_size() {
    SCENE.check();
}

#[test]
fn ascii_is_ascii_and_masked_tells_no_network() {
    assert!(SCENE.stage("ascii", (120, 40)).screen().is_ascii());
    let masked = SCENE.stage("masked", (120, 40)).screen();
    assert!(!masked.contains("203.0.113"), "{masked}");
}

#[test]
fn enter_leads_to_what_needs_attention_and_to_the_request_of_a_record() {
    let shown = |stage: &Stage| {
        let view = stage.model.view().unwrap();
        (view.spec().id(), view.filter().to_owned())
    };
    let mut stage = SCENE.stage("data", (120, 40));
    stage.keys("g enter");
    assert_eq!(shown(&stage), ("incidents", String::new()));
    stage.keys("[ i");
    assert_eq!(shown(&stage), ("audit", "ip:203.0.113.0/24".to_owned()));
    stage.keys("[ G enter");
    let request = record(0).request_id.unwrap();
    assert_eq!(shown(&stage), ("audit", format!("req:{request}")));
}

#[test]
fn the_cursor_holds_a_concern_and_a_record_by_what_they_are() {
    let mut stage = SCENE.stage("data", (80, 24));
    stage.keys("g");
    let concern = stage.selected();
    stage.keys("G");
    assert_eq!(stage.selected().as_deref(), Some("0-0"));
    stage.hear(vec![record(40), record(41)]);
    assert_eq!(stage.selected().as_deref(), Some("0-0"));
    stage.hear((42..100).map(record).collect());
    assert_eq!(stage.selected(), None, "it is no longer held");
    stage.keys("g");
    assert_eq!(stage.selected(), concern);
}

#[test]
fn records_come_in_order_and_once_whatever_comes_first() {
    let mut stage = Stage::live((80, 24), "overview");
    stage.hear(vec![record(41), record(40)]);
    stage.answer("overview", "log", &records((0..41).rev(), None));
    let times = stage.screen().matches("12:00:40").count();
    assert_eq!(times, 1, "{}", stage.screen());
    stage.keys("G");
    assert_eq!(stage.selected().as_deref(), Some("0-0"));
    stage.keys("g");
    assert_eq!(stage.selected().as_deref(), Some("41-0"));
}

#[test]
fn numbers_are_read_again_after_events_no_more_than_every_three_seconds() {
    let mut stage = SCENE.stage("data", (80, 24));
    let generation = |stage: &Stage| stage.asked("overview", "stats").unwrap().1;
    let before = generation(&stage);
    stage.hear(vec![record(50)]);
    stage.wait(1_000);
    stage.hear(vec![record(51)]);
    stage.wait(1_000);
    assert_eq!(generation(&stage), before);
    stage.wait(1_000);
    assert_eq!(generation(&stage), before + 1);
    stage.wait(REFRESH.as_secs() * 1_000);
    assert_eq!(generation(&stage), before + 2, "the minutes go on without events");
    stage.keys("2");
    stage.hear(vec![record(52)]);
    stage.wait(10_000);
    assert_eq!(generation(&stage), before + 2, "nobody looks");
    stage.keys("1");
    assert_eq!(generation(&stage), before + 3);
}

#[test]
fn a_click_selects_what_is_there() {
    let mut stage = SCENE.stage("data", (80, 24));
    let screen = stage.screen();
    let row =
        |needle: &str| u16::try_from(screen.lines().position(|line| line.contains(needle)).unwrap()).unwrap();
    stage.tell(Msg::Click(10, row("203.0.113.0/24")));
    assert_eq!(stage.selected().as_deref(), Some("203.0.113.0/24"));
    stage.tell(Msg::Click(10, row("12:00:38")));
    assert_eq!(stage.selected().as_deref(), Some("38-0"));
}
