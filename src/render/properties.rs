//! The invariants of this module, over arbitrary subjects.

mod longest;
mod subjects;

use discord_openapi::OpenApi;
use proptest::{collection::vec, option, prelude::*, sample::select};

use self::subjects::{living, running, time, watched};
use super::{limits::units, markdown, message, message::Message, samples};
use crate::{
    incident::{Deed, History, Incident, Step},
    language::Language,
    subject::{
        Comment, Commit, Existence, Issue, Package, Person, PullRequest, Push, RefChange, RefKind, Release,
        RepositoryChange, Review, Standing, Status, Subject, Verdict, Wiki, Workflow,
    },
};

/// Words that have broken chat bots before, and any others.
fn words() -> BoxedStrategy<String> {
    let nasty = select(vec![
        "```",
        "`",
        "``",
        "````",
        "\n",
        "\\",
        "@everyone",
        "@here",
        "@\u{200b}here",
        "<@1>",
        "<@&2>",
        "<#3>",
        "</x:1>",
        "[",
        "](",
        ")",
        "](https://evil.example)",
        "[a](https://b.example)",
        "https://a.example/",
        "\u{202e}",
        "\u{200b}",
        "\u{200d}",
        "🔷",
        "👩\u{200d}🚀",
        "e\u{301}",
        "||",
        "**",
        "__",
        "~~",
        "# ",
        ">>> ",
        "-# ",
        "- [ ] ",
        "<!--",
        "-->",
        " ",
        "word",
        "<",
        "@",
        "every",
        "one",
        "here",
    ]);
    let piece = prop_oneof![4 => nasty.prop_map(String::from), 1 => any::<String>()];
    (vec(piece, 0..8), prop_oneof![3 => Just(1_usize), 1 => Just(200)])
        .prop_map(|(pieces, times)| pieces.concat().repeat(times))
        .boxed()
}

fn address() -> BoxedStrategy<Option<String>> {
    option::of(prop_oneof![
        words(),
        words().prop_map(|path| format!("https://a.example/{path}")),
        words().prop_map(|path| format!("http://pi:3000/{path}")),
        Just(format!("http://pi/{}", "x".repeat(488)))
    ])
    .boxed()
}

fn person() -> BoxedStrategy<Option<Person>> {
    option::of((words(), address(), address()).prop_map(|(name, url, avatar)| Person { name, url, avatar }))
        .boxed()
}

fn code() -> BoxedStrategy<Subject> {
    let commit = (words(), words(), address(), option::of(words()))
        .prop_map(|(id, message, url, author)| Commit { id, message, url, author });
    let kind = || select(vec![RefKind::Branch, RefKind::Tag, RefKind::Other]);
    let push = (
        kind(),
        words(),
        option::of(words()),
        option::of(words()),
        vec(commit, 0..15),
        any::<u64>(),
        address(),
    )
        .prop_map(|(kind, name, before, after, commits, total, compare_url)| {
            Subject::Push(Push { kind, name, before, after, commits, total, compare_url })
        });
    let change = select(vec![Existence::Created, Existence::Deleted]);
    let change = (kind(), words(), option::of(words()), change, address())
        .prop_map(|(kind, name, sha, change, url)| Subject::Ref(RefChange { kind, name, sha, change, url }));
    prop_oneof![push.boxed(), change.boxed()].boxed()
}

fn discussion() -> BoxedStrategy<Subject> {
    let standing = || select(vec![Standing::Open, Standing::Closed, Standing::Merged]);
    let names = || vec(words(), 0..30);
    let head = (words(), any::<u64>(), words(), words(), address(), standing());
    let request =
        (head, any::<bool>(), person(), words(), words(), names(), option::of(words()), names(), names())
            .prop_map(|(head, draft, author, branch, base, labels, milestone, assignees, reviewers)| {
                let (action, number, title, body, url, standing) = head;
                Subject::PullRequest(PullRequest {
                    action,
                    number,
                    title,
                    body,
                    url,
                    standing,
                    draft,
                    author,
                    head: branch,
                    base,
                    labels,
                    milestone,
                    assignees,
                    reviewers,
                    head_sha: None,
                    merge_sha: None,
                })
            });
    let head = (words(), any::<u64>(), words(), words(), address(), standing());
    let issue = (head, person(), names(), option::of(words()), names()).prop_map(
        |((action, number, title, body, url, standing), author, labels, milestone, assignees)| {
            Subject::Issue(Issue {
                action,
                number,
                title,
                body,
                url,
                standing,
                author,
                labels,
                milestone,
                assignees,
            })
        },
    );
    let verdict = select(vec![Verdict::Approved, Verdict::Rejected, Verdict::Commented]);
    let review = (any::<u64>(), words(), address(), verdict, words()).prop_map(
        |(number, title, url, verdict, body)| Subject::Review(Review { number, title, url, verdict, body }),
    );
    let comment = (words(), any::<u64>(), words(), address(), words()).prop_map(
        |(action, number, title, url, body)| {
            Subject::Comment(Comment { action, id: number, on_pull_request: true, number, title, url, body })
        },
    );
    prop_oneof![request.boxed(), issue.boxed(), review.boxed(), comment.boxed()].boxed()
}

