//! Those who tell Vigie. Invariants: what got no 2xx is told again, the same; Alertmanager's API says what its
//! webhooks are about to say; what has no webhook happens whether Vigie runs or not.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Mutex,
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::join_all;
use http_body_util::Full;
use hyper::Request;
use jiff::Timestamp;
use stack_sim::{
    alertmanager::Alertmanager,
    hooks::{Alert, Hook},
    woodpecker::{Dialect, Options, Start, Woodpecker},
};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::script::{Deed, PIPELINES, TOKEN};
use crate::{Lab, Peer};

/// The programs, and what they still have to tell.
pub(super) struct World {
    alertmanager: Alertmanager,
    woodpecker: Woodpecker,
    woodpecker_address: String,
    known: Mutex<Known>,
    _serving: DropGuard,
}

#[derive(Default)]
struct Known {
    /// What fires, by its name.
    firing: BTreeMap<String, Alert>,
    /// The pipelines, by their branch.
    pipelines: BTreeMap<String, u64>,
}

impl World {
    /// A world in which nothing has happened. Pipelines are those of the first channels' repositories.
    pub(super) async fn new(lab: &Lab) -> Self {
        let options = Options {
            dialect: Dialect::V3,
            token: TOKEN.to_owned(),
            // A little behind, so that what ends while Vigie is away does so before it starts.
            now: Box::new(|| Timestamp::now().as_second() - 5),
            ping: Duration::from_secs(30),
        };
        let woodpecker = Woodpecker::new(options);
        for channel in lab.route_channels().take(PIPELINES) {
            woodpecker.activate(&format!("harbor/channel-{channel}"));
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let woodpecker_address = listener.local_addr().unwrap().to_string();
        let stop = CancellationToken::new();
        let serve = woodpecker.clone().serve(listener, stop.clone());
        tokio::spawn(async { serve.await.unwrap() });
        let alertmanager = Alertmanager::start().await.unwrap();
        let (known, stop) = (Mutex::default(), stop.drop_guard());
        Self { alertmanager, woodpecker, woodpecker_address, known, _serving: stop }
    }

    /// A configuration that hears and asks them all, with a route for each channel.
    pub(super) fn configuration(&self, lab: &Lab) -> String {
        let folder = lab.folder().display();
        let token = format!("token_file = \"{folder}/token\"");
        let route = |id| {
            [
                "repository = \"harbor/channel-{}\"",
                "labels = { channel = \"{}\" }",
                "labels = { target = \"{}\" }",
            ]
            .map(|condition| {
                let condition = condition.replace("{}", &format!("{id}"));
                format!("[[routes]]\n{condition}\nchannels = [{id}]\ndigest_after = 0\n")
            })
            .concat()
        };
        let routes: String = lab.route_channels().map(route).collect();
        lab.configuration(&format!(
            "[sources.alertmanager]\n{token}\nurl = \"http://{}\"\n[sources.grafana]\n{token}\n\
             [sources.kuma]\n{token}\n[sources.generic.cron]\n{token}\n\
             [sources.deploy]\nsecret_file = \"{folder}/secret\"\n\
             [sources.woodpecker]\nurl = \"http://{}\"\napi_{token}\n{routes}",
            self.alertmanager.address, self.woodpecker_address
        ))
    }

    /// Each sender tells on, until no more than `keep` of its queue is left or Vigie is gone.
    pub(super) async fn tell(&self, vigie: &Peer, queues: &mut [VecDeque<Deed>], keep: &[usize]) {
        let senders = std::iter::zip(queues, keep).map(async |(queue, keep)| {
            while queue.len() > *keep
                && let Some(deed) = queue.front()
                && self.does(vigie, deed).await
            {
                queue.pop_front();
            }
        });
        join_all(senders).await;
    }

    /// Whether what happens is told, if it is told at all.
    async fn does(&self, vigie: &Peer, deed: &Deed) -> bool {
        match deed {
            Deed::Post(hook) => took(vigie, hook).await,
            Deed::Alert(alert, hook) => {
                {
                    let mut known = self.known.lock().unwrap();
                    let name = alert.labels[0].1.clone();
                    match alert.ends_at {
                        None => known.firing.insert(name, alert.clone()),
                        Some(_) => known.firing.remove(&name),
                    };
                    self.alertmanager.fire(known.firing.values());
                }
                match hook {
                    Some(hook) => took(vigie, hook).await,
                    None => true,
                }
            }
            Deed::Starts { repository, mark } => {
                let id = i64::try_from(*repository).unwrap() + 1;
                let git_ref = format!("refs/heads/{mark}");
                let start =
                    Start { branch: mark, git_ref: &git_ref, ..Start::push("alice", "Light the lamp") };
                let number = self.woodpecker.start(id, &start);
                self.woodpecker.run(id, number);
                self.known.lock().unwrap().pipelines.insert(mark.clone(), number);
                true
            }
            Deed::Ends { repository, mark, exit_code, log } => {
                let id = i64::try_from(*repository).unwrap() + 1;
                let number = self.known.lock().unwrap().pipelines[mark];
                self.woodpecker.write(id, number, &[log]);
                self.woodpecker.end(id, number, *exit_code);
                true
            }
        }
    }
}

/// Posts a webhook until it is stored; `false` if Vigie is gone.
async fn took(vigie: &Peer, hook: &Hook) -> bool {
    loop {
        let mut request = Request::post(format!("{}{}", vigie.origin, hook.path));
        for (name, value) in &hook.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(hook.body.clone()))).unwrap();
        match vigie.client.try_request(request).await {
            Some(answer) if answer.is_success() => return true,
            Some(answer) if answer.status == 503 => tokio::time::sleep(Duration::from_millis(50)).await,
            Some(answer) => panic!("{answer:?} for {hook:?}"),
            None => return false,
        }
    }
}
