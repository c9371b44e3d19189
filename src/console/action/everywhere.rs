//! The actions that every view has. Knows no view.

use super::{ActionSpec, Danger, Run, Step, When};
use crate::console::update::{confirm, console as act, navigate, overlay};

/// Shorthand for a row of the table.
const fn does(
    id: &'static str,
    (name, help): (&'static str, &'static str),
    keys: &'static [&'static str],
    when: When,
    run: Run,
) -> ActionSpec {
    ActionSpec { id, name, help, keys, when, needs: None, danger: Danger::None, run }
}

use Run::Console;
use Step::{All, Close, Down, End, Follow, Mark, Open, PageDown, PageUp, Range, Top, Unmark, Up};
use When::{Always, List, Row};

const fn step(
    id: &'static str,
    name: &'static str,
    help: &'static str,
    keys: &'static [&'static str],
    step: Step,
) -> ActionSpec {
    does(id, (name, help), keys, List, Run::Step(step))
}

/// The table. Its order is the order of the help and the footer.
pub const ACTIONS: &[ActionSpec] = &[
    step("up", "up", "One row up.", &["k", "up"], Up),
    step("down", "down", "One row down.", &["j", "down"], Down),
    step("page-up", "page up", "A screen up.", &["pgup", "b"], PageUp),
    step("page-down", "page down", "A screen down; loads more.", &["pgdn"], PageDown),
    step("top", "top", "To the first row.", &["g", "home"], Top),
    step("end", "end", "To the end of what is loaded.", &["G", "end"], End),
    step("open", "detail", "Show the details of the row; at a gap, load what is missing.", &["enter"], Open),
    step("close", "back", "Back: close details, then take marks away, then the filter.", &["esc"], Close),
    step("mark", "mark", "Mark the row, or take its mark away.", &["space"], Mark),
    step("range", "range", "Mark from the last mark to this row.", &["v"], Range),
    step(
        "mark-all",
        "mark all",
        "Mark everything that matches the filter; where a view cannot, what is loaded.",
        &["*"],
        All,
    ),
    step("unmark", "unmark", "Take all marks away.", &["\\"], Unmark),
    step("follow", "follow", "Follow what is new, or stand still and count it.", &["f"], Follow),
    does(
        "pane",
        ("pane", "To the details, where the keys move their lines, and back."),
        &["tab"],
        Always,
        Run::Step(Step::Pane),
    ),
    does(
        "columns",
        ("columns", "Which columns are shown; kept in console.toml."),
        &["c"],
        List,
        Console(overlay::open_columns),
    ),
    does(
        "filter",
        ("filter", "Filter on the server; up and down recall."),
        &["/"],
        List,
        Console(overlay::open_filter),
    ),
    does(
        "palette",
        ("command", "Go anywhere and run anything by its name."),
        &[":"],
        Always,
        Console(overlay::open_palette),
    ),
    does(
        "help",
        ("help", "The keys of this view; type to search, Enter runs."),
        &["?"],
        Always,
        Console(overlay::open_help),
    ),
    does(
        "actions",
        ("actions", "What can be done with this row."),
        &["x"],
        List,
        Console(overlay::open_actions),
    ),
    does("copy-id", ("copy id", "Copy the id of the row, over SSH too."), &["y"], Row, Console(act::copy_id)),
    does(
        "copy-command",
        ("copy command", "Copy the command that asks the same."),
        &["Y"],
        Always,
        Console(act::copy_command),
    ),
    does(
        "export",
        ("export", "Write the loaded rows to a CSV file here."),
        &["e"],
        List,
        Console(act::export),
    ),
    does(
        "export-json",
        ("export JSON", "Write the loaded rows to a file here, one JSON object a line."),
        &["J"],
        List,
        Console(act::export_json),
    ),
    does("user", ("this user", "The sessions of this row's user."), &["u"], Row, Run::Pivot(USER)),
    does("ip", ("this address", "What came from this row's address."), &["i"], Row, Run::Pivot(ADDRESS)),
    does(
        "whose",
        ("account", "The account of this row's user."),
        &["o"],
        Row,
        Run::Pivot(&[("users", "id", "user")]),
    ),
    does(
        "their-keys",
        ("their keys", "The API keys of this row's user."),
        &["K"],
        Row,
        Run::Pivot(&[("keys", "user", "user")]),
    ),
    does("trail", ("trail", "The audit trail of this row."), &["t"], Row, Run::Pivot(TRAIL)),
    does(
        "why-denied",
        ("why denied", "How this row's request was judged, where it was denied: the cause, and what helps."),
        &["W"],
        Row,
        Run::Pivot(&[("denials", "req", "request")]),
    ),
    does("back", ("back", "To the view and filter before."), &["["], Always, Console(navigate::back)),
    does(
        "forward",
        ("forward", "Again to where back came from."),
        &["]"],
        Always,
        Console(navigate::forward),
    ),
    does("next-view", ("next view", "To the next view."), &["ctrl-n"], Always, Console(navigate::next)),
    does(
        "previous-view",
        ("view before", "To the view before."),
        &["ctrl-p", "backtab"],
        Always,
        Console(navigate::previous),
    ),
    does(
        "mask",
        ("mask", "Hide names and addresses behind pseudonyms, to share the screen."),
        &["m"],
        Always,
        Console(act::mask),
    ),
    does("reload", ("reload", "Ask again, and connect again now."), &["r"], Always, Console(act::reload)),
    does(
        "arm",
        ("arm", "Allow writes for ten minutes, or forbid them again."),
        &["A"],
        Always,
        Console(act::arm),
    ),
    ActionSpec {
        id: "undo",
        name: "take back",
        help: "Take the last write back, where something does; asks first.",
        keys: &["z"],
        when: Always,
        needs: None,
        danger: Danger::Write,
        run: Console(confirm::take_back),
    },
    does("redraw", ("redraw", "Draw the screen again."), &["ctrl-l"], Always, Console(act::redraw)),
    does(
        "suspend",
        ("suspend", "Back to the shell; fg returns."),
        &["ctrl-z"],
        Always,
        Console(act::suspend),
    ),
    does("quit", ("quit", "Leave."), &["q", "ctrl-c"], Always, Console(act::quit)),
];

/// Where `u` leads.
const USER: &[(&str, &str, &str)] = &[("sessions", "user", "user"), ("audit", "user", "user")];
/// Where `i` leads.
const ADDRESS: &[(&str, &str, &str)] = &[("audit", "ip", "ip"), ("sessions", "ip", "ip")];
/// Where `t` leads: the narrowest fact first.
const TRAIL: &[(&str, &str, &str)] =
    &[("audit", "session", "session"), ("audit", "req", "request"), ("audit", "user", "user")];
