use std::collections::BTreeSet;

use super::*;

#[test]
fn every_kind_has_a_name_of_its_own_a_cause_and_where_it_denies_a_mend() {
    let names: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), Kind::ALL.len());
    for kind in Kind::ALL {
        assert!(!kind.cause().is_empty(), "{kind:?}");
        assert_eq!(kind.mend().is_empty(), kind.verdict() == Verdict::Passed, "{kind:?}");
        assert_eq!(Kind::named(kind.name()), Some(*kind));
    }
}

#[test]
fn the_sentences_are_filled_with_the_facts() {
    let step = Kind::LimitReached
        .with("class", "login")
        .with("of", "address")
        .with("count", 10_u32)
        .with("period", Duration::from_secs(900))
        .with("again", Duration::from_millis(89_001));
    let told = step.told();
    assert_eq!(
        told.cause,
        "The budget of `login` for this address is used up: 10 in 15 min. There is one again in 1 min 30 s."
    );
    assert_eq!(told.mend, "Wait 1 min 30 s, or raise `login` in `[limits]`.");
    assert_eq!((told.verdict, told.facts.len()), (Verdict::Limited, 5));
}

#[test]
fn a_value_is_not_looked_through_for_gaps_and_a_missing_one_is_said() {
    let facts = vec![("a".to_owned(), "{b}".to_owned()), ("b".to_owned(), "secret".to_owned())];
    assert_eq!(filled("{a} and {c}", &facts), "{b} and unknown");
    let told = Told::new("of_the_future", facts);
    assert_eq!((told.verdict, told.mend.as_str()), (Verdict::Denied, ""));
}

#[test]
fn the_last_step_that_was_no_good_decides() {
    let steps = [Kind::TokenExpired, Kind::LimitReached, Kind::Room].map(|kind| Step::from(kind).told());
    assert_eq!(deciding(&steps).map(|step| step.name.as_str()), Some("limit_reached"));
    assert_eq!(deciding(&steps[2..]), None);
}

#[test]
fn times_are_spelled_in_their_two_largest_units() {
    let spelled = |seconds| Fact::For(Duration::from_secs(seconds)).to_string();
    for (seconds, text) in
        [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_601, "1 h"), (90_061, "1 d 1 h"), (3_660, "1 h 1 min")]
    {
        assert_eq!(spelled(seconds), text);
    }
}
