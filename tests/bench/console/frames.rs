//! Pictures drawn in this process, over what a server answers. Knows no terminal.

use std::io::sink;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use latchkey::ambient::{OsEntropy, Stopwatch, SystemClock};
use latchkey::console::action::keymap::Choices;
use latchkey::console::action::{Chord, Keymap};
use latchkey::console::conn::{Address, Target, Trust};
use latchkey::console::draw;
use latchkey::console::effects::{Effects, WAITING};
use latchkey::console::look::Look;
use latchkey::console::model::msg::{Effect, Msg};
use latchkey::console::model::{Columns, Model, Setup};
use latchkey::console::moment::Moment;
use latchkey::console::theme::Theme;
use latchkey::console::update::{begin, update};
use latchkey::console::views;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use tokio::runtime::Handle;
use tokio::sync::mpsc::channel;
use tokio::time::timeout;

/// How long nothing comes before all is there.
const QUIET: Duration = Duration::from_millis(500);

/// What each of `count` frames cost, while the cursor walks down `view`.
pub async fn draw(socket: &Path, view: &str, count: usize) -> Vec<Duration> {
    let now = || Moment::of(&SystemClock);
    let mut model = Model::new(Setup {
        servers: vec![Target {
            name: "here".to_owned(),
            address: Address::Unix(socket.to_owned()),
            trust: Trust::Public,
            credential: None,
            key_file: None,
            is_read_only: true,
        }],
        server: 0,
        size: (120, 40),
        keymap: Keymap::new(&views::specs(), &Choices::default()).expect("keys"),
        columns: Columns::default(),
        look: Look::new(Theme::default(), false, 7),
        tag: "bench".to_owned(),
        is_armed: false,
        now: now(),
    });
    let ((sender, mut messages), (news_sender, mut news)) = (channel(WAITING), channel(WAITING));
    let mut effects = Effects::new(Handle::current(), (sender, news_sender), Arc::new(OsEntropy), false);
    let size = Rect { x: 0, y: 0, width: 120, height: 40 };
    let options = TerminalOptions { viewport: Viewport::Fixed(size) };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(sink()), options).expect("a terminal");
    let mut wanted = begin(&mut model);
    wanted.extend(update(&mut model, now(), Msg::Line(view.to_owned())));
    let down = Chord::named("j").expect("a key");
    let mut times = Vec::new();
    while times.len() < count {
        for effect in std::mem::take(&mut wanted) {
            match effect {
                Effect::Connect(target) => effects.connect(*target).expect("a server"),
                Effect::Ask { slot, generation, request } => effects.ask(slot, generation, request),
                other => drop(other),
            }
        }
        let heard = async {
            tokio::select! {
                Some(msg) = messages.recv() => msg,
                Some(told) = news.recv() => Msg::News(told),
            }
        };
        if (effects.is_busy() || times.is_empty())
            && let Ok(msg) = timeout(QUIET, heard).await
        {
            wanted = update(&mut model, now(), msg);
            continue;
        }
        wanted = update(&mut model, now(), Msg::Key(down));
        let watch = Stopwatch::start();
        let drawn = terminal.draw(|frame| {
            let _ = draw::draw(&model, frame.buffer_mut());
        });
        drawn.expect("a picture");
        times.push(watch.elapsed());
    }
    let screen = format!("{:?}", terminal.current_buffer_mut());
    assert!(!screen.contains("error"), "{screen}");
    times
}