fn report() -> BoxedStrategy<Subject> {
    let assets = vec((words(), address()), 0..30);
    let action =
        || prop_oneof![select(vec!["published", "created", "deleted"]).prop_map(String::from), words()];
    let release = (action(), words(), words(), words(), address(), any::<bool>(), any::<bool>(), assets)
        .prop_map(|(action, tag, name, body, url, draft, prerelease, assets)| {
            Subject::Release(Release { action, tag, name, body, url, draft, prerelease, assets })
        });
    let status = (words(), words(), words(), words(), address()).prop_map(
        |(sha, context, state, description, url)| {
            Subject::Status(Status { sha, context, state, description, url })
        },
    );
    let workflow = (
        words(),
        any::<bool>(),
        words(),
        option::of(words()),
        option::of(words()),
        option::of(words()),
        address(),
    )
        .prop_map(|(name, job, status, conclusion, branch, sha, url)| {
            Subject::Workflow(Workflow { name, job, status, conclusion, branch, sha, url })
        });
    let repository = (action(), option::of(words()), address())
        .prop_map(|(action, fork, url)| Subject::Repository(RepositoryChange { action, fork, url }));
    let wiki = (action(), words(), words())
        .prop_map(|(action, page, comment)| Subject::Wiki(Wiki { action, page, comment }));
    let package =
        (action(), words(), words(), words(), address()).prop_map(|(action, name, version, format, url)| {
            Subject::Package(Package { action, name, version, format, url })
        });
    prop_oneof![
        release.boxed(),
        status.boxed(),
        workflow.boxed(),
        repository.boxed(),
        wiki.boxed(),
        package.boxed()
    ]
    .boxed()
}

fn incident() -> BoxedStrategy<Incident> {
    let deed = prop_oneof![
        select(vec![Deed::Opened, Deed::Pushed, Deed::ReviewRequested, Deed::Rejected]),
        words().prop_map(Deed::Other)
    ];
    let step = (deed, option::of(words()), time(), any::<u32>()).prop_map(|(deed, by, at, times)| Step {
        deed,
        by,
        at,
        times,
    });
    let history =
        (vec(step, 0..40), any::<u32>()).prop_map(|(steps, forgotten)| History { steps, forgotten });
    let subject = prop_oneof![code(), discussion(), report(), watched(), running()];
    let incident = (subject, person(), option::of(words()), address(), history, vec(any::<u64>(), 0..100))
        .prop_map(|(subject, actor, repository, repository_url, history, mentions)| Incident {
            actor,
            repository,
            repository_url,
            history,
            mentions,
            ..samples::incident(subject)
        })
        .boxed();
    living(incident)
}

/// Each text of a message with the limit that Discord sets for it.
fn texts(message: &Message) -> Vec<(&str, usize)> {
    message
        .embeds
        .iter()
        .flat_map(|embed| {
            let fields = embed
                .fields
                .iter()
                .flat_map(|field| [(field.name.as_str(), 256), (field.value.as_str(), 1024)]);
            [
                (embed.title.as_str(), 256),
                (embed.description.as_str(), 4096),
                (embed.footer.text.as_str(), 2048),
            ]
            .into_iter()
            .chain(embed.author.iter().map(|author| (author.name.as_str(), 256)))
            .chain(fields)
        })
        .collect()
}

