//! What happens, and what must be seen of it. Invariants: the same number of events gives the same script but for its
//! times; each mark stands for one thing; the steps of one thing come in order, with those of others between them.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use stack_sim::{
    gitea::{PullRequestStep, Repository},
    hooks::{self, Alert, Beat, Hook},
};

use crate::SECRET;

/// The bearer of all hooks that have one.
pub(super) const TOKEN: &str = "simulated";

/// How many repositories have pipelines.
pub(super) const PIPELINES: usize = 8;

/// How many other things begin before the next step of a thing.
const LATER: usize = 12;

/// Who tells Vigie, each on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    Gitea,
    Alertmanager,
    Grafana,
    Kuma,
    Generic,
    Deploy,
    Woodpecker,
}

impl Sender {
    pub(super) const ALL: [Self; 7] = [
        Self::Gitea,
        Self::Alertmanager,
        Self::Grafana,
        Self::Kuma,
        Self::Generic,
        Self::Deploy,
        Self::Woodpecker,
    ];
}

/// One event.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// A webhook.
    Post(Hook),
    /// An alert fires or ends, by Alertmanager's API and perhaps by its webhook.
    Alert(Alert, Option<Hook>),
    /// A pipeline of the branch `mark` of a repository starts.
    Starts { repository: usize, mark: String },
    /// It ends.
    Ends { repository: usize, mark: String, exit_code: i64, log: String },
}

/// What must stand in Discord in the end.
#[derive(Clone, Debug)]
pub(super) struct Expectation {
    /// Exactly one message has this word, beside replies.
    pub(super) mark: String,
    /// That message has these texts, which its last event brings.
    pub(super) says: Vec<String>,
    /// How many replies in the channel have the mark.
    pub(super) notices: Few,
    /// A word of details, and how many there are.
    pub(super) details: (String, Few),
}

/// How many there must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Few {
    None,
    AtMostOne,
    One,
}

/// All that happens.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// What each of [`Sender::ALL`] tells, in order.
    pub(super) queues: [Vec<Deed>; 7],
    pub(super) expectations: Vec<Expectation>,
    pub(super) events: usize,
}

/// The kinds of things, in the order in which they begin; then again.
const CYCLE: [fn(&mut Author); 22] = [
    Author::push,
    Author::alert,
    Author::issue,
    Author::outage,
    Author::push,
    Author::said,
    Author::grafana,
    Author::push,
    Author::failed_deployment,
    Author::comment,
    Author::push,
    Author::failed_pipeline,
    Author::report,
    Author::alert,
    Author::push,
    Author::pull_request,
    Author::comes_again,
    Author::push,
    Author::deployment,
    Author::pulled,
    Author::passed_pipeline,
    Author::said,
];

/// Writes the script.
struct Author {
    repositories: Vec<Repository>,
    channels: Vec<u64>,
    begun: Timestamp,
    /// What begins now.
    number: usize,
    /// What happens, by when.
    slots: Vec<Vec<(Sender, Deed)>>,
    expectations: Vec<Expectation>,
}

/// A script of at least `events` events over `channels`.
pub(super) fn write(events: usize, channels: Vec<u64>, repositories: Vec<Repository>) -> Script {
    let begun = Timestamp::now() - SignedDuration::from_mins(5);
    let mut author =
        Author { repositories, channels, begun, number: 0, slots: Vec::new(), expectations: Vec::new() };
    while author.slots.iter().map(Vec::len).sum::<usize>() < events {
        CYCLE[author.number % CYCLE.len()](&mut author);
        author.number += 1;
    }
    let mut script = Script { expectations: author.expectations, ..Script::default() };
    for (sender, deed) in author.slots.into_iter().flatten() {
        script.queues[sender as usize].push(deed);
        script.events += 1;
    }
    script
}

impl Author {
    fn mark(&self) -> String {
        format!("mk{:05}", self.number)
    }

