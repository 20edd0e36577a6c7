use discord_openapi::OpenApi;
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::{
    render::{limits::units, message, samples, snapshots::readable},
    subject::{Gathering, Member, Subject},
};

fn group(severity: Severity, phase: Phase, count: u64, titles: &[&str]) -> Group {
    let member =
        |(n, title): (usize, &&str)| Member { reference: format!("vg-{n:06}"), title: (*title).into() };
    Group { severity, phase, count, members: titles.iter().enumerate().map(member).collect() }
}

fn incident(gathering: Gathering, groups: Vec<Group>) -> Incident {
    let until = (gathering == Gathering::Quiet).then(|| samples::at(36_000));
    let subject = Subject::Digest(Digest { gathering, since: samples::at(0), until, groups });
    Incident { actor: None, repository: None, repository_url: None, ..samples::incident(subject) }
}

fn samples() -> Vec<(&'static str, Incident)> {
    use Phase::{Ended, Open, Said};
    use Severity::{Critical, Info, Warning};
    let storm = vec![
        group(Critical, Open, 2, &["DiskFull: / is 98 % full", "ServiceDown: shop does *not* answer"]),
        group(Critical, Ended, 1, &["ServiceDown: blog does not answer"]),
        group(Warning, Open, 3400, &["HighLatency: p99 is 3 s <@1>", "HighLatency: p99 is 4 s"]),
        group(Warning, Ended, 1, &["HighLatency: p99 is 2 s"]),
    ];
    let over = vec![group(Warning, Ended, 3402, &["HighLatency: p99 is 3 s"])];
    let summary = vec![
        group(Warning, Open, 1, &["Backup: disk full"]),
        group(Warning, Ended, 1, &["HighLatency: p99 is 3 s"]),
        group(
            Info,
            Said,
            2,
            &["push harbor/lighthouse main: Light the lamp", "release harbor/lighthouse v1.2.0"],
        ),
    ];
    let one = vec![group(Warning, Ended, 1, &["HighLatency: p99 is 3 s"])];
    vec![
        ("storm", incident(Gathering::Storm, storm)),
        ("storm_over", incident(Gathering::Storm, over)),
        ("summary", incident(Gathering::Quiet, summary)),
        ("summary_of_one", incident(Gathering::Quiet, one.clone())),
        ("backlog", incident(Gathering::Backlog, one)),
    ]
}

#[test]
fn each_kind_of_digest_reads_well_in_each_language() {
    let description = OpenApi::load();
    for (name, incident) in samples() {
        let messages = Language::ALL.map(|language| message(&incident, language));
        insta::assert_snapshot!(name, messages.each_ref().map(readable).join("\n"));
        for message in description.iter().flat_map(|_| &messages) {
            let body = serde_json::to_value(message).unwrap();
            let violations =
                description.iter().flat_map(|one| one.check_request("POST", "/channels/1/messages", &body));
            assert_eq!(violations.count(), 0, "{body}");
        }
    }
}

#[test]
fn a_hundred_critical_ones_are_all_named() {
    let titles = vec!["ServiceDown: one of very many services does not answer any more"; 100];
    let others = vec!["HighLatency: p99 is 3 s"; 10];
    let groups = vec![
        group(Severity::Critical, Phase::Open, 100, &titles),
        group(Severity::Warning, Phase::Open, 4900, &others),
    ];
    let embed = message(&incident(Gathering::Storm, groups), Language::En).embeds.remove(0);
    for n in 0..100 {
        assert!(embed.description.contains(&format!("`vg-{n:06}` ServiceDown")), "{}", embed.description);
    }
    assert!(embed.description.ends_with("more*"), "{}", embed.description);
}

fn any_group() -> impl Strategy<Value = Group> {
    let words =
        select(vec!["@everyone", "<@&1>", "[a](https://b.example)", "```", "**", "\u{202e}", "🔷", "word "]);
    let title = vec(words, 0..40).prop_map(|words| words.concat());
    let severity = select(vec![Severity::Critical, Severity::Warning, Severity::Info]);
    (severity, select(Phase::ALL.to_vec()), any::<u32>(), vec(title, 0..150)).prop_map(
        |(severity, phase, more, titles)| {
            let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
            group(severity, phase, titles.len() as u64 + u64::from(more), &titles)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_gathered_fits_and_all_of_it_is_counted(
        groups in vec(any_group(), 0..=9), french in any::<bool>(),
        gathering in select(vec![Gathering::Storm, Gathering::Quiet, Gathering::Backlog]),
    ) {
        let counts: Vec<u64> = groups.iter().map(|group| group.count).collect();
        let language = if french { Language::Fr } else { Language::En };
        let embed = message(&incident(gathering, groups), language).embeds.remove(0);
        prop_assert!(units(&embed.title) <= 256 && units(&embed.description) <= 4096, "{embed:?}");
        let text = embed.description.replace("\\]", "");
        for mention in ["@everyone", "<@", "](", "\u{202e}", "```"] {
            prop_assert!(!text.contains(mention), "{mention}: {text}");
        }
        for count in counts {
            prop_assert!(text.contains(&format!(": {count}**")), "{count}: {text}");
        }
        prop_assert_eq!(embed.footer.text, "vg-7k2m9q");
    }
}
