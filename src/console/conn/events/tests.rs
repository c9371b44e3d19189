use poem_openapi::types::Example;

use super::*;

#[tokio::test]
async fn a_batch_waits_while_nobody_takes_it_and_counts_what_it_drops() {
    let (out, mut taken) = mpsc::channel(1);
    let mut batch = Batch::new(Pace(Duration::from_millis(33)));
    batch.add(vec![AuditLog::example()]);
    batch.flush(&out);
    batch.add(vec![AuditLog::example(); WAITING_MAX + 3]);
    batch.flush(&out);
    assert_eq!(batch.events.len(), WAITING_MAX, "the channel is full");
    let Some(News::Events { events, dropped: 0 }) = taken.recv().await else { panic!("no events") };
    assert_eq!(events.len(), 1);
    batch.flush(&out);
    let Some(News::Events { events, dropped }) = taken.recv().await else { panic!("no events") };
    assert_eq!((events.len(), dropped), (WAITING_MAX, 3));
}