    fn detail(&self) -> String {
        format!("dt{:05}", self.number)
    }

    fn channel(&self) -> u64 {
        self.channels[self.number % self.channels.len()]
    }

    fn repository(&mut self) -> &mut Repository {
        let at = self.number % self.repositories.len();
        &mut self.repositories[at]
    }

    /// `seconds` after the script began.
    fn at(&self, seconds: i64) -> String {
        (self.begun + SignedDuration::from_secs(seconds)).to_string()
    }

    /// What begins now happens in these steps, by `sender`.
    fn happens(&mut self, sender: Sender, deeds: impl IntoIterator<Item = Deed>) {
        for (step, deed) in deeds.into_iter().enumerate() {
            let slot = self.number + step * LATER;
            if self.slots.len() <= slot {
                self.slots.resize_with(slot + 1, Vec::new);
            }
            self.slots[slot].push((sender, deed));
        }
    }

    /// In the end, one message has the mark and `says`.
    fn shows(&mut self, says: &[&str]) -> &mut Expectation {
        let expectation = Expectation {
            mark: self.mark(),
            says: says.iter().map(|&text| text.to_owned()).collect(),
            notices: Few::None,
            details: (self.detail(), Few::None),
        };
        let at = self.expectations.len();
        self.expectations.push(expectation);
        &mut self.expectations[at]
    }

    fn push(&mut self) {
        let mark = self.mark();
        let push = self.repository().push("alice", "main", &[&mark]);
        self.happens(Sender::Gitea, [Deed::Post(push.into())]);
        self.shows(&[]);
    }

    fn issue(&mut self) {
        let (mark, number) = (self.mark(), self.number as u64 + 1);
        let issue = self.repository().issue("chloe", number, &mark, "It flickers");
        self.happens(Sender::Gitea, [Deed::Post(issue.into())]);
        self.shows(&[]);
    }

    fn comment(&mut self) {
        let (mark, number) = (self.mark(), self.number as u64 + 1);
        let comment = self.repository().comment("alice", number, "It flickers", &mark);
        self.happens(Sender::Gitea, [Deed::Post(comment.into())]);
        self.shows(&[]);
    }

    fn pull_request(&mut self) {
        let (mark, number) = (self.mark(), self.number as u64 + 1);
        let repository = self.repository();
        let steps = [PullRequestStep::Opened, PullRequestStep::Merged]
            .map(|step| Deed::Post(repository.pull_request("bruno", number, &mark, "lamp", step).into()));
        self.happens(Sender::Gitea, steps);
        self.shows(&["🟣"]);
    }

    /// The alert of now; the `round`th time that it fires, or its end then.
    fn an_alert(&self, round: i64, ended: bool) -> Alert {
        Alert {
            labels: vec![
                ("alertname", self.mark()),
                ("severity", "warning".into()),
                ("channel", self.channel().to_string()),
            ],
            summary: "It is dark".into(),
            description: String::new(),
            starts_at: self.at(20 * round),
            ends_at: ended.then(|| self.at(20 * round + 10)),
        }
    }

    fn alert(&mut self) {
        let deeds = [false, true].map(|ended| {
            let alert = self.an_alert(0, ended);
            let hook = hooks::alertmanager(TOKEN, std::slice::from_ref(&alert));
            Deed::Alert(alert, Some(hook))
        });
        self.happens(Sender::Alertmanager, deeds);
        self.shows(&["✅ Resolved"]);
    }

    /// An alert whose webhook never comes.
    fn pulled(&mut self) {
        let alert = Deed::Alert(self.an_alert(0, false), None);
        self.happens(Sender::Alertmanager, [alert]);
        self.shows(&["🟠 Firing"]);
    }

    fn grafana(&mut self) {
        let deeds = [false, true].map(|ended| Deed::Post(hooks::grafana(TOKEN, &self.an_alert(0, ended))));
        self.happens(Sender::Grafana, deeds);
        self.shows(&["✅ Resolved"]);
    }

