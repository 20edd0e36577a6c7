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

# A channel that takes no messages from the bot.
refused-title = A channel takes no messages
refused-text = Channel { $channel }: { $why }. What belongs there is kept, and follows by itself once it can.
