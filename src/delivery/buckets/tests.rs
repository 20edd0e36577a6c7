use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap()
}

fn limits(bucket: &str, remaining: u32, reset_after: Duration) -> Limits {
    Limits { bucket: Some(bucket.into()), remaining: Some(remaining), reset_after: Some(reset_after) }
}

fn create_in(channel: u64) -> Route {
    Route::of(&Method::POST, &format!("/channels/{channel}/messages"))
}

/// Runs everything that can run without the clock moving.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// Whether a request on `route` would have to wait now.
async fn waits(buckets: &Buckets, route: Route) -> bool {
    tokio::select! {
        biased;
        _ = buckets.permit(route) => false,
        () = settle() => true,
    }
}

#[test]
fn a_route_is_its_path_without_ids_and_its_resource() {
    let route = Route::of(&Method::PATCH, "/channels/2000/messages/77?x=1");
    assert_eq!(route, Route { template: "PATCH /channels/messages/:id".into(), resource: "2000".into() });
    let hook = Route::of(&Method::POST, "/webhooks/5/secret/messages/9");
    assert_eq!(hook, Route { template: "POST /webhooks/messages/:id".into(), resource: "5/secret".into() });
    let me = Route::of(&Method::GET, "/users/@me");
    assert_eq!(me, Route { template: "GET /users/@me".into(), resource: String::new() });
}

#[test]
fn seconds_are_rounded_up_and_nonsense_is_unknown() {
    assert_eq!(seconds("1.5"), Some(Duration::from_millis(1500)));
    assert_eq!(seconds("0.0001"), Some(Duration::from_millis(1)));
    for nonsense in ["", "-1", "NaN", "inf", "soon", "1e300"] {
        assert_eq!(seconds(nonsense), None, "{nonsense}");
    }
}

#[tokio::test]
async fn an_empty_bucket_is_left_alone_until_its_reset_and_others_are_not() {
    let clock = Clock::manual(Timestamp::UNIX_EPOCH);
    let buckets = Buckets::new(clock.clone());
    buckets.permit(create_in(1)).await.answered(&limits("abc", 0, Duration::from_secs(4)));
    clock.advance(Duration::from_millis(3999));
    assert!(waits(&buckets, create_in(1)).await);
    assert!(!waits(&buckets, create_in(2)).await);
    clock.advance(Duration::from_millis(1));
    assert!(!waits(&buckets, create_in(1)).await);
}

#[tokio::test]
async fn routes_that_share_a_bucket_wait_for_each_other() {
    let buckets = Buckets::new(Clock::manual(Timestamp::UNIX_EPOCH));
    let get = Route::of(&Method::GET, "/channels/1/messages");
    buckets.permit(create_in(1)).await.answered(&limits("abc", 3, Duration::from_secs(4)));
    buckets.permit(get.clone()).await.answered(&limits("abc", 0, Duration::from_secs(4)));
    assert!(waits(&buckets, get).await);
    assert!(waits(&buckets, create_in(1)).await);
}

#[tokio::test]
async fn a_429_stops_what_its_scope_covers_for_as_long_as_it_says() {
    for (scope, elsewhere_waits) in [(Scope::User, false), (Scope::Shared, false), (Scope::Global, true)] {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let buckets = Buckets::new(clock.clone());
        buckets.permit(create_in(1)).await.limited(&Limits::default(), scope, Duration::from_millis(1500));
        clock.advance(Duration::from_millis(1499));
        assert!(waits(&buckets, create_in(1)).await, "{scope:?}");
        assert_eq!(waits(&buckets, create_in(2)).await, elsewhere_waits, "{scope:?}");
        clock.advance(Duration::from_millis(1));
        assert!(!waits(&buckets, create_in(1)).await, "{scope:?}");
    }
}

#[tokio::test]
async fn a_request_that_is_given_up_frees_its_bucket() {
    let buckets = Buckets::new(Clock::manual(Timestamp::UNIX_EPOCH));
    let permit = buckets.permit(create_in(1)).await;
    assert!(waits(&buckets, create_in(1)).await);
    drop(permit);
    assert!(!waits(&buckets, create_in(1)).await);
}

