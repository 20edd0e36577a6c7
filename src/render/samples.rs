//! One incident of each kind, for the tests of this module. Invented by hand.

pub(super) mod runs;
pub(super) mod watch;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    event::{Severity, Source, Told},
    incident::{Deed, History, Incident, Life, Step},
    subject::{
        Comment, Commit, Existence, Generic, Issue, Package, Person, PullRequest, Push, RefChange, RefKind,
        Release, RepositoryChange, Review, Standing, Status, Subject, Verdict, Wiki, Workflow,
    },
};

const FORGE: &str = "https://git.example.org/harbor/lighthouse";

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

pub(super) fn person(name: &str) -> Person {
    Person {
        name: name.into(),
        url: Some(format!("https://git.example.org/{name}")),
        avatar: Some(format!("https://git.example.org/avatars/{name}.png")),
    }
}

pub(super) fn incident(subject: Subject) -> Incident {
    Incident {
        source: Source::Gitea,
        key: "key".into(),
        reference: "vg-7k2m9q".into(),
        kind: "kind".into(),
        life: Life::Info,
        severity: Severity::Info,
        subject,
        actor: Some(person("alice")),
        repository: Some("harbor/lighthouse".into()),
        repository_url: Some(FORGE.into()),
        opened: at(0),
        updated: at(60),
        facts_at: None,
        history: History::default(),
        channels: vec![2001],
        mentions: Vec::new(),
        service: None,
        told: Told::AtOnce,
        found: None,
        labels: BTreeMap::new(),
        reports: Vec::new(),
        reopened: Vec::new(),
        acknowledged: None,
        silence: None,
        withheld: None,
        replies: 0,
        broken_by: None,
    }
}

fn commit(number: u64, message: &str, author: &str) -> Commit {
    let id = format!("{number:07x}{}", "0".repeat(33));
    let url = Some(format!("{FORGE}/commit/{id}"));
    Commit { id, message: message.into(), url, author: Some(author.into()) }
}

fn push(before: bool, after: bool, commits: Vec<Commit>, total: u64) -> Subject {
    Subject::Push(Push {
        kind: RefKind::Branch,
        name: "main".into(),
        before: before.then(|| "a".repeat(40)),
        after: after.then(|| "b".repeat(40)),
        commits,
        total,
        compare_url: Some(format!("{FORGE}/compare/aaaaaaa...bbbbbbb")),
    })
}

fn three_commits() -> Vec<Commit> {
    vec![
        commit(0x1a_2b3c, "Light the lamp at dusk\n\nThe keeper forgot twice.", "Alice"),
        commit(0xfe_dcba, "fix: lens_cleaning *must* not @everyone", "Bruno"),
        commit(0x0c_0ffe, "Merge branch 'fog'", "Chloé"),
    ]
}

fn reference(kind: RefKind, name: &str, change: Existence) -> Subject {
    let sha = matches!(change, Existence::Created).then(|| "c".repeat(40));
    Subject::Ref(RefChange {
        kind,
        name: name.into(),
        sha,
        change,
        url: Some(format!("{FORGE}/src/tag/{name}")),
    })
}

pub(super) fn request(standing: Standing, draft: bool) -> PullRequest {
    PullRequest {
        action: "opened".into(),
        number: 12,
        title: "Light the lamp at dusk".into(),
        body: "# Why\nThe keeper [forgot](https://wiki.example.org/keeper) *twice*.\n\n- [x] lamp\n- [ ] horn\n\n```sh\nlamp --on".into(),
        url: Some(format!("{FORGE}/pulls/12")),
        standing,
        draft,
        author: Some(person("alice")),
        head: "feature/dusk".into(),
        head_sha: Some("d".repeat(40)),
        base: "main".into(),
        merge_sha: None,
        labels: vec!["light".into(), "needs review".into()],
        milestone: Some("Winter".into()),
        assignees: vec!["alice".into()],
        reviewers: vec!["bruno".into(), "chloe".into()],
    }
}

fn step(deed: Deed, by: &str, second: i64, times: u32) -> Step {
    Step { deed, by: Some(by.into()), at: at(second), times }
}

fn merged_request() -> Incident {
    let history = History {
        steps: vec![
            step(Deed::Opened, "alice", 0, 1),
            step(Deed::Pushed, "alice", 600, 2),
            step(Deed::Approved, "bruno", 1200, 1),
            step(Deed::Other("auto_merge_scheduled".into()), "chloe", 1500, 1),
            step(Deed::Merged, "chloe", 1800, 1),
        ],
        forgotten: 0,
    };
    let subject = Subject::PullRequest(request(Standing::Merged, false));
    Incident { history, actor: Some(person("chloe")), ..incident(subject) }
}

fn long_history() -> Incident {
    let steps = (0..30).map(|n| step(Deed::Labelled, if n % 2 == 0 { "alice" } else { "bruno" }, n * 60, 1));
    let history = History { steps: steps.collect(), forgotten: 5 };
    Incident { history, ..incident(Subject::Issue(issue(Standing::Open))) }
}

fn issue(standing: Standing) -> Issue {
    Issue {
        action: "opened".into(),
        number: 7,
        title: "The horn is silent in fog".into(),
        body: "Heard nothing since Tuesday.".into(),
        url: Some(format!("{FORGE}/issues/7")),
        standing,
        author: Some(person("dora")),
        labels: vec!["bug".into()],
        milestone: None,
        assignees: Vec::new(),
    }
}

fn review(verdict: Verdict, body: &str) -> Subject {
    Subject::Review(Review {
        number: 12,
        title: "Light the lamp at dusk".into(),
        url: Some(format!("{FORGE}/pulls/12")),
        verdict,
        body: body.into(),
    })
}