/// Whether a mention stands in `text`: an own timestamp is none, and who looks after it is named in an embed,
/// where nobody is pinged.
fn mentions(text: &str, incident: &Incident) -> bool {
    let acknowledged = incident.acknowledged.iter().map(|by| by.by);
    let silence = incident.silence.iter().map(|by| by.by);
    let ours = acknowledged.chain(silence).map(markdown::user);
    let text = ours.fold(text.to_lowercase(), |text, user| text.replacen(&user, "", 1));
    ["@everyone", "@here", "<@", "<#", "<id:"].iter().any(|mention| text.contains(mention))
}

/// Whether there is a link with words over its address; ours are code, or one of these.
fn hides_an_address(text: &str) -> bool {
    let ours = |label: &str| {
        let label: String = label.chars().filter(|c| !c.is_ascii_digit()).collect();
        [
            "",
            "Open",
            "Ouvrir",
            "and  more commits",
            "et  autres commits",
            "and  more commit",
            "et  autre commit",
            "Runbook",
            "Dashboard",
            "Source",
            "Silence",
            "Procédure",
            "Tableau de bord",
            "Origine",
            "Mettre en sourdine",
        ]
        .contains(&label.as_str())
    };
    let mut label = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '[' if !escaped => label = Some(at + 1),
            ']' if !escaped
                && text[at + 1..].starts_with('(')
                && label.is_some_and(|from| !ours(&text[from..at])) =>
            {
                return true;
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    false
}

/// What stands outside code, where Discord reads Markdown.
fn outside_code(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.trim_start_matches('`');
        let run = &rest[..rest.len() - after.len()];
        let closes = |at: &usize| {
            let (before, behind) = (&after[..*at], &after[at + run.len()..]);
            run.len() == 3 || !before.ends_with('`') && !behind.starts_with('`')
        };
        let end = after.match_indices(run).map(|(at, _)| at).find(closes);
        if c == '\\' {
            let length = rest.chars().take(2).map(char::len_utf8).sum();
            out.push_str(&rest[..length]);
            rest = &rest[length..];
        } else if let Some(end) = end.filter(|_| c == '`') {
            rest = &after[end + run.len()..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_message_can_be_refused_or_misused(incident in incident(), french in any::<bool>()) {
        let language = if french { Language::Fr } else { Language::En };
        let message = message(&incident, language);

        let mut total = 0;
        for (text, limit) in texts(&message) {
            prop_assert!(!text.trim().is_empty() || limit == 4096, "an empty text: {message:?}");
            prop_assert!(units(text) <= limit, "{} units of {limit}: {text}", units(text));
            prop_assert!(!mentions(text, &incident), "a mention: {text}");
            prop_assert!(!text.contains(['\u{202e}', '\u{2066}', '\u{feff}']), "an unseen mark: {text}");
            total += units(text);
        }
        prop_assert!(total <= 6000, "{total} units in all");
        prop_assert!(message.content.len() <= 2000);

        if let Some(description) = OpenApi::load() {
            let body = serde_json::to_value(&message).unwrap();
            let violations = description.check_request("POST", "/channels/1/messages", &body);
            prop_assert!(violations.is_empty(), "{violations:?}: {body}");
        }

        let embed = &message.embeds[0];
        // Discord reads Markdown in these, not in the author and the footer.
        let values = embed.fields.iter().map(|field| &field.value);
        for text in [&embed.title, &embed.description].into_iter().chain(values) {
            prop_assert_eq!(text.matches("```").count() % 2, 0, "an open code block: {}", text);
            prop_assert!(!hides_an_address(&outside_code(text)), "a hidden address: {text}");
        }
        prop_assert!(embed.footer.text.ends_with("vg-7k2m9q"));
        prop_assert!(embed.fields.len() <= 25);
        let roles: std::collections::BTreeSet<u64> = incident.mentions.iter().copied().collect();
        let roles: Vec<String> = roles.iter().take(super::ROLES).map(u64::to_string).collect();
        prop_assert_eq!(
            serde_json::to_value(&message.allowed_mentions).unwrap(),
            serde_json::json!({ "parse": [], "roles": roles })
        );
    }

    #[test]
    fn what_people_write_hides_no_address(body in words()) {
        let text = outside_code(&super::markdown::block(&body));
        prop_assert!(!hides_an_address(&text), "{text}");
        let text = super::markdown::inline(&body);
        prop_assert!(!hides_an_address(&text), "{text}");
    }
}