    /// An alert that fires, ends, and does both again, which is told by a reply.
    fn comes_again(&mut self) {
        let deeds = [(0, false), (0, true), (1, false), (1, true)]
            .map(|(round, ended)| Deed::Post(hooks::grafana(TOKEN, &self.an_alert(round, ended))));
        self.happens(Sender::Grafana, deeds);
        self.shows(&["✅ Resolved"]).notices = Few::One;
    }

    fn outage(&mut self) {
        let (mark, channel) = (self.mark(), self.channel().to_string());
        let deeds = [false, true].map(|up| {
            let time = self.begun + SignedDuration::from_secs(if up { 60 } else { 0 });
            let time = time.strftime("%Y-%m-%d %H:%M:%S.000").to_string();
            let text = if up { "200 - OK" } else { "refused" };
            let (monitor, tags) = (self.number as u64 + 1, [("channel", channel.as_str())]);
            Deed::Post(hooks::kuma(TOKEN, &Beat { monitor, name: &mark, tags: &tags, up, text, time }))
        });
        self.happens(Sender::Kuma, deeds);
        self.shows(&["is up"]);
    }

    fn post(&self, status: &str, key: Option<&str>) -> Deed {
        let mark = self.mark();
        let body = json!({
            "title": mark, "id": format!("{mark}-{status}"), "key": key, "status": status,
            "labels": { "channel": self.channel().to_string() },
        });
        Deed::Post(hooks::generic(TOKEN, "cron", &body))
    }

    fn said(&mut self) {
        let post = self.post("info", None);
        self.happens(Sender::Generic, [post]);
        self.shows(&[]);
    }

    fn report(&mut self) {
        let mark = self.mark();
        let posts = ["firing", "resolved"].map(|status| self.post(status, Some(&mark)));
        self.happens(Sender::Generic, posts);
        self.shows(&["✅ Resolved"]);
    }

    /// The deployment of now is in `state`.
    fn stands(&self, state: &str, seconds: i64, log: &[String]) -> Deed {
        Deed::Post(hooks::deploy(
            SECRET,
            &json!({
                "deployment": self.mark(), "target": self.channel().to_string(), "state": state, "log": log,
                "at": self.at(seconds),
            }),
        ))
    }

    fn deployment(&mut self) {
        let deeds = [("planned", 0), ("building", 10), ("live", 20)]
            .map(|(state, seconds)| self.stands(state, seconds, &[]));
        self.happens(Sender::Deploy, deeds);
        self.shows(&["live", "planned · ", "building · ", "live · "]);
    }

    fn failed_deployment(&mut self) {
        let log = [self.detail()];
        let deeds = [
            self.stands("planned", 0, &[]),
            self.stands("building", 10, &[]),
            self.stands("failed", 20, &log),
        ];
        self.happens(Sender::Deploy, deeds);
        let shown = self.shows(&["failed", "planned · ", "building · ", "failed · "]);
        (shown.notices, shown.details.1) = (Few::One, Few::One);
    }

    fn pipeline(&mut self, exit_code: i64) {
        let (repository, mark, log) = (self.number % PIPELINES, self.mark(), self.detail());
        let starts = Deed::Starts { repository, mark: mark.clone() };
        self.happens(Sender::Woodpecker, [starts, Deed::Ends { repository, mark, exit_code, log }]);
    }

    fn passed_pipeline(&mut self) {
        self.pipeline(0);
        self.shows(&["passed"]);
    }

    /// What is told beside the message depends on what Vigie saw before; the log stands in the message too.
    fn failed_pipeline(&mut self) {
        self.pipeline(3);
        let log = self.detail();
        let shown = self.shows(&["failed with exit code 3", &log]);
        (shown.notices, shown.details.1) = (Few::AtMostOne, Few::AtMostOne);
    }
}
