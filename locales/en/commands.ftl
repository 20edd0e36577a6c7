# Texts of commands and their answers.

answer-late = { $asker } asked for /{ $command }, which took too long to be answered in private:

error-store-unavailable = The store does not answer. Try again in a minute; if it stays so, the log of vigie.service says why.
error-command-outdated = This command has changed. Reload Discord (Ctrl-R) and try again.
error-fault = That is a fault of Vigie. Its log says more.

help-description = List the commands
help-title = Vigie's commands

ping-description = Is Vigie there, and how fast is Discord?
ping-title = Here I am
ping-gateway = Gateway: { $milliseconds } ms
ping-gateway-unknown = Gateway: not measured yet
ping-rest = REST: { $milliseconds } ms

roles-silent = Nobody is pinged when role { $name } ({ $id }) is mentioned: make the role mentionable, or give Vigie's role the permission "Mention @everyone, @here and All Roles".
roles-unknown = The guild has no role { $id }, which the configuration calls { $name }: correct [roles].

span-days = { $n } d
span-hours = { $n } h
span-minutes = { $n } min
span-seconds = { $n } s

status-description = How Vigie is: its parts, its version, what waits
status-part-store = Store
status-part-gateway = Gateway
status-part-delivery = Delivery
status-part-lease = Lease
status-part-sources = Sources
status-state-ok = works
status-state-warning = works, but look at it
status-state-waiting = waits
status-state-failed = failed
status-reason = { $state }: { $reason }
status-waiting = Waiting
status-uptime = Running for
status-counts = Events: { $inbox }, messages: { $outbox }, held back: { $parked }

# Buttons on alerts.

button-acknowledge = Acknowledge
button-release = Undo acknowledge
button-silence-hour = Silence 1 h
button-silence-four-hours = Silence 4 h
button-silence-until = Silence until…
button-unsilence = Undo silence
button-runbook = Runbook
button-forbidden = You may not do that: it takes the permission "{ $permission }". Who has it: { $who }.
button-unknown = This version of Vigie does not know that button. A newer message of the same incident may have one that works.
button-late = { $who }, your press took too long to be answered in private: { $text }

action-acknowledged = You look after it now. That ends with the incident; "Undo acknowledge" ends it sooner.
action-acknowledged-already = { $who } looks after it already, since { $when }.
action-released = Nobody looks after it any more.
action-released-already = Nobody looked after it.
action-silenced = Silenced in Alertmanager until { $until } ({ $when }). "Undo silence" ends that sooner.
action-silenced-already = { $who } has silenced it already, until { $until } ({ $when }).
action-unsilenced = The silence is over. If the alert still fires, Alertmanager reports it again.
action-unsilenced-already = It was not silenced.
action-under-way = Somebody else is just doing that. Look at the message in a moment.
action-over = This incident is over; there is nothing left to do.
action-unknown = Vigie does not know this incident any more: it is over, and older than what is kept.
action-unsilenceable = This can't be silenced: it shows no alert of Alertmanager, or Vigie has no address to ask one at.
action-refused = Alertmanager did not do it, and nothing was changed: { $reason }
action-unsure = Alertmanager did not answer, so it is not certain whether it did it. Vigie looks it up, and the message shows it within some minutes: { $reason }

until-title = Silence until…
until-label = For how long, or until when?
until-placeholder = 2h30m, 3d, or 2026-12-24 08:00 Europe/Paris
until-unreadable = I can't read { $text } as a time.
until-past = { $text } is not in the future.
until-too-far = { $text } is more than a year ahead.
until-expected = Expected is a duration such as `90m`, `2h30m` or `3d`, or a time as `YYYY-MM-DD HH:MM`, in UTC or with an offset or a time zone behind it: `2026-12-24 08:00 Europe/Paris`. Nothing was changed.

permission-nobody = nobody yet
