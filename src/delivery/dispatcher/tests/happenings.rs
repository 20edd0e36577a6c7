//! Any order of changes, faults, kills and waits.

use proptest::prelude::*;

use super::*;

/// What happens to a running Vigie.
#[derive(Clone, Debug)]
enum Happening {
    /// A message, or its new version.
    Put(u8),
    Fault(&'static str, Kind, u32),
    Kill,
    /// So many half seconds go by.
    Time(u16),
}

fn happening() -> impl Strategy<Value = Happening> {
    let kind = prop_oneof![
        Just(Kind::DropAnswer),
        Just(Kind::Cut),
        Just(Kind::Hang),
        Just(Kind::ActAndHang),
        Just(Kind::Status(502, 0)),
        Just(Kind::Status(403, 50013)),
        Just(Kind::RateLimit("user", 2.5)),
    ];
    prop_oneof![
        4 => (0_u8..6).prop_map(Happening::Put),
        3 => (prop_oneof![3 => Just("POST"), 1 => Just("PATCH")], kind, 1_u32..3)
            .prop_map(|(method, kind, times)| Happening::Fault(method, kind, times)),
        1 => Just(Happening::Kill),
        2 => (0_u16..8).prop_map(Happening::Time),
        1 => (130_u16..400).prop_map(Happening::Time),
    ]
}

async fn live_through(happenings: Vec<Happening>) {
    let mut bench = Bench::new().await;
    bench.start();
    let mut wanted: Vec<(u8, String)> = Vec::new();
    for (n, happening) in happenings.into_iter().enumerate() {
        match happening {
            Happening::Put(message) => {
                let text = format!("{message}: {n}");
                bench.put(&message.to_string(), GENERAL, &text).await;
                match wanted.iter_mut().find(|(known, _)| *known == message) {
                    Some((_, newest)) => *newest = text,
                    None => wanted.push((message, text)),
                }
            }
            Happening::Fault(method, kind, times) => {
                bench.discord.fault(Fault { method, channel: GENERAL, kind, times });
            }
            Happening::Kill => {
                bench.kill().await;
                bench.start();
            }
            Happening::Time(steps) => {
                for _ in 0..steps {
                    bench.clock.advance(Duration::from_millis(500));
                    Clock::system().sleep(Duration::from_millis(1)).await;
                }
            }
        }
    }
    bench.wait("all sent", Duration::from_millis(500), Bench::all_sent).await;
    let wanted: Vec<_> = wanted.into_iter().map(|(_, text)| text).collect();
    assert_eq!(bench.discord.texts(GENERAL), wanted);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn whatever_happens_each_message_shows_once_in_order_and_in_its_newest_version(
        happenings in prop::collection::vec(happening(), 1..30),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(live_through(happenings));
    }
}
