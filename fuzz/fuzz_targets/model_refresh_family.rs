//! Any uses of the refresh tokens of one login, at any times, against the family as its rules say it in words: each token
//! has one successor, a reuse is found, and nothing outlives the family.
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use latchkey::domain::id::TokenId;
use latchkey::domain::session::{Family, Presented, Rotation, TokenPolicy};
use latchkey::domain::time::Timestamp;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
enum Act {
    /// Presents the token so many issues before the newest.
    Present(u8),
    /// Presents a token of nobody.
    Foreign,
    Wait(u32),
    /// The clock is set back.
    Back(u16),
}

const BEGIN: Timestamp = Timestamp::from_seconds(1_800_000_000);

fuzz_target!(|input: (bool, u16, u16, u8, Vec<Act>)| {
    let (is_lazy, refresh_ttl, family_ttl, grace, acts) = input;
    let policy = TokenPolicy {
        access_ttl: Duration::from_secs(60),
        refresh_ttl: Duration::from_secs(u64::from(refresh_ttl) + 1),
        family_ttl: Duration::from_secs(u64::from(family_ttl) + 1),
        rotation: if is_lazy { Rotation::Lazy } else { Rotation::Strict },
        retry_grace: Duration::from_secs(u64::from(grace)),
    };
    let id = |number: usize| TokenId::from_bytes((number as u128 + 1).to_be_bytes());
    let mut now = BEGIN;
    let mut family = Family::begin(now, id(0), &policy);
    let end = BEGIN.plus(policy.family_ttl);
    // When each issue was made, and when it was replaced.
    let mut issued = vec![now];
    let mut replaced: Vec<Timestamp> = Vec::new();
    for act in acts {
        let back = match act {
            Act::Wait(millis) => {
                now = now.plus(Duration::from_millis(u64::from(millis)));
                continue;
            }
            Act::Back(seconds) => {
                now = now.minus(Duration::from_secs(u64::from(seconds)));
                continue;
            }
            Act::Foreign => {
                let before = family;
                let foreign = TokenId::from_bytes([0xff; 16]);
                assert_eq!(family.present(foreign, now, id(issued.len()), &policy), Presented::Reused);
                assert_eq!(family, before);
                break;
            }
            Act::Present(back) => usize::from(back),
        };
        let Some(at) = issued.len().checked_sub(1 + back) else { continue };
        let dies = issued[at].plus(policy.refresh_ttl).min(end);
        let before = family;
        let said = family.present(id(at), now, id(issued.len()), &policy);
        match said {
            Presented::Rotated => {
                assert!(back == 0 && now < dies, "only the newest has a successor, while it lives");
                (issued.push(now), replaced.push(now));
            }
            Presented::Repeated => {
                let apart = now.since(replaced[at]).max(replaced[at].since(now));
                assert!(back == 1 && now < dies && (is_lazy || apart <= policy.retry_grace));
            }
            Presented::Expired => assert!(back <= 1 && now.plus(Duration::from_secs(1)) > dies),
            Presented::Reused => assert!(back >= 1),
        }
        assert_eq!(family.head.id, id(issued.len() - 1), "one lineage");
        assert!(family.head.expires_at <= end && family.expires_at <= end);
        if said != Presented::Rotated {
            assert_eq!(family, before);
        }
        if said == Presented::Reused {
            break;
        }
    }
});
