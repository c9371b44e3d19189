//! `data_dir`: which folder. Knows nothing of what is in it.

use std::path::PathBuf;

use super::reader::Reader;
use super::source::Source;
use super::variable::Environment;

/// The folder that was set, or the usual one. Development never uses the folder of the file: that one may hold real users.
pub fn read(reader: &mut Reader, environment: &Environment, dev: bool) -> PathBuf {
    let given = reader.text("data_dir");
    let layer = reader.source_of("data_dir").layer();
    let dir = match given {
        Some(given) if !dev || layer > 1 => PathBuf::from(given),
        _ => usual_data_dir(environment, dev),
    };
    let shown = format!("{:?}", dir.to_string_lossy());
    if dev && layer <= 1 {
        reader.overrule("data_dir", shown, Source::Flag("--dev".into()));
    } else {
        reader.set_shown("data_dir", Some(shown));
    }
    if dev && layer == 1 {
        reader.notes.push(format!("--dev does not use data_dir of the file, but {}", dir.display()));
    }
    dir
}

/// The XDG data folder; `/var/lib` for a user without a home.
fn usual_data_dir(environment: &Environment, dev: bool) -> PathBuf {
    let name = if dev { "latchkey-dev" } else { "latchkey" };
    let absolute =
        |variable| environment.value(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || absolute("HOME").map(|home| home.join(".local/share"));
    absolute("XDG_DATA_HOME").or_else(home).unwrap_or_else(|| PathBuf::from("/var/lib")).join(name)
}
