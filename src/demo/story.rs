//! What happens in the demo: a small team and its lighthouse.

use jiff::Timestamp;
use stack_sim::{
    gitea::{Delivery, PullRequestStep, Repository},
    hooks::Hook,
};

use super::{backends::Backends, watch::Watch};

/// The secret that Gitea and Vigie share in the demo.
pub(super) const SECRET: &str = "the demo's own secret";

const PULL_REQUEST: &str = "Turn the lamp by clockwork";
const ISSUE: &str = "The lamp flickers in fog";

/// A thing that can happen by one click.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chapter {
    Push,
    PullRequest,
    Issue,
    Comment,
    Release,
    NastyPush,
    Alert,
    Outage,
    Panel,
    Pipeline,
    Deployment,
    Backup,
    Unit,
    Storm,
}

impl Chapter {
    /// What its button says.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Push => "Push",
            Self::PullRequest => "Pull request",
            Self::Issue => "Issue",
            Self::Comment => "Comment",
            Self::Release => "Release",
            Self::NastyPush => "Nasty push",
            Self::Alert => "Alert (Prometheus)",
            Self::Outage => "Outage (two watchers)",
            Self::Panel => "Alert (Grafana)",
            Self::Pipeline => "Pipeline",
            Self::Deployment => "Deployment",
            Self::Backup => "Cron job",
            Self::Unit => "Unit (systemd)",
            Self::Storm => "Storm of alerts",
        }
    }

    /// Its name in the address that its button posts to.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::PullRequest => "pull-request",
            Self::Issue => "issue",
            Self::Comment => "comment",
            Self::Release => "release",
            Self::NastyPush => "nasty-push",
            Self::Alert => "alert",
            Self::Outage => "outage",
            Self::Panel => "panel",
            Self::Pipeline => "pipeline",
            Self::Deployment => "deployment",
            Self::Backup => "backup",
            Self::Unit => "unit",
            Self::Storm => "storm",
        }
    }
}

/// The story so far.
#[derive(Debug)]
pub(super) struct Story {
    repository: Repository,
    pushes: usize,
    pull_request_steps: u64,
    issues: u64,
    comments: usize,
    releases: usize,
    watch: Watch,
}

impl Default for Story {
    fn default() -> Self {
        Self {
            repository: Repository::new("https://git.harbor.example", "harbor/lighthouse", SECRET),
            pushes: 0,
            pull_request_steps: 0,
            issues: 0,
            comments: 0,
            releases: 0,
            watch: Watch::default(),
        }
    }
}

impl Story {
    /// Every chapter, in the order of the buttons.
    pub(super) const CHAPTERS: [Chapter; 14] = [
        Chapter::Push,
        Chapter::PullRequest,
        Chapter::Issue,
        Chapter::Comment,
        Chapter::Release,
        Chapter::NastyPush,
        Chapter::Alert,
        Chapter::Outage,
        Chapter::Panel,
        Chapter::Pipeline,
        Chapter::Deployment,
        Chapter::Backup,
        Chapter::Unit,
        Chapter::Storm,
    ];

    /// One telling of all of it: a pull request takes four steps to be merged.
    pub(super) const WHOLE: &[Chapter] = &[
        Chapter::Push,
        Chapter::PullRequest,
        Chapter::PullRequest,
        Chapter::PullRequest,
        Chapter::PullRequest,
        Chapter::Issue,
        Chapter::Comment,
        Chapter::Release,
        Chapter::NastyPush,
        Chapter::Alert,
        Chapter::Outage,
        Chapter::Outage,
        Chapter::Panel,
        Chapter::Pipeline,
        Chapter::Deployment,
        Chapter::Backup,
        Chapter::Backup,
        Chapter::Unit,
    ];