fn comment(action: &str) -> Subject {
    Subject::Comment(Comment {
        action: action.into(),
        id: 99,
        on_pull_request: false,
        number: 7,
        title: "The horn is silent in fog".into(),
        url: Some(format!("{FORGE}/issues/7#issuecomment-99")),
        body: "> Heard nothing\n\nSame here, <@1> please look.".into(),
    })
}

fn release(action: &str, prerelease: bool) -> Subject {
    Subject::Release(Release {
        action: action.into(),
        tag: "v1.2.0".into(),
        name: "Brighter".into(),
        body: "## New\n- a lens\n\n## Fixed\n- the horn".into(),
        url: Some(format!("{FORGE}/releases/tag/v1.2.0")),
        draft: false,
        prerelease,
        assets: vec![(
            "lamp-arm64.tar.gz".into(),
            Some(format!("{FORGE}/releases/download/lamp-arm64.tar.gz")),
        )],
    })
}

fn status(state: &str) -> Subject {
    Subject::Status(Status {
        sha: "e".repeat(40),
        context: "ci/woodpecker".into(),
        state: state.into(),
        description: "2 of 3 steps passed".into(),
        url: Some("https://ci.example.org/repos/1/pipeline/4".into()),
    })
}

fn workflow(job: bool, status: &str, conclusion: Option<&str>) -> Subject {
    Subject::Workflow(Workflow {
        name: "build".into(),
        job,
        status: status.into(),
        conclusion: conclusion.map(Into::into),
        branch: Some("main".into()),
        sha: Some("f".repeat(40)),
        url: Some(format!("{FORGE}/actions/runs/3")),
    })
}

fn repository(action: &str) -> Subject {
    let fork = (action == "forked").then(|| "keepers/lighthouse".into());
    let url = (action == "forked").then(|| "https://git.example.org/keepers/lighthouse".into());
    Subject::Repository(RepositoryChange { action: action.into(), fork, url })
}

fn wiki(action: &str) -> Subject {
    Subject::Wiki(Wiki {
        action: action.into(),
        page: "Night watch".into(),
        comment: "add the winter rota".into(),
    })
}

fn package(action: &str) -> Subject {
    Subject::Package(Package {
        action: action.into(),
        name: "lighthouse".into(),
        version: "1.2.0".into(),
        format: "container".into(),
        url: Some("https://git.example.org/harbor/-/packages/container/lighthouse/1.2.0".into()),
    })
}

/// One incident of each kind, under the name of its snapshot.
pub(super) fn all() -> Vec<(&'static str, Incident)> {
    let many = (0..27).map(|n| commit(n, &format!("Step {n}"), "Alice")).collect();
    let local = Incident {
        mentions: vec![3000, 3001],
        ..incident(Subject::Generic(Generic {
            firing: None,
            title: "Something [new](https://evil.example)".into(),
            text: format!("It began so:\n```\n{}```\nAnd ended so.", "a line of the log\n".repeat(300)),
            url: Some("http://gitea:3000/harbor".into()),
        }))
    };
    let plain = |name, subject| (name, incident(subject));
    let forge = vec![
        plain("push", push(true, true, three_commits(), 3)),
        plain("push_of_one", push(true, true, three_commits()[..1].to_vec(), 1)),
        plain("push_of_many", push(true, true, many, 32)),
        plain("push_of_a_new_branch", push(false, true, three_commits(), 3)),
        plain("push_that_moves_a_branch", push(true, true, Vec::new(), 0)),
        plain("push_that_deletes_a_branch", push(true, false, Vec::new(), 0)),
        plain("branch_created", reference(RefKind::Branch, "fog", Existence::Created)),
        plain("tag_created", reference(RefKind::Tag, "v1.2.0", Existence::Created)),
        plain("tag_deleted", reference(RefKind::Tag, "v1.2.0", Existence::Deleted)),
        plain("pull_request_open", Subject::PullRequest(request(Standing::Open, false))),
        plain("pull_request_draft", Subject::PullRequest(request(Standing::Open, true))),
        plain("pull_request_closed", Subject::PullRequest(request(Standing::Closed, false))),
        ("pull_request_merged", merged_request()),
        plain("review_approved", review(Verdict::Approved, "")),
        plain("review_rejected", review(Verdict::Rejected, "The lens is upside down.")),
        plain("review_commented", review(Verdict::Commented, "Nice.")),
        plain("issue_open", Subject::Issue(issue(Standing::Open))),
        plain("issue_closed", Subject::Issue(issue(Standing::Closed))),
        ("issue_with_a_long_history", long_history()),
        plain("comment_created", comment("created")),
        plain("comment_edited", comment("edited")),
        plain("comment_deleted", comment("deleted")),
        plain("release_published", release("published", false)),
        plain("release_prerelease", release("published", true)),
        plain("release_updated", release("updated", false)),
        plain("release_deleted", release("deleted", false)),
        plain("status_pending", status("pending")),
        plain("status_failure", status("failure")),
        plain("workflow_running", workflow(false, "in_progress", None)),
        plain("workflow_failed", workflow(false, "completed", Some("failure"))),
        plain("job_passed", workflow(true, "completed", Some("success"))),
        plain("repository_created", repository("created")),
        plain("repository_deleted", repository("deleted")),
        plain("repository_forked", repository("forked")),
        plain("wiki_created", wiki("created")),
        plain("wiki_deleted", wiki("deleted")),
        plain("package_created", package("created")),
        plain("package_deleted", package("deleted")),
        ("generic_with_mentions_and_a_local_address", local),
    ];
    [forge, watch::all(), runs::all()].concat()
}
