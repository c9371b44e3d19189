//! Any bytes of a server that the console follows: events in any cuts, answers, refusals. Frames are the same however they
//! are cut, and nothing that would move, turn or hide text reaches the screen.
//!
//! The first byte names the view; the second what comes: `a` an answer, `r` a refusal, a digit and all else events in
//! chunks of so many bytes.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use latchkey::console::action::Chord;
use latchkey::console::action::keymap::{Choices, Keymap};
use latchkey::console::conn::events::News;
use latchkey::console::conn::place::{End, Place};
use latchkey::console::conn::sse::{Frame, Parser, TooLong};
use latchkey::console::conn::{Answer, Problem, Target, Trust};
use latchkey::console::draw::draw;
use latchkey::console::look::Look;
use latchkey::console::model::msg::{Effect, Msg};
use latchkey::console::model::{Model, Setup};
use latchkey::console::moment::Moment;
use latchkey::console::safe::Safe;
use latchkey::console::theme::Theme;
use latchkey::console::update::{begin, update};
use latchkey::console::views;
use libfuzzer_sys::fuzz_target;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const SIZE: (u16, u16) = (100, 30);
const STATUSES: [u16; 6] = [401, 403, 404, 409, 429, 503];

static NOW: LazyLock<Moment> = LazyLock::new(|| Moment::parse("2026-11-21T12:41:07.000Z").expect("a time"));

fuzz_target!(|bytes: &[u8]| {
    let [view, kind, body @ ..] = bytes else { return };
    let (mut model, mut effects) = console(usize::from(view.wrapping_sub(b'0')));
    let mut tell = |msg: Msg| effects.extend(update(&mut model, *NOW, msg));
    tell(Msg::News(News::Ready));
    match kind {
        b'a' | b'r' => {
            for (at, asked) in std::mem::take(&mut effects).into_iter().enumerate() {
                let Effect::Ask { slot, generation, request } = asked else { continue };
                let route = request.route();
                let result = if *kind == b'a' {
                    Ok(Answer { route, body: body.to_vec().into() })
                } else {
                    Err(Problem::of_answer(&route, STATUSES[at % STATUSES.len()], body, None))
                };
                update(&mut model, *NOW, Msg::Answer { slot, generation, result });
            }
        }
        size => news(body, usize::from(size % 10) + 1).into_iter().for_each(|news| tell(Msg::News(news))),
    }
    is_safe(&screen(&model));
    for key in ["j", "enter"] {
        update(&mut model, *NOW, Msg::Key(Chord::named(key).expect("a key")));
    }
    is_safe(&screen(&model));
    let view = model.view().expect("a view");
    view.lines(&model.look).iter().for_each(|line| is_safe(&line.replace('\t', "")));
    is_safe(&view.csv(&model.look).unwrap_or_default().replace('\n', ""));
    written(&String::from_utf8_lossy(body));
});

/// A console that looks at a view, and what it wants.
fn console(view: usize) -> (Model, Vec<Effect>) {
    let server = Target {
        name: "prod".to_owned(),
        address: "unix:/run/latchkey.sock".parse().expect("an address"),
        trust: Trust::Public,
        credential: None,
        key_file: None,
        is_read_only: false,
    };
    let mut model = Model::new(Setup {
        servers: vec![server],
        server: 0,
        size: SIZE,
        keymap: Keymap::new(&views::specs(), &Choices::new()).expect("our own keys"),
        columns: BTreeMap::new(),
        look: Look::new(Theme::Mono, false, 7),
        tag: "t".to_owned(),
        is_armed: false,
        now: *NOW,
    });
    model.active = view % model.views.len();
    let effects = begin(&mut model);
    (model, effects)
}

/// What a stream of these bytes tells, up to its end.
fn news(bytes: &[u8], size: usize) -> Vec<News> {
    let whole = frames([bytes].into_iter());
    let parts = frames(bytes.chunks(size));
    assert_eq!(whole, parts);
    let mut place = Place::default();
    let mut told = Vec::new();
    for frame in parts.unwrap_or_default() {
        let is_line = |text: &str| !text.contains('\n');
        assert!(is_line(&frame.event) && frame.id.as_deref().is_none_or(is_line));
        let id = frame.id.clone().or_else(|| place.at.clone());
        let took = place.take("GET /api/v1/events", frame);
        assert_eq!(place.at, id);
        assert!((1..=600).contains(&place.heartbeat.as_secs()));
        match took {
            Ok(news) => told.extend(news),
            Err(End::Broken(problem)) => {
                told.push(News::Lost { problem, attempt: 1, wait: Duration::from_secs(3) });
                break;
            }
            Err(End::Refused(problem)) => {
                told.push(News::Refused(problem));
                break;
            }
            Err(End::Closed) => unreachable!("a frame closes nothing"),
        }
    }
    told
}

fn frames<'a>(mut chunks: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Frame>, TooLong> {
    let mut parser = Parser::default();
    chunks.try_fold(Vec::new(), |mut all, chunk| {
        all.extend(parser.feed(chunk)?);
        Ok(all)
    })
}

/// Everything that is drawn.
fn screen(model: &Model) -> String {
    let mut buffer = Buffer::empty(Rect { x: 0, y: 0, width: SIZE.0, height: SIZE.1 });
    draw(model, &mut buffer);
    buffer.content.iter().map(|cell| cell.symbol()).collect()
}

/// Text of anybody: spelled out, as wide as it may be, and one field of a spreadsheet.
fn written(text: &str) {
    let safe = Safe::name(text);
    is_safe(safe.as_str());
    for width in [0, 1, 2, 7, 40] {
        assert!(safe.cut(width).width() <= width);
    }
    let field = safe.csv();
    let inside = field.strip_prefix('"').and_then(|field| field.strip_suffix('"')).expect("quoted");
    assert!(!inside.replace("\"\"", "").contains('"') && !inside.starts_with(['=', '+', '-', '@']));
}

/// Nothing a terminal obeys, nothing that turns the direction, nothing that is not seen.
fn is_safe(text: &str) {
    let is_bad = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
            || matches!(c, '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
    };
    assert!(!text.contains(is_bad), "{text:?}");
}