    /// What happens next in a chapter, at the time `now`: what is to be posted to Vigie, unless it asks for it.
    pub(super) async fn next(&mut self, chapter: Chapter, backends: &Backends, now: Timestamp) -> Vec<Hook> {
        match chapter {
            Chapter::Push => vec![self.push().into()],
            Chapter::PullRequest => vec![self.pull_request().into()],
            Chapter::Issue => vec![self.issue().into()],
            Chapter::Comment => vec![self.comment().into()],
            Chapter::Release => vec![self.release().into()],
            Chapter::NastyPush => vec![self.nasty_push().into()],
            Chapter::Alert => vec![self.watch.alert(backends, now)],
            Chapter::Outage => vec![self.watch.outage(backends, now)],
            Chapter::Panel => vec![self.watch.panel(now)],
            Chapter::Pipeline => {
                self.watch.pipeline(backends);
                Vec::new()
            }
            Chapter::Deployment => self.watch.deployment(now),
            Chapter::Backup => vec![self.watch.backup()],
            Chapter::Unit => {
                self.watch.unit(backends).await;
                Vec::new()
            }
            Chapter::Storm => vec![self.watch.storm(backends, now)],
        }
    }

    fn nasty_push(&mut self) -> Delivery {
        let messages = [
            "@everyone <@&3000> **look** ||here|| ```",
            "[click](https://evil.example) <script>alert(1)</script>",
            "\u{202e}desrever \u{200b}zero width",
        ];
        self.repository.push("mallory", "main", &messages)
    }

    fn push(&mut self) -> Delivery {
        const COMMITS: [&[&str]; 3] = [
            &["Light the lamp at dusk", "Trim the wick before lighting"],
            &["Sound the horn in fog\n\nTwo long blasts every minute, as the chart says."],
            &["Polish the lens", "Keep the log book dry", "Count passing ships"],
        ];
        self.pushes += 1;
        self.repository.push("alice", "main", COMMITS[(self.pushes - 1) % COMMITS.len()])
    }

    fn pull_request(&mut self) -> Delivery {
        let number = 7 + self.pull_request_steps / 4;
        let step = self.pull_request_steps % 4;
        self.pull_request_steps += 1;
        let (title, head) = (PULL_REQUEST, "clockwork");
        match step {
            0 => self.repository.pull_request("bruno", number, title, head, PullRequestStep::Opened),
            1 => self.repository.pull_request("bruno", number, title, head, PullRequestStep::Synchronized),
            2 => self.repository.approve("chloe", number, title, head, "Runs a whole night on one winding."),
            _ => self.repository.pull_request("chloe", number, title, head, PullRequestStep::Merged),
        }
    }

    fn issue(&mut self) -> Delivery {
        self.issues += 1;
        let text = "Since Tuesday the light is **unsteady** when it is foggy.\n\n- wind: none\n- oil: full";
        self.repository.issue("chloe", 20 + self.issues, ISSUE, text)
    }

    fn comment(&mut self) -> Delivery {
        const WORDS: [&str; 2] = ["The wick is worn: I have a new one.", "Fixed, thank you!"];
        self.comments += 1;
        let words = WORDS[(self.comments - 1) % WORDS.len()];
        self.repository.comment("bruno", 20 + self.issues.max(1), ISSUE, words)
    }

    fn release(&mut self) -> Delivery {
        self.releases += 1;
        let tag = format!("v1.{}.0", self.releases);
        self.repository.release(
            "alice",
            &tag,
            "## What is new\n\n- clockwork turns the lamp\n- a horn for fog",
        )
    }
}

/// What must stand in the channels after one telling, in its order: the channel and a part that no other message has.
pub(super) const EXPECTED: [(&str, &str); 15] = [
    ("forge", "2 commits to main"),
    ("forge", "Merged by chloe"),
    ("forge", "Runs a whole night on one winding"),
    ("forge", "the light is **unsteady**"),
    ("forge", "The wick is worn"),
    ("forge", "zero width"),
    ("releases", "Release v1.1.0"),
    ("alerts", "Firing: LampOilLow"),
    ("alerts", "blog is down"),
    ("alerts", "Firing: Fog ahead"),
    ("alerts", "Backup works again"),
    ("alerts", "tide-table.service failed"),
    ("deploys", "Pipeline #1 failed"),
    ("deploys", "**harbor/lighthouse main** failed"),
    ("deploys", "Deployment pi-000042: live"),
];
