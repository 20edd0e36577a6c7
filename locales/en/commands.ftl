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
status-state-ok = works
status-state-warning = works, but look at it
status-state-waiting = waits
status-state-failed = failed
status-reason = { $state }: { $reason }
status-waiting = Waiting
status-uptime = Running for
status-counts = Events: { $inbox }, messages: { $outbox }, held back: { $parked }
