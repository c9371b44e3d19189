use poem_openapi::types::Example;

use super::*;

fn frame(event: &str, id: Option<&str>, data: &str) -> Frame {
    Frame { event: event.to_owned(), id: id.map(str::to_owned), data: data.to_owned() }
}

#[test]
fn the_place_moves_with_every_id_and_an_end_says_whether_to_come_back() {
    let mut place = Place::default();
    let ready = place.take("r", frame("ready", Some("0-1-a"), r#"{"cursor":"0-1-a","heartbeat_seconds":2}"#));
    assert!(matches!(ready, Ok(Some(News::Ready))));
    assert_eq!((place.at.as_deref(), place.heartbeat), (Some("0-1-a"), Duration::from_secs(2)));
    assert!(matches!(place.take("r", frame("", Some("0-9-b"), "")), Ok(None)));
    assert_eq!(place.at.as_deref(), Some("0-9-b"));
    assert!(matches!(place.take("r", frame("later", None, "?")), Ok(None)), "a newer server tells more");
    let end = |reason: &str| format!("{{\"reason\":\"{reason}\"}}");
    assert!(matches!(place.take("r", frame("end", None, &end("shutdown"))), Err(End::Broken(_))));
    assert!(matches!(place.take("r", frame("end", None, &end("token_expired"))), Err(End::Refused(_))));
    let event = serde_json::to_string(&AuditLog::example()).unwrap();
    assert!(matches!(place.take("r", frame("audit", None, &event)), Ok(Some(News::Events { .. }))));
    assert!(matches!(place.take("r", frame("audit", None, "{}")), Err(End::Refused(_))));
}

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