/// A server that limits as Discord does: so many requests from the first on, then none until the reset.
#[derive(Default)]
struct Model {
    windows: BTreeMap<u64, (i64, u32)>,
    refused: usize,
}

impl Model {
    fn answer(&mut self, channel: u64, limit: u32, window_ms: i64, now_ms: i64) -> Limits {
        let window = self.windows.entry(channel).or_insert((now_ms + window_ms, 0));
        if now_ms >= window.0 {
            *window = (now_ms + window_ms, 0);
        }
        window.1 += 1;
        if window.1 > limit {
            self.refused += 1;
        }
        let left = u64::try_from(window.0 - now_ms).unwrap();
        limits("abc", limit.saturating_sub(window.1), Duration::from_millis(left))
    }
}

async fn play(limit: u32, window_ms: i64, latencies: Vec<(u64, u64)>) -> (usize, Vec<i64>) {
    let clock = Clock::manual(Timestamp::UNIX_EPOCH);
    let buckets = Buckets::new(clock.clone());
    let model = Arc::new(Mutex::new(Model::default()));
    let starts = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = tokio::task::JoinSet::new();
    for (n, (there, back)) in (0_u64..).zip(latencies) {
        let (clock, buckets, model, starts) = (clock.clone(), buckets.clone(), model.clone(), starts.clone());
        tasks.spawn(async move {
            let channel = n % 3;
            let permit = buckets.permit(create_in(channel)).await;
            starts.lock().unwrap().push(clock.now_ms());
            clock.sleep(Duration::from_millis(there)).await;
            let limits = model.lock().unwrap().answer(channel, limit, window_ms, clock.now_ms());
            clock.sleep(Duration::from_millis(back)).await;
            permit.answered(&limits);
        });
    }
    while !tasks.is_empty() {
        while tasks.try_join_next().is_some() {}
        settle().await;
        clock.advance(Duration::from_millis(10));
    }
    let starts = starts.lock().unwrap().clone();
    (model.lock().unwrap().refused, starts)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_server_that_limits_never_has_to_refuse(
        limit in 1_u32..8,
        window_ms in 50_i64..3_000,
        latencies in prop::collection::vec((0_u64..300, 0_u64..300), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (refused, _) = runtime.block_on(play(limit, window_ms, latencies));
        prop_assert_eq!(refused, 0);
    }
}

#[tokio::test]
async fn no_second_sees_more_requests_than_the_global_limit() {
    let clock = Clock::manual(Timestamp::UNIX_EPOCH);
    let buckets = Buckets::new(clock.clone());
    let starts = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = tokio::task::JoinSet::new();
    for channel in 0..200 {
        let (clock, buckets, starts) = (clock.clone(), buckets.clone(), starts.clone());
        tasks.spawn(async move {
            drop(buckets.permit(create_in(channel)).await);
            starts.lock().unwrap().push(clock.now_ms());
        });
    }
    while !tasks.is_empty() {
        while tasks.try_join_next().is_some() {}
        settle().await;
        clock.advance(Duration::from_millis(50));
    }
    let starts = starts.lock().unwrap().clone();
    for &start in &starts {
        let in_second = starts.iter().filter(|&&other| (start..start + 1000).contains(&other)).count();
        assert!(in_second <= GLOBAL_PER_SECOND, "{in_second} in the second from {start} ms");
    }
}

#[tokio::test]
async fn when_too_many_requests_were_refused_all_sending_pauses() {
    let clock = Clock::manual(at(0));
    let buckets = Buckets::new(clock.clone());
    let mut paused = None;
    while paused.is_none() {
        paused = buckets.permit(create_in(1)).await.invalid();
        clock.advance(Duration::from_millis(100));
    }
    assert_eq!(paused, Some(at(600_000)));
    assert_eq!(buckets.paused_until(), paused);
    assert!(waits(&buckets, create_in(2)).await);
    clock.advance(Duration::from_mins(10));
    assert!(!waits(&buckets, create_in(2)).await);
}
