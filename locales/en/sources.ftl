# What Vigie says of the programs that it asks for what was missed. $error is English everywhere.
source-silent = Vigie can't ask { $source }
source-silent-text =
    { $error }
    { source-silent-outlook }
source-silent-outlook = { $source ->
    [systemd] Which units have failed is found once it answers; what fails and recovers before that is not.
   *[other] What its webhooks tell is shown as ever. What they missed is found once it answers.
}
source-refuses-text =
    { $error }
    { $permission }
    { source-silent-outlook }
source-answers = { $source } can be asked again
source-answers-text = { $source ->
    [systemd] Which units have failed meanwhile has been looked for.
   *[other] What its webhooks missed meanwhile has been looked for.
}
permission-alertmanager = It wants no password of its own: what stands before it does. Let api_token_file hold a bearer token that it takes.
permission-gitea = The token in api_token_file needs the scopes read:repository and read:issue, and its user must see the repositories.
permission-grafana = The token in api_token_file must belong to a service account with the permission alert.instances:read, which the role Viewer has.
permission-kuma = api_token_file must hold an API key of Uptime Kuma (Settings, API Keys) that has not expired.
permission-prometheus = It wants no password of its own: what stands before it does. Let Vigie reach it without.
# What Vigie warns of itself.
store-title = Vigie's store
# Vigie's sign of life, a message that is edited.
pulse-title = 💚 Vigie is on the lookout
pulse-text = This sign of life takes the way of every event, every { $minutes } minutes. If the time below is older than that, Vigie does not run, or its way to Discord is broken.
