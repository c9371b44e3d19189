//! The pages served to browsers. Knows nothing of the JSON API.

pub mod render;
