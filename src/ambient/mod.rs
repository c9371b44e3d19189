//! The only places that read real time or real randomness. Knows nothing of what they are used for.

pub mod clock;
pub mod entropy;

pub use clock::{Clock, ManualClock, MovableClock, Stopwatch, SystemClock};
pub use entropy::{Entropy, Gathered, OsEntropy, SeededEntropy};
