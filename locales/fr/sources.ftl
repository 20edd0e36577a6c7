# What Vigie says of the programs that it asks for what was missed. $error is English everywhere.
source-silent = Vigie ne peut pas interroger { $source }
source-silent-text =
    { $error }
    { source-silent-outlook }
source-silent-outlook = { $source ->
    [systemd] Les unités en échec seront retrouvées dès qu’il répondra ; celles qui échouent et se rétablissent d’ici là ne le seront pas.
   *[other] Ce que ses webhooks annoncent reste affiché. Ce qu’ils ont manqué sera retrouvé dès qu’il répondra.
}
source-refuses-text =
    { $error }
    { $permission }
    { source-silent-outlook }
source-answers = { $source } peut de nouveau être interrogé
source-answers-text = { $source ->
    [systemd] Les unités tombées en échec entre-temps ont été recherchées.
   *[other] Ce que ses webhooks ont manqué entre-temps a été recherché.
}
permission-alertmanager = Il ne demande lui-même aucun mot de passe : ce qui est placé devant lui en demande un. Mettez dans api_token_file un jeton (bearer) accepté.
permission-gitea = Le jeton dans api_token_file doit avoir les portées read:repository et read:issue, et son utilisateur doit voir les dépôts.
permission-grafana = Le jeton dans api_token_file doit appartenir à un compte de service qui a la permission alert.instances:read, comprise dans le rôle Viewer.
permission-kuma = api_token_file doit contenir une clé API d’Uptime Kuma (Paramètres, Clés API) qui n’a pas expiré.
permission-prometheus = Il ne demande lui-même aucun mot de passe : ce qui est placé devant lui en demande un. Laissez Vigie l’atteindre sans.
# What Vigie warns of itself.
store-title = La base de Vigie
# Vigie's sign of life, a message that is edited.
pulse-title = 💚 Vigie veille
pulse-text = Ce signe de vie prend le chemin de tous les événements, toutes les { $minutes } minutes. Si l’heure ci-dessous est plus ancienne, Vigie ne tourne pas, ou son chemin vers Discord est coupé.
