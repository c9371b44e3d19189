//! Histograms as `/metrics` shows them, and what was added between two looks. Knows nothing of what they count.

/// The groups of one histogram, ascending: upper bound in seconds, and how many values are not above it.
pub struct Histogram(Vec<(f64, f64)>);

impl Histogram {
    /// The histogram `name` of a page, of the series whose labels hold `label`.
    pub fn read(page: &str, name: &str, label: &str) -> Self {
        let start = format!("{name}_bucket{{");
        let series = page.lines().filter_map(|line| line.strip_prefix(&start)?.split_once("} "));
        let groups = series.filter(|(labels, _)| labels.contains(label)).filter_map(|(labels, value)| {
            let bound = labels.split_once("le=\"")?.1.split_once('"')?.0;
            let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().ok()? };
            Some((bound, value.split(' ').next()?.parse().ok()?))
        });
        Self(groups.collect())
    }

    /// What was added since an `earlier` look at the same histogram. A series that was not there yet was empty.
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |at: usize| earlier.0.get(at).map_or(0.0, |(_, count)| *count);
        Self(self.0.iter().enumerate().map(|(at, (bound, count))| (*bound, count - before(at))).collect())
    }

    /// How many values there are.
    pub fn count(&self) -> f64 {
        self.0.last().map_or(0.0, |(_, count)| *count)
    }

    /// The seconds that this part of a hundred stays below, as if the values of a group lay evenly in it.
    pub fn percentile(&self, part: f64) -> f64 {
        let wanted = self.count() * part / 100.0;
        let mut below = (0.0, 0.0);
        for (bound, count) in &self.0 {
            if *count >= wanted && *count > below.1 {
                let into = (wanted - below.1) / (count - below.1);
                return if bound.is_finite() { below.0 + (bound - below.0) * into } else { f64::INFINITY };
            }
            below = (*bound, *count);
        }
        f64::NAN
    }

    /// The bound that no value is above.
    pub fn most(&self) -> f64 {
        let whole = self.count();
        self.0.iter().find(|(_, count)| *count >= whole).map_or(0.0, |(bound, _)| *bound)
    }
}
