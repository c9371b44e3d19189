//! What `/metrics` shows beside requests: the numbers that the parts count by themselves, read when asked for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::crypto::Waits;
use crate::net;
use crate::services::Services;
use crate::services::forward_auth::Fate;
use crate::services::limits::Class;
use crate::services::webhook::{self, Standing};
use crate::store::webhook::Progress;

/// A registry that shows the hash pool, the store, the outbox and the listeners.
pub fn registry(app: Arc<Services>, net: Arc<net::Metrics>) -> Registry {
    let mut registry = Registry::with_prefix("latchkey");
    registry.register_collector(Box::new(Parts { app, net }));
    registry
}

struct Parts {
    app: Arc<Services>,
    net: Arc<net::Metrics>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parts")
    }
}

impl Collector for Parts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut show = Show(&mut encoder);
        let hash = self.app.hashing.stats();
        show.counter("hash_runs", "Password hashes begun", hash.runs)?;
        show.counter("hash_refused", "Hashes refused because the queue was full or slow", hash.refused)?;
        show.gauge("hash_queued", "Hashes that wait for a thread", hash.queued)?;
        show.gauge("hash_running", "Hashes under way", hash.running)?;
        show.gauge("hash_buffers", "Hash buffers held", hash.buffers)?;
        show.metric("hash_wait_seconds", "Seconds until a thread took the hash", &Histogram(hash.waits))?;
        let store = self.app.store.counters();
        show.counter("store_commits", "Durable commits", store.commits)?;
        show.counter("store_transactions", "Transactions in those commits", store.transactions)?;
        show.gauge("store_queued", "Transactions that wait for the writer", store.queued)?;
        let scrubs = &self.app.scrubs;
        show.counter("scrub_rows", "Stored rows verified in the background", scrubs.rows())?;
        show.counter("scrub_faults", "Stored rows that did not verify", scrubs.faults())?;
        show.counter("scrub_passes", "Verifications of all that is stored", scrubs.passes())?;
        show.gauge(
            "store_damaged",
            "1 when the newest verification found a fault",
            i64::from(scrubs.is_damaged()),
        )?;
        let lockouts = &self.app.lockouts;
        show.counter("lockouts", "Locks that began", lockouts.set())?;
        show.counter("lockout_refused", "Guesses refused because of a lock", lockouts.refused())?;
        show.gauge("lockout_entries", "Pairs of account and network remembered", lockouts.entries())?;
        show.gauge("event_streams", "Event streams open", self.app.streams.open())?;
        show.counter("event_streams_refused", "Event streams over a cap", self.app.streams.refused())?;
        show.counter("connections_accepted", "Connections accepted", self.net.accepted.value())?;
        show.counter("connections_refused", "Connections over a cap", self.net.refused.value())?;
        show.counter("tls_handshake_failures", "Failed TLS handshakes", self.net.handshake_failures.value())?;
        show.counter(
            "connection_timeouts",
            "Connections that ran into a deadline",
            self.net.timeouts.value(),
        )?;
        show.counter("handler_panics", "Handlers that panicked", self.net.panics.value())?;
        show.gauge("connections_open", "Connections open", self.net.open.value())?;
        let limits = &self.app.limits;
        let refused = |class| ConstCounter::new(limits.refused(class));
        show.by_class("limit_refused", "Requests over a limit", refused)?;
        let entries = |class| ConstGauge::new(i64::try_from(limits.entries(class)).unwrap_or(i64::MAX));
        show.by_class("limit_entries", "Keys whose budgets are remembered", entries)?;
        let traces = &self.app.traces;
        show.counter("explain_kept", "Denied requests whose judgement was stored", traces.kept())?;
        show.counter("explain_left_out", "Denied requests whose judgement is not kept", traces.left_out())?;
        let fates = &self.app.fates;
        let help = "Requests to applications behind proxies";
        let kind = MetricType::Counter;
        let mut family = show.0.encode_descriptor("forward_auth_requests", help, None, kind)?;
        for fate in Fate::ALL {
            ConstCounter::new(fates.of(fate)).encode(family.encode_family(&[("fate", fate.name())])?)?;
        }
        show.counter("mails_sent", "Mails that left", self.app.mail_counts.sent())?;
        show.counter("mails_postponed", "Attempts that will be repeated", self.app.mail_counts.postponed())?;
        show.counter("mails_dead", "Mails given up", self.app.mail_counts.dead())?;
        show.webhooks(&self.app)
    }
}

/// The waits for a hash thread as a metric.
struct Histogram(Waits);

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let bound = |bound: Option<Duration>| bound.map_or(f64::INFINITY, |bound| bound.as_secs_f64());
        let groups: Vec<_> = self.0.groups().map(|(limit, count)| (bound(limit), count)).collect();
        let count = groups.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(self.0.total().as_secs_f64(), count, &groups, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

struct Show<'a, 'b>(&'a mut DescriptorEncoder<'b>);

impl Show<'_, '_> {
    fn counter(&mut self, name: &str, help: &str, value: u64) -> Result<(), fmt::Error> {
        self.metric(name, help, &ConstCounter::new(value))
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl TryInto<i64>) -> Result<(), fmt::Error> {
        self.metric(name, help, &ConstGauge::new(value.try_into().unwrap_or(i64::MAX)))
    }

    fn by_class<M: EncodeMetric>(
        &mut self,
        name: &str,
        help: &str,
        metric: impl Fn(Class) -> M,
    ) -> Result<(), fmt::Error> {
        let kind = metric(Class::Login).metric_type();
        let mut family = self.0.encode_descriptor(name, help, None, kind)?;
        for class in Class::ALL {
            metric(class).encode(family.encode_family(&[("class", class.name())])?)?;
        }
        Ok(())
    }

    /// How the webhooks stand; nothing where that cannot be read.
    fn webhooks(&mut self, app: &Services) -> Result<(), fmt::Error> {
        let all = app.read(|read| webhook::standing(app, read)).unwrap_or_default();
        let all: Vec<_> = all.iter().filter_map(|seen| Some((seen, seen.progress.as_ref()?))).collect();
        let mut each = |name: &str, help: &str, of: &dyn Fn(&Standing<'_>, &Progress) -> u64| {
            let mut family = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (seen, progress) in &all {
                let value = i64::try_from(of(seen, progress)).unwrap_or(i64::MAX);
                let hook = [("webhook", seen.hook.name.as_str())];
                ConstGauge::new(value).encode(family.encode_family(&hook)?)?;
            }
            Ok::<_, fmt::Error>(())
        };
        each("webhook_delivered", "Events that the receiver took, since ever", &|_, now| now.delivered)?;
        each("webhook_failures", "Deliveries in a row that failed", &|_, now| now.failures.into())?;
        each("webhook_dead_letters", "Events given up, as far as kept", &|_, now| now.dead.into())?;
        each("webhook_behind", "Commits of the audit log not looked at", &|seen, _| seen.behind)
    }

    fn metric(&mut self, name: &str, help: &str, metric: &impl EncodeMetric) -> Result<(), fmt::Error> {
        metric.encode(self.0.encode_descriptor(name, help, None, metric.metric_type())?)
    }
}
