# Texts of channel messages. What people wrote arrives here escaped and cut to length.

open-link = Open
left-out = { $n ->
    [one] 1 character left out
   *[other] { $n } characters left out
}
more = and { $n } more

# Names of fields.
field-state = State
field-branch = Branch
field-labels = Labels
field-reviewers = Reviewers
field-assignees = Assigned to
field-milestone = Milestone
field-history = History
field-commit = Commit
field-files = Files
field-format = Format
field-severity = Severity
field-since = Since
field-resolved = Resolved
field-duration = Duration
field-value = Value
field-service = Service
field-target = Target
field-method = Checked by
field-ping = Answered in
field-result = Result
field-exit = Ended with
field-journal = Its journal
field-invocation = Invocation
field-reports = Reported by
field-event = Trigger
field-machine = Machine
field-generation = Generation

# Commits, branches and tags.
push-commits = { $n ->
    [one] 1 commit to { $name }
   *[other] { $n } commits to { $name }
}
push-created = { $kind ->
    [branch] { $n ->
        [one] 1 commit to new branch { $name }
       *[other] { $n } commits to new branch { $name }
    }
    [tag] { $n ->
        [one] 1 commit to new tag { $name }
       *[other] { $n } commits to new tag { $name }
    }
   *[other] { $n ->
        [one] 1 commit to new ref { $name }
       *[other] { $n } commits to new ref { $name }
    }
}
more-commits = { $n ->
    [one] and 1 more commit
   *[other] and { $n } more commits
}
ref-created = { $kind ->
    [branch] New branch { $name }
    [tag] New tag { $name }
   *[other] New ref { $name }
}
ref-deleted = { $kind ->
    [branch] Branch { $name } deleted
    [tag] Tag { $name } deleted
   *[other] Ref { $name } deleted
}
ref-moved = { $kind ->
    [branch] Branch { $name } moved to { $sha }
    [tag] Tag { $name } moved to { $sha }
   *[other] Ref { $name } moved to { $sha }
}

# Pull requests and issues.
state-open = Open
state-draft = Draft
state-closed = Closed
state-merged = Merged
review-title = { $verdict ->
    [approved] Approved: { $title }
    [rejected] Changes requested: { $title }
   *[commented] Reviewed: { $title }
}
comment-title = { $action ->
    [edited] Comment edited: { $title }
    [deleted] Comment deleted: { $title }
   *[other] New comment: { $title }
}

# Lines of a history.
step-by = { $what } by { $who }
steps-between = { $n ->
    [one] … 1 step …
   *[other] … { $n } steps …
}
step = { $deed ->
    [opened] Opened
    [reopened] Reopened
    [closed] Closed
    [merged] Merged
    [pushed] { $times ->
        [one] New commits
       *[other] New commits ({ $times } times)
    }
    [edited] Edited
    [approved] Approved
    [rejected] Changes requested
    [commented] Remark
    [labelled] Labels changed
    [milestoned] Milestone changed
    [assigned] Assignment changed
    [review_requested] Reviewers changed
   *[other] { $word }
}

# Releases, checks and workflows.
release-title = { $action ->
    [published] { $kind ->
        [draft] Draft of release { $tag }
        [prerelease] Pre-release { $tag }
       *[release] Release { $tag }
    }
    [deleted] Release { $tag } deleted
   *[other] { $kind ->
        [draft] Draft of release { $tag } updated
        [prerelease] Pre-release { $tag } updated
       *[release] Release { $tag } updated
    }
}
check-state = { $state ->
    [pending] pending
    [success] passed
    [failure] failed
    [error] broken
    [warning] passed with warnings
    [queued] queued
    [waiting] waiting
    [in_progress] running
    [cancelled] cancelled
    [skipped] skipped
   *[other] { $word }
}
status-title = { $context }: { $state }
workflow-title = { $kind ->
    [job] Job { $name }: { $state }
   *[run] Workflow { $name }: { $state }
}

# Repositories, wikis and packages.
repository-title = { $action ->
    [created] Repository created
    [deleted] Repository deleted
    [forked] Forked to { $fork }
   *[other] Repository: { $word }
}
wiki-title = { $action ->
    [created] New wiki page { $page }
    [edited] Wiki page { $page } edited
    [deleted] Wiki page { $page } deleted
   *[other] Wiki page { $page }: { $word }
}
package-title = { $action ->
    [created] New package { $name } { $version }
    [deleted] Package { $name } { $version } deleted
   *[other] Package { $name } { $version }: { $word }
}

# What goes on, or has ended.
life-title = { $state ->
    [flapping] Flapping: { $name }
    [acknowledged] Acknowledged: { $name }
    [silenced] Silenced: { $name }
    [resolved] Resolved: { $name }
   *[firing] Firing: { $name }
}
severity = { $severity ->
    [critical] Critical
    [warning] Warning
   *[info] Information
}
resolved-after = after { $duration }
milliseconds = { $n } ms
acknowledged = 👀 { $who } looks after it since { $since }
silenced = 🔕 Silenced by { $who } until { $until } ({ $left })
flapping = 〰️ Flapping: opened again { $n } times within an hour
reopened = { $n ->
    [one] 🔁 Opened again { $last }
   *[other] 🔁 Opened again { $n } times, the last time { $last }
}
late = 🕰️ Found late: happened { $happened }, found { $found }
late-undated = 🕰️ Found late: { $found }

# Alerts.
link-runbook = Runbook
link-dashboard = Dashboard
link-source = Source
link-silence = Silence
suppressed = { $n ->
    [one] 🔕 Kept quiet by a silence or another alert: { $ids }
   *[other] 🔕 Kept quiet by { $n } silences or other alerts: { $ids }
}
alerts-left-out = { $n ->
    [one] … and 1 more alert of this group, left out by the source
   *[other] … and { $n } more alerts of this group, left out by the source
}

# Services, monitors and units.
availability-title = { $state ->
    [pending] { $name } may be down: being checked again
    [maintenance] { $name } is under maintenance
    [again] { $name } is up again
    [up] { $name } is up
   *[down] { $name } is down
}
report-says = { $says ->
    [up] up
   *[down] down
}
source-name = { $source ->
    [gitea] Gitea
    [alertmanager] Alertmanager
    [grafana] Grafana
    [kuma] Uptime Kuma
    [woodpecker] Woodpecker
    [deploy] Deployment
    [systemd] systemd
    [generic] Webhook
   *[vigie] Vigie
}
unit-title = { $state ->
    [recovered] { $name } works again
    [over] { $name } no longer counts as failed
   *[failed] { $name } failed
}
unit-result = { $result ->
    [exit-code] its program ended with an error
    [signal] its program was killed by a signal
    [core-dump] its program crashed
    [oom-kill] the machine ran out of memory
    [timeout] it took too long
    [watchdog] it no longer gave a sign of life
    [start-limit-hit] it was started too often
    [resources] the system lacked something to start it
    [protocol] it did not behave as its unit says
    [exec-condition] its condition was not met
   *[other] { "" }
}
unit-exit-code = exit code { $code }
unit-exit-signal = { $name ->
    [none] signal { $number }
   *[other] signal { $number } ({ $name })
}

# Somebody tries whether alerts arrive.
test-title = 🧪 Only a test: { $name }

# Pipelines and deployments.
pipeline-title = { $state ->
    [pending] Pipeline #{ $number } waits
    [running] Pipeline #{ $number } runs
    [blocked] Pipeline #{ $number } waits for approval
    [success] Pipeline #{ $number } passed
    [fixed] Fixed by pipeline #{ $number }
    [error] Pipeline #{ $number } could not be run
    [killed] Pipeline #{ $number } was stopped
    [declined] Pipeline #{ $number } was declined
    [skipped] Pipeline #{ $number } was skipped
   *[failure] Pipeline #{ $number } failed
}
pipeline-event = { $event ->
    [push] push
    [pull_request] pull request
    [pull_request_closed] end of a pull request
    [tag] tag
    [release] release
    [deployment] deployment
    [cron] schedule
    [manual] by hand
   *[other] { $word }
}
pipeline-broken-by = ❌ Broken by pipeline #{ $number }
pipeline-before = ❌ The one before failed
step-failed = { $name } failed
step-exited = { $name } failed with exit code { $code }
more-steps = { $n ->
    [one] and 1 more failed step
   *[other] and { $n } more failed steps
}
earlier-lines = { $n ->
    [one] *… 1 earlier line …*
   *[other] *… { $n } earlier lines …*
}
deployment-title = Deployment { $name }: { $state }
deployment-state = { $state ->
    [planned] planned
    [building] building
    [switching] switching over
    [checking] checking its health
    [live] live
    [rolled_back] rolled back
    [failed] failed
   *[other] { $word }
}

# A channel that takes no messages from the bot.
refused-title = A channel takes no messages
refused-text = Channel { $channel }: { $why }. What belongs there is kept, and follows by itself once it can.

# A source that can't be asked.
woodpecker-away-title = Woodpecker can't be reached
woodpecker-away-text = Since { $since } pipelines are not seen: { $reason }. What happens meanwhile is shown, late, when Woodpecker is back.
woodpecker-back-title = Woodpecker is back
woodpecker-back-text = It could not be reached since { $since }. What happened meanwhile is shown now, late.

# Incidents that share one message.
digest-title = { $kind ->
    [storm] { $open ->
        [0] Storm over: { $n } incidents
       *[other] Storm: { $n } incidents, { $open } open
    }
    [quiet] During quiet hours: { $n ->
        [one] 1 incident
       *[other] { $n } incidents
    }{ $open ->
        [0] , none open
       *[other] , { $open } open
    }
   *[backlog] While Discord was away: { $n ->
        [one] 1 incident
       *[other] { $n } incidents
    }{ $open ->
        [0] , none open
       *[other] , { $open } open
    }
}
digest-about = { $kind ->
    [storm] { $open ->
        [0] Too many at once for a message each, since { $since }; all have ended.
       *[other] Too many at once for a message each: since { $since } further ones are added here.
    }
    [quiet] Held back from { $since } to { $until }; as they stand now:
   *[backlog] Waited since { $since }; as they stand now:
}
digest-group = { $severity ->
    [critical] Critical
    [warning] Warning
   *[info] Info
} · { $phase ->
    [open] open
    [ended] ended
   *[said] reported
}: { $n }
